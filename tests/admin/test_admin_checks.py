"""``/__admin/checks``: a client in any language is judged as one in Python is."""

import pytest
from helpers.admin_client import JOBS, Controls

from mock_p1.engine.journal import NOT_AWAITED
from mock_p1.scenario.parser import parse

SCENARIO = """
jobs:
  a: {timeline: [{status: job_running, for: 60s}, {status: job_finished}]}
  busy:
    timeline:
      - {reply: {status_code: 429, retry_after: 30s}, for: 1 poll}
      - {status: job_failed}
"""
ALWAYS = {"sequence": True, "no_unexpected": True}


@pytest.fixture
def controls():
    """The controls of a mock that no client has asked yet."""
    return Controls(parse(SCENARIO, "checks.yaml"))


def switch(controls, key="demo-key"):
    """Switch to the model of a job."""
    return controls.client.put(f"{JOBS}a/update_model", headers={"x-api-key": key})


def verdict(controls, query=""):
    """Return whether each check passed, and all together."""
    found = controls.get(f"/checks{query}")
    by_name = {check["name"]: check["passed"] for check in found["checks"]}
    assert found["passed"] is all(by_name.values())
    return by_name


def why(controls, name, query=""):
    """Return what is wrong by one check."""
    (check,) = [each for each in controls.get(f"/checks{query}")["checks"] if each["name"] == name]
    return check["why"]


def test_a_right_client_passes(controls):
    """With nothing said of what did not come up."""
    controls.poll("a")
    controls.pass_time(60)
    controls.poll("a")
    assert switch(controls).status_code == 200
    assert verdict(controls) == ALWAYS
    assert "why" not in controls.get("/checks")["checks"][0]


def test_a_client_that_asks_for_nothing_is_not_right(controls):
    """There is nothing to judge."""
    assert verdict(controls) == ALWAYS | {"sequence": False}
    assert why(controls, "sequence", "?job=a").startswith("the client made no call about job 'a'")


def test_calls_in_a_wrong_order(controls):
    """What is wrong is said, with the table of calls and a mark."""
    controls.poll("a")
    switch(controls)
    assert verdict(controls) == ALWAYS | {"sequence": False}
    told, _, table = why(controls, "sequence").partition("\n\n")
    assert told == "call 2 switched to job 'a' before a poll had shown job_finished"
    assert [line[0] for line in table.splitlines()[1:]] == [" ", ">"]


def test_calls_that_there_are_not(controls):
    """As no assertion of the sequence says."""
    controls.poll("a")
    controls.client.get("/v1/external/retrain_job/a")
    assert verdict(controls) == ALWAYS | {"no_unexpected": False}
    assert "/v1/external/retrain_job/a" in why(controls, "no_unexpected")


@pytest.mark.parametrize(("waited", "passed"), [(30, True), (29, False)])
def test_retry_after(controls, waited, passed):
    """Judged where an answer had it."""
    controls.poll("busy")
    controls.pass_time(waited)
    controls.poll("busy")
    assert verdict(controls) == ALWAYS | {"respects_retry_after": passed}


def test_retry_after_in_an_answer_that_nobody_has_read(controls):
    """It asked nothing of the client, so nothing is said of it."""
    controls.poll("busy")
    controls.engine.add_note(1, NOT_AWAITED)
    assert verdict(controls) == ALWAYS


@pytest.mark.parametrize(
    ("query", "passed"),
    [("min_interval=10s", True), ("min_interval=11s", False), ("max_interval=9s", False)],
)
def test_intervals(controls, query, passed):
    """Judged where the query asks."""
    for _ in range(2):
        controls.poll("a")
        controls.pass_time(10)
    assert verdict(controls, f"?{query}") == ALWAYS | {"interval": passed}


def test_bounds_that_no_interval_can_keep(controls):
    """They are refused, whatever the client did."""
    text = "no interval is at least 2m and at most 30s"
    answer = controls.refused(400, "GET", "/checks?min_interval=2m&max_interval=30s")
    assert answer["error"] == "MOCK_P1_BAD_VALUE"
    assert text in answer["message"]


def test_jobs_that_were_dropped(controls):
    """Every job that the client polled is judged, as in Python."""
    asked = "?stopped_after=job_finished"
    for job in ("busy", "a", "a"):
        controls.poll(job)
        controls.pass_time(60)
    told = "the client had not seen job_finished when it dropped job 'busy' after poll 1"
    assert why(controls, "stopped_after", asked).startswith(told)
    controls.poll("busy")
    assert verdict(controls, asked)["stopped_after"] is True


def test_polls_behind_the_end(controls):
    """Judged by the status that is asked for."""
    for _ in range(3):
        controls.poll("busy")
        controls.pass_time(30)
    assert verdict(controls, "?stopped_after=job_failed")["stopped_after"] is False
    assert "poll 3 came after" in why(controls, "stopped_after", "?stopped_after=job_failed")


def test_each_client_by_itself(controls):
    """What another key did wrong is not this one's."""
    controls.poll("a", "one")
    switch(controls, "two")
    assert verdict(controls, "?api_key=one") == ALWAYS
    assert verdict(controls, "?api_key=two") == ALWAYS | {"sequence": False}
    assert verdict(controls) == ALWAYS | {"sequence": False}


