"""How long an answer is held back, as its transport asks time and again."""

import pytest

from mock_p1.base.clock import SECOND, RealClock
from mock_p1.base.messages import Request
from mock_p1.engine.engine import Engine
from mock_p1.engine.journal import HAD_CLOSED, NOT_AWAITED
from mock_p1.scenario.files import load_scenario

REQUEST = Request("GET", "/v1/external/retrain_jobs/retrain-001", "", ("demo-key",))

LATE = "jobs: {retrain-001: {timeline: [{status: job_finished, delay: 10s}]}}"


class Source:
    """Real time, in the hands of the test."""

    now_ns = 0

    def __call__(self):
        """Return it."""
        return self.now_ns


@pytest.fixture
def source():
    """Real time."""
    return Source()


@pytest.fixture
def hold(source):
    """An answer that is held back for ten seconds."""
    engine = Engine(load_scenario("demo"), RealClock(source=source))
    with engine.held.hold(REQUEST, 10 * SECOND, lambda: None) as hold:
        yield hold


def test_a_timer_that_was_early_is_followed_by_another_wait(source, hold):
    """For what is left; then the time has come."""
    assert hold.left_seconds() == 10
    source.now_ns = 9 * SECOND
    assert hold.left_seconds(woken=False) == 1
    source.now_ns = 10 * SECOND
    assert hold.left_seconds(woken=False) == 0


def test_a_clock_that_stands_still_is_waited_for_once(hold):
    """Nobody would ever move it on: the time was waited for."""
    assert hold.left_seconds() == 10
    assert hold.left_seconds() == 10
    assert hold.left_seconds(woken=False) == 0


def test_a_clock_that_was_moved_since_it_was_decided(source):
    """It is due at a moment, however late its transport begins to hold it back."""
    engine = Engine(load_scenario(LATE), RealClock(source=source))
    reply = engine.handle(REQUEST)
    engine.clock.advance(9 * SECOND)
    with engine.held.hold(REQUEST, reply.delay_ns, lambda: None, reply.due_ns) as hold:
        assert hold.left_seconds() == 1


def test_a_clock_that_began_anew_since(source):
    """Then it is held back for no longer than ever."""
    engine = Engine(load_scenario(LATE), RealClock(source=source))
    engine.clock.advance(60 * SECOND)
    reply = engine.handle(REQUEST)
    engine.restart()
    with engine.held.hold(REQUEST, reply.delay_ns, lambda: None, reply.due_ns) as hold:
        assert hold.left_seconds() == 10


def test_who_asks_while_it_is_sent_is_told_what_is_known():
    """Until the client has it, it counts as gone; then it may have gone, since it had closed."""
    engine = Engine(load_scenario(LATE), RealClock(source=lambda: 0))
    engine.not_awaited(engine.handle(REQUEST), certain=False)
    engine.deliveries.sending(1)
    engine.deliveries.settle(0)
    assert [entry.notes for entry in engine.journal] == [(NOT_AWAITED,)]
    engine.deliveries.sent(1)
    assert [entry.notes for entry in engine.journal] == [(HAD_CLOSED,)]
