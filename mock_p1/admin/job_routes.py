"""``/__admin/jobs``: see where every job is, and move it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from flask import request

from mock_p1.admin import models, views
from mock_p1.admin.admin_error import AdminError, bad
from mock_p1.admin.bodies import either
from mock_p1.admin.curl_line import curl
from mock_p1.admin.in_hand import admin_context, seen_url
from mock_p1.admin.routes import Routes
from mock_p1.admin.sequence_routes import move_on
from mock_p1.base.messages import Request
from mock_p1.base.text import mask, shorten
from mock_p1.contract.operations import OPERATIONS, RETRAIN_STATUS_CHECK
from mock_p1.engine import snapshot
from mock_p1.engine.driver import NoSuchJob, NoSuchStep
from mock_p1.engine.journal import BY_HAND

if TYPE_CHECKING:
    from mock_p1.engine.engine import Engine
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
        key=query.api_key,
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
def show_job(job_id: str, query: models.KeyQuery) -> models.JobWithSteps:
    """One job and its steps."""
    return _shown(job_id, query.api_key)


def _shown(job_id: str, key: str | None) -> models.JobWithSteps:
    view = _view(job_id, key)
    return models.JobWithSteps(
        **vars(views.job(view)),
        **vars(views.timeline(view.program)),
        curl=_curl(view, masked=True),
    )


@routes.call("GET", "/jobs/{job_id}/curl", errors=(404,))
def show_curl(job_id: str) -> models.Curl:
    """A line for the shell that polls the job, with its key whole."""
    return models.Curl(job_id=job_id, curl=_curl(_view(job_id), masked=False))


@routes.call("POST", "/jobs/{job_id}/poll", errors=(404,))
def poll_job(job_id: str, body: models.Nothing) -> models.PollAnswer:  # noqa: ARG001 -- checked to be empty
    """Poll the job once, for a demonstration; the journal notes that no client did."""
    engine = admin_context().engine
    path = RETRAIN_STATUS_CHECK.url_path(retrain_job_id=quote(job_id, safe=""))
    asked = Request("GET", path, "", (_key_for(_view(job_id)),), seen_url(), note=BY_HAND)
    answer = engine.handle(asked)
    number = next((each.number for each in reversed([*engine.journal]) if each.path == path), 0)
    return views.answer(number, answer)


@routes.call("PUT", "/jobs/{job_id}", errors=(404,))
def move_job(job_id: str, query: models.KeyQuery, body: models.JobMove) -> models.JobWithSteps:
    """Put a job at a status or a step."""
    key = either("api_key", query, body)
    driver, remedy = admin_context().driver, f"see the steps at GET {request.path}"
    last = len(driver.program_of(job_id).steps)
    if body.step is not None and body.step > last:
        raise bad(
            "VALUE", f"step must be from 1 to {last:,}; it is {shorten(str(body.step))}", remedy
        )
    try:
        if body.step is None:
            driver.set_status(job_id, body.status or "", key=key)
        else:
            driver.go_to(job_id, body.step - 1, key=key)
    except NoSuchStep as error:
        raise bad("VALUE", str(error), remedy) from None
    return _shown(job_id, key)


@routes.call("POST", "/jobs/{job_id}/step", errors=(404, 409))
def step_job(job_id: str, query: models.KeyQuery, body: models.JobStep) -> models.JobWithSteps:
    """Move a job to its next step, or its timeline of another operation (``on``)."""
    key = either("api_key", query, body)
    move_on(OPERATIONS[body.on or RETRAIN_STATUS_CHECK.name], job_id, key)
    return _shown(job_id, key)


@routes.call("POST", "/jobs/{job_id}/reset", errors=(404,))
def reset_job(job_id: str, query: models.KeyQuery, body: models.KeyBody) -> models.JobWithSteps:
    """Let a job begin anew."""
    key = either("api_key", query, body)
    admin_context().driver.reset(job_id, key=key)
    return _shown(job_id, key)


def _view(job_id: str, key: str | None = None) -> JobView:
    context = admin_context()
    context.driver.program_of(job_id)  # says which jobs there are, if not this one
    if view := snapshot.show(context.engine, job_id, key):
        return view
    if key is not None:
        raise NoSuchJob(f"job {job_id!r} is none of this key")
    raise AdminError(
        409, "MOCK_P1_SCENARIO_SWAPPED", "the scenario was swapped just now", "try again"
    )


def _curl(view: JobView, *, masked: bool) -> str:
    """Return a line for the shell that polls the job.

    Its key is whole only where somebody asks for it, to be pasted.
    """
    context, key = admin_context(), _key_for(view)
    is_ours = not (context.engine.proxies and context.engine.proxies.public_url)
    url = seen_url() + RETRAIN_STATUS_CHECK.url_path(retrain_job_id=quote(view.job_id, safe=""))
    return curl(mask(key) if masked else key, url, context.authority if is_ours else None, "-sS")


def _key_for(view: JobView) -> str:
    engine = admin_context().engine
    return _newest_key(engine, view.job_id) or engine.state.keyring.key_that_sees(view.program)


def _newest_key(engine: Engine, job_id: str) -> str | None:
    """Return the newest key of the caller whose job is shown: that which polled last.

    None where that is not one who created the job, or who has a key of the scenario's own: nobody
    is shown what else a client may have sent.
    """
    with engine.lock:
        job = max(engine.job_states.of(job_id), key=lambda job: job.last_ns, default=None)
        if job is None:
            return None
        issued = [each.api_key for each in engine.state.issued.of(job.caller)]
    if issued:
        return issued[-1]
    name = job.caller.name
    return name if job.created or name in (engine.scenario.api_keys or {}) else None
