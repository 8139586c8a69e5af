"""The in-process door: takes over whole hosts in ``requests``, through ``responses``; nothing reaches the network."""

from __future__ import annotations

import errno
from http.client import RemoteDisconnected
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

import responses
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ReadTimeout
from responses.registries import FirstMatchRegistry
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from mock_p1.core.clock import SECOND
from mock_p1.core.messages import Fault, Request, base_url, header_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from urllib.parse import SplitResult

    from requests import PreparedRequest

    from mock_p1.core.engine import Engine

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class _Base(NamedTuple):
    """One base URL that is taken over: everything on its host and port, below its path."""

    scheme: str
    host: str
    port: int | None
    prefix: str

    @classmethod
    def of(cls, url: str) -> _Base:
        parts = urlsplit(url)
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
            raise ValueError(f"{url!r} is no base URL; it must look like https://host or http://host:port")
        return cls(parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS[parts.scheme], parts.path.rstrip("/"))

    def holds(self, parts: SplitResult) -> bool:
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
        return (parts.scheme, parts.hostname, port) == self[:3] and (parts.path + "/").startswith(self.prefix + "/")


class Door(responses.CallbackResponse):
    """Answers every method and path below the base URLs, unless a stub of the user's answers first."""

    def __init__(self, engine: Engine, base_urls: Iterable[str]) -> None:
        self._engine = engine
        self._bases = [_Base.of(url) for url in base_urls]
        super().__init__("*", ", ".join(base_urls), callback=self._answer, content_type=None)

    def matches(self, request: PreparedRequest) -> tuple[bool, str]:
        """Tell whether the request is ours; if not, why."""
        return (True, "") if self._base_of(request) else (False, "not a host that Mock P1 has taken over")

    def _base_of(self, request: PreparedRequest) -> _Base | None:
        parts = urlsplit(str(request.url))
        return next((base for base in self._bases if base.holds(parts)), None)

    def _answer(self, request: PreparedRequest) -> tuple[int, list[tuple[str, str]], bytes]:
        """Return status, headers and body as ``responses`` wants them, or raise what ``requests`` would."""
        patience = _read_timeout(request)
        reply = self._engine.handle(self._request(request))
        self._hold(reply.delay, patience, request)
        if isinstance(reply, Fault):
            return self._act_out(reply, patience, request)
        return reply.status, list(reply.wire_headers), reply.to(str(request.method)).body

    def _request(self, request: PreparedRequest) -> Request:
        parts = urlsplit(str(request.url))
        base = self._base_of(request)
        prefix = base.prefix if base else ""
        path, _, query = request.path_url.partition("?")
        key = request.headers.get("x-api-key")
        sent = key.encode("latin-1") if isinstance(key, str) else key  # as http.client would, error included
        plain = parts.port is None or parts.port == _DEFAULT_PORTS.get(parts.scheme)
        host = str(request.headers.get("Host") or (parts.hostname if plain else parts.netloc.rpartition("@")[2]))
        return Request(
            str(request.method),
            path[len(prefix) :],
            query,
            () if sent is None else (header_text(sent),),
            base_url(parts.scheme, host, f"{parts.scheme}://{parts.netloc}") + prefix,
            bool(request.body),
        )

    def _hold(self, span: int, patience: float | None, request: PreparedRequest) -> None:
        """Let time pass; where it is more than the client's patience, only so much, and raise its read time-out."""
        if patience is not None and span > patience * SECOND:
            self._engine.clock.hold(round(patience * SECOND))
            raise _time_out(patience, request)
        if span:
            self._engine.clock.hold(span)

    def _act_out(
        self, fault: Fault, patience: float | None, request: PreparedRequest
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        if fault.reply is None:
            raise RequestsConnectionError(_aborted(fault), request=request)
        try:
            for pause, _ in fault.pieces:
                self._hold(pause, patience, request)
        except ReadTimeout as error:  # requests raises this one where the body, not the head, is late
            raise RequestsConnectionError(*error.args, request=request) from None
        body = b"".join(piece for _, piece in fault.pieces)
        return fault.reply.status, list(fault.reply.wire_headers), body


class Registry(FirstMatchRegistry):
    """The user's stubs first, in the way of ``responses``; then the door, which is not among them and never popped."""

    door: Door | None = None

    def find(self, request: PreparedRequest) -> tuple[Any, list[str]]:
        """Return what answers the request, and why others do not."""
        found, reasons = super().find(request)
        if found is None and self.door is not None:
            ours, reason = self.door.matches(request)
            return (self.door if ours else None), [*reasons, reason]
        return found, reasons


class Mock(responses.RequestsMock):
    """A ``responses`` mock whose unanswered requests to the base URLs go to the engine.

    ``add`` and its like put the user's own stubs beside it; they answer first. A test under ``@responses.activate``
    may use the module-level ``responses.add`` instead.
    """

    def __init__(self, engine: Engine, base_urls: Iterable[str]) -> None:
        """ValueError if a base URL is none."""
        self._door = Door(engine, tuple(base_urls))
        super().__init__(assert_all_requests_are_fired=False, registry=Registry)
        self.reset()

    def reset(self) -> None:
        """Drop the user's stubs and the calls; the door stays."""
        super().reset()
        self._set_registry(Registry)
        self._open(self)

    def start(self) -> None:
        """Begin to answer, also where ``@responses.activate`` takes the requests first."""
        stubs = list(responses.mock.registered())
        if type(responses.mock.get_registry()) is FirstMatchRegistry:
            responses.mock.reset()
            responses.mock._set_registry(Registry)  # noqa: SLF001 -- what @responses.activate(registry=…) calls
            for stub in stubs:
                responses.mock.add(stub)
        self._open(responses.mock)
        super().start()

    def stop(self, allow_assert: bool = True) -> None:  # noqa: FBT001, FBT002 -- the library's own signature
        """Stop answering."""
        super().stop(allow_assert)
        registry = responses.mock.get_registry()
        if isinstance(registry, Registry) and registry.door is self._door:
            registry.door = None

    def _open(self, mock: responses.RequestsMock) -> None:
        registry = mock.get_registry()
        if isinstance(registry, Registry):
            registry.door = self._door


def _read_timeout(request: PreparedRequest) -> float | None:
    """Return how long the client waits for bytes, in seconds; None if for ever."""
    given = getattr(request, "req_kwargs", {}).get("timeout")
    if isinstance(given, tuple):
        given = given[1]
    given = getattr(given, "read_timeout", given)
    return float(given) if isinstance(given, int | float) else None


def _time_out(patience: float, request: PreparedRequest) -> ReadTimeout:
    message = f"Read timed out. (read timeout={patience:g})"
    return ReadTimeout(ReadTimeoutError(None, str(request.url), message), request=request)  # type: ignore[arg-type]  # there is no pool


def _aborted(fault: Fault) -> ProtocolError:
    cause: Exception = (
        ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
        if fault.ending == "reset"
        else RemoteDisconnected("Remote end closed connection without response")
    )
    return ProtocolError("Connection aborted.", cause)
