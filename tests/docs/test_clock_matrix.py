"""The matrices of docs/one-clock.md, client by client and library by library, are true."""

from __future__ import annotations

import asyncio
import importlib
import re
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import requests
import urllib3

from mock_p1 import RealServiceRefused, mocked, serving

PAGE = (Path(__file__).parents[2] / "docs" / "one-clock.md").read_text(encoding="utf-8")
HELD = "jobs: {a: {timeline: [{status: job_running, delay: 3s}]}}"
SECONDS = 30


def matrix(first):
    """Return name, way in and verdict of each cell of the table whose first head is this."""
    table = re.search(rf"^\| {first} \|.+\n\|[-|]+\n((?:\|.+\n)+)", PAGE, re.MULTILINE)
    rows = [
        [cell.strip(" `") for cell in row.strip("| ").split(" | ")] for row in table[1].splitlines()
    ]
    return [
        (name, start, says)
        for name, *cells in rows
        for start, says in zip((mocked, serving), cells, strict=True)
    ]


def arguments(mock):
    """Return what every client is given."""
    return f"{mock.url}/v1/external/retrain_jobs/a", {"x-api-key": mock.api_key}


def with_requests(mock):
    """Ask, and wait for one second at most."""
    url, headers = arguments(mock)
    with suppress(requests.Timeout):
        requests.get(url, headers=headers, timeout=1)


def with_urllib3(mock):
    """Likewise."""
    url, headers = arguments(mock)
    with urllib3.PoolManager() as pool, suppress(urllib3.exceptions.TimeoutError):
        pool.request("GET", url, headers=headers, timeout=1, retries=False)


def with_httpx(mock):
    """Likewise."""
    url, headers = arguments(mock)
    with suppress(httpx.TimeoutException):
        httpx.get(url, headers=headers, timeout=1)


async def ask_by_httpx(mock):
    """Likewise."""
    url, headers = arguments(mock)
    async with httpx.AsyncClient() as client:
        with suppress(httpx.TimeoutException):
            await client.get(url, headers=headers, timeout=1)


async def ask_by_aiohttp(mock):
    """Likewise."""
    aiohttp = pytest.importorskip("aiohttp", reason="nox -s tests installs it")
    url, headers = arguments(mock)
    limit = aiohttp.ClientTimeout(total=1)
    async with aiohttp.ClientSession(timeout=limit) as client:
        try:
            with suppress(TimeoutError):
                await client.get(url, headers=headers)
        except aiohttp.ClientConnectorError as error:
            raise error.os_error from None


CLIENTS = {
    "requests": with_requests,
    "urllib3 alone": with_urllib3,
    "httpx": with_httpx,
    "httpx, async": lambda mock: asyncio.run(ask_by_httpx(mock)),
    "aiohttp": lambda mock: asyncio.run(ask_by_aiohttp(mock)),
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "start", "says"), matrix("client"))
def test_clients(name, start, says):
    """A time-out of one second strikes after one second of the clock; or the client is refused."""
    with start(HELD, instant_sleep=True, check=False) as mock:
        if says == "refused":
            with pytest.raises(RealServiceRefused):
                CLIENTS[name](mock)
        else:
            assert says == "moves"
            CLIENTS[name](mock)
            assert passed(mock) == 1


def passed(mock):
    """The seconds that have passed on the mock's side."""
    return mock._engine.clock.now_ns() / 1e9  # noqa: SLF001 -- no request is made


class NotYetError(Exception):
    """What a client raises while the job is not finished."""


def once(results):
    """Return a function that fails once, and then succeeds."""

    def ask():
        if not results:
            results.append("asked")
            raise NotYetError
        return True

    return ask


def by_tenacity(library, ask):
    """Try again after a fixed time."""
    library.retry(wait=library.wait_fixed(SECONDS))(ask)()


def by_backoff(library, ask):
    """Likewise."""
    library.on_exception(library.constant, NotYetError, interval=SECONDS, jitter=None)(ask)()


def by_stamina(library, ask):
    """Likewise."""
    options = {"wait_initial": SECONDS, "wait_max": SECONDS, "wait_jitter": 0, "timeout": None}
    library.retry(on=NotYetError, **options)(ask)()


def by_polling2(library, ask):
    """Likewise."""
    library.poll(ask, step=SECONDS, timeout=300, ignore_exceptions=(NotYetError,))


def by_schedule(library, ask):
    """Run what is due, every second."""
    scheduler, ran = library.Scheduler(), []
    scheduler.every(SECONDS).seconds.do(ran.append, 1)
    while not ran:
        time.sleep(1)
        scheduler.run_pending()


def by_apscheduler(library, ask):
    """Let a scheduler that waits in this thread run a job, and end."""
    scheduler = importlib.import_module("apscheduler.schedulers.blocking").BlockingScheduler()
    scheduler.add_job(lambda: scheduler.shutdown(wait=False), "interval", seconds=SECONDS)
    scheduler.start()


def by_ratelimit(library, ask):
    """Call twice where one call is allowed in this time."""
    limited = library.sleep_and_retry(library.limits(calls=1, period=SECONDS)(int))
    limited()
    limited()


def by_cachetools(library, ask):
    """Wait until an entry is no longer fresh."""
    cache = library.TTLCache(maxsize=1, ttl=SECONDS)
    cache["key"] = 1
    time.sleep(SECONDS - 1)
    assert "key" in cache
    time.sleep(1)
    assert "key" not in cache


LIBRARIES = {
    name: globals()[f"by_{name.lower()}"]
    for name in ("tenacity", "backoff", "stamina", "polling2", "schedule", "APScheduler")
} | {"ratelimit": by_ratelimit, "cachetools": by_cachetools}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "start", "says"), matrix("library"))
def test_libraries(name, start, says, every_object):
    """What it waits for passes at once, and the mock's clock has moved by as much."""
    library = pytest.importorskip(name.lower(), reason="nox -s tests installs it")
    assert says == "moves"
    with start("stuck", instant_sleep=True) as mock:
        LIBRARIES[name](library, once([]))
        assert SECONDS <= passed(mock) < SECONDS + 1


def test_all_are_there():
    """Each client and library that can be tried has its row."""
    assert {name for name, *_ in matrix("client")} == {*CLIENTS}
    assert {name for name, *_ in matrix("library")} == {*LIBRARIES}
