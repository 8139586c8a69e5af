"""Which threads are the client's, and what the others are spared."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import time_machine
from helpers.real_time import moves_monotonic, real_seconds

from mock_p1 import mocked
from mock_p1.base.clock import VirtualClock
from mock_p1.base.frames import current_frames
from mock_p1.oneclock import sleep_coordinator as sleepers
from mock_p1.oneclock import thread_activity, travel_patch
from mock_p1.oneclock.shared import SleptTooLong


def heartbeat(clock, beats, seen):
    """Sleep and look at a clock, as some background thread does."""
    for _ in range(beats):
        before = getattr(time, clock)()
        time.sleep(0.02)  # longer than a step of Windows' clocks
        seen.append(getattr(time, clock)() - before)


@pytest.mark.parametrize("clock", ["monotonic", "time", "perf_counter"])
def test_a_thread_that_has_nothing_to_do_with_the_client(clock):
    """It was there before the mock: it sleeps for real, sees time pass, and moves nothing."""
    if clock == "monotonic" and moves_monotonic():
        pytest.skip("time-machine moves it itself before release 3, for every thread")
    seen = []
    thread = threading.Thread(target=heartbeat, args=(clock, 5, seen))
    thread.start()
    with mocked("slow-training", instant_sleep=True) as mock:
        time.sleep(3600)
        thread.join(10)
        assert mock._engine.clock.now_ns() == 3600_000_000_000  # noqa: SLF001 -- no request is made
    assert len(seen) == 5
    assert all(0.005 < passed < 10 for passed in seen)


def test_no_thread_sees_another_date_while_the_mock_begins_or_ends(monkeypatch):
    """Neither between two steps of it: dates that are nobody's would be in logs, and in caches."""
    seen = []

    def note(function):
        def noting(*arguments):
            result = function(*arguments)
            seen.append(time.time())
            return result

        return noting

    monkeypatch.setattr(travel_patch, "_own_start", note(travel_patch._own_start))  # noqa: SLF001 -- in between
    monkeypatch.setattr(time_machine.travel, "stop", note(time_machine.travel.stop))
    began = time.time()
    with mocked("slow-training", instant_sleep=True):
        pass
    assert began <= seen[0] <= seen[1] <= time.time()


@pytest.mark.parametrize("is_travelling", [False, True])
def test_a_thread_that_asks_for_the_date_while_the_mock_ends(monkeypatch, is_travelling):
    """It has begun to ask when time-machine ends, or has ended: it gets the date, and no error."""

    def ended():
        raise ValueError

    monkeypatch.setattr(time_machine.escape_hatch, "is_travelling", lambda: is_travelling)
    monkeypatch.setattr(time_machine.escape_hatch.time, "time_ns", ended)
    before = time.time_ns()
    assert before <= travel_patch.time_ns() <= time.time_ns()


def test_a_thread_that_polls_until_it_is_stopped(poll):
    """It waits by the clock before its first poll already, as one that has asked does."""
    statuses, stop = [], threading.Event()

    def watch():
        while not stop.wait(60):
            statuses.append(poll(mock))
            if statuses[-1] == "job_finished":
                return

    with mocked("slow-training", instant_sleep=True) as mock:
        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        thread.join(10)
        assert statuses[-1] == "job_finished"
        assert mock._engine.clock.now_ns() == len(statuses) * 60_000_000_000  # noqa: SLF001 -- no request is made


def test_a_thread_that_serves_has_nothing_to_do_with_the_client():
    """What it waits for is real, moves nothing, and nobody's sleep waits for it."""
    with (
        HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server,
        mocked("slow-training", instant_sleep=True) as mock,
    ):
        waited = threading.Event()
        server.service_actions = waited.set
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        waited.wait()
        assert thread not in mock._engine.clock.sleepers._threads  # noqa: SLF001 -- nothing else tells
        server.shutdown()
        thread.join(10)
        assert mock._engine.clock.now_ns() == 0  # noqa: SLF001 -- no request is made


def test_a_loop_against_a_deadline_ends():
    """A thread that waits for time to pass does not wait for ever."""
    ended = threading.Event()

    def watch():
        until = time.time() + 0.05
        while time.time() < until:
            time.sleep(0.005)
        ended.set()

    with mocked("slow-training", instant_sleep=True):
        threading.Thread(target=watch).start()
        assert ended.wait(10)


