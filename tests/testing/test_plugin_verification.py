"""Requests that the mock does not imitate fail the test at teardown, and only there."""

import pytest

UNEXPECTED = "client.ask('retrain-001/')"


@pytest.mark.parametrize("fixture", ["mock_p1", "mock_p1_server"])
def test_unexpected_request_fails_at_teardown(project, fixture):
    """The test passes, its teardown fails, and says what was asked and what came nearest."""
    result = project.run(
        tests=f"""
from conftest import Client

def test_it({fixture}):
    Client({fixture}.url, "demo-key").ask("retrain-001/")
"""
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "the client asked for what Mock P1 does not imitate:",
            "  GET /v1/external/retrain_jobs/retrain-001/ -> 404",
            "*did you mean GET /v1/external/retrain_jobs/retrain-001? *",
            "*- Mock P1 -*",
        ]
    )
    assert result.stdout.str().count("nothing is imitated at") == 1
    result.stdout.no_fnmatch_line("*running.py*")
    result.stdout.no_fnmatch_line("*traceback entries are hidden*")


def test_wrong_method(project):
    """A method that the API does not have is unexpected too."""
    result = project.run(
        tests="""
import requests

def test_it(mock_p1):
    requests.post(f"{mock_p1.url}/v1/external/retrain_jobs/retrain-001", timeout=5)
"""
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["  POST */retrain-001 -> 405", "*POST is not allowed here; the API has GET *"]
    )


def test_same_request_is_told_once(project):
    """A client that repeats itself does not fill the page."""
    result = project.run(tests=f"def test_it(client): [{UNEXPECTED} for _ in range(30)]")
    result.stdout.fnmatch_lines(["  GET /v1/external/retrain_jobs/retrain-001/ -> 404 (30 times)"])


