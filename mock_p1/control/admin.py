"""``/__admin`` put together: its routes, its guard, and JSON for everything that goes wrong below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import MethodNotAllowed

from mock_p1 import __version__
from mock_p1.control import events, failures, jobs, metrics, openapi, page, requests, scenarios, timekeeping
from mock_p1.control.guard import Call
from mock_p1.control.panel import POLICY, Panel, answer, respond
from mock_p1.control.refusals import Refused
from mock_p1.core.driver import NoSuchJob
from mock_p1.core.problems import nearest

if TYPE_CHECKING:
    from mock_p1.control.guard import Guard

PREFIX = "/__admin"


def add_admin(app: Flask, panel: Panel) -> None:
    """Add the control API and the dashboard to an app."""
    admin = Blueprint("admin", __name__, url_prefix=PREFIX)

    @admin.get("/health")
    def health() -> Response:
        return answer({"status": "ok", "version": __version__, "scenario": panel.engine.scenario.name})

    for part in (jobs, failures, timekeeping, scenarios, requests, events, metrics, openapi, page):
        admin.register_blueprint(part.routes)
    panel.put_in(app)
    metrics.measure(app, panel)
    app.before_request(lambda: _enter(app, panel.guard))
    app.after_request(_with_policy)
    app.register_error_handler(Refused, lambda refused: respond(refused.reply()))
    app.register_error_handler(NoSuchJob, _no_such_job)
    app.register_blueprint(admin)
    app.register_blueprint(page.outside)


def _enter(app: Flask, guard: Guard) -> None:
    """Check who comes, then where to; nobody outside learns which paths there are."""
    if not _is_ours(request.path):
        return
    guard.check(_call(request.path))
    if request.method == "OPTIONS" or isinstance(request.routing_exception, MethodNotAllowed):
        _refuse_method(app)
    if request.routing_exception is not None:
        _refuse_path(app)


def _refuse_method(app: Flask) -> None:
    """Answer 405, or return where the path leads nowhere. OPTIONS is refused too: other origins get no preflight."""
    adapter = app.create_url_adapter(request)
    allowed = sorted({*(adapter.allowed_methods() if adapter else ())} - {"OPTIONS"})
    if allowed:
        raise Refused(
            405,
            "MOCK_P1_METHOD_NOT_ALLOWED",
            f"{request.method} is not allowed at {request.path[:200]}",
            f"use {' or '.join(allowed)}",
            headers={"Allow": ", ".join(allowed)},
        )


def _refuse_path(app: Flask) -> None:
    known = sorted({rule.rule for rule in app.url_map.iter_rules() if _is_ours(rule.rule) and rule.rule != PREFIX})
    near = nearest(request.path, known)
    meant = f"; did you mean {near}?" if near else ""
    raise Refused(
        404,
        "MOCK_P1_NOT_FOUND",
        f"there is nothing at {request.path[:200]}{meant}",
        f"see {PREFIX}/openapi-admin.json for all there is below {PREFIX}",
    )


def _call(path: str) -> Call:
    return Call(request.method, path, request.environ.get("REMOTE_ADDR") or "", request.headers.get)


def _is_ours(path: str) -> bool:
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def _with_policy(response: Response) -> Response:
    if _is_ours(request.path):
        for name, value in POLICY.items():
            response.headers.setdefault(name, value)
    return response


def _no_such_job(error: NoSuchJob) -> Response:
    return respond(Refused(404, "MOCK_P1_NO_SUCH_JOB", str(error), f"see GET {PREFIX}/jobs for all there are").reply())
