"""In front of the Flask app under ASGI.

No thread is held by a listener, a slow sender or a huge body.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from mock_p1.admin import PREFIX
from mock_p1.admin.access import AccessRequest
from mock_p1.admin.admin_error import AdminError, too_large
from mock_p1.admin.bodies import limit_of
from mock_p1.admin.events import EVENT_HEADERS, EventListeners, start
from mock_p1.base.asgi_types import Application, Receive, Scope, Send, joined

if TYPE_CHECKING:
    from mock_p1.admin.context import AdminContext

BODY_SECONDS: Final = 30.0
MAX_QUERY: Final = 8 * 1024
"""Bytes of a query: taken apart, each of its parameters costs a hundred."""


class BodyLimit:
    """An ASGI application: answers ``/__admin/events``, and hands the rest to the Flask app.

    A call below ``/__admin`` is handed on when its body is there, whole; one that may not come in,
    or brings too much, is answered before its body is read.
    """

    def __init__(self, context: AdminContext, flask_app: Application) -> None:
        self._context, self._flask_app = context, flask_app
        self._listeners = EventListeners(context)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = "/" + scope["path"].lstrip("/")  # as the Flask app will have it
        if path != PREFIX and not path.startswith(f"{PREFIX}/"):
            await self._flask_app(scope, receive, send)
            return
        scope = {**scope, "path": path}
        try:
            self._context.access.check(_call(scope))
            if len(scope["query_string"]) > MAX_QUERY:
                raise _long_query()
            if path == f"{PREFIX}/events" and scope["method"] in ("GET", "HEAD"):
                await self._events(scope, receive, send)
                return
            body = await _whole_body(scope, receive)
        except AdminError as refused:
            reply = refused.reply()
            await send(start(reply.status, reply.wire_headers))
            await send({"type": "http.response.body", "body": reply.body})
            return
        if body is not None:
            await self._flask_app(_with_length(scope, len(body)), _replay(body, receive), send)

    async def _events(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD":
            await send(start(200, EVENT_HEADERS))
            await send({"type": "http.response.body", "body": b""})
            return
        await self._listeners(scope, receive, send)


def _call(scope: Scope) -> AccessRequest:
    headers = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in joined(scope["headers"]).items()
    }
    return AccessRequest(scope["method"], scope["path"], (scope["client"] or ("",))[0], headers)


def _long_query() -> AdminError:
    return AdminError(
        414,
        "MOCK_P1_TOO_LARGE",
        f"the query has more than {MAX_QUERY:,} bytes, the most that is taken here",
        "send less",
    )


async def _whole_body(scope: Scope, receive: Receive) -> bytes | None:
    """Return the body; None if the client went away.

    AdminError if it is too large, or does not come in time.
    """
    limit = limit_of(scope["method"], scope["path"])
    if int(dict(scope["headers"]).get(b"content-length", b"0")) > limit:
        raise too_large(limit)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(receive, limit)
    except TimeoutError:
        raise AdminError(
            408,
            "MOCK_P1_TOO_SLOW",
            f"the body did not come within {BODY_SECONDS:g} s",
            "send the whole body at once",
            headers={"Connection": "close"},
        ) from None


async def _read(receive: Receive, limit: int) -> bytes | None:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > limit:
            raise too_large(limit)
        if not message.get("more_body", False):
            return bytes(body)


def _with_length(scope: Scope, length: int) -> Scope:
    """Return the scope of a request whose body is known: with its length, not in chunks."""
    names = (b"content-length", b"transfer-encoding")
    headers = [(name, value) for name, value in scope["headers"] if name not in names]
    return {
        **scope,
        "headers": [*headers, (b"content-length", b"%d" % length)] if length else headers,
    }


def _replay(body: bytes, receive: Receive) -> Receive:
    bodies = [body]

    async def replay() -> dict[str, Any]:
        if bodies:
            return {"type": "http.request", "body": bodies.pop(), "more_body": False}
        return dict(await receive())

    return replay
