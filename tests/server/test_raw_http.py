"""What reaches the server on a socket and no client library would send."""

import json
import socket

import pytest
from helpers.transport_clients import HOST, JOBS

from mock_p1.server import http_protocol
from mock_p1.server.http_message import HEAD_LIMIT, HEADERS_LIMIT
from mock_p1.transports import asgi

HEADERS = f"Host: {HOST}\r\nx-api-key: demo-key\r\n"
CLOSE = "Connection: close\r\n"


def ask(transport, line, headers=HEADERS + CLOSE):
    """Send a request line and headers; return the answer."""
    return transport.exchange(f"{line}\r\n{headers}\r\n".encode())


@pytest.mark.parametrize(
    "target",
    [
        f"http://{HOST}{JOBS}steady",
        f"HTTP://elsewhere.example{JOBS}steady?a=b",
        f"https://user@{HOST}{JOBS}steady",
    ],
)
def test_a_target_in_absolute_form_is_the_path_in_it(live_transport, flask_transport, target):
    """What a client sends to a proxy is answered as if it had been sent to a server."""
    assert ask(live_transport, f"GET {target} HTTP/1.1") == flask_transport.send(
        "GET", JOBS + "steady"
    )
    assert flask_transport.send("GET", target) == flask_transport.send("GET", JOBS + "steady")


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_a_request_without_host_is_answered(live_transport, version):
    """Even HTTP/1.0's, and URLs in the reply begin with the server's own address."""
    answer = ask(live_transport, f"GET {JOBS}done {version}", "x-api-key: demo-key\r\n" + CLOSE)
    assert json.loads(answer.body)["download_url"].startswith(
        f"http://127.0.0.1:{live_transport.server.port}/results/"
    )


def test_a_request_without_host_is_answered_by_the_flask_app_too(flask_transport):
    """URLs in the reply begin with the server's own name."""
    answer = flask_transport.send("GET", JOBS + "done", host=None)
    assert json.loads(answer.body)["download_url"].startswith("http://localhost:80/results/")


@pytest.mark.parametrize(
    "target", ["*", "v1/x", "mock.example:80", "x y z", "/%zz", "/a\\b", "/a|b^c`", "/\x7f\x01"]
)
@pytest.mark.parametrize("method", ["GET", "OPTIONS", "CONNECT", "FOO"])
def test_a_target_that_is_no_path_is_explained(live_transport, method, target):
    """A JSON 404, whatever the parser thinks of the target."""
    answer = ask(live_transport, f"{method} {target} HTTP/1.1")
    assert (answer.status, json.loads(answer.body)["error"]) == (404, "MOCK_P1_NOT_IMITATED")


@pytest.mark.parametrize("method", ["FOO", "get", "X-Y_Z.1", "M" * 20])
def test_an_unknown_verb_is_told_what_there_is(live_transport, method):
    """405 with the verb as it was sent, though the parser knows no such verb."""
    answer = ask(live_transport, f"{method} {JOBS}steady HTTP/1.1")
    assert (answer.status, answer.headers["allow"]) == (405, "GET")
    assert f"{method} is not allowed here" in json.loads(answer.body)["message"]


@pytest.mark.parametrize("line", [f"FOO {JOBS}steady?日本 HTTP/1.1", f"GET {JOBS}ジョブ HTTP/1.1"])
def test_a_mended_request_may_come_byte_by_byte(live_transport, line):
    """Where the network cuts a request does not matter.

    The connection is kept: an answer does not wait for the body, so that closing it behind one
    could cut it off.
    """
    data = f"{line}\r\n{HEADERS}Content-Length: 2\r\n\r\nab".encode()
    whole = live_transport.exchange(data)
    with live_transport.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for position in range(len(data)):
            connection.sendall(data[position : position + 1])
        assert live_transport.read(connection) == whole


def test_a_connection_lives_on_after_a_mended_request(live_transport):
    """The next request on the same connection is read as usual, and so is its verb."""
    first = f"FOO {JOBS}steady HTTP/1.1\r\n{HEADERS}\r\n".encode()
    second = f"GET {JOBS}ジョブ HTTP/1.1\r\n{HEADERS}\r\n".encode()
    third = f"GET {JOBS}steady HTTP/1.1\r\n{HEADERS}{CLOSE}\r\n".encode()
    with live_transport.connect() as connection:
        statuses = []
        for data in (first, second, third):
            connection.sendall(data)
            statuses.append(live_transport.read(connection).status)
    assert statuses == [405, 200, 200]


