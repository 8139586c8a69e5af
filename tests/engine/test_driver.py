"""Driving an engine from outside."""

import gc
import json
import weakref

import pytest

from mock_p1.base.clock import SECOND, RealClock
from mock_p1.contract.errors import FAULTS
from mock_p1.contract.operations import RETRAIN_STATUS_CHECK
from mock_p1.engine.driver import MAX_INJECTED, Driver, FixedClock, NoSuchJob, NoSuchStep
from mock_p1.engine.engine import Engine
from mock_p1.engine.snapshot import show
from mock_p1.engine.timeline import State
from mock_p1.scenario.parser import parse

GONE = "This job may be deleted."
TEXT = """
    jobs:
      a:
        timeline:
          - {status: job_waiting, for: 2 polls}
          - {status: job_running, for: 90s}
          - {status: job_checking, for: manual}
          - {status: job_finished}
      ring: {at_end: loop, timeline: [{status: one, for: manual}, {status: two, for: manual}]}
      "*": {timeline: [{status: one, for: 1 poll}, {status: two}]}
    generated_jobs: [{count: 5000, prefix: load-, timeline: [{status: s}]}]
"""


def test_a_step_by_hand(mock):
    """To the next step, whatever the one before was waiting for."""
    asked = mock(TEXT)
    seen = [asked.sees()]
    for _ in range(3):
        asked.driver.step("a")
        seen.append(asked.sees())
    assert seen == ["job_waiting", "job_running", "job_checking", "job_finished"]


def test_at_the_end_there_is_no_step(mock):
    """It is said how many there are."""
    asked = mock(TEXT)
    asked.driver.set_status("a", "job_finished")
    with pytest.raises(NoSuchStep, match="job 'a' has 4 steps, and none to move to"):
        asked.driver.step("a")
    assert asked.sees() == "job_finished"


def test_a_loop_has_always_a_next_step(mock):
    """After the last the first."""
    asked = mock(TEXT)
    seen = [asked.sees("ring")]
    for _ in range(2):
        asked.driver.step("ring")
        seen.append(asked.sees("ring"))
    assert seen == ["one", "two", "one"]


def test_a_job_may_be_moved_before_its_first_poll(mock):
    """Every key then meets it there."""
    asked = mock(TEXT)
    asked.driver.step("a")
    asked.driver.step("a")
    assert [asked.sees(key=key) for key in ("k", "l")] == ["job_checking", "job_checking"]


def test_a_step_counts_from_where_time_has_brought_the_job(mock):
    """Not from where the last poll saw it."""
    asked = mock(TEXT)
    for _ in range(3):
        asked.poll()
    asked.wait(90)
    asked.driver.step("a")
    assert asked.sees() == "job_finished"


def test_a_moved_job_begins_its_step_anew(mock):
    """Its time counts from the move, its polls from none."""
    asked = mock(TEXT)
    asked.poll()
    asked.wait(1000)
    asked.driver.set_status("a", "job_running")
    asked.wait(89)
    assert asked.sees() == "job_running"
    asked.wait(1)
    assert asked.sees() == "job_checking"
    asked.driver.go_to("a", 0)
    assert [asked.sees(), asked.sees(), asked.sees()] == [
        "job_waiting",
        "job_waiting",
        "job_running",
    ]


def test_a_move_is_for_every_key(mock):
    """Each from where it is."""
    asked = mock(TEXT)
    for key in ("k", "k", "k", "l"):
        asked.poll(key=key)
    asked.driver.step("a")
    assert [asked.sees(key=key) for key in ("k", "l", "m")] == [
        "job_checking",
        "job_running",
        "job_running",
    ]


@pytest.mark.parametrize("job", ["b", "load-7", "*"])
def test_jobs_of_patterns_and_generated_ones_can_be_moved(mock, job):
    """Any job that a poll would find."""
    asked = mock(TEXT)
    asked.driver.set_status(job, asked.driver.program_of(job).steps[-1].status)
    assert asked.sees(job) == asked.driver.program_of(job).steps[-1].status


