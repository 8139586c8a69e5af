"""All servers of a run of pytest stand in one thread, each at a port of its own."""

import asyncio
import os
import socket
import threading
from contextlib import ExitStack, suppress
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
import requests

from mock_p1 import load_scenario, mocked, serving
from mock_p1.engine.engine import Engine
from mock_p1.oneclock.thread_activity import ThreadActivity
from mock_p1.server import upload_store
from mock_p1.server.server import Server, ServerThread, new_thread
from mock_p1.testing import run_state

UPLOAD = "/v1/external/retrain_jobs/upload_url"


def servers_threads():
    """Return the threads that servers stand in now."""
    return [thread for thread in threading.enumerate() if thread.name == "mock-p1:server"]


def connected(mock):
    """Return a connection to a server."""
    parts = urlsplit(mock.url)
    return socket.create_connection((parts.hostname, parts.port), timeout=10)


def test_tests_share_a_thread_and_nothing_else(project):
    """Each test has a port and a journal of its own; the thread is the same, and ends with the run.

    Also where a test of its own starts a server, or two at once.
    """
    before = servers_threads()
    result = project.run(
        tests="""
import threading
import pytest
from conftest import Client
from mock_p1 import serving

def running():
    return {each for each in threading.enumerate() if each.name == "mock-p1:server"}

before, threads, urls = running(), set(), set()

@pytest.mark.mock_p1("slow.yaml")
@pytest.mark.parametrize("turn", range(3))
def test_it(mock_p1_server, turn):
    with serving("slow.yaml") as other:
        for mock in (mock_p1_server, other):
            assert Client(mock.url, mock.api_key).poll() == "job_waiting"
            mock.assert_polled(times=1)
            urls.add(mock.url)
    threads.update(running())

def test_after():
    assert len(urls) == 6
    assert len(threads - before) == 1
"""
    )
    result.assert_outcomes(passed=4)
    assert servers_threads() == before


def test_a_script_without_pytest_leaves_no_thread(monkeypatch):
    """Its server has a thread of its own, which ends with it."""
    monkeypatch.setattr(run_state, "current", None)
    before = servers_threads()
    with serving("demo"):
        assert len(servers_threads()) == len(before) + 1
    assert servers_threads() == before


def test_nothing_late_reaches_the_next_server():
    """At its end a server hangs up on everybody, and its port is closed.

    A client that is late is refused; the next server in the same thread hears of nothing.
    """
    starter = serving("demo")
    with ExitStack() as stack:
        mock = starter.start()
        idle, half = (stack.enter_context(connected(mock)) for _ in range(2))
        half.sendall(b"GET /v1/external/retrain_jobs/retrain-001 HT")
        assert requests.get(f"{mock.url}/__admin/health", timeout=5).ok
        starter.stop()
        next_mock = stack.enter_context(serving("demo"))
        for connection in (idle, half):
            with suppress(ConnectionResetError):
                assert connection.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            connected(mock)
        next_mock.assert_polled(times=0)
        assert not next_mock.requests()


@pytest.mark.slow
def test_a_slow_upload_does_not_hold_up_the_next_server(monkeypatch):
    """Not even where a file is just being written, in a thread, when its test ends."""
    entered, free, in_time = threading.Event(), threading.Event(), []
    write = upload_store.IncomingUpload.write

    def write_slowly(self, data):
        entered.set()
        in_time.append(free.wait(5))
        return write(self, data)

    monkeypatch.setattr(upload_store.IncomingUpload, "write", write_slowly)
    with ExitStack() as stack:
        stack.callback(free.set)
        with serving("demo") as mock:
            asked = requests.get(
                f"{mock.url}{UPLOAD}?filename=train.csv",
                headers={"x-api-key": mock.api_key},
                timeout=5,
            )
            path = urlsplit(asked.json()["upload_url"]).path
            connection = stack.enter_context(connected(mock))
            head = f"PUT {path} HTTP/1.1\r\nHost: mock\r\nContent-Length: 1000000\r\n\r\n"
            connection.sendall(head.encode() + b"x" * 500_000)
            assert entered.wait(10)
        with serving("demo") as next_mock:
            assert in_time == []
            assert requests.get(f"{next_mock.url}/__admin/health", timeout=5).ok


def test_an_idle_server_thread_holds_up_no_sleep(monkeypatch):
    """Time does not wait for it to stand still, as it does for a thread that may be at work."""
    asked, judge = set(), ThreadActivity.is_at_work

    def is_at_work(self, thread, frame):
        asked.add(thread)
        return judge(self, thread, frame)

    monkeypatch.setattr(ThreadActivity, "is_at_work", is_at_work)
    with serving("demo"):
        (mine,) = {*servers_threads()} & {*run_threads()}
    with mocked("demo", instant_sleep=True) as mock:
        assert not threading.Event().wait(60)
        assert mock.now
    assert mine not in asked


def run_threads():
    """Return the threads that are kept for runs of pytest."""
    return [kept.thread for kept in run_state._threads.values()]  # noqa: SLF001 -- nobody else asks


def test_time_waits_for_a_server_in_the_thread_of_all():
    """Where client and server share a clock, a sleep goes on once the server has answered."""
    with serving("slow-training", instant_sleep=True) as mock:
        url, key = f"{mock.url}/v1/external/retrain_jobs/{mock.job_id}", mock.api_key
        seen = []
        for _ in range(2):
            seen.append(requests.get(url, headers={"x-api-key": key}, timeout=30).json()["status"])
            threading.Event().wait(7200)
    assert seen == ["job_waiting", "job_finished"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only POSIX has fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_does_not_use_its_parents_thread():
    """The thread is not there: the child starts its own, and ends what it inherited at once."""
    with serving("demo") as mock:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                with serving("demo") as own:
                    code = 0 if requests.get(f"{own.url}/__admin/health", timeout=5).ok else 2
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert requests.get(f"{mock.url}/__admin/health", timeout=5).ok


def test_an_answer_that_is_held_back_leaves_nothing_in_the_loop():
    """The loop goes on for the next test, in whose log its error would stand."""
    text = "jobs: {a: {timeline: [{status: s, delay: 1h}]}}"
    with serving(text, check=False) as mock:
        (loop,) = {thread.loop for thread in run_state._threads.values()}  # noqa: SLF001 -- nobody else knows it
        with connected(mock) as client:
            path = "/v1/external/retrain_jobs/a"
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nx-api-key: k\r\n\r\n".encode())
            mock.wait_for(polls=1)
    assert not [task for task in asyncio.all_tasks(loop) if "Event.wait" in repr(task)]


def test_a_start_that_is_interrupted_leaves_no_server():
    """As by a time-out of the test: it ends by itself, beside others too."""

    def interrupted():
        raise KeyboardInterrupt

    beside = new_thread()
    for each in (None, beside):
        starting = ServerThread(Server(Engine(load_scenario("demo"))), each)
        starting._decided = SimpleNamespace(wait=interrupted, set=lambda: None)  # noqa: SLF001 -- in its place a signal would come
        with pytest.raises(KeyboardInterrupt):
            starting.__enter__()
        starting._served.result(10)  # noqa: SLF001 -- nobody else knows
    beside.close()
