"""Several mocks that share a state in a real store: exact, and right again after its faults."""

import asyncio
import gc
import json
import multiprocessing
import queue
import re
import socket
import ssl
import threading
import time
import uuid
from collections import Counter, deque
from contextlib import ExitStack, suppress
from itertools import chain
from types import SimpleNamespace

import httpx
import pytest
import redis
import requests
import trustme
from helpers.redis_server import NEEDED, free_port, redis_server

from benchmarks import history
from mock_p1 import create_app, create_asgi_app, serving
from mock_p1.base.clock import SECOND, RealClock
from mock_p1.base.messages import Fault, Request
from mock_p1.engine import acts
from mock_p1.engine.acts import StoreDown
from mock_p1.engine.call import plain_request
from mock_p1.engine.driver import Driver, NoSuchJob
from mock_p1.engine.engine import Engine
from mock_p1.engine.journal import HAD_CLOSED, NOT_AWAITED
from mock_p1.engine.saved_state import CannotLoad, saved
from mock_p1.scenario.parser import parse
from mock_p1.server import redis_store, shared_state
from mock_p1.server.redis_store import Batch, BehindState, RedisStore
from mock_p1.server.shared_state import share
from mock_p1.server.state_file import load_state, write_state
from mock_p1.server.store_url import CannotShareState
from mock_p1.server.upload_store import UploadStore

pytestmark = NEEDED

PATH = "/v1/external/retrain_jobs/"
SCENARIO = """
new_jobs: {timeline: [{status: job_waiting, for: upload}, {status: job_finished}]}
jobs:
  a: {timeline: [{status: job_waiting, for: 100 polls}, {status: job_finished}]}
  long: {timeline: [{status: job_waiting, for: 500 polls}, {status: job_finished}]}
  timed: {timeline: [{status: job_waiting, for: 1h}, {status: job_finished}]}
  link: {timeline: [{status: job_finished, result: {rows: 2, fails: 3}}]}
"""


@pytest.fixture(scope="module")
def server():
    """A store for all tests here that do it no harm."""
    with redis_server() as server:
        yield server


@pytest.fixture(autouse=True)
def _no_thread_stays():
    """End what an app has begun that nobody ends: its thread would run beside other tests."""
    yield
    for part in [*shared_state._parts]:  # noqa: SLF001 -- nobody else knows them all
        part.close()


RIGHTS = ("on", ">secret", "+@all", "~*")
"""Of a user who has a password."""


