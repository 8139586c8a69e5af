"""Answers that are held back."""

import pytest

from mock_p1.base.clock import SECOND

MS = SECOND // 1000


def test_an_answer_is_held_back(mock):
    """The reply says how long; the transport does the waiting."""
    asked = mock("jobs: {a: {timeline: [{status: s, delay: 300ms}]}}")
    assert [asked.poll().delay_ns for _ in range(2)] == [300 * MS] * 2


def test_without_a_delay_nothing_waits(mock):
    """Not even a nanosecond."""
    assert mock("jobs: {a: {timeline: [{status: s}]}}").poll().delay_ns == 0


def test_a_range_is_drawn_by_the_seed(mock):
    """Within its ends, not always the same, and the same again in another run."""
    text = "jobs: {a: {timeline: [{status: s, delay: 100ms..2s}]}}"
    delays = [mock(text).poll().delay_ns for _ in range(2)]
    assert delays[0] == delays[1]
    asked = mock(text)
    drawn = [asked.poll().delay_ns for _ in range(50)]
    assert all(100 * MS <= delay <= 2 * SECOND for delay in drawn)
    assert len(set(drawn)) > 40
    assert mock(text, seed=1).poll().delay_ns != delays[0]


@pytest.mark.parametrize(
    "step", ["{error: job_may_be_deleted, ", "{reply: {status_code: 503}, ", "{fault: slow_body, "]
)
def test_every_kind_of_step_may_be_delayed(mock, step):
    """Errors, literal replies and faults too."""
    asked = mock(f"jobs: {{a: {{timeline: [{step}delay: 1s}}]}}}}")
    assert asked.poll().delay_ns == SECOND


def test_a_time_out_is_delayed_on_top(mock):
    """It holds the request anyway; the delay comes before."""
    plain, delayed = (
        mock(f"jobs: {{a: {{timeline: [{{fault: timeout{more}}}]}}}}").poll()
        for more in ("", ", delay: 1s")
    )
    assert delayed.delay_ns == plain.delay_ns + SECOND


def test_the_next_step_begins_when_the_last_poll_is_answered(mock):
    """Not when it came: the client has not seen it before."""
    asked = mock("""
        jobs:
          a:
            timeline:
              - {status: one, for: 1 poll, delay: 5s}
              - {status: two, for: 10s}
              - {status: three}
    """)
    asked.poll()
    asked.wait(14)
    assert asked.sees() == "two"
    asked.wait(1)
    assert asked.sees() == "three"


def test_a_delayed_time_step_ends_when_it_would(mock):
    """A delay moves no end of a step that is counted by time."""
    asked = mock("jobs: {a: {timeline: [{status: one, for: 10s, delay: 5s}, {status: two}]}}")
    asked.poll()
    asked.wait(10)
    assert asked.sees() == "two"


@pytest.mark.parametrize("job", ["a", "retrain-001", "0c3cdb1c-2d4e-4f0e-9bd3-2f5b7f1a9c11"])
def test_a_slow_body_comes_in_ten_pieces(mock, job):
    """However long it is: a second before each of them, and together they are the whole body."""
    fault = mock("jobs: {'*': {timeline: [{fault: slow_body}]}}").poll(job)
    assert [pause for pause, _ in fault.pieces] == [SECOND] * 10
    assert all(piece for _, piece in fault.pieces)
    assert b"".join(piece for _, piece in fault.pieces) == fault.reply.body


def test_delays_of_calls_are_drawn_anew_for_each_call(mock):
    """By the seed: other callers and other calls wait another time, the same ones the same."""
    text = """
    jobs: {a: {timeline: [{status: job_finished}]}}
    calls: {retrain_model_switch: [{ok: true, delay: 0s..10s}]}
    """

    def delays():
        asked = mock(text)
        return [asked.switch(key=key).delay_ns for key in ("k-1", "k-2") for _ in range(2)]

    assert delays() == delays()
    assert len(set(delays())) == 4
