"""One request and its answer, as ASGI and as the wire."""

from __future__ import annotations

import asyncio
import logging
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import unquote

from mock_p1.base.messages import Fault, Headers, Reply, error_reply, with_length
from mock_p1.transports.asgi import WIRE

if TYPE_CHECKING:
    from mock_p1.base.asgi_types import Application, Message, Scope
    from mock_p1.server.http_message import Head

NO_BODY: Final = (204, 304)
_LAST_CHUNK: Final = b"0\r\n\r\n"
_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}

_log = logging.getLogger("mock_p1.server")


class Connection(Protocol):
    """What an exchange needs of the connection it is on."""

    transport: Any  # an asyncio.Transport
    client: tuple[str, int] | None
    local: tuple[str, int]
    scheme: str
    half_closed: bool

    @property
    def date(self) -> bytes:
        """The Date header of this second, as a line."""

    def take_more(self) -> None:
        """Go on reading a body; the app has taken what there was."""

    def answered(self, *, keep_alive: bool) -> None:
        """Go on to the next request, or hang up."""

    def write_download(self, answer: bytes, download: int) -> None:
        """Write an answer, and let the engine know as ``watch`` does."""

    def watch(self, download: int) -> None:
        """Let the engine know when all that was written of a download has gone out, or never."""

    def close(self) -> None:
        """Hang up once all that was written has gone out."""

    def reset(self) -> None:
        """End the connection at once, with RST."""

    async def drain(self) -> None:
        """Wait until more may be written."""


