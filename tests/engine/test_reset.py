"""Beginning anew: everything, one job, or what one key made."""

import json

import pytest

from mock_p1.base.clock import SECOND
from mock_p1.base.messages import Request
from mock_p1.server.upload_store import UploadStore

NEW = """
new_jobs:
  timeline: [{status: job_waiting, for: upload}, {status: job_finished, result: {rows: 3}}]
jobs: {a: {timeline: [{status: one, for: 1 poll}, {status: two}]}}
"""


def test_all_that_clients_made_is_gone(mock):
    """Issued keys, created jobs, files, counts; sequences begin again, old URLs lead nowhere."""
    asked = mock(NEW)
    key = asked.key()
    job, path = asked.create(key)
    asked.put(path)
    asked.driver.reset()
    assert asked.uploads == []
    assert asked.entries == []
    assert json.loads(asked.put(path).body)["error"] == "MOCK_P1_NO_UPLOAD"
    again = asked.key()
    assert asked.create(again)[0] == job
    assert json.loads(asked.put(path).body)["error"] == "MOCK_P1_NO_UPLOAD"


def test_the_content_of_what_was_sent_goes_too(mock):
    """Of the callers that begin anew; nobody else's."""
    asked = mock(NEW, store=UploadStore())
    for secret in ("s-1", "s-2"):
        asked.put(asked.create(asked.key(secret))[1])
    one, other = (upload.kept for upload in asked.uploads)
    asked.driver.reset(key="s-1")
    assert (one.content(), other.content()) == (None, b"a,b\n1,2\n")


def test_one_created_job_waits_for_its_file_again(mock):
    """At the same URL."""
    asked = mock(NEW)
    job, path = asked.create()
    asked.put(path)
    assert asked.sees(job) == "job_finished"
    asked.driver.reset(job)
    assert asked.sees(job) == "job_waiting"
    assert asked.put(path).status == 200
    assert asked.sees(job) == "job_finished"


def test_one_key_alone(mock):
    """Its jobs, keys and files; nobody else's."""
    asked = mock(NEW)
    for secret in ("s-1", "s-2"):
        asked.put(asked.create(asked.key(secret))[1])
    for key in ("k-1", "k-2"):
        asked.poll("a", key)
    asked.driver.reset(key="s-1")
    asked.driver.reset(key="k-1")
    assert [upload.caller.masked for upload in asked.uploads] == ["…"]
    assert len(asked.uploads) == 1
    assert [asked.sees("a", key) for key in ("k-1", "k-2")] == ["one", "two"]


def test_one_job_of_one_key(mock):
    """The other keys go on where they were."""
    asked = mock(NEW)
    for key in ("k-1", "k-2"):
        asked.poll("a", key)
    asked.driver.reset("a", key="k-1")
    assert [asked.sees("a", key) for key in ("k-1", "k-2")] == ["one", "two"]


def test_a_failure_for_one_key_strikes_no_other(mock):
    """Whether it is an API key or a secret key."""
    asked = mock(NEW)
    issued = asked.key("s-1")
    asked.driver.fail_next("job_may_be_deleted", key="s-1")
    assert [asked.sees("a", key) for key in ("k-1", issued, issued)] == [
        "one",
        "This job may be deleted.",
        "one",
    ]


def test_another_scenario_keeps_created_jobs_that_did_not_change(mock):
    """And their files; changed ones begin anew."""
    from mock_p1.scenario.parser import parse  # noqa: PLC0415 -- beside its only use

    asked = mock(NEW)
    job, path = asked.create()
    asked.put(path)
    asked.engine.load(parse(NEW + "description: other"))
    assert asked.sees(job) == "job_finished"
    asked.engine.load(parse(NEW.replace("job_finished", "job_failed")))
    assert asked.sees(job) == "Not found retrain job."


RESULT = "jobs: {a: {timeline: [{status: job_finished, result: generated}]}}"


def test_a_reset_of_a_key_lets_its_held_downloads_go(mock):
    """A link carries no key, and leads to its caller all the same."""
    asked = mock(RESULT)
    request = Request("GET", asked.result_path(key="k"), base_url="http://mock")
    with asked.engine.held.hold(request, SECOND, lambda: None) as hold:
        asked.driver.reset(key="another")
        assert not hold.let_go
        asked.driver.reset(key="k")
        assert hold.let_go


@pytest.mark.parametrize("act", ["reset", "restart"])
def test_held_answers_are_let_go_once_all_has_begun_anew(mock, act):
    """An answer that is held back meanwhile would wait for a time of before."""
    asked, seen = mock(RESULT), []
    begun_ns = asked.clock.now_ns()
    path = asked.result_path()
    asked.wait(3600)

    def look():
        known = list(asked.engine.job_states.known())
        seen.append((known, asked.clock.now_ns() - begun_ns))

    with asked.engine.held.hold(Request("GET", path), SECOND, look):
        getattr(asked.driver, act)()
    assert seen == [([], 0 if act == "restart" else 3600 * SECOND)]


def test_keys_that_were_reset_are_not_kept_for_ever(mock, monkeypatch):
    """Those reset last are known, whose old links lead nowhere."""
    monkeypatch.setattr("mock_p1.engine.mock_state.MAX_RESETS", 2)
    asked = mock(RESULT)
    for key in ("one", "two", "one", "three"):
        asked.poll(key=key)
        asked.driver.reset(key=key)
    assert asked.engine.state.caller_resets == {"one": 2, "three": 1}
