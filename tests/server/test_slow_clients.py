"""Clients that take their time, or never come to the point.

The server hangs up on them, and on nobody else.
"""

import select
import socket
import threading
from contextlib import ExitStack

import pytest
from helpers.transport_clients import HOST, JOBS, LiveTransport, open_transport

from mock_p1.base.clock import RealClock
from mock_p1.engine.engine import Engine
from mock_p1.server import http_protocol
from mock_p1.server import server as servers
from mock_p1.server.server import Server, ServerThread

HEAD = f"GET {JOBS}steady HTTP/1.1\r\nHost: {HOST}\r\nx-api-key: demo-key\r\n"
POLL = f"{HEAD}\r\n".encode()


@pytest.fixture
def impatient(monkeypatch):
    """A server that waits a twentieth of a second, and looks at every tick."""
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.05)
    monkeypatch.setattr(http_protocol, "BODY_SECONDS", 0.05)
    monkeypatch.setattr(servers, "TICK_SECONDS", 0.02)


@pytest.fixture
def transport(impatient, scenario):
    """The server of `impatient`, which also closes a connection that is idle for so long."""
    with open_transport("live", scenario, keep_alive_seconds=0.05) as opened:
        yield opened


def received(connection):
    """Read until the server hangs up; a reset is an end too."""
    got = b""
    try:
        while piece := connection.recv(65536):
            got += piece
    except ConnectionResetError:
        pass
    return got


def test_who_says_nothing_is_hung_up_on(transport):
    """Without a word."""
    with transport.connect() as connection:
        assert received(connection) == b""


@pytest.mark.slow
@pytest.mark.parametrize(
    "begun", ["G", "GET", f"GET {JOBS}steady HTTP/1.1\r\nHost", HEAD, "PURGE", "GET /ü"]
)
def test_who_does_not_finish_a_head_is_told(transport, begun):
    """408 in JSON, and the end; also where the parser could make nothing of it yet."""
    with transport.connect() as connection:
        connection.sendall(begun.encode())
        answer = received(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"MOCK_P1_TOO_SLOW" in answer


def test_a_byte_at_a_time_is_too_slow(transport):
    """The time counts from the first byte, not from the last."""
    with transport.connect() as connection:
        connection.settimeout(0.01)
        answer = b""
        for byte in HEAD.encode() * 100:
            try:
                connection.sendall(bytes([byte]))
                answer = connection.recv(65536)
                break
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("path", [f"{JOBS}steady", "/v2/nothing", "/__admin/reset"])
def test_who_does_not_finish_a_body_is_hung_up_on(transport, path):
    """Whatever was answered before that."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nx"
    with transport.connect() as connection:
        connection.sendall(head.encode())
        received(connection)


def test_a_large_body_may_take_its_time(monkeypatch, impatient, scenario):
    """What has come gives a client more of it: here a second for every byte."""
    del impatient
    monkeypatch.setattr(http_protocol, "SLOWEST_BODY", 1)
    head = f"PUT {JOBS}steady HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 20\r\n\r\n".encode()
    with open_transport("live", scenario) as transport, transport.connect() as connection:
        connection.settimeout(0.2)
        connection.sendall(head + b"x" * 10)
        assert connection.recv(65536).startswith(b"HTTP/1.1 405 ")
        with pytest.raises(TimeoutError):  # nobody hangs up meanwhile
            connection.recv(1)


def test_empty_lines_keep_nobody_connected(transport):
    """Between two requests they mean nothing."""
    with transport.connect() as connection:
        connection.sendall(POLL)
        assert transport.read(connection).status == 200
        connection.sendall(b"\r\n")
        assert received(connection) == b""


def test_who_waits_for_an_answer_is_not_hung_up_on(impatient, scenario):
    """However long the scenario lets it wait, and though it sends an empty line meanwhile."""
    engine = Engine(scenario, RealClock(10))  # the answer comes after 0.3 s
    asked = threading.Event()
    engine.journal.listen(lambda _: asked.set())
    with (
        ServerThread(Server(engine)) as running,
        LiveTransport(running.server).connect() as connection,
    ):
        connection.sendall(POLL.replace(b"steady", b"late"))
        assert asked.wait(10)
        connection.sendall(b"\r\n")
        assert LiveTransport.read(connection).status == 200


@pytest.mark.slow
def test_who_asks_again_and_again_is_not_hung_up_on(transport):
    """A connection may be as old as it likes."""
    with transport.connect() as connection:
        for _ in range(8):
            for piece in (POLL[:30], POLL[30:]):
                connection.sendall(piece)
            assert transport.read(connection).status == 200
            with pytest.raises(TimeoutError):
                _listen_for(connection, 0.01)


def _listen_for(connection, seconds):
    connection.settimeout(seconds)
    try:
        connection.recv(1)
    finally:
        connection.settimeout(10)


def test_others_have_their_turn_while_it_looks_for_slow_clients(scenario, monkeypatch):
    """A look at ten thousand takes milliseconds, in which somebody's poll would wait."""
    done, seen = threading.Event(), []

    def look(self, _):
        seen.append(self)
        self._loop.call_soon(turn)

    def turn():
        seen.append("others")
        if seen.count("others") == 3:
            done.set()

    monkeypatch.setattr(servers, "LOOKED_AT_ONCE", 1)
    monkeypatch.setattr(servers, "TICK_SECONDS", 0.02)
    with open_transport("live", scenario) as transport, ExitStack() as stack:
        for _ in range(3):
            connection = stack.enter_context(transport.connect())
            connection.sendall(POLL)
            assert transport.read(connection).status == 200
        monkeypatch.setattr(http_protocol.HttpProtocol, "give_up", look)
        assert done.wait(10)
    assert seen[1:6:2] == ["others"] * 3


def test_heads_that_are_not_complete_have_a_limit_together(live_transport, monkeypatch):
    """So that many clients with long headers cannot fill the memory; the others are answered."""
    monkeypatch.setattr(http_protocol, "HEADS_LIMIT", 200_000)
    long = (HEAD + "Cookie: " + "c" * 90_000).encode()
    with ExitStack() as stack:
        held = [stack.enter_context(live_transport.connect()) for _ in range(3)]
        for connection in held:
            connection.sendall(long)
        ((refused,), _, _) = select.select(held, [], [], 10)
        assert refused.recv(65536).startswith(b"HTTP/1.1 503 ")
        assert live_transport.send("GET", JOBS + "steady").status == 200
        for connection in held:
            if connection is not refused:
                connection.sendall(b"\r\n\r\n")
                assert live_transport.read(connection).status == 200


def test_what_went_away_counts_no_more(live_transport, monkeypatch):
    """Heads that were never finished."""
    monkeypatch.setattr(http_protocol, "HEADS_LIMIT", 100_000)
    for _ in range(5):
        with live_transport.connect() as connection:
            connection.sendall(HEAD.encode() + b"Cookie: " + b"c" * 60_000)
            connection.shutdown(socket.SHUT_WR)
            assert received(connection) == b""  # not 503
