"""Listeners of the real server, on each loop, plain and by TLS; and dropped without a trace."""

import json
import socket
import ssl

import pytest
import trustme

from mock_p1.admin import events as module
from mock_p1.base.messages import Request
from mock_p1.engine.engine import Engine
from mock_p1.server import server as servers
from mock_p1.server.server import Server, ServerThread

MOST_KEPT = 128 * 1024
"""Bytes that the server keeps for a listener that does not read: its buffer and a batch."""

LISTEN = b"GET /__admin/events HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No tick lasts long."""
    monkeypatch.setattr(module, "TICK", 0.005)


@pytest.fixture(params=["plain", "plain, asyncio", "TLS", "TLS, asyncio"])
def connect(request, scenario, monkeypatch):
    """Connect to a server by each kind of transport."""
    if "asyncio" in request.param:
        monkeypatch.setattr(servers, "_loop_factory", lambda: None)
    tls, client = None, None
    if "TLS" in request.param:
        authority = trustme.CA()
        tls, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
        authority.issue_cert("localhost").configure_cert(tls)
        authority.configure_trust(client)
    server = Server(Engine(scenario), tls=tls)
    opened = []

    def connect():
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        connection = (
            client.wrap_socket(connection, server_hostname="localhost") if client else connection
        )
        opened.append(connection)
        return connection

    connect.server = server
    with ServerThread(server):
        yield connect
        for connection in opened:
            connection.close()


@pytest.fixture
def poll(connect):
    """Poll a job without a connection."""
    request = Request("GET", "/v1/external/retrain_jobs/slow", "", ("demo-key",), "http://h")
    return lambda: connect.server.engine.handle(request)


class Heard:
    """What comes on a connection, as events."""

    def __init__(self, connection, asked=LISTEN):
        self.connection, self.text = connection, b""
        connection.sendall(asked)
        self.file = connection.makefile("rb")
        self.head = b"".join(iter(self.file.readline, b"\r\n"))

    def __iter__(self):
        """Yield (kind, data) for every event; a comment is yielded as (None, None)."""
        while size := int(self.file.readline(), 16):
            self.text += self.file.read(size)
            assert self.file.read(2) == b"\r\n"
            *blocks, self.text = self.text.split(b"\n\n")
            for block in blocks:
                fields = dict(line.split(b": ", 1) for line in block.splitlines() if b": " in line)
                if b"event" in fields:
                    yield fields[b"event"].decode(), json.loads(fields[b"data"])
                elif block.startswith(b":"):
                    yield None, None


def lines(connect):
    """The connections of the server."""
    return list(connect.server._connections.open)  # noqa: SLF001 -- nobody else knows


def keep_in_sockets(connection, line, size):
    """Let the system keep so many bytes on their way to a listener."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
    line.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)


@pytest.mark.slow
def test_a_listener_is_told_what_happens(connect, poll):
    """In an answer that has no end, under the same headers as any other below /__admin."""
    heard = Heard(connect())
    assert heard.head.startswith(b"HTTP/1.1 200 OK\r\n")
    for header in (
        b"content-type: text/event-stream",
        b"transfer-encoding: chunked",
        b"cache-control: no-store",
        b"date: ",
    ):
        assert header in heard.head.lower()
    told = iter(heard)
    assert next(told)[0] == "hello"
    for number in (1, 2):
        poll()
        kind, data = next(told)
        assert (kind, data["number"]) == ("poll", number)


@pytest.mark.slow
def test_the_end_of_the_server_ends_the_answer(connect):
    """With its last chunk, so that no library takes it for broken off."""
    heard = Heard(connect())
    told = iter(heard)
    next(told)
    connect.server.stop()
    assert [*told] == []
    assert heard.file.read() == b"\r\n"


@pytest.mark.slow
def test_many_events_come_in_order(connect, poll):
    """More than are told at once, nothing left out."""
    told = iter(Heard(connect()))
    next(told)
    for _ in range(500):
        poll()
    assert [next(told)[1]["number"] for _ in range(500)] == list(range(1, 501))


@pytest.mark.slow
def test_a_listener_that_comes_back_is_told_what_it_missed(connect, poll, monkeypatch):
    """At once, though nothing happens meanwhile, and all the others know everything already.

    And then what follows.
    """
    monkeypatch.setattr(module, "TICK", 0.001)  # so that it is long since the others were told
    other = iter(Heard(connect()))
    run = next(other)[1]["run"]
    for _ in range(5):
        poll()
        next(other)
    told = iter(
        Heard(
            connect(),
            LISTEN.replace(b"\r\n\r\n", b"\r\nLast-Event-ID: %b.2.0\r\n\r\n" % run.encode()),
        )
    )
    assert next(told)[1]["resumed"] is True
    assert [next(told)[1]["number"] for _ in range(3)] == [3, 4, 5]
    poll()
    assert next(told)[1]["number"] == 6


@pytest.mark.slow
def test_a_listener_that_goes_leaves_nothing_behind(connect, poll):
    """Its connection is forgotten, and so is what was kept for it."""
    for _ in range(3):
        connection = connect()
        told = iter(Heard(connection))
        assert next(told)[0] == "hello"
        connection.close()
    told = iter(Heard(connect()))
    next(told)
    poll()
    assert next(told)[0] == "poll"
    while len(lines(connect)) > 1:  # the server learns of the end a moment later
        poll()


@pytest.mark.slow
def test_a_quiet_line_shows_signs_of_life(connect, monkeypatch):
    """A comment now and then."""
    monkeypatch.setattr(module, "HEARTBEAT_SECONDS", 0.01)
    told = iter(Heard(connect()))
    assert [next(told)[0] for _ in range(3)] == ["hello", None, None]


@pytest.mark.slow
def test_what_a_listener_says_is_not_heard(connect, poll):
    """A second request behind the first one is no reason to stop, or to answer it."""
    connection = connect()
    told = iter(Heard(connection))
    next(told)
    connection.sendall(LISTEN)
    poll()
    assert next(told)[0] == "poll"


@pytest.mark.slow
def test_for_a_listener_that_does_not_read_little_is_kept(connect, poll):
    """However much happens; when it reads again, it learns how much it missed, and goes on."""
    connection = connect()
    told = iter(Heard(connection))
    next(told)
    (line,) = lines(connect)
    keep_in_sockets(connection, line, 4096)
    polls = 0
    while (
        line._drained is None or polls < 3000  # noqa: SLF001 -- nobody else knows
    ):  # beyond what sockets hold, and what the journal remembers
        poll()
        polls += 1
    assert line.transport.get_write_buffer_size() < MOST_KEPT
    keep_in_sockets(connection, line, 1_000_000)  # so that the rest of the test is quick
    numbers, missed = [], 0
    while len(numbers) + missed < polls:
        kind, data = next(told)
        if kind == "missed":
            missed += data["requests"]
        else:
            numbers.append(data["number"])
    assert missed
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == polls


@pytest.mark.slow
def test_the_server_ends_while_somebody_listens(connect):
    """At once: the end of this test is the end of the server."""
    assert next(iter(Heard(connect())))[0] == "hello"
