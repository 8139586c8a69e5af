"""Honest overload: Retry-After by the mock's clock, and a limit of polls for each key."""

from datetime import UTC, datetime

import pytest

from mock_p1.base.clock import SECOND, VirtualClock
from mock_p1.base.messages import Reply, Request
from mock_p1.engine.driver import Driver
from mock_p1.engine.engine import Engine
from mock_p1.scenario.parser import parse
from mock_p1.scenario.problems import ScenarioError

LIMITED = """
rate_limit: {polls: 3, per: 1m}
jobs:
  a: {timeline: [{status: job_waiting, for: 5 polls}, {status: job_finished}]}
  b: {timeline: [{status: job_running}]}
"""


def engine_for(text: str) -> Engine:
    """Return an engine half a minute before a month ends."""
    return Engine(parse(text), VirtualClock(datetime(2026, 1, 31, 23, 59, 30, 500_000, tzinfo=UTC)))


def answering(reply: str) -> Engine:
    """Return an engine whose job a answers this literal reply."""
    return engine_for(f"jobs: {{a: {{timeline: [{{reply: {reply}}}]}}}}")


def poll(engine: Engine, job: str = "a", key: str = "key-1") -> Reply:
    """Poll a job once."""
    reply = engine.handle(
        Request("GET", f"/v1/external/retrain_jobs/{job}", "", (key,), "http://mock")
    )
    assert isinstance(reply, Reply)
    return reply


def retry_after(reply: Reply) -> str | None:
    """Return the header, or None."""
    return dict(reply.headers).get("Retry-After")


def test_retry_after_says_seconds():
    """A reply's retry_after becomes the header, in whole seconds rounded up."""
    assert retry_after(poll(answering("{status_code: 503, retry_after: 1500ms}"))) == "2"


def test_retry_after_says_a_date_by_the_mocks_clock():
    """As a date it is never before the moment meant, and it moves with the mock's clock."""
    engine = answering("{status_code: 503, retry_after: {date: 30s}}")
    assert retry_after(poll(engine)) == "Sun, 01 Feb 2026 00:00:01 GMT"
    engine.clock.advance(3600 * SECOND)
    assert retry_after(poll(engine)) == "Sun, 01 Feb 2026 01:00:01 GMT"


def test_a_date_counts_from_the_answer():
    """A step that holds its answer back does not send a date that has passed when it comes."""
    engine = engine_for(
        "jobs: {a: {timeline: [{reply: {status_code: 503, retry_after: {date: 3s}}, delay: 10s}]}}"
    )
    assert retry_after(poll(engine)) == "Sat, 31 Jan 2026 23:59:44 GMT"


@pytest.mark.parametrize(
    "reply",
    [
        "{status_code: 503, retry_after: 30s}",
        "{status_code: 503, retry_after: {date: 30s}}",
        "{status_code: 503, headers: {retry-after: 30}}",
    ],
)
def test_the_journal_knows_how_long_the_client_was_asked_to_wait(reply):
    """Whoever judges the client finds the wait beside the poll."""
    engine = answering(reply)
    poll(engine)
    assert [entry.retry_after_ns for entry in engine.journal] == [30 * SECOND]


@pytest.mark.parametrize("value", ["0s", "soon", "30", "{date: 0s}", "{dat: 30s}"])
def test_a_retry_after_that_is_no_wait_is_refused(value):
    """Nothing, a word, a number without unit and a misspelt key are problems of the file."""
    with pytest.raises(ScenarioError):
        answering(f"{{status_code: 503, retry_after: {value}}}")


def test_retry_after_stands_once():
    """A header written by hand and retry_after together are a problem of the file."""
    with pytest.raises(ScenarioError, match="keep one of the two"):
        answering("{status_code: 503, retry_after: 3s, headers: {Retry-After: 5}}")


def test_polls_over_the_limit_are_answered_429():
    """The fourth poll in a minute is refused, and told when the first one drops out."""
    engine = engine_for(LIMITED)
    for _ in range(3):
        assert poll(engine).status == 200
        engine.clock.advance(10 * SECOND)
    refused = poll(engine)
    assert (refused.status, retry_after(refused)) == (429, "30")


def test_a_client_that_waits_as_told_is_served():
    """Retry-After is right: that long later, and not a moment before, the next poll is welcome."""
    engine = engine_for(LIMITED)
    for _ in range(3):
        poll(engine)
    engine.clock.advance(60 * SECOND - 1)
    assert retry_after(poll(engine)) == "1"
    engine.clock.advance(1)
    assert poll(engine).status == 200


def test_a_refused_poll_moves_nothing():
    """The job does not see polls over the limit, and they do not prolong the wait."""
    engine = engine_for(LIMITED)
    for _ in range(20):
        poll(engine)
    engine.clock.advance(60 * SECOND)
    assert [b"job_waiting" in poll(engine).body for _ in range(3)] == [True, True, False]


def test_the_limit_is_per_key_over_all_jobs():
    """Another key has its own; another job of the same key has not."""
    engine = engine_for(LIMITED)
    for _ in range(3):
        poll(engine)
    assert poll(engine, job="b").status == 429
    assert poll(engine, key="key-2").status == 200


def test_polls_of_a_job_that_is_not_there_count_too():
    """The limit is the key's: polls of a wrong id, or of another key's job, use it up as well."""
    engine = engine_for(LIMITED + "  theirs: {api_key: key-2, timeline: [{status: job_running}]}\n")
    answers = [poll(engine, job=job).status for job in ("nothing", "theirs", "a", "nothing", "a")]
    assert answers == [400, 400, 200, 429, 429]
    assert [(entry.job_id, entry.retry_after_ns) for entry in engine.journal][-2:] == [
        ("nothing", 60 * SECOND),
        ("a", 60 * SECOND),
    ]


def test_polls_with_a_wrong_key_are_not_counted():
    """They are told that the key is wrong, however often they come."""
    engine = engine_for(LIMITED + "api_keys: {key-1: active, old: inactive_credential}\n")
    assert {poll(engine, key=key).status for key in ("old", "nobody") for _ in range(5)} == {400}


def test_a_reset_forgets_the_polls():
    """After a reset of everything the limit begins anew."""
    engine = engine_for(LIMITED)
    assert [poll(engine).status for _ in range(4)][-1] == 429
    Driver(engine).reset()
    assert poll(engine).status == 200


def test_loading_a_scenario_with_the_same_limit_keeps_the_count():
    """An edit elsewhere in the file is no way round the limit; another limit begins anew."""
    engine = engine_for(LIMITED)
    for _ in range(3):
        poll(engine)
    engine.load(parse(LIMITED + "\ndescription: edited\n"))
    assert poll(engine).status == 429
    engine.load(parse(LIMITED.replace("3,", "4,")))
    assert poll(engine).status == 200
