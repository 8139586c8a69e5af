"""Two hundred tests of five polls: what a fixture adds to a run of as many empty tests.

Each side is a run of pytest in a process of its own, with no plugin but the side's own. The clock's
seconds count, since a test suite waits for a server's sockets too; ratios by processor time stand
beside them, which other work of the machine changes less.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.measure import differences, in_turns, row
from benchmarks.plugin import processor_seconds
from benchmarks.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.clients import Client
    from benchmarks.measure import Row, Scale, Target

TITLE = "fixtures: 200 tests of five polls, above 200 empty tests; and until a mock is ready"
TESTS = 200
POLLS = 5
STARTS = 200


class Side(NamedTuple):
    """A kind of fixture: its library and plugin, what a test asks for, and how it stubs a reply.

    ``client`` is the library that polls; without a ``url`` nobody does.
    """

    name: str
    library: str
    plugin: str = ""
    argument: str = "number"
    url: str = ""
    client: str = "requests"
    stubs: str = ""


class Took(NamedTuple):
    """The seconds that a run of pytest took, by the clock and of the processor."""

    seconds: float
    processor: float


class Added(NamedTuple):
    """The same of several rounds, above those of empty tests."""

    seconds: list[float]
    processor: list[float]


_SIDES: Final = (
    Side("mock_p1", "responses", "mock_p1.testing.plugin", "mock_p1", "mock_p1.url + PATH"),
    Side("responses", "responses", "", "stubs", "URL", stubs="""
@pytest.fixture
def stubs():
    with responses.RequestsMock() as mock:
        mock.get(URL, json=REPLY)
        yield mock
"""),
    Side("requests-mock", "requests_mock", "requests_mock.contrib._pytest_plugin", "stubs", "URL",
         stubs="""
@pytest.fixture
def stubs(requests_mock):
    requests_mock.get(URL, json=REPLY)
"""),
    Side("mock_p1, httpx", "httpx", "mock_p1.testing.plugin", "mock_p1", "mock_p1.url + PATH",
         client="httpx"),
    Side("respx, httpx", "respx", "respx.plugin", "stubs", "URL", client="httpx", stubs="""
@pytest.fixture
def stubs(respx_mock):
    respx_mock.get(URL).respond(json=REPLY)
"""),
    Side("mock_p1_server", "a2wsgi", "mock_p1.testing.plugin", "mock_p1_server",
         "mock_p1_server.url + PATH"),
    Side("pytest-httpserver", "pytest_httpserver", "pytest_httpserver.pytest_plugin", "stubs",
         "stubs.url_for(PATH)", stubs="""
@pytest.fixture
def stubs(httpserver):
    httpserver.expect_request(PATH).respond_with_json(REPLY)
    return httpserver
"""),
)  # fmt: skip
_TARGETS: Final[dict[tuple[str, str], Target]] = {
    ("mock_p1", "responses"): ("<=", 1.5),
    ("mock_p1_server", "pytest-httpserver"): ("<=", 1.2),
}
_READY_WITHIN: Final[dict[str, Target]] = {
    'mocked("demo")': ("<=", 0.3),
    'serving("demo")': ("<=", 2.0),
}
"""Milliseconds."""

_GET: Final = {"requests": "requests.get", "httpx": "httpx.Client(trust_env=False).get"}
_TESTS: Final = """
import pytest
import {library}
import {client}

PATH = "/v1/external/retrain_jobs/retrain-001"
URL = "https://developer-api.predictionone.sony.biz" + PATH
REPLY = {{"status": "job_waiting", "metadata": {{"retrain_job_id": "retrain-001"}}}}
HEADERS = {{"x-api-key": "demo-key"}}
get = {get}
{stubs}

@pytest.mark.parametrize("number", range({tests}))
def test_polls(number, {argument}):
    for _ in range({polls}):
        assert get({url}, headers=HEADERS).json() == REPLY
