"""A request that is answered where it is read gets the bytes that the application would send."""

import asyncio
import re
import tracemalloc
from itertools import pairwise

import pytest
from helpers.straight_way import JOBS, Ordinary
from hypothesis import example, given
from hypothesis import strategies as st

from mock_p1.base.clock import VirtualClock
from mock_p1.base.proxies import Proxies
from mock_p1.contract.operations import OPERATIONS
from mock_p1.engine.engine import Engine
from mock_p1.scenario.files import load_scenario
from mock_p1.server import http_protocol
from mock_p1.server.app import create_app_for
from mock_p1.server.everything_else import ELSEWHERE
from mock_p1.server.http_message import KNOWN_BYTES
from mock_p1.server.http_protocol import Connections, HttpProtocol
from mock_p1.transports.asgi import AsgiApp

SCENARIO = f"""
api_keys: {{k: active, old: inactive_credential, "k, old": active}}
jobs:{JOBS}"""
PLAYED = load_scenario(SCENARIO)
API = b"/v1/external/retrain_jobs"
PATHS = [
    API + b"/a", API + b"/b", API + b"/b?x=1", API + b"/%62", API + b"/nothing", API + b"/b/", API,
    b"/v1/external/api-key?credential_type=retrain&model_id=1", API + b"/upload_url?filename=a.csv",
    b"/v1/elsewhere", b"http://mock/v1/external/retrain_jobs/b", API + b"/b#c",
]  # fmt: skip
HEADERS = [
    b"x-api-key: k", b"X-API-KEY:k", b"x-api-key: old", b"x-api-key: \xe3\x82\xad",
    b"x-api-key: k, old", b"Host: o:1", b"Host: no host", b"Connection: close",
    b"Connection: keep-alive", b"Connection: Upgrade", b"Upgrade: h2c", b"Expect: 100-continue",
    b"Content-Length: 0", b"Content-Length: 2", b"Transfer-Encoding: chunked",
    b"Range: bytes=0-1", b"Origin: http://page", b"Accept: */*",
]  # fmt: skip


class Wire(asyncio.Transport):
    """A connection that keeps what is written, and how it ends."""

    def __init__(self):
        super().__init__()
        self.written, self.ended = b"", False

    def get_extra_info(self, name, default=None):
        """Name a peer, and what a reset needs."""
        if name == "socket":
            return self
        return ("127.0.0.1", 80) if name in {"peername", "sockname"} else default

    def fileno(self):
        """Name a low number."""
        return 3

    def setsockopt(self, *_args):
        """Take what a reset says."""

    def set_write_buffer_limits(self, high=None, low=None):
        """Heed none."""

    def write(self, data):
        """Keep it."""
        self.written += data

    def pause_reading(self):
        """Go on."""

    def resume_reading(self):
        """Go on."""

    def is_closing(self):
        """Tell whether it has ended."""
        return self.ended

    def can_write_eof(self):
        """It cannot."""
        return False

    def close(self):
        """End."""
        self.ended = self.ended or "closed"

    def abort(self):
        """End at once."""
        self.ended = self.ended or "reset"


async def everything_else(_scope, _receive, send):
    """Stand for the Flask app."""
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


class Waits(Engine):
    """A mock whose answers have to be waited for, as where processes share a state."""

    waits = True

    def handle_later(self, asked):
        """Answer two turns later."""
        loop = asyncio.get_running_loop()
        for request, tell in asked:
            try:
                answer = self.handle(request)
            except RuntimeError as error:
                answer = error
            loop.call_soon(loop.call_soon, tell, answer)


async def talk(pieces, *, at_once, waits=False):
    """Send pieces on a connection to a new mock; return what came, its end, and the journal."""
    kind = Waits if waits else Engine if at_once else Ordinary
    engine = kind(PLAYED, VirtualClock())
    app = AsgiApp(engine, everything_else)
    shared = Connections(app, at_once=app if at_once else None)
    shared.date = lambda: b"date: now\r\n"
    protocol, wire = HttpProtocol(shared), Wire()
    protocol.connection_made(wire)
    for piece in pieces:
        if not wire.ended:
            protocol.data_received(piece)
        for _ in range(30):
            await asyncio.sleep(0)
            if not shared.tasks and not waits:
                break
    for task in shared.tasks:
        task.cancel()
    return wire.written, wire.ended, [entry._replace(place=None) for entry in engine.journal]


def assert_alike(sent, *, waits=False):
    """Assert that the mock and the application answer alike, and end and note alike."""

    async def both():
        return [await talk(sent, at_once=at_once, waits=waits) for at_once in (True, False)]

    here, by_the_app = asyncio.run(both())
    assert here == by_the_app


