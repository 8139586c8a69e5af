"""A mock with its controls, in Flask's test client, on a clock that the test moves."""

import pytest
from helpers.admin_client import Controls

from mock_p1.scenario.parser import parse

SCENARIO = """
description: Jobs of every kind.
seed: 5
api_keys: {demo-key: active, other-key: active, expired-key: inactive_credential, ci-*: active}
jobs:
  slow:
    timeline:
      - {status: job_waiting, for: 2 polls}
      - {status: job_running, for: 90s, message: Training.}
      - {status: job_finished, model_id: 4821, result: {rows: 3}}
  held: {timeline: [{status: job_waiting, for: manual}, {status: job_running}]}
  round: {at_end: loop, timeline: [
    {status: job_waiting, for: 1 poll}, {status: job_running, for: 1 poll}]}
  odd:
    timeline:
      - {fault: connection_reset, for: 1 poll}
      - {reply: {status_code: 503}, for: 1 poll, delay: 1s..2s}
      - {error: job_may_be_deleted}
  private: {api_key: other-key, timeline: [{status: job_running}]}
  "any-*": {timeline: [{status: job_running}]}
generated_jobs:
  - {count: 5, prefix: load-, timeline: [{status: job_finished}]}
"""


@pytest.fixture(scope="session")
def scenario():
    """The scenario that is played."""
    return parse(SCENARIO, "jobs.yaml")


@pytest.fixture
def controls(scenario):
    """The controls of a mock, open to this machine."""
    return Controls(scenario)


@pytest.fixture
def locked(scenario):
    """The controls of a mock, for those who have the token."""
    return Controls(scenario, token="open-sesame")
