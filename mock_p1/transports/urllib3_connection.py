"""The way in of urllib3, and so of ``requests``: a connection whose other end is the engine.

Only the socket is ours. All that happens above it (adapters, pools, time-outs, retries, reading)
is the libraries' own code, so that a client sees what it would see on a wire.
"""

from __future__ import annotations

import errno
import io
import os
import re
import socket
import ssl
import threading
from functools import cache, partial
from http import HTTPStatus
from http.client import HTTPMessage, HTTPResponse
from http.client import responses as reasons
from typing import TYPE_CHECKING, Any, Final

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError
from urllib3.util import Retry
from urllib3.util.ssl_ import resolve_cert_reqs

from mock_p1.base.clock import SECOND
from mock_p1.base.messages import JSON_HEADERS, Fault, Reply
from mock_p1.base.patching import Patch
from mock_p1.transports.in_process import (
    Endpoint,
    HttpRequest,
    Origin,
    because,
    find,
    refuse_no_span,
    visible,
)
from mock_p1.transports.network_guard import RealServiceRefused, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from urllib3 import BaseHTTPResponse

_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]+)[^\r\n]*\r\n")
_asked: Final = threading.local()


class InProcessSocket:
    """What a connection writes its requests to, and reads the engine's answers from."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._sent = bytearray()
        self._patience: float | None = None
        self.ordinary: Reply | None = None

    def sendall(self, data: bytes) -> None:
        """Take a part of a request."""
        self._sent += memoryview(data)

    def settimeout(self, seconds: float | None) -> None:
        """Take the time that the client waits for bytes."""
        refuse_no_span(seconds)
        self._patience = seconds

    def gettimeout(self) -> float | None:
        """Return the time that the client waits for bytes."""
        return self._patience

    def fileno(self) -> int:
        """Return what tells whether the other end has closed, as it has when its mock has ended."""
        return _idle() if any(each.has(self._origin) for each in visible()) else _closed()

    def close(self) -> None:
        """Say that what was sent so far is all, where nobody has asked for an answer to it."""
        sent, self._sent = self._sent, bytearray()
        if b"\r\n\r\n" in sent:
            request = _parse(self._origin, sent)
            if endpoint := find(self._origin, request.target.partition("?")[0]):
                endpoint.break_off(request)

    def shutdown(self, how: int) -> None:
        """Do nothing, likewise."""

    def makefile(self, *_: Any, **__: Any) -> io.BufferedIOBase:  # noqa: ANN401 -- a socket's own signature
        """Hand the request that was sent to the engine, and return what it answers."""
        request, self._sent, self.ordinary = _parse(self._origin, self._sent), bytearray(), None
        endpoint = find(self._origin, request.target.partition("?")[0])
        if endpoint is None:
            url = f"{self._origin}{request.target}"
            raise refusal(url, because(url))
        _asked.endpoint = endpoint
        answer = endpoint.answer(request)
        reply, was_read = answer.reply, partial(endpoint.was_read, answer)
        if reply is None or answer.kind or answer.delay_ns:
            return io.BufferedReader(_Answer(self._play(endpoint, answer), was_read))
        if (
            reply.status == HTTPStatus.OK
            and reply.headers == JSON_HEADERS
            and request.method == "GET"
        ):
            self.ordinary = reply._replace(headers=endpoint.headers_of(reply))
            return io.BytesIO(reply.body)
        data = _head(endpoint, reply) + answer.pieces[0][1]
        if reply.download:
            return _Download(data, was_read)
        return io.BytesIO(data)

    def _play(self, endpoint: Endpoint, answer: Fault) -> Iterator[tuple[bytes, bool]]:
        """Yield what comes, each with whether it is the end of a whole answer."""
        with endpoint.awaited(answer):
            endpoint.wait(answer.delay_ns, self._patience)
        if answer.reply is not None:
            yield _head(endpoint, answer.reply), False
        last = len(answer.pieces) if answer.ending == "complete" else 0
        for number, (pause, piece) in enumerate(answer.pieces, 1):
            endpoint.wait(pause, self._patience)
            yield piece, number == last
        if answer.ending == "reset":
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))


class _Response(HTTPResponse):
    """A response of http.client, which need not read the head of an ordinary poll's answer."""

    fp = None  # type: ignore[assignment]  # -- where a fault strikes before it is set, and close looks

    def __init__(
        self, sock: InProcessSocket, debuglevel: int = 0, method: str | None = None
    ) -> None:
        super().__init__(sock, debuglevel, method)  # type: ignore[arg-type]  # -- all that is used
        self._ordinary = sock.ordinary

    def begin(self) -> None:
        """Take in the head."""
        if self._ordinary is None:
            super().begin()
            return
        self.code = self.status = self._ordinary.status
        self.reason, self.version = "OK", 11
        self.headers = self.msg = HTTPMessage()
        for name, value in self._ordinary.headers:
            self.headers[name] = value
        self.length = len(self._ordinary.body)
        self.chunked = self.will_close = False