@pytest.mark.parametrize("protocol", ["websocket", "h2c"])
def test_an_upgrade_that_is_offered_is_not_taken(live_transport, protocol):
    """The request is answered in HTTP/1.1."""
    upgrade = f"Connection: Upgrade, close\r\nUpgrade: {protocol}\r\n"
    assert ask(live_transport, f"GET {JOBS}steady HTTP/1.1", HEADERS + upgrade).status == 200


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"G\xc3\x89T / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad name: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\x00b\r\n\r\n",
        b"FOO / HTTP/1.1\r\nbad name: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused_in_json(live_transport, monkeypatch, data):
    """400 that says so, and the connection is closed at once.

    Never plain text, and never waited for.
    """
    monkeypatch.setattr(http_protocol, "LINGER_SECONDS", 60)
    answer = live_transport.everything(data)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"connection: close" in head.lower()
    assert json.loads(body)["error"] == "MOCK_P1_BAD_REQUEST"


def test_a_request_line_that_ends_too_soon_is_refused(live_transport):
    """However it comes: an unknown verb is waited for to the end of its line, and no longer."""
    with live_transport.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"FOO /x\r\n":
            connection.sendall(bytes([byte]))
        assert live_transport.read(connection).status == 400


def test_rubbish_in_the_same_packet_as_a_request_does_not_spoil_its_answer(live_transport):
    """The request is answered, once; then the rubbish is refused, and the connection closed."""
    request = f"GET {JOBS}two-polls HTTP/1.1\r\n{HEADERS}\r\n".encode()
    answer = live_transport.everything(request + b"\x16\x03\x01\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.count(b'"two-polls"}}HTTP/1.1 400 ') == 1
    assert len(live_transport.engine.journal) == 1


@pytest.mark.parametrize("path", [JOBS + "steady", "/nothing"])
def test_a_body_that_cannot_be_read_ends_the_connection(live_transport, path):
    """Nobody waits for the rest of it; the next client is answered."""
    head = f"POST {path} HTTP/1.1\r\n{HEADERS}Transfer-Encoding: chunked\r\n\r\n".encode()
    assert live_transport.everything(head + b"no chunk\r\n").startswith(b"HTTP/1.1 4")
    assert live_transport.send("GET", JOBS + "steady").status == 200


def test_head_and_get_may_share_a_connection(live_transport):
    """An answer to HEAD leaves nothing behind that the next answer would begin with."""
    with live_transport.connect() as connection:
        for method, status in [("HEAD", 405), ("GET", 200), ("HEAD", 405), ("GET", 200)]:
            connection.sendall(f"{method} {JOBS}steady HTTP/1.1\r\n{HEADERS}\r\n".encode())
            assert live_transport.read(connection, method).status == status


def test_too_many_headers_are_refused_long_before_their_bytes_are_too_many(live_transport):
    """Short headers cost more memory than bytes."""
    headers = b"a: b\r\n" * (HEADERS_LIMIT + 10_000)
    assert len(headers) < HEAD_LIMIT / 10
    with live_transport.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n" + headers)
        assert live_transport.read(connection).status == 431


def test_rubbish_after_a_request_does_not_spoil_its_answer(live_transport):
    """The request before it is answered once, and then the rubbish is refused."""
    request = f"GET {JOBS}two-polls HTTP/1.1\r\n{HEADERS}\r\n".encode()
    with live_transport.connect() as connection:
        connection.sendall(request)
        assert live_transport.read(connection).status == 200
        connection.sendall(b"\x16\x03\x01")
        assert live_transport.read(connection).status == 400
    assert len(live_transport.engine.journal) == 1


def send_without_end(connection, first, piece):
    """Send a request that does not end, until the connection does; give up after two gigabytes."""
    connection.sendall(first)
    for _ in range(2_000_000_000 // len(piece)):
        connection.sendall(piece)


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (b"GET /v1 HTTP/1.1\r\nx-api-key: ", b"k" * 65536),
        (b"GET /v1 HTTP/1.1\r\n", b"a: b\r\n" * 10_000),
        (b"GET /", b"x" * 65536),
        (b"FOO /", b"x" * 65536),
        (b"F", b"O" * 65536),
    ],
    ids=["a header", "headers", "a path", "a path after an unknown verb", "a verb"],
)
def test_a_client_that_sends_without_end_is_cut_off(live_transport, monkeypatch, first, piece):
    """It is told why, as below, and then the connection is closed, however long it goes on."""
    monkeypatch.setattr(http_protocol, "LINGER_SECONDS", 0.05)
    with live_transport.connect() as connection, pytest.raises(ConnectionError):
        send_without_end(connection, first, piece)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ("c: " + "c" * (HEAD_LIMIT - 10_000) + "\r\n", 200),
        ("c: " + "c" * (HEAD_LIMIT + 300_000) + "\r\n", 431),
        ("c: c\r\n" * (HEADERS_LIMIT - 100), 200),
    ],
)
def test_the_limit_of_a_head_is_two_megabytes(live_transport, headers, status):
    """Below it a request is answered; above it is a JSON 431."""
    answer = ask(live_transport, f"GET {JOBS}steady HTTP/1.1", HEADERS + CLOSE + headers)
    assert answer.status == status
    assert status == 200 or json.loads(answer.body)["error"] == "MOCK_P1_HEADERS_TOO_LARGE"


