"""What no argument can be is said in our words, by every assertion and by what a test calls."""

import pytest

from mock_p1 import mocked
from mock_p1.engine.driver import NoSuchJob

NO_COUNTS = ["4", 1.5, True, -1, float("nan"), float("inf"), ["a"]]
NO_TEXTS = [1.5, True, -1, None, b"x", ["a"]]
NO_SPANS = [True, -1, b"x", ["a"], "4", float("nan"), float("inf")]
NO_JOBS = [1.5, True, b"x", ["a"]]
ABOUT_A_JOB = [
    *("assert_polled", "assert_respects_retry_after", "assert_uploaded", "assert_downloaded"),
    *("assert_switched", "assert_sequence", "assert_backoff", "wait_for", "step", "reset"),
    *("polls", "uploads", "downloads", "switches", "timeline"),
]


@pytest.fixture(scope="module")
def mock():
    """Nothing is asked of it; what is wrong is said whatever the client did."""
    with mocked("happy-path") as mock:
        yield mock


@pytest.mark.parametrize(
    ("name", "argument", "least"),
    [
        ("assert_polled", "times", 0),
        ("assert_downloaded", "times", 0),
        ("assert_uploaded", "rows", 0),
        ("wait_for", "polls", 0),
        ("fail_next", "times", 1),
    ],
)
@pytest.mark.parametrize("value", NO_COUNTS, ids=repr)
def test_no_count(mock, name, argument, least, value):
    """Numbers of polls, downloads and rows are whole, and none is negative."""
    more = {"what": "timeout"} if name == "fail_next" else {}
    with pytest.raises(ValueError, match=f"{argument} must be a whole number, at least {least}, "):
        getattr(mock, name)(**more, **{argument: value})


@pytest.mark.parametrize("value", NO_TEXTS, ids=repr)
def test_no_status(mock, value):
    """A status, or an error, has a name."""
    with pytest.raises(ValueError, match="status must be text, such as 'job_finished', not "):
        mock.assert_stopped_after(value)


@pytest.mark.parametrize("value", [each for each in NO_TEXTS if each is not None], ids=repr)
def test_no_file_name(mock, value):
    """No file could have that one."""
    with pytest.raises(ValueError, match=r"filename must be text, such as 'train\.csv', not "):
        mock.assert_uploaded(filename=value)


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("assert_interval", "min"),
        ("assert_interval", "max"),
        ("assert_backoff", "cap"),
        ("wait_for", "timeout"),
        ("advance", "span"),
    ],
)
@pytest.mark.parametrize("value", NO_SPANS, ids=repr)
def test_no_span_of_time(mock, name, argument, value):
    """The message says how one is written."""
    with pytest.raises((TypeError, ValueError), match=r"is not a duration|a span of time is"):
        getattr(mock, name)(**{argument: value})


@pytest.mark.parametrize("name", ABOUT_A_JOB)
@pytest.mark.parametrize("value", NO_JOBS, ids=repr)
def test_no_job(name, value):
    """None has such an id."""
    with mocked("slow-training") as mock, pytest.raises(NoSuchJob, match="unknown job"):
        getattr(mock, name)(job=value)


def test_no_call(mock):
    """None has such a name."""
    with pytest.raises(ValueError, match=r"unknown operation \"\['a'\]\"; known: "):
        mock.step(on=["a"])


def test_bounds_that_no_interval_can_keep(mock):
    """Whatever the client did; where both are the same, one can."""
    text = "no interval is at least 2m and at most 30s: the shortest allowed must not be longer"
    with pytest.raises(ValueError, match=text):
        mock.assert_interval(min="2m", max="30s")
    with pytest.raises(AssertionError, match="so there is no interval to judge"):
        mock.assert_interval(min="30s", max="30s")
