"""What clients of other languages and tools do on a connection."""

import json
import socket

import pytest
from helpers.transport_clients import HOST, JOBS, LiveTransport

from mock_p1.base.clock import RealClock
from mock_p1.engine.engine import Engine
from mock_p1.server.server import Server, ServerThread

HEADERS = f"Host: {HOST}\r\nx-api-key: demo-key\r\n"
POLL = f"GET {JOBS}steady HTTP/1.1\r\n{HEADERS}\r\n".encode()
OFFERS = [
    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n",
    "Connection: keep-alive, upgrade\r\nUpgrade: TLS/1.0, IRC/6.9\r\n",
]
LENGTH = "Content-Length: 2\r\n", b"{}"
CHUNKS = "Transfer-Encoding: chunked\r\n", b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"


def control(path, offer, headers):
    """The head of a call that changes something."""
    kind = "Content-Type: application/json\r\n"
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{kind}{offer}{headers}\r\n".encode()


def answers(connection):
    """All answers that come until the connection ends: status and body of each."""
    connection.shutdown(socket.SHUT_WR)
    got = b"".join(iter(lambda: connection.recv(65536), b""))
    found = (answer.partition(b"\r\n\r\n") for answer in got.split(b"HTTP/1.1 ")[1:])
    return [(int(head[:3]), body) for head, _, body in found]


@pytest.mark.parametrize("offer", ["", *OFFERS])
@pytest.mark.parametrize(("headers", "body"), [LENGTH, CHUNKS], ids=["length", "chunks"])
@pytest.mark.parametrize("later", [False, True], ids=["at once", "later"])
def test_an_offer_to_upgrade_loses_no_body(live_transport, offer, headers, body, later):
    """A call of the control API is understood, once, and what follows on the connection too."""
    head = control("/__admin/jobs/two-polls/step", offer, headers)
    with live_transport.connect() as connection:
        if later:
            connection.sendall(head)
            for start in range(len(body)):
                connection.sendall(body[start : start + 1])
            connection.sendall(POLL)
        else:
            connection.sendall(head + body + POLL)
        (status, changed), (_, polled) = answers(connection)
    assert (status, json.loads(changed)["job_id"]) == (200, "two-polls")
    assert json.loads(polled)["status"] == "job_running"


@pytest.mark.parametrize("offer", OFFERS)
def test_an_offer_to_upgrade_changes_no_poll(live_transport, offer):
    """Nor where its request has a body that the API does not know."""
    plain = f"GET {JOBS}steady HTTP/1.1\r\n{HEADERS}"
    for more in ("\r\n", "Content-Length: 3\r\n\r\nabc"):
        data = f"{plain}{offer}{more}".encode()
        with live_transport.connect() as connection:
            connection.sendall(data + POLL)
            offered, plainly = answers(connection)
        assert offered == plainly


@pytest.mark.parametrize("path", [f"{JOBS}steady", "/nothing", "/__admin/health", f"{JOBS}nothing"])
def test_a_half_closed_client_gets_its_answer(live_transport, path):
    """As of `nc -N`; then the connection is closed."""
    data = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nx-api-key: demo-key\r\n\r\n".encode()
    with live_transport.connect() as connection:
        connection.sendall(data)
        assert len(answers(connection)) == 1


def test_a_half_closed_client_gets_an_answer_that_is_held(scenario):
    """However long the scenario holds it; and all answers to what it has sent before."""
    engine = Engine(scenario, RealClock(20))
    with (
        ServerThread(Server(engine)) as running,
        LiveTransport(running.server).connect() as connection,
    ):
        connection.sendall(POLL.replace(b"steady", b"late") + POLL)
        assert [status for status, _ in answers(connection)] == [200, 200]


@pytest.mark.parametrize(
    ("headers", "said"), [("", b"close"), ("Connection: keep-alive\r\n", b"keep-alive")]
)
def test_http_1_0_is_told_what_becomes_of_its_connection(live_transport, headers, said):
    """`ab -k` and others of its age ask for it to be kept."""
    data = f"GET {JOBS}steady HTTP/1.0\r\n{HEADERS}{headers}\r\n".encode()
    with live_transport.connect() as connection:
        connection.sendall(data)
        got = connection.recv(65536)
        assert b"\r\nconnection: %b\r\n" % said in got
        if said == b"close":
            assert connection.recv(1) == b""
        else:
            connection.sendall(data)
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def test_http_1_0_gets_no_chunks(live_transport):
    """An answer without a length ends with the connection."""
    with live_transport.connect() as connection:
        connection.sendall(b"GET /__admin/events HTTP/1.0\r\nHost: localhost\r\n\r\n")
        got = connection.recv(65536)
        while b"event: hello" not in got:
            got += connection.recv(65536)
    head, _, body = got.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert body.startswith(b"retry: 1000\n")


def test_who_asks_before_it_sends_a_body_is_told_to_go_on(live_transport):
    """`curl -T` waits for 100 Continue."""
    head = control("/__admin/clock", "Expect: 100-continue\r\n", "Content-Length: 14\r\n")
    with live_transport.connect() as connection:
        connection.sendall(head)
        assert connection.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b'{"advance": 1}')
        assert live_transport.read(connection).status == 200
        connection.sendall(POLL)
        assert live_transport.read(connection).status == 200


def test_who_is_answered_before_it_sends_a_body_loses_the_connection(live_transport):
    """Nobody knows whether the body comes: it must not be taken for a request."""
    data = (
        f"GET {JOBS}steady HTTP/1.1\r\n{HEADERS}Expect: 100-continue\r\nContent-Length: 9\r\n\r\n"
    )
    got = live_transport.everything(data.encode())
    assert got.startswith(b"HTTP/1.1 200 OK")
    assert b"\r\nconnection: close\r\n" in got


def test_polls_in_one_packet_are_answered_in_their_order(live_transport):
    """And each once, however many."""
    jobs = ["steady", "done", "nothing"] * 50
    data = b"".join(POLL.replace(b"steady", job.encode()) for job in jobs)
    with live_transport.connect() as connection:
        connection.sendall(data)
        assert [status for status, _ in answers(connection)] == [200, 200, 400] * 50


def test_a_trailer_is_no_header(live_transport):
    """A key in it is no key."""
    head = f"GET {JOBS}steady HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = live_transport.exchange(head.encode() + b"0\r\nx-api-key: demo-key\r\n\r\n")
    assert answer.status == 400


@pytest.mark.parametrize("name", ["X-Forwarded-Proto", "Forwarded", "X-Forwarded-Host"])
def test_no_proxy_is_believed(live_transport, name):
    """URLs in replies begin as the client asked, whatever a header says of another client."""
    value = "proto=https;host=evil.example" if name == "Forwarded" else "https"
    answer = live_transport.send("GET", JOBS + "done", (("x-api-key", "demo-key"), (name, value)))
    assert json.loads(answer.body)["download_url"].startswith(f"http://{HOST}/results/")


def test_an_idle_connection_is_kept_longer_than_any_client_pauses(live_transport):
    """Ten minutes, unless the server is told otherwise."""
    assert live_transport.server._connections.keep_alive_seconds >= 600  # noqa: SLF001 -- no test waits for it
