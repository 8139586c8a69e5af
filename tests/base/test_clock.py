"""The mock's clocks, with real time handed in."""

import sys
from datetime import UTC, datetime, timedelta
from time import perf_counter_ns

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_p1.base.clock import MAX_SPEED, SECOND, RealClock, VirtualClock

START = datetime(2024, 1, 1, tzinfo=UTC)


class Time:
    """Real time, as the test says."""

    def __init__(self):
        self.now = 5 * SECOND

    def __call__(self):
        """Return real nanoseconds."""
        return self.now

    def passes(self, seconds):
        """Let real seconds pass."""
        self.now += round(seconds * SECOND)


@pytest.fixture
def time():
    """Real time that stands still until the test moves it."""
    return Time()


def test_a_virtual_clock_stands_still_until_it_is_moved():
    """By whoever holds it."""
    clock = VirtualClock(START)
    assert (clock.now_ns(), clock.date_at(0)) == (0, START)
    clock.advance(90 * SECOND)
    assert (clock.now_ns(), clock.date_at(clock.now_ns())) == (
        90 * SECOND,
        START + timedelta(seconds=90),
    )


def test_holding_moves_a_virtual_clock():
    """There is nothing to wait for."""
    clock = VirtualClock()
    assert (clock.pass_time(3 * SECOND), clock.now_ns()) == (0.0, 3 * SECOND)


@pytest.mark.parametrize("clock", [VirtualClock(), RealClock()])
def test_no_clock_goes_back(clock):
    """A negative span is refused."""
    with pytest.raises(ValueError, match="only moves forward, not by -1 s"):
        clock.advance(-SECOND)


def test_a_real_clock_runs_with_real_time(time):
    """From zero, in whole nanoseconds."""
    clock = RealClock(source=time)
    assert clock.now_ns() == 0
    time.passes(1.5)
    assert clock.now_ns() == SECOND * 3 // 2


def test_a_fast_clock(time):
    """Sixty seconds in one; and a delay is waited for only as long as it really takes."""
    clock = RealClock(60, time)
    time.passes(2)
    assert (clock.now_ns(), clock.speed) == (120 * SECOND, 60)
    assert clock.pass_time(120 * SECOND) == 2.0


def test_speed_may_change_on_the_way(time):
    """What has passed stays passed."""
    clock = RealClock(10, time)
    time.passes(1)
    clock.set_speed(0.5)
    time.passes(4)
    assert clock.now_ns() == 12 * SECOND


def test_a_frozen_clock_stands_still(time):
    """It can be moved by hand, and runs on from where it stood."""
    clock = RealClock(2, time)
    time.passes(1)
    clock.freeze()
    time.passes(100)
    assert (clock.now_ns(), clock.frozen) == (2 * SECOND, True)
    clock.advance(SECOND)
    clock.freeze(frozen=False)
    time.passes(1)
    assert (clock.now_ns(), clock.frozen) == (5 * SECOND, False)


def test_speed_set_while_frozen_counts_afterwards(time):
    """The clock does not begin to run by it."""
    clock = RealClock(1, time)
    clock.freeze()
    clock.set_speed(3)
    time.passes(1)
    assert clock.now_ns() == 0
    assert clock.pass_time(3 * SECOND) == 1.0
    clock.freeze(frozen=False)
    time.passes(1)
    assert clock.now_ns() == 3 * SECOND


ACTS = st.one_of(
    st.tuples(st.just("passes"), st.floats(0, 1e6)),
    st.tuples(st.just("set_speed"), st.floats(0.001, MAX_SPEED)),
    st.tuples(st.just("advance"), st.integers(0, 10**18)),
    st.tuples(st.just("freeze"), st.booleans()),
)


@given(st.lists(ACTS, max_size=20))
def test_whatever_is_done_to_it_a_clock_never_goes_back(acts):
    """Timelines rely on it."""
    time = Time()
    clock = RealClock(source=time)
    before = 0
    for act, value in acts:
        if act == "passes":
            time.passes(value)
        elif act == "freeze":
            clock.freeze(frozen=value)
        else:
            getattr(clock, act)(value)
        assert clock.now_ns() >= before
        before = clock.now_ns()


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf"), 1_000_001])
def test_a_speed_out_of_range(speed):
    """Above nothing, at most a million."""
    with pytest.raises(ValueError, match="speed must be above 0 and at most 1,000,000"):
        RealClock(speed)
    with pytest.raises(ValueError, match="speed must be above 0"):
        RealClock().set_speed(speed)


def test_dates_of_a_real_clock_go_with_it(time):
    """A minute of the mock is a minute in its dates, whatever the speed."""
    clock = RealClock(60, time)
    time.passes(1)
    assert clock.date_at(clock.now_ns()) - clock.date_at(0) == timedelta(minutes=1)


def test_clients_see_real_dates_whatever_was_done_to_the_clock(time):
    """Spans ahead are divided by the speed, also while it is frozen."""
    clock = RealClock(60, time)
    clock.advance(3600 * SECOND)
    clock.freeze()
    seen = clock.client_date(clock.now_ns() + 120 * SECOND)
    assert abs(seen - datetime.now(UTC) - timedelta(seconds=2)) < timedelta(seconds=1)
    assert clock.client_span_ns(120 * SECOND) == 2 * SECOND


def test_clients_of_a_virtual_clock_see_its_dates():
    """It is theirs, in-process and where they share it."""
    clock = VirtualClock(START)
    clock.advance(3600 * SECOND)
    assert clock.client_date(clock.now_ns()) == clock.date_at(3600 * SECOND)
    assert clock.client_span_ns(SECOND) == SECOND


def test_the_calendar_ends_before_the_clock_does():
    """A clock that was moved by ages shows the last date there is."""
    clock = VirtualClock(START)
    clock.advance(10**30)
    assert clock.date_at(clock.now_ns()) == datetime.max.replace(tzinfo=UTC)


def test_many_clocks_keep_pythons_own_once():
    """So that instant_sleep, which counts who keeps it, need not look for the mocks beside it."""
    before = sys.getrefcount(perf_counter_ns)
    clocks = [RealClock() for _ in range(5)]
    assert sys.getrefcount(perf_counter_ns) == before
    assert all(clock.real_ns() > 0 for clock in clocks)


def test_a_restored_clock_knows_how_far_it_was_advanced():
    """So that processes that share a state judge alike by it."""
    first, second = RealClock(source=lambda: 0), RealClock(source=lambda: 0)
    first.advance(5)
    second.restore(first.saved())
    second.advance(2)
    assert (first.advanced_ns, second.advanced_ns) == (5, 7)
