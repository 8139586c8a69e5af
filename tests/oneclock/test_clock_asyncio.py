"""Event loops under one clock: what they wait for passes at once, in the right order."""

# ruff: noqa: ASYNC110 -- to ask and to sleep in turn is what these clients do

import asyncio
import socket
import threading
import time
from asyncio import sleep
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from helpers.real_time import real_seconds, real_sleep
from helpers.shared_clock import now

from mock_p1 import mocked
from mock_p1.oneclock import far_ends


def run(coroutine):
    """Run it to its end; it takes no time to speak of, however busy the machine."""
    before = real_seconds()
    result = asyncio.run(coroutine)
    assert real_seconds() - before < 60
    return result


def test_sleep(mock):
    """asyncio.sleep returns at once, however it was imported, and moves the mock's time."""

    async def main():
        await asyncio.sleep(3600)
        await sleep(3600)
        return asyncio.get_running_loop().time()

    before = time.monotonic()
    assert run(main()) - before == 7200
    assert now(mock) == 7200


def test_no_timer_is_early_where_the_systems_clock_goes_in_steps(mock, monkeypatch):
    """Windows' loop takes timers within one step for due: 29.99 s for 30."""
    ticking = SimpleNamespace(resolution=0.015625)
    monkeypatch.setattr(time, "get_clock_info", lambda _: ticking)
    woke = []

    async def task(seconds):
        await asyncio.sleep(seconds)
        woke.append(now(mock))

    async def main():
        await asyncio.gather(*map(task, (29.99, 30)))

    run(main())
    assert woke == [29.99, 30]


def test_tasks_sleep_side_by_side(mock):
    """Tasks that sleep at the same time do not add up, and wake in the order of their ends."""
    woke = []

    async def task(seconds):
        await asyncio.sleep(seconds)
        woke.append((seconds, now(mock)))

    async def main():
        await asyncio.gather(*map(task, (30, 10, 20.5, 10)))

    run(main())
    assert woke == [(10, 10), (10, 10), (20.5, 20.5), (30, 30)]


def test_a_poller(mock, poll):
    """A client that polls in a thread and sleeps in the loop polls two hours through."""

    async def client():
        while await asyncio.to_thread(poll, mock) != "job_finished":
            await asyncio.sleep(30)

    run(client())
    mock.assert_polled(times=241)
    mock.assert_interval(min="30s", max="30s")


def test_pollers_side_by_side(mock, poll):
    """So do five of them at once, each in its own thirty seconds."""

    async def client(number):
        while await asyncio.to_thread(poll, mock, key=f"client-number-{number}") != "job_finished":
            await asyncio.sleep(300)

    async def main():
        await asyncio.gather(*map(client, range(5)))

    run(main())
    mock.assert_polled(times=125)
    mock.assert_interval(min="5m", max="5m")


@pytest.mark.parametrize("limit", [asyncio.timeout, None])
def test_time_out(mock, limit):
    """A time-out of the client strikes at its moment, and not before."""

    async def main():
        if limit is None:
            await asyncio.wait_for(asyncio.sleep(59), 60)
            await asyncio.wait_for(asyncio.sleep(61), 60)
        else:
            async with limit(60):
                await asyncio.sleep(59)
            async with limit(60):
                await asyncio.sleep(61)

    with pytest.raises(TimeoutError):
        run(main())
    assert now(mock) == 119


def test_a_deadline_over_everything(poll):
    """A client that waits for a stuck job gives up at its deadline, by the mock's time."""
    with mocked("stuck", instant_sleep=True) as mock:

        async def client():
            while await asyncio.to_thread(poll, mock) != "job_finished":
                await asyncio.sleep(30)

        with pytest.raises(TimeoutError):
            run(asyncio.wait_for(client(), 3600))
        assert now(mock) == 3600


def test_a_request_in_a_thread_takes_no_time(mock, poll):
    """A time-out around a request that is under way in a thread is not reached by leaps."""

    async def main():
        for _ in range(50):
            await asyncio.wait_for(asyncio.to_thread(poll, mock), 0.001)

    run(main())
    assert now(mock) == 0


def test_work_in_a_thread_is_waited_for(mock):
    """Nor is one around slower work; the loop waits for it in real time."""

    def work():
        before = real_seconds()
        while real_seconds() - before < 0.05:
            pass
        return "done"

    async def main():
        return await asyncio.wait_for(asyncio.to_thread(work), 0.001)

    assert run(main()) == "done"
    assert now(mock) == 0


def test_a_thread_of_the_loop_that_sleeps(mock, poll):
    """What the loop gives to a thread is the client's from its first line.

    Its sleeps are instant too.
    """

    def wait_then_poll():
        time.sleep(7200)
        return poll(mock)

    async def main():
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as pool:
            return await asyncio.gather(
                loop.run_in_executor(pool, wait_then_poll), asyncio.sleep(60)
            )

    run(main())
    assert mock.polls()[0].seconds == 7200


