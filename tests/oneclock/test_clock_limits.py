"""What one clock cannot move is refused, or said by name."""

import asyncio
import queue
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import Future
from contextlib import nullcontext
from functools import partial
from types import SimpleNamespace

import httpx
import pytest
import trio
import trio.testing
from helpers.shared_clock import now

from mock_p1 import CannotShare, SleptTooLong, mocked, serving
from mock_p1.base import extras
from mock_p1.oneclock import patches
from mock_p1.scenario.parser import parse

HELD = "jobs: {a: {timeline: [{status: job_running, delay: 3s}]}}"


def test_trio_sleeps_side_by_side(mock):
    """Tasks of trio wake at their moments, and its time-outs strike at theirs."""
    woke = []

    async def task(seconds):
        await trio.sleep(seconds)
        woke.append((seconds, now(mock)))

    async def main():
        async with trio.open_nursery() as nursery:
            for seconds in (30, 10, 20.5):
                nursery.start_soon(task, seconds)
        with trio.move_on_after(5) as limit:
            await trio.sleep(10)
        assert limit.cancelled_caught

    trio.run(main)
    assert woke == [(10, 10), (20.5, 20.5), (30, 30)]
    assert now(mock) == 35


def test_a_poller_on_trio(mock):
    """Httpx polls two hours through on trio."""

    async def main():
        async with httpx.AsyncClient() as client:
            url = f"{mock.url}/v1/external/retrain_jobs/{mock.job_id}"
            for _ in range(12):
                await client.get(url, headers={"x-api-key": mock.api_key})
                await trio.sleep(600)

    trio.run(main)
    mock.assert_interval(min="10m", max="10m")
    assert now(mock) == 7200


def test_answers_that_are_held_back_on_trio():
    """They pass side by side, and trio's time-outs strike before them."""

    async def main(mock):
        async with httpx.AsyncClient(headers={"x-api-key": mock.api_key}) as client:
            url = f"{mock.url}/v1/external/retrain_jobs/a"
            async with trio.open_nursery() as nursery:
                for _ in range(5):
                    nursery.start_soon(client.get, url)
            assert now(mock) == 3
            with trio.move_on_after(1) as limit:
                await client.get(url)
            assert limit.cancelled_caught
        assert now(mock) == 4

    with mocked(HELD, instant_sleep=True) as mock:
        trio.run(main, mock)


def run_as_guest(main, mock):
    """Run it in trio's guest mode, in a loop that only hands on."""
    calls, done = queue.SimpleQueue(), []
    trio.lowlevel.start_guest_run(
        main, mock, run_sync_soon_threadsafe=calls.put, done_callback=done.append
    )
    while not done:
        calls.get()()
    done[0].unwrap()


@pytest.mark.parametrize(
    "run", [run_as_guest, partial(trio.run, clock=trio.testing.MockClock(autojump_threshold=0))]
)
def test_an_answer_that_is_held_back_where_trio_has_another_clock(run):
    """It moves the mock at once, and trio need not wait for it."""

    async def main(mock):
        async with httpx.AsyncClient(headers={"x-api-key": mock.api_key}) as client:
            before = trio.current_time()
            await client.get(f"{mock.url}/v1/external/retrain_jobs/a")
            assert trio.current_time() - before < 3

    with mocked(HELD, instant_sleep=True) as mock:
        run(main, mock)
        assert now(mock) == 3


def test_trio_sleeps_too_long():
    """A client on trio that never gives up is stopped too."""
    with pytest.raises(SleptTooLong), mocked("stuck", instant_sleep="1h"):
        trio.run(trio.sleep, 7200)


def test_trio_is_as_ever_afterwards(mock):
    """trio.run is the very function it was."""
    within = trio.run
    mock.advance("1s")
    with mocked(parse(HELD), base_url="https://other.example"):
        assert trio.run is within
    assert within.__module__.startswith("mock_p1")


def test_trio_with_a_server_is_refused():
    """With words that say what to do."""
    with (
        serving("slow-training", instant_sleep=True),
        pytest.raises(CannotShare, match="cannot move trio's clock: use mock_p1 or mocked"),
    ):
        trio.run(trio.sleep, 30)


