"""The in-process door: from a prepared request to a Request, and from the engine's answer to what ``requests`` sees."""

from __future__ import annotations

import errno
import socket
from http.client import RemoteDisconnected
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

import responses
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import RequestException
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from mock_p1.base.clock import SECOND
from mock_p1.base.messages import Fault, Request, base_url, header_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from urllib.parse import SplitResult

    from requests import PreparedRequest

    from mock_p1.engine.engine import Engine

    Answer = tuple[int, list[tuple[str, str]], bytes]

_PORTS: Final = {"http": 80, "https": 443}


class NetworkFailure(RequestException):
    """The exchange failed as a network fails; ``reason`` is what ``urllib3`` would have raised."""

    def __init__(self, reason: ProtocolError | ReadTimeoutError, request: PreparedRequest) -> None:
        super().__init__(reason, request=request)
        self.reason = reason


class _Base(NamedTuple):
    """One base URL that is taken over: everything on its host and port, below its path."""

    scheme: str
    host: str
    port: int
    prefix: str

    @classmethod
    def of(cls, url: str) -> _Base:
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(
                f"{url!r} is no base URL; it must look like https://host or http://host:port/path"
            )
        return cls(parts.scheme, parts.hostname, _port(parts), parts.path.rstrip("/"))

    def holds(self, parts: SplitResult) -> bool:
        address = (parts.scheme, parts.hostname, _port(parts))
        return address == self[:3] and (parts.path + "/").startswith(self.prefix + "/")


def _port(parts: SplitResult) -> int:
    return parts.port or _PORTS.get(parts.scheme, 0)


class Door(responses.CallbackResponse):
    """Answers every method and path below the base URLs."""

    def __init__(self, engine: Engine, base_urls: Iterable[str]) -> None:
        """ValueError if a base URL is none."""
        self._engine = engine
        self.base_urls = tuple(base_urls)
        self._bases = [_Base.of(url) for url in self.base_urls]
        super().__init__("*", ", ".join(self.base_urls), callback=self._answer, content_type=None)

    def matches(self, request: PreparedRequest) -> tuple[bool, str]:
        """Tell whether the request is ours; if not, why."""
        return (
            (True, "")
            if self._base_of(request)
            else (False, "not a host that Mock P1 has taken over")
        )

    def _base_of(self, request: PreparedRequest) -> _Base | None:
        try:
            parts = urlsplit(str(request.url))
            return next((base for base in self._bases if base.holds(parts)), None)
        except ValueError:  # a URL that only a custom adapter understands
            return None

    def _answer(self, request: PreparedRequest) -> Answer:
        """Return status, headers and body as ``responses`` wants them.

        NetworkFailure where there is no whole answer.
        """
        patience = _patience(request)
        reply = self._engine.handle(self._request(request))
        self._hold(reply.delay_ns, patience, request)
        if isinstance(reply, Fault):
            return self._act_out(reply, patience, request)
        return reply.status, list(reply.wire_headers), reply.to(str(request.method)).body

    def _request(self, request: PreparedRequest) -> Request:
        parts = urlsplit(str(request.url))
        base = self._base_of(request)
        prefix = base.prefix if base else ""
        path, _, query = request.path_url.partition("?")
        key = request.headers.get("x-api-key")
        sent = (
            key.encode("latin-1") if isinstance(key, str) else key
        )  # as http.client would, error included
        host = str(request.headers.get("Host") or _host(parts))
        return Request(
            str(request.method),
            path[len(prefix) :],
            query,
            () if sent is None else (header_text(sent),),
            base_url(parts.scheme, host, f"{parts.scheme}://{_host(parts)}") + prefix,
            bool(request.body),
        )

    def _hold(self, span: int, patience: float | None, request: PreparedRequest) -> None:
        """Let time pass; where it is more than the client's patience, only so much, and raise its read time-out."""
        if patience is not None and span > patience * SECOND:
            self._engine.clock.pass_time(round(patience * SECOND))
            raise NetworkFailure(_timed_out(patience, request), request)
        if span:
            self._engine.clock.pass_time(span)

    def _act_out(self, fault: Fault, patience: float | None, request: PreparedRequest) -> Answer:
        if fault.reply is None:
            raise NetworkFailure(_aborted(fault), request)
        try:
            for pause, _ in fault.pieces:
                self._hold(pause, patience, request)
        except NetworkFailure as late:  # once the head is there, requests calls a late body this, and nothing is tried again
            raise RequestsConnectionError(late.reason, request=request) from None
        body = b"".join(piece for _, piece in fault.pieces)
        return fault.reply.status, list(fault.reply.wire_headers), body


def pool(request: PreparedRequest) -> HTTPConnectionPool:
    """Return the pool whose name ``urllib3`` puts into its errors; nothing is opened."""
    parts = urlsplit(str(request.url))
    kind = HTTPSConnectionPool if parts.scheme == "https" else HTTPConnectionPool
    return kind(parts.hostname or "", _port(parts))


def _host(parts: SplitResult) -> str:
    """Return what ``requests`` writes into the header ``Host``.

    The port only where it is not the scheme's own.
    """
    address = parts.netloc.rpartition("@")[2]
    return address.removesuffix(f":{_PORTS[parts.scheme]}") if parts.scheme in _PORTS else address


def _patience(request: PreparedRequest) -> float | None:
    """Return how long the client waits for bytes, in seconds; None if for ever."""
    given = getattr(request, "req_kwargs", {}).get("timeout")
    if isinstance(given, tuple):
        given = given[1]
    if isinstance(given, Timeout):
        started = given.clone()
        # without it, a total time-out cannot say how much of it is left for reading
        started.start_connect()
        given = started.read_timeout
    if not isinstance(given, int | float):
        given = None if given is None else socket.getdefaulttimeout()
    return given


def _timed_out(patience: float, request: PreparedRequest) -> ReadTimeoutError:
    return ReadTimeoutError(
        pool(request), str(request.url), f"Read timed out. (read timeout={patience:g})"
    )


def _aborted(fault: Fault) -> ProtocolError:
    cause: Exception = (
        ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
        if fault.ending == "reset"
        else RemoteDisconnected("Remote end closed connection without response")
    )
    return ProtocolError("Connection aborted.", cause)
