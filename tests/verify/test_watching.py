"""Watching a job by the clock of a test.

Each status and transition, ends, passing trouble, patience asked for.
"""

from __future__ import annotations

import json

import pytest
from helpers.verify_sessions import CREDENTIALS

from mock_p1.verify.answer import Answer
from mock_p1.verify.exceptions import Unreachable
from mock_p1.verify.pace import Pace
from mock_p1.verify.runner import Report
from mock_p1.verify.session import VerifySession
from mock_p1.verify.verify_report import as_json
from mock_p1.verify.watch import watch


class Clock:
    """Time that passes when slept."""

    def __init__(self):
        self.time = 100.0

    def now(self):
        """Seconds."""
        return self.time

    def sleep(self, seconds):
        """Let them pass."""
        self.time += seconds


class Script:
    """A client whose server tells one thing after the other, the last for ever.

    A status, an answer, or trouble.
    """

    def __init__(self, *said):
        self._said, self.asked = list(said), 0

    def send(self, *_, **__):
        """Answer whatever is asked with what comes next."""
        said = self._said[min(self.asked, len(self._said) - 1)]
        self.asked += 1
        if isinstance(said, Exception):
            raise said
        return (
            said
            if isinstance(said, Answer)
            else answer({"status": said, "metadata": {"retrain_job_id": "j"}})
        )


def answer(body, status=200, **headers):
    """An answer with this body as JSON."""
    return Answer(
        status, {"content-type": "application/json", **headers}, json.dumps(body).encode()
    )


def session_with(clock, *said, limit=3600.0):
    """Return a session with such a server, by a clock of the test."""
    pace = Pace(limit=limit, now=clock.now, sleep=clock.sleep)
    return VerifySession("http://h", CREDENTIALS, Script(*said), pace)


def watched(*said, every=30.0, limit=3600.0):
    """Watch such a server; give what was seen, what was told meanwhile, and the seconds it took."""
    clock, told = Clock(), []
    session = session_with(clock, *said, limit=limit)
    return watch(session, every, told.append), told, clock.time - 100.0


def test_each_status_is_told_once_with_its_times():
    """A sighting says when the status was first and last seen, in seconds from the first poll."""
    seen, told, _ = watched("job_waiting", "job_waiting", "job_running", "job_finished")

    assert [tuple(s) for s in seen.sightings] == [
        (0.0, "job_waiting", 30.0),
        (60.0, "job_running", 60.0),
        (90.0, "job_finished", 90.0),
    ]
    assert [s.status for s in told] == ["job_waiting", "job_running", "job_finished"]
    assert seen.polls == 4


def test_transitions_lie_between_two_polls():
    """A transition is what was seen before and after it."""
    seen, _, _ = watched("job_waiting", "job_running", "job_waiting", "job_finished")

    assert [(a.status, b.status) for a, b in seen.transitions] == [
        ("job_waiting", "job_running"),
        ("job_running", "job_waiting"),
        ("job_waiting", "job_finished"),
    ]


def test_json_says_when_a_watched_job_was_seen():
    """Each status from first to last, each change between two polls, in seconds since the first."""
    session = session_with(Clock(), "job_waiting", "job_waiting", "job_finished")
    report = Report(watched=watch(session, 30.0, lambda _: None))

    shown = json.loads(as_json(report, session))["watched"]
    assert shown["statuses"] == [
        {"status": "job_waiting", "first_seen_seconds": 0.0, "last_seen_seconds": 30.0},
        {"status": "job_finished", "first_seen_seconds": 60.0, "last_seen_seconds": 60.0},
    ]
    assert shown["transitions"] == [
        {"from": "job_waiting", "to": "job_finished", "after_seconds": 30.0, "by_seconds": 60.0}
    ]


@pytest.mark.parametrize(
    ("last", "why"),
    [
        ("job_finished", "it is finished"),
        (
            "job_failed",
            "job_failed reads like an end (assumed; the manual names only job_finished)",
        ),
        ("CANCELLED", "CANCELLED reads like an end (assumed; the manual names only job_finished)"),
        (
            answer(
                {
                    "code": 4001000204,
                    "error": "PREDA_EXTERNAL_BAD_REQUEST",
                    "message": "This job may be deleted.",
                },
                400,
            ),
            "an error answers",
        ),
    ],
)
def test_what_is_an_end(last, why):
    """job_finished, a documented error and a status that reads like failure end a watch."""
    seen, _, took = watched("job_running", last)

    assert (seen.ended, seen.why, took) == (True, why, 30.0)


def test_an_unknown_status_is_no_end():
    """A status nobody documented is watched on."""
    seen, _, took = watched("PREPARING", limit=100.0)

    assert (seen.ended, took) == (False, 100.0)
    assert seen.why == "the limit of 100 s was reached; give a longer one by --limit"


def test_passing_trouble_is_no_end():
    """A poll without an answer is neither a status nor an end.

    The next is asked at the same interval.
    """
    seen, _, took = watched(
        "job_running", Unreachable("reset"), Unreachable("reset"), "job_finished"
    )

    assert [s.status for s in seen.sightings] == ["job_running", "job_finished"]
    assert (seen.ended, took) == (True, 90.0)


def test_lasting_trouble_ends_the_watch_unseen():
    """After ten polls in a row without an answer the watch is given up, and says why."""
    seen, _, took = watched("job_running", Unreachable("h refused the connection"))

    assert (seen.ended, seen.why, took) == (False, "h refused the connection", 330.0)


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_asks_for_patience_gets_it(status):
    """Retry-After is waited for, where it is longer than the interval."""
    busy = answer({"message": "busy"}, status, **{"retry-after": "75"})
    seen, _, took = watched(busy, "job_finished")

    assert (seen.ended, took) == (True, 75.0)


def test_the_limit_is_kept_whatever_the_server_asks():
    """No wait goes beyond the limit."""
    busy = answer({"message": "busy"}, 503, **{"retry-after": "999999999999"})
    seen, _, took = watched(busy, limit=120.0)

    assert (seen.ended, took) == (False, 120.0)


def test_a_watch_that_is_stopped_keeps_what_it_saw():
    """Ctrl-C ends the watch, not the report."""

    def stopped(_):
        raise KeyboardInterrupt

    session = VerifySession("http://h", CREDENTIALS, Script("job_running"), Pace(sleep=stopped))
    seen = watch(session, 30.0)

    assert ([sighting.status for sighting in seen.sightings], seen.ended) == (
        ["job_running"],
        False,
    )
    assert seen.why == "it was stopped"
