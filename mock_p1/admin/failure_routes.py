"""``/__admin/next``: let the next polls fail, with a documented error or with trouble on the wire."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response

from mock_p1.admin.admin_error import AdminError, bad_body, bad_value
from mock_p1.admin.bodies import json_object, query, text, whole
from mock_p1.admin.context import answer, panel
from mock_p1.base.text import unknown
from mock_p1.contract.errors import DOCUMENTED_ERRORS, FAULTS
from mock_p1.engine.driver import MAX_INJECTED

if TYPE_CHECKING:
    from mock_p1.engine.engine import Engine

_FAIL: Final = (
    '{"error": "job_may_be_deleted"} or {"fault": "timeout", "job": "retrain-001", "times": 3}'
)

routes = Blueprint("failures", __name__)


@routes.get("/next")
def list_next() -> Response:
    """Answer the failures that wait for a poll."""
    query(())
    return answer(queue(panel().engine))


@routes.post("/next")
def fail_next() -> Response:
    """Queue a failure."""
    body = json_object(("error", "fault", "job", "times"), example=_FAIL)
    if ("error" in body) == ("fault" in body):
        raise bad_body("the body must have either error or fault", f"send {_FAIL}")
    _let_fail(body)
    return answer(queue(panel().engine))


@routes.delete("/next")
def forgive() -> Response:
    """Take back the failures that wait."""
    return answer({"deleted": panel().driver.forgive()})


def _let_fail(body: dict[str, Any]) -> None:
    what, known = (
        ("error", tuple(DOCUMENTED_ERRORS)) if "error" in body else ("fault", tuple(FAULTS))
    )
    name = text(body[what], what)
    if name not in known:
        raise bad_value(unknown(what, name, known), f"one of {', '.join(known)}")
    job_id = None if body.get("job") is None else text(body["job"], "job")
    times = whole(body.get("times", 1), "times", 1, MAX_INJECTED)
    try:
        panel().driver.fail_next(name, times, job_id)
    except ValueError as error:
        remedy = "let some polls come, or empty the queue with DELETE /__admin/next"
        raise AdminError(409, "MOCK_P1_QUEUE_FULL", str(error), remedy) from None


def queue(engine: Engine) -> dict[str, Any]:
    """Return the failures that wait for a poll; those alike in a row stand as one."""
    with engine.lock:
        forced = list(engine.state.injected)
    rows = [(alike, sum(1 for _ in group)) for alike, group in groupby(forced)]
    queue = [
        {"error": one.error, "fault": one.fault, "job": one.job_id, "times": times}
        for one, times in rows
    ]
    return {"waiting": len(forced), "queue": queue}