class Mocks:
    """Mocks that share a state, and ways to ask them."""

    def __init__(self, stack, url, name=None):
        self.stack, self.url = stack, url
        self.name = name or uuid.uuid4().hex
        self.all = []

    def join(self, text=SCENARIO, timeout=1.0, **options):
        """Start one more, as a process of its own would."""
        options = {"jobs_max": 1000, "journal_max": 1000, "store": UploadStore(), **options}
        options["timeout_seconds"] = timeout
        scenario = parse(text, "f.yaml") if isinstance(text, str) else text
        shared = share(scenario, self.url, self.name, **options)
        self.stack.callback(shared.close)
        self.all.append(shared)
        return shared.engine

    def side_by_side(self, times, ask, clients=12):
        """Let so many clients ask the mocks in turn, so often in all; what they saw."""
        engines, seen = [shared.engine for shared in self.all], []

        def client(number):
            engine = engines[number % len(engines)]
            seen.extend(ask(engine) for _ in range(times // clients))

        threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return Counter(seen)


@pytest.fixture
def mocks(server):
    """Three mocks of one scenario, with a state of their own."""
    with ExitStack() as stack:
        made = Mocks(stack, server.url)
        for _ in range(3):
            made.join()
        yield made


def ask(engine, path, key="k", method="GET", **more):
    """Send a request."""
    return engine.handle(Request(method, path, api_keys=(key,), base_url="http://m", **more))


def sees(engine, job="a"):
    """Return the status that a poll sees, or the HTTP status, or the fault."""
    reply = ask(engine, PATH + job)
    if isinstance(reply, Fault):
        return reply.kind
    return json.loads(reply.body).get("status", reply.status)


def test_a_step_of_n_polls_is_seen_by_n(mocks):
    """Whichever mock they reach, and however many clients ask."""
    seen = mocks.side_by_side(640, lambda engine: sees(engine, "long"), clients=64)
    assert seen == {"job_waiting": 500, "job_finished": 140}


def test_an_element_of_n_calls_is_met_by_n(server):
    """As ``calls:`` says."""
    calls = "{retrain_model_switch: [{error: not_found_retrain_job, for: 25 calls}, ok]}"
    with ExitStack() as stack:
        made = Mocks(stack, server.url)
        for _ in range(3):
            made.join(f"calls: {calls}\n{SCENARIO}")
        seen = made.side_by_side(48, switched)
    assert seen == {400: 25, 200: 23}


def switched(engine):
    """Return the status of a switch to the model of a job that is finished."""
    return ask(engine, f"{PATH}link/update_model", method="PUT").status


def test_a_switch_at_the_instant_of_finishing(mocks):
    """Before it all are refused, after it none, in the one order that all journals have."""
    driver = Driver(mocks.all[0].engine)
    sees(mocks.all[0].engine, "timed")
    turn = threading.Barrier(13)

    def switch(engine):
        turn.wait(10)
        return ask(engine, f"{PATH}timed/update_model", method="PUT").status

    finishing = threading.Thread(target=lambda: (turn.wait(10), driver.advance(3600 * SECOND)))
    finishing.start()
    seen = mocks.side_by_side(12, switch)
    finishing.join()
    mocks.all[2].engine.refresh()
    switches = [e for e in mocks.all[2].engine.journal if e.operation == "retrain_model_switch"]
    done = [entry.done is not None for entry in switches]
    assert done == sorted(done)
    assert seen == Counter(entry.http_status for entry in switches)
    assert [entry.moment_ns > 3600 * SECOND for entry in switches] == done


def test_a_file_that_comes_while_others_poll(mocks):
    """Each sees that it waits, until it has come; none sees that again afterwards."""
    one, other, third = (shared.engine for shared in mocks.all)
    issued = json.loads(ask(one, f"{PATH}upload_url", query="filename=a.csv").body)
    job, path = issued["retrain_job_id"], issued["upload_url"].removeprefix("http://m")
    seen, come = [], threading.Event()

    def poll():
        while not come.is_set():
            seen.append(sees(third, job))
        seen.append(sees(third, job))

    polling = threading.Thread(target=poll)
    polling.start()
    assert ask(other, path, method="PUT", has_body=True).status == 200
    come.set()
    polling.join()
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == "job_finished"


def test_queued_failures_strike_so_often(mocks):
    """Once each, whoever queued them."""
    Driver(mocks.all[0].engine).fail_next("job_may_be_deleted", times=3)
    seen = mocks.side_by_side(60, lambda engine: sees(engine, "timed"))
    assert seen == {400: 3, "job_waiting": 57}


def test_a_link_fails_so_often(mocks):
    """As ``fails:`` says."""
    link = json.loads(ask(mocks.all[0].engine, PATH + "link").body)["download_url"]
    path = link.removeprefix("http://m")
    seen = mocks.side_by_side(24, lambda engine: ask(engine, path).status)
    assert seen == {503: 3, 200: 21}


def test_a_rate_limit_holds_over_all(server):
    """So many in its span, whichever mock they reach."""
    limited = f"rate_limit: {{polls: 5, per: 1h}}\n{SCENARIO}"
    with ExitStack() as stack:
        made = Mocks(stack, server.url)
        for _ in range(2):
            made.join(limited)
        assert made.side_by_side(24, sees) == {"job_waiting": 5, 429: 19}


def test_no_two_ids_are_alike(mocks):
    """Jobs that one caller creates side by side, and keys."""

    def create(engine):
        return json.loads(ask(engine, f"{PATH}upload_url", query="filename=a.csv").body)

    created = mocks.side_by_side(60, lambda engine: create(engine)["retrain_job_id"])
    query = "credential_type=retrain&model_id=1"
    keys = mocks.side_by_side(
        60, lambda engine: ask(engine, "/v1/external/api-key", "s", query=query).body
    )
    assert (len(created), len(keys)) == (60, 60)


def test_a_file_starts_a_job_that_others_poll(mocks):
    """Its PUT may reach another mock than the call that issued it."""
    one, other, third = (shared.engine for shared in mocks.all)
    issued = json.loads(ask(one, f"{PATH}upload_url", query="filename=a.csv").body)
    job, path = issued["retrain_job_id"], issued["upload_url"].removeprefix("http://m")
    assert sees(third, job) == "job_waiting"
    taken = other.receive(Request("PUT", path, has_body=True), 8)
    taken.write(b"a,b\n1,2\n")
    assert sees(third, job) == "job_waiting"
    assert taken.finish().status == 200
    assert sees(third, job) == "job_finished"
    [upload] = third.state.uploads
    assert (upload.size, upload.kept.is_kept) == (8, False)


def test_all_keep_one_journal(mocks):
    """The same entries in the same order, and counts."""
    mocks.side_by_side(60, sees)
    for shared in mocks.all:
        shared.engine.refresh()
    one, *others = ([*shared.engine.journal] for shared in mocks.all)
    assert [entry.number for entry in one] == [*range(1, 61)]
    assert others == [one, one]
    assert len({json.dumps(saved(shared.engine)["state"]) for shared in mocks.all}) == 1


def test_who_listens_to_one_hears_of_all(mocks):
    """As the event stream and the log do: every request, in the order of the journal."""
    one, other, third = (shared.engine for shared in mocks.all)
    heard = []
    third.journal.listen(heard.append)
    for engine in (one, other, one, third):
        sees(engine)
    third.refresh()
    one.refresh()
    assert heard == [*one.journal]


def test_what_is_done_at_one_is_obeyed_by_all(mocks):
    """Clock, reset, scenario: from the next request on."""
    one, other, _ = (shared.engine for shared in mocks.all)
    driver = Driver(one)
    assert sees(other, "timed") == "job_waiting"
    driver.advance(3600 * SECOND)
    assert sees(other, "timed") == "job_finished"
    driver.load(parse("jobs: {b: {timeline: [{status: new}]}}"))
    assert sees(other, "b") == "new"
    driver.restart()
    assert sees(other, "timed") == "job_waiting"
    driver.freeze()
    other.refresh()
    assert other.clock.frozen


def test_who_waits_elsewhere_is_woken(mocks):
    """An answer that another mock holds back comes when the clock is moved here."""
    one, other, _ = (shared.engine for shared in mocks.all)
    woken = threading.Event()
    with other.held.hold(Request("GET", PATH + "a"), 60 * SECOND, woken.set) as hold:
        Driver(one).advance(61 * SECOND)
        assert woken.wait(5)
        assert hold.left_seconds() == 0


def test_a_mistake_is_told_to_who_made_it(mocks):
    """And changes nothing anywhere."""
    with pytest.raises(NoSuchJob):
        Driver(mocks.all[0].engine).step("nothing")
    assert sees(mocks.all[1].engine) == "job_waiting"


def test_a_mock_that_comes_later_knows_all(mocks, monkeypatch):
    """From the batches alone, and from a snapshot and the batches since."""
    monkeypatch.setattr(shared_state, "SNAPSHOT_ACTS", 7)
    engine = mocks.all[0].engine
    for _ in range(20):
        sees(engine)
    Driver(engine).load(parse("jobs: {b: {timeline: [{status: new, for: 2 polls}, {status: c}]}}"))
    sees(engine, "b")
    for _ in range(7):
        sees(engine, "nothing")
    assert mocks.all[0].store.snapshot()[0] > 20
    late = mocks.join()
    assert sees(late, "b") == "new"
    assert sees(late, "b") == "c"
    assert late.journal.last == 30


@pytest.mark.parametrize("acts", [3, 100])
def test_all_judge_by_what_was_reset(mocks, monkeypatch, acts):
    """And whoever comes later, from a snapshot too."""
    monkeypatch.setattr(shared_state, "SNAPSHOT_ACTS", acts)
    one, other, _ = (shared.engine for shared in mocks.all)
    sees(one)
    Driver(one).reset(key="k")
    for _ in range(4):
        sees(other)
    for engine in (one, other, mocks.join()):
        engine.refresh()
        assert [engine.journal.is_judged(entry) for entry in engine.journal] == [False] + [True] * 4


def test_requests_that_are_long_fill_no_memory(mocks, server, monkeypatch):
    """A client decides how long they are: of such, neither the store nor a mock keeps many."""
    for name, value in (("SNAPSHOT_ACTS", 20), ("KEPT_BYTES", 50_000), ("RECENT_BYTES", 50_000)):
        monkeypatch.setattr(shared_state, name, value)
    one, other, _ = mocks.all
    for shared in (one, other) * 15:
        ask(shared.engine, "/nothing", headers=((b"x", b"x" * 20_000),))
    late = mocks.join()
    one.engine.refresh()
    assert [*late.journal] == [*one.engine.journal]
    assert late.journal.last == 30
    assert 1 <= len(one._recent) <= 2  # noqa: SLF001 -- nothing else shows what is kept
    assert server.client().xlen(f"{{{mocks.name}}}:log") <= 6


def test_a_mock_that_comes_later_has_the_clock_of_all(server, monkeypatch):
    """Also from a snapshot that was made long after the state began, at another speed."""
    monkeypatch.setattr(shared_state, "SNAPSHOT_ACTS", 3)
    with ExitStack() as stack:
        mocks = Mocks(stack, server.url)
        first = mocks.join(speed=2.5)
        meta = f"{{{mocks.name}}}:meta"
        hour_ago = int(server.client().hget(meta, "begun")) - 3_600_000_000
        server.client().hset(meta, "begun", hour_ago)
        first.clock.anchor = (hour_ago * 1000, 0, 2.5)
        for _ in range(4):
            sees(first)
        late = mocks.join(speed=2.5)
        assert sees(late) == "job_waiting"
        first.refresh()
        assert late.clock.anchor == first.clock.anchor
        assert [*late.journal] == [*first.journal]


def calls_with_polls(shared):
    """Return how many calls of the store there are that add something, from now on."""
    found, append = [], shared.store.append

    def counted(*arguments, **more):
        found.append(len(json.loads(arguments[5] or "[]")))
        return append(*arguments, **more)

    shared.store.append = counted
    return found


def test_one_round_trip_for_a_poll(mocks, monkeypatch):
    """Of a client that waits for each answer: one that adds it, none besides."""
    monkeypatch.setattr(shared_state, "IDLE_SECONDS", 60)
    monkeypatch.setattr(shared_state, "LENT_SECONDS", 5)  # on a busy machine none is slow
    shared = mocks.all[0]
    found = calls_with_polls(shared)
    for _ in range(50):
        sees(shared.engine)
    assert [count for count in found if count] == [1] * 50
    assert found.count(0) <= 1  # the mock may have begun to look for itself just before


def test_one_round_trip_for_polls_that_wait_together(mocks):
    """However many have come while the store was busy."""
    shared = mocks.all[0]
    found, append = [], shared.store.append
    busy, go_on, done = threading.Event(), threading.Event(), threading.Semaphore(0)

    def slow(*arguments, **more):
        if arguments[5:] and arguments[5]:
            found.append(len(json.loads(arguments[5])))
            busy.set()
            go_on.wait(10)
        return append(*arguments, **more)

    shared.store.append = slow
    request = Request("GET", PATH + "a", api_keys=("k",))
    for number in range(41):
        shared.submit(acts.ask(request), lambda *_: done.release())
        assert number or busy.wait(10)
    go_on.set()
    for _ in range(41):
        assert done.acquire(timeout=10)
    assert found == [1, 40]


@pytest.fixture
def loop_of(mocks, monkeypatch):
    """A mock whose thread waits for news, and one way to ask it as a loop does."""
    monkeypatch.setattr(shared_state, "IDLE_SECONDS", 60)
    monkeypatch.setattr(shared_state, "LENT_SECONDS", 10)  # no store is slow on a busy machine
    shared = mocks.all[0]
    shared.engine.refresh()
    while shared._turn.locked():  # noqa: SLF001 -- the last turn of its thread for a minute
        pass

    def ask_as_a_loop(names):
        told = queue.SimpleQueue()
        shared.engine.handle_later(
            (
                Request("GET", PATH + name, api_keys=("k",), base_url="http://m"),
                lambda found: told.put((found.status, threading.current_thread())),
            )
            for name in names
        )
        return [told.get(timeout=10) for _ in names]

    return shared, ask_as_a_loop


def test_a_loop_asks_the_store_in_its_own_thread(loop_of, mocks):
    """What has come to it together is one round trip, and wakes nobody."""
    shared, ask_as_a_loop = loop_of
    calls, names = shared.store.calls, ["a", "a", "long", "long"]
    assert ask_as_a_loop(names) == [(200, threading.current_thread())] * 4
    assert shared.store.calls == calls + 1
    other = mocks.all[1].engine
    other.refresh()
    assert [entry.path for entry in other.journal] == [PATH + name for name in names]


def test_a_loop_does_not_wait_for_a_slow_store(loop_of, monkeypatch):
    """The thread hears the answer, and does what comes next, for a while."""
    shared, ask_as_a_loop = loop_of
    monkeypatch.setattr(shared_state, "PAUSE_SECONDS", 60)
    monkeypatch.setattr(shared_state, "LENT_SECONDS", lent := 0.002)
    monkeypatch.setattr(shared.store, "has_answered", lambda seconds: seconds > lent)
    assert ask_as_a_loop("aa") == [(200, shared._thread)] * 2  # noqa: SLF001 -- whose it is
    monkeypatch.setattr(shared.store, "has_answered", lambda _seconds: True)
    assert ask_as_a_loop("a") == [(200, shared._thread)]  # noqa: SLF001 -- likewise
    assert shared.engine.journal.last == 3


def test_a_loop_leaves_to_the_thread_what_takes_long_to_send(loop_of, monkeypatch):
    """A store that takes nothing would keep it from serving others."""
    shared, ask_as_a_loop = loop_of
    assert ask_as_a_loop("a") == [(200, threading.current_thread())]
    monkeypatch.setattr(shared_state, "LENT_BYTES", 10)
    assert ask_as_a_loop("a") == [(200, shared._thread)]  # noqa: SLF001 -- whose it is


def test_a_loop_leaves_to_the_thread_to_save(loop_of, monkeypatch):
    """Of many job states that takes seconds."""
    shared, ask_as_a_loop = loop_of
    keep, savers = shared.store.keep_snapshot, queue.SimpleQueue()

    def kept(*about):
        keep(*about)
        savers.put(threading.current_thread())

    monkeypatch.setattr(shared.store, "keep_snapshot", kept)
    monkeypatch.setattr(shared_state, "SNAPSHOT_ACTS", 3)
    assert ask_as_a_loop("aaaa") == [(200, threading.current_thread())] * 4
    shared.engine.refresh()
    assert savers.get(timeout=10) is shared._thread  # noqa: SLF001 -- whose it is


def test_a_state_that_cannot_be_saved(loop_of, monkeypatch):
    """Ends the process, which else would answer nothing any more, and say nothing of it."""
    shared, ask_as_a_loop = loop_of
    ended = queue.SimpleQueue()
    monkeypatch.setattr(shared, "ended", ended.put)
    monkeypatch.setattr(shared_state, "saved", lambda *_: int("none"))
    monkeypatch.setattr(shared_state, "SNAPSHOT_ACTS", 1)
    ask_as_a_loop("a")
    shared.engine.refresh()
    assert "ValueError" in ended.get(timeout=10)


def test_an_answer_of_the_store_that_a_loop_has_lost(loop_of, monkeypatch):
    """It is answered 503; found out, and noted."""
    shared, ask_as_a_loop = loop_of
    appended = shared.store.appended

    def lost():
        appended()
        monkeypatch.undo()
        raise shared_state.StoreDown("lost")

    monkeypatch.setattr(shared.store, "appended", lost)
    assert ask_as_a_loop("a") == [(503, threading.current_thread())]
    shared.engine.refresh()
    shared.engine.refresh()
    assert [entry.notes for entry in shared.engine.journal] == [(shared_state.COUNTED,)]


def test_a_loop_that_is_interrupted(loop_of, monkeypatch):
    """What comes next is not handed the answer to what was asked before."""
    shared, ask_as_a_loop = loop_of

    def interrupted(_seconds):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(shared.store, "has_answered", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ask_as_a_loop("a")
    assert [status for status, _ in ask_as_a_loop("aa")] == [200, 200]
    shared.engine.refresh()
    notes = [entry.notes for entry in shared.engine.journal]
    assert notes == [(shared_state.COUNTED,), (), ()]


def test_a_loop_first_reads_what_others_have_done(loop_of, mocks, monkeypatch):
    """Where it is too much for one round trip, nothing is added before all is read."""
    shared, ask_as_a_loop = loop_of
    monkeypatch.setattr(redis_store, "APPEND", re.sub(r"\b1000\b", "2", redis_store.APPEND))
    monkeypatch.setattr(shared_state, "MOST_BATCHES", 2)
    for _ in range(5):
        sees(mocks.all[1].engine)
    assert ask_as_a_loop("a") == [(200, threading.current_thread())]
    assert shared.engine.journal.last == 6


def test_clocks_that_differ_do_not_matter(server, monkeypatch):
    """It is the store that says what time it is: to a machine whose own is an hour off, too."""
    with ExitStack() as stack:
        mocks = Mocks(stack, server.url)
        first = mocks.join()
        assert sees(first, "timed") == "job_waiting"
        began, hour_off = first.clock.client_date(0), first.clock.client_date(3600 * SECOND)
        real_ns = time.perf_counter_ns
        off = {"perf_counter_ns": lambda: real_ns() + 3600 * SECOND, "monotonic": time.monotonic}
        monkeypatch.setattr(shared_state, "time", SimpleNamespace(**off))
        monkeypatch.setattr("time.time", lambda: 0.0)
        monkeypatch.setattr("mock_p1.base.clock.datetime", SimpleNamespace(now=lambda _: hour_off))
        late = mocks.join()
        assert sees(late, "timed") == "job_waiting"
        first.refresh()
        late.refresh()
        assert [*first.journal] == [*late.journal]
        assert late.clock.anchor == first.clock.anchor
        assert abs((late.clock.client_date(0) - began).total_seconds()) < 60


def test_a_clock_of_the_store_that_is_set_back(mocks, server):
    """Time goes on from the last act; it does not stand still until that clock is where it was."""
    engine = mocks.all[0].engine
    server.client().hincrby(f"{{{mocks.name}}}:meta", "moment", 3600 * 1_000_000)  # it was ahead
    assert [sees(engine) for _ in range(3)] == ["job_waiting"] * 3
    first, *_, last = [entry.moment_ns for entry in engine.journal]
    assert 3599 * SECOND <= first < last


def test_a_clock_of_the_store_that_is_set_forward(loop_of, server, mocks):
    """What is sent just then comes too late by the old time, and is sent anew by the new one."""
    shared, ask_as_a_loop = loop_of
    server.client().hincrby(f"{{{mocks.name}}}:meta", "ahead", 3600 * 1_000_000)
    assert [status for status, _ in ask_as_a_loop("a")] == [200]
    assert sees(shared.engine) == "job_waiting"
    assert shared.engine.journal.last == 2


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_a_random_history_is_that_of_one_mock(server, seed):
    """Uploads, steps, resets, moves of the clock, other scenarios, kills, mocks that come later.

    Played again, alone and in the store's order, it gives every client the same answers.
    """
    assert history.play(server.url, seed) > 30
    assert shared_state.SNAPSHOT_ACTS == 10_000


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (
            {"text": "jobs: {b: {error: job_may_be_deleted}}"},
            "f.yaml has changed since it was first played there; .* by another --state-name",
        ),
        ({"seed": 8}, "its processes were started with --seed 0, not 8; take that"),
        ({"speed": 1.5}, "its processes were started with --speed 1, not 1.5"),
        ({"journal_max": 5}, "its processes were started with --journal-max 1000, not 5"),
        ({"jobs_max": 5}, "its processes were started with --jobs-max 1000, not 5"),
        (
            {"store": UploadStore(5)},
            "its processes were started with --upload-max 100000000, not 5",
        ),
    ],
)
def test_a_mock_that_differs_is_refused(mocks, other, told):
    """It says in what, by the option that it was started with."""
    with pytest.raises(CannotShareState, match=told):
        mocks.join(**other)


@pytest.mark.parametrize("options", [{}, {"take_shared": True}])
def test_a_mock_that_differs_from_one_with_variables(server, options):
    """Its text is of no use to others, who have variables of their own; it is not called wrong."""
    text = f"variables: true\napi_keys: {{'${{KEY}}': active}}\n{SCENARIO}"
    with ExitStack() as stack:
        made = Mocks(stack, server.url)
        for key in ("one", "one", "two"):
            scenario = parse(text, "v.yaml", variables={"KEY": key})
            if key == "one":
                made.join(scenario)
        with pytest.raises(CannotShareState, match=r"v\.yaml has changed .* variables included:"):
            made.join(scenario, **options)
        with pytest.raises(CannotShareState, match=r"begun with v\.yaml, not with f\.yaml as here"):
            made.join(**options)
        with pytest.raises(ValueError, match=r"v\.yaml was made in .* or with variables"):
            Driver(made.all[0].engine).load(scenario)


def test_a_seed_that_is_the_scenarios_own(mocks, server):
    """Is the one that was not given; after a switch to one with another seed all still agree."""
    late = mocks.join(seed=0)
    other = "seed: 5\nnew_jobs: {timeline: [{status: job_waiting}]}"
    Driver(late).load(parse(other, "o.yaml"))
    assert {shared.engine.seed for shared in mocks.all if shared.engine.refresh() is None} == {5}
    with ExitStack() as stack:
        given = Mocks(stack, server.url)
        given.join(seed=3)
        with pytest.raises(CannotShareState, match="--seed 3, not 0"):
            given.join()


def test_an_app_shares_a_state(mocks, server):
    """Under any WSGI or ASGI server, with whoever plays the same."""
    app = create_app(SCENARIO, state=server.url, state_name=mocks.name + "x")
    asgi = create_asgi_app(SCENARIO, state=server.url, state_name=mocks.name + "x")
    for _ in range(50):
        app.test_client().get(PATH + "a", headers={"x-api-key": "k"})

    async def poll():
        transport = httpx.ASGITransport(asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://m") as client:
            return [await client.get(PATH + "a", headers={"x-api-key": "k"}) for _ in range(51)]

    seen = [answer.json()["status"] for answer in asyncio.run(poll())]
    assert seen == ["job_waiting"] * 50 + ["job_finished"]


@pytest.mark.parametrize("create", [create_app, create_asgi_app])
def test_an_app_that_nobody_has_any_more_leaves_the_state(server, create):
    """Its thread ends, and hangs up: a suite of tests may make an app for each."""
    before = {*threading.enumerate()}
    app = create(SCENARIO, state=server.url, state_name=uuid.uuid4().hex)
    [thread] = {*threading.enumerate()} - before
    assert thread.is_alive()
    del app
    gc.collect()
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.posix
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_says_what_it_is(mocks, server):
    """As with gunicorn's --preload: it has no thread that could ask the store, so it says so."""
    app = create_app(SCENARIO, state=server.url, state_name=mocks.name + "f")
    ours, theirs = multiprocessing.Pipe()

    def ask_in_the_fork():
        client = app.test_client()
        for path in (PATH + "a", "/nothing", "/__admin/ready", "/__admin/health"):
            answer = client.get(path, headers={"x-api-key": "k"})
            theirs.send((answer.status_code, answer.text))

    fork = multiprocessing.get_context("fork").Process(target=ask_in_the_fork)
    fork.start()
    try:
        answers = [ours.recv() for _ in range(4) if ours.poll(10)]
    finally:
        fork.kill()
        fork.join()
    assert [status for status, _ in answers] == [503, 503, 503, 200]
    assert all("without --preload" in text for _, text in answers)
    assert app.test_client().get(PATH + "a", headers={"x-api-key": "k"}).status_code == 200


def test_a_handle_sees_what_reached_others(mocks, server):
    """A test that holds one of them judges the clients of all."""
    name = mocks.name + "y"
    with (
        serving(SCENARIO, state=server.url, state_name=name) as one,
        serving(SCENARIO, state=server.url, state_name=name) as other,
    ):
        requests.get(one.url + PATH + "a", headers={"x-api-key": "k"}, timeout=5)
        assert other.was_asked
        other.assert_polled("a", times=1)
        other.fail_next("job_may_be_deleted")
        answer = requests.get(one.url + PATH + "a", headers={"x-api-key": "k"}, timeout=5)
        assert answer.status_code == 400
        assert [poll.error for poll in other.polls("a")] == [None, "job_may_be_deleted"]


@pytest.mark.slow
def test_a_handle_says_that_rows_are_known_elsewhere(mocks, server):
    """Of a larger file that came to another mock: so it asks nobody to wait."""
    name, headers = mocks.name + "w", {"x-api-key": "k"}
    with (
        serving(SCENARIO, state=server.url, state_name=name) as one,
        serving(SCENARIO, state=server.url, state_name=name) as other,
    ):
        ask_for, query = f"{one.url}{PATH}upload_url", {"filename": "a.csv"}
        issued = requests.get(ask_for, params=query, headers=headers, timeout=5).json()
        content = b"a,b\n" + b"1,2\n" * 20_000
        requests.put(issued["upload_url"], data=content, timeout=10)
        one.assert_uploaded(rows=20_000)
        other.assert_uploaded()
        says = "no rows that are known; .* the file came to another process, and .* only there"
        with pytest.raises(AssertionError, match=says):
            other.assert_uploaded(rows=20_000)


@pytest.mark.slow
def test_a_handle_says_what_was_noted_just_now(mocks, server):
    """A download that is still sent is not complete, though that is an act of its own."""
    with serving(SCENARIO, state=server.url, state_name=mocks.name + "z") as mock:
        headers = {"x-api-key": "k"}
        link = requests.get(f"{mock.url}{PATH}link", headers=headers, timeout=5)
        for _ in range(4):  # the first three fail
            requests.get(link.json()["download_url"], timeout=5)
        engine = mock._engine  # noqa: SLF001 -- as its server would
        engine.settle(10)
        engine.deliveries.sending(engine.journal.last)
        assert not mock.downloads()[-1].complete


@pytest.mark.parametrize(
    "other", [{"instant_sleep": True}, {"load": "s"}, {"start_date": "2026-02-28"}]
)
def test_what_a_shared_state_has_of_its_own(other):
    """Its clock and its history."""
    with pytest.raises(ValueError, match="a shared state has its own clock and history"):
        serving("demo", state="redis://127.0.0.1", **other)


def test_a_mock_may_take_the_scenario_that_is_played(mocks):
    """Where it says so."""
    late = mocks.join("jobs: {b: {error: job_may_be_deleted}}", take_shared=True)
    assert sees(late, "a") == "job_waiting"
    assert [each.left_aside for each in mocks.all] == [None, None, None, "f.yaml"]


OTHER = "new_jobs: {timeline: [{status: job_waiting, for: upload}, {status: job_finished}]}"


def test_a_mock_may_start_with_what_is_played_now(mocks, server):
    """Whoever comes after a switch names what it was to, or what the state was begun with."""
    Driver(mocks.all[0].engine).load(parse(OTHER, "o.yaml"))
    for text in (OTHER, SCENARIO):
        late = mocks.join(text)
        assert (late.scenario.name, late.seed) == ("o.yaml", mocks.all[0].engine.seed)
        assert [sees(late), sees(mocks.all[1].engine)] == [400] * 2
    Driver(late).reset()
    mocks.all[0].engine.refresh()
    assert mocks.all[0].engine.scenario.name == late.scenario.name
    assert [*late.journal] == [*mocks.all[0].engine.journal]


def test_a_mock_that_names_neither(mocks):
    """It hears of both, and leaves everything as it was."""
    Driver(mocks.all[0].engine).load(parse(OTHER, "o.yaml"))
    third = parse("jobs: {b: {error: job_may_be_deleted}}", "third.yaml")
    options = {"jobs_max": 1000, "journal_max": 1000, "store": UploadStore()}
    before = {*threading.enumerate()}
    told = "its state was begun with f.yaml, and plays o.yaml, not third.yaml; begin anew by"
    with pytest.raises(CannotShareState, match=told):
        share(third, mocks.url, mocks.name, **options)
    assert {*threading.enumerate()} <= before
    assert sees(mocks.all[0].engine) == 400


def test_a_saved_state_goes_on_in_a_store(mocks, server, tmp_path):
    """Whether it was shared before or not, and the other way; for all who share it, and once."""
    first = mocks.all[0].engine
    assert [sees(first, "timed"), sees(first)] == ["job_waiting"] * 2
    Driver(first).advance(1800 * SECOND)
    write_state(first, tmp_path / "s.json")
    with ExitStack() as stack:
        again = Mocks(stack, server.url)
        one, other = again.join(), again.join()
        assert load_state(one, tmp_path / "s.json")
        Driver(other).advance(1801 * SECOND)
        assert sees(other, "timed") == "job_finished"
        assert not load_state(other, tmp_path / "s.json")
        write_state(other, tmp_path / "t.json")
        late = again.join()
        assert sees(late, "timed") == "job_finished"
        assert late.journal.last == 4
    alone = Engine(parse(SCENARIO, "f.yaml"), RealClock(), seed=first.seed)
    assert load_state(alone, tmp_path / "t.json")
    assert sees(alone, "timed") == "job_finished"


def test_a_saved_state_that_does_not_fit_hurts_nobody(mocks, server, tmp_path):
    """It is tried apart from all first."""
    other = Engine(parse("jobs: {b: {timeline: [{status: other}]}}", "f.yaml"), RealClock())
    write_state(other, tmp_path / "s.json")
    with pytest.raises(CannotLoad, match=r"f\.yaml has changed since it was saved"):
        load_state(mocks.all[0].engine, tmp_path / "s.json")
    first = mocks.all[0].engine
    broken = json.loads(json.dumps(saved(first)))
    broken["journal"]["rows"] = [[1]]
    with pytest.raises(CannotLoad, match="it is broken"):
        first.go_on_from(broken)
    assert sees(mocks.all[1].engine) == "job_waiting"
    assert mocks.all[1].engine.journal.last == 1
    meta = server.client().hget(f"{{{mocks.name}}}:meta", "seq")
    assert int(meta) == 1  # nobody was asked to


def test_several_mocks_share_a_store(mocks, server):
    """Each name has a state of its own."""
    with ExitStack() as stack:
        other = Mocks(stack, server.url).join("jobs: {b: {timeline: [{status: other}]}}")
        assert sees(other, "b") == "other"
        assert sees(mocks.all[0].engine, "b") == 400


def reasons(error):
    """Return the kinds of errors that have led to one."""
    kinds = []
    while error is not None:
        kinds.append(type(error))
        error = error.__context__
    return kinds


def test_a_url_that_is_no_stores():
    """It says which are."""
    known = "no URL of a store; one begins with redis://, rediss://, unix://"
    with pytest.raises(CannotShareState, match=known), ExitStack() as stack:
        Mocks(stack, "http://127.0.0.1").join()


@pytest.mark.parametrize(
    ("url", "shown", "reason"),
    [
        ("redis://127.0.0.1:1", "redis://127.0.0.1:1", ConnectionRefusedError),
        ("redis://:secret@127.0.0.1:1", "redis://:…@127.0.0.1:1", ConnectionRefusedError),
        (
            "redis://127.0.0.1:1?password=secret",
            "redis://127.0.0.1:1?password=…",
            ConnectionRefusedError,
        ),
        ("unix:///no/such/socket", "unix:///no/such/socket", FileNotFoundError),
        (f"redis://{'a' * 64}", f"redis://{'a' * 64}", UnicodeError),
        ("redis://no-such-host.invalid", "redis://no-such-host.invalid", socket.gaierror),
    ],
)
def test_a_store_that_cannot_be_had(url, shown, reason):
    """One line that says which, and why in the library's words, and never its password."""
    with pytest.raises(CannotShareState) as refused, ExitStack() as stack:
        Mocks(stack, url).join()
    assert re.fullmatch(rf"{re.escape(shown)}: .+", str(refused.value))
    assert "secret" not in str(refused.value)
    assert any(issubclass(each, reason) for each in reasons(refused.value))


@pytest.mark.parametrize("name", ["", "{a}", "a*", "a?", "[a]", "a\n"])
def test_a_name_that_no_state_can_have(server, name):
    """Its keys could not be told from others, or found."""
    with pytest.raises(CannotShareState, match="--state-name must be of letters"):
        RedisStore(server.url, name)


def test_a_name_may_be_that_of_a_scenario(server):
    """As in ``compose.cluster.yaml``: a file's, in any language."""
    assert RedisStore(server.url, "/scenarios/状態 2_a-b.yaml").shown == server.url


@pytest.mark.parametrize("protocol", [2, 3])
def test_options_that_a_store_may_have(server, protocol):
    """It answers as without them."""
    more = f"?protocol={protocol}&client_name=me&db=1"
    with ExitStack() as stack:
        mocks = Mocks(stack, server.url + more)
        assert sees(mocks.join()) == "job_waiting"
        assert sees(mocks.join()) == "job_waiting"
        assert mocks.all[0].store.shown == server.url + more


@pytest.mark.parametrize("login", ["topsecret", "topsecret:"])
def test_a_password_that_is_no_password(login):
    """The colon before it was forgotten, or stands behind it: that is said."""
    with redis_server("--requirepass", "topsecret") as server, ExitStack() as stack:
        wrong = Mocks(stack, server.url.replace("unix://", f"unix://{login}@"))
        with pytest.raises(
            CannotShareState, match=r"^unix://…@/.*[a-z]; .*behind a colon"
        ) as refused:
            wrong.join()
    assert "topsecret" not in str(refused.value)


@pytest.mark.parametrize("part", ["meta", "log", "snapshot"])
def test_keys_of_another_program(server, part):
    """They are left alone."""
    name = uuid.uuid4().hex
    server.client().set(f"{{{name}}}:{part}", "1")
    with pytest.raises(CannotShareState, match="its keys are another program's"), ExitStack() as s:
        Mocks(s, server.url, name).join()
    assert server.client().keys(f"{{{name}}}*") == [f"{{{name}}}:{part}".encode()]
    assert server.client().get(f"{{{name}}}:{part}") == b"1"


def test_a_hash_of_another_program(server):
    """Too."""
    server.client().hset("{hash}:meta", "theirs", "1")
    with pytest.raises(CannotShareState, match="is another program's"), ExitStack() as stack:
        Mocks(stack, server.url, "hash").join()
    assert server.client().hgetall("{hash}:meta") == {b"theirs": b"1"}


def test_records_of_another_version(server):
    """They are left alone."""
    server.client().hset("{old}:meta", mapping={"form": "0", "run": "r", "seq": 0, "facts": "{}"})
    server.client().hset("{old}:meta", "begun", 1)
    with pytest.raises(CannotShareState, match="another version of the mock, in form 0"):
        Mocks(ExitStack(), server.url, "old").join()


@pytest.fixture(scope="module")
def secured(tmp_path_factory):
    """A store at a port that speaks TLS alone, and the authority that vouches for it, in a file."""
    folder, authority, port = tmp_path_factory.mktemp("tls"), trustme.CA(), free_port()
    own = authority.issue_cert("localhost", "127.0.0.1")
    own.private_key_pem.write_to_path(folder / "key.pem")
    own.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    names = (("cert", "cert"), ("key", "key"), ("ca-cert", "ca"))
    files = [(f"--tls-{name}-file", str(folder / f"{file}.pem")) for name, file in names]
    options = ("--tls-port", str(port), *chain.from_iterable(files), "--tls-auth-clients", "no")
    with redis_server(*options, "--requirepass", "right") as server:
        yield port, folder / "ca.pem", server


@pytest.mark.parametrize("scheme", ["rediss", "valkeys"])
def test_a_store_over_tls(secured, scheme):
    """Whoever trusts its authority shares what is there, whatever way leads to it."""
    port, authority, server = secured
    url = f"{scheme}://:right@localhost:{port}?ssl_ca_certs={authority}"
    with ExitStack() as stack:
        over_tls = Mocks(stack, url)
        assert sees(over_tls.join()) == "job_waiting"
        by_socket = Mocks(stack, server.url.replace("unix://", "unix://:right@"), over_tls.name)
        assert sees(by_socket.join()) == "job_waiting"
        assert by_socket.all[0].engine.journal.last == 2


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("rediss://:right@localhost:PORT", ssl.SSLCertVerificationError),
        ("redis://:right@localhost:PORT", redis.ConnectionError),
        ("rediss://:wrong@localhost:PORT?ssl_ca_certs=CA", redis.AuthenticationError),
        ("rediss://localhost:PORT?ssl_ca_certs=CA", redis.AuthenticationError),
    ],
)
def test_tls_that_is_refused(secured, url, reason):
    """One line that says which store and why, and never the password."""
    port, authority, _ = secured
    url = url.replace("PORT", str(port)).replace("CA", str(authority))
    with pytest.raises(CannotShareState) as refused, ExitStack() as stack:
        Mocks(stack, url).join()
    text = str(refused.value)
    assert re.fullmatch(rf"rediss?://(:…@)?localhost:{port}[^ ]*: .+", text)
    assert ("it wants a password" in text) is ("@" not in url)
    assert reason in reasons(refused.value)
    assert "right" not in text
    assert ":wrong" not in text