class _Answer(io.RawIOBase):
    """Bytes that come in pieces, each when it is read."""

    def __init__(self, pieces: Iterator[tuple[bytes, bool]], read: Callable[[], None]) -> None:
        """``read`` is called when the end was read."""
        self._pieces, self._piece, self._is_last, self._read = pieces, b"", False, read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 -- a buffer, which Python 3.11 has no name for
        while not self._piece:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._piece, self._is_last = piece
        count = min(len(buffer), len(self._piece))
        buffer[:count], self._piece = self._piece[:count], self._piece[count:]
        if self._is_last and not self._piece:
            self._read()
        return count


class _Download(io.BytesIO):
    """The head and the body of a file, which tells when its end was read."""

    def __init__(self, data: bytes, read: Callable[[], None]) -> None:
        super().__init__(data)
        self._length, self._was_read = len(data), read

    def close(self) -> None:
        """Close it, as http.client does where it has read to the end; say so if it has."""
        if not self.closed and self.tell() == self._length:
            self._was_read()
        super().close()


def _parse(origin: Origin, sent: bytearray) -> HttpRequest:
    """Read a request as http.client writes it."""
    head, _, body = sent.partition(b"\r\n\r\n")
    first, *lines = bytes(head).split(b"\r\n")
    method, target, _ = first.decode("latin-1").split(" ", 2)
    headers = []
    for line in lines:
        name, _, value = line.partition(b":")
        headers.append((name.lower(), value.strip(b" \t")))
    request = HttpRequest(origin, method, target, headers, body)
    if request.header(b"transfer-encoding") == b"chunked":
        return request._replace(body=_without_chunks(body))
    return request


def _without_chunks(body: bytearray) -> bytes:
    pieces, position = [], 0
    while (size := _CHUNK.match(body, position)) and (length := int(size[1], 16)):
        pieces.append(body[size.end() : size.end() + length])
        position = size.end() + length + len(b"\r\n")
    return b"".join(pieces)


def _head(endpoint: Endpoint, reply: Reply) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} {reasons.get(reply.status, '')}"]
    lines += [f"{name}: {value}" for name, value in endpoint.headers_of(reply)]
    return "\r\n".join([*lines, "\r\n"]).encode("latin-1")


@cache
def _idle() -> int:
    """Return a file that never has anything to read. It stays open to the end of the process."""
    one, other = socket.socketpair()
    other.detach()
    return one.detach()


@cache
def _closed() -> int:
    """Return a file whose end has been reached."""
    one, other = socket.socketpair()
    other.close()
    return one.detach()


def _connecting(scheme: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return what makes a ``connect`` with a way to the engine of one without."""

    def make(connect: Callable[..., None]) -> Callable[..., None]:
        def connect_in_process(self: HTTPConnection) -> None:
            host = getattr(self, "_tunnel_host", None)
            port = (self._tunnel_port if host else self.port) or 0
            origin = Origin(scheme, (host or self.host).strip("[].").lower(), port)
            _asked.endpoint = None
            if not any(each.has(origin) for each in visible()):
                self.response_class = HTTPResponse
                try:
                    connect(self)
                except NewConnectionError as error:
                    if isinstance(error.__context__, RealServiceRefused):
                        error.args = (f"{error}{because(str(origin))}",)
                    raise
                return
            self.sock = sock = InProcessSocket(origin)
            if isinstance(self.timeout, int | float):  # what time there is to connect
                sock.settimeout(self.timeout)
            self.response_class = _Response
            if isinstance(self, HTTPSConnection):
                self.is_verified = _verifies(self)

        return connect_in_process

    return make


def _verifies(connection: HTTPSConnection) -> bool:
    context = connection.ssl_context
    if connection.cert_reqs is None and context is not None:
        return context.verify_mode != ssl.CERT_NONE
    return resolve_cert_reqs(connection.cert_reqs) != ssl.CERT_NONE


def _sleeping(sleep: Callable[..., None]) -> Callable[..., None]:
    """Return a ``Retry.sleep`` that moves the clock of the mock that was asked."""

    def sleep_in_process(self: Retry, response: BaseHTTPResponse | None = None) -> None:
        endpoint: Endpoint | None = getattr(_asked, "endpoint", None)
        if endpoint is None or endpoint.client_sleeps or endpoint not in visible():
            sleep(self, response)
            return
        named = self.get_retry_after(response) if response else None
        wanted = (named if self.respect_retry_after_header else None) or self.get_backoff_time()
        endpoint.engine.clock.pass_time(round(wanted * SECOND))

    return sleep_in_process


PATCHES: Final = (
    Patch(HTTPConnection, "connect", _connecting("http")),
    Patch(HTTPSConnection, "connect", _connecting("https")),
    Patch(Retry, "sleep", _sleeping),
)