def test_failed_test_does_not_fail_twice(project):
    """Where the test has failed already, the request is in its report, and nowhere else."""
    result = project.run(tests=f"def test_it(client):\n    {UNEXPECTED}\n    assert 0")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*- Mock P1 -*", "*GET /v1/external/retrain_jobs/retrain-001/*404*"]
    )


def test_expected_failure_stays_expected(project):
    """A test that is marked xfail and fails is not failed by its teardown."""
    result = project.run(
        tests="import pytest\n@pytest.mark.xfail\n"
        f"def test_it(client):\n    {UNEXPECTED}\n    assert 0"
    )
    result.assert_outcomes(xfailed=1)


@pytest.mark.parametrize(
    ("marker", "act", "outcomes"),
    [
        ("strict=True", UNEXPECTED, {"xfailed": 1}),
        ("strict=True", f"{UNEXPECTED}; assert 0", {"xfailed": 1}),
        ("strict=True", "client.poll()", {"failed": 1}),
        ("strict=True, raises=ValueError", UNEXPECTED, {"failed": 1}),
        ("", UNEXPECTED, {"xfailed": 1}),
        ("False, reason='no'", UNEXPECTED, {"failed": 1}),
    ],
)
def test_an_expected_failure_may_be_ours(project, marker, act, outcomes):
    """A request that is not imitated is what the test is expected to fail for, once."""
    result = project.run(
        tests=f"import pytest\n@pytest.mark.xfail({marker})\ndef test_it(client):\n    {act}"
    )
    result.assert_outcomes(**outcomes)


def test_skipped_test_stays_skipped(project):
    """A test that gives up midway has no verdict."""
    result = project.run(
        tests=f"import pytest\ndef test_it(client):\n    {UNEXPECTED}\n    pytest.skip('later')"
    )
    result.assert_outcomes(skipped=1)


def test_check_can_be_switched_off(project):
    """check=False lets a test ask for anything."""
    result = project.run(
        tests="import pytest\n@pytest.mark.mock_p1(check=False)\n"
        f"def test_it(client):\n    {UNEXPECTED}"
    )
    result.assert_outcomes(passed=1)


def test_reset_forgets_what_was_unexpected(project):
    """What came before reset() no longer counts."""
    result = project.run(
        tests=f"def test_it(mock_p1, client):\n    {UNEXPECTED}\n    mock_p1.reset()"
    )
    result.assert_outcomes(passed=1)


def test_both_mocks_are_verified(project):
    """With both fixtures in one test, each says what it was asked."""
    result = project.run(
        tests="""
from conftest import Client

def test_it(mock_p1, mock_p1_server):
    Client(mock_p1.url, "k").ask("one/")
    Client(mock_p1_server.url, "k").ask("two/")
"""
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*GET /v1/external/retrain_jobs/two/ -> 404*"])
    result.stdout.fnmatch_lines(["*GET /v1/external/retrain_jobs/one/ -> 404*"])


def test_documented_errors_are_not_unexpected(project):
    """An unknown key, job or a missing header is answered as the API does, and fails nothing."""
    result = project.run(
        tests="""
from conftest import Client

def test_it(mock_p1):
    Client(mock_p1.url, None).ask()
    Client(mock_p1.url, "nobody").ask()
    Client(mock_p1.url, "demo-key").ask("nothing")
"""
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("verdict", "outcomes"),
    [
        ("warn", {"passed": 1, "warnings": 1}),
        ("ignore", {"passed": 1, "warnings": 0}),
        ("fail", {"passed": 1, "errors": 1}),
    ],
)
def test_a_test_in_which_no_request_reached_the_mock(project, verdict, outcomes):
    """It warns, or what the ini setting says; a client with another base URL is found so."""
    tests = "def test_it(mock_p1): pass"
    result = project.run("-W", "default", tests=tests, mock_p1_no_request=verdict)
    result.assert_outcomes(**outcomes)
    if verdict != "ignore":
        result.stdout.fnmatch_lines(["*no request of test_it reached mock_p1*"])


def test_a_verdict_that_there_is_not(project):
    """A run that was to fail would pass."""
    result = project.run(tests="def test_it(mock_p1): pass", mock_p1_no_request="failed")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    known = "known: fail, ignore, warn; did you mean fail?"
    result.stderr.fnmatch_lines([f"*mock_p1_no_request: unknown verdict 'failed'; {known}"])


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        ('"timeout", on="file_upload"', "no file_upload met what fail_next queued: timeout"),
        (
            '{"status_code": 429}, job="retrain-001"',
            "no retrain_status_check of retrain-001 met what fail_next queued: HTTP 429",
        ),
    ],
)
def test_a_failure_that_no_call_has_met(project, failure, said):
    """The test has not shown what it was written for; it warns, as where no request came."""
    tests = f"def test_it(mock_p1, client):\n    client.poll(); mock_p1.fail_next({failure})"
    result = project.run("-W", "default", tests=tests, mock_p1_no_request="warn")
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines([f"*{said}*"])


def test_a_failure_that_some_calls_have_met(project):
    """More may wait than come; and what a reset has taken away was not to come."""
    result = project.run(
        "-W",
        "default",
        tests="""
def test_it(client, mock_p1):
    answer = {"status_code": 200, "body": {"status": "odd"}}
    mock_p1.fail_next(answer, times=2)
    mock_p1.fail_next(answer)
    client.poll()

def test_reset(client, mock_p1):
    client.poll()
    mock_p1.fail_next("timeout")
    mock_p1.reset()
""",
        mock_p1_no_request="warn",
    )
    result.assert_outcomes(passed=2, warnings=0)


def test_a_reset_does_not_make_a_mock_unasked(project):
    """What reached it before counts."""
    result = project.run(tests="def test_it(client, mock_p1):\n    client.poll(); mock_p1.reset()")
    result.assert_outcomes(passed=1, warnings=0)


def test_instant_sleep_for_all_tests(project):
    """The ini setting is for tests whose marker says nothing of it."""
    result = project.run(
        tests="""
import time, pytest

def test_it(mock_p1, client):
    client.poll()
    time.sleep(3600)

@pytest.mark.mock_p1(instant_sleep=False)
def test_real(mock_p1, client):
    client.poll()
    assert time.sleep.__name__ == "sleep" and time.sleep.__class__.__name__ != "method"
""",
        mock_p1_instant_sleep="true",
    )
    result.assert_outcomes(passed=2)
