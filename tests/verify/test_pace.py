"""A polite pace: a pause between calls, none before the first, and nothing after the limit."""

from __future__ import annotations

import pytest
from helpers.verify_sessions import CREDENTIALS
from test_watching import Clock, Script

from mock_p1.verify.exceptions import Unreachable
from mock_p1.verify.pace import Pace
from mock_p1.verify.runner import run
from mock_p1.verify.session import VerifySession


def test_calls_are_a_pause_apart():
    """The first call is made at once, the next not before the pause is over.

    Time spent otherwise counts.
    """
    clock = Clock()
    pace = Pace(pause=2.0, now=clock.now, sleep=clock.sleep)
    turns = []
    for spent in (0.0, 0.5, 9.0, 0.0):
        clock.time += spent
        pace.next_timeout()
        turns.append(clock.time - 100.0)

    assert turns == [0.0, 2.0, 11.0, 13.0]


def test_a_call_may_not_last_beyond_the_limit():
    """The time-out of a call is what is left until the limit, at most."""
    clock = Clock()
    pace = Pace(timeout=10.0, limit=25.0, now=clock.now, sleep=clock.sleep)
    clock.time += 20.0

    assert pace.next_timeout() == 5.0


def test_nothing_is_asked_after_the_limit():
    """Beyond the limit there are no calls, only words."""
    clock = Clock()
    pace = Pace(limit=3.0, now=clock.now, sleep=clock.sleep)
    clock.time += 3.0

    with pytest.raises(
        Unreachable, match="the limit of 3 s was reached; give a longer one by --limit"
    ):
        pace.next_timeout()


def test_checks_that_the_limit_cut_off_are_not_reached():
    """They are neither passed nor failed, and the exit status is 3."""
    clock, client = Clock(), Script("job_running")
    session = VerifySession(
        "http://h",
        CREDENTIALS,
        client,
        Pace(pause=1.0, limit=3.5, now=clock.now, sleep=clock.sleep),
    )
    report = run(session)

    assert client.asked == 4
    assert report.having("not reached")
    assert "limit of 3.5 s" in report.having("not reached")[-1].reason


def test_every_answer_is_asked_for_once():
    """However many checks look at an answer, the server is asked for it once."""
    client = Script("job_running")
    report = run(VerifySession("http://h", CREDENTIALS, client))

    assert len(report.results) == 33
    assert client.asked == 15
