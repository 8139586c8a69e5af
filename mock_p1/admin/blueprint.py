"""``/__admin`` put together: its calls, who may make them, and JSON for all that goes wrong."""

from __future__ import annotations

import re
from functools import partial
from typing import Final, NoReturn

from flask import Blueprint, Flask, Response, current_app, request
from werkzeug.routing import Rule

from mock_p1.admin import PREFIX, dashboard, events
from mock_p1.admin.access import HEALTH, METRICS, AccessRequest
from mock_p1.admin.admin_error import AdminError
from mock_p1.admin.admin_openapi import CALLS
from mock_p1.admin.context import POLICY, AdminContext
from mock_p1.admin.in_hand import add_context, admin_context, respond
from mock_p1.base.text import nearest
from mock_p1.engine.acts import StoreDown
from mock_p1.engine.driver import NoSuchJob, NoSuchKey

NOTHING = "admin.nothing"
"""The endpoint of every method and path below ``/__admin`` that is no call."""

METHODS = ("DELETE", "GET", "HEAD", "POST", "PUT")

_REFUSALS: Final[dict[type[Exception], tuple[int, str, str]]] = {
    StoreDown: (503, "MOCK_P1_STORE", "try again when GET /__admin/ready is answered with 200"),
    NoSuchJob: (404, "MOCK_P1_NO_SUCH_JOB", f"see GET {PREFIX}/jobs for all there are"),
    NoSuchKey: (404, "MOCK_P1_NO_SUCH_KEY", f"see GET {PREFIX}/scenario for the keys there are"),
}
"""How what the engine raises is answered: the HTTP status, the error, and what to do about it."""


def add_admin(app: Flask, context: AdminContext) -> None:
    """Add the control API and the dashboard to an app.

    A request of the imitated API meets nothing of it: all hooks are the blueprint's own.
    """
    add_context(app, context)
    admin = Blueprint("admin", __name__, url_prefix=PREFIX)
    for call in CALLS:
        rule = re.sub(r"\{(\w+)\}", r"<\1>", call.path)
        admin.add_url_rule(rule, call.function.__name__, call.answer, methods=[call.method])
    for part in (events, dashboard):
        admin.register_blueprint(part.routes)
    admin.before_request(_check_access)
    admin.after_request(_with_policy)
    admin.register_error_handler(AdminError, lambda error: respond(error.reply()))
    for kind, facts in _REFUSALS.items():
        admin.register_error_handler(kind, partial(_refused, *facts))
    app.register_blueprint(admin)
    app.register_blueprint(dashboard.outside)
    app.view_functions[NOTHING] = _refuse
    for path in ("", "/", "/<path:rest>"):  # after the calls, so that they are found first
        app.url_map.add(Rule(PREFIX + path, endpoint=NOTHING))


def _check_access() -> None:
    """Check who asks before what for; nobody outside learns which paths there are."""
    peer = request.environ.get("REMOTE_ADDR") or ""
    headers = {name.lower(): value for name, value in request.headers}
    context = admin_context()
    context.access.check(AccessRequest(request.method, request.path, peer, headers))
    if request.method == "GET" and request.path != HEALTH:
        context.engine.deliveries.settle(0)
    if request.path not in (HEALTH, METRICS):  # which tell how the store is, whether or not it is
        context.engine.refresh()
    if request.method == "OPTIONS":  # answered by nobody: other origins get no preflight
        _refuse()


def _refuse(rest: str = "") -> NoReturn:  # noqa: ARG001 -- the path is read from the request
    """Say which methods a path has, or which path was meant."""
    adapter = current_app.create_url_adapter(request)
    path = request.path[:200]
    allowed = [name for name in METHODS if adapter and adapter.match(method=name)[0] != NOTHING]
    if allowed:
        raise AdminError(
            405,
            "MOCK_P1_METHOD_NOT_ALLOWED",
            f"{request.method} is not allowed at {path}",
            f"use {' or '.join(allowed)}",
            headers={"Allow": ", ".join(allowed)},
        )
    near = nearest(request.path, [PREFIX + call.path for call in CALLS])
    meant = f"; did you mean {near}?" if near else ""
    raise AdminError(
        404,
        "MOCK_P1_NOT_FOUND",
        f"there is nothing at {path}{meant}",
        f"see {PREFIX}/openapi-admin.json for all there is below {PREFIX}",
    )


def _with_policy(response: Response) -> Response:
    for name, value in POLICY.items():
        response.headers.setdefault(name, value)
    return response


def _refused(status: int, name: str, remedy: str, error: Exception) -> Response:
    return respond(AdminError(status, name, str(error), remedy).reply())
