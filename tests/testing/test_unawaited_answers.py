"""An answer that was held back for longer than its client waited has not been seen by it."""

import asyncio

import httpx
import pytest
import requests
from helpers.real_time import real_seconds

from mock_p1 import mocked, serving

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
