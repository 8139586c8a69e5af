"""``mock-p1 demo``: what a newcomer runs first.

A real server, and a client that does what their own will do.
"""

from __future__ import annotations

import io
import time
from contextlib import contextmanager
from itertools import count, islice
from textwrap import indent
from typing import TYPE_CHECKING, Any, Final

from mock_p1.admin.curl_line import curl
from mock_p1.cli.command_error import Failure
from mock_p1.cli.group import NOT_WRITTEN
from mock_p1.cli.options import command, speed_option
from mock_p1.cli.output import Results
from mock_p1.contract.operations import API_KEY_HEADER, FINISHED, GET_API_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import requests

SCENARIO: Final = "demo"
SECRET_KEY: Final = "demo-secret"  # noqa: S105 -- of a bundled scenario, a secret to nobody
MODEL_ID: Final = 4821
FILE_NAME: Final = "train.csv"
FILE: Final = "age,income,bought\n" + "".join(
    f"{20 + row % 50},{300 + row},{row % 2}\n" for row in range(200)
)
"""What is sent: 200 rows, as the product takes them."""

INTERVAL_SECONDS: Final = 1.0
MAX_POLLS: Final = 60
"""Polls after which even a newcomer would give up."""
CLIENT_TIMEOUT_SECONDS: Final = 10.0
FIRST_LINES: Final = 3
KEY_QUERY: Final = f"{GET_API_KEY.template}?credential_type=retrain"
JOBS: Final = "/v1/external/retrain_jobs"
ERRORS: Final = (
    ("no x-api-key header", "GET", f"{JOBS}/retrain-001", None),
    ("a key that has ended", "GET", f"{JOBS}/retrain-001", "expired-key"),
    ("a key that nobody issued", "GET", f"{JOBS}/retrain-001", "wrong-key"),
    ("a key without a model_id", "GET", KEY_QUERY, SECRET_KEY),
    ("a job that does not exist", "GET", f"{JOBS}/no-such-job", "demo-key"),
    ("a job that was deleted", "GET", f"{JOBS}/deleted-001", "demo-key"),
    ("a switch before the end", "PUT", f"{JOBS}/retrain-001/update_model", "demo-key"),
)
"""How a client of demo.yaml meets documented errors: in words, the method, the path, the key."""

