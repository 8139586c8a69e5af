"""State coverage: what the suite made the mock show, of what there is."""

import pytest

from mock_p1.analysis.state_coverage import Coverage, merged, what_there_is
from mock_p1.base.clock import VirtualClock
from mock_p1.base.messages import Request
from mock_p1.contract.errors import DOCUMENTED_ERRORS
from mock_p1.engine.engine import Engine
from mock_p1.scenario.parser import parse

SCENARIO = """
jobs:
  a:
    timeline:
      - {status: job_waiting, for: 1 poll}
      - {reply: {status_code: 503}, for: 1 poll}
      - {status: job_finished}
  b: {at_end: loop, timeline: [{status: job_running, for: 1 poll}, {fault: timeout, for: 1 poll}]}
"""

TESTS = """
import pytest, requests

def poll(mock, key=None):
    url = f"{mock.url}/v1/external/retrain_jobs/{mock.job_id}"
    requests.get(url, headers={"x-api-key": key or mock.api_key}, timeout=5)

@pytest.mark.mock_p1("status-goes-back")
def test_first(mock_p1):
    poll(mock_p1)

@pytest.mark.mock_p1("all-errors")
def test_second(mock_p1):
    poll(mock_p1, key="nobody-knows-it")
"""


def poll(engine, job, times=1):
    """Poll a job so often."""
    for _ in range(times):
        engine.handle(
            Request("GET", f"/v1/external/retrain_jobs/{job}", "", ("key",), "http://mock")
        )


def test_what_there_is_is_read_off_the_scenario():
    """Statuses, and each two things in a row that differ; a loop's end leads to its start."""
    assert what_there_is(parse(SCENARIO)) == {
        "statuses": {"job_waiting", "job_finished", "job_running"},
        "transitions": {
            "job_waiting -> HTTP 503",
            "HTTP 503 -> job_finished",
            "job_running -> timeout",
            "timeout -> job_running",
        },
    }


def test_what_is_shown_is_counted_as_it_is_answered():
    """Also what the bounded journal has forgotten by the end."""
    coverage, engine = Coverage(), Engine(parse(SCENARIO), VirtualClock(), journal_max=1)
    coverage.watch(engine)
    poll(engine, "a", 3)
    poll(engine, "nothing")
    assert coverage.shown == {
        "statuses": {"job_waiting", "job_finished"},
        "transitions": {"job_waiting -> HTTP 503", "HTTP 503 -> job_finished"},
        "errors": {"not_found_retrain_job"},
    }


def test_percent_is_what_was_shown_of_what_there_is():
    """Every documented error, three statuses and four transitions are all there is."""
    coverage, engine = Coverage(), Engine(parse(SCENARIO), VirtualClock())
    coverage.watch(engine)
    poll(engine, "a", 3)
    assert coverage.percent == pytest.approx(100 * 4 / (len(DOCUMENTED_ERRORS) + 7))


def test_the_report_names_what_is_missing():
    """Each kind on a line, with what no test has made the mock show."""
    coverage, engine = Coverage(), Engine(parse(SCENARIO), VirtualClock())
    coverage.watch(engine)
    poll(engine, "a", 3)
    lines = list(coverage.lines())
    assert lines[1] == "statuses           2 of 3   not shown: job_running"
    assert lines[-1] == f"in all             {400 // (len(DOCUMENTED_ERRORS) + 7)} %"


def test_processes_are_counted_together():
    """What one worker showed and what another did add up."""
    parts = []
    for job in ("a", "b"):
        coverage, engine = Coverage(), Engine(parse(SCENARIO), VirtualClock())
        coverage.watch(engine)
        poll(engine, job, 3)
        parts.append(coverage.plain())
    assert merged(parts).shown["statuses"] == {"job_waiting", "job_finished", "job_running"}


def run(project, *options):
    """Run two tests that show little."""
    return project.run(*options, tests=TESTS)


def test_without_the_option_nothing_is_reported(project):
    """Coverage is for those who ask."""
    assert "Mock P1 coverage" not in run(project).stdout.str()


def test_the_option_prints_the_report(project):
    """At the end of the run, over all its tests."""
    result = run(project, "--mock-p1-coverage")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "*Mock P1 coverage*",
            f"documented errors  1 of {len(DOCUMENTED_ERRORS)}*",
            "statuses*",
            "in all*%",
        ]
    )
    assert result.ret == 0


def test_too_little_fails_the_run(project):
    """--mock-p1-coverage-fail-under implies the report, and fails a run whose tests have passed."""
    result = run(project, "--mock-p1-coverage-fail-under=90")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["* % is less than --mock-p1-coverage-fail-under=90"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_enough_passes_the_run(project):
    """Exactly as much as asked for is enough."""
    assert run(project, "--mock-p1-coverage-fail-under=1").ret == 0


OWN_FIXTURE = """
import pytest, requests
from mock_p1 import mocked, serving

def poll(mock):
    url = f"{mock.url}/v1/external/retrain_jobs/{mock.job_id}"
    return requests.get(url, headers={"x-api-key": mock.api_key}, timeout=5)

@pytest.fixture(scope="module")
def mine():
    with mocked("happy-path") as mock:
        yield mock

def test_own_fixture(mine):
    assert poll(mine).ok

@mocked("slow-training")
def test_decorated():
    pass

def test_served():
    with serving("stuck") as mock:
        assert poll(mock).ok
"""


def test_mocks_of_the_tests_own_are_counted_too(project):
    """mocked() and serving() count like the fixtures, and not after the run."""
    result = project.run("--mock-p1-coverage", tests=OWN_FIXTURE)
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["statuses * 1 of 3 * not shown: job_finished, job_running"])


def test_what_is_shown_is_never_rounded_up():
    """A run that is a little under what was asked for does not seem to have reached it."""
    coverage, engine = Coverage(), Engine(parse(SCENARIO), VirtualClock())
    coverage.watch(engine)
    poll(engine, "a", 2)
    coverage.shown["errors"] |= set(list(DOCUMENTED_ERRORS)[:3])
    assert coverage.percent != int(coverage.percent)
    assert list(coverage.lines())[-1].endswith(f" {int(coverage.percent)} %")
