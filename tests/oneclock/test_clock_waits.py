"""Waits for an event, a queue or a held answer under one clock: woken by it, or by the clock."""

import _thread
import asyncio
import queue
import sched
import select
import selectors
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from types import SimpleNamespace

import pytest
import requests
from helpers.real_time import real_seconds
from helpers.shared_clock import now

from mock_p1 import mocked, serving
from mock_p1.oneclock import far_ends, lock_patch
from mock_p1.oneclock.originals import real
from mock_p1.scenario.parser import parse


def taken(make):
    """Return a lock that another thread has taken."""
    lock = make()
    thread = threading.Thread(target=lock.acquire)
    thread.start()
    thread.join()
    return lock


@pytest.mark.parametrize(
    "wait",
    [
        lambda: taken(threading.Lock).acquire(timeout=3600),
        lambda: taken(threading.RLock).acquire(timeout=3600),
        lambda: queue.SimpleQueue().get(timeout=3600),
        lambda: any(select.select([], [], [], 3600)),
        lambda: threading.Event().wait(3600),
        lambda: threading.Barrier(2).wait(3600),
        lambda: threading.Semaphore(0).acquire(timeout=3600),
        lambda: queue.Queue().get(timeout=3600),
    ],
)
def test_a_wait_for_an_event_that_does_not_come(mock, wait):
    """Its limit is reached at once, and has moved the mock's time."""
    with suppress(queue.Empty, threading.BrokenBarrierError):
        assert wait() is False
    assert now(mock) == 3600


def test_a_daemon_that_waits_for_its_end_polls_on(mock, poll):
    """`while not stop.wait(30)` is how daemons poll; the event wakes it at its moment."""
    stop = threading.Event()

    def daemon():
        while poll(mock) != "job_finished" and not stop.wait(30):
            pass

    thread = threading.Thread(target=daemon)
    thread.start()
    mock.wait_for(polls=1)
    time.sleep(600)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    mock.assert_interval(min=30, max=30)
    assert now(mock) == 600


def test_an_event_that_a_thread_sets_is_waited_for(mock):
    """A limit is not reached while a thread, the client's or not, works on what would wake it."""
    done = threading.Event()

    def work():
        before = real_seconds()
        while real_seconds() - before < 0.1:
            pass
        done.set()

    threading.Thread(target=work).start()
    assert done.wait(60)
    assert now(mock) == 0


def test_a_timer_goes_off_at_its_moment(mock):
    """A Timer of the client's waits on the mock's clock; one that is cancelled moves nothing."""
    went_off = []
    timers = [threading.Timer(60, lambda: went_off.append(now(mock))) for _ in range(2)]
    for timer in timers:
        timer.start()
    timers[1].cancel()
    time.sleep(100)
    assert went_off == [60]
    assert now(mock) == 100


def test_a_scheduler_runs_what_is_due(every_object, mock):
    """The module sched has kept monotonic and sleep as default arguments."""
    seen = []
    scheduler = sched.scheduler()
    for seconds in (60, 20):
        scheduler.enter(seconds, 1, lambda: seen.append(now(mock)))
    scheduler.run()
    assert seen == [20, 60]


def test_a_lock_that_is_let_go_wakes(mock, poll):
    """Who waits for it has it at that moment of the clock."""
    lock = threading.Lock()
    took = []

    def client():
        poll(mock)
        took.append((lock.acquire(timeout=600), now(mock)))

    with lock:
        thread = threading.Thread(target=client)
        thread.start()
        mock.wait_for(polls=1)
        time.sleep(60)
    thread.join(10)
    assert took == [(True, 60)]


@pytest.mark.parametrize("kind", [selectors.DefaultSelector, selectors.SelectSelector])
def test_a_selector_is_woken_by_a_socket_or_by_the_clock(mock, kind):
    """Whichever the client takes."""
    ours, theirs = socket.socketpair()
    with ours, theirs, kind() as selector:
        selector.register(ours, selectors.EVENT_READ)
        assert selector.select(60) == []
        assert now(mock) == 60
        theirs.send(b"x")
        assert len(selector.select(60)) == 1
    assert now(mock) == 60