NEXT: Final = (
    (
        "mock-p1 serve",
        "the same server on port 8191, until you stop it; then, in another terminal:",
    ),
    (curl("demo-key", f"http://127.0.0.1:8191{JOBS}/retrain-001"), ""),
    (
        "mock-p1 scenarios",
        "what else there is to serve: failures, a flaky network, two hours of training",
    ),
    ("mock-p1 explain demo", "what each call would meet, without running anything"),
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
    mock_p1.set_status("job_finished")
    assert requests.get(job, headers=key).json()["status"] == "job_finished"
"""


@command()
@speed_option("How many seconds of the demonstration pass in a real one.")
def demo(*, speed: float) -> None:
    """Show what Mock P1 does, in a few seconds: a real server, and a client of the whole sequence.

    A key is fetched, a file sent, the job polled until it is finished, the result downloaded and
    shown, the model switched, and documented errors met. Nothing leaves this machine.
    """
    import requests  # noqa: PLC0415 -- takes long, and no help page needs it

    from mock_p1.testing.mocks import serving  # noqa: PLC0415 -- likewise

    results = Results()
    try:
        with serving(SCENARIO, speed=speed, check=False) as mock, requests.Session() as session:
            session.trust_env = False  # a proxy must not come between us and our own machine
            _Demonstration(mock.url, session, results, 1 / speed).play()
    except OSError as error:  # requests' own errors among them
        if error.errno in NOT_WRITTEN:
            raise  # the output took no more
        raise Failure(f"the demonstration broke off: {error}") from None


class _Demonstration:
    """A client of the whole sequence, which shows what it does."""

    def __init__(
        self, url: str, session: requests.Session, results: Results, second: float
    ) -> None:
        self._url, self._session, self._results, self._second = url, session, results, second
        self._line, self._steps = results.line, count(1)

    def play(self) -> None:
        """Play it all."""
        self._line("Mock P1: a double of the Prediction One retrain API", "bold")
        self._line(
            f"A server is up at {self._url}. It serves the bundled scenario {SCENARIO}; "
            "nothing leaves this machine."
        )
        self._heading("Get an API key for a secret key")
        key = self._ask("GET", f"{KEY_QUERY}&model_id={MODEL_ID}", SECRET_KEY).json()
        self._line(f"  api_key: {key['api_key']}  end_date: {key['end_date']}")
        self._heading("Ask for an upload URL, which creates a retrain job")
        created = self._ask("GET", f"{JOBS}/upload_url?filename={FILE_NAME}", key["api_key"]).json()
        job_id = created["retrain_job_id"]
        self._line(f"  retrain_job_id: {job_id}")
        self._heading("Send the file: a plain PUT to upload_url, without the API key")
        sent = self._ask("PUT", created["upload_url"], None, FILE.encode())
        self._line(f"  HTTP {sent.status_code}; {len(FILE):,} bytes sent: now the job begins")
        self._heading("Poll the job once a second, as your client would")
        finished = self._poll_until_finished(job_id, key["api_key"])
        self._heading("Download the result: a plain GET of download_url, without the API key")
        self._show_download(finished["download_url"])
        self._heading("Switch to the new model")
        switched = self._ask("PUT", f"{JOBS}/{job_id}/update_model", key["api_key"])
        self._line(f"  HTTP {switched.status_code}, {switched.text}")
        self._heading("Meet documented errors")
        self._show_errors()
        self._show_what_next()

    def _heading(self, text: str) -> None:
        self._line()
        self._line(f"{next(self._steps)}. {text}", "bold")

    def _ask(
        self, method: str, url: str, key: str | None, body: bytes | None = None
    ) -> requests.Response:
        """Show a call, and make it; a URL of the mock's own may be a path."""
        if url.startswith("/"):
            url = self._url + url
        self._line(f"  {method} {url}")
        return self._call(method, url, key, body)

    def _call(
        self, method: str, url: str, key: str | None, body: bytes | None = None
    ) -> requests.Response:
        headers = {} if key is None else {API_KEY_HEADER: key}
        return self._session.request(
            method, url, headers=headers, data=body, timeout=CLIENT_TIMEOUT_SECONDS
        )

    def _poll_until_finished(self, job_id: str, key: str) -> dict[str, Any]:
        url = f"{self._url}{JOBS}/{job_id}"
        self._line(f"  GET {url}")
        began = time.monotonic()
        with _progress(self._results, f"polling {job_id}") as show_status:
            for _ in range(MAX_POLLS):
                reply = self._call("GET", url, key).json()
                after = (time.monotonic() - began) / self._second
                others = [
                    f"{name}: {value}"
                    for name, value in reply.items()
                    if name not in ("status", "metadata")
                ]
                self._line(f"  {after:4.1f} s  {reply['status']:<12}  {'  '.join(others)}".rstrip())
                if reply["status"] == FINISHED:
                    return dict(reply)
                show_status(reply["status"])
                time.sleep(INTERVAL_SECONDS * self._second)
        raise Failure(f"{job_id} was polled {MAX_POLLS} times and is not finished")

    def _show_download(self, url: str) -> None:
        import zipfile  # noqa: PLC0415 -- likewise

        answer = self._ask("GET", url, None)
        content = answer.content
        kind = answer.headers["content-type"]
        self._line(f"  HTTP {answer.status_code}, {kind}, {len(content):,} bytes, holding")
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                lines = archive.read(name).decode("utf-8").splitlines()
                self._line(f"    {name} ({len(lines)} lines)", "green")
                for line in islice(lines, FIRST_LINES):
                    self._line(f"      {line}", "dim")
                if len(lines) > FIRST_LINES:
                    self._line("      ...", "dim")

    def _show_errors(self) -> None:
        rows, codes = [], set()
        for what, method, path, key in ERRORS:
            answer = self._call(method, self._url + path, key)
            body = answer.json()
            rows.append((what, f"{answer.status_code}", body["message"]))
            codes.add(f"{body['code']} {body['error']}")
        self._results.table(
            rows, header=("asked with", "HTTP", "message"), styles=("", "", "yellow")
        )
        self._line(f"  All are {' and '.join(sorted(codes))}: only the message tells them apart.")

    def _show_what_next(self) -> None:
        self._line()
        self._line("What next", "bold")
        for command_line, effect in NEXT:
            self._line(f"  {command_line:<32}{effect}".rstrip())
        self._line()
        self._line("And in a pytest test of your own client, with no server and no waiting:")
        self._line()
        self._line(indent(TEST, "    ").rstrip(), "cyan")


@contextmanager
def _progress(results: Results, what: str) -> Iterator[Callable[[str], None]]:
    """Show on a terminal that something goes on; yield a function that shows a status."""
    if not results.live:
        yield lambda _: None
        return
    from rich import progress  # noqa: PLC0415 -- likewise

    columns = (
        progress.SpinnerColumn("line"),
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.TimeElapsedColumn(),
    )
    with progress.Progress(*columns, console=results.console, transient=True) as shown:
        task = shown.add_task(f"  {what}", total=None)
        yield lambda status: shown.update(task, description=f"  {what}: {status}")
