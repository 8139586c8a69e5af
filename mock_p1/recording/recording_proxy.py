"""A reverse proxy on this machine that passes on what a client asks, and keeps what was answered.

The client's base URL points at it. Links in answers lead back to it, so that the upload and the
download pass through as well. Nothing is asked that the client did not ask.
"""

from __future__ import annotations

import json
import os
import re
import socket
import struct
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_hex
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

import requests
from urllib3.exceptions import HTTPError

from mock_p1.base.addresses import EVERY_ADDRESS, in_url
from mock_p1.base.text import printable
from mock_p1.contract.operations import (
    FILE_UPLOAD,
    OPERATIONS,
    RESULT_DOWNLOAD,
    RETRAIN_DATA_UPLOAD,
    RETRAIN_STATUS_CHECK,
)
from mock_p1.scenario.result_files import MAX_BYTES, MAX_TOGETHER
from mock_p1.verify.answer import MOST_BYTES, Answer, json_object
from mock_p1.verify.client import PlainSession, no_proxies
from mock_p1.verify.exceptions import Unreachable
from mock_p1.verify.network_errors import explain_network_error, failure_kind
from mock_p1.verify.published import API_KEY_HEADER
from mock_p1.verify.url import is_fetchable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import BufferedIOBase

LINKS: Final = "/__recorded/"
PIECE: Final = 65_536
HOP_BY_HOP: Final = {
    *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
    *("te", "trailer", "transfer-encoding", "upgrade", "expect", "host", "content-length"),
}
LINK_FIELDS: Final = {
    RETRAIN_DATA_UPLOAD.name: ("upload_url", FILE_UPLOAD.name),
    RETRAIN_STATUS_CHECK.name: ("download_url", RESULT_DOWNLOAD.name),
}
"""The field of an operation's reply that holds a link, and what that link is for."""