def test_an_unknown_job(mock):
    """The known ones are named, the closest first where there are many."""
    asked = mock("jobs: {retrain-001: {error: job_may_be_deleted}}")
    expected = "unknown job 'retrian-001'; known: retrain-001; did you mean retrain-001?"
    for act in ("step", "reset", "program_of"):
        with pytest.raises(NoSuchJob, match=expected):
            getattr(asked.driver, act)("retrian-001")
    with pytest.raises(NoSuchJob, match=expected):
        asked.driver.set_status("retrian-001", "job_finished")
    with pytest.raises(NoSuchJob, match=expected):
        asked.driver.fail_next("timeout", job_id="retrian-001")


def test_of_very_many_jobs_all_are_counted(mock):
    """Those of clients too, but each once."""
    asked = mock("generated_jobs: [{count: 1200, prefix: load-, timeline: [{status: x}]}]")
    asked.sees("load-7")
    asked.create()
    with pytest.raises(NoSuchJob, match=r"… \(1,201 in all\); did you mean load-"):
        asked.driver.step("load-0")


def test_an_unknown_status(mock):
    """Those that the job can show are named, each once."""
    asked = mock(
        "jobs: {a: {timeline: [{status: x, for: 1 poll}, {status: x, for: 1 poll}, "
        "{error: job_may_be_deleted}]}}"
    )
    with pytest.raises(NoSuchStep, match=r"^job 'a': unknown status 'y'; known: x$"):
        asked.driver.set_status("a", "y")


@pytest.mark.parametrize("index", [-1, 4, 10**9])
def test_a_step_that_is_not_there(mock, index):
    """Counted from nought."""
    with pytest.raises(NoSuchStep):
        mock(TEXT).driver.go_to("a", index)


@pytest.mark.parametrize("name", [*RETRAIN_STATUS_CHECK.errors, *FAULTS])
def test_the_next_poll_may_fail(mock, name):
    """With any error or fault, once; the job does not move."""
    asked = mock(TEXT)
    asked.driver.fail_next(name)
    asked.poll()
    assert [asked.sees(), asked.sees(), asked.sees()] == [
        "job_waiting",
        "job_waiting",
        "job_running",
    ]
    entry = asked.entries[0]
    assert (entry.error or entry.fault, entry.source, entry.job_id) == (name, "fail_next", "a")


def test_failures_may_wait_for_one_job(mock):
    """Others are answered as ever.

    Failures of any job and of one go in the order they were asked for.
    """
    asked = mock(TEXT)
    asked.driver.fail_next("job_may_be_deleted", job_id="a")
    asked.driver.fail_next("not_found_retrain_job", times=2)
    assert [asked.sees(job) for job in ("b", "a", "a", "a")] == [
        "Not found retrain job.",
        "This job may be deleted.",
        "Not found retrain job.",
        "job_waiting",
    ]


@pytest.mark.parametrize("times", [0, -1, MAX_INJECTED + 1])
def test_a_number_of_failures_that_is_none(mock, times):
    """At least one, at most a hundred thousand."""
    with pytest.raises(ValueError, match=r"at least 1|at most 100,000 failures can wait"):
        mock(TEXT).driver.fail_next("timeout", times=times)


def test_an_unknown_failure(mock):
    """Both lists are named."""
    with pytest.raises(
        ValueError,
        match=(
            r"unknown error or fault of retrain_status_check 'timeuot'; "
            r"known: .*did you mean timeout\?"
        ),
    ):
        mock(TEXT).driver.fail_next("timeuot")


def test_forgiving_takes_back_what_waits(mock):
    """And says how much it was."""
    asked = mock(TEXT)
    asked.driver.fail_next("timeout", times=3)
    asked.poll()
    assert asked.driver.forgive() == 2
    assert asked.sees() == "job_waiting"


def test_a_reset_of_everything(mock):
    """Jobs begin anew; queued failures, the journal and moves by hand are forgotten."""
    asked = mock(TEXT)
    for _ in range(3):
        asked.poll()
    asked.driver.step("ring")
    asked.driver.fail_next("timeout")
    asked.driver.reset()
    assert asked.entries == []
    assert [asked.sees(), asked.sees("ring")] == ["job_waiting", "one"]


def test_a_reset_of_one_job(mock):
    """That one alone, with the failures that wait for it; the journal stays."""
    asked = mock(TEXT)
    for job in ("a", "a", "b"):
        asked.poll(job)
    asked.driver.fail_next("timeout", job_id="a")
    asked.driver.fail_next("job_may_be_deleted", job_id="b")
    asked.driver.reset("a")
    assert len(asked.entries) == 3
    assert [asked.sees("a"), asked.sees("b"), asked.sees("b")] == [
        "job_waiting",
        "This job may be deleted.",
        "two",
    ]