class Exchange:
    """A request that is answered by an ASGI app.

    It is the wire that ``mock_p1.transports.asgi`` speaks of: in the scope's extensions, for
    answers in one piece and for faults.
    """

    __slots__ = (
        "_body", "_body_complete", "_body_taken", "_chunked", "_connection", "_left",
        "_server_ends", "_wants_100", "answer_is_owed", "complete", "decided", "head", "keep_alive",
        "lost", "news", "started",
    )  # fmt: skip

    def __init__(self, connection: Connection, head: Head) -> None:
        self._connection = connection
        self.head: Head = head
        self._body: bytes | bytearray = b""  # what has come of it and waits for the app
        self._body_complete, self._body_taken = head.length == 0, False
        self._wants_100 = head.expects_continue
        self._chunked = False
        self._left: int | None = None  # bytes of the answer that were promised and not sent yet
        self._server_ends = False
        self.keep_alive: bool = head.keep_alive
        self.news: asyncio.Event = asyncio.Event()  # of the body, or of the end
        self.started: bool = False
        self.complete: bool = False
        self.lost: bool = False
        self.answer_is_owed: bool = True
        self.decided: Reply | Fault | None = None

    def feed(self, piece: bytes, *, complete: bool) -> int:
        """Take a piece of the body; return how many bytes wait for the app."""
        if not self._body:
            self._body = piece
        else:
            if isinstance(self._body, bytes):
                self._body = bytearray(self._body)
            self._body += piece
        self._body_complete = complete
        self._wants_100 = self._wants_100 and not (piece or complete)
        self.news.set()
        return len(self._body)

    async def run(self, app: Application) -> None:
        """Let the app answer."""
        try:
            scope = {**scope_of(self.head, self._connection), "extensions": {WIRE: self}}
            await app(scope, self.receive, self.send)
        except Exception:  # noqa: BLE001 -- told to the client, and logged
            if self.lost:
                return
            reply = error_of_ours(self.head)
            if not self.started:
                self.answer(reply)
        if not self.complete and not self.lost:  # it has promised more than it has sent
            self._end(keep_alive=False)

    async def receive(self) -> Message:
        """Return the next piece of the body, or say that the client has gone."""
        if self._wants_100 and not (self.started or self.lost):
            self._connection.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._wants_100 = False
        while True:
            has_come = self._body or (self._body_complete and not self._body_taken)
            if has_come and not self.complete:  # also from a client that has gone since
                piece, self._body = bytes(self._body), b""
                self._body_taken = self._body_complete
                return {"type": "http.request", "body": piece, "more_body": not self._body_taken}
            has_gone = self._connection.half_closed and not self.answer_is_owed
            is_endless = self.started and self._left is None
            if self.lost or self.complete or has_gone or (self._server_ends and is_endless):
                return {"type": "http.disconnect"}
            self._connection.take_more()
            await self.news.wait()
            self.news.clear()

    def server_ends(self) -> None:
        """Let no request follow, and the app end an answer of which nobody knows the length."""
        self.keep_alive = False
        self._server_ends = True
        self.news.set()

    @property
    def half_closed(self) -> bool:
        """Whether the client sends no more; it may have gone."""
        return self._connection.half_closed

    async def send(self, message: Message) -> None:
        """Write a part of the answer; nothing where there is nobody to read it."""
        if self.lost or self.complete:
            return
        if message["type"] == "http.response.start":
            self._begin(message["status"], message["headers"])
            return
        piece = message.get("body", b"")[: self._left]
        if self._left is not None:
            self._left -= len(piece)
        if self._chunked:
            piece = b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b""
        more = message.get("more_body", False)
        self._connection.transport.write(
            piece if more or not self._chunked else piece + _LAST_CHUNK
        )
        if more:
            await self._connection.drain()
        else:
            self._end(keep_alive=self.keep_alive and not self._left)

    def _begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        given = dict(headers)
        length = given.get(b"content-length")
        self._left = None if length is None else int(length)
        if self.head.method == "HEAD" or status in NO_BODY:
            self._left = 0
        elif length is None and self.head.version == "1.1":
            self._chunked = True
        elif length is None:
            self.keep_alive = False
        if given.get(b"connection", b"").lower() == b"close":
            self.keep_alive = False
        lines = [b"%b: %b\r\n" % header for header in headers]
        if self._chunked:
            lines.append(b"transfer-encoding: chunked\r\n")
        head = b"".join((status_line(status), *lines))
        self._write(head, dated=b"date" in given, framed=b"connection" in given)

    def answer(self, reply: Reply) -> None:
        """Write a whole answer at once."""
        if not (self.lost or self.complete):
            head, dated = reply_head(reply.status, reply.headers, len(reply.body))
            body = b"" if reply.status in NO_BODY else reply.body
            self._write(head, body, dated=dated, download=reply.download)
            self._end(keep_alive=self.keep_alive)
        elif reply.download:
            self.watch(reply.download)

    def _write(
        self,
        head: bytes,
        body: bytes = b"",
        *,
        dated: bool,
        framed: bool = False,
        download: int = 0,
    ) -> None:
        """Write a head that lacks but what is this connection's, and a body."""
        if self._wants_100:
            self.keep_alive = False  # nobody knows whether the body will come
        connection = b""
        if not framed and not self.keep_alive:
            connection = b"connection: close\r\n"
        elif not framed and self.head.version == "1.0":
            connection = b"connection: keep-alive\r\n"
        date = b"" if dated else self._connection.date
        whole = b"".join((head, date, connection, b"\r\n", body))
        if download:
            self._connection.write_download(whole, download)
        else:
            self._connection.transport.write(whole)
        self.started = True

    def _end(self, *, keep_alive: bool) -> None:
        self.complete = True
        self._connection.answered(keep_alive=keep_alive)

    def watch(self, download: int) -> None:
        """Let the engine know when all that was written of a download has gone out, or never."""
        self._connection.watch(download)

    def hang_up(self, *, reset: bool) -> None:
        """End the connection: at once with RST, or with FIN when what was written has gone out."""
        if reset:
            self._connection.reset()
        else:
            self._connection.close()


def scope_of(head: Head, connection: Connection) -> Scope:
    """Return what ASGI says of a request."""
    path = head.path.decode()
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": head.version,
        "server": connection.local,
        "client": connection.client,
        "scheme": connection.scheme,
        "root_path": "",
        "method": head.method,
        "path": unquote(path) if "%" in path else path,
        "raw_path": head.path,
        "query_string": head.query,
        "headers": head.headers,
    }


def error_of_ours(head: Head, error: BaseException | None = None) -> Reply:
    """Log an error, or the one that is handled now; return what the client is told."""
    _log.exception("%s %s", head.method, head.path.decode(), exc_info=error or True)
    return error_reply(500, "MOCK_P1_INTERNAL_ERROR", "see the log of the mock")


@lru_cache(maxsize=1024)
def reply_head(status: int, headers: Headers, length: int) -> tuple[bytes, bool]:
    """Return status line and headers, and whether a Date is among them.

    Few differ: of many jobs, most have the same headers and length.
    """
    named = [(name.lower(), value) for name, value in with_length(status, headers, length)]
    lines = "".join(f"{name}: {value}\r\n" for name, value in named)
    return status_line(status) + lines.encode("latin-1"), "date" in dict(named)


def status_line(status: int) -> bytes:
    """Return the first line of an answer."""
    return f"HTTP/1.1 {status} {_PHRASES.get(status, '')}\r\n".encode()