def test_tls_at_one_end_alone(secured):
    """What may be wrong is said, as far as it can be known."""
    port, authority, _ = secured
    with pytest.raises(CannotShareState, match="perhaps it speaks TLS alone, and it is rediss://"):
        Mocks(ExitStack(), f"redis://:right@localhost:{port}").join()
    with redis_server(port=(plain := free_port())), ExitStack() as stack:
        url = f"rediss://localhost:{plain}?ssl_ca_certs={authority}"
        with pytest.raises(CannotShareState, match="perhaps it speaks no TLS, and it is redis://"):
            Mocks(stack, url).join(timeout=0.2)


@pytest.mark.parametrize("scheme", ["redis", "valkey"])
def test_a_store_at_a_port(scheme):
    """With a user's name and password; ``valkey`` is said for ``redis``."""
    port = free_port()
    with redis_server(port=port) as server, ExitStack() as stack:
        server.client().execute_command("ACL", "SETUSER", "me", *RIGHTS)
        mocks = Mocks(stack, f"{scheme}://me:secret@127.0.0.1:{port}/3")
        assert sees(mocks.join()) == "job_waiting"
        with pytest.raises(CannotShareState, match=r"^[a-z]+://…:…@127") as refused:
            Mocks(stack, f"{scheme}://me:other@127.0.0.1:{port}/3").join()
    assert redis.AuthenticationError in reasons(refused.value)


