"""What the control API takes, as its models say, and what it sends for the dashboard."""

import pytest
from helpers.admin_client import Controls

from mock_p1.contract.errors import FAULTS
from mock_p1.contract.operations import OPERATIONS


def test_a_whole_number_may_be_written_with_a_point(controls):
    """JSON does not tell 2.0 from 2."""
    queued = controls.do("POST", "/next", {"fault": "timeout", "times": 2.0})
    assert queued["waiting"] == 2
    assert controls.do("PUT", "/jobs/slow", {"step": 3.0})["step"] == 3


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/jobs/slow", {"status": None}),
        ("PUT", "/jobs/slow", {"step": 2, "status": None}),
        ("POST", "/clock", {"advance": 1, "speed": None}),
        ("POST", "/next", {"fault": "timeout", "error": None}),
        ("POST", "/next", {"fault": "timeout", "times": None}),
    ],
)
def test_a_key_that_may_be_left_out_is_never_null(controls, method, path, body):
    """Whoever writes null has forgotten a value."""
    assert controls.refused(400, method, path, body)["error"] == "MOCK_P1_BAD_VALUE"


def test_any_job_may_be_written_as_null(controls):
    """The queue shows it so."""
    assert controls.do("POST", "/next", {"fault": "timeout", "job": None})["waiting"] == 1


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/clock"), ("POST", "/reset"), ("PUT", "/jobs/slow")]
)
def test_a_query_that_means_nothing_is_refused_by_calls_with_a_body_too(controls, method, path):
    """Nothing that was sent is ignored."""
    refusal = controls.refused(400, method, f"{path}?speed=2", {})
    assert refusal["error"] == "MOCK_P1_BAD_QUERY"


def test_health_is_answered_whatever_its_query(controls):
    """Load balancers add some."""
    assert controls.get("/health?x=1")["status"] == "ok"


def test_a_refusal_shows_bodies_that_would_be_taken(controls):
    """They are taken."""
    remedy = controls.refused(400, "POST", "/clock", {"speed": 0})["remedy"]
    assert remedy == (
        'send a JSON object such as {"advance": "90s"} or {"speed": 60} or {"freeze": true}'
    )
    for example in remedy.removeprefix("send a JSON object such as ").split(" or "):
        controls.do("POST", "/clock", data=example, content_type="application/json")


def test_the_contract_lists_what_there_is(controls):
    """Nobody has to repeat it."""
    shown = controls.get("/contract")
    assert {row["name"]: tuple(row["errors"]) for row in shown["operations"]} == {
        name: operation.errors for name, operation in OPERATIONS.items()
    }
    assert [row["name"] for row in shown["operations"] if row["polled"]] == ["retrain_status_check"]
    assert shown["faults"] == list(FAULTS)


def test_a_job_says_where_time_alone_leads_it(controls):
    """So that a page need not work it out."""
    controls.do("PUT", "/jobs/slow", {"step": 2})
    controls.poll("slow")
    (track,) = controls.get("/jobs/slow")["tracks"]
    assert (track["since_seconds"], track["until_seconds"]) == (0, 90)
    assert track["ahead"] == [{"step": 3, "since_seconds": 90, "until_seconds": None}]


def test_a_job_that_waits_for_polls_is_led_nowhere_by_time(controls):
    """Nor one that waits for a hand."""
    for job in ("slow", "held", "round"):
        controls.poll(job)
        assert controls.get(f"/jobs/{job}")["tracks"][0]["ahead"] == []


def test_where_a_loop_leads_is_bounded(controls):
    """It has no end."""
    steps = "[{status: a, for: 1s}, {status: b, for: 2s}]"
    text = f"jobs: {{turns: {{at_end: loop, timeline: {steps}}}}}"
    controls.do("PUT", "/scenario", data=text, content_type="application/yaml")
    controls.poll("turns")
    ahead = controls.get("/jobs/turns")["tracks"][0]["ahead"]
    assert [place["step"] for place in ahead] == [2, 1] * 10
    assert [place["since_seconds"] for place in ahead[:3]] == [1, 3, 4]


def test_the_imitated_api_meets_no_hook_of_the_control_api(controls):
    """Its answers have none of the headers, and no function of ours runs for them."""
    assert controls.app.before_request_funcs.get(None, []) == []
    assert controls.app.after_request_funcs.get(None, []) == []
    assert "X-Frame-Options" not in controls.poll("slow").headers


def test_health_says_when_there_are_too_many_jobs(scenario):
    """The limit, and how many jobs began anew because of it."""
    controls = Controls(scenario, jobs_max=1)
    before = controls.get("/health")
    for number in range(20):
        controls.poll(f"any-{number}")
    after = controls.get("/health")
    assert (before["jobs_max"], before["limits_reached"]) == (1, {})
    assert after["limits_reached"] == {"jobs": 20 - 1 - controls.engine.state.directory.count}
