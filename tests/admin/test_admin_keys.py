"""Parallel users of one server: `api_key` leaves a call to one key; `reset` begins anew."""

import pytest
from helpers.admin_client import Controls

from mock_p1.scenario.parser import parse


@pytest.fixture
def two(controls):
    """Controls after both keys have polled a job once."""
    for key in ("demo-key", "other-key"):
        controls.poll("slow", key)
    return controls


def step_of(controls, key, job="slow"):
    """Return the step at which a key is."""
    return controls.get(f"/jobs/{job}?api_key={key}")["step"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/jobs/slow/step", {"api_key": "demo-key"}),
        ("POST", "/jobs/slow/step?api_key=demo-key", None),
        ("PUT", "/jobs/slow?api_key=demo-key", {"step": 2}),
        ("PUT", "/jobs/slow", {"status": "job_running", "api_key": "demo-key"}),
    ],
)
def test_a_job_is_moved_for_one_key(two, method, path, body):
    """The other key finds it where it was; the answer shows that key's job."""
    moved = two.do(method, path, body)
    assert (moved["step"], len(moved["tracks"])) == (2, 1)
    assert (step_of(two, "demo-key"), step_of(two, "other-key")) == (2, 1)


def test_a_job_is_moved_for_a_key_that_has_not_polled_it(controls):
    """It is met there by this key, by others at its beginning."""
    controls.do("POST", "/jobs/held/step", {"api_key": "demo-key"})
    assert controls.poll("held").json["status"] == "job_running"
    assert controls.poll("held", "other-key").json["status"] == "job_waiting"


def test_a_job_of_another_key_is_none_of_this_one(controls):
    """It is neither shown nor moved."""
    for method, path in (("GET", "/jobs/private"), ("POST", "/jobs/private/step")):
        controls.refused(404, method, f"{path}?api_key=demo-key")
    controls.get("/jobs/private?api_key=other-key")


def test_the_list_is_that_of_one_key(two):
    """Its tracks alone, and no job of another key."""
    two.poll("any-1", "other-key")
    for key, ids in (("demo-key", {"slow"}), ("other-key", {"slow", "any-1"})):
        jobs = two.get(f"/jobs?polled=true&api_key={key}")["jobs"]
        assert {job["job_id"] for job in jobs} == ids
        assert all(len(job["tracks"]) == 1 for job in jobs)
    listed = two.get("/jobs?api_key=demo-key")
    assert listed["total"] == 9
    assert "private" not in {job["job_id"] for job in listed["jobs"]}


def test_requests_are_those_of_one_key(two):
    """Listed and counted; one that the mock does not imitate too."""
    two.client.get("/v2/nothing", headers={"x-api-key": "demo-key"})
    assert two.get("/requests/count?api_key=demo-key") == {"count": 2}
    assert [row["number"] for row in two.get("/requests?api_key=demo-key")["requests"]] == [1, 3]


@pytest.mark.parametrize(
    ("query", "body"), [("?api_key=demo-key", None), ("", {"api_key": "demo-key"})]
)
def test_one_keys_failures_are_taken_back(controls, query, body):
    """Those of the other key still wait."""
    for key in ("demo-key", "other-key"):
        controls.do("POST", "/next", {"fault": "timeout", "api_key": key})
    assert controls.do("DELETE", f"/next{query}", body) == {"deleted": 1}
    assert [row["api_key"] for row in controls.get("/next")["queue"]] == ["ot…"]


@pytest.mark.parametrize(
    ("query", "body"), [("?api_key=demo-key", None), ("", {"api_key": "demo-key"})]
)
def test_one_keys_jobs_begin_anew(two, query, body):
    """The other's stay, and so do clock, speed, scenario and the journal."""
    two.do("POST", "/clock", {"speed": 60, "advance": "1h"})
    two.do("POST", "/next", {"fault": "timeout", "api_key": "demo-key"})
    two.do("POST", "/next", {"fault": "timeout", "api_key": "other-key"})
    two.do("POST", f"/reset{query}", body)
    assert two.get("/jobs/slow?api_key=demo-key")["polls"] == 0
    assert two.get("/jobs/slow?api_key=other-key")["polls"] == 1
    assert [row["api_key"] for row in two.get("/next")["queue"]] == ["ot…"]
    assert (two.get("/clock")["speed"], two.get("/clock")["seconds"]) == (60, 3600)
    assert two.get("/requests/count") == {"count": 2}


def test_one_job_of_one_key_begins_anew(two):
    """By `reset` as by the job's own."""
    two.poll("held")
    two.do("POST", "/reset", {"job": "slow", "api_key": "demo-key"})
    assert two.get("/jobs/slow?api_key=demo-key")["polls"] == 0
    assert two.get("/jobs/slow?api_key=other-key")["polls"] == 1
    assert two.get("/jobs/held?api_key=demo-key")["polls"] == 1
    two.do("POST", "/jobs/slow/reset?api_key=other-key")
    assert two.get("/jobs/slow")["polls"] == 0


