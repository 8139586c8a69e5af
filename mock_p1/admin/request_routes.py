"""``/__admin/requests``: what was asked and what was answered, filtered, counted, or deleted."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from mock_p1.admin import models, views
from mock_p1.admin.admin_error import AdminError
from mock_p1.admin.in_hand import admin_context
from mock_p1.admin.routes import Routes
from mock_p1.base.messages import json_bytes
from mock_p1.engine.callers import caller_name, stand_ins
from mock_p1.engine.journal import MAX_ANSWERS, Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mock_p1.engine.totals import Kind


routes: Routes = Routes()


@routes.call("GET", "/requests")
def list_requests(query: models.EntriesQuery) -> models.Entries:
    """The newest requests that fit."""
    engine = admin_context().engine
    fitting = [*_fitting(query)]
    shown = [views.entry(engine, entry) for entry in fitting[-query.limit :]]
    return models.Entries(count=len(fitting), last=engine.journal.last, requests=shown)


@routes.call("GET", "/requests/count")
def count_requests(query: models.EntryFilter) -> models.EntryCount:
    """How many requests fit: since the last reset, also those that the journal has dropped.

    With `since`, those that the journal has.
    """
    if query.since:
        return models.EntryCount(count=sum(1 for _ in _fitting(query)))
    count = sum(since_reset for _, since_reset, _ in _kinds(query))
    return models.EntryCount(count=count, **_unassigned())


@routes.call("GET", "/requests/totals")
def show_totals(query: models.TotalsQuery) -> models.Totals:
    """How many requests there were, by key, job, operation and outcome, the most first.

    Counted whatever the journal keeps; since the last reset, and since the mock's start.
    """
    found: Counter[tuple[str, str | None, str, str]] = Counter()
    recent: Counter[tuple[str, str | None, str, str]] = Counter()
    for kind, since_reset, since_start in _kinds(query):
        operation = kind.operation or models.NOT_IMITATED
        row = (caller_name(kind.caller), kind.job_id, operation, kind.outcome)
        found[row] += since_start
        recent[row] += since_reset
    rows = [
        models.TotalRow(
            caller=row[0], job_id=row[1], operation=row[2], outcome=row[3],
            since_reset=recent[row], since_start=count,
        )
        for row, count in found.most_common(query.limit)
    ]  # fmt: skip
    return models.Totals(
        since_reset=recent.total(),
        since_start=found.total(),
        kinds=len(found),
        totals=rows,
        **_unassigned(),
    )


@routes.call("GET", "/requests/export", content_type="application/x-ndjson")
def export_requests(query: models.ExportQuery) -> bytes:
    """The oldest requests that fit, one JSON object a line; the next ones by `since`."""
    engine = admin_context().engine
    shown = (models.plain(views.entry(engine, e)) for e in islice(_fitting(query), query.limit))
    return b"".join(json_bytes(row) + b"\n" for row in shown)


@routes.call("GET", "/requests/{number}/answer", errors=(404,))
def show_answer(number: str) -> models.PollAnswer:
    """What a poll was answered with; kept of the newest alone."""
    engine = admin_context().engine
    answer = engine.journal.answer(int(number)) if re.fullmatch("[0-9]{1,15}", number) else None
    if answer is None:
        raise AdminError(
            404,
            "MOCK_P1_NO_SUCH_ANSWER",
            "the answer to this request is not kept",
            f"it is for the newest {MAX_ANSWERS} polls",
        )
    return views.answer(int(number), answer)


@routes.call("DELETE", "/requests")
def delete_requests(body: models.Nothing) -> models.Deleted:  # noqa: ARG001 -- checked to be empty
    """Forget all requests."""
    return models.Deleted(deleted=admin_context().driver.forget_requests())


def _fitting(asked: models.EntryFilter) -> Iterator[Entry]:
    """Return the entries that fit every filter, oldest first."""
    fits, theirs = _filter(asked), views.of_key(admin_context().engine, asked.api_key)
    return (entry for entry in theirs if entry.number > asked.since and fits(entry))


def _kinds(asked: models.FilesQuery) -> list[tuple[Kind, int, int]]:
    """Return the kinds of requests that fit every filter, with their counts."""
    engine, fits, key = admin_context().engine, _filter(asked), asked.api_key
    with engine.lock:
        kinds = iter(engine.journal.totals)
        whose = None if key is None else engine.state.issued.stand_in(key)
    return [row for row in kinds if fits(row[0]) and whose in (None, *stand_ins(row[0].caller))]


def _unassigned() -> dict[str, int]:
    """Return how many requests are counted without caller and job, where there are any."""
    engine = admin_context().engine
    with engine.lock:
        count = engine.journal.totals.unassigned
    return {"unassigned": count} if count else {}


def _filter(asked: models.FilesQuery) -> Callable[[Entry | Kind], bool]:
    """Return what tells whether a request is one of those that are asked for."""
    wanted = asked.model_dump(exclude_none=True, exclude={"since", "limit", "api_key"})

    def fits(row: Entry | Kind) -> bool:
        """Tell whether every filter that was given fits."""
        facts = {
            "job": row.job_id,
            "status": row.status,
            "error": row.error,
            "fault": row.fault,
            "outcome": row.outcome,
            "operation": row.operation or models.NOT_IMITATED,
            "caller": caller_name(row.caller),
        }
        return wanted.items() <= facts.items()

    return fits
