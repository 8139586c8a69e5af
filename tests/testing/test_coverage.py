"""State coverage: what the suite made the mock show, of what there is."""

import pytest

from mock_p1.analysis.state_coverage import Coverage, what_there_is
from mock_p1.base.clock import VirtualClock
from mock_p1.base.messages import Request
from mock_p1.contract.operations import OPERATIONS
from mock_p1.engine.engine import Engine
from mock_p1.scenario.parser import parse

ERRORS = sum(len(operation.errors) for operation in OPERATIONS.values())
"""What each operation documents; an error of two operations is two to be shown."""

CALLS = """
calls:
  retrain_model_switch:
    - {error: not_found_classifier, for: 1 call}
    - {reply: {status_code: 503}, for: 1 call}
    - ok
jobs: {a: {timeline: [{status: job_finished}], calls: {result_download: [ok]}}}
"""

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


def of_polls(*names):
    """Return names as those of the status check."""
    return {f"retrain_status_check: {name}" for name in names}


def poll(engine, job, times=1):
    """Poll a job so often."""
    for _ in range(times):
        engine.handle(
            Request("GET", f"/v1/external/retrain_jobs/{job}", "", ("key",), "http://mock")
        )


def test_what_there_is_is_read_off_the_scenario():
    """Statuses, and each two things in a row that differ; a loop's end leads to its start."""
    assert what_there_is(parse(SCENARIO)) == {
        "statuses": of_polls("job_waiting", "job_finished", "job_running"),
        "transitions": of_polls(
            "job_waiting -> HTTP 503",
            "HTTP 503 -> job_finished",
            "job_running -> timeout",
            "timeout -> job_running",
        ),
    }


def test_the_timelines_of_calls_are_there_too():
    """Each operation has its own transitions."""
    assert what_there_is(parse(CALLS))["transitions"] == {
        "retrain_model_switch: not_found_classifier -> HTTP 503",
        "retrain_model_switch: HTTP 503 -> ok",
    }


def test_what_calls_show_is_counted():
    """Errors and transitions by operation; an error of one operation is none of another."""
    coverage, engine = Coverage(), Engine(parse(CALLS), VirtualClock())
    coverage.watch(engine)
    for _ in range(3):
        engine.handle(
            Request("PUT", "/v1/external/retrain_jobs/a/update_model", "", ("key",), "http://mock")
        )
    assert coverage.shown["errors"] == {"retrain_model_switch: not_found_classifier"}
    lines = list(coverage.lines())
    assert lines[-2] == "retrain_model_switch transitions 2 of 2"
    assert lines[-3].startswith("retrain_model_switch errors      1 of 6   not shown: inactive_")


def test_operations_that_nobody_called_are_named():
    """By the table; one that was answered with an error was called."""
    coverage, engine = Coverage(), Engine(parse(SCENARIO), VirtualClock())
    coverage.watch(engine)
    poll(engine, "nothing")
    first = next(iter(coverage.lines()))
    count, _, missing = first.removeprefix("operations called").partition("not shown: ")
    assert count.split() == ["1", "of", str(len(OPERATIONS))]
    assert missing.split(", ") == sorted(OPERATIONS.keys() - {"retrain_status_check"})


def test_the_errors_of_every_operation_are_there():
    """By the table of operations, whatever the scenarios play."""
    assert len(Coverage().there["errors"]) == ERRORS
    titles = [line.split(" errors")[0] for line in Coverage().lines() if " errors" in line]
    assert titles == [name for name, operation in OPERATIONS.items() if operation.errors]


def test_what_is_shown_is_counted_as_it_is_answered():
    """Also what the bounded journal has forgotten by the end."""
    coverage, engine = Coverage(), Engine(parse(SCENARIO), VirtualClock(), journal_max=1)
    coverage.watch(engine)
    poll(engine, "a", 3)
    poll(engine, "nothing")
    assert coverage.shown == {
        "statuses": of_polls("job_waiting", "job_finished"),
        "transitions": of_polls("job_waiting -> HTTP 503", "HTTP 503 -> job_finished"),
        "errors": of_polls("not_found_retrain_job"),
        "operations": {"retrain_status_check"},
    }


def test_percent_is_what_was_shown_of_what_there_is():
    """Every operation and documented error, three statuses and four transitions are all."""
    coverage, engine = Coverage(), Engine(parse(SCENARIO), VirtualClock())
    coverage.watch(engine)
    poll(engine, "a", 3)
    assert coverage.percent == pytest.approx(100 * 5 / (ERRORS + len(OPERATIONS) + 7))


def test_the_report_names_what_is_missing():
    """Each kind on a line, with what no test has made the mock show."""
    coverage, engine = Coverage(), Engine(parse(SCENARIO), VirtualClock())
    coverage.watch(engine)
    poll(engine, "a", 3)
    lines = list(coverage.lines())
    (statuses,) = (line for line in lines if line.startswith("retrain_status_check statuses "))
    assert statuses.endswith(" 2 of 3   not shown: job_running")
    assert lines[-1].split() == ["in", "all", f"{500 // (ERRORS + len(OPERATIONS) + 7)}", "%"]


def test_processes_are_counted_together():
    """What one worker showed and what another did add up."""
    whole = Coverage()
    for job in ("a", "b"):
        coverage, engine = Coverage(), Engine(parse(SCENARIO), VirtualClock())
        coverage.watch(engine)
        poll(engine, job, 3)
        whole.add(coverage.plain())
    assert whole.shown["statuses"] == of_polls("job_waiting", "job_finished", "job_running")


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
            "retrain_status_check errors * 1 of 5*",
            "retrain_status_check statuses*",
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


@pytest.mark.parametrize("wrong", ["101", "-1", "nan"])
def test_no_percentage_is_refused(project, wrong):
    """What can never be is a slip of the command line, and says so."""
    result = run(project, f"--mock-p1-coverage-fail-under={wrong}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--mock-p1-coverage-fail-under: {wrong} is no * 0 to 100"])


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
    result.stdout.fnmatch_lines(
        ["retrain_status_check statuses * 1 of 3 * not shown: job_finished, job_running"]
    )


def test_what_is_shown_is_never_rounded_up():
    """A run that is a little under what was asked for does not seem to have reached it."""
    coverage, engine = Coverage(), Engine(parse(SCENARIO), VirtualClock())
    coverage.watch(engine)
    poll(engine, "a", 2)
    coverage.shown["errors"] |= set(sorted(coverage.there["errors"])[:3])
    assert coverage.percent != int(coverage.percent)
    assert list(coverage.lines())[-1].endswith(f" {int(coverage.percent)} %")
