"""The client has closed before its answer, which was held back: it has gone, or reads still."""

import socket

import pytest
from helpers.real_time import eventually, real_seconds
from helpers.transport_clients import HOST, JOBS, KNOWS_WHO_HAS_GONE

from mock_p1.base.clock import SECOND, RealClock
from mock_p1.engine.engine import Engine
from mock_p1.engine.journal import HAD_CLOSED, NOT_AWAITED
from mock_p1.scenario.parser import parse
from mock_p1.server import server as servers
from mock_p1.server.server import Server, ServerThread

POLL = f"GET {JOBS}late HTTP/1.1\r\nHost: {HOST}\r\nx-api-key: demo-key\r\n\r\n".encode()
LATE = "jobs: {late: {timeline: [{status: job_finished, delay: 1h}]}}"


@pytest.fixture(params=["as installed", "asyncio", "as on Windows"])
def engine(request, monkeypatch):
    """The engine of a server, on one loop or another; its time stands still."""
    if request.param == "asyncio":
        monkeypatch.setattr(servers, "_loop_factory", lambda: None)
    elif request.param == "as on Windows":
        request.getfixturevalue("windows_loop")
    return Engine(parse(LATE), RealClock(source=lambda: 0))


@pytest.fixture
def client(engine):
    """A client whose answer is held back."""
    with (
        ServerThread(Server(engine)) as running,
        socket.create_connection(("127.0.0.1", running.server.port), timeout=20) as client,
    ):
        client.sendall(POLL)
        eventually(lambda: engine.held._holds)  # noqa: SLF001 -- nobody else knows what waits
        yield client


def notes_once_it_is_due(engine):
    """Let the answer come; return at once what is known of who has read it."""
    engine.clock.advance(3600 * SECOND)
    engine.settle(10)
    (entry,) = engine.journal
    return entry.notes


@KNOWS_WHO_HAS_GONE
def test_who_has_closed_has_gone(engine, client):
    """As at a time-out: the system refuses the answer."""
    client.close()
    assert notes_once_it_is_due(engine) == (NOT_AWAITED,)


def test_who_only_sends_no_more_may_have_read_it(engine, client):
    """As `nc -N`: nobody is blamed."""
    client.shutdown(socket.SHUT_WR)
    assert notes_once_it_is_due(engine) == (HAD_CLOSED,)
    assert client.recv(12) == b"HTTP/1.1 200"


def test_who_has_stayed_has_read_it(engine, client):
    """There is nothing to note."""
    assert notes_once_it_is_due(engine) == ()
    assert client.recv(12) == b"HTTP/1.1 200"


def test_what_is_not_due_is_not_waited_for(engine, client):
    """Its client has an hour left."""
    client.shutdown(socket.SHUT_WR)
    begun = real_seconds()
    engine.settle(10)
    assert real_seconds() - begun < 10
