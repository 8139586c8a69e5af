"""``/__admin/requests``: what was asked and what was answered, filtered, counted, or forgotten."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response

from mock_p1.admin import views
from mock_p1.admin.bodies import MAX_DIGITS, json_object, number_in_query, query
from mock_p1.admin.context import answer, panel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_p1.engine.journal import Entry, Journal

FILTERS: Final = ("job", "status", "error", "fault", "outcome", "operation", "since")
DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 10_000

UNEXPECTED: Final = "none"
"""How the filter names requests that belong to no operation, because the mock does not imitate them."""

routes = Blueprint("requests", __name__)


@routes.get("/requests")
def list_requests() -> Response:
    """Answer the newest requests that fit."""
    asked = query((*FILTERS, "limit"))
    limit = number_in_query(asked, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
    newest: deque[Entry] = deque(maxlen=limit)
    count = 0
    for entry in _fitting(panel().engine.journal, asked):
        newest.append(entry)
        count += 1
    rows = [views.request(panel().engine, entry) for entry in newest]
    return answer({"count": count, "last": panel().engine.journal.last, "requests": rows})


@routes.get("/requests/count")
def count_requests() -> Response:
    """Answer how many requests fit."""
    asked = query(FILTERS)
    return answer({"count": sum(1 for _ in _fitting(panel().engine.journal, asked))})


@routes.delete("/requests")
def forget_requests() -> Response:
    """Empty the journal."""
    query(())
    json_object((), example="{}")
    return answer({"deleted": panel().driver.forget_requests()})


def _fitting(journal: Journal, asked: dict[str, str]) -> Iterator[Entry]:
    """Yield the rows that fit every filter, oldest first.

    ``since`` is a row's number: only later ones fit.
    """
    since = number_in_query(asked, "since", 0, 0, 10**MAX_DIGITS - 1)
    for entry in journal:
        row = {
            "job": entry.job_id,
            "status": entry.status,
            "error": entry.error,
            "fault": entry.fault,
            "outcome": entry.outcome,
            "operation": entry.operation or UNEXPECTED,
        }
        if entry.number > since and all(
            row[name] == value for name, value in asked.items() if name in row
        ):
            yield entry
