"""A path that was polled before leads straight to its job; nobody may see a difference."""

import gc
import random

import pytest

from mock_p1.base.messages import Reply, Request
from mock_p1.base.text import mask
from mock_p1.engine.driver import Driver
from mock_p1.engine.engine import Engine
from mock_p1.engine.job_states import JobState
from mock_p1.scenario.parser import parse

JOBS_MAX = 50
COUNTDOWN = """
jobs:
  "*": {timeline: [{status: first, for: 1 polls}, {status: second, for: 1 polls}, {status: third}]}
"""


@pytest.fixture
def engine():
    """Return an engine in which any job shows first, second and third, a poll each."""
    return Engine(parse(COUNTDOWN), jobs_max=JOBS_MAX)


def poll(engine, job="a", key="key-1", method="GET"):
    """Return what a poll shows."""
    reply = engine.handle(
        Request(method, f"/v1/external/retrain_jobs/{job}", "", (key,), "http://mock")
    )
    assert isinstance(reply, Reply)
    return next(
        (word for word in ("first", "second", "third") if word.encode() in reply.body), reply.status
    )


def test_goes_on_with_the_job(engine):
    """Polls of one path move one job."""
    assert [poll(engine) for _ in range(4)] == ["first", "second", "third", "third"]


def test_keys_in_turn(engine):
    """Two keys that poll the same path in turn each see the job from its beginning."""
    seen = [poll(engine, key=key) for key in ("key-1", "key-2") * 3]
    assert seen == ["first", "first", "second", "second", "third", "third"]


def test_each_key_has_its_own_way_to_its_job(engine, monkeypatch):
    """However many poll one job in turn, none is looked up anew but at its first poll."""
    keys = [f"key-{number}" for number in range(20)]
    for key in keys:
        poll(engine, key=key)
    monkeypatch.setattr(Engine, "_handle_any", None)
    assert {poll(engine, key=key) for key in keys} == {"second"}
    assert {poll(engine, key=key) for key in keys} == {"third"}


def test_two_spellings(engine):
    """Two spellings of an id, in turn, are polls of one job."""
    assert [poll(engine, job) for job in ("ab", "a%62", "ab", "a%62")] == [
        "first",
        "second",
        "third",
        "third",
    ]


def test_another_method(engine):
    """A path that was polled does not take other methods."""
    poll(engine)
    assert poll(engine, method="DELETE") == 405
    assert poll(engine) == "second"


def test_key_with_blanks(engine):
    """A key is the same with blanks around it."""
    assert [poll(engine, key=key) for key in ("key-1", " key-1 ", "key-1")] == [
        "first",
        "second",
        "third",
    ]


def test_without_key_after_a_poll(engine):
    """A path that was polled with a key does not answer without one."""
    poll(engine)
    reply = engine.handle(Request("GET", "/v1/external/retrain_jobs/a", "", (), "http://mock"))
    assert b"invalid_api_key" in reply.body


@pytest.mark.parametrize("which", [None, "a"])
def test_reset(engine, which):
    """After a reset of everything, or of the job, the path leads to its beginning."""
    poll(engine)
    Driver(engine).reset(which)
    assert poll(engine) == "first"


def test_forced_failure(engine):
    """A queued failure is met at a path that was polled before, and the job does not move."""
    poll(engine)
    Driver(engine).fail_next("job_may_be_deleted")
    assert [poll(engine), poll(engine)] == [400, "second"]


def test_scenario_without_the_job(engine):
    """A job that the new scenario lacks is gone at once, also where its path was polled before."""
    poll(engine)
    engine.load(parse("jobs: {b: {timeline: [{status: first}]}}"))
    assert poll(engine) == 400


def test_oldest_guests_are_forgotten(engine):
    """Of too many jobs that only a pattern knows, the one polled longest ago begins anew.

    A poll keeps one.
    """
    for number in range(JOBS_MAX):
        poll(engine, f"job-{number}")
    assert poll(engine, "job-0") == "second"
    poll(engine, "one-too-many")
    assert poll(engine, "job-0") == "third"
    assert poll(engine, "job-1") == "first"
    assert engine.job_states.evicted == 2


def test_first_key_is_forgotten(engine):
    """When the key that polled a job first is forgotten, the others keep their order."""
    for key in ("key-1", "key-2", "key-3"):
        poll(engine, key=key)
    for number in range(JOBS_MAX - 2):
        poll(engine, f"job-{number}")
    assert [job.caller.name for job in engine.job_states.of("a")] == ["key-2", "key-3"]
    assert [poll(engine, key=key) for key in ("key-3", "key-2", "key-1")] == [
        "second",
        "second",
        "first",
    ]


