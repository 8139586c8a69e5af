"""What steers the whole mock: its clock, a reset, its state in a file, and failures to come.

``/__admin/clock`` moves time, stops it, lets it run faster; ``/__admin/reset`` begins anew;
``/__admin/snapshot`` writes the whole state into the file that the server was given;
``/__admin/next`` lets the next calls of an operation fail, as an error, a fault or a reply.
"""

from __future__ import annotations

from mock_p1.admin import PREFIX, models, views
from mock_p1.admin.admin_error import AdminError
from mock_p1.admin.bodies import either
from mock_p1.admin.in_hand import admin_context
from mock_p1.admin.routes import Routes
from mock_p1.engine.driver import FixedClock

routes: Routes = Routes()


@routes.call("GET", "/clock")
def show_clock() -> models.Clock:
    """What the clock shows."""
    return views.clock(admin_context().engine)


@routes.call("POST", "/clock", errors=(409,))
def change_clock(body: models.ClockChange) -> models.Clock:
    """Advance, stop or speed up the clock."""
    driver = admin_context().driver
    try:
        if body.freeze is not None:
            driver.freeze(frozen=body.freeze)
        if body.speed is not None:
            driver.set_speed(body.speed)
    except FixedClock as error:
        raise AdminError(
            409, "MOCK_P1_VIRTUAL_CLOCK", str(error), 'move it with {"advance": "90s"}'
        ) from None
    if body.advance is not None:
        driver.advance(body.advance)
    return show_clock()


@routes.call("POST", "/reset", errors=(404,))
def reset(query: models.JobQuery, body: models.WhatToReset) -> models.ResetDone:
    """Begin anew with what the mock started with; or one job, or one key's calls alone."""
    context = admin_context()
    job, key = either("job", query, body), either("api_key", query, body)
    if job is None and key is None:
        context.driver.restart()
    else:
        context.driver.reset(job, key=key)
    return models.ResetDone(reset=True, scenario=context.engine.scenario.name)


@routes.call("POST", "/snapshot", errors=(409, 507))
def save_state(body: models.Nothing) -> models.Saved:  # noqa: ARG001 -- checked to be empty
    """Write the whole state to the file of `serve --save` now."""
    save = admin_context().save
    if save is None:
        text = "this mock was given no file to save its state in"
        raise AdminError(409, "MOCK_P1_NOT_SAVED", text, "start it with mock-p1 serve --save FILE")
    try:
        saved = save()
    except OSError as error:
        text = f"the state cannot be written: {error.strerror or error}"
        raise AdminError(
            507,
            "MOCK_P1_NOT_SAVED",
            text,
            "make room, or let the mock write there; what was saved last is there still",
        ) from None
    return models.Saved(**saved._asdict())


@routes.call("GET", "/next")
def list_failures(query: models.KeyQuery) -> models.FailureQueue:
    """The failures that wait for a call."""
    return views.failure_queue(admin_context().driver.waiting(key=query.api_key))


@routes.call("POST", "/next", errors=(404, 409))
def queue_failure(query: models.KeyQuery, body: models.FailNext) -> models.FailureQueue:
    """Let the next calls of an operation fail, for every key or for one."""
    driver, key = admin_context().driver, either("api_key", query, body)
    what = body.error or body.fault or body.reply or ""
    try:
        driver.fail_next(what, body.times, body.job, on=body.on, key=key)
    except ValueError as error:
        raise AdminError(
            409,
            "MOCK_P1_QUEUE_FULL",
            str(error),
            f"let some calls come, or empty the queue with DELETE {PREFIX}/next",
        ) from None
    return views.failure_queue(driver.waiting())


@routes.call("DELETE", "/next")
def delete_failures(query: models.KeyQuery, body: models.KeyBody) -> models.Deleted:
    """Take the waiting failures back."""
    key = either("api_key", query, body)
    return models.Deleted(deleted=admin_context().driver.forgive(key=key))
