"""Options, and the doors that every test here goes through.

The mock's three, or with --base-url that server alone.

    pytest contract_tests
    pytest contract_tests --base-url http://127.0.0.1:8191 --api-key demo-key --job-id retrain-001

A point that the mock only assumes and that a server refutes fails too, so that it is noticed; `-m
"not assumed"` leaves those points out. What the caller gave no means to provoke is skipped as not
checked. No report shows a whole key.
"""

from __future__ import annotations

import os
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from contract_doors import DOORS, GIVEN_URL, Door, at, through

from mock_p1.verify.client import Unreachable
from mock_p1.verify.means import Credentials
from mock_p1.verify.preflight import preflight
from mock_p1.verify.session import Pace
from mock_p1.verify.url import MarkerError, base_url, is_loopback

CREDENTIALS = {
    "api_key": "a key that works",
    "job_id": "a job that this key can see",
    "inactive_key": "a key that expired or was revoked",
    "other_key": "a working key of another model",
    "deleted_job_id": "a job that was deleted",
    "finished_job_id": "a job that is finished",
}
GIVEN = pytest.StashKey[Credentials]()


def pytest_addoption(parser):
    """Add what a server is given by."""
    group = parser.getgroup("contract", "the published contract, against any server")
    with suppress(ValueError):  # pytest-base-url has the very same option
        group.addoption(
            "--base-url", metavar="URL", help="check this server instead of the mock's doors"
        )
    for name, text in CREDENTIALS.items():
        option = f"--{name.replace('_', '-')}"
        group.addoption(option, dest=f"contract_{name}", help=f"{text} (or MOCK_P1_{name.upper()})")
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


def pytest_configure(config):
    """Name the markers, and refuse what cannot be used before a test is run."""
    config.addinivalue_line("markers", "documented: the manual says so")
    config.addinivalue_line(
        "markers", "assumed: the manual leaves it open, and the mock assumes it"
    )
    url = config.getoption("base_url", None)
    if url is not None:
        config.stash[GIVEN] = _given(config, url).subject.means


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Mask the given keys in what a failure shows.

    Values in a traceback, local variables, what the server said.
    """
    report = (yield).get_result()
    means = item.config.stash.get(GIVEN, None)
    if means is None:
        return
    if report.failed and (hidden := means.hide(report.longreprtext)) != report.longreprtext:
        report.longrepr = hidden
    report.sections = [(name, means.hide(text)) for name, text in report.sections]


def pytest_generate_tests(metafunc):
    """Send every test through the three doors, or to the given server alone."""
    if "door" in metafunc.fixturenames:
        names = DOORS if metafunc.config.getoption("base_url", None) is None else [GIVEN_URL]
        metafunc.parametrize("door", names, indirect=True)


@pytest.fixture(scope="session")
def given_server(request):
    """The server of --base-url; its answers are asked for once in a run."""
    door = _given(request.config, request.config.getoption("base_url"))
    try:
        preflight(door.subject)
    except (MarkerError, Unreachable) as trouble:
        pytest.fail(door.subject.means.hide(str(trouble)), pytrace=False)
    return door


@pytest.fixture
def door(request):
    """A way in, fresh for each test, except to a server that was given."""
    if request.param == GIVEN_URL:
        yield request.getfixturevalue("given_server")
        return
    with through(request.param) as way:
        yield way


def _given(config, url) -> Door:
    means = {}
    for name in CREDENTIALS:
        value = config.getoption(f"contract_{name}") or os.environ.get(f"MOCK_P1_{name.upper()}")
        if value:
            means[name] = value
    if missing := [name for name in ("api_key", "job_id") if name not in means]:
        options = " and ".join(
            f"--{name.replace('_', '-')} ({CREDENTIALS[name]})" for name in missing
        )
        raise pytest.UsageError(f"--base-url needs {options}")
    try:
        base = base_url(url)
        pause = config.getoption("--pause")
        if pause is None:
            pause = 0.0 if is_loopback(urlsplit(base).hostname or "") else 1.0
        pace = Pace(pause=pause, limit=config.getoption("--limit"))
        return at(base, Credentials(**means), pace, config.getoption("--ca-file"))
    except MarkerError as misuse:
        raise pytest.UsageError(f"--base-url: {misuse}") from None