requests = st.builds(
    lambda verb, path, version, headers, body: b"\r\n".join(
        (b"%b %b HTTP/%b" % (verb, path, version), *headers, b"", body)
    ),
    st.sampled_from([b"GET", b"GET", b"GET", b"HEAD", b"PUT", b"get", b"DELETE"]),
    st.sampled_from(PATHS),
    st.sampled_from([b"1.1", b"1.1", b"1.0"]),
    st.lists(st.sampled_from(HEADERS), max_size=4),
    st.sampled_from([b"", b"", b"ab", b"0\r\n\r\n"]),
)


@given(
    st.lists(requests, min_size=1, max_size=3).flatmap(
        lambda some: st.lists(st.sampled_from(some), min_size=1, max_size=12)
    ),
    st.sampled_from([0, 1, 7, 60]),
    st.sampled_from([0, 1]),
)
@example([b"GET %b/a HTTP/1.1\r\nx-api-key: k\r\n\r\n" % API] * 12, 0, 0)
@example([b"GET %b/a HTTP/1.1\r\nx-api-key: k\r\n\r\n" % API] * 12, 0, 1)
@example([b"GET %b/b HTTP/1.1\r\nx-api-key: k\r\n\r\n" % API] * 3, 7, 0)
def test_both_ways_are_one(sent, cut, waits):
    """Whatever is asked, how often, and however it comes: the same bytes, end and journal.

    A request alone, a request in pieces, and several that come together; also where each answer
    has to be waited for.
    """
    pieces = sent
    if cut:
        whole = b"".join(sent)
        pieces = [whole[start : start + cut * 10] for start in range(0, len(whole), cut * 10)]
    assert_alike(pieces, waits=bool(waits))


@pytest.mark.slow
@pytest.mark.parametrize("path", PATHS)
def test_each_header_and_version_counts(path):
    """On a connection that is asked three times: kept, closed, with a body, or in vain."""
    for version in (b"1.1", b"1.0"):
        for header in HEADERS:
            poll = b"GET %b HTTP/%b\r\nx-api-key: k\r\n%b\r\n\r\n" % (path, version, header)
            sent = [poll, b"ab"] if header == b"Content-Length: 2" else [poll]
            assert_alike(sent * 3)


@pytest.mark.slow
@pytest.mark.parametrize("header", HEADERS)
def test_known_headers_below_other_first_lines(header):
    """A client that goes through many jobs sends the same headers to each."""
    lines = [b"GET %b HTTP/1.1" % path for path in PATHS]
    odd = [b"GET %b/b HTTP/1.0", b"HEAD %b/b HTTP/1.1", b"GET %b/\xe3\x82 HTTP/1.1", b"GET %b/b"]
    lines += [line % API for line in (*odd, b"GET  %b/b HTTP/1.1", b"G\x00T %b/b HTTP/1.1")]
    known = b"GET %b/b HTTP/1.1" % API
    for line in lines:
        sent = [b"%b\r\nx-api-key: k\r\n%b\r\n\r\n" % (each, header) for each in (known, line)]
        assert_alike(sent * 2)


@pytest.mark.parametrize("header", HEADERS)
def test_other_headers_are_read_anew(header):
    """What was known of the ones before says nothing of them."""
    first = b"GET %b/b HTTP/1.1\r\nx-api-key: k\r\n\r\n" % API
    other = b"GET %b/a HTTP/1.1\r\n%b\r\n\r\n" % (API, header)
    assert_alike([first, other, first, other])


@pytest.mark.parametrize(
    "known",
    [b"GET  %b/b HTTP/1.1", b"GET %b/b HTTP/1.1 ", b"GET %b/b  HTTP/1.1", b"GET %b/b x HTTP/1.1"],
)
def test_a_first_line_that_is_written_in_an_odd_way_tells_of_no_other(known):
    """Blanks where nobody writes them belong to the target, or mean nothing."""
    odd = [b"GET %b/a %b/b HTTP/1.1", b"GET %b/a x HTTP/1.1", b"GET %b/a ", b"GET %b/a HTTP/1.1 "]
    for line in (*odd, b"GET %b/a HTTP/1.1", b"GET  %b/a HTTP/1.1", b"GET %b/a  HTTP/1.1"):
        lines = (each.replace(b"%b", API) for each in (known, line))
        assert_alike([b"%b\r\nx-api-key: k\r\n\r\n" % each for each in lines] * 2)


POLL = b"GET %b/b HTTP/1.1\r\nx-api-key: k\r\n\r\n" % API


def test_a_poll_needs_no_task(monkeypatch):
    """The first one, and those whose head is known; one that has to be acted out needs one."""
    begun = []
    monkeypatch.setattr(http_protocol, "Exchange", begun.append)  # would fail
    written, ended, _ = asyncio.run(talk([POLL] * 3, at_once=True))
    assert written.count(b"HTTP/1.1 200 OK") == 3
    assert not ended
    assert not begun


