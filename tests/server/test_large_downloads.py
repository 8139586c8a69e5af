"""A large download counts when the connection has taken its last byte: plain, TLS, either loop."""

import ssl

import pytest
import trustme
from helpers.large_result import read_result, small_client, write_into

from mock_p1.base.clock import VirtualClock
from mock_p1.base.messages import Request
from mock_p1.engine.engine import Engine
from mock_p1.engine.journal import NOT_TAKEN
from mock_p1.scenario.files import load_scenario
from mock_p1.server import server as servers
from mock_p1.server.server import Server, ServerThread


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    """A job whose result no connection holds."""
    return load_scenario(write_into(tmp_path_factory.mktemp("big")))


@pytest.fixture(scope="module")
def certified():
    """A server's TLS context, and a client's that trusts it."""
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(server)
    authority.configure_trust(client)
    return server, client


class Served:
    """A mock behind a socket, and a client with a small buffer."""

    def __init__(self, engine, port, context):
        self.engine, self.port, self.context = engine, port, context

    def ask(self, header):
        """Ask for the result."""
        poll = Request("GET", "/v1/external/retrain_jobs/old", api_keys=("key",))
        link = self.engine.handle(poll).body.decode().partition("/results/")[2].partition('"')[0]
        client = small_client("127.0.0.1", self.port)
        if self.context is not None:
            client = self.context.wrap_socket(client, server_hostname="localhost")
        client.sendall(f"GET /results/{link} HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode())
        return client

    def last(self):
        """Return what the newest download has done, and what is noted."""
        self.engine.deliveries.settle(10)
        *_, entry = self.engine.journal
        return entry.done, entry.notes


@pytest.fixture(params=["as installed", pytest.param("asyncio", marks=pytest.mark.slow)])
def loop(request, monkeypatch):
    """The event loop that is installed, and Python's own."""
    if request.param == "asyncio":
        monkeypatch.setattr(servers, "_loop_factory", lambda: None)


@pytest.fixture(params=["plain", pytest.param("TLS", marks=pytest.mark.slow)])
def served(request, loop, scenario, certified):
    """A server of one kind."""
    server, client = certified if request.param == "TLS" else (None, None)
    engine = Engine(scenario, VirtualClock())
    with ServerThread(Server(engine, tls=server)) as running:
        yield Served(engine, running.server.port, client)


@pytest.mark.slow
@pytest.mark.parametrize("header", ["X: y", "Connection: close", "Range: bytes=0-"])
def test_it_is_read_whole(served, header):
    """It counts, with no note."""
    with served.ask(header) as client:
        assert read_result(client) == 0
        assert served.last() == ("result_sent", ())


@pytest.mark.parametrize("header", ["X: y", "Connection: close", "Range: bytes=0-"])
def test_the_client_hangs_up(served, header):
    """It does not count, and the journal says so."""
    with served.ask(header) as client:
        assert client.recv(300)
    assert served.last() == (None, (NOT_TAKEN,))


def test_a_job_counts_what_was_taken(served):
    """As the control API shows it."""
    with served.ask("Connection: close") as client:
        assert client.recv(300)
    assert served.last() == (None, (NOT_TAKEN,))
    with served.ask("Connection: close") as client:
        while client.recv(1 << 20):
            pass
    assert served.last() == ("result_sent", ())
    with served.engine.lock:
        job = served.engine.state.jobs.by_path("/v1/external/retrain_jobs/old", ("key",), 0)
    assert job.downloads == 1