def test_a_client_in_a_thread(mock, poll):
    """Who asks the mock is the client, in whatever thread."""

    def client():
        while poll(mock) != "job_finished":
            time.sleep(30)

    thread = threading.Thread(target=client)
    thread.start()
    thread.join(10)
    mock.assert_polled(times=241)
    mock.assert_interval(min="30s", max="30s")


def test_a_thread_from_before_the_mock_becomes_the_clients(poll):
    """A pool that is older than the mock runs clients as well."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        with mocked("slow-training", instant_sleep=True) as mock:

            def client():
                poll(mock)
                time.sleep(7200)
                return poll(mock)

            assert pool.submit(client).result(10) == "job_finished"


def test_clients_that_sleep_at_the_same_time_sleep_together(mock, poll):
    """Four clients that poll every thirty seconds all get their thirty seconds exactly."""
    together = threading.Barrier(4)

    def client(number):
        together.wait()
        poll(mock, key=f"client-number-{number}")
        together.wait()
        for _ in range(40):
            time.sleep(30)
            poll(mock, key=f"client-number-{number}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(client, range(4)))
    mock.assert_polled(times=164)
    mock.assert_interval(min="30s", max="30s")
    assert mock.polls()[-1].seconds == 1200


def test_clients_of_different_pace(mock, poll):
    """Each wakes in its turn: three sleeps of ten seconds fit into one of thirty."""
    both = threading.Barrier(2)

    def client(pace):
        key = f"every-{pace}-seconds"
        both.wait()
        poll(mock, key=key)
        both.wait()
        for _ in range(300 // pace):
            time.sleep(pace)
            poll(mock, key=key)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(client, (10, 30)))
    assert sorted(row.seconds for row in mock.polls()) == sorted(
        [*range(0, 301, 10), *range(0, 301, 30)]
    )


def test_a_thread_that_is_being_started_is_at_work(monkeypatch):
    """So that all of those that are started together ask before time goes on."""
    starting = threading.Thread()
    monkeypatch.setattr(threading, "enumerate", lambda: [starting])
    together = sleepers.Sleepers(VirtualClock())
    assert together._others(everybody=True) == (True, False)  # noqa: SLF001 -- at no other moment


@pytest.mark.slow
def test_a_thread_at_work_does_not_hold_time_up_for_ever(mock, poll, monkeypatch):
    """Time waits for work a while, then goes on without it.

    A client that is busy for ever stops nobody.
    """
    monkeypatch.setattr(sleepers, "PATIENCE", 0.2)
    stop = threading.Event()

    def busy():
        poll(mock, key="busy-client")
        while not stop.is_set():
            pass

    thread = threading.Thread(target=busy)
    thread.start()
    while not mock.polls():
        pass
    for _ in range(100):
        time.sleep(72)
    assert poll(mock) == "job_waiting"
    assert mock.polls()[-1].seconds == 7200
    stop.set()
    thread.join()


class SlowServer:
    """A server that is quiet when it is asked again."""

    thread = -1

    def __init__(self):
        self.asked = 0

    def is_quiet(self, _calm):
        """Count."""
        self.asked += 1
        return self.asked > 1


def test_a_server_is_not_given_up_over_a_thread_that_is(monkeypatch):
    """What it was asked has its own patience: a time-out of the client would strike too early."""
    monkeypatch.setattr(sleepers, "PATIENCE", 0.2)
    stop = threading.Event()

    def work():
        while not stop.is_set():
            pass

    busy = threading.Thread(target=work)
    together, server = sleepers.Sleepers(VirtualClock()), SlowServer()
    together.servers.append(server)
    busy.start()
    together.sleep(5, lambda: False, everybody=True)
    stop.set()
    busy.join()
    assert server.asked == 2


class BusyServer:
    """A server that always has something to do."""

    thread = -1

    def __init__(self):
        self.asked = 0

    def is_quiet(self, _calm):
        """Count; nobody asks so often who gives up once."""
        self.asked += 1
        assert self.asked < 1_000
        return False


def test_a_server_that_is_busy_for_ever_does_not_hold_time_up(monkeypatch):
    """It is given up in the end too: a client that sleeps goes on."""
    monkeypatch.setattr(sleepers, "PATIENCE", 0.02)
    clock = VirtualClock()
    together = sleepers.Sleepers(clock)
    together.servers.append(BusyServer())
    together.sleep(5, lambda: False)
    assert clock.now_ns() == 5


def test_a_thread_that_hangs_is_waited_for_once(mock, poll, monkeypatch):
    """A client that is stuck in a lock costs the others a while, not one at every sleep."""
    monkeypatch.setattr(sleepers, "PATIENCE", 0.2)
    lock = threading.Lock()

    def stuck():
        poll(mock, key="stuck-client")
        with lock:
            pass

    with lock:
        thread = threading.Thread(target=stuck)
        thread.start()
        while not mock.polls():
            pass
        before = real_seconds()
        for _ in range(1000):
            time.sleep(30)
        assert real_seconds() - before < 100
    thread.join()


def test_a_server_that_nobody_asks_holds_nothing_up(mock):
    """It waits for somebody who connects; who waits for an event waits for all threads but it."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            server.accept()[0].close()

        thread = threading.Thread(target=serve)
        thread.start()
        began = real_seconds()
        threading.Event().wait(3600)
        assert real_seconds() - began < sleepers.PATIENCE
        socket.create_connection(server.getsockname()).close()
        thread.join()


