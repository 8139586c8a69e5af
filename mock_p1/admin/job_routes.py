"""``/__admin/jobs``: see where every job is, and move it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from flask import request

from mock_p1.admin import models, views
from mock_p1.admin.admin_error import AdminError, bad
from mock_p1.admin.context import admin_context
from mock_p1.admin.curl_line import curl
from mock_p1.admin.routes import Routes
from mock_p1.base.messages import base_url
from mock_p1.base.text import mask, shorten
from mock_p1.contract.operations import RETRAIN_STATUS_CHECK
from mock_p1.engine import snapshot
from mock_p1.engine.driver import NoSuchStep

if TYPE_CHECKING:
    from mock_p1.engine.snapshot import JobView

MAX_STEPS: Final = 20_000
"""A page ends early where its timelines have more steps than this in all."""

routes: Routes = Routes()


@routes.call("GET", "/jobs")
def list_jobs(query: models.JobsQuery) -> models.JobPage:
    """All jobs, page by page."""
    page = snapshot.page(
        admin_context().engine,
        query.offset,
        query.limit,
        containing=query.containing,
        polled=query.polled == "true",
    )
    jobs: list[models.Job] = []
    timelines: dict[str, models.Timeline] = {}
    steps = 0
    for view in page.jobs:
        if view.program.name not in timelines:
            steps += len(view.program.steps)
            if jobs and steps > MAX_STEPS:
                break
            timelines[view.program.name] = views.timeline(view.program)
        jobs.append(views.job(view))
    end = query.offset + (len(jobs) if len(jobs) < len(page.jobs) else query.limit)
    return models.JobPage(
        total=page.total,
        offset=query.offset,
        next=end if end < page.total else None,
        jobs=jobs,
        timelines=timelines,
    )


@routes.call("GET", "/jobs/{job_id}", errors=(404,))
def show_job(job_id: str) -> models.JobWithSteps:
    """One job and its steps."""
    view = _view(job_id)
    return models.JobWithSteps(
        **vars(views.job(view)),
        **vars(views.timeline(view.program)),
        curl=_curl(view, masked=True),
    )


@routes.call("GET", "/jobs/{job_id}/curl", errors=(404,))
def show_curl(job_id: str) -> models.Curl:
    """A line for the shell that polls the job; the one place where a key is handed out whole."""
    return models.Curl(job_id=job_id, curl=_curl(_view(job_id), masked=False))


@routes.call("PUT", "/jobs/{job_id}", errors=(404,))
def move_job(job_id: str, body: models.JobMove) -> models.JobWithSteps:
    """Put a job at a status or a step."""
    driver, remedy = admin_context().driver, f"see the steps at GET {request.path}"
    last = len(driver.program_of(job_id).steps)
    if body.step is not None and body.step > last:
        raise bad(
            "VALUE", f"step must be from 1 to {last:,}; it is {shorten(str(body.step))}", remedy
        )
    try:
        if body.step is None:
            driver.set_status(job_id, body.status or "")
        else:
            driver.go_to(job_id, body.step - 1)
    except NoSuchStep as error:
        raise bad("VALUE", str(error), remedy) from None
    return show_job(job_id)


@routes.call("POST", "/jobs/{job_id}/step", errors=(404, 409))
def step_job(job_id: str, body: models.Nothing) -> models.JobWithSteps:  # noqa: ARG001 -- checked to be empty
    """Move a job to its next step."""
    try:
        admin_context().driver.step(job_id)
    except NoSuchStep as error:
        text, remedy = (
            f"{error}: it is at its end",
            "put it back with POST reset, or at a step with PUT",
        )
        raise AdminError(409, "MOCK_P1_NO_SUCH_STEP", text, remedy) from None
    return show_job(job_id)


@routes.call("POST", "/jobs/{job_id}/reset", errors=(404,))
def reset_job(job_id: str, body: models.Nothing) -> models.JobWithSteps:  # noqa: ARG001 -- checked to be empty
    """Let a job begin anew."""
    admin_context().driver.reset(job_id)
    return show_job(job_id)


def _view(job_id: str) -> JobView:
    context = admin_context()
    context.driver.program_of(job_id)  # says which jobs there are, if not this one
    if view := snapshot.show(context.engine, job_id):
        return view
    text = "the scenario was swapped just now"
    raise AdminError(409, "MOCK_P1_SCENARIO_SWAPPED", text, "try again")


def _curl(view: JobView, *, masked: bool) -> str:
    """Return a line for the shell that polls the job.

    Its key is whole only where somebody asks for it, to be pasted.
    """
    context = admin_context()
    key = context.engine.keyring.key_that_sees(view.program)
    url = base_url(request.scheme, request.host, request.host_url.rstrip("/")) + request.script_root
    url += RETRAIN_STATUS_CHECK.url_path(retrain_job_id=quote(view.job_id, safe=""))
    return curl(mask(key) if masked else key, url, context.authority, "-sS")
