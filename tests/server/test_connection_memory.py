"""What one connection can make the server hold: a stated number of bytes, however much is sent."""

import asyncio
import tracemalloc

import pytest

from mock_p1.server import http_protocol
from mock_p1.server.http_message import HEAD_LIMIT, HEADERS_LIMIT
from mock_p1.server.http_protocol import Connections, HttpProtocol

READING = 256 * 1024
"""Bytes that an event loop reads at once."""

MOST_BYTES = 12 * 1024 * 1024
"""What a connection holds at the most: while the longest head that is taken is read."""

MOST_BETWEEN = 1024 * 1024
"""What it holds at the most otherwise."""

POLL = b"GET /a HTTP/1.1\r\n\r\n"
CHUNKED = b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"


class Transport(asyncio.Transport):
    """A connection whose client reads nothing."""

    def __init__(self):
        super().__init__()
        self.paused = self.closing = False
        self.written = 0
        self.limit = 64 * 1024

    def get_extra_info(self, name, default=None):
        """Name a peer."""
        return ("127.0.0.1", 1) if name in {"peername", "sockname"} else default

    def set_write_buffer_limits(self, high=None, low=None):  # noqa: ARG002 -- asyncio's
        """Tell when it is too much."""
        self.limit = high

    def write(self, data):
        """Keep it, as a system's buffer that is full does."""
        self.written += len(data)
        if self.written > self.limit >= self.written - len(data):
            self.protocol.pause_writing()

    def pause_reading(self):
        """Bring no more."""
        self.paused = True

    def resume_reading(self):
        """Bring more."""
        self.paused = False

    def is_closing(self):
        """Tell whether it ends."""
        return self.closing

    def can_write_eof(self):
        """It can."""
        return True

    def write_eof(self):
        """Nothing more is written."""

    def close(self):
        """End."""
        self.closing = True


async def holds(_scope, _receive, _send):
    """Answer nothing, and read nothing."""
    await asyncio.Event().wait()


async def reads(_scope, receive, _send):
    """Read a body, and keep nothing of it."""
    while True:
        await receive()


async def answers(_scope, _receive, send):
    """Answer ten kilobytes."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"x" * 10_000})


async def feed(app, first, piece, total):
    """Send so many bytes; return the most that was held meanwhile, and what the client was told."""
    protocol, transport = HttpProtocol(Connections(app)), Transport()
    transport.protocol = protocol
    protocol.connection_made(transport)
    data = piece * (READING // len(piece) or 1)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    protocol.data_received(first)
    sent = 0
    while sent < total and not transport.closing and not protocol._closing:  # noqa: SLF001 -- nothing is read then
        for _ in range(20):
            await asyncio.sleep(0)
        if transport.paused:
            break
        protocol.data_received(data)
        sent += len(data)
    most = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    protocol.connection_lost(None)
    for task in protocol.shared.tasks:
        task.cancel()
    return most


@pytest.mark.slow
@pytest.mark.parametrize(
    ("app", "first", "piece", "most"),
    [
        (holds, b"GET /", b"x", MOST_BYTES),
        (holds, b"GET / HTTP/1.1\r\na: ", b"x", MOST_BYTES),
        (holds, b"GET / HTTP/1.1\r\n", b"a:\r\n", MOST_BYTES),
        (holds, b"", b"\r\n", MOST_BETWEEN),
        (holds, b"", POLL, MOST_BETWEEN),
        (answers, b"", POLL, MOST_BETWEEN),
        (holds, CHUNKED, b"1\r\nx\r\n", MOST_BETWEEN),
        (holds, CHUNKED, b"10000\r\n" + b"x" * 65536 + b"\r\n", MOST_BETWEEN),
        (reads, CHUNKED, b"1;" + b"e" * 900 + b"\r\nx\r\n", MOST_BETWEEN),
        (reads, CHUNKED, b"1;" + b"e" * 90_000, MOST_BETWEEN),
        (reads, CHUNKED + b"0\r\n", b"a: b\r\n", MOST_BETWEEN),
        (answers, CHUNKED + b"0\r\n", b"a: b\r\n", MOST_BETWEEN),
        (holds, b"POST /a HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"x", MOST_BETWEEN),
        (answers, b"", b"POST /a HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", MOST_BETWEEN),
    ],
    ids=["a path", "a header", "headers", "empty lines", "requests", "requests that are answered",
         "tiny chunks", "chunks", "extensions of chunks", "an extension", "trailers",
         "trailers after the answer", "a body", "tiny bodies"],
)  # fmt: skip
def test_memory_does_not_grow_with_what_is_sent(app, first, piece, most):
    """Twice as much is sent, and no more is held."""
    total = most // 3 if most == MOST_BYTES else 2 * most  # more than may be held
    little = asyncio.run(feed(app, first, piece, total))
    much = asyncio.run(feed(app, first, piece, 2 * total))
    assert little < most
    assert much < little * 1.5 + 100_000


def test_the_longest_head_that_is_taken_is_not_the_end_of_the_memory():
    """Two megabytes in ten thousand headers; read, and held while the answer is."""
    header = b"a" * (HEAD_LIMIT // HEADERS_LIMIT - 8) + b": b\r\n"
    head = b"GET /a HTTP/1.1\r\n" + header * (HEADERS_LIMIT - 1) + b"\r\n"
    assert asyncio.run(feed(holds, head, b"x", 1)) < MOST_BYTES


def test_long_heads_are_counted_until_they_are_answered(monkeypatch):
    """So that clients whose polls are held cannot fill the memory with headers either."""
    monkeypatch.setattr(http_protocol, "HEADS_LIMIT", 100_000)

    async def play():
        shared = Connections(holds)
        protocols = []
        for _ in range(3):
            protocol = HttpProtocol(shared)
            protocol.connection_made(Transport())
            protocol.data_received(b"GET /a HTTP/1.1\r\na: " + b"x" * 45_000)
            protocol.data_received(b"\r\n\r\n")
            protocols.append(protocol)
        assert [protocol._closing for protocol in protocols] == [False, False, True]  # noqa: SLF001 -- refused
        small = HttpProtocol(shared)
        small.connection_made(Transport())
        small.data_received(b"GET /a HTTP/1.1\r\n")
        small.data_received(b"\r\n")
        assert len(shared.tasks) == 3
        for protocol in (*protocols, small):
            protocol.connection_lost(None)
        assert shared.head_bytes == 0

    asyncio.run(play())
