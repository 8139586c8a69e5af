"""Mocks that overlap, in whatever order they start and end.

Each answers its own test, and nothing stays behind.
"""

import asyncio
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool
from types import ModuleType

import pytest
import requests
import responses
from helpers.transport_clients import JOBS
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from mock_p1 import mocked
from mock_p1.base.patching import Patch
from mock_p1.contract.operations import DOCUMENTED_HOSTS
from mock_p1.transports import urllib3_connection

JOB = f"{DOCUMENTED_HOSTS[0]}{JOBS}steady"
OTHER = "https://other.example/data"


def poll(url=JOB):
    """Poll once; return the status."""
    return requests.get(url, headers={"x-api-key": "demo-key"}, timeout=5).json()["status"]


def patched():
    """Return all that a mock exchanges in requests, responses and urllib3."""
    return (
        HTTPAdapter.send,
        dict(vars(responses.RequestsMock)),
        HTTPConnection.connect,
        HTTPSConnection.connect,
        threading.Thread.start,
        ThreadPoolExecutor.submit,
    )


@pytest.fixture(autouse=True)
def _nothing_stays_behind():
    before = patched()
    yield
    assert patched() == before


@pytest.fixture
def start(scenario):
    """Return what starts a mock: its context manager, and its handle."""

    def start_one(**options):
        manager = mocked(scenario, check=False, **options)
        return manager, manager.__enter__()

    return start_one


def stop(manager):
    """End a mock that was started."""
    manager.__exit__(None, None, None)


def test_a_mock_that_hands_over_to_the_next_ends_first(start):
    """The one that stays answers."""
    first, _ = start()
    second, handle = start()
    stop(first)
    assert poll() == "job_running"
    assert len(handle.polls()) == 1
    stop(second)


def test_of_three_the_one_in_the_middle_may_end_first(start):
    """The innermost that lives answers."""
    managers = [start() for _ in range(3)]
    stop(managers[1][0])
    poll()
    stop(managers[2][0])
    poll()
    assert [len(handle.polls()) for _, handle in managers] == [1, 0, 1]
    stop(managers[0][0])


def test_a_mock_of_responses_that_was_there_before_may_end_before(start):
    """Ours goes on, its stubs too."""
    theirs = responses.RequestsMock()
    theirs.start()
    manager, handle = start()
    handle.responses.add("GET", OTHER, json={"status": "mine"})
    theirs.stop()
    assert (poll(), poll(OTHER)) == ("job_running", "mine")
    stop(manager)


def test_a_mock_of_responses_that_began_later_may_end_later(start):
    """Ours ends, and theirs goes on as ever."""
    manager, _ = start()
    theirs = responses.RequestsMock()
    theirs.start()
    theirs.add("GET", OTHER, json={"status": "theirs"})
    assert (poll(), poll(OTHER)) == ("job_running", "theirs")
    stop(manager)
    assert poll(OTHER) == "theirs"
    with pytest.raises(requests.ConnectionError):
        poll()
    theirs.stop()


@pytest.mark.parametrize("theirs_first", [True, False])
@pytest.mark.parametrize("theirs_ends_first", [True, False])
def test_moto_may_begin_and_end_at_any_time(start, theirs_first, theirs_ends_first, monkeypatch):
    """It has a way of its own to find stubs, and lets other requests pass."""
    moto = pytest.importorskip("moto")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    theirs = moto.mock_aws()
    if theirs_first:
        theirs.start()
    manager, handle = start()
    if not theirs_first:
        theirs.start()
    poll()
    if theirs_ends_first:
        theirs.stop()
        poll()
        assert len(handle.polls()) == 2
        stop(manager)
    else:
        stop(manager)
        theirs.stop()