def test_one_job_begins_anew_for_all(two):
    """The clock goes on."""
    two.do("POST", "/clock", {"advance": 5})
    two.do("POST", "/reset?job=slow")
    assert two.get("/jobs/slow")["polls"] == 0
    assert two.get("/clock")["seconds"] == 5
    two.refused(404, "POST", "/reset", {"job": "slwo"})


def test_reset_restores_what_the_mock_started_with(controls):
    """Clock, speed, frozen, scenario."""
    controls.pass_time(7)
    controls.do("POST", "/clock", {"speed": 60, "freeze": True, "advance": "1h"})
    controls.do("PUT", "/scenario", {"name": "demo"})
    assert controls.do("POST", "/reset")["scenario"] == "jobs.yaml"
    shown = controls.get("/clock")
    assert (shown["seconds"], shown["speed"], shown["frozen"]) == (0, 1, False)
    assert controls.poll("slow").json["status"] == "job_waiting"


def test_a_scenario_says_after_which_request_it_is_played(controls):
    """So that what came before can be told from what comes after."""
    controls.poll("slow")
    assert controls.get("/scenario")["played_after"] == 0
    controls.do("PUT", "/scenario", {"name": "demo"})
    assert controls.get("/scenario")["played_after"] == 1


def test_the_keys_of_a_secret_key_are_one(scenario):
    """A failure queued for the secret key strikes an issued one, and goes with its reset."""
    mock = Controls(parse("jobs: {a: {timeline: [{status: job_running}]}}"))
    query = "credential_type=retrain&model_id=1"
    headers = {"x-api-key": "secret"}
    key = mock.client.get(f"/v1/external/api-key?{query}", headers=headers).json["api_key"]
    mock.do("POST", "/next", {"error": "job_may_be_deleted", "api_key": "secret"})
    assert mock.poll("a", "someone-else").status_code == 200
    assert mock.poll("a", key).status_code == 400
    mock.do("POST", "/next", {"error": "job_may_be_deleted", "api_key": key})
    mock.do("POST", "/reset", {"api_key": "secret"})
    assert mock.get("/next")["waiting"] == 0
    assert mock.get("/requests/count?api_key=secret") == {"count": 2}


STRICT = """
api_keys: {demo-key: active, expired-key: inactive_credential, ci-*: active}
secret_keys: {the-secret: active}
jobs: {slow: {timeline: [{status: job_running}]}}
"""


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/reset", {"api_key": "nobodys-key"}),
        ("POST", "/reset?api_key=nobodys-key", None),
        ("POST", "/reset", {"api_key": "nobodys-key", "job": "slow"}),
        ("POST", "/jobs/slow/reset", {"api_key": "nobodys-key"}),
        ("POST", "/next", {"fault": "timeout", "api_key": "nobodys-key"}),
        ("POST", "/jobs/slow/step", {"api_key": "nobodys-key"}),
        ("PUT", "/jobs/slow", {"step": 1, "api_key": "nobodys-key"}),
        ("POST", "/calls/retrain_model_switch/step?api_key=nobodys-key", None),
    ],
)
def test_a_key_that_no_client_can_have(method, path, body):
    """As an unknown job: nothing would come of it; the keys there are are named, masked."""
    refused = Controls(parse(STRICT)).refused(404, method, path, body)
    assert refused["error"] == "MOCK_P1_NO_SUCH_KEY"
    assert "key 'nob" not in refused["message"]
    assert "the scenario has de…, ex…, ci-*, th…," in refused["message"]


@pytest.mark.parametrize("key", ["demo-key", "expired-key", "ci-7", "the-secret"])
def test_a_key_that_has_not_called_yet(key):
    """A worker may begin anew before its first call."""
    controls = Controls(parse(STRICT))
    assert controls.do("POST", "/reset", {"api_key": key})["reset"] is True
    assert controls.do("POST", "/next", {"fault": "timeout", "api_key": key})["waiting"] == 1


def test_where_every_word_is_a_key():
    """Nobody can tell which words will be used."""
    controls = Controls(parse("jobs: {slow: {timeline: [{status: job_running}]}}"))
    assert controls.do("POST", "/reset", {"api_key": "any-word"})["reset"] is True


def test_an_issued_key_until_a_reset():
    """It is known while it lives; its secret key always."""
    controls = Controls(parse(STRICT))
    asked = controls.client.get(
        "/v1/external/api-key?credential_type=retrain&model_id=7",
        headers={"x-api-key": "the-secret"},
    )
    key = asked.json["api_key"]
    controls.do("POST", "/reset", {"api_key": key})
    controls.refused(404, "POST", "/reset", {"api_key": key})
    controls.do("POST", "/reset", {"api_key": "the-secret"})