def test_a_pool_that_is_full(mock):
    """Jobs that wait for a thread of a pool whose threads all sleep hold nothing up.

    They come one after the other.
    """

    async def main():
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as pool:
            await asyncio.gather(*(loop.run_in_executor(pool, time.sleep, 600) for _ in range(20)))

    before = real_seconds()
    run(main())
    assert real_seconds() - before < 15
    assert now(mock) == 12_000


def test_timers_in_order(mock):
    """Timers of the loop go off at their moments; one that is called off moves nothing."""
    went_off = []

    async def main():
        loop = asyncio.get_running_loop()
        for seconds in (5, 3, 4):
            loop.call_later(seconds, lambda: went_off.append(now(mock)))
        loop.call_later(1, went_off.append, "never").cancel()
        await asyncio.sleep(0)
        assert now(mock) == 0
        await asyncio.sleep(10)

    run(main())
    assert went_off == [3, 4, 5]


def test_a_called_off_time_out_moves_nothing(mock):
    """With the last timer called off the loop waits for whatever comes, and time stands still."""

    async def main():
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        loop.call_later(3600, done.cancel).cancel()
        loop.run_in_executor(None, lambda: loop.call_soon_threadsafe(done.set_result, "done"))
        assert await done == "done"

    run(main())
    assert now(mock) == 0


def test_a_socket_is_heard_before_a_time_out(mock):
    """A conversation over a real socket in the loop is not cut short by the client's time-out."""

    async def answer(reader, writer):
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    async def main():
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"hello\n")
            line = await asyncio.wait_for(reader.readline(), 0.001)
            writer.close()
            await writer.wait_closed()
            return line

    assert run(main()) == b"hello\n"


@pytest.mark.parametrize("loop", ["as installed", "as on Windows"])
def test_an_answer_from_outside_is_heard_before_a_time_out(mock, request, loop):
    """One that takes five real milliseconds comes before half a minute of the mock's time."""
    if loop == "as on Windows":  # whose loop says otherwise what it listens to
        request.getfixturevalue("windows_loop")

    def answer(listening):
        connection, _ = listening.accept()
        with connection:
            real_sleep(0.005)
            connection.sendall(b"hello\n")

    async def main(address):
        reader, writer = await asyncio.open_connection(*address)
        line = await asyncio.wait_for(reader.readline(), 30)
        writer.close()
        await writer.wait_closed()
        return line

    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:
        pool.submit(answer, listening)
        assert run(main(listening.getsockname())) == b"hello\n"
    assert now(mock) == 0


def test_the_pipe_that_wakes_a_loop_is_no_other_program(mock, windows_loop, monkeypatch):
    """On Windows it has an address: nobody looks for whose that is, which takes long."""

    def pair():
        with socket.create_server(("127.0.0.1", 0)) as listening:
            return socket.create_connection(listening.getsockname()), listening.accept()[0]

    monkeypatch.setattr(socket, "socketpair", pair)
    monkeypatch.setattr(far_ends, "_all_sockets", None)
    run(asyncio.sleep(30))
    assert now(mock) == 30


@pytest.mark.slow
def test_many_short_sleeps_come_out_exactly(mock):
    """Tenths of a second, which floats cannot hold, do not drift."""

    async def main():
        for _ in range(1000):
            await asyncio.sleep(0.1)

    run(main())
    assert now(mock) == 100


def test_a_loop_in_a_thread_that_the_client_starts(mock):
    """It waits by the clock, before its first poll too."""

    async def wait():
        await asyncio.sleep(3600)

    thread = threading.Thread(target=asyncio.run, args=(wait(),))
    thread.start()
    thread.join(10)
    assert now(mock) == 3600


def test_a_loop_that_serves_is_left_alone(mock):
    """It is another program's, as far as the client is concerned: its timers are real."""
    seen = []

    async def serve():
        async with await asyncio.start_server(print, "127.0.0.1", 0):
            await asyncio.sleep(0)
            before = real_seconds()
            await asyncio.sleep(0.02)
            seen.append(real_seconds() - before)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    thread.join(10)
    assert seen
    assert seen[0] >= 0.015
    assert now(mock) == 0


def test_a_loop_that_serves_and_polls_is_the_clients(mock, poll):
    """What it asks the mock tells that it is; time goes on from there."""

    async def serve():
        async with await asyncio.start_server(print, "127.0.0.1", 0):
            await asyncio.sleep(0)
            poll(mock)
            await asyncio.sleep(3600)
            seen.append(now(mock))

    seen = []
    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    thread.join(10)
    assert seen == [pytest.approx(3600, abs=0.1)]  # a loop of Windows looks around before
