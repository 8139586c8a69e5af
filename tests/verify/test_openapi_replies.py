"""Every reply of every bundled scenario is valid against ``mock-p1 openapi``."""

from __future__ import annotations

import json
from itertools import islice

import pytest
from openapi_schema_validator import OAS31Validator

from mock_p1.base.clock import VirtualClock
from mock_p1.base.messages import Fault, Request
from mock_p1.contract.assumptions import Assumptions
from mock_p1.contract.openapi_document import openapi
from mock_p1.contract.operations import RETRAIN_STATUS_CHECK
from mock_p1.engine.driver import Driver, NoSuchStep
from mock_p1.engine.engine import Engine
from mock_p1.scenario.files import bundled, load_scenario

JOBS = 20
"""How many jobs of a scenario are followed; generated ones are all alike."""

STEPS = 50
"""More than any bundled timeline has; those that loop are left then."""


def _problems(status, body, document):
    """Return what of an answer is not as the document says.

    A status it does not list is one too.
    """
    responses = document["paths"][RETRAIN_STATUS_CHECK.template]["get"]["responses"]
    response = responses.get(str(status)) or responses.get(f"{status // 100}XX")
    if response is None:
        return [f"HTTP {status} is not described"]
    if "content" not in response:
        return []
    schema = response["content"]["application/json"]["schema"]
    validator = OAS31Validator({**schema, "components": document["components"]})
    return [error.message for error in validator.iter_errors(json.loads(body))]


def _replies(scenario):
    """Yield every answer of a scenario's jobs, step by step, and those to wrong keys and ids."""
    engine = Engine(load_scenario(scenario), VirtualClock())
    driver, key = Driver(engine), engine.state.keyring.first_active()
    jobs = list(islice(engine.state.directory.ids(), JOBS)) or ["any-job"]

    def poll(job, *keys):
        return engine.handle(
            Request(
                "GET",
                RETRAIN_STATUS_CHECK.url_path(retrain_job_id=job),
                api_keys=keys,
                base_url="http://h",
            )
        )

    yield poll(jobs[0])
    yield poll(jobs[0], "nobodys-key")
    yield poll("nobodys-job", key)
    for job in jobs:
        for _ in range(STEPS):
            reply, (*_, seen) = poll(job, key), engine.journal
            if seen.status or seen.error or seen.http_status != 200:
                yield reply
            try:
                driver.step(job)
            except NoSuchStep:
                break


@pytest.mark.parametrize("scenario", bundled())
def test_every_reply_of_a_bundled_scenario_is_valid(scenario):
    """Step by step, with right and wrong keys and ids.

    But for what is wrong on purpose: faults, a literal 200.
    """
    document = openapi(load_scenario(scenario).assumptions)
    replies = [reply for reply in _replies(scenario) if not isinstance(reply, Fault)]

    assert len(replies) >= 4
    for reply in replies:
        assert _problems(reply.status, reply.body, document) == [], reply.body


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"status": 1, "metadata": {"retrain_job_id": "j"}}),
        (200, {"status": "job_running"}),
        (200, {"status": "job_running", "metadata": {}}),
        (200, {"status": "job_running", "model_id": "7", "metadata": {"retrain_job_id": "j"}}),
        (200, {"status": "job_running", "progress": 1, "metadata": {"retrain_job_id": "j"}}),
        (
            400,
            {
                "code": "4001000204",
                "error": "PREDA_EXTERNAL_BAD_REQUEST",
                "message": "Not found retrain job.",
            },
        ),
        (400, {"code": 4001000204, "error": "PREDA_EXTERNAL_BAD_REQUEST"}),
        (418, {}),
    ],
)
def test_a_wrong_reply_is_not_valid(status, body):
    """The description is narrow enough to tell."""
    assert _problems(status, json.dumps(body), openapi())


def test_errors_are_valid_as_a_scenario_assumes_them():
    """With a scenario's assumptions the description is that of its errors."""
    assumed = Assumptions(error_http_status=200, error_code_type="string")
    error = {"error": "PREDA_EXTERNAL_BAD_REQUEST", "message": "Not found retrain job."}

    assert _problems(200, json.dumps({"code": "4001000204", **error}), openapi(assumed)) == []
    assert _problems(200, json.dumps({"code": 4001000204, **error}), openapi(assumed))
