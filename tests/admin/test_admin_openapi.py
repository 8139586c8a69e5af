"""The OpenAPI documents: valid, complete, and true."""

import json
import re
from functools import cache
from pathlib import Path

import openapi_spec_validator
import pytest
from jsonschema import Draft202012Validator

from mock_p1.admin import admin_openapi, models


@cache
def document():
    """Return the document of the control API."""
    return admin_openapi.document()


def schema(name):
    """Return a validator for one of the document's schemas."""
    return Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": document()["components"]}
    )


def answer_schema(path, method):
    """Return a validator for what a call answers."""
    made = document()["paths"][f"/__admin{path}"][method]["responses"]["200"]["content"][
        "application/json"
    ]["schema"]
    return Draft202012Validator({**made, "components": document()["components"]})


def test_a_number_that_is_answered_says_its_unit():
    """A time is ``seconds`` since the mock began; any other span ends so; a speed has no unit."""
    answers = [
        name
        for name, it in vars(models).items()
        if isinstance(it, type) and issubclass(it, models.Answer)
    ]
    found = {
        key
        for name, shape in document()["components"]["schemas"].items()
        if name in answers
        for key, value in shape["properties"].items()
        if '"number"' in json.dumps(value)
    }
    assert found >= {"seconds", "speed"}
    assert {key for key in found if not re.fullmatch(r"speed|(\w+_)?seconds", key)} == set()


@pytest.mark.slow
def test_the_document_of_the_controls_is_valid(controls):
    """By the rules of OpenAPI 3.1."""
    openapi_spec_validator.validate(controls.get("/openapi-admin.json"))


def test_the_names_that_a_filter_takes_are_listed():
    """Those of which there is a closed number; job, status and outcome are open."""
    given = document()["paths"]["/__admin/requests/count"]["get"]["parameters"]
    closed = {each["name"] for each in given if "enum" in each["schema"]}
    assert closed == {"operation", "error", "fault"}


def test_the_document_of_the_imitated_api_is_valid(controls):
    """The same that the command line prints."""
    served = controls.get("/openapi.json")
    openapi_spec_validator.validate(served)
    assert "/v1/external/retrain_jobs/{retrain_job_id}" in served["paths"]


