"""Options, and the transports that every test here goes through.

The mock's three, or with --base-url that server alone.

    pytest contract_tests
    pytest --pyargs mock_p1.contract_tests      (from a wheel)
    pytest contract_tests --base-url http://127.0.0.1:8191 --api-key demo-key --job-id retrain-001

A point that the mock only assumes and that a server refutes fails too, so that it is noticed; `-m
"not assumed"` leaves those points out. What the caller gave nothing to provoke is skipped as not
checked. Calls that change something are made only with --allow. No report shows a whole key.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mock_p1.verify.client import HttpClient
from mock_p1.verify.credentials import Credentials
from mock_p1.verify.exceptions import Unreachable, UsageError
from mock_p1.verify.pace import Pace
from mock_p1.verify.preflight import preflight
from mock_p1.verify.questions import PERMISSIONS
from mock_p1.verify.runner import CHECKS, judge
from mock_p1.verify.sequence import check_options, prepare
from mock_p1.verify.session import VerifySession
from mock_p1.verify.url import base_url, is_loopback

from .contract_transports import GIVEN_URL, TRANSPORTS, Transport, given_transport, through

CREDENTIALS = {
    "api_key": "a key that works",
    "job_id": "a job that this key can see",
    "inactive_key": "a key that expired or was revoked",
    "other_key": "a working key of another model",
    "deleted_job_id": "a job that was deleted",
    "finished_job_id": "a job that is finished",
    "failed_job_id": "a job that failed, for --allow switch",
    "secret_key": "the secret key, for --allow issue-key",
    "model_id": "the model, for --allow issue-key",
    "file": "the training data, for --allow upload",
}
GIVEN = pytest.StashKey[Transport]()


def pytest_addoption(parser):
    """Add what a server is given by."""
    group = parser.getgroup("contract", "the published contract, against any server")
    with suppress(ValueError):  # pytest-base-url has the very same option
        group.addoption(
            "--base-url", metavar="URL", help="check this server instead of the mock's transports"
        )
    for name, text in CREDENTIALS.items():
        option = f"--{name.replace('_', '-')}"
        group.addoption(option, dest=f"contract_{name}", help=f"{text} (or MOCK_P1_{name.upper()})")
    group.addoption(
        "--allow",
        action="append",
        default=[],
        choices=[*PERMISSIONS],
        help="also make calls that change something at the server",
    )
    group.addoption(
        "--yes", action="store_true", help="with --allow switch: yes, a real model is replaced"
    )
    group.addoption(
        "--pause", type=float, help="seconds between calls (default: 1; none on loopback)"
    )
    group.addoption(
        "--limit",
        type=float,
        default=600.0,
        help="ask nothing more after so many seconds (default: 600)",
    )
    group.addoption("--ca-file", metavar="FILE", help="certificates to trust (PEM)")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """Ask a given server from one process alone, so that each question is asked once."""
    if config.getoption("base_url", None) is not None and hasattr(config.option, "numprocesses"):
        config.option.numprocesses = None


def pytest_configure(config):
    """Name the markers, and refuse what cannot be used before a test is run."""
    config.addinivalue_line("markers", "documented: the manual says so")
    config.addinivalue_line(
        "markers", "assumed: the manual leaves it open, and the mock assumes it"
    )
    url = config.getoption("base_url", None)
    if url is not None:
        config.stash[GIVEN] = _given(config, url)
        if os.environ.get("CI") and not config.option.verbose:
            config.option.verbose = 1  # a line for each point, which a log keeps


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Mask the given keys in what a failure shows.

    Values in a traceback, local variables, what the server said.
    """
    report = (yield).get_result()
    given = item.config.stash.get(GIVEN, None)
    if given is None:
        return
    hide = given.session.hide
    if report.failed and (hidden := hide(report.longreprtext)) != report.longreprtext:
        report.longrepr = hidden
    report.sections = [(name, hide(text)) for name, text in report.sections]


def pytest_generate_tests(metafunc):
    """Send every test through the three transports, or to the given server alone."""
    if "transport" in metafunc.fixturenames:
        names = TRANSPORTS if metafunc.config.getoption("base_url", None) is None else [GIVEN_URL]
        metafunc.parametrize("transport", names, indirect=True)


@pytest.fixture(scope="session")
def given_server(request):
    """The server of --base-url; its answers are asked for once in a run."""
    given = request.config.stash[GIVEN]
    try:
        prepare(given.session)
        preflight(given.session)
    except (UsageError, Unreachable) as error:
        pytest.fail(given.session.hide(str(error)), pytrace=False)
    return given


@pytest.fixture(scope="session")
def given_results(request, given_server):
    """What came of the points to be tested, judged in the order that the calls need."""
    chosen = {
        item.callspec.params["check"].id
        for item in request.session.items
        if "check" in getattr(item, "fixturenames", ())
    }
    return {check.id: judge(check, given_server.session) for check in CHECKS if check.id in chosen}


@pytest.fixture
def judged(request, transport):
    """Judge a point through a transport."""
    if transport.name != GIVEN_URL:
        return lambda check: judge(check, transport.session)
    results = request.getfixturevalue("given_results")
    return lambda check: results[check.id]


@pytest.fixture
def transport(request):
    """A way in, fresh for each test, except to a server that was given."""
    if request.param == GIVEN_URL:
        yield request.getfixturevalue("given_server")
        return
    with through(request.param) as way:
        yield way


def _given(config, url) -> Transport:
    given = {}
    for name in CREDENTIALS:
        value = config.getoption(f"contract_{name}") or os.environ.get(f"MOCK_P1_{name.upper()}")
        if value:
            given[name] = value
    allowed = config.getoption("--allow")
    missing = [
        name
        for name, permission in (("api_key", "issue-key"), ("job_id", "upload"))
        if name not in given and permission not in allowed
    ]
    if missing:
        options = " and ".join(
            f"--{name.replace('_', '-')} ({CREDENTIALS[name]})" for name in missing
        )
        raise pytest.UsageError(f"--base-url needs {options}")
    if "switch" in allowed and not config.getoption("--yes"):
        raise pytest.UsageError(f"--allow switch: {PERMISSIONS['switch']}; say --yes")
    try:
        base = base_url(url)
        pause = config.getoption("--pause")
        if pause is None:
            pause = 0.0 if is_loopback(urlsplit(base).hostname or "") else 1.0
        pace = Pace(pause=pause, limit=config.getoption("--limit"))
        if "model_id" in given:
            given["model_id"] = _whole_number(given["model_id"])
        if "file" in given:
            given["file"] = Path(given["file"])
        session = VerifySession(
            base,
            Credentials(**given),
            HttpClient(ca_file=config.getoption("--ca-file")),
            pace,
            allowed=allowed,
        )
        check_options(session)
    except UsageError as error:
        raise pytest.UsageError(f"--base-url: {error}") from None
    return given_transport(session, config.getoption("--ca-file"))


def _whole_number(text):
    if not text.isdecimal():
        raise UsageError(f"--model-id {text!r} is no whole number")
    return int(text)
