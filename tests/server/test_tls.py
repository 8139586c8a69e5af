"""The server over TLS: answers, links and trouble on the wire are as they are without it."""

import json
import socket
import ssl
import time
from contextlib import closing, suppress

import pytest
import trustme
from helpers.transport_clients import JOBS

from mock_p1.base.clock import VirtualClock
from mock_p1.contract.errors import FAULTS
from mock_p1.engine.driver import Driver
from mock_p1.engine.engine import Engine
from mock_p1.server import server as servers
from mock_p1.server.server import Server, ServerThread

POLL = f"GET {JOBS}steady HTTP/1.1\r\nHost: localhost\r\nx-api-key: demo-key\r\n\r\n".encode()


@pytest.fixture(scope="session")
def certified():
    """A server's TLS context, and a client's that trusts it."""
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(server)
    authority.configure_trust(client)
    return server, client


class SecureTransport:
    """The server over TLS, and a client that trusts it."""

    def __init__(self, engine, server, client):
        self.engine, self.driver, self.server, self.client = engine, Driver(engine), server, client

    def connect(self):
        """Open a connection, and one beneath it that shows the wire as it is."""
        raw = socket.create_connection(("127.0.0.1", self.server.port), timeout=10)
        beneath = raw.dup()
        return self.client.wrap_socket(raw, server_hostname="localhost"), beneath

    def poll(self):
        """Poll, and return all that comes until the end of the answer or of the connection."""
        secured, beneath = self.connect()
        with secured, closing(beneath):
            secured.sendall(POLL)
            got = b""
            while piece := secured.recv(65536):
                got += piece
                head, _, body = got.partition(b"\r\n\r\n")
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                if length and len(body) == int(length):
                    break
            return got


def received(connection):
    """Read until the other side hangs up."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.fixture(params=["as installed", "asyncio"])
def transport(request, scenario, certified, monkeypatch):
    """A server with TLS: on the event loop that is installed, and on Python's own."""
    if request.param == "asyncio":
        monkeypatch.setattr(servers, "_loop_factory", lambda: None)
    engine = Engine(scenario, VirtualClock())
    with ServerThread(Server(engine, tls=certified[0])) as running:
        yield SecureTransport(engine, running.server, certified[1])


def test_a_poll_is_answered(transport):
    """As without TLS."""
    assert transport.poll().startswith(b"HTTP/1.1 200 OK\r\n")


def test_its_url_says_https(transport):
    """A client that follows it gets there."""
    assert transport.server.url == f"https://127.0.0.1:{transport.server.port}"


def test_links_in_replies_are_https(transport):
    """A client that hard-codes nothing stays with TLS."""
    secured, beneath = transport.connect()
    with secured, closing(beneath):
        secured.sendall(POLL.replace(b"steady", b"done"))
        body = json.loads(secured.recv(65536).partition(b"\r\n\r\n")[2])
    assert body["download_url"].startswith("https://localhost/")


def test_a_reset_is_a_reset(transport):
    """RST is on the wire, whatever the client's TLS library makes of it.

    Not one byte of an answer before it.
    """
    transport.driver.fail_next("connection_reset")
    secured, beneath = transport.connect()
    with secured, closing(beneath):
        secured.sendall(POLL)
        with pytest.raises(ConnectionResetError):
            received(beneath)


@pytest.mark.parametrize("fault", ["empty_response", "timeout"])
def test_an_empty_response_is_a_closed_connection(transport, fault):
    """An end, and no byte before it."""
    transport.driver.fail_next(fault)
    assert transport.poll() == b""


def test_a_truncated_body_ends_before_its_length(transport):
    """A proper head, half of a proper body, and the end."""
    transport.driver.fail_next("truncated_body")
    head, _, body = transport.poll().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert 0 < len(body) < int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_the_server_goes_on_after_a_fault(transport, fault):
    """Every fault, and then an ordinary poll."""
    transport.driver.fail_next(fault)
    with suppress(ConnectionResetError):
        transport.poll()
    assert transport.poll().startswith(b"HTTP/1.1 200 OK\r\n")


def test_plain_http_is_hung_up_on(transport):
    """A client that does not speak TLS gets no answer, and disturbs nobody."""
    with socket.create_connection(("127.0.0.1", transport.server.port), timeout=10) as plain:
        plain.sendall(POLL)
        assert not plain.recv(65536).startswith(b"HTTP")
    assert transport.poll().startswith(b"HTTP/1.1 200 OK\r\n")


def test_who_speaks_no_tls_is_counted(transport):
    """Nothing else is seen of it: so the log says it, as of a client that begins TLS without."""
    transport.poll()
    assert transport.engine.limits_reached() == {}
    with socket.create_connection(("127.0.0.1", transport.server.port), timeout=10) as plain:
        plain.sendall(POLL)
        received(plain)
    assert transport.engine.limits_reached() == {"unreadable": 1}


def test_who_does_not_trust_the_certificate_is_counted(transport):
    """Likewise."""
    raw = socket.create_connection(("127.0.0.1", transport.server.port), timeout=10)
    with raw, pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(raw, server_hostname="localhost")
    transport.poll()
    assert transport.engine.limits_reached() == {"unreadable": 1}


def test_who_only_looks_whether_there_is_a_server_is_not_counted(transport):
    """As the probes of a cluster do."""
    with socket.create_connection(("127.0.0.1", transport.server.port), timeout=10) as plain:
        plain.shutdown(socket.SHUT_WR)
        received(plain)
    transport.poll()
    assert transport.engine.limits_reached() == {}


def test_it_ends_at_once_though_somebody_is_connected(scenario, certified):
    """Clients that never say goodbye, as TLS asks them to, hold nothing up."""
    engine = Engine(scenario, VirtualClock())
    with ServerThread(Server(engine, tls=certified[0])) as running:
        secured, beneath = SecureTransport(engine, running.server, certified[1]).connect()
        started = time.monotonic()
    with secured, closing(beneath):
        assert time.monotonic() - started < 5