@pytest.mark.parametrize("sent", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"nonsense\r\n\r\n"])
def test_what_is_no_request_is_counted(live_transport, sent):
    """The journal has no row of it, so the log says it, as of a client that begins TLS."""
    ask(live_transport, f"GET {JOBS}steady HTTP/1.1")
    assert live_transport.engine.limits_reached() == {}
    assert live_transport.everything(sent).startswith(b"HTTP/1.1 400 ")
    assert live_transport.engine.limits_reached() == {"unreadable": 1}


def test_who_speaks_http_2_is_told_so(live_transport):
    """In its answer and by a count of its own, since https:// is not what is wrong."""
    answer = live_transport.everything(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
    assert answer.startswith(b"HTTP/1.1 505 ")
    assert b"have the client use HTTP/1.1" in answer
    assert live_transport.engine.limits_reached() == {"http2": 1}


@pytest.mark.parametrize("value", ["demo-key\r", "\x00d\x00e", "demo\x1bkey"])
def test_a_header_with_a_control_character_is_named(live_transport, value):
    """Its value is not."""
    lines = f"GET {JOBS}steady HTTP/1.1\r\nhost: mock\r\nX-API-Key: {value}\r\n\r\n"
    answer = live_transport.everything(lines.encode())
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"the header x-api-key has a control character in its value" in answer
    assert b"demo" not in answer


def bare(answer):
    """Return an answer without its moment and what becomes of the connection."""
    lines = answer.split(b"\r\n")
    return [line for line in lines if not line.lower().startswith((b"date:", b"connection:"))]


@pytest.mark.parametrize("job", ["steady", "nothing", "busy", "typed", "empty", "moved", "deleted"])
def test_an_answer_in_one_piece_is_the_answer_in_asgi_messages(live_transport, monkeypatch, job):
    """The short way and ASGI's write the same bytes, date included."""
    request = f"GET {JOBS}{job} HTTP/1.1\r\n{HEADERS}\r\n".encode()
    with live_transport.connect() as connection:
        connection.sendall(request)
        at_once = connection.recv(65536)
        monkeypatch.setattr(asgi, "WIRE", "another server's")
        connection.sendall(request)
        in_pieces = connection.recv(65536)
        while not in_pieces.endswith(at_once.partition(b"\r\n\r\n")[2]):
            in_pieces += connection.recv(65536)
    assert sorted(bare(at_once)) == sorted(bare(in_pieces))
    assert b"\r\ndate: " in at_once


def test_an_answer_in_one_piece_is_not_written_to_who_wants_the_connection_closed(live_transport):
    """`Connection: close` is answered by the same bytes, and then closed."""
    line = f"GET {JOBS}steady HTTP/1.1\r\n{HEADERS}"
    closed = live_transport.everything(f"{line}{CLOSE}\r\n".encode())
    with live_transport.connect() as connection:
        connection.sendall(f"{line}\r\n".encode())
        assert bare(connection.recv(65536)) == bare(closed)
    assert b"\r\nconnection: close\r\n" in closed
