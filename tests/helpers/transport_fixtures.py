"""Fixtures: the three transports, all of them to a mock that plays the same scenario."""

import pytest

from helpers.transport_clients import open_transport
from mock_p1.scenario.files import load_scenario

SCENARIO = """
seed: 5
api_keys:
  {"*-key": active, demo-key: active, other-key: active, 鍵-1: active,
   expired-key: inactive_credential}
jobs:
  steady: {timeline: [{status: job_running, model_id: 4821, message: 学習中 "50%"}]}
  two-polls: {timeline: [{status: job_waiting, for: 2 polls}, {status: job_running}]}
  timed:
    timeline:
      [{status: job_waiting, for: 10s}, {status: job_running, for: 10s}, {status: job_failed}]
  late: {timeline: [{status: job_waiting, for: 1 poll, delay: 3s}, {status: job_running}]}
  many: {timeline: [{status: job_waiting, for: 500 polls}, {status: job_running}]}
  done: {timeline: [{status: job_finished, result: {rows: 20}}]}
  own-file: {timeline: [{status: job_finished, result: {file: モデル 1.zip}}]}
  elsewhere: {timeline: [{status: job_finished, download_url: "https://example.com/a.zip"}]}
  deleted: {error: job_may_be_deleted}
  private: {api_key: other-key, timeline: [{status: job_running}]}
  busy: {timeline: [{reply: {status_code: 503, headers: {Retry-After: "5"}, body: try again}}]}
  typed: {timeline: [{reply: {status_code: 299, headers: {Content-Type: text/csv}, body: "a,b"}}]}
  empty: {timeline: [{reply: {status_code: 204}}]}
  moved: {timeline: [{reply: {status_code: 302, headers: {Location: /elsewhere}}}]}
  ジョブ: {timeline: [{status: job_waiting}]}
  a b+c: {timeline: [{status: job_waiting}]}
"""
RESULT_FILE = bytes(range(256)) * 3


@pytest.fixture(scope="session")
def scenario(tmp_path_factory):
    """The scenario that every transport plays."""
    folder = tmp_path_factory.mktemp("transports")
    (folder / "モデル 1.zip").write_bytes(RESULT_FILE)
    (folder / "transports.yaml").write_text(SCENARIO, encoding="utf-8")
    return load_scenario(folder / "transports.yaml")


@pytest.fixture(params=["flask", "live", "responses"])
def transport(request, scenario):
    """One of the three transports."""
    with open_transport(request.param, scenario) as opened:
        yield opened


@pytest.fixture
def flask_transport(scenario):
    """The Flask app in its test client."""
    with open_transport("flask", scenario) as opened:
        yield opened


@pytest.fixture
def live_transport(scenario):
    """The server, over a raw socket."""
    with open_transport("live", scenario) as opened:
        yield opened


@pytest.fixture
def responses_transport(scenario):
    """The in-process transport."""
    with open_transport("responses", scenario) as opened:
        yield opened
