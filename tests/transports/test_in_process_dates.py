"""In-process, the Date of an answer is the mock's time, as a server's is its own."""

import asyncio

import httpx
import pytest
import requests

from mock_p1 import mocked

START = "2026-03-01T08:59:00+09:00"
SCENARIO = """
jobs:
  a: {timeline: [{status: job_running}]}
  held: {timeline: [{status: job_running, delay: 30s}]}
  own: {timeline: [{reply: {status_code: 200, headers: {Date: yesterday}}}]}
  slow: {timeline: [{fault: slow_body}]}
"""


async def by_async_httpx(url, headers):
    """Ask by httpx's asynchronous client."""
    async with httpx.AsyncClient(timeout=60) as client:
        return await client.get(url, headers=headers)


CLIENTS = {
    "requests": lambda url, headers: requests.get(url, headers=headers, timeout=60),
    "httpx": lambda url, headers: httpx.get(url, headers=headers, timeout=60),
    "httpx, async": lambda url, headers: asyncio.run(by_async_httpx(url, headers)),
}


@pytest.fixture(params=CLIENTS)
def date_of(request):
    """A function that asks for a job, and returns the Date of its answer."""
    with mocked(SCENARIO, start_date=START) as mock:

        def date_of(job):
            url = f"{mock.url}/v1/external/retrain_jobs/{job}"
            return CLIENTS[request.param](url, {"x-api-key": "k"}).headers.get("Date")

        date_of.advance = mock.advance
        yield date_of


def test_the_date_is_the_mocks(date_of):
    """It goes on as the test moves the clock."""
    assert date_of("a") == "Sat, 28 Feb 2026 23:59:00 GMT"
    date_of.advance("90s")
    assert date_of("a") == "Sun, 01 Mar 2026 00:00:30 GMT"


@pytest.mark.parametrize("job", ["held", "slow"])
def test_the_date_is_that_of_the_answer(date_of, job):
    """Of one that is held back, when it comes; of one that comes slowly, when it begins."""
    seconds = {"held": 30, "slow": 0}[job]
    assert date_of(job) == f"Sat, 28 Feb 2026 23:59:{seconds:02} GMT"


def test_a_date_that_a_scenario_writes_stays(date_of):
    """There is no second one."""
    assert date_of("own") == "yesterday"
