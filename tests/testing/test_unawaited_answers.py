"""An answer that was held back for longer than its client waited has not been seen by it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import requests
from helpers.real_time import eventually, real_seconds

from mock_p1 import mocked, serving
from mock_p1.scenario.files import load_scenario

LATE = """
jobs:
  a: {timeline: [{status: job_finished, delay: 20s, for: 1 poll}, {status: job_finished}]}
"""
TIMED_OUT = (requests.ReadTimeout, httpx.ReadTimeout)


async def _get(url, **options):
    async with httpx.AsyncClient() as client:
        return await client.get(url, **options)


def by_httpx_async(url, **options):
    """Ask in an event loop."""
    return asyncio.run(_get(url, **options))


@pytest.fixture(
    params=[
        pytest.param(lambda: mocked(LATE), id="in-process"),
        pytest.param(lambda: mocked(LATE, instant_sleep=True), id="one clock"),
        pytest.param(lambda: serving(LATE, instant_sleep=True), id="served"),
    ]
)
def mock(request):
    """A mock whose job is finished at once, and says so late."""
    with request.param() as mock:
        yield mock


@pytest.fixture(params=[requests.get, httpx.get, by_httpx_async])
def poll(request, mock):
    """Return what polls, and waits for so many seconds."""

    def ask(seconds):
        headers = {"x-api-key": mock.api_key}
        url = f"{mock.url}/v1/external/retrain_jobs/a"
        return request.param(url, headers=headers, timeout=seconds)

    return ask


def test_a_client_that_has_not_seen_it_may_poll_again(mock, poll):
    """It polls on at once."""
    with pytest.raises(TIMED_OUT):
        poll(5)
    poll(5)
    mock.assert_stopped_after("job_finished")


def test_it_may_poll_again_after_the_answer_has_come_to_nobody(mock, poll):
    """However long the client pauses; the journal notes why."""
    with pytest.raises(TIMED_OUT):
        poll(5)
    mock.advance("30s")
    ends = real_seconds() + 10
    while not mock.polls()[0].notes and real_seconds() < ends:
        pass  # a server needs a moment to find out
    poll(5)
    mock.assert_stopped_after("job_finished")
    assert "the client" in mock.polls()[0].notes[-1]


def test_a_client_that_has_waited_for_it_has_seen_it(mock, poll):
    """However late it came."""
    poll(30)
    poll(5)
    with pytest.raises(AssertionError, match="poll 2 came after job 'a' had shown job_finished"):
        mock.assert_stopped_after("job_finished")


@pytest.mark.parametrize("get", [requests.get, httpx.get, by_httpx_async])
def test_what_a_client_did_not_wait_for_it_does_not_know(get):
    """The journal notes it, and the order of the sequence is judged by it."""
    with mocked(LATE) as mock:
        url = f"{mock.url}/v1/external/retrain_jobs/a"
        headers = {"x-api-key": mock.api_key}
        with pytest.raises(TIMED_OUT):
            get(url, headers=headers, timeout=5)
        requests.put(f"{url}/update_model", headers=headers, timeout=5)
        assert mock.polls().last.notes == ("the client did not wait for this answer",)
        with pytest.raises(AssertionError, match="before a poll had shown"):
            mock.assert_sequence()


@pytest.fixture
def polled():
    """A server that holds an answer back, and what will be that answer."""
    with serving(LATE) as mock, ThreadPoolExecutor() as pool:
        headers = {"x-api-key": mock.api_key}
        url = f"{mock.url}/v1/external/retrain_jobs/a"
        polled = pool.submit(requests.get, url, headers=headers, timeout=10)
        try:
            mock.wait_for()
            yield mock, polled
        finally:
            mock.advance("20s")


def test_what_is_held_back_still_has_not_been_seen(polled):
    """A test that asks too early is told so; once the answer has come, that is the end of it."""
    mock, answer = polled
    with pytest.raises(AssertionError, match="the answer to poll 1 is still held back"):
        mock.assert_stopped_after("job_finished")
    mock.advance("20s")
    answer.result()
    mock.assert_stopped_after("job_finished")


def test_what_was_let_go_has_been_seen(polled):
    """Whoever swaps the scenario lets the answer come before its time."""
    mock, answer = polled
    eventually(lambda: mock._engine.held._holds)  # noqa: SLF001 -- nobody else knows what waits
    mock._engine.load(load_scenario(LATE))  # noqa: SLF001 -- as the control API does
    answer.result()
    mock.assert_stopped_after("job_finished")


def test_what_a_reset_has_let_go_is_judged_no_more(polled):
    """Its answer comes before its time, too."""
    mock, answer = polled
    eventually(lambda: mock._engine.held._holds)  # noqa: SLF001 -- nobody else knows what waits
    mock.reset("a")
    answer.result()
    with pytest.raises(AssertionError, match="never showed job_finished"):
        mock.assert_stopped_after("job_finished")