def test_a_sleeper_gives_up_whoever_another_sleeper_waits_for(mock, poll, monkeypatch):
    """A thread that is no client's is at work for ever; a client's event waits for all threads."""
    monkeypatch.setattr(sleepers, "PATIENCE", 0.3)
    ours, theirs = socket.socketpair()
    stranger = threading.Thread(target=lambda: ours.makefile("rb").readline())
    stranger.start()
    stop = threading.Event()

    def daemon():
        poll(mock)
        time.sleep(10)
        until = real_seconds() + 0.04
        while real_seconds() < until:
            pass
        stop.wait(7200)  # the other one's patience ends first

    thread = threading.Thread(target=daemon)
    thread.start()
    mock.wait_for(polls=1)
    time.sleep(3600)
    stop.set()
    with theirs:
        thread.join(10)
        assert not thread.is_alive()
    stranger.join()
    ours.close()


def test_a_client_that_never_gives_up_in_a_thread_fails_the_test(poll):
    """Who is stopped in a thread is told of at the end of the mock, since threads fail no test."""

    def client(mock):
        with suppress(SleptTooLong):  # pytest would warn of it
            while poll(mock) != "job_finished":
                time.sleep(600)

    def run():
        with mocked("stuck", instant_sleep="2h") as mock:
            thread = threading.Thread(target=client, args=(mock,))
            thread.start()
            thread.join()

    with pytest.raises(SleptTooLong, match="slept for more than 2h"):
        run()


def test_an_inner_mock_has_a_time_of_its_own():
    """What was slept in it counts there, and not for the mock around it."""
    with mocked(instant_sleep="2h"):
        time.sleep(3600)
        with mocked(instant_sleep="60d", base_url="https://one.example"):
            time.sleep(30 * 86_400)
        with (
            mocked(instant_sleep="1h", base_url="https://one.example"),
            pytest.raises(SleptTooLong, match="more than 1h"),
        ):
            time.sleep(3601)
        time.sleep(3600)
        with pytest.raises(SleptTooLong, match="more than 2h"):
            time.sleep(1)


def test_what_others_sleep_counts_for_the_innermost_mock():
    """A thread that has opened none is the client of the mock that was opened last."""
    with mocked(instant_sleep="2h"), mocked(instant_sleep="60d", base_url="https://one.example"):
        thread = threading.Thread(target=time.sleep, args=(30 * 86_400,))
        thread.start()
        thread.join(10)


def test_mocks_of_threads_have_a_time_each():
    """A mock that another thread opens meanwhile does not pay for what this one sleeps."""
    opened, ended = threading.Event(), threading.Event()

    def other():
        with mocked(instant_sleep="1h", base_url="https://one.example"):
            opened.set()
            ended.wait()

    with mocked(instant_sleep="3h"):
        thread = threading.Thread(target=other)
        thread.start()
        opened.wait()
        time.sleep(7200)
        ended.set()
        thread.join(10)


def test_a_thread_that_stands_where_it_stood_before_is_at_work_again(monkeypatch):
    """A client's loop comes back to the same slow call; what counts is how long this one takes."""
    monkeypatch.setattr(thread_activity, "STILL_SECONDS", 0)
    monkeypatch.setattr(thread_activity, "STILL_LOOKS", 2)
    lock = threading.Lock()
    with lock:
        thread = threading.Thread(target=lock.acquire)
        thread.start()
        activity = thread_activity.ThreadActivity()

        def is_at_work():
            return activity.is_at_work(thread, current_frames()[thread.ident])

        while is_at_work():
            pass
        assert not is_at_work()
        activity.has_moved(thread)
        assert is_at_work()
    thread.join()
