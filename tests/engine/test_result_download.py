"""Result links that fail at first."""

import json

import pytest

from mock_p1.base.clock import VirtualClock
from mock_p1.base.messages import Fault, Reply, Request
from mock_p1.engine.driver import Driver
from mock_p1.engine.engine import Engine
from mock_p1.scenario.parser import parse
from mock_p1.scenario.problems import ScenarioError

FAILING = """
jobs:
  a: {timeline: [{status: job_finished, result: {rows: 3, fails: 2}}]}
  b: {timeline: [{status: job_finished, result: {rows: 3, fails: 1}}]}
"""


def download(engine: Engine, job: str = "a") -> Reply:
    """Fetch a job's result."""
    reply = engine.handle(Request("GET", link(engine, job)))
    assert isinstance(reply, Reply)
    return reply


def link(engine: Engine, job: str = "a") -> str:
    """Poll a job, and return the path of its download_url."""
    reply = engine.handle(Request("GET", f"/v1/external/retrain_jobs/{job}", api_keys=("k",)))
    assert isinstance(reply, Reply)
    return json.loads(reply.body)["download_url"]


@pytest.fixture
def engine():
    """An engine whose links fail at first."""
    return Engine(parse(FAILING), VirtualClock())


def test_a_link_fails_as_often_as_the_scenario_says(engine):
    """The first downloads are answered 503 with Retry-After; from then on the file comes."""
    answers = [download(engine) for _ in range(4)]
    assert [reply.status for reply in answers] == [503, 503, 200, 200]
    assert dict(answers[0].headers)["Retry-After"] == "1"
    assert answers[2].body[:2] == b"PK"


@pytest.mark.parametrize("polls", [0, 1])
def test_the_link_in_a_slow_answer_leads_to_the_result(polls):
    """Its body comes whole in the end, so a client follows it, also where it is the first."""
    finished = "{status: job_finished, result: {rows: 3}}"
    engine = Engine(parse(f"jobs: {{a: {{timeline: [{finished}]}}}}"), VirtualClock())
    for _ in range(polls):
        link(engine)
    Driver(engine).fail_next("slow_body")
    slow = engine.handle(Request("GET", "/v1/external/retrain_jobs/a", api_keys=("k",)))
    assert isinstance(slow, Fault)
    followed = json.loads(b"".join(piece for _, piece in slow.pieces))["download_url"]
    reply = engine.handle(Request("GET", followed))
    assert isinstance(reply, Reply)
    assert reply.body[:2] == b"PK"


def test_each_job_has_failures_of_its_own(engine):
    """Fetching one job's result uses up none of another's failures."""
    download(engine, "b")
    assert download(engine, "b").status == 200
    assert download(engine, "a").status == 503


def test_a_reset_of_the_job_lets_its_link_fail_anew(engine):
    """Only that job's: the others stay as they are."""
    for job in ("a", "a", "b"):
        download(engine, job)
    Driver(engine).reset("a")
    assert (download(engine, "a").status, download(engine, "b").status) == (503, 200)


def test_a_wrong_name_uses_up_no_failure(engine):
    """What is not there is not there, however often the link is still to fail."""
    reply = engine.handle(Request("GET", link(engine, "b").replace("result.zip", "other.zip")))
    assert isinstance(reply, Reply)
    assert (reply.status, download(engine, "b").status) == (404, 503)


def test_loading_a_scenario_lets_the_links_of_changed_jobs_fail_anew(engine):
    """Those of the others have failed as often as they should."""
    for job in ("a", "a", "b"):
        download(engine, job)
    engine.load(parse(FAILING.replace("fails: 2", "fails: 1")))
    assert (download(engine, "a").status, download(engine, "b").status) == (503, 200)


def test_failures_are_a_small_number():
    """A negative number of failures is a problem of the file."""
    with pytest.raises(ScenarioError, match="at least 0"):
        parse(FAILING.replace("fails: 2", "fails: -1"))