def test_a_store_that_is_too_old(server, monkeypatch):
    """It says which one is needed."""
    monkeypatch.setattr("redis.Redis.info", lambda *_: {"redis_version": "6.0.16"})
    with pytest.raises(CannotShareState, match=r"is Redis 6\.0\.16; it must be 6\.2 or newer"):
        Mocks(ExitStack(), server.url).join()


def test_a_user_who_may_not_ask_which_version_it_is(server):
    """May share a state all the same."""
    server.client().execute_command("ACL", "SETUSER", "few", *RIGHTS, "-info")
    with ExitStack() as stack:
        few = Mocks(stack, server.url.replace("unix://", "unix://few:secret@"))
        assert sees(few.join()) == "job_waiting"


def test_options_of_tls_that_do_not_go_together(server, monkeypatch):
    """As no certificate, and a host's name in it, for an older redis-py: one line says so."""

    def refused(*_):
        raise ValueError("Cannot set verify_mode to CERT_NONE when check_hostname is enabled.")

    monkeypatch.setattr(redis.Redis, "info", refused)
    with (
        ExitStack() as stack,
        pytest.raises(CannotShareState, match=r"unix://.*: Cannot set verify"),
    ):
        Mocks(stack, server.url).join()


def test_a_wrong_password():
    """It says so."""
    with redis_server("--requirepass", "right") as server, ExitStack() as stack:
        wrong = Mocks(stack, server.url.replace("unix://", "unix://:wrong@"))
        with pytest.raises(CannotShareState, match=r"^unix://:…@") as refused:
            wrong.join()
        assert redis.AuthenticationError in reasons(refused.value)
        right = Mocks(stack, server.url.replace("unix://", "unix://:right@"))
        assert sees(right.join()) == "job_waiting"


