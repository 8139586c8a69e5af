"""The server's door: answers the imitated API at once on the event loop, and hands everything else to the Flask app."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

from mock_p1.base.latency import Latency
from mock_p1.base.messages import Fault, Request, base_url, header_text
from mock_p1.contract.operations import OPERATIONS
from mock_p1.transports.asgi_wire import answer_at_once, hang_up, leave_date_to

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from mock_p1.base.asgi_types import Application, Message, Receive, Scope, Send
    from mock_p1.base.messages import Reply
    from mock_p1.engine.engine import Engine


_HOST_LIMIT: Final = 300  # what is longer is no host, cut or not, and need not be remembered
_IMITATED: Final = tuple(
    operation.template.partition("{")[0].encode() for operation in OPERATIONS.values()
)


class AsgiApp:
    """An ASGI application for uvicorn. ``everything_else`` is the Flask app, wrapped for ASGI.

    ``latency`` learns how long the answers of the imitated API took.
    """

    def __init__(
        self, engine: Engine, everything_else: Application, latency: Latency | None = None
    ) -> None:
        self._engine, self._everything_else, self._latency = (
            engine,
            everything_else,
            latency or Latency(),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Below the imitated paths the engine has an answer to everything, errors included.
        """
        if not scope["raw_path"].startswith(_IMITATED):
            await self._everything_else(scope, receive, send)
            return
        began = perf_counter()
        reply = self._engine.handle(_request(scope))
        if reply.delay_ns and await self._client_leaves_within(reply.delay_ns, receive):
            return
        if isinstance(reply, Fault):
            await self._act_out(reply, receive, send)
        elif not answer_at_once(send, reply):
            leave_date_to(reply, send)
            await send(_start(reply))
            await send({"type": "http.response.body", "body": reply.body})
        self._latency.note(perf_counter() - began)

    async def _act_out(self, fault: Fault, receive: Receive, send: Send) -> None:
        if fault.reply is not None:
            await send(_start(fault.reply))
        for pause, piece in fault.pieces:
            if pause and await self._client_leaves_within(pause, receive):
                return
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if fault.ending == "complete":
            await send({"type": "http.response.body", "body": b""})
            return
        hang_up(send, reset=fault.ending == "reset")
        await _client_leaves(receive)

    async def _client_leaves_within(self, span: int, receive: Receive) -> bool:
        """Wait for nanoseconds of the mock's clock, or until the client hangs up.

        Tell whether it did.
        """
        if seconds := self._engine.clock.pass_time(span):
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await _client_leaves(receive)
                    return True
        return False


async def _client_leaves(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass  # a piece of a body that nobody reads


def with_raw_path(app: WSGIApplication) -> WSGIApplication:
    """Return a WSGI app, to be run under a2wsgi, that learns the path as it was sent.

    A2wsgi itself only decodes it.
    """

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        raw: bytes = environ["asgi.scope"]["raw_path"]
        environ["REQUEST_URI"] = raw.decode("latin-1")
        environ["PATH_INFO"] = unquote_to_bytes(raw).decode("latin-1")
        return app(environ, start_response)

    return application


def _request(scope: Scope) -> Request:
    keys: tuple[str, ...] = ()
    host, has_body = b"", False
    for name, value in scope["headers"]:
        if name == b"host":
            host = value
        elif name == b"x-api-key":
            keys = (*keys, header_text(value))
        elif name == b"content-length":
            has_body = has_body or value != b"0"
        elif name == b"transfer-encoding":
            has_body = True
    query: bytes = scope["query_string"]
    return Request(
        scope["method"],
        scope["raw_path"].decode("latin-1"),
        query.decode("latin-1") if query else "",
        keys,
        _base_url(scope["scheme"], host[:_HOST_LIMIT], scope["server"]),
        has_body,
    )


@lru_cache(maxsize=256)
def _base_url(scheme: str, host: bytes, server: tuple[str, int | None]) -> str:
    name, port = server
    return base_url(
        scheme, host.decode("latin-1"), f"{scheme}://{f'[{name}]' if ':' in name else name}:{port}"
    )


def _start(reply: Reply) -> Message:
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in reply.wire_headers
    ]
    return {"type": "http.response.start", "status": reply.status, "headers": headers}
