"""``/__admin/jobs``: see where every job is, and move it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from flask import Blueprint, Response, request

from mock_p1.admin import curl_line as shell
from mock_p1.admin import views
from mock_p1.admin.admin_error import AdminError, bad_body, bad_value
from mock_p1.admin.bodies import json_object, number_in_query, query, text, whole
from mock_p1.admin.context import answer, panel
from mock_p1.base.messages import base_url
from mock_p1.base.text import mask
from mock_p1.contract.operations import RETRAIN_STATUS_CHECK
from mock_p1.engine import snapshot as overview
from mock_p1.engine.driver import NoSuchStep
from mock_p1.scenario.model import ACTIVE

if TYPE_CHECKING:
    from mock_p1.engine.engine import Engine
    from mock_p1.engine.program import Program
    from mock_p1.engine.snapshot import JobView

MAX_PAGE: Final = 1000
MAX_STEPS: Final = 20_000
"""A page ends early where its timelines have more steps than this in all."""

_MOVE: Final = '{"status": "job_finished"} or {"step": 2}'

routes = Blueprint("jobs", __name__)


@routes.get("/jobs")
def list_jobs() -> Response:
    """Answer a page of jobs."""
    asked = query(("offset", "limit", "containing", "polled"))
    offset = number_in_query(asked, "offset", 0, 0, 10**9)
    limit = number_in_query(asked, "limit", 100, 1, MAX_PAGE)
    polled = asked.get("polled", "false")
    if polled not in ("true", "false"):
        raise AdminError(
            400, "MOCK_P1_BAD_QUERY", "polled must be true or false", "write polled=true"
        )
    page = overview.page(
        panel().engine,
        offset,
        limit,
        containing=asked.get("containing", ""),
        polled=polled == "true",
    )
    return answer(_page(page, offset, limit))


@routes.get("/jobs/<job_id>")
def show_job(job_id: str) -> Response:
    """Answer one job and its steps."""
    query(())
    return answer(_shown(job_id))


@routes.get("/jobs/<job_id>/curl")
def curl(job_id: str) -> Response:
    """Answer a line for the shell; the one place where a key is handed out whole."""
    query(())
    return answer({"job_id": job_id, "curl": _curl(panel().engine, _view(job_id), masked=False)})


@routes.put("/jobs/<job_id>")
def move_job(job_id: str) -> Response:
    """Put a job at a status or a step."""
    body = json_object(("status", "step"), example=_MOVE)
    if len(body) != 1:
        raise bad_body("the body must have either status or step", f"send {_MOVE}")
    steps = len(panel().driver.program_of(job_id).steps)
    try:
        if "status" in body:
            panel().driver.set_status(job_id, text(body["status"], "status"))
        else:
            panel().driver.go_to(job_id, whole(body["step"], "step", 1, steps) - 1)
    except NoSuchStep as error:
        raise bad_value(str(error), f"see the steps at GET {request.path}") from None
    return answer(_shown(job_id))


@routes.post("/jobs/<job_id>/step")
def step_job(job_id: str) -> Response:
    """Move a job to its next step."""
    json_object((), example="{}")
    try:
        panel().driver.step(job_id)
    except NoSuchStep as error:
        remedy = "put it back with POST reset, or at a step with PUT"
        raise AdminError(
            409, "MOCK_P1_NO_SUCH_STEP", f"{error}: it is at its end", remedy
        ) from None
    return answer(_shown(job_id))


@routes.post("/jobs/<job_id>/reset")
def reset_job(job_id: str) -> Response:
    """Let one job begin anew."""
    json_object((), example="{}")
    panel().driver.reset(job_id)
    return answer(_shown(job_id))


def _page(page: overview.Page, offset: int, limit: int) -> dict[str, Any]:
    jobs: list[dict[str, Any]] = []
    timelines: dict[str, Any] = {}
    steps = 0
    for view in page.jobs:
        if view.program.name not in timelines:
            steps += len(view.program.steps)
            if jobs and steps > MAX_STEPS:
                break
            timelines[view.program.name] = views.timeline(view.program)
        jobs.append(views.job(view))
    end = offset + (len(jobs) if len(jobs) < len(page.jobs) else limit)
    following = end if end < page.total else None
    return {
        "total": page.total,
        "offset": offset,
        "next": following,
        "jobs": jobs,
        "timelines": timelines,
    }


def _view(job_id: str) -> JobView:
    panel().driver.program_of(job_id)  # says which jobs there are, if not this one
    view = overview.show(panel().engine, job_id)
    if view is None:
        raise AdminError(
            409, "MOCK_P1_SCENARIO_SWAPPED", "the scenario was swapped just now", "try again"
        )
    return view


def _shown(job_id: str) -> dict[str, Any]:
    view = _view(job_id)
    return {
        **views.job(view),
        **views.timeline(view.program),
        "curl": _curl(panel().engine, view, masked=True),
    }


def _curl(engine: Engine, view: JobView, *, masked: bool) -> str:
    """Return a line for the shell that polls the job.

    Whole only where somebody asks for it, to be pasted.
    """
    key = _key_for(engine, view.program)
    url = base_url(request.scheme, request.host, request.host_url.rstrip("/")) + request.script_root
    url += RETRAIN_STATUS_CHECK.url_path(retrain_job_id=quote(view.job_id, safe=""))
    return shell.curl(mask(key) if masked else key, url, panel().authority, "-sS")


def _key_for(engine: Engine, program: Program) -> str:
    """Return a key that sees the job.

    Its own, or the first that is active and fits; patterns with the * left out.
    """
    named = engine.scenario.api_keys or {}
    own = [] if program.api_key is None else [program.api_key]
    candidates = [
        *own,
        *(name for name, state in named.items() if state == ACTIVE),
        engine.keyring.first_active(),
    ]
    keys = [name.replace("*", "1") for name in candidates]
    fitting = (key for key in keys if engine.keyring.refusal(key) is None and program.open_to(key))
    return next(fitting, keys[-1])