def test_uvloop_is_refused(mock):
    """A client's loop of uvloop does not start, rather than sleep for real."""
    uvloop = pytest.importorskip("uvloop", reason="does not exist on Windows")
    loop = uvloop.new_event_loop()
    pause = asyncio.sleep(30)
    with pytest.raises(CannotShare, match="cannot move the timers of uvloop"):
        loop.run_until_complete(pause)
    pause.close()
    loop.close()


def test_uvloop_in_a_thread_that_the_client_starts_is_left_alone(mock):
    """As a server's beside the client is: uvicorn brings uvloop along."""
    uvloop = pytest.importorskip("uvloop", reason="does not exist on Windows")
    ended = []

    def serve():
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(asyncio.sleep(0.001))
        ended.append(True)

    thread = threading.Thread(target=serve)
    thread.start()
    thread.join(10)
    assert ended
    assert now(mock) == 0


def test_uvloop_is_as_ever_afterwards():
    """It runs where no clock is shared."""
    uvloop = pytest.importorskip("uvloop", reason="does not exist on Windows")
    with mocked("stuck", instant_sleep=True):
        pass
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(asyncio.sleep(0, "done")) == "done"


def test_without_time_machine_it_is_said_what_to_install(monkeypatch):
    """It is of an extra: else its plugin would be loaded in all runs of a user's."""
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    with pytest.raises(CannotShare, match=r'type: pip install "mock-p1\[clock\]"'):
        mocked("demo", instant_sleep=True).start()


@pytest.mark.slow
def test_gevent_is_refused():
    """A process that gevent has patched is told what to do."""
    pytest.importorskip("gevent", reason="is installed by `nox -s tests`")
    code = """
        from gevent import monkey
        monkey.patch_all()
        from mock_p1 import CannotShare, mocked
        try:
            mocked("demo", instant_sleep=True).start()
        except CannotShare as error:
            assert "cannot move the waits of gevent" in str(error)
        else:
            raise AssertionError("started")
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], timeout=60, check=True)


def test_a_long_real_sleep_is_said(monkeypatch):
    """A thread from before the mock sleeps for real until it asks; a warning names it."""
    said, begun = [], threading.Event()

    def sleep():
        begun.wait(10)
        with pytest.warns(RuntimeWarning, match="sleeps for 30 real seconds, in early") as caught:
            time.sleep(30)
        said.append(len(caught))

    monkeypatch.setattr("mock_p1.oneclock.originals.real.sleep", int)
    thread = threading.Thread(target=sleep, name="early")
    thread.start()
    with mocked("stuck", instant_sleep=True) as mock:
        begun.set()
        thread.join(10)
        assert now(mock) == 0
    assert said == [1]


@pytest.mark.parametrize(
    ("wait", "ends"),
    [
        (lambda: Future().result(30), pytest.raises(TimeoutError)),
        (lambda: Future().exception(30), pytest.raises(TimeoutError)),
        (lambda: threading.Thread.join(SimpleNamespace(is_alive=lambda: True), 30), nullcontext()),
    ],
)
def test_a_long_wait_for_another_thread_is_said_where_it_ends_by_its_limit(
    mock, monkeypatch, wait, ends
):
    """A result, or the end of a thread: tests guard themselves by such limits, which stay real."""
    waits = patches._condition_wait  # noqa: SLF001 -- what waits for real
    monkeypatch.setattr(patches, "_condition_wait", lambda each, limit: limit != 30 and waits(each))
    monkeypatch.setattr(patches, "_thread_join", lambda *_: None)
    with pytest.warns(RuntimeWarning, match="has waited for 30 real seconds, in Main"), ends:
        wait()
    assert now(mock) == 0


def test_a_wait_for_another_thread_that_ends_in_time_is_not_said(mock):
    """Nor a short one: a warning would be an error here."""
    done, thread = Future(), threading.Thread(target=int)
    done.set_result(1)
    thread.start()
    thread.join(30)
    assert done.result(30) == 1
    with pytest.raises(TimeoutError):
        Future().result(0.001)
    assert now(mock) == 0
