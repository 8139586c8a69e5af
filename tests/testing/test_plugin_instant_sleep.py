"""instant_sleep by the marker."""

import re

import pytest

TWO_HOURS = """
import time
import pytest

@pytest.mark.mock_p1("slow-training", instant_sleep=True)
def test_it(mock_p1, client):
    while client.poll() != "job_finished":
        time.sleep(30)
    mock_p1.assert_polled(times=241)

def test_after():
    assert time.sleep.__module__ == "time"
    began = time.perf_counter()
    time.sleep(0.01)
    assert 0 < time.perf_counter() - began < 60
"""


@pytest.mark.slow
def test_marker(project):
    """A client with a sleep of its own runs two hours through; the next test has real time."""
    project.run(tests=TWO_HOURS).assert_outcomes(passed=2)


@pytest.mark.slow
def test_durations_stay_real(project):
    """Two hours of the mock's time are no second of pytest's, on the terminal and in the file."""
    result = project.run(
        "--durations=0",
        "-vv",
        "--junitxml=report.xml",
        "-o",
        "junit_family=xunit2",
        tests=TWO_HOURS,
    )
    result.assert_outcomes(passed=2)
    terminal = result.stdout.str() + project.pytester.path.joinpath("report.xml").read_text(
        encoding="utf-8"
    )
    seconds = [
        float(figure)
        for figure in re.findall(r'(?:^|time=")(\d+\.\d+)(?:s |")', terminal, re.MULTILINE)
    ]
    assert len(seconds) >= 6
    assert max(seconds) < 60


def test_a_module_of_the_client_sees_the_mocks_time_whatever_its_name(project):
    """Only installed plugins see real time, not a client's module whose name begins alike."""
    stopwatch = (
        "import time\nfrom time import monotonic\ndef read(): return time.monotonic(), monotonic()"
    )
    project.file("pytest_stopwatch.py", stopwatch)
    project.pytester.syspathinsert()
    result = project.run(
        tests="""
import time
import pytest
import pytest_stopwatch

@pytest.mark.mock_p1(instant_sleep=True)
def test_it(mock_p1):
    before = pytest_stopwatch.read()
    time.sleep(7200)
    assert [now - then for now, then in zip(pytest_stopwatch.read(), before)] == [7200, 7200]
"""
    )
    result.assert_outcomes(passed=1)


@pytest.mark.slow
def test_report_of_a_client_that_never_gives_up(project):
    """It is stopped, and the report says why and shows its polls."""
    result = project.run(
        tests="""
import time
import pytest

@pytest.mark.mock_p1("stuck", instant_sleep="1h")
def test_it(client):
    while client.poll() != "job_finished":
        time.sleep(30)
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*SleptTooLong: the client has slept for more than 1h of the mock's time*",
            "*- Mock P1 -*",
            "* +30s *",
        ]
    )


def test_misuse(project):
    """A span that is none is explained."""
    result = project.run(
        tests="import pytest\n@pytest.mark.mock_p1(instant_sleep='long')\n"
        "def test_it(mock_p1): pass"
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["Mock P1 did not start: 'long' is not a duration*"])


def test_beside_freezegun(project):
    """Where freezegun was there first, the test fails in words and no other test is touched."""
    result = project.run(
        tests="""
import datetime, sys, time
import pytest

@pytest.fixture
def frozen(monkeypatch):
    monkeypatch.setitem(sys.modules, "freezegun", sys)
    monkeypatch.setattr(datetime, "datetime", type("FakeDatetime", (datetime.datetime,), {}))

@pytest.mark.mock_p1("stuck", instant_sleep=True)
def test_frozen(frozen, mock_p1):
    pass

@pytest.mark.mock_p1("stuck", instant_sleep=True)
def test_next(mock_p1):
    before = time.time()
    time.sleep(1)
    assert time.time() - before == 1
""",
    )
    result.assert_outcomes(errors=1, passed=1)
    result.stdout.fnmatch_lines(
        ["Mock P1 did not start: instant_sleep cannot start while freezegun is active:*"]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_the_time_that_a_client_may_sleep_is_per_test(project):
    """A mock that outlives a test gives each test the whole time."""
    result = project.run(
        tests="""
import time
import pytest
from mock_p1 import mocked

@pytest.fixture(scope="module", autouse=True)
def mine():
    with mocked("stuck", instant_sleep="2h"):
        yield

@pytest.mark.parametrize("turn", range(3))
def test_it(turn):
    time.sleep(7200)
"""
    )
    result.assert_outcomes(passed=3)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_client_stopped_in_a_thread_fails_the_test(project):
    """Though no thread fails a test by itself."""
    result = project.run(
        tests="""
import threading, time
import pytest

@pytest.mark.mock_p1("stuck", instant_sleep="2h")
def test_it(mock_p1, client, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", lambda _: None)  # nor does anybody warn
    def poller():
        while client.poll() != "job_finished":
            time.sleep(600)

    thread = threading.Thread(target=poller)
    thread.start()
    thread.join()
""",
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["the client has slept for more than 2h of the mock's time*"])
    result.stdout.no_fnmatch_line("During handling*")


def test_a_client_stopped_in_a_thread_fails_the_test_in_which_it_slept(project):
    """Not one that comes later, where the mock lives on: that one has the whole time."""
    result = project.run(
        "-p",
        "no:randomly",
        tests="""
import threading, time
import pytest

@pytest.fixture(scope="module")
def service(mock_p1_for):
    return mock_p1_for("stuck", instant_sleep="2h")

@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_sleeps(service, client):
    def sleep():
        client.poll()
        time.sleep(8000)
    thread = threading.Thread(target=sleep)
    thread.start()
    thread.join()

@pytest.mark.xfail(strict=True, reason="something that is mended")
def test_mended(service, client):
    client.poll()

def test_next(service, client):
    client.poll()
""",
    )
    result.assert_outcomes(passed=2, errors=1, failed=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_sleeps*", "*slept for more than 2h*"])


def test_a_client_stopped_in_a_thread_fails_as_expected(project):
    """Where its test is marked xfail."""
    result = project.run(
        tests="""
import threading, time
import pytest

@pytest.mark.xfail(strict=True)
@pytest.mark.mock_p1("stuck", instant_sleep="2h")
def test_it(mock_p1, client):
    def poller():
        while client.poll() != "job_finished":
            time.sleep(600)

    thread = threading.Thread(target=poller)
    thread.start()
    thread.join()
""",
    )
    result.assert_outcomes(xfailed=1)