def test_select_is_woken_by_a_socket(mock):
    """What is there to be read is read, and no time passes."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.send(b"x")
        assert select.select([ours], [], [], 60) == ([ours], [], [])
    assert now(mock) == 0


def has_epoll():
    """Tell whether the system has it."""
    return hasattr(select, "epoll")


def by_poll(connection, seconds=30):
    """Wait for a connection by what ``select.poll`` makes."""
    watch = select.poll()
    watch.register(connection, select.POLLIN)
    return watch.poll(seconds * 1000)


def by_epoll(connection, seconds=30):
    """Wait for a connection by what ``select.epoll`` makes."""
    with select.epoll() as watch:
        watch.register(connection.fileno(), select.EPOLLIN)
        return watch.poll(seconds, maxevents=1)


WATCHES = [
    pytest.param(by_poll, marks=pytest.mark.skipif(sys.platform == "win32", reason="has no poll")),
    pytest.param(by_epoll, marks=pytest.mark.skipif(not has_epoll(), reason="has no epoll")),
]


@pytest.mark.parametrize("wait", WATCHES)
def test_a_poll_object_is_woken_by_a_socket_or_by_the_clock(mock, wait):
    """One that the client makes while the clock is shared."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert wait(ours, 60) == []
        assert now(mock) == 60
        theirs.send(b"x")
        assert wait(ours, 60) == [(ours.fileno(), select.POLLIN)]
    assert now(mock) == 60


@pytest.mark.posix
def test_what_a_poll_object_watches_can_be_changed(mock):
    """As C's: a file that is watched no more wakes nobody."""
    watch = select.poll()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.send(b"x")
        watch.register(ours)
        watch.modify(ours, select.POLLIN)
        watch.unregister(ours)
        with pytest.raises(FileNotFoundError):
            watch.modify(ours, select.POLLIN)
        assert watch.poll(60_000) == []
    assert now(mock) == 60


@pytest.mark.posix
def test_poll_objects_for_others_are_cs_own():
    """What Python's own modules make, and what is made after the mock, is not ours."""
    python = {"__name__": "subprocess", "select": select}
    with mocked("stuck", instant_sleep=True):
        assert type(eval("select.poll()", python)).__module__ == "select"  # noqa: S307 -- as Python's module would
        assert type(select.poll()) is lock_patch.Poll
    assert type(select.poll()).__module__ == "select"


class Kqueue:
    """A ``kqueue`` as macOS has it, where something stirs when it is told so."""

    def __init__(self):
        self.stirs, self.changes = [], []

    def control(self, changes, most, timeout=None):
        """Change what is watched; return what stirs."""
        assert timeout < 1, "a long wait"
        self.changes += changes or ()
        found, self.stirs = self.stirs[:most], self.stirs[most:]
        return found


def test_a_kqueue_is_woken_by_a_file_or_by_the_clock(mock, monkeypatch):
    """As macOS has it: changes are made at once, then it waits."""
    monkeypatch.setattr(lock_patch.Kqueue, "own", Kqueue)
    queue = lock_patch.Kqueue()
    change = SimpleNamespace(ident=10_000)
    assert queue.control([change], 1, 60) == []
    assert (now(mock), queue.changes) == (60, [change])
    queue.stirs.append("event")
    assert queue.control(None, 1, 60) == ["event"]
    assert now(mock) == 60


@pytest.fixture
def program(monkeypatch):
    """A connection to another program, which answers when it is waited for in real time.

    Also the limits of what has waited for sockets, in real seconds.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        far_ends = [server.accept()[0].detach()]  # no socket of this process any more

    def answer(limit):
        if limit and far_ends:
            with socket.socket(fileno=far_ends.pop()) as theirs:
                theirs.send(b"x")

    with ours:
        yield ours, noted_limits(monkeypatch, answer)


def test_sockets_that_a_library_forbids_are_looked_at_all_the_same(monkeypatch, program):
    """As pytest-socket does, which puts a class of its own in the place of Python's."""

    class Guarded(socket.socket):
        def __init__(self, *_, **__):
            raise RuntimeError("a test may not use sockets")

    ours, _ = program
    monkeypatch.setattr(socket, "socket", Guarded)
    spec = spec_from_file_location("imported_meanwhile", far_ends.__file__)
    meanwhile = module_from_spec(spec)
    spec.loader.exec_module(meanwhile)
    assert meanwhile.is_elsewhere([ours.fileno()], ())


def noted_limits(monkeypatch, before=id):
    """Return the real seconds in which sockets are waited for; do something before each wait."""
    limits, own = [], partial(real.select)  # which stays what it is

    def select_as_noted(readers, writers, others, limit):
        before(limit)
        limits.append(limit)
        return own(readers, writers, others, limit)

    monkeypatch.setattr(real, "select", select_as_noted)
    monkeypatch.setattr(selectors.SelectSelector, "_select", staticmethod(select_as_noted))
    return limits


def by_select(connection, seconds=30):
    """Wait for a connection by ``select`` itself."""
    return select.select([connection], [], [], seconds)[0]


def by_selector(connection, seconds=30):
    """Wait for a connection by a selector."""
    with selectors.SelectSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        return selector.select(seconds)