"""
_NONE: Final = """
import pytest
import {client}

@pytest.mark.parametrize("number", range({tests}))
def test_nothing(number):
    pass
"""
_READY: Final = """
import time
from mock_p1 import mocked, serving

times = []
for _ in range({count} + 1):
    began = time.perf_counter()
    starter = {start}
    starter.start()
    times.append(time.perf_counter() - began)
    starter.stop()
print(sorted(times[1:])[{count} // 2] * 1000)
"""


def run(scale: Scale, _client: Client) -> list[Row]:
    """Run the tests of every side that is installed, in turns."""
    there = [side for side in _SIDES if find_spec(side.library)]
    empty = [Side(client, client, client=client) for client in _GET if find_spec(client)]
    count = scale.of(STARTS)
    with TemporaryDirectory() as folder:
        times = in_turns(
            {
                side.name: partial(_tests, side, Path(folder), scale.of(TESTS))
                for side in (*empty, *there)
            },
            scale.rounds,
        )
    ready = in_turns(
        {start: partial(_ready, start, count) for start in _READY_WITHIN}, scale.rounds
    )
    adds = {side.name: _above(times[side.name], times[side.client]) for side in there}
    pairs = [pair for pair in _TARGETS if adds.keys() >= set(pair)]
    return [
        row("empty tests", "s", [each.seconds for each in times["requests"]], 2),
        *(row(f"{name} adds", "s", found.seconds, 2) for name, found in adds.items()),
        *(
            row(
                f"{ours} / {theirs}",
                "times",
                _quotients(adds[ours].seconds, adds[theirs].seconds),
                2,
                _TARGETS[ours, theirs],
            )
            for ours, theirs in pairs
        ),
        *(
            row(
                f"{ours} / {theirs}",
                "times, by processor",
                _quotients(adds[ours].processor, adds[theirs].processor),
                2,
                better="less",
            )
            for ours, theirs in pairs
        ),
        *(
            row(f"until {start} is ready", "ms", found, 2, _READY_WITHIN[start])
            for start, found in ready.items()
        ),
        *(
            row(f"left out, not installed: {side.name}", "", [0])
            for side in _SIDES
            if side not in there
        ),
    ]


def _tests(side: Side, folder: Path, tests: int) -> Took:
    """Return what pytest takes for the tests of a side."""
    text = _TESTS if side.url else _NONE
    file = folder / "test_it.py"
    fields = {**side._asdict(), "get": _GET[side.client], "tests": tests, "polls": POLLS}
    file.write_text(text.format_map(fields), encoding="utf-8")
    ours = ["--mock-p1-scenario=slow-training"] if side.plugin.startswith("mock_p1") else []
    command = [sys.executable, "-m", "pytest", "-qq", "-p", "no:cacheprovider", *ours, file]
    # not by -p, for which pytest reads what every package here brings: one read for all, as a rule
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": side.plugin}
    alone["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    began, used = time.perf_counter(), processor_seconds()
    done = subprocess.run(
        command, env=alone, cwd=folder, capture_output=True, check=False, encoding="utf-8"
    )
    if done.returncode:
        sys.exit(f"the tests of {side.name} failed:\n{done.stdout}{done.stderr}")
    return Took(time.perf_counter() - began, processor_seconds() - used)


def _above(took: Sequence[Took], empty: Sequence[Took]) -> Added:
    """Return what a side takes above empty tests, round by round."""
    return Added(
        differences([each.seconds for each in took], [each.seconds for each in empty]),
        differences([each.processor for each in took], [each.processor for each in empty]),
    )


def _ready(start: str, count: int) -> float:
    """Return the milliseconds until a mock is ready, where its process has had one before."""
    command = [sys.executable, "-c", _READY.format(start=start, count=count)]
    return float(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)


def _quotients(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    return [our / max(their, 1e-3) for our, their in zip(ours, theirs, strict=True)]
