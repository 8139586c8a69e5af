"""``/__admin/next``: let the next polls fail, with a documented error or with a fault."""

from __future__ import annotations

from mock_p1.admin import PREFIX, models, views
from mock_p1.admin.admin_error import AdminError
from mock_p1.admin.context import admin_context
from mock_p1.admin.routes import Routes

routes: Routes = Routes()


@routes.call("GET", "/next")
def list_failures() -> models.FailureQueue:
    """The failures that wait for a poll."""
    return views.failure_queue(admin_context().engine)


@routes.call("POST", "/next", errors=(404, 409))
def queue_failure(body: models.FailNext) -> models.FailureQueue:
    """Let the next polls fail."""
    try:
        admin_context().driver.fail_next(body.error or body.fault or "", body.times, body.job)
    except ValueError as error:
        remedy = f"let some polls come, or empty the queue with DELETE {PREFIX}/next"
        raise AdminError(409, "MOCK_P1_QUEUE_FULL", str(error), remedy) from None
    return list_failures()


@routes.call("DELETE", "/next")
def delete_failures(body: models.Nothing) -> models.Deleted:  # noqa: ARG001 -- checked to be empty
    """Take the waiting failures back."""
    return models.Deleted(deleted=admin_context().driver.forgive())
