"""The controls of the real server, over real connections."""

import json
import socket

import pytest
import requests

from mock_p1.admin import body_limit
from mock_p1.engine.engine import Engine
from mock_p1.server.server import Server, ServerThread


@pytest.fixture
def server(scenario):
    """A server on loopback."""
    with ServerThread(Server(Engine(scenario))) as running:
        yield running.server


def admin(server, method, path, **options):
    """Call the server's controls."""
    return requests.request(method, f"{server.url}/__admin{path}", timeout=10, **options)


def connect(server, text):
    """Open a connection and send the beginning of a request."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    connection.sendall(text.encode())
    return connection


def test_what_happens_is_told_as_it_happens(server):
    """Over one connection that stays open."""
    with admin(server, "GET", "/events", stream=True) as stream:
        lines = stream.iter_lines(decode_unicode=True)
        kinds = (line.removeprefix("event: ") for line in lines if line.startswith("event: "))
        assert next(kinds) == "hello"
        requests.get(
            f"{server.url}/v1/external/retrain_jobs/slow",
            headers={"x-api-key": "demo-key"},
            timeout=10,
        )
        assert next(kinds) == "poll"
        assert admin(server, "POST", "/jobs/slow/step").status_code == 200
        assert next(kinds) == "job"


def test_a_body_of_50_mb_is_refused_in_words(server):
    """Whether it says how long it is or not; the server goes on."""
    mega = b"x" * 1_000_000
    for body in (mega * 50, (mega for _ in range(50))):
        reply = admin(
            server, "PUT", "/scenario", data=body, headers={"Content-Type": "application/yaml"}
        )
        assert (reply.status_code, reply.json()["error"]) == (413, "MOCK_P1_TOO_LARGE")
    assert admin(server, "GET", "/health").json()["status"] == "ok"


def test_a_body_that_is_announced_too_large_is_refused_before_it_is_sent(server):
    """A client that asks first (Expect: 100-continue) is spared the work."""
    head = (
        "PUT /__admin/scenario HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Length: 50000000\r\nExpect: 100-continue\r\n\r\n"
    )
    with connect(server, head) as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_body_in_chunks_arrives(server):
    """Whole, though its length was not said."""
    text = iter([b"jobs: {new: ", b"{error: job_may_be_deleted}}"])
    reply = admin(
        server, "PUT", "/scenario", data=text, headers={"Content-Type": "application/yaml"}
    )
    assert (reply.status_code, reply.json()["jobs"]) == (200, 1)


def test_slow_senders_hold_up_nobody(server):
    """More of them than the Flask app has threads; each is given up after a while."""
    head = "POST /__admin/clock HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"
    slow = [connect(server, head) for _ in range(30)]
    assert admin(server, "POST", "/clock", json={"advance": 1}).status_code == 200
    for connection in slow:
        connection.close()


def test_a_slow_sender_is_given_up(server, monkeypatch):
    """With an answer that says why."""
    monkeypatch.setattr(body_limit, "BODY_SECONDS", 0.01)
    head = "POST /__admin/reset HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n"
    with connect(server, head) as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")


def test_two_hosts_in_one_request_are_refused(server):
    """Nobody knows which one was meant."""
    with connect(
        server, "GET /__admin/jobs HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"
    ) as connection:
        assert connection.recv(1000).split()[1] in (b"400", b"403")


def test_a_request_without_a_host_is_refused(server):
    """HTTP/1.0 may leave it out."""
    with connect(server, "GET /__admin/jobs HTTP/1.0\r\n\r\n") as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 403 ")


def test_on_loopback_no_token_is_needed(server):
    """It is for the tools of this machine."""
    assert server.admin_token is None
    assert admin(server, "GET", "/jobs").status_code == 200


def test_bound_elsewhere_a_token_is_made_up_and_needed(scenario):
    """Another one for every server."""
    servers = [Server(Engine(scenario), host="0.0.0.0") for _ in range(2)]  # noqa: S104 -- this is what is tested
    tokens = [server.admin_token for server in servers]
    assert all(len(token) >= 32 for token in tokens)
    assert len(set(tokens)) == 2
    with ServerThread(servers[0]), ServerThread(servers[1]):
        assert admin(servers[0], "GET", "/jobs").status_code == 401
        assert (
            admin(
                servers[0], "GET", "/jobs", headers={"Authorization": f"Bearer {tokens[1]}"}
            ).status_code
            == 401
        )
        assert (
            admin(
                servers[0], "GET", "/jobs", headers={"Authorization": f"Bearer {tokens[0]}"}
            ).status_code
            == 200
        )
        assert admin(servers[0], "GET", "/health").status_code == 200


def test_a_token_that_is_given_is_the_one_needed(scenario):
    """On loopback too."""
    with ServerThread(Server(Engine(scenario), admin_token="open-sesame")) as running:
        assert admin(running.server, "GET", "/events").status_code == 401
        assert (
            admin(
                running.server, "GET", "/jobs", headers={"Authorization": "Bearer open-sesame"}
            ).status_code
            == 200
        )


def test_without_admin_there_are_no_controls(scenario):
    """The imitated API is all there is, and no token is made up."""
    server = Server(Engine(scenario), admin=False, host="0.0.0.0")  # noqa: S104 -- this is what is tested
    with ServerThread(server):
        assert server.admin_token is None
        for path in ("", "/", "/health", "/jobs", "/events"):
            assert json.loads(admin(server, "GET", path).text)["error"] == "MOCK_P1_NOT_IMITATED"


def test_the_server_ends_while_somebody_listens(scenario):
    """Without waiting for them to go."""
    with (
        ServerThread(Server(Engine(scenario))) as running,
        admin(running.server, "GET", "/events", stream=True) as stream,
    ):
        assert next(stream.iter_lines()) == b"retry: 1000"


@pytest.mark.parametrize("path", ["//__admin/jobs", "///__admin/scenario", "/%5f_admin/jobs"])
def test_no_other_spelling_goes_round_the_bounds(scenario, path):
    """A body is refused before it is read, however the path is written."""
    with ServerThread(Server(Engine(scenario))) as running:
        reply = requests.put(
            f"http://127.0.0.1:{running.server.port}{path}", data=b"x" * 6_000_000, timeout=10
        )
    assert reply.status_code == 413
