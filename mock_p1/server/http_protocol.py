"""One connection: requests are read one after the other, and answered in their order.

Nothing of a later request is read before the one in hand is answered, so a connection holds at most
``HEAD_LIMIT`` bytes of a head, or ``BODY_WAITING`` of a body, and what one reading brings.
"""

from __future__ import annotations

import asyncio
import math
import socket
import struct
import sys
import threading
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mock_p1.base.framing import BadRequest
from mock_p1.base.messages import Fault, Reply, Request
from mock_p1.engine.deliveries import Deliveries
from mock_p1.server.http_exchange import NO_BODY, Exchange, error_of_ours, reply_head, scope_of
from mock_p1.server.http_message import (
    HEAD_LIMIT,
    HEADERS_LIMIT,
    HTTP_VERSION_NOT_SUPPORTED,
    KNOWN_BYTES,
    PATH_LIMIT,
    VISIBLE,
    BodyReader,
    Head,
    read_head,
    read_request_line,
    too_long_head,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_p1.base.asgi_types import Application
    from mock_p1.transports.asgi import AsgiApp

HEADS_LIMIT: Final = 32 * 1024 * 1024
"""Bytes that all long heads of requests that are not answered yet may have together."""

LONG_HEAD: Final = 16 * 1024
"""Bytes from which a head is a long one: beyond HEADS_LIMIT no more of those are taken."""

HEAD_SECONDS: Final = 30.0
"""How long a client may take to send a head it has begun."""

BODY_SECONDS: Final = 60.0
"""How long a client may take to send a body, beside the time that SLOWEST_BODY gives it."""

SLOWEST_BODY: Final = 10_000
"""Bytes of a body that a client sends in a second, at least: a large file may take its time."""

BODY_WAITING: Final = 64 * 1024
"""Bytes of a body that may wait for the app; then no more is read until it takes them."""

ANSWER_WAITING: Final = 64 * 1024
"""Bytes of answers that may wait for a client; then no more is written until it takes them."""

LINGER_SECONDS: Final = 1.0
"""How long a client that is hung up on may go on sending: closing at once, with something unread,
would take the answer from it."""

KEEP_ALIVE_SECONDS: Final = 600.0
"""How long a connection may be idle: longer than any client's pause between two polls."""

HALF_CLOSED_SECONDS: Final = 30
"""How long a client that sends no more is waited for before the system asks whether it is there."""

_RESET_ON_CLOSE: Final = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


IN_A_TURN: Final = 32
"""So many requests of one connection are read before others have their turn."""

SHORT_ANSWER: Final = ANSWER_WAITING // IN_A_TURN
"""Bytes of an answer that may wait for those after it in the same turn, to be written with them."""


class _Known(NamedTuple):
    """A head that was read and may be answered at once: a client that polls sends it again.

    ``begins`` and ``ends`` are what stands before and after its target; empty where the target was
    written in some odd way.
    """

    data: bytes
    begins: bytes
    ends: bytes
    head: Head
    request: Request


class Connections:
    """What all connections of a server share."""

    def __init__(
        self,
        app: Application,
        keep_alive_seconds: float = KEEP_ALIVE_SECONDS,
        reached: Counter[str] | None = None,
        at_once: AsgiApp | None = None,
        deliveries: Deliveries | None = None,
    ) -> None:
        """``at_once`` answers requests where they are read: with no task, as fast as can be.

        ``reached`` counts the connections that took the last file of ``files_max``, and what is no
        request.

        ``deliveries`` hears how far downloads have come.
        """
        self.deliveries: Deliveries = deliveries or Deliveries(lambda *_: None)
        self.app: Application = app
        self.at_once: AsgiApp | None = at_once
        self.reached: Counter[str] = Counter() if reached is None else reached
        self.files_max: float = math.inf
        """How many files this process may have open, connections among them."""
        self.keep_alive_seconds: float = keep_alive_seconds
        self.open: set[HttpProtocol] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.head_bytes = 0
        """Bytes of the heads of requests that are not answered yet, where they came in pieces."""
        self.date: Callable[[], bytes] = bytes
        """Returns the Date header of this second, as a line."""
        self.asked: list[tuple[Request, Callable[[Reply | Fault | BaseException], None]]] = []
        """Requests that have to wait, and who is told their answers; not handed over yet."""

    def hand_over(self) -> None:
        """Have all requests answered that have to wait."""
        asked, self.asked = self.asked, []
        if self.at_once is not None:
            self.at_once.decide_later(asked)


class HttpProtocol(asyncio.Protocol):
    """Reads requests, starts the app for each, and hangs up on who takes too long."""

    __slots__ = (
        "_body", "_buffer", "_closes_when_sent", "_closing", "_download", "_drained", "_exchange",
        "_head_bytes", "_is_taken", "_known", "_lines", "_loop", "_scanned", "_since", "_together",
        "client", "half_closed", "local", "scheme", "shared", "transport",
    )  # fmt: skip

    def __init__(self, shared: Connections) -> None:
        self.shared: Connections = shared
        self._loop = asyncio.get_running_loop()
        self._since = self._loop.time()  # when what is awaited of the client began to be
        self._buffer = bytearray()  # what has come and is not read yet
        self._scanned = self._lines = 0  # bytes and lines of the buffer that are no whole head
        self._head_bytes = 0  # what the shared count has of this connection
        self._exchange: Exchange | None = None  # the request in hand
        self._known: _Known | None = None
        self._body: BodyReader | None = None  # of that request, until it is complete
        self._together: list[bytes] | None = None  # answers of this turn, not written yet
        self._closing = False
        self.half_closed: bool = False
        self._drained: asyncio.Future[None] | None = None
        self._download = 0  # the number of one that has not gone out wholly
        self._is_taken = False  # whether the system has taken that, as far as is known
        self._closes_when_sent = False
        self.transport: Any = None  # an asyncio.Transport
        self.client: tuple[str, int] | None = None
        self.local: tuple[str, int] = ("", 0)
        self.scheme: str = "http"

    @property
    def date(self) -> bytes:
        """The Date header of this second, as a line."""
        return self.shared.date()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = transport
        self.transport.set_write_buffer_limits(ANSWER_WAITING)
        self.shared.open.add(self)
        peer, local = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        self.client = (str(peer[0]), int(peer[1])) if peer else None
        self.local = (str(local[0]), int(local[1])) if local else ("", 0)
        self.scheme = "https" if transport.get_extra_info("sslcontext") else "http"
        connection = transport.get_extra_info("socket")  # its number is the lowest that was free
        if connection is not None and connection.fileno() + 1 >= self.shared.files_max:
            self.shared.reached["open_files"] += 1

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever writes or reads that there is nobody any more."""
        self._closing = True
        self._forget_head()
        self.shared.open.discard(self)
        if self._is_taken and exc is None:
            self._has_gone(self._download)
        elif self._download:
            self.shared.deliveries.lost(self._download)
            self._download, self._is_taken = 0, False
        self.resume_writing()
        if self._exchange is not None:
            self._exchange.lost = True
            self._exchange.news.set()

    def eof_received(self) -> bool:
        """Keep the connection of a client that sends no more, if it waits for an answer."""
        self.half_closed = True
        if self._exchange is None or self._body is not None or self._closing:
            return False
        self._exchange.news.set()
        if self.scheme == "https":  # TLS cannot be half closed
            return False
        connection = self.transport.get_extra_info("socket")
        with suppress(OSError):  # macOS has no options for what the client has closed
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if hasattr(socket, "TCP_KEEPIDLE"):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, HALF_CLOSED_SECONDS)
        return True

    def data_received(self, data: bytes) -> None:
        """Read on."""
        if self._closing:
            return
        if type(data) is not bytes:  # a bytearray, on Windows
            data = bytes(data)
        if not self._buffer:
            if self._body is not None:
                if self._body.takes_whole(data):
                    self._hand_over(data, self._body)
                    return
            elif self._exchange is None and self._drained is None and self._known is not None:
                known = self._known
                request = known.request if known.data == data else self._like(known, data)
                if request is not None:
                    self._begin(known.head, request)
                    return
        self._buffer += data
        self._read()

    def _read(self) -> None:
        """Read what may be read now; short answers that can be given at once are one write."""
        self._together = []
        try:
            try:
                self._read_in_turn()
            finally:
                self._write_together()
                self._together = None
        except BadRequest as refused:
            self._refuse(refused)

    def _read_in_turn(self) -> None:
        """Read the body of the request in hand, or the next requests."""
        left = IN_A_TURN
        while self._buffer and not (self._closing or self.transport.is_closing()):
            if self._body is not None:
                self._read_body(self._body)
            elif self._exchange is not None or self._drained is not None:
                self.transport.pause_reading()
                return
            elif not self._read_head():
                return
            left -= 1
            if self._body is not None:
                return
            if not left:
                self.transport.pause_reading()
                self._loop.call_soon(self._go_on)
                return

    def _write_together(self) -> None:
        if self._together:
            self.transport.write(b"".join(self._together))
            self._together.clear()

    def _go_on(self) -> None:
        """Read on, now that other connections have had their turn."""
        is_held = self._exchange is not None or self._drained is not None  # whose end reads on
        if not (is_held or self._closing or self.transport.is_closing()):
            self.transport.resume_reading()
            self._read()

    def _read_head(self) -> bool:
        """Begin a request; tell if its head is complete."""
        buffer, known = self._buffer, self._known
        if known is not None and buffer.startswith(known.data):
            del buffer[: len(known.data)]
            self._scanned = self._lines = 0
            self._begin(known.head, known.request)
            return True
        if buffer[0] in b"\r\n":  # empty lines before a request mean nothing
            del buffer[: len(buffer) - len(buffer.lstrip(b"\r\n"))]
            return bool(buffer)
        end = buffer.find(b"\r\n\r\n", max(0, self._scanned - 3))
        if max(end, len(buffer) if end < 0 else 0) > HEAD_LIMIT:
            raise too_long_head()
        if end < 0:
            self._wait_for_head()
            return False
        data = bytes(buffer[: end + 4]) if end < KNOWN_BYTES else b""
        head = read_head(bytes(buffer[:end]))
        del buffer[: end + 4]
        self._scanned = self._lines = 0
        self._begin(head, self._plain_request(head, data))
        if head.length != 0:
            self._since = self._loop.time()
            self._body = BodyReader(head.length)
            self._read_body(self._body)
        return True

    def _plain_request(self, head: Head, data: bytes) -> Request | None:
        """Return a request that may be answered at once, and keep it; None for any other."""
        at_once = self.shared.at_once
        if at_once is None or head.length != 0 or head.expects_continue or not head.keep_alive:
            return None
        if head.version != "1.1" or not data:
            return None
        request = at_once.plain_request(scope_of(head, self))
        if request is not None:
            method, target, rest = data.split(b" ", 2)
            as_written = target.partition(b"?")[::2] == (head.path, head.query)
            begins, ends = (method + b" ", b" " + rest) if as_written else (b"", b"")
            self._known = _Known(data, begins, ends, head, request)
        return request

    def _like(self, known: _Known, data: bytes) -> Request | None:
        """Return the request of a head that is a known one but for its path; else None."""
        begins, ends, at_once = known.begins, known.ends, self.shared.at_once
        if not (begins and at_once and data.startswith(begins) and data.endswith(ends)):
            return None
        target = data[len(begins) : -len(ends)]
        path, _, query = target.partition(b"?")
        if target.translate(None, VISIBLE) or len(path) > PATH_LIMIT:
            return None  # who reads all of it refuses it, or knows what is meant
        return at_once.plain_request_like(known.request, path, query)

    def _begin(self, head: Head, plain: Request | None) -> None:
        """Answer a request whose head was read, or let the app do so."""
        decided: Reply | Fault | None = None
        if plain is not None and (at_once := self.shared.at_once) is not None:
            if at_once.waits:
                self._begin_to_wait(Exchange(self, _head_of(plain, head)), plain)
                return
            try:
                decided = at_once.decide(plain)
            except Exception:  # noqa: BLE001 -- told to the client, and logged
                decided = error_of_ours(_head_of(plain, head))
            if isinstance(decided, Reply) and not decided.delay_ns:
                self._answer(decided)
                return
            head = _head_of(plain, head)
        exchange = self._exchange = Exchange(self, head)
        exchange.decided = decided
        self._run(exchange)

    def _run(self, exchange: Exchange) -> None:
        task = self._loop.create_task(exchange.run(self.shared.app))
        self.shared.tasks.add(task)
        task.add_done_callback(self.shared.tasks.discard)

    def _begin_to_wait(self, exchange: Exchange, plain: Request) -> None:
        """Have a request answered; nothing else is read of this connection meanwhile."""
        self._exchange = exchange
        thread = threading.get_ident()

        def tell(found: Reply | Fault | BaseException) -> None:
            with suppress(RuntimeError):  # the loop has ended
                is_here = threading.get_ident() == thread
                later = self._loop.call_soon if is_here else self._loop.call_soon_threadsafe
                later(self._was_decided, exchange, found)

        if not self.shared.asked:  # all that have come in this turn are handed over together
            self._loop.call_soon(self._loop.call_soon, self.shared.hand_over)
        self.shared.asked.append((plain, tell))

    def _was_decided(self, exchange: Exchange, found: Reply | Fault | BaseException) -> None:
        """Give an answer that was waited for; what is more than writing it is for the app."""
        if isinstance(found, BaseException):
            found = error_of_ours(exchange.head, found)
        if isinstance(found, Reply) and not (found.delay_ns or found.download):
            exchange.answer(found)
        else:
            exchange.decided = found
            self._run(exchange)

    def _answer(self, reply: Reply) -> None:
        """Write a whole answer to a client of HTTP/1.1 that keeps its connection."""
        lines, dated = reply_head(reply.status, reply.headers, len(reply.body))
        date = b"" if dated else self.shared.date()
        body = b"" if reply.status in NO_BODY else reply.body
        answer = b"".join((lines, date, b"\r\n", body))
        if reply.download:
            self._write_together()
            self.shared.deliveries.sending(reply.download)  # before the client has any of it
            self.write_download(answer, reply.download)
        elif self._together is None:
            self.transport.write(answer)
        else:
            self._together.append(answer)
            if len(answer) > SHORT_ANSWER:
                self._write_together()
        self._since = self._loop.time()
        if self._head_bytes:
            self._forget_head()
        if self.half_closed and not self._buffer:
            self._write_together()
            self.close()

    def _wait_for_head(self) -> None:
        """Refuse at once what can become no head. What is new is looked at, once."""
        buffer, shared = self._buffer, self.shared
        if not self._scanned:
            self._since = self._loop.time()
        had_no_line = not self._lines
        self._lines += buffer.count(b"\n", self._scanned)
        shared.head_bytes += len(buffer) - self._scanned
        self._scanned = self._head_bytes = len(buffer)
        if self._lines > HEADERS_LIMIT + 1:
            raise too_long_head()
        if had_no_line and self._lines:
            line, _, _ = buffer.partition(b"\n")
            if not line.endswith(b"\r"):
                raise BadRequest
            read_request_line(bytes(line[:-1]))
        elif not chr(buffer[0]).isprintable():  # as where TLS is spoken
            raise BadRequest
        if shared.head_bytes > HEADS_LIMIT and len(buffer) > LONG_HEAD:
            raise BadRequest("too many clients are sending very long headers; try again", 503,
                             "MOCK_P1_TOO_MANY_HEADERS")  # fmt: skip

    def _forget_head(self) -> None:
        self.shared.head_bytes -= self._head_bytes
        self._head_bytes = self._scanned = self._lines = 0

    def _read_body(self, body: BodyReader) -> None:
        try:
            piece = body.take(self._buffer)
        except BadRequest as refused:
            if self._exchange is not None:
                self._exchange.feed(refused.before, complete=False)
            raise
        self._hand_over(piece, body)

    def _hand_over(self, piece: bytes, body: BodyReader) -> None:
        if body.complete:
            self._body = None
        if self._exchange is not None:
            if self._exchange.feed(piece, complete=body.complete) > BODY_WAITING:
                self.transport.pause_reading()
        elif body.complete:  # the answer did not wait for it
            self._since = self._loop.time()

    def take_more(self) -> None:
        """Go on reading a body; the app has taken what there was."""
        if self._body is not None and not self._closing:
            self.transport.resume_reading()

    def answered(self, *, keep_alive: bool) -> None:
        """Go on to the next request, or hang up."""
        self._exchange, self._since = None, self._loop.time()
        if self._head_bytes:
            self._forget_head()
        if not keep_alive or (self.half_closed and not self._buffer):
            self.close()
        elif not self._closing:
            self.transport.resume_reading()
            self._read()

    def close(self) -> None:
        """Hang up once all that was written has gone out and nothing comes that is unread."""
        if self._closing:
            return
        self._closing = True
        if self._buffer or self._body is not None:
            self._buffer.clear()
            self.transport.resume_reading()
            if self.transport.can_write_eof():
                self.transport.write_eof()
            self._loop.call_later(LINGER_SECONDS, self.transport.close)
        elif self._download and self.scheme == "https":  # of what it closes, TLS says no more
            self._closes_when_sent = True
        else:
            self.transport.close()

    def reset(self) -> None:
        """End the connection at once, with RST.

        Windows' transport would shut the socket down before it closes it, which is an orderly end.
        """
        if not self.transport.is_closing():
            self._closing = True
            connection = self.transport.get_extra_info("socket")
            with suppress(OSError):  # macOS has no options for what the client has closed
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self.transport.abort()
            if (own := getattr(connection, "_sock", None)) is not None:  # asyncio's, not uvloop's
                own.close()

    def _refuse(self, refused: BadRequest) -> None:
        """Answer what is no request, and hang up; where an answer has begun already, hang up."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.lost = True
            exchange.news.set()
        elif refused.status == HTTP_VERSION_NOT_SUPPORTED:
            self.shared.reached["http2"] += 1
        else:
            self.shared.reached["unreadable"] += 1
        self._forget_head()
        self._buffer[:] = b"?"  # something may be unread
        if exchange is None or not exchange.started:
            reply = refused.reply
            head, _ = reply_head(reply.status, reply.headers, len(reply.body))
            connection = b"connection: close\r\n\r\n"
            self.transport.write(b"".join((head, self.date, connection, reply.body)))
        self.close()

    def give_up(self, now: float) -> None:
        """Hang up where a client has been awaited for too long; ``now`` is the loop's time."""
        waited = now - self._since
        if self._closing:
            if waited > self.shared.keep_alive_seconds:
                self.transport.abort()  # it does not read its answer
        elif self._body is not None:
            if waited > BODY_SECONDS + self._body.taken / SLOWEST_BODY:
                self.transport.close()
        elif self._exchange is not None:  # it is the client that waits
            if self.half_closed and self._has_failed():
                self.transport.abort()  # or rather, it has gone
        elif not self._buffer:
            if waited > self.shared.keep_alive_seconds:
                self.close()
        elif waited > HEAD_SECONDS:
            text = f"request line and headers did not come within {HEAD_SECONDS:g} s"
            self._refuse(BadRequest(text, 408, "MOCK_P1_TOO_SLOW"))

    def _has_failed(self) -> bool:
        connection = self.transport.get_extra_info("socket")
        try:
            failed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        except (AttributeError, OSError):  # there is none any more
            return True
        return bool(failed)

    def shut_down(self) -> None:
        """The server ends: an answer that is being written goes out, whoever else is hung up on."""
        if self._exchange is None:
            self.transport.close()
        else:
            self._exchange.server_ends()

    def pause_writing(self) -> None:
        """The client does not take what is written as fast as it is."""
        self._drained = self._loop.create_future()

    def write_download(self, answer: bytes, download: int) -> None:
        """Write an answer, and let the engine know as ``watch`` does.

        TLS hands on all that is written at once, and keeps only what comes after it.
        """
        if self.scheme == "https":
            self.transport.write(memoryview(answer)[:-1])
            answer = answer[-1:]
        self.transport.write(answer)
        self.watch(download)

    def watch(self, download: int) -> None:
        """Let the engine know when all that was written of a download has gone out, or never.

        What the system has taken at once has gone out, as far as can be known.
        """
        transport, deliveries = self.transport, self.shared.deliveries
        self._has_gone(self._download)  # one before it
        if transport.is_closing():  # the client had gone before
            deliveries.lost(download)
        elif transport.get_write_buffer_size():
            deliveries.sending(download)
            self._download = download
            is_tls = self.scheme == "https"  # which would pause where 0 bytes are left
            transport.set_write_buffer_limits(int(is_tls), 0)  # go on when nothing is left
        elif not _fails_later(self._loop):
            self._was_taken(download)
        else:  # so it seems: where the client had gone, it is said two turns later
            deliveries.sending(download)
            self._download, self._is_taken = download, True
            self._loop.call_soon(self._loop.call_soon, self._has_gone, download)

    def _was_taken(self, download: int) -> None:
        """Let the engine know that the system has taken a download; not for who had gone."""
        if self.half_closed and self._has_failed():
            self.shared.deliveries.lost(download)
        else:
            self.shared.deliveries.sent(download)

    def _has_gone(self, download: int) -> None:
        """Let the engine know that a download was taken at once, all of it, if not lost since."""
        if self._is_taken and download == self._download:
            if self.scheme == "https" and self.transport.is_closing():  # not by us, see ``close``
                self.shared.deliveries.lost(download)
            else:
                self._was_taken(download)
            self._download, self._is_taken = 0, False
            if self._closes_when_sent:
                self.transport.close()

    def resume_writing(self) -> None:
        """It has taken it, or has gone."""
        if self._download:
            self._was_taken(self._download)
            self._download = 0
            self.transport.set_write_buffer_limits(ANSWER_WAITING)
            if self._closes_when_sent:
                self.transport.close()
        if self._drained is not None:
            self._drained.set_result(None)
            self._drained = None
            if self._exchange is None and not self._closing:
                self.transport.resume_reading()
                self._read()

    async def drain(self) -> None:
        """Wait until more may be written."""
        if self._drained is not None:
            await asyncio.shield(self._drained)


def _head_of(plain: Request, like: Head) -> Head:
    """Return the head of a request that may be ``like`` a known one but for its path."""
    path, query = plain.path.encode("latin-1"), plain.query.encode("latin-1")
    return like._replace(path=path, query=query)


def _fails_later(loop: asyncio.AbstractEventLoop) -> bool:
    """Tell whether a loop is of Windows' kind, in which a write that fails fails a turn later."""
    module = sys.modules.get("asyncio.proactor_events")  # which others do without
    return module is not None and isinstance(loop, module.BaseProactorEventLoop)
