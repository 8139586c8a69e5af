"""A live server on the client's clock: sleeps of the client move it."""

# ruff: noqa: ASYNC110 -- to ask and to sleep in turn is what these clients do

import asyncio
import threading
import time

import pytest

from mock_p1 import mocked, serving


@pytest.fixture
def mock():
    """Two hours of training, served, under one clock."""
    with serving("slow-training", instant_sleep=True) as mock:
        yield mock


async def ask(mock):
    """Ask for the status over a connection of asyncio; return the answer's text."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(mock.url.rpartition(":")[2]))
    head = f"GET /v1/external/retrain_jobs/{mock.job_id} HTTP/1.1\r\nHost: x\r\nConnection: close"
    writer.write(f"{head}\r\nx-api-key: {mock.api_key}\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer.decode()


def test_two_hours_of_an_ordinary_client(mock, poll):
    """Its sleeps take no time, and are what the server measures."""
    while poll(mock) != "job_finished":
        time.sleep(300)
    mock.assert_polled(times=25)
    mock.assert_interval(min="5m", max="5m")


def test_two_hours_of_an_asynchronous_client(mock):
    """So do those of an event loop; its time-outs do not strike while an answer is on its way."""

    async def client():
        async with asyncio.timeout(7201):
            while "job_finished" not in await asyncio.wait_for(ask(mock), 5):
                await asyncio.sleep(600)

    asyncio.run(client())
    mock.assert_polled(times=13)
    mock.assert_interval(min="10m", max="10m")


def test_a_thread_that_the_client_starts_is_the_clients(mock, poll):
    """Though the server cannot tell who asks."""

    def client():
        poll(mock)
        time.sleep(7200)
        poll(mock)

    thread = threading.Thread(target=client)
    thread.start()
    thread.join()
    assert [poll.seconds for poll in mock.polls()] == [0, 7200]


def test_a_mock_inside_shares_the_clock(mock):
    """In-process and served, both show the same time."""
    with mocked("slow-training", instant_sleep=True) as inner:
        time.sleep(3600)
        assert mock.now == inner.now


def test_a_speed_beside_it_is_refused():
    """A clock is moved by the client, or runs by itself."""
    with pytest.raises(ValueError, match="not both"):
        serving(speed=60, instant_sleep=True)