@pytest.mark.parametrize("protocol", [2, 3])
def test_a_store_that_repeats_what_it_does_not_know(protocol):
    """As Redis 5 does with the command by which a login begins: the password is not shown."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse():
            store, _ = listening.accept()
            with store, store.makefile("rb") as asked:
                count = int(asked.readline()[1:])
                words = [asked.read(int(asked.readline()[1:]) + 2)[:-2] for _ in range(count)]
                rest = b"".join(b"`%s`, " % word for word in words[1:])
                said = b"-ERR unknown command `%s`, with args beginning with: %s\r\n"
                store.sendall(said % (words[0], rest))

        refusing = threading.Thread(target=refuse)
        refusing.start()
        url = f"redis://:topsecret@127.0.0.1:{listening.getsockname()[1]}?protocol={protocol}"
        with ExitStack() as stack, pytest.raises(CannotShareState) as refused:
            Mocks(stack, url).join()
        refusing.join()
    assert str(refused.value).endswith(("unknown command `HELLO`", "unknown command `AUTH`"))


@pytest.fixture
def fragile():
    """A store to do harm to, and two mocks on it."""
    with redis_server() as server, ExitStack() as stack:
        mocks = Mocks(stack, server.url)
        for _ in range(2):
            mocks.join()
        yield server, mocks


def is_back(mocks):
    """Wait until every mock reaches its store again."""
    for shared in mocks.all:
        for _ in range(1000):
            with suppress(RuntimeError):
                shared.engine.refresh()
                break
            time.sleep(0.01)


@pytest.mark.slow
def test_a_store_that_does_not_answer(fragile):
    """The mock says that it is its store; what could not be decided never happened.

    Where the store goes on just in time for it after all, it counts, and the journal says so.
    """
    server, mocks = fragile
    one, other = (shared.engine for shared in mocks.all)
    assert sees(one) == "job_waiting"
    server.freeze()
    reply = ask(one, PATH + "a")
    assert (reply.status, dict(reply.headers)["X-Mock-P1-Store"]) == (503, "down")
    assert json.loads(reply.body)["error"] == "MOCK_P1_STORE"
    assert one.store_state().startswith("down: ")
    server.thaw()
    is_back(mocks)
    assert one.store_state() == "ok"
    assert sees(other) == "job_waiting"
    one.refresh()
    polls = [entry for entry in one.journal if shared_state.COUNTED not in entry.notes]
    assert len(polls) == 2  # what came too late was refused


def test_a_store_that_is_slow():
    """The answer comes late, and is right; whoever asks meanwhile waits too."""
    with redis_server() as slow, ExitStack() as stack:
        mocks = Mocks(stack, slow.url)
        one, other = mocks.join(timeout=60), mocks.join(timeout=60)
        seen = []
        asking = [threading.Thread(target=lambda e=e: seen.append(sees(e))) for e in (one, other)]
        slow.freeze()
        for thread in asking:
            thread.start()
        assert seen == []
        slow.thaw()
        for thread in asking:
            thread.join()
        assert seen == ["job_waiting"] * 2
        one.refresh()
        assert [entry.notes for entry in one.journal] == [()] * 2


class Frozen:
    """A store that one mock waits for, until it is let go; what was asked of it meanwhile."""

    def __init__(self, shared, monkeypatch):
        self.shared, self.batches, self.waits = shared, [], []
        self.asked, self.go_on = threading.Semaphore(0), threading.Semaphore(0)
        self._append = shared.store.append
        monkeypatch.setattr(shared_state, "IDLE_SECONDS", 600)
        shared.engine.refresh()  # what it does for itself is over now
        monkeypatch.setattr(shared.store, "append", self._note)
        monkeypatch.setattr(shared.store, "has_answered", self._wait)
        self.answers = True

    def _note(self, *arguments, **more):
        self.batches.append(len(json.loads(arguments[5] or "[]")))
        self._append(*arguments, **more)

    def _wait(self, seconds):
        self.waits.append(seconds)
        self.asked.release()
        assert self.go_on.acquire(timeout=20)
        return self.answers

    def ask(self):
        """Have a poll answered by the thread; where its answer will be."""
        told = queue.SimpleQueue()
        act = ["ask", *plain_request(Request("GET", PATH + "a", api_keys=("k",)))]
        self.shared.submit(act, lambda *done: told.put(done))
        return told


@pytest.fixture
def frozen(mocks, monkeypatch):
    """The store of a mock, frozen until it is let go."""
    frozen = Frozen(mocks.all[0], monkeypatch)
    yield frozen
    frozen.answers = True
    for _ in range(20):
        frozen.go_on.release()


def test_who_waits_behind_one_that_fails_is_told_with_it(frozen):
    """The store is not waited for anew: a second after the first has come, all are told."""
    told = [frozen.ask()]
    assert frozen.asked.acquire(timeout=10)
    told += [frozen.ask(), frozen.ask()]
    frozen.answers = False
    frozen.go_on.release()
    assert [each.get(timeout=10)[1].why for each in told] == [shared_state.NO_ANSWER] * 3
    assert frozen.batches == [1]


def test_the_store_is_waited_for_from_when_a_request_came(frozen, monkeypatch):
    """Not from when it was sent: what it waited before that counts."""
    now = [100.0]
    monkeypatch.setattr(
        shared_state,
        "time",
        SimpleNamespace(monotonic=lambda: now[0], perf_counter_ns=time.perf_counter_ns),
    )
    first = frozen.ask()
    assert frozen.asked.acquire(timeout=10)
    second = frozen.ask()
    now[0] += 0.75
    frozen.go_on.release()
    assert first.get(timeout=10)[1] is None
    assert frozen.asked.acquire(timeout=10)
    frozen.go_on.release()
    assert second.get(timeout=10)[1] is None
    assert frozen.waits == [1.0, 0.25]


def test_the_end_of_a_server_waits_for_no_store(frozen, monkeypatch):
    """Who waits is told, once, whether it was sent or not; and the process ends meanwhile."""
    monkeypatch.setattr(shared_state, "END_SECONDS", 0.01)
    told = [frozen.ask()]
    assert frozen.asked.acquire(timeout=10)
    told.append(frozen.ask())
    frozen.shared.engine.cut_off()
    assert [each.get(timeout=10)[1].why for each in told] == ["this process ends"] * 2
    ending = threading.Thread(target=frozen.shared.close)
    ending.start()
    ending.join(10)
    assert not ending.is_alive()
    frozen.go_on.release()
    frozen.shared._thread.join(10)  # noqa: SLF001 -- else nobody knows that it tells nothing more
    assert [each.empty() for each in told] == [True, True]


def test_the_end_of_a_server_loses_no_note(frozen):
    """What nobody waits for, as that a download was taken, is still done."""
    frozen.ask()
    assert frozen.asked.acquire(timeout=10)
    engine = frozen.shared.engine
    engine.add_note(engine.journal.last + 1, "taken")
    engine.cut_off()
    for _ in range(5):
        frozen.go_on.release()
    engine.refresh()
    [entry] = engine.journal
    assert entry.notes == ("taken",)


def test_the_end_of_a_server_beside_its_thread(mocks, monkeypatch):
    """What waits may be told, and gone, just when the thread is about to take it."""
    shared, endings = mocks.all[0], []

    class Waiting(deque):
        def __len__(self):
            count = super().__len__()
            if count and threading.current_thread() is shared._thread:  # noqa: SLF001 -- which this is about
                ending = threading.Thread(target=shared.cut_off)
                endings.append(ending)
                ending.start()
                ending.join(0.05)  # where it has to wait for the thread, it goes on later
            return count

    why = []
    monkeypatch.setattr(shared, "ended", why.append)
    monkeypatch.setattr(shared, "_waiting", Waiting())
    assert ask(shared.engine, PATH + "a").status in (200, 503)
    monkeypatch.undo()
    for ending in endings:
        ending.join(10)  # one that comes late would cut off the next request
    assert ask(shared.engine, PATH + "a").status == 200
    assert why == []


@pytest.fixture
def impatient():
    """A store to do harm to, and two mocks that wait for it for a short while."""
    with redis_server() as server, ExitStack() as stack:
        mocks = Mocks(stack, server.url)
        for _ in range(2):
            mocks.join(timeout=0.2)
        yield server, mocks


def freeze(server):
    """Let a store do nothing; what lets it go on."""
    server.freeze()
    return server.thaw


def fill(server):
    """Let a store take nothing more; what lets it."""
    server.client().config_set("maxmemory", 1)
    return lambda: server.client().config_set("maxmemory", 0)


def answered(ask, *about, **more):
    """Ask again where a busy machine has made the store too slow for who is impatient."""
    for _ in range(100):
        if getattr(found := ask(*about, **more), "status", 200) == 200:
            break
    return found


def what_is_noted(other):
    """Return the notes of the first call, as soon as both are known to another mock."""
    notes = []
    for _ in range(1000):
        with suppress(RuntimeError):
            other.refresh()
            notes = next(iter(other.journal)).notes
            notes = [note for note in notes if note != shared_state.COUNTED]
        if len(notes) == 2:
            break
        time.sleep(0.01)
    return notes


@pytest.mark.parametrize("harm", [freeze, fill])
def test_a_store_that_fails_loses_no_note(impatient, harm):
    """What nobody waits for is done when the store is back, and once."""
    server, mocks = impatient
    one, other = (shared.engine for shared in mocks.all)
    answered(ask, one, PATH + "a")
    one.add_note(1, HAD_CLOSED)
    mend = harm(server)
    one.note_taken(1, taken=False)  # it may have been sent before anybody knows
    assert ask(one, PATH + "a").status == 503
    one.add_note(1, "late")
    assert ask(one, PATH + "a").status == 503
    mend()
    assert what_is_noted(other) == [NOT_AWAITED, "late"]


@pytest.mark.parametrize("harm", [freeze, fill])
def test_a_store_that_fails_turns_no_notes_round(impatient, harm):
    """That a client had closed its side, and then that it was gone, are done in this order."""
    server, mocks = impatient
    one, other = (shared.engine for shared in mocks.all)
    assert answered(ask, one, PATH + "a").status == 200
    mend = harm(server)
    one.add_note(1, HAD_CLOSED)  # it may have been sent before anybody knows
    assert ask(one, PATH + "a").status == 503
    one.note_taken(1, taken=False)
    one.add_note(1, "late")
    mend()
    assert what_is_noted(other) == [NOT_AWAITED, "late"]


@pytest.fixture
def lose_next(monkeypatch):
    """Let a store never hear the next batch of a mock, which does not know that it has not."""

    def lose_next(store):
        append, appended = store.append, store.appended

        def reset():
            monkeypatch.setattr(store, "appended", appended)
            store.hang_up()
            raise StoreDown("Connection reset")

        def lost(*arguments, **more):
            if not arguments[5]:  # it looks for what others have done
                append(*arguments, **more)
                return
            monkeypatch.setattr(store, "append", append)
            monkeypatch.setattr(store, "appended", reset)
            append(*arguments[:4], **more)

        monkeypatch.setattr(store, "append", lost)

    return lose_next


def test_a_note_waits_for_no_answer_in_doubt(mocks, lose_next):
    """Only for notes before it: polls may be lost again and again."""
    one, other = mocks.join(timeout=600), mocks.all[0].engine
    assert ask(one, PATH + "a").status == 200
    lose_next(mocks.all[-1].store)
    assert ask(one, PATH + "a").status == 503
    one.add_note(1, HAD_CLOSED)
    one.note_taken(1, taken=False)
    one.add_note(1, "late")
    assert what_is_noted(other) == [NOT_AWAITED, "late"]


def test_a_note_in_doubt_is_not_overtaken(mocks, lose_next):
    """Where a store is back before it is known whether it has a note, later ones wait for that."""
    one, other = (shared.engine for shared in mocks.all[:2])
    answered(ask, one, PATH + "a")
    lose_next(mocks.all[0].store)
    one.add_note(1, HAD_CLOSED)
    while ask(one, PATH + "b").status == 503:  # it is not known yet
        pass
    one.note_taken(1, taken=False)
    one.add_note(1, "late")
    assert what_is_noted(other) == [NOT_AWAITED, "late"]


def test_an_upload_that_ends_while_the_store_is_down(impatient):
    """It is known to all as broken off, and under way no longer."""
    server, mocks = impatient
    one, other = (shared.engine for shared in mocks.all)
    issued = json.loads(answered(ask, one, f"{PATH}upload_url", query="filename=a.csv").body)
    path = issued["upload_url"].removeprefix("http://m")
    taken = answered(one.receive, Request("PUT", path, api_keys=("k",), has_body=True), 10)
    server.freeze()
    assert ask(one, PATH + "a").status == 503
    assert taken.abort(b"abc").status == 503
    server.thaw()
    for _ in range(1000):
        if not (one.receivers or other.receivers):
            break
        time.sleep(0.01)
    is_back(mocks)
    *_, entry = other.journal
    told = "the client broke off after 3 bytes; the job still waits for its file"
    assert told in entry.notes


def test_what_a_store_has_not_done_is_not_kept_in_mind(impatient):
    """However often it is asked: a store that refuses adds nothing later."""
    server, mocks = impatient
    shared = mocks.all[0]
    mend = fill(server)
    assert {ask(shared.engine, PATH + "a").status for _ in range(20)} == {503}
    mend()
    for _ in range(1000):
        is_back(mocks)
        if not shared._doubtful:  # noqa: SLF001 -- memory that nothing else shows
            break
        time.sleep(0.01)
    server.kill()
    assert {ask(shared.engine, PATH + "a").status for _ in range(20)} == {503}
    # one may have been sent just before
    assert len(shared._doubtful) <= 1  # noqa: SLF001 -- likewise


def test_a_store_that_loads_is_sent_nothing(fragile, monkeypatch):
    """What it refuses meanwhile would fill the memory of the mock, as nobody knows of it."""
    _, mocks = fragile
    shared = mocks.all[0]

    def loads():
        raise redis.exceptions.BusyLoadingError("Redis is loading the dataset in memory")

    monkeypatch.setattr(shared.store, "_answer", lambda: shared.store._try(loads))  # noqa: SLF001 -- what redis-py says there
    assert {ask(shared.engine, PATH + "a").status for _ in range(20)} == {503}
    assert len(shared._doubtful) <= 1  # noqa: SLF001 -- memory that nothing else shows


def test_an_answer_of_the_store_that_is_lost(fragile, monkeypatch):
    """What it did is found out, and noted: counted, and answered 503."""
    _, mocks = fragile
    one, other = (shared.engine for shared in mocks.all)
    store = mocks.all[0].store
    append, appended, added = store.append, store.appended, []

    def asked(*arguments, **more):
        added.extend(filter(None, arguments[5:]))
        append(*arguments, **more)

    def done_and_lost():
        found = appended()
        if added:
            monkeypatch.undo()
            raise shared_state.StoreDown("lost")
        return found

    monkeypatch.setattr(store, "append", asked)
    monkeypatch.setattr(store, "appended", done_and_lost)
    assert ask(one, PATH + "a").status == 503
    one.refresh()
    other.refresh()
    one.refresh()
    other.refresh()
    for engine in (one, other):
        [entry] = engine.journal
        assert entry.notes == (shared_state.COUNTED,)
        assert sum(since_reset for _, since_reset, _ in engine.journal.totals) == 1


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["all", "the end"])
def test_a_store_that_has_lost_the_state(fragile, lost):
    """Each mock has all of it, and gives it back."""
    server, mocks = fragile
    one, other = (shared.engine for shared in mocks.all)
    for _ in range(5):
        sees(one)
    other.refresh()
    if lost == "all":
        server.client().flushall()
    else:
        meta = f"{{{mocks.name}}}:meta"
        server.client().hset(meta, "seq", int(server.client().hget(meta, "seq")) - 2)
    is_back(mocks)
    for engine in (other, one, other):
        assert sees(engine) == "job_waiting"
    one.refresh()
    assert one.journal.last == 8
    assert sees(mocks.join()) == "job_waiting"


def test_a_store_that_was_restarted():
    """With an append-only file nothing that was answered is lost, even without the mocks."""
    options = ("--appendonly", "yes", "--appendfsync", "always")
    with redis_server(*options) as server:
        with ExitStack() as stack:
            mocks = Mocks(stack, server.url)
            for _ in range(99):
                sees(mocks.join() if not mocks.all else mocks.all[0].engine)
        server.kill()
        server.start()
        with ExitStack() as stack:
            engine = Mocks(stack, server.url, mocks.name).join()
            assert [sees(engine), sees(engine)] == ["job_waiting", "job_finished"]
            assert engine.journal.last == 101


def assert_stays_down(engine, why):
    """It can be read, and that does not mean that it is back."""
    for _ in range(3):
        with pytest.raises(StoreDown, match=why):
            engine.refresh()
        assert why in engine.store_state()


def test_a_store_that_is_full(fragile):
    """Nothing is half-written, and it goes on when there is room."""
    server, mocks = fragile
    engine = mocks.all[0].engine
    sees(engine)
    server.client().config_set("maxmemory", "1")
    assert ask(engine, PATH + "a").status == 503
    assert_stays_down(engine, "maxmemory")
    server.client().config_set("maxmemory", "0")
    is_back(mocks)
    assert sees(engine) == "job_waiting"
    assert engine.journal.last == 2


def test_a_store_that_failed_over():
    """To a replica that has heard of all, or not of the end: the mocks know that."""
    port = free_port()
    at_once = ("--repl-diskless-sync-delay", "0")
    with (
        redis_server(*at_once, port=port) as server,
        redis_server() as replica,
        ExitStack() as stack,
    ):
        mocks = Mocks(stack, server.url)
        one, other = mocks.join(), mocks.join()
        for _ in range(5):
            sees(one)
        server.wait_for_replica(replica)
        replica.client().replicaof("NO", "ONE")
        for _ in range(3):  # the replica has not heard of these
            sees(other)
        one.refresh()
        server.fail_over(replica)
        is_back(mocks)
        for engine in (one, other):
            assert sees(engine) == "job_waiting"
        one.refresh()
        assert [*one.journal] == [*other.journal]
        assert one.journal.last == 10
        assert sees(mocks.join()) == "job_waiting"


@pytest.fixture
def stores(server):
    """Two processes' ways to one state, in which five acts were done, and its run."""
    name, begin = uuid.uuid4().hex, ("1", "run", "{}")
    both = [RedisStore(server.url, name) for _ in range(2)]
    begun, _ = (store.begin(*begin) for store in both)
    until = time.time_ns() + 60 * SECOND
    for number in range(5):
        assert append(both[0], number, 0, until, "[]").number == number + 1
    server.client().delete(*(f"{{{name}}}:{part}" for part in ("meta", "log")))
    yield both, begun
    for store in both:
        store.close()


