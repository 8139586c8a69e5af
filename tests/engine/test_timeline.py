"""advance() against arithmetic, and against a model that knows no shortcut."""

from bisect import bisect_right
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_p1.engine.timeline import State, advance, plan, settle, waits_for
from mock_p1.scenario.step_length import Stage

SPANS = st.lists(st.integers(1, 50), min_size=1, max_size=6)
GAPS = st.lists(st.integers(0, 200), min_size=1, max_size=30)
STAGES = st.lists(
    st.one_of(
        st.integers(1, 5).map(lambda count: Stage(polls=count)),
        st.integers(1, 50).map(lambda span: Stage(lasts_ns=span)),
        st.just(Stage()),
    ),
    min_size=1,
    max_size=6,
)


def timed(spans, *, loops=False):
    """Plan steps of these spans; without a loop, a last one that stays."""
    return plan(
        (*(Stage(lasts_ns=span) for span in spans), *([] if loops else [Stage()])), loops=loops
    )


def seen_by(made, moments):
    """Return the step that each poll sees."""
    state, seen = None, []
    for now in moments:
        state, step = advance(made, state, now)
        seen.append(step)
    return seen


class Naive:
    """A job that goes on one step at a time, as a person with a stopwatch would have it."""

    def __init__(self, stages, *, loops):
        self.stages, self.loops = stages, loops
        self.step, self.left, self.clock = 0, None, 0

    def _begin(self, step):
        self.step, stage = step, self.stages[step]
        self.left = stage.polls if stage.polls is not None else stage.lasts_ns

    def _is_last(self):
        return self.step == len(self.stages) - 1 and not self.loops

    def _next(self):
        self._begin((self.step + 1) % len(self.stages))

    def poll(self, now):
        """Return the step that a poll sees."""
        if self.left is None and self.step == 0:
            self._begin(0)
        passed, self.clock = now - self.clock, now
        while self.stages[self.step].lasts_ns is not None and not self._is_last():
            spent = min(passed, self.left)
            passed, self.left = passed - spent, self.left - spent
            if self.left:
                break
            self._next()
        seen = self.step
        if self.stages[seen].polls is not None and not self._is_last():
            self.left -= 1
            if not self.left:
                self._next()
        return seen


@given(STAGES, st.booleans(), GAPS)
def test_advance_agrees_with_a_model_that_goes_step_by_step(stages, loops, gaps):
    """Whatever the timeline and the poll times, each poll sees what a naive walk sees."""
    made = plan(tuple(stages if loops else [*stages, Stage()]), loops=loops)
    naive = Naive(made.stages, loops=loops)
    moments = list(accumulate(gaps))
    naive.clock = moments[0]
    assert seen_by(made, moments) == [naive.poll(now) for now in moments]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=5), GAPS)
def test_a_poll_step_of_n_is_seen_by_exactly_n_polls(counts, gaps):
    """However far apart the polls are."""
    made = plan((*(Stage(polls=count) for count in counts), Stage()))
    expected = [step for step, count in enumerate(counts) for _ in range(count)]
    moments = list(accumulate(gaps * (sum(counts) + 3)))[: sum(counts) + 3]
    assert seen_by(made, moments) == [*expected, len(counts), len(counts), len(counts)]


@given(SPANS, GAPS)
def test_time_steps_never_drift(spans, gaps):
    """Each step covers [start, start + d) from the first poll, whenever the other polls come."""
    moments = list(accumulate(gaps))
    ends = list(accumulate(spans))
    assert seen_by(timed(spans), moments) == [
        bisect_right(ends, now - moments[0]) for now in moments
    ]


@given(SPANS, GAPS, st.booleans())
def test_one_late_poll_catches_up_as_many_small_ones_do(spans, gaps, loops):
    """After the same time the job is in the same step, begun at the same moment."""
    made = timed(spans, loops=loops)
    begin, _ = advance(made, None, 0)
    end = sum(gaps)
    state = begin
    for now in accumulate(gaps):
        state, step = advance(made, state, now)
    late, late_step = advance(made, begin, end)
    assert (state.position, state.since_ns, step) == (late.position, late.since_ns, late_step)


@given(SPANS, st.integers(0, 10**30))
def test_a_loop_of_time_steps_goes_round_for_ever(spans, now):
    """A jump over a whole age lands where the remainder of a round lands, at once."""
    made = timed(spans, loops=True)
    begin, _ = advance(made, None, 0)
    state, step = advance(made, begin, now)
    into_the_round = now % sum(spans)
    assert step == bisect_right(list(accumulate(spans)), into_the_round)
    assert now - state.since_ns == into_the_round - sum(spans[:step])


@given(STAGES, st.booleans(), GAPS)
def test_settling_counts_no_poll(stages, loops, gaps):
    """Looking where a job is changes nothing about what its polls see."""
    made = plan(tuple(stages if loops else [*stages, Stage()]), loops=loops)
    state, seen = None, []
    for now in accumulate(gaps):
        if state is not None:
            state = settle(made, state, now)
            assert settle(made, state, now) == state
        state, step = advance(made, state, now)
        seen.append(step)
    assert seen == seen_by(made, accumulate(gaps))


def test_the_timeline_starts_at_the_first_poll():
    """Time before it does not count."""
    assert seen_by(timed([10]), [1000, 1009, 1010]) == [0, 0, 1]


def test_the_next_step_begins_when_the_last_poll_of_a_poll_step_is_answered():
    """So a time step after a poll step counts from that poll, not from the next one."""
    made = plan((Stage(polls=2), Stage(lasts_ns=10), Stage()))
    assert seen_by(made, [0, 100, 109, 110]) == [0, 0, 1, 2]


def test_a_manual_step_waits_however_long():
    """Neither time nor polls end it."""
    assert seen_by(plan((Stage(), Stage())), [0, 10**20, 10**21]) == [0, 0, 0]


def test_a_loop_of_poll_steps_begins_anew():
    """After the last step comes the first."""
    made = plan((Stage(polls=2), Stage(polls=1)), loops=True)
    assert seen_by(made, range(7)) == [0, 0, 1, 0, 0, 1, 0]


def test_a_loop_may_mix_polls_and_time():
    """A round then takes as long as its polls make it."""
    made = plan((Stage(polls=1), Stage(lasts_ns=10)), loops=True)
    assert seen_by(made, [0, 5, 100, 101, 111]) == [0, 1, 0, 1, 0]


def test_a_timeline_has_a_step():
    """There is nothing to plan without one."""
    with pytest.raises(ValueError, match="at least one step"):
        plan(())


@pytest.mark.parametrize(
    ("stage", "state", "now", "expected"),
    [
        (Stage(polls=3), State(0, 0, 1), 7, "2 more polls"),
        (Stage(polls=3), State(0, 0, 2), 7, "1 more poll"),
        (Stage(lasts_ns=90 * 10**9), State(0, 5 * 10**9, 1), 40 * 10**9, "55s"),
        (Stage(lasts_ns=10), State(0, 0, 1), 99, "0s"),
        (Stage(), State(0, 0, 1), 7, "a manual step"),
        (Stage(), State(1, 0, 1), 7, None),
    ],
)
def test_what_a_job_waits_for_is_said_in_words(stage, state, now, expected):
    """Polls, time, a person; or nothing, at the end."""
    assert waits_for(plan((stage, Stage())), state, now) == expected
