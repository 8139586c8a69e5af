"""``mock-p1 demo``: what a newcomer runs first.

A real server, and a client that does what their own will do.
"""

from __future__ import annotations

import io
import time
import zipfile
from contextlib import contextmanager
from itertools import islice
from textwrap import indent
from typing import TYPE_CHECKING, Any, Final

import requests
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from mock_p1.cli.command_error import Failure
from mock_p1.cli.options import command, speed_option
from mock_p1.cli.output import Results
from mock_p1.testing.mocks import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mock_p1.testing.handle import Handle

SCENARIO: Final = "demo"
INTERVAL_SECONDS: Final = 1.0
MAX_POLLS: Final = 60
"""Polls after which even a newcomer would give up."""
CLIENT_TIMEOUT_SECONDS: Final = 10.0
FIRST_LINES: Final = 3
ERRORS: Final = (
    ("no x-api-key header", None, "retrain-001"),
    ("a key that has expired", "expired-key", "retrain-001"),
    ("a key that nobody issued", "wrong-key", "retrain-001"),
    ("a job that does not exist", "demo-key", "no-such-job"),
    ("a job that was deleted", "demo-key", "deleted-001"),
)
"""How a client of demo.yaml provokes each documented error: in words, the key, the job."""

NEXT: Final = (
    (
        "mock-p1 serve",
        "the same server on port 8191, until you stop it; then, in another terminal:",
    ),
    (
        'curl -H "x-api-key: demo-key" "http://127.0.0.1:8191/v1/external/retrain_jobs/retrain-001"',
        "",
    ),
    (
        "mock-p1 scenarios",
        "what else there is to serve: failures, a flaky network, two hours of training",
    ),
    ("mock-p1 explain demo", "what each poll would see, without running anything"),
    ("mock-p1 check my-scenario.yaml", "every mistake in a scenario of your own, with its line"),
)
"""What to try next: a command, and what it does."""

TEST: Final = """\
import pytest, requests

@pytest.mark.mock_p1("demo")
def test_polls_until_finished(mock_p1):
    job = f"{mock_p1.url}/v1/external/retrain_jobs/{mock_p1.job_id}"
    key = {"x-api-key": mock_p1.api_key}
    assert requests.get(job, headers=key).json()["status"] == "job_waiting"
    mock_p1.set_status(mock_p1.job_id, "job_finished")
    assert requests.get(job, headers=key).json()["status"] == "job_finished"
"""


@command()
@speed_option("How many seconds of the demonstration pass in a real one.")
def demo(*, speed: float) -> None:
    """Show what Mock P1 does, in a few seconds: a real server, and a client that polls it.

    The job is polled until it is finished, the result downloaded and shown, the five documented
    errors provoked. Nothing leaves this machine.
    """
    results = Results()
    try:
        with serving(SCENARIO, speed=speed, check=False) as mock, requests.Session() as client:
            client.trust_env = False  # a proxy must not come between us and our own machine
            _show_everything(mock, client, results, 1 / speed)
    except OSError as error:  # requests' own errors among them
        raise Failure(f"the demonstration broke off: {error}") from None


def _show_everything(
    mock: Handle, client: requests.Session, results: Results, second: float
) -> None:
    results.line("Mock P1: a double of the Prediction One retrain status API", "bold")
    results.line(
        f"A server is up at {mock.url}. It serves the bundled scenario {SCENARIO}; "
        "nothing leaves this machine."
    )
    results.line()
    results.line("1. Poll a retrain job once a second, as your client would", "bold")
    finished = _poll_until_finished(mock, client, results, second)
    results.line()
    results.line("2. Download the result: a plain GET of download_url, without the API key", "bold")
    _show_download(finished["download_url"], client, results)
    results.line()
    results.line("3. Meet the five documented errors", "bold")
    _show_errors(mock, client, results)
    results.line()
    results.line("What next", "bold")
    for line, effect in NEXT:
        results.line(f"  {line:<32}{effect}".rstrip())
    results.line()
    results.line("And in a pytest test of your own client, with no server and no waiting:")
    results.line()
    results.line(indent(TEST, "    ").rstrip(), "cyan")


def _poll_until_finished(
    mock: Handle, client: requests.Session, results: Results, second: float
) -> dict[str, Any]:
    url = f"{mock.url}/v1/external/retrain_jobs/{mock.job_id}"
    results.line(f"  GET {url}")
    began = time.monotonic()
    with _progress(results, f"polling {mock.job_id}") as show_status:
        for _ in range(MAX_POLLS):
            reply = client.get(
                url, headers={"x-api-key": mock.api_key}, timeout=CLIENT_TIMEOUT_SECONDS
            ).json()
            after = (time.monotonic() - began) / second
            others = {
                name: value for name, value in reply.items() if name not in ("status", "metadata")
            }
            more = "  ".join(f"{name}: {value}" for name, value in others.items())
            results.line(f"  {after:4.1f} s  {reply['status']:<12}  {more}".rstrip())
            if reply["status"] == "job_finished":
                return dict(reply)
            show_status(reply["status"])
            time.sleep(INTERVAL_SECONDS * second)
    raise Failure(f"{mock.job_id} was polled {MAX_POLLS} times and is not finished")


@contextmanager
def _progress(results: Results, what: str) -> Iterator[Callable[[str], None]]:
    """Show on a terminal that something goes on; yield a function that shows a status."""
    if not results.live:
        yield lambda _: None
        return
    columns = (
        SpinnerColumn("line"),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=results.console, transient=True) as progress:
        task = progress.add_task(f"  {what}", total=None)
        yield lambda status: progress.update(task, description=f"  {what}: {status}")


def _show_download(url: str, client: requests.Session, results: Results) -> None:
    answer = client.get(url, timeout=CLIENT_TIMEOUT_SECONDS)
    content = answer.content
    results.line(f"  GET {url}")
    results.line(
        f"  HTTP {answer.status_code}, {answer.headers['content-type']}, "
        f"{len(content):,} bytes, holding"
    )
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            lines = archive.read(name).decode("utf-8").splitlines()
            results.line(f"    {name} ({len(lines)} lines)", "green")
            for line in islice(lines, FIRST_LINES):
                results.line(f"      {line}", "dim")
            if len(lines) > FIRST_LINES:
                results.line("      ...", "dim")


def _show_errors(mock: Handle, client: requests.Session, results: Results) -> None:
    rows, codes = [], set()
    for what, key, job in ERRORS:
        headers = {} if key is None else {"x-api-key": key}
        answer = client.get(
            f"{mock.url}/v1/external/retrain_jobs/{job}",
            headers=headers,
            timeout=CLIENT_TIMEOUT_SECONDS,
        )
        body = answer.json()
        rows.append((what, f"{answer.status_code}", body["message"]))
        codes.add(f"{body['code']} {body['error']}")
    results.table(rows, header=("polled with", "HTTP", "message"), styles=("", "", "yellow"))
    results.line(
        f"  All five are {' and '.join(sorted(codes))}: only the message tells them apart."
    )
