"""Several mocks that share a state in a real store: exact, and right again after its faults."""

import asyncio
import json
import random
import re
import threading
import uuid
from collections import Counter
from contextlib import ExitStack, suppress

import httpx
import pytest
import requests
from helpers.redis_server import NEEDED, redis_server

from mock_p1 import create_app, create_asgi_app, serving
from mock_p1.base.clock import SECOND
from mock_p1.base.messages import Fault, Request
from mock_p1.engine.acts import SharedEngine
from mock_p1.engine.driver import Driver, NoSuchJob
from mock_p1.engine.saved_state import saved
from mock_p1.scenario.parser import parse
from mock_p1.server import shared_state
from mock_p1.server.redis_store import CannotShareState, RedisStore
from mock_p1.server.shared_state import StoreClock, share
from mock_p1.server.upload_store import UploadStore

pytestmark = NEEDED

PATH = "/v1/external/retrain_jobs/"
SCENARIO = """
new_jobs: {timeline: [{status: job_waiting, for: upload}, {status: job_finished}]}
jobs:
  a: {timeline: [{status: job_waiting, for: 100 polls}, {status: job_finished}]}
  timed: {timeline: [{status: job_waiting, for: 1h}, {status: job_finished}]}
  link: {timeline: [{status: job_finished, result: {rows: 2, fails: 3}}]}
"""


@pytest.fixture(scope="module")
def server():
    """A store for all tests here that do it no harm."""
    with redis_server() as server:
        yield server


class Mocks:
    """Mocks that share a state, and ways to ask them."""

    def __init__(self, stack, url, name=None):
        self.stack, self.url = stack, url
        self.name = name or uuid.uuid4().hex
        self.all = []

    def join(self, text=SCENARIO, timeout=1.0, **options):
        """Start one more, as a process of its own would."""
        options = {"jobs_max": 1000, "journal_max": 1000, "store": UploadStore(), **options}
        store = RedisStore(self.url, self.name, timeout)
        shared = share(parse(text, "f.yaml"), store, **options)
        self.stack.callback(shared.close)
        self.all.append(shared)
        return shared.engine

    def side_by_side(self, times, ask):
        """Let 12 clients ask the mocks in turn, so often in all; what they saw."""
        engines, seen = [shared.engine for shared in self.all], []

        def client(number):
            engine = engines[number % len(engines)]
            seen.extend(ask(engine) for _ in range(times // 12))

        threads = [threading.Thread(target=client, args=(number,)) for number in range(12)]
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
    """Whichever mock they reach."""
    seen = mocks.side_by_side(240, sees)
    assert seen == {"job_waiting": 100, "job_finished": 140}


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
    monkeypatch.setattr(shared_state, "SNAPSHOT_BATCHES", 7)
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


def test_one_round_trip_for_polls_that_wait_together(mocks):
    """At most one for each, of one client; fewer where many ask at once."""
    shared = mocks.all[0]
    before = shared.store.calls
    for _ in range(50):
        sees(shared.engine)
    assert shared.store.calls - before <= 50 * 1.3


def test_clocks_that_differ_do_not_matter(mocks, monkeypatch):
    """It is the store that says what time it is."""
    monkeypatch.setattr("time.time", lambda: 0.0)
    late = mocks.join()
    first = mocks.all[0].engine
    first.refresh()
    late.refresh()
    assert abs(first.clock.now_ns() - late.clock.now_ns()) < SECOND
    assert abs((first.clock.client_date(0) - late.clock.client_date(0)).total_seconds()) < 1


def history(engine, who, clients):
    """Do at random what clients and tests do; what this client saw goes to its own list."""
    chance = random.Random(who)  # noqa: S311 -- no secret
    driver, seen = Driver(engine), clients[who]
    for _ in range(25):
        act = chance.choice(["poll"] * 6 + ["create", "put", "step", "fail", "advance", "reset"])
        job, key = chance.choice(["a", "timed", "link"]), chance.choice(["k", "l"])
        with suppress(LookupError):  # a step where there is none to move to
            if act == "poll":
                seen.append(ask(engine, PATH + job, key, note=who))
            elif act == "create":
                query = "filename=a.csv"
                seen.append(ask(engine, f"{PATH}upload_url", key, query=query, note=who))
            elif act == "put":
                text = b"".join(reply.body for reply in seen[-3:])
                for link in re.findall(rb'"upload_url": "http://m([^"]+)', text):
                    seen.append(ask(engine, link.decode(), method="PUT", note=who))
            elif act == "step":
                driver.step(job)
            elif act == "fail":
                driver.fail_next("job_may_be_deleted", job_id=job)
            elif act == "advance":
                driver.advance(chance.randrange(SECOND))
            elif chance.random() < 0.2:
                driver.reset(job)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_a_random_history_is_that_of_one_mock(mocks, server, seed):
    """Played again, alone and in the store's order, it gives every client the same answers."""
    clients = {f"{seed}/{number}": [] for number in range(6)}
    threads = [
        threading.Thread(target=history, args=(shared.engine, who, clients))
        for shared, who in zip(mocks.all * 2, clients, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    begun_ns = int(server.client().hget(f"{{{mocks.name}}}:meta", "begun")) * 1000
    clock = StoreClock(1.0, begun_ns)
    alone = SharedEngine(parse(SCENARIO, "f.yaml"), clock, jobs_max=1000)
    again = {who: [] for who in clients}
    for _, fields in server.client().xrange(f"{{{mocks.name}}}:log"):
        clock.at(int(fields[b"t"]) * 1000)
        for act in json.loads(fields[b"a"]):
            with suppress(LookupError):
                answer = alone.perform(act)
                if act[0] == "ask":
                    again[act[-1]].append(answer)
    assert again == clients
    for shared in mocks.all:
        shared.engine.refresh()
        assert [*shared.engine.journal] == [*alone.journal]


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (
            {"text": "jobs: {b: {error: job_may_be_deleted}}"},
            "f.yaml has changed since its state was begun there; .* by another --state-name",
        ),
        ({"seed": 8}, "its processes were started with seed None, not 8"),
        ({"journal_max": 5}, "its processes were started with journal_max 1000, not 5"),
    ],
)
def test_a_mock_that_differs_is_refused(mocks, other, told):
    """It says in what."""
    with pytest.raises(CannotShareState, match=told):
        mocks.join(**other)


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


def test_several_mocks_share_a_store(mocks, server):
    """Each name has a state of its own."""
    with ExitStack() as stack:
        other = Mocks(stack, server.url).join("jobs: {b: {timeline: [{status: other}]}}")
        assert sees(other, "b") == "other"
        assert sees(mocks.all[0].engine, "b") == 400


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://127.0.0.1", "no URL of a store; one begins with redis://, rediss://, unix://"),
        ("redis://127.0.0.1:1", "Error 111 connecting to 127.0.0.1:1. Connection refused"),
        ("redis://:secret@127.0.0.1:1", r"redis://:…@127.0.0.1:1: Error"),
        ("redis://127.0.0.1:port", "Port could not be cast to integer"),
        ("unix:///no/such/socket", "No such file or directory"),
    ],
)
def test_a_store_that_cannot_be_had(url, told):
    """One line, and never its password."""
    with pytest.raises(CannotShareState, match=told), ExitStack() as stack:
        Mocks(stack, url).join()


