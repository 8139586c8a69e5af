"""A live server on the client's clock: sleeps of the client move it."""

# ruff: noqa: ASYNC110 -- to ask and to sleep in turn is what these clients do

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool

import httpx
import pytest
import requests
from helpers.real_time import real_seconds
from helpers.shared_clock import now

from mock_p1 import CannotShare, mocked, serving
from mock_p1.oneclock import patches
from mock_p1.oneclock.sleep_coordinator import PATIENCE

HELD = "jobs: {a: {timeline: [{status: job_running, delay: 3s}]}}"


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


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ThreadPool])
def test_the_threads_of_a_pool_are_the_clients(mock, poll, pool):
    """Their sleeps move the clock, side by side, also where they are given ``sleep`` itself."""

    def client(_):
        poll(mock)
        time.sleep(600)

    poll(mock)  # so that time waits for this thread too, which hands out the jobs
    started = time.monotonic()
    with pool(2) as threads:
        list(threads.map(client, range(2)))
        list(threads.map(time.sleep, [600]))
    assert time.monotonic() - started == 1200


def test_a_pool_from_before_the_mock_works_for_the_client(poll):
    """Its threads are there already: they join with the job."""

    def client(mock):
        poll(mock)
        time.sleep(7200)
        return poll(mock)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        with serving("slow-training", instant_sleep=True) as mock:
            assert pool.submit(client, mock).result() == "job_finished"


def test_a_pool_that_is_shut_down_holds_nothing_up(mock):
    """Time does not wait for a job that was refused."""
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(RuntimeError):
        pool.submit(int)
    began = real_seconds()
    time.sleep(600)
    assert real_seconds() - began < PATIENCE


def test_a_thread_that_cannot_start_holds_nothing_up(mock):
    """Time does not wait for what it would have done."""
    thread = threading.Thread(target=int)
    thread.start()
    with pytest.raises(RuntimeError):
        thread.start()
    began = real_seconds()
    time.sleep(600)
    assert real_seconds() - began < PATIENCE


def test_a_thread_of_somebody_else_is_told_whose_sleeps_move(mock, monkeypatch):
    """With a server, whether a thread has asked it decides nothing."""
    monkeypatch.setattr("mock_p1.oneclock.originals.real.sleep", int)
    said = []

    def sleep():
        with pytest.warns(RuntimeWarning, match="thread that starts the mock, of those"):
            time.sleep(30)
        said.append(True)

    thread = threading.Thread(target=sleep)
    patches._thread_start(thread)  # noqa: SLF001 -- as a library in C would
    thread.join(10)
    assert said


@pytest.mark.parametrize("options", [{}, {"instant_sleep": True}])
def test_a_mock_inside_shares_the_clock(mock, options):
    """In-process and served, both show the same time, whether it is asked for or not."""
    with mocked("slow-training", **options) as inner:
        time.sleep(3600)
        assert mock.now == inner.now


@pytest.mark.parametrize("inner", [mocked, serving])
def test_a_mock_inside_sets_no_limit_that_it_was_not_asked_for(inner):
    """The client sleeps for as long as the one that asks allows."""
    with mocked("stuck", instant_sleep="60d") as outer, inner("demo"):
        before = outer.now
        time.sleep(8 * 86_400)
        assert (outer.now - before).days == 8


def test_a_server_inside_shares_the_clock_or_is_refused(poll):
    """Nothing that the client asks keeps another time than the client."""
    with mocked("slow-training", instant_sleep=True) as outer:
        with serving("slow-training") as inner:
            assert poll(inner) == "job_waiting"
            time.sleep(7200)
            assert poll(inner) == "job_finished"
            assert inner.now == outer.now
        with pytest.raises(CannotShare, match="so a server takes no speed"):
            serving(speed=60).start()


@pytest.mark.parametrize(("speed", "how"), [(1, "too"), (60, "in place of its speed")])
def test_a_server_on_real_time_is_not_left_behind(speed, how):
    """A mock that starts later cannot take the client's time away from it, and says what can."""
    with (
        serving("slow-training", speed=speed) as served,
        pytest.raises(
            CannotShare, match=f"not that of {served.url}: .* instant_sleep=True {how}, or after"
        ),
    ):
        mocked(instant_sleep=True).start()
    with mocked(instant_sleep=True):
        pass


def test_a_speed_beside_it_is_refused():
    """A clock is moved by the client, or runs by itself."""
    with pytest.raises(ValueError, match="not both"):
        serving(speed=60, instant_sleep=True)


@pytest.fixture
def held():
    """A server that holds each answer back for three seconds, under one clock."""
    with serving(HELD, instant_sleep=True) as held:
        yield held


def request(mock):
    """Return the arguments of a request for a job's status."""
    return {
        "url": f"{mock.url}/v1/external/retrain_jobs/a",
        "headers": {"x-api-key": "some-key"},
    }


async def get(mock, seconds):
    """Ask by httpx in an event loop."""
    async with httpx.AsyncClient() as client:
        return await client.get(**request(mock), timeout=seconds)


@pytest.mark.parametrize("client", [requests, httpx])
def test_a_held_answer_and_a_time_out(held, client):
    """An answer comes at its moment of the clock; a client that waits less gives up at its own."""
    assert client.get(**request(held), timeout=5).status_code == 200
    assert now(held) == 3
    with pytest.raises((requests.Timeout, httpx.TimeoutException)):
        client.get(**request(held), timeout=1)
    assert now(held) == 4


def test_a_client_that_waits_for_ever(held):
    """Without a time-out the client waits for as long as the answer takes."""
    assert requests.get(**request(held), timeout=None).ok  # noqa: S113 -- what is tested
    assert asyncio.run(get(held, None)).is_success
    assert now(held) == 6


def test_time_outs_in_an_event_loop(held):
    """Those of the library and those of asyncio strike at their moments."""
    with pytest.raises(httpx.ReadTimeout):
        asyncio.run(get(held, 1))
    assert now(held) == 1
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(get(held, 30), 2))
    assert now(held) == 3


def test_held_answers_pass_side_by_side(held):
    """Ten answers that are held back at once take three seconds, in a loop as in threads."""

    async def together():
        await asyncio.gather(*(get(held, 5) for _ in range(10)))

    asyncio.run(together())
    assert now(held) == 3
    barrier = threading.Barrier(10)

    def client():
        barrier.wait()
        requests.get(**request(held), timeout=5)

    threads = [threading.Thread(target=client) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert now(held) == 6


def test_a_sleep_is_not_jumped_over_by_a_held_answer(held):
    """Another thread of the client sleeps its own time meanwhile."""
    woke = []

    def sleep():
        for _ in range(3):
            time.sleep(1.5)
            woke.append(now(held))

    thread = threading.Thread(target=sleep)
    thread.start()
    requests.get(**request(held), timeout=5)
    thread.join()
    assert woke == [1.5, 3, 4.5]


def test_a_time_out_does_not_strike_while_the_server_works(mock):
    """However short: what the server does takes no time of the clock."""
    for _ in range(100):
        requests.get(**request(mock), timeout=0.001)
    assert now(mock) == 0


@pytest.mark.slow
def test_two_hours_of_asking_take_seconds(mock):
    """Two hours of polling every thirty seconds, by httpx in a loop."""

    async def client():
        async with httpx.AsyncClient() as client:
            for _ in range(240):
                await client.get(**request(mock), timeout=5)
                await asyncio.sleep(30)

    before = real_seconds()
    asyncio.run(client())
    assert now(mock) == 7200
    assert real_seconds() - before < 60
