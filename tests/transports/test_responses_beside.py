"""The in-process transport beside other stubs of `responses`.

Neither side breaks, and nothing stays behind.
"""

import re
import subprocess
import sys

import pytest
import requests
import responses
from helpers.transport_clients import JOBS
from requests.adapters import HTTPAdapter
from responses.registries import OrderedRegistry

from mock_p1 import mocked
from mock_p1.contract.operations import DOCUMENTED_HOSTS

JOB = f"{DOCUMENTED_HOSTS[0]}{JOBS}steady"
OTHER = "https://other.example/data"
HEADERS = {"x-api-key": "demo-key"}


def poll(url=JOB):
    """Poll once; return the status, or what else came."""
    answer = requests.get(url, headers=HEADERS, timeout=5)
    return (
        answer.json()["status"]
        if answer.headers["content-type"] == "application/json"
        else answer.text
    )


@pytest.fixture
def mock(scenario):
    """The handle of an in-process mock that plays the scenario of all transports."""
    with mocked(scenario, check=False) as handle:
        yield handle


def test_a_stub_of_the_mocks_own_answers_beside_the_transport(mock):
    """Other hosts are the user's to stub."""
    mock.responses.add("GET", OTHER, body="mine")
    assert [poll(OTHER), poll(), poll(OTHER), poll()] == ["mine", "job_running"] * 2


def test_a_stub_on_our_host_answers_first_and_the_transport_stays(mock):
    """However often it answers: `responses` drops the first of several matches, never our own."""
    mock.responses.add("GET", JOB, body="mine")
    assert [poll() for _ in range(3)] == ["mine"] * 3
    mock.responses.remove("GET", JOB)
    assert [poll() for _ in range(3)] == ["job_running"] * 3


def test_several_stubs_on_one_url_answer_in_turn(mock):
    """As `responses` has it: each once, the last for ever."""
    for body in ("first", "second", "third"):
        mock.responses.add("GET", JOB, body=body)
    assert [poll() for _ in range(4)] == ["first", "second", "third", "third"]
    assert poll(JOB.replace("steady", "two-polls")) == "job_waiting"


def test_a_stub_that_does_not_fit_leaves_the_request_to_the_transport(mock):
    """Method and matchers decide, not the URL alone."""
    mock.responses.add("POST", JOB, body="mine")
    mock.responses.add(
        "GET", JOB, body="mine", match=[responses.matchers.query_param_matcher({"a": "1"})]
    )
    assert [poll(), poll(f"{JOB}?a=1")] == ["job_running", "mine"]


def test_reset_drops_the_stubs_and_not_the_transport(mock):
    """The library's own reset is safe to call."""
    mock.responses.add("GET", JOB, body="mine")
    mock.responses.reset()
    assert poll() == "job_running"


def test_the_mock_lists_its_calls(mock):
    """As any mock of `responses`."""
    poll()
    assert [call.request.url for call in mock.responses.calls] == [JOB]


def test_stubs_under_activate_inside_answer_beside_the_transport(mock):
    """A test with the fixture and `@responses.activate` uses `responses.add` as ever."""

    @responses.activate
    def test():
        responses.add("GET", OTHER, body="mine")
        responses.add("GET", JOB, body="first")
        responses.add("GET", JOB, body="second")
        seen = [poll(OTHER), poll(), poll(), poll(JOB.replace("steady", "two-polls"))]
        return seen, len(responses.calls)

    for _ in range(2):  # the second time, the first has cleaned up after itself
        assert test() == (["mine", "first", "second", "job_waiting"], 4)
        mock.reset()
    assert poll() == "job_running"


def test_stubs_of_the_mocks_own_answer_under_activate_too(mock):
    """Whoever added a stub, and to which mock, it is found."""
    mock.responses.add("GET", OTHER, body="mine")
    mock.responses.add("GET", JOB, body="mine too")
    assert responses.activate(lambda: [poll(OTHER), poll()])() == ["mine", "mine too"]


def test_stubs_under_activate_outside_answer_beside_the_transport(scenario):
    """The mock may be started inside a test that has its stubs already."""

    @responses.activate
    def test():
        responses.add("GET", OTHER, body="mine")
        responses.add("GET", JOB, body="first")
        with mocked(scenario):
            seen = [poll(OTHER), poll(), poll(JOB.replace("steady", "two-polls")), poll(OTHER)]
        return seen, len(responses.calls), responses.assert_call_count(OTHER, 2)

    assert test() == (["mine", "first", "job_waiting", "mine"], 4, True)


@pytest.mark.parametrize("inside", [True, False])
def test_stubs_of_a_mock_of_the_users_own_answer_beside_the_transport(scenario, inside):
    """`with responses.RequestsMock()` works outside and inside, and sees what both answer."""
    theirs, ours = responses.RequestsMock(), mocked(scenario)
    outer, inner = (ours, theirs) if inside else (theirs, ours)
    with outer, inner:
        theirs.add("GET", OTHER, body="mine")
        assert [poll(OTHER), poll()] == ["mine", "job_running"]
        assert len(theirs.calls) == 2


@pytest.mark.parametrize("inside", [True, False])
def test_a_stub_that_was_never_called_is_still_complained_of(scenario, inside):
    """What `responses` asserts of the user's stubs it asserts beside us too."""
    theirs, ours = responses.RequestsMock(), mocked(scenario)
    theirs.add("GET", OTHER)
    outer, inner = (ours, theirs) if inside else (theirs, ours)
    with pytest.raises(AssertionError, match=re.escape(OTHER)), outer, inner:
        pass


