"""The two fixtures in a user's own tests."""


def test_waiting_running_finished_without_sleep(project):
    """The README's test: an ordinary client sees all three statuses, and nobody sleeps."""
    result = project.run(
        tests="""
import pytest

@pytest.mark.mock_p1("slow-training")
def test_training(mock_p1, client):
    assert client.poll() == "job_waiting"
    mock_p1.advance("10m")
    assert client.poll() == "job_running"
    mock_p1.advance("1h50m")
    assert client.poll() == "job_finished"
    mock_p1.assert_polled("retrain-001", times=3)
"""
    )
    result.assert_outcomes(passed=1)


def test_the_plugin_is_found_by_pytest_itself(project, monkeypatch):
    """Who installs the package has the fixtures, with nothing to configure."""
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    project.file("test_it.py", "def test_it(mock_p1): pass")
    project.pytester.runpytest_inprocess(
        "-p", "no:cacheprovider", "-o", "mock_p1_no_request=ignore"
    ).assert_outcomes(passed=1)


def test_a_passing_test_reports_nothing(project):
    """Where all is well there is no word of the mock."""
    result = project.run("-rA", tests="def test_ok(client): client.poll()")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*Mock P1*")


def test_without_marker_the_scenario_is_demo(project):
    """A test that names no scenario gets the bundled demo."""
    result = project.run(
        tests="def test_it(mock_p1):\n"
        "    assert (mock_p1.job_id, mock_p1.api_key) == ('retrain-001', 'demo-key')"
    )
    result.assert_outcomes(passed=1)


def test_fixtures_give_the_public_handle(project):
    """Both fixtures hand out mock_p1.Handle, as mocked and serving do."""
    result = project.run(
        tests="""
from mock_p1 import Handle

def test_it(mock_p1: Handle, mock_p1_server: Handle):
    assert type(mock_p1) is type(mock_p1_server) is Handle
"""
    )
    result.assert_outcomes(passed=1)


def test_live_server(project):
    """mock_p1_server answers on loopback, to any HTTP library."""
    result = project.run(
        tests="""
import json
import urllib.request
import pytest

@pytest.mark.mock_p1("slow.yaml")
def test_it(mock_p1_server):
    url = f"{mock_p1_server.url}/v1/external/retrain_jobs/retrain-001"
    request = urllib.request.Request(url, headers={"x-api-key": "demo-key"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert json.load(answer)["status"] == "job_waiting"
    mock_p1_server.assert_polled("retrain-001", times=1)
"""
    )
    result.assert_outcomes(passed=1)


def test_both_fixtures_in_one_test(project):
    """The in-process mock lets requests to the live one pass; each keeps its own state."""
    result = project.run(
        tests="""
import pytest
from conftest import Client

@pytest.mark.mock_p1("slow.yaml")
@pytest.mark.parametrize("turn", [1, 2])
def test_it(mock_p1, mock_p1_server, turn):
    for mock in (mock_p1, mock_p1_server):
        assert Client(mock.url, mock.api_key).poll() == "job_waiting"
        mock.assert_polled(times=1)

@pytest.mark.mock_p1("slow.yaml")
def test_the_other_way_round(mock_p1_server, mock_p1):
    test_it(mock_p1, mock_p1_server, 3)
"""
    )
    result.assert_outcomes(passed=3)


def test_every_test_begins_anew(project):
    """No test sees what another one polled, in any order."""
    result = project.run(
        "-p", "randomly",  # pytest-randomly, by its entry point
        tests="""
import pytest

@pytest.mark.parametrize("turn", range(5))
def test_it(mock_p1, client, turn):
    assert client.poll() == "job_waiting"
    mock_p1.advance("10m")
    mock_p1.assert_polled(times=1)
""",
    )  # fmt: skip
    result.assert_outcomes(passed=5)


def test_nothing_is_patched_after_the_test(project):
    """When the test is over, requests sends by itself again."""
    result = project.run(
        tests="""
from requests.adapters import HTTPAdapter
before = HTTPAdapter.send

def test_mocked(mock_p1):
    assert HTTPAdapter.send is not before

def test_after():
    assert HTTPAdapter.send is before
"""
    )
    result.assert_outcomes(passed=2)


def test_nothing_reaches_the_network(project):
    """A host that the mock has not taken over is refused, never asked."""
    result = project.run(
        tests="""
import pytest
import requests

def test_it(mock_p1):
    with pytest.raises(requests.ConnectionError, match="Mock P1 is active"):
        requests.get("https://api.example.com/", timeout=5)
"""
    )
    result.assert_outcomes(passed=1)


def test_fixtures_are_described(project):
    """The command pytest --fixtures says what the fixtures are."""
    result = project.run("--fixtures")
    result.stdout.fnmatch_lines(["mock_p1*", "*caught in-process*"])
    result.stdout.fnmatch_lines(["mock_p1_server*", "*live server*"])
