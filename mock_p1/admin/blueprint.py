"""``/__admin`` put together: its routes, its guard, and JSON for everything that goes wrong below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import MethodNotAllowed

from mock_p1._version import __version__
from mock_p1.admin import admin_openapi as openapi
from mock_p1.admin import clock_routes as timekeeping
from mock_p1.admin import dashboard as page
from mock_p1.admin import events, metrics
from mock_p1.admin import failure_routes as failures
from mock_p1.admin import job_routes as jobs
from mock_p1.admin import request_routes as requests
from mock_p1.admin import scenario_routes as scenarios
from mock_p1.admin.access import Call
from mock_p1.admin.admin_error import AdminError
from mock_p1.admin.context import POLICY, AdminContext, answer, respond
from mock_p1.base.text import nearest
from mock_p1.engine.driver import NoSuchJob

if TYPE_CHECKING:
    from mock_p1.admin.access import AccessPolicy

PREFIX = "/__admin"


def add_admin(app: Flask, panel: AdminContext) -> None:
    """Add the control API and the dashboard to an app."""
    admin = Blueprint("admin", __name__, url_prefix=PREFIX)

    @admin.get("/health")
    def health() -> Response:
        return answer(
            {"status": "ok", "version": __version__, "scenario": panel.engine.scenario.name}
        )

    for part in (jobs, failures, timekeeping, scenarios, requests, events, metrics, openapi, page):
        admin.register_blueprint(part.routes)
    panel.put_in(app)
    metrics.measure(app, panel)
    app.before_request(lambda: _enter(app, panel.guard))
    app.after_request(_with_policy)
    app.register_error_handler(AdminError, lambda refused: respond(refused.reply()))
    app.register_error_handler(NoSuchJob, _no_such_job)
    app.register_blueprint(admin)
    app.register_blueprint(page.outside)


def _enter(app: Flask, guard: AccessPolicy) -> None:
    """Check who comes, then where to; nobody outside learns which paths there are."""
    if not _is_ours(request.path):
        return
    guard.check(_call(request.path))
    if request.method == "OPTIONS" or isinstance(request.routing_exception, MethodNotAllowed):
        _refuse_method(app)
    if request.routing_exception is not None:
        _refuse_path(app)


def _refuse_method(app: Flask) -> None:
    """Answer 405, or return where the path leads nowhere.

    OPTIONS is refused too: other origins get no preflight.
    """
    adapter = app.create_url_adapter(request)
    allowed = sorted({*(adapter.allowed_methods() if adapter else ())} - {"OPTIONS"})
    if allowed:
        raise AdminError(
            405,
            "MOCK_P1_METHOD_NOT_ALLOWED",
            f"{request.method} is not allowed at {request.path[:200]}",
            f"use {' or '.join(allowed)}",
            headers={"Allow": ", ".join(allowed)},
        )


def _refuse_path(app: Flask) -> None:
    known = sorted(
        {
            rule.rule
            for rule in app.url_map.iter_rules()
            if _is_ours(rule.rule) and rule.rule != PREFIX
        }
    )
    near = nearest(request.path, known)
    meant = f"; did you mean {near}?" if near else ""
    raise AdminError(
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
    return respond(
        AdminError(
            404, "MOCK_P1_NO_SUCH_JOB", str(error), f"see GET {PREFIX}/jobs for all there are"
        ).reply()
    )