def test_a_mock_that_asserts_all_its_stubs_are_fired_is_not_disturbed(mock):
    """The transport is not among the stubs that must have been called."""

    @responses.activate(assert_all_requests_are_fired=True)
    def test():
        responses.add("GET", OTHER, body="mine")
        return poll(OTHER)

    assert test() == "mine"


def test_ordered_stubs_keep_their_order_and_the_transport_answers_in_between(mock):
    """Polls are not out of turn, and take no turn away."""

    @responses.activate(registry=OrderedRegistry)
    def test():
        responses.add("GET", OTHER, body="first")
        responses.add("GET", JOB, body="second")
        responses.add("GET", OTHER, body="third")
        return [poll(), poll(OTHER), poll(), poll(), poll(OTHER), poll()]

    assert test() == ["job_running", "first", "second", "job_running", "third", "job_running"]


def test_ordered_stubs_out_of_turn_are_refused_as_ever(mock):
    """What `responses` says of a wrong order is still said."""

    @responses.activate(registry=OrderedRegistry)
    def test():
        responses.add("GET", OTHER, body="first")
        responses.add("POST", OTHER, body="second")
        requests.post(OTHER, timeout=5)

    with pytest.raises(requests.ConnectionError):
        test()


def test_nested_mocks_answer_for_their_own_hosts(scenario):
    """The inner one first; what it has not taken over goes to the outer one."""
    with (
        mocked(scenario) as outer,
        mocked(scenario, base_url="http://staging.example:8080/api") as inner,
    ):
        assert poll(f"{outer.url}{JOBS}two-polls") == "job_waiting"
        assert poll(f"{inner.url}{JOBS}two-polls") == "job_waiting"
        assert (len(outer.polls()), len(inner.polls())) == (1, 1)
        with mocked(scenario) as innermost:
            poll()
        assert (len(outer.polls()), len(innermost.polls())) == (1, 1)
        assert poll() == "job_running"
        assert len(outer.polls()) == 2


def test_stubs_of_an_outer_mock_are_found_from_an_inner_one(mock, scenario):
    """Whichever mock catches the request."""
    mock.responses.add("GET", OTHER, body="mine")
    with mocked(scenario, base_url="http://staging.example"):
        assert poll(OTHER) == "mine"


@pytest.mark.parametrize(
    "url", ["https://example.com/", "http://localhost:1/", f"http{DOCUMENTED_HOSTS[0][5:]}/"]
)
def test_another_host_is_refused_by_name(mock, url):
    """ConnectionError says that Mock P1 is active and what it answers.

    Nothing reaches the network.
    """
    with pytest.raises(requests.ConnectionError) as caught:
        requests.get(url, timeout=5)
    assert f"Mock P1 is active and answers {', '.join(DOCUMENTED_HOSTS)}" in str(caught.value)
    assert url in str(caught.value)


def test_another_host_is_refused_by_name_under_activate_too(mock):
    """Also where the user's own mock caught the request."""
    with pytest.raises(requests.ConnectionError, match="Mock P1 is active"):
        responses.activate(lambda: requests.get(OTHER, timeout=5))()


def test_a_refusal_without_a_mock_of_ours_says_nothing_of_it():
    """Once it has stopped, Mock P1 is not named."""
    with mocked("demo"):
        pass
    with pytest.raises(requests.ConnectionError) as caught:
        responses.activate(lambda: requests.get(OTHER, timeout=5))()
    assert "Mock P1" not in str(caught.value)


def test_nothing_stays_behind(scenario):
    """Afterwards `requests` and `responses` are as before, default mock and stubs included."""
    send, taught, registry = (
        HTTPAdapter.send,
        dict(vars(responses.RequestsMock)),
        responses.mock.get_registry(),
    )
    stub = responses.add("GET", OTHER)
    with mocked(scenario) as mock, mocked(scenario, base_url="http://staging.example"):
        mock.responses.add("GET", JOB, body="mine")
        assert poll() == "mine"
        assert HTTPAdapter.send is not send
    assert HTTPAdapter.send is send
    assert dict(vars(responses.RequestsMock)) == taught
    assert responses.mock.get_registry() is registry
    assert responses.registered() == [stub]
    responses.reset()


def test_a_mock_that_failed_to_start_changes_nothing():
    """A base URL that is none is refused before anything is taken over."""
    send = HTTPAdapter.send
    for wrong in (
        "ftp://x",
        "example.com",
        "https://",
        "http://x/?a=b",
        "http://x:99999",
        "http://[x",
    ):
        with pytest.raises(ValueError, match="is no base URL"), mocked("demo", base_url=wrong):
            pass
    assert HTTPAdapter.send is send


def test_starting_twice_and_stopping_twice_is_harmless(mock):
    """As with any mock of `responses`."""
    mock.responses.start()
    assert poll() == "job_running"
    mock.responses.stop()
    mock.responses.stop()


def test_a_module_that_only_looks_like_one_is_no_trouble():
    """Libraries leave objects among the modules that only say they are modules.

    `mocked` loads beside them.
    """
    code = """
import sys
from types import ModuleType

class Library:
    __class__ = ModuleType

sys.modules["library"] = Library()
from mock_p1 import mocked
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
