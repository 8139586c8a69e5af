"""Scenarios that stand in the test file itself: a mapping, a text, a Scenario."""

import pytest
import requests

from mock_p1 import Scenario, ScenarioError, create_app, mocked, serving

STEPS = [{"status": "job_running", "for": "1 poll"}, {"status": "job_finished"}]
MAPPING = {"jobs": {"r-1": {"timeline": STEPS}}}
TEXT = "jobs: {r-1: {timeline: [{status: job_running, for: 1 poll}, {status: job_finished}]}}"


def poll(mock):
    """Return the status that a client sees."""
    url = f"{mock.url}/v1/external/retrain_jobs/r-1"
    return requests.get(url, headers={"x-api-key": "k"}, timeout=5).json()["status"]


@pytest.mark.parametrize("start", [mocked, serving])
@pytest.mark.parametrize(
    "source", [MAPPING, TEXT, Scenario(**MAPPING)], ids=["mapping", "text", "made"]
)
def test_it_is_played(start, source):
    """As if it stood in a file."""
    with start(source) as mock:
        assert [poll(mock), poll(mock)] == ["job_running", "job_finished"]


@pytest.mark.parametrize("source", [MAPPING, TEXT], ids=["mapping", "text"])
def test_an_app_plays_it(source):
    """Under any WSGI server."""
    client = create_app(source).test_client()
    answer = client.get("/v1/external/retrain_jobs/r-1", headers={"x-api-key": "k"})
    assert answer.json["status"] == "job_running"


def test_the_poll_table_names_the_step():
    """By the path of keys, where there is no line."""
    with mocked(MAPPING) as mock:
        poll(mock)
        poll(mock)
        assert "scenario:jobs.r-1.timeline[1]" in mock.timeline()
    with mocked(TEXT) as mock:
        poll(mock)
        assert mock.polls()[0].source == "scenario:1"


@pytest.mark.parametrize("start", [mocked, serving])
@pytest.mark.parametrize("source", [{"jbos": {}}, "jbos: {}"], ids=["mapping", "text"])
def test_a_mistake_is_the_tests_alone(start, source):
    """The decorator is made when the module is read; the error comes when the test runs."""

    @start(source)
    def test():
        """Never run."""

    with pytest.raises(ScenarioError, match=r"unknown key 'jbos'; .*did you mean jobs"):
        test()


def test_a_marker_takes_a_mapping_and_a_text(project):
    """And a mistake in one fails that test alone, in the house form."""
    result = project.run(
        tests="""
import pytest

@pytest.mark.mock_p1({"jobs": {"r-1": {"error": "job_may_be_deleted"}}})
def test_mapping(mock_p1):
    assert mock_p1.job_id == "r-1"

@pytest.mark.mock_p1("jobs: {r-2: {error: job_may_be_deleted}}")
def test_text(mock_p1):
    assert mock_p1.job_id == "r-2"

def with_result(name):
    return {"jobs": {"r-1": {"timeline": [{"status": "s", "result": {"file": name}}]}}}

@pytest.mark.mock_p1(with_result("no.zip"))
def test_missing(mock_p1): pass

@pytest.mark.mock_p1(with_result("conftest.py"))
def test_beside(mock_p1): pass
"""
    )
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(
        ["*did not start: scenario: jobs.r-1.timeline[[]0].result.file: *'no.zip' does not exist*"]
    )
