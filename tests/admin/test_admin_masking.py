"""API keys are masked wherever the controls show something."""

import pytest
from helpers.admin_client import Controls

from mock_p1.scenario.model import Scenario
from mock_p1.scenario.parser import parse
from mock_p1.scenario.redaction import masked_text

KEY, OTHER = "cef3ba7f-8758-4e5b", "second-secret-key"
SCENARIO = f"""
# {KEY} is for the demo
api_keys: {{"{KEY}": active, {OTHER}: inactive_credential, "ci-*": active}}
jobs:
  mine: {{api_key: {KEY}, timeline: [{{status: job_waiting, for: 1 poll}}, {{status: done}}]}}
  any: {{api_key: "ci-*", timeline: [{{status: job_running}}]}}
"""


@pytest.fixture
def secretive():
    """Controls over a scenario with keys that look real, after some polls."""
    made = Controls(parse(SCENARIO, "keys.yaml"))
    for key in (KEY, OTHER, "somebody-elses-secret"):
        made.poll("mine", key)
    return made


@pytest.mark.parametrize(
    "path",
    [
        "/jobs",
        "/jobs/mine",
        "/jobs/any",
        "/scenario",
        "/requests",
        "/clock",
        "/next",
        "/health",
        "/openapi-admin.json",
    ],
)
def test_no_answer_holds_a_key(secretive, path):
    """Not one, in no form."""
    text = secretive.call("GET", path).get_data(as_text=True)
    assert KEY not in text
    assert OTHER not in text
    assert "somebody-elses-secret" not in text


def test_no_event_holds_a_key(secretive):
    """Neither the greeting nor what follows."""
    stream = secretive.client.get(
        "/__admin/events", headers={"Last-Event-ID": f"{secretive.context.run}.0.0"}
    )
    text = b"".join(part for _, part in zip(range(2), stream.response, strict=False))
    stream.close()
    assert b"event: poll" in text
    assert KEY.encode() not in text


def test_the_problems_of_a_scenario_hold_no_key(secretive):
    """Also where the key itself is what is wrong."""
    keys, job = (
        f"{{{KEY}: active, ' {OTHER}': active}}",
        f"{{api_key: {OTHER}x, error: job_may_be_deleted}}",
    )
    text = f"api_keys: {keys}\njobs: {{a: {job}}}"
    refusal = secretive.refused(400, "PUT", "/scenario", data=text, content_type="application/yaml")
    assert "unknown API key" in str(refusal)
    assert KEY not in str(refusal)
    assert OTHER not in str(refusal)


def test_a_pattern_is_no_key_and_stays(secretive):
    """Nobody can send it."""
    assert {"api_key": "ci-*", "state": "active"} in secretive.get("/scenario")["api_keys"]
    assert secretive.get("/jobs/any")["api_key"] == "ci-*"
    assert '"ci-*": active' in secretive.get("/scenario")["text"]


def test_a_key_is_masked_as_a_word_of_its_own():
    """Longer words that begin with it are left alone."""
    text = "api_keys: {demo: active}\njobs: {demo-1: {error: job_may_be_deleted}}  # demo\n"
    assert (
        masked_text(text)
        == "api_keys: {…: active}\njobs: {demo-1: {error: job_may_be_deleted}}  # …\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "api_keys: {007: active}",
        "jobs: {a: {api_key: 007}}",
        "x: [{api_key: '007'}]",
        "secret_keys: {007: active}",
        '{"api_keys": {"007": 1}}',
    ],
)
def test_keys_are_found_wherever_they_stand(text):
    """As numbers, in lists, in JSON, in scenarios that are otherwise wrong."""
    assert "007" not in masked_text(text)


@pytest.mark.parametrize(
    "text", ["", "a: [", "\x00", "- api_key:\n", "api_keys: [a]", "api_key: {b: c}", "&a [*a]"]
)
def test_a_text_without_keys_stays_as_it_is(text):
    """Also one that cannot be read."""
    assert masked_text(text) == text


def test_the_source_of_a_refusal_holds_no_key():
    """A scenario made in Python has no lines, so the place is named by its keys."""
    keys = {KEY: "inactive_credential", "other": "active"}
    made = Controls(Scenario(api_keys=keys, jobs={"a": {"error": "job_may_be_deleted"}}))
    made.poll("a", KEY)
    (entry,) = made.get("/requests")["requests"]
    assert entry["source"] == "scenario:api_keys.cef3…"