def test_last_key_is_forgotten(engine):
    """A job of which no key is remembered was never polled."""
    poll(engine)
    for number in range(JOBS_MAX):
        poll(engine, f"job-{number}")
    assert "a" not in engine.job_states.known()
    assert list(engine.job_states.of("a")) == []


def test_rows_of_the_journal_say_what_was_so(engine):
    """They are made when somebody reads them, and then the job may be gone, or at another step."""
    rows = []
    for job, key in (("a", "key-1"), ("a", "another-key"), ("b", "key-1")) * 3:
        poll(engine, job, key)
        rows += [*engine.journal][-1:]
    engine.load(parse(COUNTDOWN.replace("second", "other")))
    Driver(engine).reset("a")
    poll(engine, "b")
    assert [*engine.journal][:-1] == rows
    assert [row.status for row in rows] == ["first"] * 3 + ["second"] * 3 + ["third"] * 3
    assert {row.then for row in rows} >= {"second for 1 more poll", "third, and stays"}


def test_rows_of_the_journal_name_the_key_of_their_poll(mock):
    """Two keys of one caller, in turn."""
    asked = mock("secret_keys: {s: active}\njobs: {a: {timeline: [{status: job_running}]}}")
    keys = [asked.key() for _ in range(2)]
    for key in keys[:1] * 3 + keys[1:]:
        asked.poll("a", key)
    masked = [mask(key) for key in keys]
    assert [entry.api_key for entry in asked.entries[2:]] == masked[:1] * 3 + masked[1:]


def test_every_poll_of_a_placeholder_is_noted():
    """Also those of a path that was polled before, where a scenario has such a job."""
    engine = Engine(parse("jobs: {'{id}': {timeline: [{status: first}]}}"))
    assert [poll(engine, "{id}") for _ in range(3)] == ["first"] * 3
    assert [len(entry.notes) for entry in engine.journal] == [1, 1, 1]


def test_keys_are_given_the_same_answer(engine):
    """Its body is kept once; a key that is at another step has that of its own.

    Each has its own object, by which the engine knows whose answer was not awaited.
    """
    for key in ("key-1", "key-2", "key-3", "key-3"):
        poll(engine, key=key)
    first, second, third = (job.answer for job in engine.job_states.of("a"))
    assert first == second
    assert first is not second
    assert first.body is second.body
    assert b"second" in third.body


def test_the_journal_keeps_no_scenario_of_before():
    """A row is an entry once the scenario is swapped, and says the same."""
    keys = "api_keys: {key-1: active}\n"
    engine = Engine(parse(f"{keys}jobs: {{a: {{timeline: [{{status: first}}]}}}}"))
    for _ in range(3):
        poll(engine)
    before = list(engine.journal)
    program = next(engine.job_states.of("a")).program
    engine.load(parse(f"{keys}jobs: {{b: {{timeline: [{{status: second}}]}}}}"))
    assert list(engine.journal) == before
    gc.collect()
    states = [each for each in gc.get_objects() if type(each) is JobState]
    assert not any(each.program is program for each in states)


def test_the_order_of_use_keeps_nothing_that_was_forgotten(engine, monkeypatch):
    """However often jobs begin anew, their old states go."""
    monkeypatch.setattr("mock_p1.engine.job_states.MAX_FORGOTTEN", 10)
    for _ in range(100):
        poll(engine, "a")
        poll(engine, "b")
        Driver(engine).reset("a")
    states = [each for each in gc.get_objects() if type(each) is JobState]
    assert len([each for each in states if each.job_id == "a"]) < 20


def test_paths_of_keys_go_with_their_states(engine):
    """Of who was not the first, too."""
    for number in range(2 * JOBS_MAX):
        for key in ("key-1", "key-2"):
            poll(engine, f"job-{number}", key)
    assert len(engine.job_states._by_path_and_key) <= JOBS_MAX  # noqa: SLF001 -- what is kept
    assert engine.job_states.evicted == 3 * JOBS_MAX


@pytest.mark.parametrize("seed", range(20))
def test_whoever_polled_the_longest_ago_is_forgotten(engine, seed):
    """In whatever order jobs are polled, against a list that each poll puts in order."""
    chance, order, evicted = random.Random(seed), [], 0  # noqa: S311 -- nothing secret
    for _ in range(500):
        job = f"job-{chance.randrange(JOBS_MAX + 5)}"
        known = job in order
        assert (poll(engine, job) != "first") == known
        if known:
            order.remove(job)
        order.append(job)
        if len(order) > JOBS_MAX:
            del order[0]
            evicted += 1
    assert engine.job_states.evicted == evicted > 0
    saved = engine.job_states.saved()["states"]
    assert sorted((row["used"], row["job_id"]) for row in saved) == [*enumerate(order)]