RESET: Final = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A call that passed through: seconds since the start, seconds it took, when, and its answer.

    ``operation`` is empty for what is not imitated; ``key`` is what was sent as x-api-key.
    """

    seconds: float
    took_seconds: float
    moment: datetime
    operation: str
    key: str
    job_id: str
    query: dict[str, str]
    answer: Answer | Unreachable


@dataclass(slots=True)
class _Call:
    """What a request is, or one to a link will be: where it goes, and what is known of it."""

    url: str
    operation: str
    job_id: str
    query: dict[str, str] = field(default_factory=dict)


class _ClientLeft(Exception):  # noqa: N818 -- says what happened
    """The client went away in the midst of its request or of the answer."""


class RecordingProxy:
    """Listens on an address, and passes on to a base URL."""

    def __init__(  # noqa: PLR0913 -- an address, a base URL, and how it is asked
        self,
        base: str,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        timeout: float = 30.0,
        ca_file: str | os.PathLike[str] | None = None,
        tell: Callable[[str], None] = lambda _: None,
        now: Callable[[], float] = time.monotonic,
        date: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """OSError if the address cannot be had.

        ``timeout`` and what ``now`` returns are in seconds; ``tell`` is told of each call.
        """
        self.base: str = base
        self.timeout: float = timeout
        self.tell: Callable[[str], None] = tell
        self.verify: bool | str = os.fspath(ca_file) if ca_file else True
        self._links: dict[str, _Call] = {}
        self._lock = threading.Lock()
        self._exchanges: list[Exchange] = []
        self._kept_bytes = 0
        self.now: Callable[[], float] = now
        self._date, self._began = date, now()

        class Handler(_Handler):
            """Knows the proxy it belongs to."""

            owner = self

        self._server = (_Server6 if ":" in host else _Server)((host, port), Handler)
        self.url: str = f"http://{in_url(EVERY_ADDRESS.get(host, host))}:{self._server.server_port}"

    @property
    def exchanges(self) -> list[Exchange]:
        """What has passed through so far, in the order in which it was asked."""
        with self._lock:
            return sorted(self._exchanges, key=lambda each: each.seconds)

    def run(self) -> None:
        """Pass on until ``stop``, or KeyboardInterrupt."""
        self._server.serve_forever(poll_interval=0.05)

    def stop(self) -> None:
        """End ``run``, which goes on in another thread."""
        self._server.shutdown()

    def close(self) -> None:
        """Listen no more."""
        self._server.server_close()

    def call_of(self, method: str, target: str) -> _Call | None:
        """Return what a request is; None for a link that nobody gave out."""
        path, _, query = target.partition("?")
        if path.startswith(LINKS):
            return self._links.get(path.removeprefix(LINKS).partition("/")[0])
        found = OPERATIONS.match(path)
        operation = found.operations.get(method) if found else None
        return _Call(
            self.base + target,
            operation.name if operation else "",
            (found.parameters.get("retrain_job_id", "") if found else ""),
            dict(parse_qsl(query, keep_blank_values=True)),
        )

    def keep(self, call: _Call, key: str, asked: float, answer: Answer | Unreachable) -> None:
        """Take in what was answered."""
        began, took, moment = asked - self._began, self.now() - asked, self._date()
        with self._lock:
            self._kept_bytes += len(answer.body) if isinstance(answer, Answer) else 0
            if isinstance(answer, Answer) and self._kept_bytes > MAX_TOGETHER:
                answer = answer._replace(body=b"")
            self._exchanges.append(
                Exchange(began, took, moment, call.operation, key, call.job_id, call.query, answer)
            )
        what = call.operation or "passed on, not recorded"
        shown = f"HTTP {answer.status}" if isinstance(answer, Answer) else str(answer)
        self.tell(f"{moment:%H:%M:%S}  {what}  {printable(call.job_id)}  {shown}")

    def with_links(self, call: _Call, answer: Answer, host: str) -> bytes:
        """Return the body with its link leading here, and all else to the letter."""
        name, operation = LINK_FIELDS.get(call.operation, ("", ""))
        found = json_object(answer) or {}
        url = found.get(name)
        if not is_fetchable(url):
            return answer.body
        link = _Call(url, operation, call.job_id or str(found.get("retrain_job_id", "")))
        with self._lock:
            known = next((token for token, each in self._links.items() if each == link), None)
            token = known or token_hex(8)
            self._links[token] = link
        last = quote(urlsplit(url).path.rpartition("/")[2], safe="%")
        found[name] = f"http://{host}{LINKS}{token}/{last}"
        link_here = json.dumps(found[name]).encode()
        field = rb'(%s\s*:\s*)"(?:[^"\\]|\\.)*"' % re.escape(json.dumps(name).encode())
        body = re.sub(field, lambda kept: kept[1] + link_here, answer.body, count=1)
        if json_object(answer._replace(body=body)) == found:
            return body
        return json.dumps(found).encode()  # an odd way to write it


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = os.name != "nt"  # where it would let two servers have one port

    def server_bind(self) -> None:
        """Bind without a look at the network's names, which may take seconds."""
        TCPServer.server_bind(self)
        host, self.server_port, *_ = self.server_address
        self.server_name = str(host)


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Body:
    """The body of a request whose length is known, read as it comes."""

    def __init__(self, file: BufferedIOBase, length: int) -> None:
        self._file, self._length = file, length

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        return _read(self._file, self._length)


def _read(file: BufferedIOBase, left: int) -> Iterator[bytes]:
    """Yield so many bytes of what a client sends. _ClientLeft where it sends no more."""
    while left:
        try:
            piece = file.read1(min(left, PIECE))
        except OSError:
            raise _ClientLeft from None
        if not piece:
            raise _ClientLeft
        left -= len(piece)
        yield piece


