"""What happens meanwhile: a reset or another scenario, between two calls or amid an upload."""

import json
import threading
from textwrap import dedent

import pytest

from mock_p1.engine.mock_state import Prepared
from mock_p1.scenario.parser import parse

NEW = """
new_jobs:
  timeline:
    - {status: job_waiting, for: upload}
    - {status: job_running, for: 90s}
    - {status: job_finished, result: generated}
"""
DONE = "jobs: {a: {timeline: [{status: job_finished, result: {rows: 3}}]}}\n"
FAILING = "calls: {retrain_model_switch: [{error: not_found_classifier, for: 2 calls}, ok]}\n"


def load(asked, text):
    """Swap another scenario in."""
    asked.engine.load(parse(dedent(text), "other.yaml"))


def message(reply):
    """Return the message of an error; None for a good answer."""
    return None if reply.status == 200 else json.loads(reply.body)["message"]


@pytest.mark.parametrize("reset", [{}, {"job": True}, {"key": "k"}])
def test_a_file_that_was_on_its_way_through_a_reset_counts_for_nothing(mock, reset):
    """The PUT is answered 404, no upload is listed, and no job begins."""
    asked = mock(NEW)
    job, path = asked.create()
    taken = asked.begin_put(path, 100)
    taken.write(b"x" * 50)
    asked.driver.reset(**({"job_id": job} if "job" in reset else reset))
    assert taken.write(b"x" * 50) is None
    assert taken.finish().status == 404
    assert list(asked.engine.state.uploads) == []
    asked.wait(1000)
    assert asked.sees(job) != "job_finished"


def test_a_client_that_breaks_off_after_a_reset_leaves_no_upload(mock):
    """Nor does the journal claim that a job still waits."""
    asked = mock(NEW)
    _, path = asked.create()
    taken = asked.begin_put(path, 100)
    asked.driver.reset()
    taken.abort(b"x" * 10)
    assert list(asked.engine.state.uploads) == []
    assert "still waits" not in " ".join(asked.entries[-1].notes)


@pytest.mark.parametrize("act", ["load", "restart"])
def test_polls_go_on_while_a_scenario_is_compiled(mock, monkeypatch, act):
    """It may be large; only the swap itself is between two polls."""
    asked = mock("jobs: {a: {timeline: [{status: before}]}}")
    asked.driver.load(parse("jobs: {a: {timeline: [{status: between}]}}"))
    seen, compile_scenario = [], Prepared.of

    def compile_slowly(*given):
        poll = threading.Thread(target=lambda: seen.append(asked.sees()))
        poll.start()
        poll.join(20)
        return compile_scenario(*given)

    monkeypatch.setattr(Prepared, "of", compile_slowly)
    if act == "load":
        asked.driver.load(parse("jobs: {a: {timeline: [{status: after}]}}"))
    else:
        asked.driver.restart()
    assert seen == ["between"]
    assert asked.sees() == ("after" if act == "load" else "before")


def test_a_swap_keeps_places_in_lists_that_stay(mock):
    """A job's state is kept; so is what of its failures was used up."""
    asked = mock(DONE + FAILING)
    asked.poll()
    assert asked.switch().status == 400
    load(asked, DONE + FAILING + "description: the same\n")
    assert [asked.switch().status for _ in range(2)] == [400, 200]


def test_a_swap_begins_lists_anew_that_changed(mock):
    """Another list, another place."""
    asked = mock(DONE + FAILING)
    asked.switch()
    load(asked, DONE + FAILING.replace("2 calls", "3 calls"))
    assert [asked.switch().status for _ in range(4)] == [400, 400, 400, 200]


def test_a_swap_keeps_jobs_of_issued_keys(mock):
    """Though the other scenario names no key: what was issued works until it ends."""
    text = "secret_keys: {s: active}\napi_keys: {k: active}\n" + NEW
    asked = mock(text)
    key = asked.key()
    job, path = asked.create(key)
    asked.put(path)
    load(asked, text + "description: the same\n")
    asked.wait(100)
    assert asked.sees(job, key) == "job_finished"


def test_a_reset_of_a_caller_gives_the_same_keys_again(mock):
    """As a reset of everything does; links from before lead nowhere."""
    asked = mock(NEW)
    first = asked.key()
    _, path = asked.create(first)
    asked.driver.reset(key="s")
    assert asked.key() == first
    assert asked.create(first)[1] != path
    assert asked.put(path).status == 404


def test_a_job_issued_under_a_named_id_has_the_lists_of_new_jobs_too(mock):
    """Its own lists go before."""
    new = """
    new_jobs:
      ids: [a]
      calls: {retrain_model_switch: [{error: not_found_classifier}]}
    """
    asked = mock(DONE + dedent(new))
    job, path = asked.create()
    asked.put(path)
    assert job == "a"
    assert message(asked.switch("a")) == "Not found classifier."


def test_ids_of_new_jobs_are_known_before_they_are_created(mock):
    """A test may script a failure for the first job that its client will create."""
    asked = mock(NEW + "  ids: [mine]\n")
    asked.driver.fail_next("timeout", job_id="mine")
    assert asked.driver.program_of("mine").name == "new_jobs"
