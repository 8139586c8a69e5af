"""Reading what was asked: polls, other requests, the timeline."""

from datetime import UTC, datetime

import pytest

from mock_p1 import NoSuchJob, Poll, mocked
from mock_p1.base.messages import Request


@pytest.fixture
def mock(slow):
    """slow.yaml: two polls waiting, 90 s running, finished."""
    with mocked(slow) as mock:
        yield mock


def test_a_poll_says_everything(mock, poll):
    """Time, masked key, job, outcome, HTTP status, file and line, and what the job waits for."""
    before = datetime.now(UTC)
    poll(mock)
    mock.advance("30s")
    poll(mock)
    first, second = mock.polls()
    assert isinstance(second, Poll)
    assert (second.number, second.seconds, second.method, second.job_id) == (
        2,
        30.0,
        "GET",
        "retrain-001",
    )
    assert (second.status, second.error, second.fault, second.http_status) == (
        "job_waiting",
        None,
        None,
        200,
    )
    assert second.source.endswith("slow.yaml:6")
    assert (first.waits_for, second.waits_for) == ("1 more poll", "1m30s")
    assert (second.time - first.time).total_seconds() == 30
    assert abs((first.time - before).total_seconds()) < 60


def test_keys_are_masked(mock, poll):
    """No whole key is kept in what the test reads."""
    poll(mock, key="very-secret-key")
    assert mock.polls()[0].api_key == "very…"
    assert "secret" not in repr(mock.polls()) + mock.timeline() + mock.report()


def test_a_printed_poll_is_short(mock, poll):
    """It shows what it has, and leaves out what it has not."""
    mock.advance("90s")
    poll(mock)
    source = mock.polls()[0].source
    assert repr(mock.polls()) == (
        "[Poll(number=1, seconds=90.0, job_id='retrain-001', status='job_waiting', "
        f"http_status=200, source={source!r}, waits_for='1 more poll')]"
    )


def test_polls_of_one_job(mock, poll):
    """polls(job) leaves the others out; also for a job that only the client believes in."""
    poll(mock, "retrain-001"), poll(mock, "nothing")
    assert [row.job_id for row in mock.polls()] == ["retrain-001", "nothing"]
    assert [row.error for row in mock.polls("nothing")] == ["not_found_retrain_job"]


@pytest.mark.parametrize(
    ("jobs", "more"), [(21, "… and 1 more job\n"), (23, "… and 3 more jobs\n")]
)
def test_a_report_of_many_jobs_counts_those_it_leaves_out(poll, jobs, more):
    """One is a job, more are jobs."""
    with mocked("many-jobs") as mock:
        for number in range(1, jobs + 1):
            poll(mock, f"load-{number}")
        assert more in f"{mock.report()}\n"


def test_of_very_many_jobs_all_are_counted():
    """Where none is the one that is asked for."""
    with mocked("many-jobs") as mock, pytest.raises(NoSuchJob, match=r"… \(1,100 in all\)"):
        mock.polls("load-0")


@pytest.mark.parametrize("call", ["polls", "timeline", "assert_polled"])
def test_unknown_job_is_a_slip_of_the_test(mock, poll, call):
    """A job that nobody knows is named with the near match, not counted as zero polls."""
    poll(mock)
    with pytest.raises(
        NoSuchJob, match=r"unknown job 'retrain-01'; known: retrain-001; did you mean retrain-001\?"
    ):
        getattr(mock, call)("retrain-01")


@pytest.mark.parametrize("call", ["polls", "assert_polled", "step"])
def test_a_number_is_no_job(call):
    """A number where a job's id belongs, such as assert_polled(3), is an unknown job."""
    with (
        mocked("demo") as mock,
        pytest.raises(NoSuchJob, match="unknown job '3'; known: deleted-001, retrain-001"),
    ):
        getattr(mock, call)(3)


def test_a_known_job_that_nobody_polled(mock):
    """A job of the scenario that was not polled has no polls."""
    assert mock.polls("retrain-001") == []
    assert mock.timeline("retrain-001") == "no poll yet"


@pytest.mark.parametrize("slow", ["happy-path"])
def test_other_requests(mock, ask):
    """requests() has downloads and mistakes too; polls() only polls; unexpected() only mistakes."""
    mock.set_status("job_finished")
    link = ask(mock).json()["download_url"]
    ask(mock, path=link.removeprefix(mock.url))
    ask(mock, path="/v2/")
    assert [row.operation for row in mock.requests()] == [
        "retrain_status_check",
        "result_download",
        None,
    ]
    assert [row.operation for row in mock.polls()] == ["retrain_status_check"]
    assert [row.path for row in mock.unexpected()] == ["/v2/"]
    mock.reset()


def test_an_unexpected_request_moves_no_cursor(mock):
    """Neither its path nor what is said of it."""
    mock._engine.handle(Request("GET", "/v2/\x1b[2J"))  # noqa: SLF001 -- as a WSGI server may hand it over
    with pytest.raises(AssertionError) as told:
        mock.assert_no_unexpected()
    assert str(told.value).count(r"/v2/\x1b[2J") == 2
    assert "\x1b" not in str(told.value)
    mock.reset()


def test_what_departs_from_the_documented_request_is_noted(mock, ask):
    """A query string is answered, and noted below the timeline."""
    ask(mock, path="/v1/external/retrain_jobs/retrain-001?verbose=1")
    assert mock.timeline().splitlines()[-1] == "#1: has a query string; the API documents none"


def test_timeline_is_whole(mock, poll):
    """timeline() leaves nothing out, however long it is."""
    for _ in range(100):
        poll(mock)
    assert len(mock.timeline().splitlines()) == 101


def test_days_of_polls_are_all_remembered(mock):
    """A test may ask for every one of more than a thousand polls."""
    request = Request("GET", "/v1/external/retrain_jobs/retrain-001", "", ("demo-key",))
    for _ in range(1100):
        mock._engine.handle(request)  # noqa: SLF001 -- what every request comes to
    mock.assert_polled("retrain-001", times=1100)


def test_intervals_are_those_of_one_job(mock, poll):
    """Each interval in the timeline is that to the poll before of the same job."""
    poll(mock, "retrain-001")
    mock.advance("10s")
    poll(mock, "nothing")
    mock.advance("20s")
    poll(mock, "retrain-001")
    rows = mock.timeline().splitlines()
    assert "+" not in rows[2]
    assert "+30s" in rows[3]


def test_the_list_of_polls_judges_by_itself(mock, poll):
    """What polls() returns is a list that has the handle's assertions, about these polls."""
    poll(mock), poll(mock, "nothing")
    assert mock.polls().last.job_id == "nothing"
    mock.polls("retrain-001").assert_polled(times=1)
    with pytest.raises(AssertionError, match="job 'retrain-001' should have been polled twice"):
        mock.polls("retrain-001").assert_polled(times=2)


def test_nothing_on_a_poll_is_in_nanoseconds(mock, poll):
    """Every span that a test reads is in seconds."""
    mock.advance("90s")
    poll(mock)
    numbers = {
        name: value
        for name in dir(mock.polls().last)
        if not name.startswith("_")
        and isinstance(value := getattr(mock.polls().last, name), int | float)
    }
    assert all(value < 1_000_000 for name, value in numbers.items() if name != "caller")