class _Handler(BaseHTTPRequestHandler):
    """Passes one connection's requests on."""

    protocol_version = "HTTP/1.1"
    owner: RecordingProxy

    def handle_one_request(self) -> None:
        """Leave a client that went away."""
        with suppress(ConnectionError, TimeoutError):
            super().handle_one_request()
            return
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 -- of the base class
        """Say nothing: the proxy does."""

    def _pass_on(self) -> None:
        call = self.owner.call_of(self.command, self.path)
        if call is None:
            self.close_connection = True
            with suppress(_ClientLeft):
                self._send(404, {"Content-Type": "text/plain"}, b"the proxy gave out no such link")
            return
        key, asked = self.headers.get(API_KEY_HEADER, ""), self.owner.now()
        try:
            with PlainSession() as session:
                session.auth = lambda request: request  # else what ~/.netrc has would be sent
                session.headers.clear()
                response = self._ask(session, call)
                with response:
                    self._answer(call, key, asked, response)
        except _ClientLeft:
            self.close_connection = True
            self.owner.tell(f"{call.operation or printable(self.path)}: the client went away")
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            text = explain_network_error(error, urlsplit(call.url).netloc, self.owner.timeout)
            self.owner.keep(call, key, asked, Unreachable(text, kind=failure_kind(error)))
            self._break_off()

    def _ask(self, session: requests.Session, call: _Call) -> requests.Response:
        headers = {
            name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP
        }
        headers["Accept-Encoding"] = "identity"
        return session.request(
            self.command,
            call.url,
            headers=headers,
            data=self._body(),
            timeout=self.owner.timeout,
            allow_redirects=False,
            stream=True,
            verify=self.owner.verify,
            proxies=no_proxies(urlsplit(call.url).hostname),
        )

    def _body(self) -> Any:  # noqa: ANN401 -- nothing, a body, or its pieces
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunks()
        length = self.headers.get("Content-Length", "0")
        return _Body(self.rfile, int(length)) if length.isdigit() and int(length) else None

    def _chunks(self) -> Iterator[bytes]:
        while size := self._chunk_size():
            yield from _read(self.rfile, size)
            self.rfile.readline(100)
        while self.rfile.readline(PIECE).strip():
            pass

    def _chunk_size(self) -> int:
        try:
            return int(self.rfile.readline(100).partition(b";")[0], 16)
        except (OSError, ValueError):
            raise _ClientLeft from None

    def _answer(self, call: _Call, key: str, asked: float, response: requests.Response) -> None:
        headers = {name.lower(): value for name, value in response.headers.items()}
        sent = {n: v for n, v in response.headers.items() if n.lower() not in HOP_BY_HOP}
        promised, is_bare = headers.get("content-length", ""), self._is_bare(response.status_code)
        pieces = _pieces(response, None if is_bare or not promised.isdigit() else int(promised))
        is_download = call.operation == RESULT_DOWNLOAD.name and not is_bare
        most = MAX_BYTES if is_download else MOST_BYTES
        kept = bytearray()
        while not is_download and len(kept) < most and (piece := next(pieces, b"")):
            kept += piece
        if not is_download and len(kept) < most:
            answer = Answer(response.status_code, headers, bytes(kept))
            self.owner.keep(call, key, asked, answer)
            shown = self.owner.with_links(call, answer, self.headers.get("Host", "localhost"))
            if is_bare and promised:
                sent["Content-Length"] = promised
            self._send(response.status_code, sent, shown)
            return
        if promised.isdigit():
            sent["Content-Length"] = promised
        else:
            self.close_connection = True
        self._head(response.status_code, sent)
        self._write(kept)
        for piece in pieces:
            if len(kept) <= most:
                kept += piece
            self._write(piece)
        self.owner.keep(call, key, asked, Answer(response.status_code, headers, bytes(kept)))

    def _is_bare(self, status: int) -> bool:
        """Tell whether an answer has no body, whatever its head says."""
        return status in (204, 304) or self.command == "HEAD"

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        is_bare = self._is_bare(status)
        if not is_bare:
            headers["Content-Length"] = str(len(body))
        self._head(status, headers)
        self._write(b"" if is_bare else body)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        if self.close_connection:
            headers["Connection"] = "close"
        for name, value in headers.items():
            self.send_header(name, value)
        try:
            self.end_headers()
        except OSError:
            raise _ClientLeft from None

    def _write(self, piece: bytes | bytearray) -> None:
        try:
            self.wfile.write(piece)
        except OSError:
            raise _ClientLeft from None

    def _break_off(self) -> None:
        """Let the client meet a reset, as whoever asks a service that fails so."""
        self.close_connection = True
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self.wfile.flush()

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_PATCH = do_OPTIONS = _pass_on  # noqa: N815 -- of the base class


def _pieces(response: requests.Response, promised: int | None) -> Iterator[bytes]:
    """Yield a body as it comes. ``promised`` is how long its head says that it is.

    ChunkedEncodingError where it ends too early: urllib3 before 2 says nothing of it.
    """
    came = 0
    for piece in response.raw.stream(PIECE, decode_content=False):
        came += len(piece)
        yield piece
    if promised is not None and came < promised:
        raise requests.exceptions.ChunkedEncodingError
