"""``/__admin/clock`` and ``/__admin/reset``: move time, stop it, let it run faster; begin anew."""

from __future__ import annotations

from mock_p1.admin import models, views
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
        remedy = 'move it with {"advance": "90s"}'
        raise AdminError(409, "MOCK_P1_VIRTUAL_CLOCK", str(error), remedy) from None
    if body.advance is not None:
        driver.advance(body.advance)
    return show_clock()


@routes.call("POST", "/reset", errors=(404,))
def reset(query: models.ResetQuery, body: models.WhatToReset) -> models.ResetDone:
    """Begin anew with what the mock started with; or one job, or one key's calls alone."""
    context = admin_context()
    job, key = either("job", query, body), either("api_key", query, body)
    if job is None and key is None:
        context.driver.restart()
    else:
        context.driver.reset(job, key=key)
    return models.ResetDone(reset=True, scenario=context.engine.scenario.name)