def test_keys_of_another_program(server):
    """They are left alone."""
    server.client().set("{theirs}:meta", "1")
    with pytest.raises(CannotShareState, match="its keys are another program's"), ExitStack() as s:
        Mocks(s, server.url, "theirs").join()
    assert server.client().get("{theirs}:meta") == b"1"


def test_records_of_another_version(server):
    """They are left alone."""
    server.client().hset("{old}:meta", mapping={"form": "0", "run": "r", "seq": 0, "facts": "{}"})
    server.client().hset("{old}:meta", "begun", 1)
    with pytest.raises(CannotShareState, match="another version of the mock, in form 0"):
        Mocks(ExitStack(), server.url, "old").join()


def test_a_wrong_password():
    """It says so."""
    with redis_server("--requirepass", "right") as server, ExitStack() as stack:
        wrong = Mocks(stack, server.url.replace("unix://", "unix://:wrong@"))
        with pytest.raises(CannotShareState, match="invalid username-password pair"):
            wrong.join()
        right = Mocks(stack, server.url.replace("unix://", "unix://:right@"))
        assert sees(right.join()) == "job_waiting"


@pytest.fixture
def fragile():
    """A store to do harm to, and two mocks on it."""
    with redis_server() as server, ExitStack() as stack:
        mocks = Mocks(stack, server.url)
        for _ in range(2):
            mocks.join(timeout=0.2)
        yield server, mocks


def is_back(mocks):
    """Wait until every mock reaches its store again."""
    for shared in mocks.all:
        for _ in range(100):
            with suppress(RuntimeError):
                shared.engine.refresh()
                break


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


def test_an_answer_of_the_store_that_is_lost(fragile, monkeypatch):
    """What it did is found out, and noted: counted, and answered 503."""
    _, mocks = fragile
    one, other = (shared.engine for shared in mocks.all)
    run = RedisStore._run  # noqa: SLF001 -- broken on purpose
    broken = []

    def done_and_lost(self, script, *arguments):
        found = run(self, script, *arguments)
        if self is mocks.all[0].store and len(arguments) > 2 and not broken:
            broken.append(True)
            raise shared_state.StoreDown("lost")
        return found

    monkeypatch.setattr(RedisStore, "_run", done_and_lost)
    assert ask(one, PATH + "a").status == 503
    one.refresh()
    other.refresh()
    one.refresh()
    other.refresh()
    for engine in (one, other):
        [entry] = engine.journal
        assert entry.notes == (shared_state.COUNTED,)
        assert sum(since_reset for _, since_reset, _ in engine.journal.totals) == 1


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
    assert sees(mocks.join(timeout=0.2)) == "job_waiting"


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


def test_a_store_that_is_full(fragile):
    """Nothing is half-written, and it goes on when there is room."""
    server, mocks = fragile
    engine = mocks.all[0].engine
    sees(engine)
    server.client().config_set("maxmemory", "1")
    assert ask(engine, PATH + "a").status == 503
    assert "maxmemory" in engine.store_state()
    server.client().config_set("maxmemory", "0")
    is_back(mocks)
    assert sees(engine) == "job_waiting"
    assert engine.journal.last == 2


def test_a_store_that_may_only_be_read(fragile):
    """A replica: 503, and never a guess."""
    server, mocks = fragile
    server.client().replicaof("127.0.0.1", 1)
    assert ask(mocks.all[0].engine, PATH + "a").status == 503
    assert "read only replica" in mocks.all[0].engine.store_state()
    server.client().replicaof("NO", "ONE")
    is_back(mocks)
    assert sees(mocks.all[0].engine) == "job_waiting"