def test_where_a_job_is(mock):
    """Time is counted up to now; no poll is."""
    asked = mock(TEXT)

    def states():
        return [track.state for track in show(asked.engine, "a").tracks]

    assert states() == []
    for _ in range(3):
        asked.poll()
    assert states() == [State(1, 0, 1)]
    asked.wait(100)
    assert states() == [State(2, 90 * SECOND, 0)]


def test_the_clock_can_be_driven(mock):
    """Forward, in nanoseconds."""
    asked = mock(TEXT)
    asked.driver.advance(90 * SECOND)
    assert asked.clock.now_ns() == 90 * SECOND


def test_a_virtual_clock_has_no_speed(mock):
    """It says what moves it."""
    driver = mock(TEXT).driver
    for act in (lambda: driver.set_speed(2), driver.freeze):
        with pytest.raises(FixedClock, match="moves when it is advanced"):
            act()


def test_a_real_clock_has_a_speed():
    """It can be set, and the clock stopped."""
    clock = RealClock()
    driver = Driver(Engine(parse("jobs: {}"), clock))
    driver.set_speed(60)
    driver.freeze()
    assert (clock.speed, clock.frozen) == (60, True)


def test_every_act_is_noted(mock):
    """For those who watch."""
    asked = mock(TEXT)
    asked.driver.step("a")
    asked.driver.fail_next("timeout")
    asked.driver.advance(5)
    asked.driver.forget_requests()
    asked.driver.reset("a")
    asked.driver.reset()
    changes = [
        (change.number, change.moment_ns, change.kind, change.job_id)
        for change in asked.engine.changes.after(0)
    ]
    assert changes == [
        (1, 0, "job", "a"),
        (2, 0, "next", None),
        (3, 5, "clock", None),
        (4, 5, "requests", None),
        (5, 5, "job", "a"),
        (6, 5, "reset", None),
    ]


SWAPPED = TEXT.replace("job_checking", "job_checked").replace(
    "      ring:", "      new: {error: job_may_be_deleted}\n      ring:"
)


def test_a_swapped_scenario_keeps_the_jobs_that_did_not_change(mock):
    """A job whose timeline changed begins anew at its next poll; a new one is there."""
    asked = mock(TEXT)
    for job in ("a", "a", "a", "b"):
        asked.poll(job)
    asked.driver.step("ring")
    counts = asked.driver.load(mock(SWAPPED).engine.scenario)
    assert counts == (1, 1)
    assert [asked.sees(job) for job in ("a", "b", "ring", "new")] == [
        "job_waiting",
        "two",
        "two",
        GONE,
    ]


def test_a_swapped_scenario_may_refuse_a_key(mock):
    """Also one that was known before."""
    asked = mock(f"api_keys: {{k: active}}\n{'jobs: {a: {timeline: [{status: one}]}}'}")
    asked.poll()
    asked.driver.load(parse("api_keys: {l: active}\njobs: {a: {timeline: [{status: one}]}}"))
    assert [asked.sees(key=key) for key in ("k", "l")] == ["Not_found_credential.", "one"]


def test_a_swapped_scenario_writes_its_own_values(mock):
    """Nothing that was written for the one before is sent again."""
    text = "seed: {}\njobs: {{a: {{timeline: [{{status: s, message: {{fake: sentence}}}}]}}}}"
    asked = mock(text.format(1))
    before = json.loads(asked.poll().body)["message"]
    asked.driver.load(parse(text.format(2)))
    assert json.loads(asked.poll().body)["message"] != before


def test_a_scenario_that_is_not_played_any_more_is_freed_at_once(mock):
    """Nothing of it holds itself: `serve` seldom has the garbage collector search everything."""
    retired = parse("jobs: {a: {timeline: [{error: job_may_be_deleted}]}}")
    asked = mock("jobs: {a: {timeline: [{status: s}]}}")
    asked.engine.load(retired)
    assert asked.poll().status == 400
    left = weakref.ref(retired)
    gc.collect()
    gc.disable()
    try:
        asked.engine.load(parse("jobs: {b: {timeline: [{status: s}]}}"))
        del retired
        assert left() is None
    finally:
        gc.enable()