def append(store, *about):
    """Add a batch, if there is any; return what came of it."""
    store.append("run", *about[:2], "w", *about[2:])
    return store.appended()


def claim(store, number, wanted):
    """Claim until something is said."""
    for _ in range(1000):
        if (told := store.claim("run", number)) == wanted:
            return told
        time.sleep(0.01)
    return told


def test_a_clock_that_is_set_back_holds_no_claim_up(stores, server):
    """Else nobody would give the state back until it is where it was."""
    (_, less), _ = stores
    less.claim("run", 5)
    key = less._keys[3]  # noqa: SLF001 -- the one of this state
    server.client().hincrby(key, "since", 3600 * 1_000_000)
    assert claim(less, 5, "give") == "give"


def test_who_has_the_most_gives_it_back(stores):
    """Another one waits, though it was the first to notice."""
    (one, other), _ = stores
    assert one.claim("run", 4) == "wait"
    assert other.claim("run", 5) == "wait"
    assert claim(other, 5, "give") == "give"
    assert one.claim("run", 4) == "wait"


def test_who_is_a_little_behind_goes_on(stores):
    """The newest batches are given back too."""
    (one, other), begun = stores
    claim(other, 5, "give")
    recent = [Batch(number, "w", number * 1000, "[]") for number in (4, 5)]
    other.revive(begun, 0, 5, {"about": "{}"}, recent, 0)
    found = append(one, 3, 0)
    assert ([batch.number for batch in found.others], found.epoch) == ([4, 5], 1)


def test_who_has_another_history_does_not_go_on(stores):
    """What it knows is lost: others have gone on without it, in a second history."""
    (one, other), begun = stores
    claim(one, 4, "give")
    one.revive(begun, 0, 4, {"about": "{}"}, [], 0)
    until = time.time_ns() + 60 * SECOND
    assert append(one, 4, 1, until, "[]").number == 5
    with pytest.raises(BehindState, match="others have gone on without it"):
        append(other, 5, 0)


def test_a_store_that_may_only_be_read(fragile):
    """A replica: 503, and never a guess."""
    server, mocks = fragile
    server.client().replicaof("127.0.0.1", 1)
    assert ask(mocks.all[0].engine, PATH + "a").status == 503
    assert_stays_down(mocks.all[0].engine, "read only replica")
    server.client().replicaof("NO", "ONE")
    is_back(mocks)
    assert sees(mocks.all[0].engine) == "job_waiting"
