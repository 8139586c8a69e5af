"""The request in hand, as Flask has it: whose mock it steers, how it is seen, and its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Flask, Response, current_app, request

from mock_p1.base.messages import Reply, base_url

if TYPE_CHECKING:
    from mock_p1.admin.context import AdminContext

_NAME: Final = "mock_p1"


def add_context(app: Flask, context: AdminContext) -> None:
    """Let the routes of an app find what they work with."""
    app.extensions[_NAME] = context


def admin_context() -> AdminContext:
    """Return the context of the app in hand."""
    found: AdminContext = current_app.extensions[_NAME]
    return found


def seen_url() -> str:
    """Return how the client of the request in hand sees this mock."""
    host = request.host_url.rstrip("/")
    direct = base_url(request.scheme, request.host, host) + request.script_root
    proxies = admin_context().engine.proxies
    if proxies is None:
        return direct
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in request.headers]
    return proxies.base_url(direct, request.remote_addr or "", headers)


def respond(reply: Reply) -> Response:
    """Return a reply as Flask sends it."""
    return Response(reply.body, reply.status, list(reply.wire_headers))
