"""Scenarios made in Python rather than read from a file."""

import json

import pytest
from pydantic import ValidationError

from mock_p1 import Scenario
from mock_p1.base.clock import VirtualClock
from mock_p1.base.messages import Request
from mock_p1.engine.engine import Engine
from mock_p1.scenario.model import Job
from mock_p1.scenario.step_length import Span, Stage
from mock_p1.scenario.steps import StatusStep

STEPS = [
    {"status": "one", "for": "1 poll", "delay": "1s"},
    {"status": "two", "result": "generated"},
]


def test_the_same_mapping_as_in_a_file():
    """Keys and values are those of YAML."""
    engine = Engine(Scenario(jobs={"a": {"timeline": STEPS}}, seed=7), VirtualClock())
    request = Request("GET", "/v1/external/retrain_jobs/a", api_keys=("k",))
    seen = [json.loads(engine.handle(request).body)["status"] for _ in range(2)]
    assert seen == ["one", "two"]


def test_it_has_no_lines():
    """What was not read from a file is only called a scenario."""
    scenario = Scenario(jobs={"a": {"timeline": STEPS}})
    assert (scenario.name, scenario.where("jobs", "a"), scenario.text) == (
        "scenario",
        "scenario",
        None,
    )


def test_models_may_stand_for_mappings():
    """Also steps that were taken from another scenario."""
    first, last = Scenario(jobs={"a": {"timeline": STEPS}}).jobs["a"].steps
    assert (first.for_, first.delay) == (Stage(polls=1), Span(10**9, 10**9))
    made = Scenario(jobs={"a": Job(timeline=[first, last, StatusStep(status="three")])})
    assert [step.status for step in made.jobs["a"].steps] == ["one", "two", "three"]


@pytest.mark.parametrize(
    "jobs", [{1: {"timeline": STEPS}}, {None: {}}, {"a/b": {"timeline": STEPS}}, [], "a", {"a": 1}]
)
def test_what_is_wrong_is_a_validation_error(jobs):
    """Also what no file could hold."""
    with pytest.raises(ValidationError):
        Scenario(jobs=jobs)


@pytest.mark.parametrize("keys", [{1: "active"}, {"": "active"}, {}, [], None, {"a": None}])
def test_keys_that_are_none(keys):
    """Likewise."""
    with pytest.raises(ValidationError):
        Scenario(api_keys=keys, jobs={"a": {"api_key": "b", "timeline": STEPS}})