def by_loop(connection):
    """Wait for a connection in an event loop, with a time-out."""

    async def read():
        reader, writer = await asyncio.open_connection(sock=connection)
        try:
            return await asyncio.wait_for(reader.read(1), 30)
        finally:
            writer.close()

    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(read())


@pytest.mark.parametrize(("wait", "limit"), [(by_select, 30), (by_selector, 30), (by_loop, 0.1)])
def test_the_answer_of_another_program_is_waited_for(program, wait, limit):
    """Such as of a data base: it takes real time, of which an event loop gives it a little."""
    connection, limits = program
    with serving("slow-training", instant_sleep=True) as mock:
        assert wait(connection)
        assert now(mock) == 0
    assert next(filter(None, limits)) == limit


@pytest.mark.parametrize("wait", [by_select, by_selector])
def test_the_answer_of_this_process_is_waited_for_by_the_clock(mock, wait):
    """Whatever server in this process the client is connected to."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as ours,
        server.accept()[0],
    ):
        assert wait(ours) == []
    assert now(mock) == 30


@pytest.mark.parametrize("wait", [by_select, by_selector])
def test_a_short_limit_is_not_made_longer(monkeypatch, wait):
    """A client that looks every millisecond waits no longer for real than it has asked for."""
    limits = noted_limits(monkeypatch)
    ours, theirs = socket.socketpair()
    with ours, theirs, mocked("slow-training", instant_sleep=True):
        assert wait(ours, 0.001) == []
    assert max(limits) == 0.001


@pytest.mark.parametrize("wait", [by_select, by_selector])
def test_what_somebody_closes_fails_who_waits_for_it(mock, poll, wait):
    """And no other thread of the client, which sleeps on."""
    ours, theirs = socket.socketpair()
    failed = []

    def client():
        poll(mock)
        try:
            wait(ours, 600)
        except (OSError, ValueError) as error:
            failed.append(error)

    with ours, theirs:
        thread = threading.Thread(target=client)
        thread.start()
        mock.wait_for(polls=1)
        time.sleep(60)
        ours.close()
        time.sleep(60)
        thread.join(10)
    assert len(failed) == 1
    assert now(mock) == 120


def test_locks_are_as_ever_afterwards():
    """What was made under the clock stays a lock; the factories are Python's own again."""
    own = threading.Lock, threading.RLock, queue.SimpleQueue
    with mocked("slow-training", instant_sleep=True):
        lock, owned, line = (
            make() for make in (threading.Lock, threading.RLock, queue.SimpleQueue)
        )
    assert (threading.Lock, threading.RLock, queue.SimpleQueue) == own
    with lock, owned, owned:
        assert not lock.acquire(timeout=0.01)
        assert owned.acquire(timeout=0.01)
        owned.release()
    line.put(1)
    assert line.get(timeout=1) == 1
    with pytest.raises(queue.Empty):
        line.get(timeout=0.01)


def test_pythons_own_locks_are_cs(mock):
    """What the standard library makes meanwhile is what it always is."""
    assert type(threading.Event()._cond._lock) is type(_thread.allocate_lock())  # noqa: SLF001 -- what is tested


def test_a_queue_of_a_class_made_meanwhile_outlives_the_mock():
    """It waits as any queue does, and is still of its class."""
    with mocked("stuck", instant_sleep=True):

        class Named(queue.SimpleQueue):
            def __init__(self, name):
                super().__init__()
                self.name = name

    named = Named("jobs")
    named.put(1)
    assert (type(named), named.name, named.get(timeout=1)) == (Named, "jobs", 1)


def test_a_lock_has_all_that_cs_has(mock):
    """Also what few call by its older names, or after a fork."""
    lock, own = threading.Lock(), _thread.allocate_lock()
    assert not {*dir(own)} - {*dir(lock)}
    assert lock.acquire_lock(timeout=1)
    assert lock.locked_lock()
    lock.release_lock()
    for taken_before in (taken(threading.Lock), taken(threading.RLock)):
        taken_before._at_fork_reinit()  # noqa: SLF001 -- as Python's own modules do in a child
        assert taken_before.acquire(timeout=1)


def test_held_answers_pass_side_by_side():
    """Five answers that are held back for three seconds at once take three seconds, not fifteen."""
    scenario = parse("jobs: {a: {timeline: [{status: job_running, delay: 3s}]}}")
    with mocked(scenario, instant_sleep=True) as mock:
        together = threading.Barrier(5)

        def ask(number):
            together.wait()
            url = f"{mock.url}/v1/external/retrain_jobs/a"
            requests.get(url, headers={"x-api-key": f"client-number-{number}"}, timeout=5)

        with ThreadPoolExecutor(5) as pool:
            list(pool.map(ask, range(5)))
        assert now(mock) == 3
