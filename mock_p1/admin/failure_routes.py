"""``/__admin/next``: let the next calls of an operation fail, as an error, a fault or a reply."""

from __future__ import annotations

from mock_p1.admin import PREFIX, models, views
from mock_p1.admin.admin_error import AdminError
from mock_p1.admin.bodies import either
from mock_p1.admin.in_hand import admin_context
from mock_p1.admin.routes import Routes

routes: Routes = Routes()


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
        remedy = f"let some calls come, or empty the queue with DELETE {PREFIX}/next"
        raise AdminError(409, "MOCK_P1_QUEUE_FULL", str(error), remedy) from None
    return views.failure_queue(driver.waiting())


@routes.call("DELETE", "/next")
def delete_failures(query: models.KeyQuery, body: models.KeyBody) -> models.Deleted:
    """Take the waiting failures back."""
    key = either("api_key", query, body)
    return models.Deleted(deleted=admin_context().driver.forgive(key=key))