def test_a_poll_that_waits_needs_no_task(monkeypatch):
    """The application is not asked; polls that came together are answered one after the other."""
    monkeypatch.setattr(http_protocol.Exchange, "run", None)  # would fail
    written, ended, journal = asyncio.run(talk([POLL, POLL * 3], at_once=True, waits=True))
    assert written.count(b"HTTP/1.1 200 OK") == len(journal) == 4
    assert not ended


def test_polls_that_wait_are_handed_over_together():
    """Those that come in one turn of the loop: so they go to the store in one round trip."""

    async def play():
        app = AsgiApp(Waits(PLAYED), everything_else)
        shared, handed_over = Connections(app, at_once=app), []
        app.decide_later = lambda asked: handed_over.extend(request.path for request, _ in asked)
        for name in (b"/a ", b"/b ", b"/c "):
            protocol = HttpProtocol(shared)
            protocol.connection_made(Wire())
            protocol.data_received(POLL.replace(b"/b ", name))
            assert not handed_over
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return [path[-1] for path in handed_over]

    assert asyncio.run(play()) == ["a", "b", "c"]


def test_who_has_gone_gets_no_answer():
    """Where it comes when the connection is lost."""

    async def play():
        app = AsgiApp(Waits(PLAYED), everything_else)
        protocol, wire = HttpProtocol(Connections(app, at_once=app)), Wire()
        protocol.connection_made(wire)
        protocol.data_received(POLL)
        protocol.connection_lost(None)
        for _ in range(5):
            await asyncio.sleep(0)
        return wire.written

    assert asyncio.run(play()) == b""


@pytest.mark.slow
def test_what_is_remembered_of_heads_is_bounded():
    """The last one of a connection, unless it is long."""

    async def play():
        app = AsgiApp(Engine(PLAYED), everything_else)
        protocol, wire = HttpProtocol(Connections(app, at_once=app)), Wire()
        protocol.connection_made(wire)
        long = POLL.replace(b"HTTP/1.1\r\n", b"HTTP/1.1\r\na: %b\r\n" % (b"b" * KNOWN_BYTES))
        tracemalloc.start()
        for number in range(2000):
            protocol.data_received(POLL.replace(b"/b ", b"/b?%d " % number))
            protocol.data_received(long)
            for _ in range(3):
                await asyncio.sleep(0)
            wire.written = b""
            if number == 1000:
                before = tracemalloc.get_traced_memory()[0]
        grown = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        return grown

    assert asyncio.run(play()) < 200 * 1000


@pytest.mark.parametrize("waits", [False, True])
def test_an_error_of_ours_is_told_and_logged(monkeypatch, caplog, waits):
    """As where the application meets it: 500, and the connection lives on."""
    own, tries = Engine.handle, []

    def fails(engine, request):
        tries.append(own(engine, request))
        raise RuntimeError("ours")

    monkeypatch.setattr(Engine, "handle", fails)
    other = POLL.replace(b"/b ", b"/a ")
    written, ended, journal = asyncio.run(talk([POLL, other], at_once=True, waits=waits))
    assert written.count(b"HTTP/1.1 500") == 2
    assert {str(entry.exc_info[1]) for entry in caplog.records} == {"ours"}
    assert not ended
    assert [entry.message.rpartition("/")[2] for entry in caplog.records] == ["b", "a"]
    assert len(tries) == len(journal) == 2


def test_others_have_their_turn_while_one_sends_much():
    """A thousand polls that come together are not answered in one go."""

    async def play():
        app = AsgiApp(Engine(PLAYED), everything_else)
        protocol, wire = HttpProtocol(Connections(app, at_once=app)), Wire()
        protocol.connection_made(wire)
        protocol.data_received(POLL * 1000)
        turns = [0]
        while turns[-1] < 1000:
            turns.append(wire.written.count(b"HTTP/1.1 200"))
            await asyncio.sleep(0)
        return max(after - before for before, after in pairwise(turns))

    assert asyncio.run(play()) <= 100


def test_nothing_is_answered_on_a_connection_that_is_lost():
    """Where writing finds that the client has gone, what comes after that turn is left."""

    class Lost(Wire):
        def write(self, data):
            super().write(data)
            self.ended = "lost"

    async def play():
        app = AsgiApp(Engine(PLAYED), everything_else)
        protocol, wire = HttpProtocol(Connections(app, at_once=app)), Lost()
        protocol.connection_made(wire)
        protocol.data_received(POLL * 100)
        return wire.written.count(b"HTTP/1.1 200")

    assert asyncio.run(play()) == http_protocol.IN_A_TURN