def test_threads_that_each_have_a_mock_see_their_own(scenario):
    """Also from a pool, and from a thread that they start."""
    together, counts = threading.Barrier(4), {}

    def client(number):
        with mocked(scenario, check=False) as handle:
            together.wait(10)
            poll()
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(lambda _: poll(), range(number)))
            helper = threading.Thread(target=poll)
            helper.start()
            helper.join()
            together.wait(10)
            counts[number] = len(handle.polls())

    threads = [threading.Thread(target=client, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == {number: number + 2 for number in range(4)}


def test_tasks_that_each_have_a_mock_see_their_own(scenario):
    """Also where they hand the request to a thread, by either way that asyncio has."""

    async def client(number):
        with mocked(scenario, check=False) as handle:
            await asyncio.sleep(0)
            for _ in range(number):
                poll()
                await asyncio.to_thread(poll)
                await asyncio.get_running_loop().run_in_executor(None, poll)
            return len(handle.polls())

    async def together():
        return await asyncio.gather(*map(client, (1, 2, 3)))

    assert asyncio.run(together()) == [3, 6, 9]


def test_tasks_of_trio_see_their_own(scenario):
    """Its threads carry the context of the task."""
    trio = pytest.importorskip("trio")
    counts = {}

    async def client(number):
        with mocked(scenario, check=False) as handle:
            for _ in range(number):
                poll()
                await trio.to_thread.run_sync(poll)
            counts[number] = len(handle.polls())

    async def together():
        async with trio.open_nursery() as nursery:
            for number in (1, 2, 3):
                nursery.start_soon(client, number)

    trio.run(together)
    assert counts == {1: 2, 2: 4, 3: 6}


def test_a_thread_that_ran_before_sees_the_mock_of_the_test(scenario):
    """A worker of a pool that the client has made at its import."""
    with ThreadPool(1) as pool:
        pool.apply(int)
        with mocked(scenario) as handle:
            assert pool.apply(poll) == "job_running"
        with mocked(scenario) as handle:
            pool.apply(poll)
            assert len(handle.polls()) == 1


def test_a_pool_made_in_one_test_serves_the_next(scenario):
    """Its workers wait idly at the end of the first, and that is no fault of theirs."""
    with ThreadPool(1) as pool, ThreadPoolExecutor(1) as executor:
        for _ in range(2):
            with mocked(scenario) as handle:
                pool.apply(poll)
                executor.submit(poll).result()
                assert len(handle.polls()) == 2


def test_a_task_that_was_started_before_the_mock_sees_it(scenario):
    """A mock of the whole process is everybody's."""

    async def client(started):
        await started.wait()
        return await asyncio.to_thread(poll)

    async def test():
        started = asyncio.Event()
        task = asyncio.ensure_future(client(started))
        await asyncio.sleep(0)
        started.set()
        return await task

    with mocked(scenario):
        assert asyncio.run(test()) == "job_running"


@pytest.fixture
def poller():
    """A client's thread that polls until it is told to stop, and what it met."""
    stopped, polled, met = threading.Event(), threading.Event(), []

    def run():
        while not stopped.wait(0.005):
            try:
                met.append(poll())
            except requests.RequestException as error:
                met.append(error)
            polled.set()

    thread = threading.Thread(target=run, name="forgotten poller", daemon=True)
    thread.met, thread.polled = met, polled
    yield thread
    stopped.set()
    thread.join(10)


def test_a_thread_that_outlives_its_test_is_named_refused_and_not_counted(scenario, poller):
    """At the end of its own test; the next one sees nothing of it, and nothing is looked up."""
    first = mocked(scenario)
    first.__enter__()
    poller.start()
    assert poller.polled.wait(10)
    with pytest.warns(UserWarning, match="'forgotten poller'.*from now on is refused"):
        first.__exit__(None, None, None)
    with mocked(scenario) as handle:
        poller.met.clear()
        poller.polled.clear()
        assert poller.polled.wait(10)
        assert handle.requests() == []
    assert "thread 'forgotten poller' has outlived the mock of its test" in str(poller.met[0])


def test_a_thread_that_has_ended_is_not_named(scenario):
    """The usual case says nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with mocked(scenario):
            thread = threading.Thread(target=poll)
            thread.start()
            thread.join()


def test_a_kept_connection_goes_with_its_mock(scenario):
    """A session that lives longer asks the mock of the next test."""
    with requests.Session() as session:
        for _ in range(2):
            with mocked(scenario) as handle:
                session.get(JOB, headers={"x-api-key": "demo-key"}, timeout=5)
                assert len(handle.polls()) == 1
        with pytest.raises(requests.ConnectionError), mocked("demo", base_url="http://a.example"):
            session.get(JOB, timeout=5)


def test_a_library_that_took_a_name_away_leaves_nothing_exchanged(scenario, monkeypatch):
    """What was exchanged before is put back, and the next mock begins as if there had been none."""
    with monkeypatch.context() as without:
        without.setattr(urllib3_connection, "PATCHES", [Patch(requests.Session, "gone", id)])
        with pytest.raises(AttributeError), mocked(scenario):
            pass
    with mocked(scenario):
        assert poll() == "job_running"


def test_an_httpx_without_the_transports_that_we_know_is_left_alone(scenario, monkeypatch):
    """Its release 1.0 is another library; clients of requests are answered all the same."""
    monkeypatch.setitem(sys.modules, "httpx", ModuleType("httpx"))
    with mocked(scenario):
        assert poll() == "job_running"
