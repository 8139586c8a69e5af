"""An answer that was held back for longer than its client waited has not been seen by it."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import requests
from helpers.real_time import eventually
from helpers.transport_clients import KNOWS_WHO_HAS_GONE

from mock_p1 import mocked, serving
from mock_p1.scenario.files import load_scenario

LATE = """
jobs:
  a: {timeline: [{status: job_finished, delay: 20s, for: 1 poll}, {status: job_finished}]}
"""
JOB = "/v1/external/retrain_jobs/a"
NEVER = "a job never showed job_finished, so the client had no reason to stop yet"
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


@pytest.fixture(params=[mocked, serving])
def judge(request):
    """What begins a mock, in either way."""
    return request.param


@pytest.fixture(params=[requests.get, httpx.get, by_httpx_async])
def poll(request, mock):
    """Return what polls, and waits for so many seconds."""

    def ask(seconds):
        headers = {"x-api-key": mock.api_key}
        return request.param(f"{mock.url}{JOB}", headers=headers, timeout=seconds)

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
    poll(5)
    mock.assert_stopped_after("job_finished")
    assert "the client" in mock.polls()[0].notes[-1]


def test_a_client_that_has_waited_for_it_has_seen_it(mock, poll):
    """However late it came."""
    poll(30)
    poll(5)
    with pytest.raises(AssertionError, match="poll 2 came after job 'a' had shown job_finished"):
        mock.assert_stopped_after("job_finished")


@pytest.mark.parametrize(
    "later",
    [
        pytest.param("1s", id="before it is due"),
        pytest.param("30s", marks=KNOWS_WHO_HAS_GONE, id="afterwards"),
    ],
)
def test_what_a_client_did_not_wait_for_it_does_not_know(mock, poll, later):
    """The order of the sequence is judged by it, and whether it stopped."""
    with pytest.raises(TIMED_OUT):
        poll(5)
    mock.advance(later)
    with pytest.raises(AssertionError, match=f"{NEVER}|is still held back"):
        mock.assert_stopped_after("job_finished")
    headers = {"x-api-key": mock.api_key}
    requests.put(f"{mock.url}{JOB}/update_model", headers=headers, timeout=5)
    with pytest.raises(AssertionError, match="before a poll had shown"):
        mock.assert_sequence()


@KNOWS_WHO_HAS_GONE
def test_the_journal_notes_that_nobody_waited(mock, poll):
    """As soon as that is known: in-process at once, at a server when the answer is sent."""
    with pytest.raises(TIMED_OUT):
        poll(5)
    mock.advance("30s")
    with pytest.raises(AssertionError, match=NEVER):
        mock.assert_stopped_after("job_finished")
    assert mock.polls().last.notes == ("the client did not wait for this answer",)


@pytest.mark.parametrize(
    "delay",
    [
        pytest.param("20s", marks=KNOWS_WHO_HAS_GONE, id="has come"),
        pytest.param("10m", id="has not come"),
    ],
)
def test_a_steady_pace_of_time_outs_is_no_backing_off(judge, delay):
    """The client's own waits are judged: they do not grow, whenever the answers come."""
    late = [{"status": "job_running", "delay": delay}]
    with judge({"jobs": {"a": {"timeline": late}}}, instant_sleep=True) as mock:
        for _ in range(4):
            with pytest.raises(requests.ReadTimeout):
                requests.get(f"{mock.url}{JOB}", headers={"x-api-key": mock.api_key}, timeout=10)
            time.sleep(30)
        with pytest.raises(AssertionError, match="polls 2 and 3 are 40s apart; backing off by 2"):
            mock.assert_backoff()


def test_what_is_let_go_is_not_waited_for_any_more():
    """Where server and client share a clock, which nobody moves on, likewise."""
    with serving(LATE, instant_sleep=True) as mock:
        with pytest.raises(requests.ReadTimeout):
            requests.get(f"{mock.url}{JOB}", headers={"x-api-key": mock.api_key}, timeout=5)
        mock.reset("a")
        at = mock.now
        eventually(lambda: not mock._engine.held._holds)  # noqa: SLF001 -- nobody else knows what waits
        assert mock.now == at


def test_a_retry_after_that_has_not_come_asks_nothing(judge):
    """Though another one has come before."""
    busy = {"status_code": 503, "retry_after": "5s"}
    seen = {"reply": busy, "for": "1 poll"}
    late = {"reply": {**busy, "retry_after": "60s"}, "delay": "20s", "for": "1 poll"}
    timeline = [seen, late, {"status": "job_running"}]
    with judge({"jobs": {"a": {"timeline": timeline}}}, instant_sleep=True) as mock:
        asked = {"url": f"{mock.url}{JOB}", "headers": {"x-api-key": mock.api_key}}
        requests.get(**asked, timeout=5)
        time.sleep(5)
        with pytest.raises(requests.ReadTimeout):
            requests.get(**asked, timeout=5)
        requests.get(**asked, timeout=5)
        mock.assert_respects_retry_after()


@pytest.fixture
def polled():
    """A server that holds an answer back, and what will be that answer."""
    with serving(LATE) as mock, ThreadPoolExecutor() as pool:
        headers = {"x-api-key": mock.api_key}
        url = f"{mock.url}{JOB}"
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