LONG = "jobs: {b: {timeline: [{reply: {status_code: 200, body: %s}}]}}" % ("x" * 5000)


@pytest.mark.parametrize(
    ("scenario", "sent", "writes"),
    [
        (SCENARIO, POLL * 20, [20]),
        (SCENARIO, POLL * 40, [32, 8]),
        (SCENARIO, POLL * 3 + b"HEAD %b/b HTTP/1.1\r\n\r\n" % API + POLL * 2, [3, 1, 2]),
        (SCENARIO, POLL * 3 + b"\x00\r\n\r\n", [3, 1]),
        (LONG, POLL * 3, [1, 1, 1]),
    ],
    ids=["one turn", "two turns", "with another between", "with no request behind", "long answers"],
)
def test_pipelined_polls_share_a_write(scenario, sent, writes):
    """The answers of one turn, in the order of their requests, unless one is long."""
    written = []

    class Counts(Wire):
        def write(self, data):
            written.append(data.count(b"content-length: "))

    async def play():
        app = AsgiApp(Engine(load_scenario(scenario), VirtualClock()), everything_else)
        protocol = HttpProtocol(Connections(app, at_once=app))
        protocol.connection_made(Counts())
        protocol.data_received(sent)
        for _ in range(30):
            await asyncio.sleep(0)

    asyncio.run(play())
    assert written == writes


def test_a_client_that_sends_no_more_has_all_answers_before_the_end():
    """Those that are written together, too."""
    ends = []

    class Ends(Wire):
        def write(self, data):
            ends.append(data.count(b"content-length: "))

        def close(self):
            ends.append("closed")

    async def play():
        app = AsgiApp(Engine(PLAYED, VirtualClock()), everything_else)
        protocol = HttpProtocol(Connections(app, at_once=app))
        protocol.connection_made(Ends())
        protocol.data_received(b"HEAD %b/b HTTP/1.1\r\n\r\n" % API + POLL * 3)
        assert protocol.eof_received()
        for _ in range(30):
            await asyncio.sleep(0)

    asyncio.run(play())
    assert ends == [1, 3, "closed"]


UNUSUAL = [b"/__admin/health", b"/favicon.ico", b"/", b"//__admin/", b"/%5F_admin/", b"/\xe3", b"*"]


@pytest.mark.parametrize(
    ("paths", "cors", "of_flask"),
    [
        ([b"/v1/externl/x", b"/token", b"/robots.txt", b"/v1//external"], (), []),
        (UNUSUAL, (), UNUSUAL),
        ([b"/token"], ["http://page"], [b"/token"]),
    ],
)
def test_a_path_at_which_there_is_nothing(paths, cors, of_flask):
    """The engine says so at once; Flask is asked only for what it may have."""
    asked, answered = [], []

    async def flask(scope, _receive, _send):
        asked.append(scope["raw_path"])

    async def send(message):
        answered.append(message.get("status"))

    app = AsgiApp(Engine(PLAYED), flask, cors, ELSEWHERE)
    for path in paths:
        scope = {"method": "GET", "raw_path": path, "query_string": b"", "headers": ()}
        scope |= {"scheme": "http", "server": ("127.0.0.1", 80)}
        assert (app.plain_request(scope) is None) == (path in of_flask)
        asyncio.run(app(scope, None, send))
    assert asked == of_flask
    assert answered == [404, None] * (len(paths) - len(of_flask))


def test_all_that_flask_has_is_asked_of_it():
    """Whatever is not imitated begins as ELSEWHERE says, or is the way to the dashboard."""
    rules = {str(rule) for rule in create_app_for(Engine(PLAYED)).url_map.iter_rules()}
    imitated = {re.sub(r"\{(\w+)\}", r"<\1>", each.template) for each in OPERATIONS.values()}
    others = {rule for rule in rules - imitated if not rule.encode().startswith(ELSEWHERE)}
    assert others == {"/"}


@pytest.mark.parametrize("left", ["cors", "proxies"])
def test_what_needs_more_thought_is_the_applications(left):
    """A page of another origin, and a proxy whose word counts."""
    proxies = Proxies("https://gw.example", ()) if left == "proxies" else None
    engine = Engine(PLAYED, proxies=proxies)
    app = AsgiApp(engine, everything_else, ["http://page"] if left == "cors" else ())
    scope = {
        "method": "GET",
        "raw_path": API + b"/b",
        "query_string": b"",
        "headers": (),
        "scheme": "http",
        "server": ("127.0.0.1", 80),
    }
    assert app.plain_request(scope) is None
    assert AsgiApp(Engine(PLAYED), everything_else).plain_request(scope)
