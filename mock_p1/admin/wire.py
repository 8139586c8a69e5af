"""Answers of ``/__admin`` as ASGI messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mock_p1.admin.context import POLICY

if TYPE_CHECKING:
    from mock_p1.base.asgi_types import Send
    from mock_p1.base.messages import Headers, Reply


def start(status: int, headers: Headers) -> dict[str, Any]:
    """Return the message that begins an answer."""
    encoded = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in with_policy(headers)
    ]
    return {"type": "http.response.start", "status": status, "headers": encoded}


def with_policy(headers: Headers) -> Headers:
    """Return headers, and those of every answer below ``/__admin`` that are not among them."""
    return tuple({**POLICY, **dict(headers)}.items())


async def send_reply(reply: Reply, send: Send) -> None:
    """Send a whole answer."""
    await send(start(reply.status, reply.wire_headers))
    await send({"type": "http.response.body", "body": reply.body})