def test_every_route_is_described_and_every_description_is_a_route(controls):
    """Paths and verbs alike; the page and its files are for people."""
    described = {
        (path, verb.upper()) for path, verbs in document()["paths"].items() for verb in verbs
    }
    routes = {
        (rule.rule.replace("<", "{").replace(">", "}"), verb)
        for rule in controls.app.url_map.iter_rules()
        if rule.rule.startswith("/__admin/")
        and rule.methods is not None
        and rule.rule != "/__admin/"
        and "/static/" not in rule.rule
        for verb in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert described == routes


CALLS = [
    ("get", "/health", None),
    ("get", "/ready", None),
    ("get", "/contract", None),
    ("get", "/jobs", None),
    ("get", "/jobs/{job_id}", None),
    ("get", "/jobs/{job_id}/curl", None),
    ("put", "/jobs/{job_id}", {"status": "job_finished"}),
    ("put", "/jobs/{job_id}", {"step": 2}),
    ("post", "/jobs/{job_id}/step", None),
    ("post", "/jobs/{job_id}/reset", None),
    ("get", "/clock", None),
    ("post", "/clock", {"advance": "90s", "speed": 2, "freeze": False}),
    ("get", "/next", None),
    ("post", "/next", {"fault": "timeout", "job": "slow", "times": 2}),
    ("delete", "/next", None),
    ("post", "/reset", None),
    ("get", "/scenario", None),
    ("put", "/scenario", {"name": "demo"}),
    ("post", "/next", {"reply": {"status_code": 429, "retry_after": "5s"}, "api_key": "k"}),
    ("post", "/next", {"error": "not_found_classifier", "on": "retrain_model_switch"}),
    ("post", "/reset", {"job": "slow", "api_key": "demo-key"}),
    ("post", "/jobs/{job_id}/step", {"on": "retrain_status_check", "api_key": "demo-key"}),
    ("post", "/calls/{operation}/step", {"job": "slow"}),
    ("post", "/jobs/{job_id}/poll", {}),
    ("get", "/requests/{number}/answer", None),
    ("get", "/uploads", None),
    ("get", "/downloads", None),
    ("get", "/switches", None),
    ("get", "/checks", None),
    ("get", "/requests", None),
    ("get", "/requests/count", None),
    ("get", "/requests/totals", None),
    ("delete", "/requests", None),
]


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_answers_are_as_described(controls, method, path, body):
    """Nothing missing and nothing more."""
    for job in ("slow", "odd", "any-1"):
        controls.poll(job)
    controls.client.get("/v2/nothing")
    filled = path.format(job_id="slow", operation="retrain_status_check", number=1)
    answer = controls.do(method.upper(), filled, body)
    answer_schema(path, method).validate(answer)


def test_every_call_that_is_described_is_tried():
    """By the test above; documents, events, lines, files and metrics have tests of their own."""
    described = {
        (verb, path.removeprefix("/__admin"))
        for path, verbs in document()["paths"].items()
        for verb in verbs
    }
    tried = {(method, path) for method, path, _ in CALLS}
    assert {path for _, path in described - tried} == {
        "/events",
        "/metrics",
        "/requests/export",
        "/scenario/text",
        "/snapshot",
        "/uploads/{number}/content",
        "/openapi.json",
        "/openapi-admin.json",
    }


@pytest.mark.parametrize(("method", "path", "body"), [call for call in CALLS if call[2]])
def test_what_is_sent_is_as_described(method, path, body):
    """The bodies of these tests are good ones by the document too."""
    content = document()["paths"][f"/__admin{path}"][method]["requestBody"]["content"][
        "application/json"
    ]["schema"]
    Draft202012Validator({**content, "components": document()["components"]}).validate(body)


def test_a_body_is_required_exactly_where_an_empty_object_is_none():
    """A call without a body is one with an empty object, so a client may leave that out."""
    described = [
        (made["requestBody"]["required"], made["requestBody"]["content"]["application/json"])
        for path, verbs in document()["paths"].items()
        for made in verbs.values()
        if "requestBody" in made and path != "/__admin/scenario"  # a scenario's text, in YAML too
    ]
    assert {required for required, _ in described} == {True, False}
    for required, content in described:
        schema = {**content["schema"], "components": document()["components"]}
        assert required is not Draft202012Validator(schema).is_valid({})


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("JobMove", {}),
        ("JobMove", {"status": "a", "step": 1}),
        ("ClockChange", {}),
        ("ClockChange", {"speed": 0}),
        ("FailNext", {"times": 1}),
        ("FailNext", {"error": "nothing"}),
        ("FailNext", {"error": "invalid_api_key", "fault": "timeout"}),
        ("FailNext", {"error": "not_found_classifier"}),
        ("FailNext", {"error": "invalid_api_key", "on": "file_upload"}),
        ("FailNext", {"fault": "timeout", "on": "get_api_key", "job": "slow"}),
        ("FailNext", {"reply": {"status_code": 700}}),
        ("KeyBody", {"api_key": ""}),
        ("Nothing", {"a": 1}),
    ],
)
def test_what_would_be_refused_is_not_as_described(name, body):
    """The document is no wider than the mock."""
    assert not schema(name).is_valid(body)


@pytest.mark.parametrize(
    ("status", "method", "path", "options"),
    [
        (400, "POST", "/clock", {"json": {"speed": 0}}),
        (400, "PUT", "/scenario", {"data": "jobs: 5", "content_type": "application/yaml"}),
        (403, "GET", "/jobs", {"headers": {"Host": "evil.example"}}),
        (404, "GET", "/jobs/nothing", {}),
        (405, "PATCH", "/jobs", {}),
        (415, "POST", "/reset", {"data": "x"}),
    ],
)
def test_refusals_are_as_described(controls, status, method, path, options):
    """All in the one shape."""
    schema("AdminErrorBody").validate(controls.refused(status, method, path, **options))


def test_the_document_is_the_same_every_time(controls):
    """Nothing in it depends on what is played."""
    before = controls.get("/openapi-admin.json")
    controls.do("PUT", "/scenario", {"name": "demo"})
    assert json.dumps(controls.get("/openapi-admin.json")) == json.dumps(before)


def test_the_readme_names_every_call():
    """Whoever looks for one finds it there."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    calls = [
        f"`{method.upper()} {path.removeprefix('/__admin/').replace('{job_id}', '{id}')}`"
        for path, item in document()["paths"].items()
        for method in item
    ]
    assert [call for call in calls if call not in readme] == []
