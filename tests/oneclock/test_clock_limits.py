"""What one clock cannot move is refused, or said by name."""

import asyncio
import queue
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from concurrent.futures import Future
from contextlib import nullcontext
from functools import partial
from types import SimpleNamespace

import httpx
import pytest
import trio
import trio.testing

from mock_p1 import CannotShare, SleptTooLong, mocked, serving
from mock_p1.base import extras
from mock_p1.oneclock import patches
from mock_p1.scenario.parser import parse

HELD = "jobs: {a: {timeline: [{status: job_running, delay: 3s}]}}"


@pytest.fixture
def mock():
    """Two hours of training, under one clock."""
    with mocked("slow-training", instant_sleep=True) as mock:
        yield mock


def now(mock):
    """The seconds that have passed on the mock's side."""
    return mock._engine.clock.now_ns() / 1e9  # noqa: SLF001 -- no request is made


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


@pytest.fixture
def clock(monkeypatch):
    """Real time that passes by what is waited for; and each such wait, of which none is woken."""
    waits = []

    def wait(condition, limit=None):
        if threading.current_thread().name != "scheduler":
            return real_wait(condition, limit)
        waits.append(limit)
        return False

    real_wait = patches._condition_wait  # noqa: SLF001 -- what waits for real
    monkeypatch.setattr(patches, "_condition_wait", wait)
    monkeypatch.setattr("mock_p1.oneclock.originals.real.monotonic", lambda: sum(waits))
    return waits


@pytest.mark.parametrize(("start", "said"), [("start", 1), ("_started_in_c", 0)])
def test_a_long_real_wait_of_a_thread_that_the_client_has_started_is_said(
    clock, monkeypatch, start, said
):
    """Once, as a scheduler's is, whose own thread sends no request; others wait as they do."""
    monkeypatch.setattr(threading.Thread, "_started_in_c", patches._thread_start, raising=False)  # noqa: SLF001 -- as one in C would

    def wait():
        threading.Event().wait(0.5)
        threading.Event().wait(30)
        threading.Event().wait(30)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with mocked("stuck", instant_sleep=True):
            thread = threading.Thread(target=wait, name="scheduler")
            getattr(thread, start)()
            thread.join(10)
            assert not caught
    texts = [str(warning.message) for warning in caught]
    assert sum("waits for 30 real seconds, in scheduler" in text for text in texts) == said
    assert clock == [0.5, 30, 30]  # each in one go: who wakes it wakes it


def test_a_warning_that_is_an_error_ends_the_mock_and_no_thread(clock):
    """A thread that waits for long waits on; the mock's end says it."""
    ended = []

    def wait():
        threading.Event().wait(30)
        ended.append(True)

    before, starter = time.sleep, mocked("stuck", instant_sleep=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        starter.start()
        thread = threading.Thread(target=wait, name="scheduler")
        thread.start()
        thread.join(10)
        with pytest.raises(RuntimeWarning, match="waits for 30 real seconds, in scheduler"):
            starter.stop()
    assert ended
    assert time.sleep is before


def test_a_long_real_sleep_is_said(mock, monkeypatch):
    """A thread that has not asked the mock yet sleeps for real; a warning names it."""
    said = []

    def sleep():
        with pytest.warns(RuntimeWarning, match="sleeps for 30 real seconds, in early") as caught:
            time.sleep(30)
        said.append(len(caught))

    monkeypatch.setattr("mock_p1.oneclock.originals.real.sleep", int)
    thread = threading.Thread(target=sleep, name="early")
    thread.start()
    thread.join(10)
    assert said == [1]
    assert now(mock) == 0


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
