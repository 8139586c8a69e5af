"""Deciding and advancing is one act, however many ask at once."""

import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from mock_p1.base.clock import VirtualClock
from mock_p1.base.messages import Request
from mock_p1.engine.engine import Engine
from mock_p1.scenario.parser import parse

THREADS = 64


@pytest.fixture(autouse=True)
def _switch_often():
    """Let threads take turns much more often than usual, so that a race shows."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(act, each):
    """Do something from 64 threads at the same time, so often in each; return all results."""
    barrier = Barrier(THREADS)

    def run(number):
        barrier.wait()
        return [act(number) for _ in range(each)]

    with ThreadPoolExecutor(THREADS) as pool:
        return [result for results in pool.map(run, range(THREADS)) for result in results]


def test_500_polls_are_seen_exactly_500_times(mock):
    """By 64 threads that poll one job with one key.

    Every row of the journal has a number of its own.
    """
    asked = mock(
        "jobs: {a: {timeline: [{status: one, for: 500 polls}, {status: two}]}}", journal_max=10_000
    )
    seen = Counter(at_once(lambda _: asked.sees(), 20))
    assert seen == {"one": 500, "two": 64 * 20 - 500}
    assert [entry.number for entry in asked.entries] == list(range(1, 64 * 20 + 1))
    assert Counter(entry.status for entry in asked.entries) == seen


def test_5000_polls_with_delays_are_seen_exactly_5000_times(mock):
    """Also where deciding takes longer, and threads have more time to get between."""
    asked = mock(
        "jobs: {a: {timeline: [{status: one, for: 5000 polls, delay: 0s..1s}, {status: two}]}}"
    )
    assert Counter(at_once(lambda _: asked.sees(), 100)) == {"one": 5000, "two": 64 * 100 - 5000}


class Threshold(VirtualClock):
    """A clock that lingers when it is asked, and sees whether anybody else comes in meanwhile."""

    def __init__(self):
        super().__init__()
        self.inside = 0
        self.met = Event()

    def now(self):
        """Return the moment, after a while."""
        self.inside += 1
        if self.inside > 1:
            self.met.set()
        self.met.wait(0.02)
        self.inside -= 1
        return super().now()


@pytest.mark.parametrize(
    "path",
    ["/v1/external/retrain_jobs/a", "/v1/external/retrain_jobs/x", "/results/a/1/r.zip", "/x"],
)
def test_one_at_a_time(path):
    """From the reading of the clock to the row in the journal nobody else gets in."""
    clock = Threshold()
    engine = Engine(
        parse("jobs: {a: {timeline: [{status: one, for: 2 polls}, {status: two}]}}"), clock
    )
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(engine.handle, [Request("GET", path, api_keys=("k",))] * 4))
    assert not clock.met.is_set()
    assert [entry.number for entry in engine.journal] == [1, 2, 3, 4]


def test_a_key_for_each_thread(mock):
    """Then each sees its own job go on."""
    asked = mock("jobs: {a: {timeline: [{status: one, for: 5 polls}, {status: two}]}}")
    seen = at_once(lambda number: (number, asked.sees(key=f"key-{number}")), 8)
    assert Counter(seen) == {
        **{(number, "one"): 5 for number in range(THREADS)},
        **{(number, "two"): 3 for number in range(THREADS)},
    }


def test_failures_are_handed_out_once(mock):
    """Of 100 that wait, 100 polls get one."""
    asked = mock("jobs: {a: {timeline: [{status: one, for: 50 polls}, {status: two}]}}")
    asked.driver.fail_next("job_may_be_deleted", times=100)
    seen = Counter(at_once(lambda _: asked.sees(), 5))
    assert seen == {"This job may be deleted.": 100, "one": 50, "two": 64 * 5 - 150}


def test_polls_steps_resets_and_readers_at_once(mock):
    """Nothing breaks, and what is seen is always one of the steps."""
    asked = mock(
        "jobs: {'*': {timeline: "
        "[{status: one, for: 3 polls}, {status: two, for: 1s}, {status: three}]}}"
    )

    def act(number):
        match number % 8:
            case 0:
                asked.driver.reset("a")
            case 1:
                asked.driver.go_to("a", 1)
            case 2:
                list(asked.engine.journal)
            case 3:
                asked.clock.advance(10**8)
            case 4:
                asked.driver.reset()
        return asked.sees("a")

    assert set(at_once(act, 20)) <= {"one", "two", "three"}
