"""The way in of httpx, sync and async, where a test has it: its own transports ask the engine."""

from __future__ import annotations

import time
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from mock_p1.base.patching import Patch, Patches, WhenImported
from mock_p1.transports import network_guard
from mock_p1.transports.in_process import (
    Endpoint,
    HttpRequest,
    Origin,
    because,
    find,
    refuse_no_span,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    import httpx

    from mock_p1.base.messages import Fault

_patches: Final = Patches()


PART_BYTES: Final = 65_536
"""A body comes in parts of at most so many bytes."""


class _Exchange:
    """One request of httpx, what the engine answered, and how the client hears of it."""

    def __init__(self, endpoint: Endpoint, request: httpx.Request, body: bytearray) -> None:
        import httpx  # noqa: PLC0415 -- whoever sends a request has it

        self._httpx, self._endpoint, self._request = httpx, endpoint, request
        self._patience: float | None = request.extensions.get("timeout", {}).get("read")
        self.answer: Fault = endpoint.answer(_as_sent(request, body))

    def hold(self, span_ns: int) -> float:
        """Let nanoseconds pass; return the real seconds to wait for them."""
        return self._endpoint.hold(span_ns, self._patience)

    def give_up(self, span_ns: int) -> None:
        """Raise what httpx raises where that was too long."""
        try:
            self._endpoint.give_up(span_ns, self._patience)
        except TimeoutError as error:
            raise self._httpx.ReadTimeout(str(error), request=self._request) from error

    def response(self, stream: httpx.SyncByteStream | httpx.AsyncByteStream) -> httpx.Response:
        """Return the answer; raise what httpx raises where there is none."""
        reply = self.answer.reply
        if reply is None:
            raise self._broken("Server disconnected without sending a response.")
        headers = self._endpoint.headers_of(reply)
        return self._httpx.Response(
            reply.status,
            headers=[(n.encode("latin-1"), v.encode("latin-1")) for n, v in headers],
            stream=stream,
            extensions={"http_version": b"HTTP/1.1"},
        )

    def parts_of(self, piece: bytes, received: int) -> Iterator[bytes]:
        """Yield a piece as it comes over a wire; whoever has the last part has read the body."""
        total = sum(len(each) for _, each in self.answer.pieces)
        for begin in range(0, len(piece), PART_BYTES):
            part = piece[begin : begin + PART_BYTES]
            if self.answer.ending == "complete" and received + begin + len(part) == total:
                self._endpoint.was_read(self.answer)
            yield part

    def end(self, received: int) -> None:
        """Take note that the body was read; raise what httpx raises where it breaks off."""
        if self.answer.ending == "complete":
            if not received:
                self._endpoint.was_read(self.answer)
            return
        expected = dict(self.answer.reply.wire_headers if self.answer.reply else ())
        raise self._broken(
            "peer closed connection without sending complete message body "
            f"(received {received} bytes, expected {expected.get('Content-Length')})"
        )

    def _broken(self, closed: str) -> httpx.TransportError:
        if self.answer.ending == "reset":
            return self._httpx.ReadError("Connection reset by peer", request=self._request)
        return self._httpx.RemoteProtocolError(closed, request=self._request)


def _origin(request: httpx.Request) -> Origin:
    url = request.url
    host = url.raw_host.decode("ascii").strip("[].").lower()
    return Origin(url.scheme, host, url.port or {"http": 80, "https": 443}.get(url.scheme, 0))


def _endpoint(request: httpx.Request) -> Endpoint | None:
    """Return the mock that answers; ConnectError for what nothing may reach."""
    import httpx  # noqa: PLC0415 -- whoever sends a request has it

    origin = _origin(request)
    endpoint = find(origin, request.url.raw_path.decode("latin-1").partition("?")[0])
    if endpoint is None:
        try:
            network_guard.check(origin.host)
        except OSError as error:
            raise httpx.ConnectError(f"{error}{because(str(origin))}", request=request) from error
    return endpoint


def _connect(request: httpx.Request, *, in_a_loop: bool) -> None:
    """Raise what httpx raises where a time-out leaves no time to connect, or is none."""
    import httpx  # noqa: PLC0415 -- whoever sends a request has it

    given = request.extensions.get("timeout", {})
    for seconds in (given.get("connect"), given.get("read")):
        if not in_a_loop:
            refuse_no_span(seconds)
        if seconds is None or seconds > 0:
            continue
        if in_a_loop:
            raise httpx.ConnectTimeout("no time is left to connect", request=request)
        raise httpx.ConnectError("no time is left to connect", request=request)


def _handling(handle: Callable[..., httpx.Response]) -> Callable[..., httpx.Response]:
    """Return a ``handle_request`` that asks the engine for what is ours."""
    import httpx  # noqa: PLC0415 -- it is loaded, or nothing of it would be patched

    class Body(httpx.SyncByteStream):
        def __init__(self, exchange: _Exchange) -> None:
            self._exchange = exchange

        def __iter__(self) -> Iterator[bytes]:
            received = 0
            for pause, piece in self._exchange.answer.pieces:
                _sleep(self._exchange.hold(pause))
                self._exchange.give_up(pause)
                for part in self._exchange.parts_of(piece, received):
                    received += len(part)
                    yield part
            self._exchange.end(received)

    def handle_request(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        endpoint = _endpoint(request)
        if endpoint is None:
            return handle(self, request)
        _connect(request, in_a_loop=False)
        body = bytearray()
        try:
            for piece in request.stream:  # type: ignore[union-attr]  # -- a sync one
                body += piece
        except BaseException:
            endpoint.break_off(_as_sent(request, body))
            raise
        exchange = _Exchange(endpoint, request, body)
        with endpoint.awaited(exchange.answer):
            _sleep(exchange.hold(exchange.answer.delay_ns))
            exchange.give_up(exchange.answer.delay_ns)
        return exchange.response(Body(exchange))

    return handle_request


def _as_sent(request: httpx.Request, body: bytearray) -> HttpRequest:
    headers = [(name.lower(), value) for name, value in request.headers.raw]
    target = request.url.raw_path.decode("latin-1")
    return HttpRequest(_origin(request), request.method, target, headers, body)


def _sleep(seconds: float) -> None:
    if seconds:
        time.sleep(seconds)


def _handling_async(handle: Callable[..., Any]) -> Callable[..., Any]:
    """Return a ``handle_async_request`` that asks the engine for what is ours."""
    import httpx  # noqa: PLC0415 -- likewise

    class Body(httpx.AsyncByteStream):
        def __init__(self, exchange: _Exchange) -> None:
            self._exchange = exchange

        async def __aiter__(self) -> AsyncIterator[bytes]:
            received = 0
            for pause, piece in self._exchange.answer.pieces:
                await _sleep_async(self._exchange.hold(pause))
                self._exchange.give_up(pause)
                for part in self._exchange.parts_of(piece, received):
                    received += len(part)
                    yield part
            self._exchange.end(received)

    async def handle_async_request(
        self: httpx.AsyncHTTPTransport, request: httpx.Request
    ) -> httpx.Response:
        endpoint = _endpoint(request)
        if endpoint is None:
            response: httpx.Response = await handle(self, request)
            return response
        _connect(request, in_a_loop=True)
        body = bytearray()
        try:
            async for piece in request.stream:  # type: ignore[union-attr]  # -- an async one
                body += piece
        except BaseException:
            endpoint.break_off(_as_sent(request, body))
            raise
        exchange = _Exchange(endpoint, request, body)
        with endpoint.awaited(exchange.answer):
            await _sleep_async(exchange.hold(exchange.answer.delay_ns))
            exchange.give_up(exchange.answer.delay_ns)
        return exchange.response(Body(exchange))

    return handle_async_request


async def _sleep_async(seconds: float) -> None:
    """Wait, and let other tasks have their turn, as every answer of a network does."""
    import anyio  # noqa: PLC0415 -- httpx brings it

    await anyio.sleep(seconds)


def _choosing(name: str, make: Callable[..., Any]) -> Callable[..., Any]:
    """Return what makes a client choose our way where another mock has exchanged its own."""

    def make_choice(choose: Callable[..., Any]) -> Callable[..., Any]:
        def transport_for_url(self: Any, url: httpx.URL) -> Any:  # noqa: ANN401 -- a client of either kind
            import httpx  # noqa: PLC0415 -- likewise

            transport = choose(self, url)
            theirs = (httpx.HTTPTransport, httpx.AsyncHTTPTransport)
            kind = next((each for each in type(transport).__mro__ if name in vars(each)), None)
            if kind not in theirs:
                return transport  # one of the user's own, which may well lead to theirs
            if _endpoint(httpx.Request("GET", url)) is None:
                return transport
            ours = make(getattr(type(transport), name))
            return SimpleNamespace(**{name: partial(ours, transport)})

        return transport_for_url

    return make_choice


def _patch() -> None:
    import httpx  # noqa: PLC0415 -- it is loaded

    if not hasattr(httpx, "HTTPTransport"):  # 1.0 is another library: the guard alone is before it
        return
    for client, transport, name, make in (
        (httpx.Client, httpx.HTTPTransport, "handle_request", _handling),
        (httpx.AsyncClient, httpx.AsyncHTTPTransport, "handle_async_request", _handling_async),
    ):
        _patches.install(
            Patch(transport, name, make),
            Patch(client, "_transport_for_url", _choosing(name, make)),
        )


_when_imported: Final = WhenImported("httpx", _patch)
"""To import it takes 0.4 s."""


def install() -> None:
    """Answer httpx, now or as soon as it is imported."""
    _when_imported.install()


def remove() -> None:
    """Put everything back."""
    _patches.remove()
    _when_imported.remove()