def test_a_span_that_is_none(controls):
    """It is refused, and named."""
    refusal = controls.refused(400, "GET", "/checks?min_interval=soon")
    assert "min_interval" in refusal["message"]


def short(**engine):
    """The controls of a mock whose journal keeps four calls."""
    return Controls(parse(SCENARIO, "checks.yaml"), journal_max=4, **engine)


def test_calls_that_are_forgotten():
    """A check says so: how many, what keeps more, and how to begin anew."""
    controls = short()
    for _ in range(6):
        controls.poll("a")
        controls.pass_time(30)
    assert verdict(controls) == ALWAYS | {"all_kept": False}
    assert why(controls, "all_kept") == (
        "not all calls can be judged: the journal has forgotten 2 calls, as it keeps the newest 4 "
        "of all (serve --journal-max keeps more); a reset, or DELETE /__admin/requests, begins anew"
    )


def test_nobody_is_blamed_for_what_is_forgotten():
    """A poll had shown the end, and its row is gone since others polled."""
    controls = short()
    controls.poll("a")
    controls.pass_time(60)
    controls.poll("a")
    switch(controls)
    for _ in range(3):
        controls.poll("a", "other")
    asked = "?api_key=demo-key&stopped_after=job_finished&max_interval=1s"
    assert verdict(controls, asked) == ALWAYS | {
        "all_kept": False,
        "interval": True,
        "stopped_after": True,
    }


def test_what_is_wrong_still_is_said_beside_what_is_forgotten():
    """Each check says what it has found."""
    controls = short()
    for _ in range(5):
        controls.poll("a")
    controls.client.get("/v1/external/retrain_job/a")
    assert verdict(controls, "?min_interval=1s") == ALWAYS | {
        "all_kept": False,
        "no_unexpected": False,
        "interval": False,
    }


@pytest.mark.parametrize(
    ("query", "forgets"),
    [("?api_key=one", True), ("?api_key=two", False), ("?job=busy", True), ("?job=a", False)],
)
def test_whose_calls_are_forgotten(query, forgets):
    """Those of another key, or about another job, are no matter; nor is this one then let pass."""
    controls = short()
    for _ in range(3):
        controls.poll("busy", "one")
        controls.pass_time(30)
    controls.poll("a", "two")
    switch(controls, "two")
    found = verdict(controls, f"{query}&stopped_after=job_failed_twice")
    assert ("all_kept" in found) is forgets
    assert found["sequence"] is found["stopped_after"] is forgets


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/reset", {"api_key": "demo-key"}),
        ("POST", "/reset", {}),
        ("DELETE", "/requests", None),
    ],
)
def test_judging_begins_anew(controls, method, path, body):
    """With nothing forgotten, and nothing made yet."""
    controls = short()
    for _ in range(6):
        controls.poll("a")
    controls.do(method, path, body)
    assert verdict(controls, "?api_key=demo-key") == ALWAYS | {"sequence": False}
    controls.poll("a")
    assert verdict(controls, "?api_key=demo-key") == ALWAYS


def test_a_journal_that_keeps_nothing():
    """All is forgotten: nobody says that the client made no call."""
    controls = Controls(parse(SCENARIO, "checks.yaml"), journal_max=0)
    assert verdict(controls) == ALWAYS | {"sequence": False}
    controls.poll("a")
    assert verdict(controls) == ALWAYS | {"all_kept": False}


def test_more_kinds_of_calls_than_are_told_apart(monkeypatch):
    """What is forgotten may be anybody's then, and excuses everybody."""
    monkeypatch.setattr("mock_p1.engine.totals.MAX_KINDS", 1)
    monkeypatch.setattr("mock_p1.engine.totals.MAX_SHOWN", 1)
    controls = short()
    controls.poll("a", "other")
    controls.poll("a")
    for _ in range(4):
        switch(controls)
    assert verdict(controls, "?api_key=demo-key") == ALWAYS | {"all_kept": False}


def test_a_poll_by_hand_is_no_clients(controls):
    """It is neither the client's, nor one too many, nor too early."""
    controls.poll("a")
    controls.pass_time(60)
    controls.poll("a")
    switch(controls)
    controls.do("POST", "/jobs/a/poll", {})
    asked = "?stopped_after=job_finished&min_interval=30s"
    right = ALWAYS | {"interval": True, "stopped_after": True}
    assert verdict(controls, asked) == right
    assert controls.get("/requests/count") == {"count": 4}


def test_an_answer_from_before_a_reset_asks_for_nothing(controls):
    """Nothing is said of it."""
    controls.poll("busy")
    controls.do("POST", "/reset", {"api_key": "demo-key"})
    controls.poll("a")
    assert verdict(controls) == ALWAYS


def test_a_client_once_more_after_a_reset_of_its_key(controls):
    """What another one did before counts for it, and what this one did does not."""
    for reset in ({"api_key": "demo-key"}, {"api_key": "demo-key"}, {}):
        controls.poll("a")
        controls.pass_time(60)
        controls.poll("a")
        switch(controls)
        asked = "stopped_after=job_finished&min_interval=30s"
        right = ALWAYS | {"interval": True, "stopped_after": True}
        assert verdict(controls, f"?api_key=demo-key&{asked}") == right
        controls.client.get("/v1/external/none", headers={"x-api-key": "demo-key"})
        controls.do("POST", "/reset", reset)
