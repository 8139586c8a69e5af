"""``/__admin/requests``: what was asked and what was answered, filtered, counted, or deleted."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

from mock_p1.admin import models, views
from mock_p1.admin.admin_error import AdminError
from mock_p1.admin.context import admin_context
from mock_p1.admin.routes import Routes
from mock_p1.engine.journal import MAX_ANSWERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_p1.engine.journal import Entry

routes: Routes = Routes()


@routes.call("GET", "/requests")
def list_requests(query: models.EntriesQuery) -> models.Entries:
    """The newest requests that fit."""
    engine = admin_context().engine
    newest: deque[Entry] = deque(maxlen=query.limit)
    count = 0
    for count, entry in enumerate(_fitting(query), 1):  # noqa: B007 -- the last one is the count
        newest.append(entry)
    shown = [views.entry(engine, entry) for entry in newest]
    return models.Entries(count=count, last=engine.journal.last, requests=shown)


@routes.call("GET", "/requests/count")
def count_requests(query: models.EntryFilter) -> models.EntryCount:
    """How many requests fit."""
    return models.EntryCount(count=sum(1 for _ in _fitting(query)))


@routes.call("GET", "/requests/{number}/answer", errors=(404,))
def show_answer(number: str) -> models.PollAnswer:
    """What a poll was answered with; kept of the newest alone."""
    engine = admin_context().engine
    answer = engine.journal.answer(int(number)) if re.fullmatch("[0-9]{1,15}", number) else None
    if answer is None:
        text = "the answer to this request is not kept"
        remedy = f"it is for the newest {MAX_ANSWERS} polls"
        raise AdminError(404, "MOCK_P1_NO_SUCH_ANSWER", text, remedy)
    return views.answer(int(number), answer)


@routes.call("DELETE", "/requests")
def delete_requests(body: models.Nothing) -> models.Deleted:  # noqa: ARG001 -- checked to be empty
    """Forget all requests."""
    return models.Deleted(deleted=admin_context().driver.forget_requests())


def _fitting(asked: models.EntryFilter) -> Iterator[Entry]:
    """Yield the entries that fit every filter, oldest first."""
    wanted = asked.model_dump(exclude_none=True, exclude={"since", "limit", "api_key"})
    for entry in views.of_key(admin_context().engine, asked.api_key):
        facts = {
            "job": entry.job_id,
            "status": entry.status,
            "error": entry.error,
            "fault": entry.fault,
            "outcome": entry.outcome,
            "operation": entry.operation or models.NOT_IMITATED,
            "caller": entry.caller_name,
        }
        if entry.number > asked.since and wanted.items() <= facts.items():
            yield entry
