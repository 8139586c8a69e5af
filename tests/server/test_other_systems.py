"""The server on Windows' event loop, and with sockets as macOS has them."""

import asyncio
import errno
import socket
import ssl
import struct
import sys

import pytest
import trustme
from helpers.proactor_like import Proactor
from helpers.real_time import eventually
from helpers.transport_clients import HOST, JOBS

from mock_p1.base.clock import RealClock
from mock_p1.engine.engine import Engine
from mock_p1.scenario.parser import parse
from mock_p1.server import server as server_module
from mock_p1.server.http_protocol import Connections, HttpProtocol
from mock_p1.server.server import Server, ServerThread

POLL = f"GET {JOBS}{{}} HTTP/1.1\r\nHost: {HOST}\r\nx-api-key: demo-key\r\n\r\n"
SCENARIO = """
jobs:
  steady: {timeline: [{status: s}]}
  held: {timeline: [{status: s, delay: 1h}]}
  reset: {timeline: [{fault: connection_reset}]}
"""
RESET_ON_CLOSE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


@pytest.fixture
def engine():
    """An engine with a job for each case."""
    return Engine(parse(SCENARIO), RealClock())


@pytest.fixture
def server(windows_loop, engine):
    """The server."""
    with ServerThread(Server(engine)) as thread:
        yield thread.server


@pytest.fixture
def authority():
    """A certificate authority of a test's own."""
    return trustme.CA()


@pytest.fixture
def tls_server(windows_loop, engine, authority):
    """The server, over TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with ServerThread(Server(engine, tls=context)) as thread:
        yield thread.server


def answers(server):
    """Tell whether a poll is answered."""
    try:
        with connect(server) as connection:
            return ask(connection, "steady") == b"HTTP/1.1 200"
    except ConnectionError:
        return False


def ask(connection, job):
    """Poll a job, and return the first bytes of the answer."""
    connection.sendall(POLL.format(job).encode())
    return connection.recv(12)


def connect(server):
    """Connect to a server."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


def test_a_reset_is_a_reset(server):
    """Such transports shut down before they close, which would be an orderly end."""
    with connect(server) as connection, pytest.raises(ConnectionResetError):
        ask(connection, "reset")


def test_a_reset_under_tls_is_a_reset(tls_server, authority):
    """Likewise, on the wire below TLS, whatever the client's TLS library makes of it."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    plain = connect(tls_server)
    with plain.dup() as beneath, context.wrap_socket(plain, server_hostname="127.0.0.1") as secured:
        secured.sendall(POLL.format("reset").encode())
        with pytest.raises(ConnectionResetError):
            b"".join(iter(lambda: beneath.recv(65536), b""))


@pytest.mark.parametrize("secure", [False, True])
def test_a_client_that_resets_leaves_no_trace(request, authority, caplog, secure):
    """Shutting down what it has reset fails on Windows: no traceback, and nothing stays open."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    server = request.getfixturevalue("tls_server" if secure else "server")
    connection = connect(server)
    if secure:
        connection = context.wrap_socket(connection, server_hostname="127.0.0.1")
    connection.sendall(POLL.format("held").encode())
    assert eventually(lambda: server.engine.held._holds)  # noqa: SLF001 -- nobody else knows
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    connection.close()
    assert eventually(lambda: not server._connections.open)  # noqa: SLF001 -- likewise
    assert caplog.records == []


def test_a_client_that_goes_before_it_is_accepted_ends_nothing(server, monkeypatch, caplog):
    """Such a loop would close the port for good: it stays open, also beside a connection, and said.

    Windows gives a port anew only when its last connection is gone.
    """

    def in_use(*_):
        raise PermissionError(errno.EACCES, "in use")

    monkeypatch.setattr(server_module, "_bound", in_use)
    for failed in (1, 2):
        with connect(server):
            Proactor.failing_accepts = 1
            connect(server).close()
            assert eventually(lambda: not Proactor.failing_accepts)
            assert eventually(lambda: answers(server))
        assert [record.getMessage() for record in caplog.records] == failed * [
            "a client went before it was let in (The specified network name is no longer available)"
        ]


class GoneTransport(asyncio.Transport):
    """A connection that the client has closed, on macOS: it has no name and no options any more."""

    aborted = False

    def get_extra_info(self, name, default=None):
        """Return the socket alone."""
        del default
        return self if name == "socket" else None

    def fileno(self):
        """Name a low number."""
        return 3

    def setsockopt(self, *_):
        """Fail as macOS does."""
        raise OSError(errno.EINVAL, "Invalid argument")

    getsockopt = setsockopt

    def set_write_buffer_limits(self, high=None, low=None):
        """There is nothing to limit."""

    def is_closing(self):
        """Not yet."""
        return False

    def abort(self):
        """End."""
        self.aborted = True


@pytest.mark.parametrize("end", ["reset", "eof_received", "give_up"])
def test_a_connection_that_the_client_has_closed_is_ended_on_macos_too(end):
    """Its options are not asked for in vain: each call returns, and ends it where it should."""

    async def waits(_scope, _receive, _send):
        await asyncio.Event().wait()

    async def main():
        protocol, transport = HttpProtocol(Connections(waits)), GoneTransport()
        protocol.connection_made(transport)
        protocol.data_received(POLL.format("held").encode())
        if end == "give_up":
            protocol.half_closed = True
            protocol.give_up(0)
        else:
            getattr(protocol, end)()
        for task in protocol.shared.tasks:
            task.cancel()
        return transport.aborted

    assert asyncio.run(main()) == (end != "eof_received")
