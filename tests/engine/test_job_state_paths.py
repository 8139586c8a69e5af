"""A path that was polled before leads straight to its job; nobody may see a difference."""

import pytest

from mock_p1.base.messages import Reply, Request
from mock_p1.engine.driver import Driver
from mock_p1.engine.engine import Engine
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
