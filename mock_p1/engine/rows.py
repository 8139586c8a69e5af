"""Writes the rows of the journal: a poll that saw its job, and every other request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypedDict, Unpack

from mock_p1.base.messages import Reply
from mock_p1.base.text import mask
from mock_p1.contract.operations import (
    API_KEY_HEADER,
    RETRAIN_STATUS_CHECK,
    Operation,
    is_placeholder,
)
from mock_p1.engine.journal import Entry
from mock_p1.engine.not_imitated import shown

if TYPE_CHECKING:
    from mock_p1.base.messages import Fault, Request
    from mock_p1.engine.job_states import JobState
    from mock_p1.engine.program import ProgramStep
    from mock_p1.engine.timeline import Plan, State

_POLL: Final = RETRAIN_STATUS_CHECK.name


def poll_row(  # noqa: PLR0913, PLR0917 -- all that is known of a poll; by position, for speed
    number: int,
    request: Request,
    record: JobState,
    at: ProgramStep,
    reply: Reply | Fault,
    place: tuple[Plan, State],
) -> Entry:
    """Return the row of a poll that saw a step.

    Every poll passes here: nothing is made that is known already.
    """
    plain = not (request.query or request.has_body or record.evicted or "{" in record.job_id)
    return Entry._make((  # half the time of calling Entry
        number, record.last_ns, request.method, request.path, record.masked, _POLL, record.job_id,
        at.http_status or (reply.status if isinstance(reply, Reply) else None), at.status, at.error, at.fault,
        at.source, place, () if plain else _notes(request, record.job_id) + _made_way(record), record.caller,
        at.asked_wait_ns,
    ))  # fmt: skip


def _made_way(record: JobState) -> tuple[str, ...]:
    """Say once which job was forgotten for this one."""
    evicted, record.evicted = record.evicted, ""
    if not evicted:
        return ()
    return (
        f"too many jobs that only a pattern knows: {shown(evicted)}, polled the longest ago, begins anew",
    )


class More(TypedDict, total=False):
    """What a row may say beside when, what and where.

    ``operation`` is the poll where it is left out.
    """

    operation: Operation | None
    job_id: str | None
    api_key: str
    error: str | None
    fault: str | None
    notes: tuple[str, ...]
    retry_after_ns: int | None


def row(
    number: int, now: int, request: Request, reply: Reply | Fault, source: str, **more: Unpack[More]
) -> Entry:
    """Return the row of any other request.

    A client may send what it likes: what is very long is cut, as the journal is bounded by rows,
    not by bytes.
    """
    operation, job_id = more.get("operation", RETRAIN_STATUS_CHECK), more.get("job_id")
    api_key = more.get("api_key", "")
    return Entry(
        number, now, shown(request.method), shown(request.path), mask(api_key), operation.name if operation else None,
        None if job_id is None else shown(job_id), reply.status if isinstance(reply, Reply) else None, None,
        more.get("error"), more.get("fault"), source, None, more.get("notes", ()) + _notes(request, job_id),
        hash(api_key), more.get("retry_after_ns"),
    )  # fmt: skip


def _notes(request: Request, job_id: str | None) -> tuple[str, ...]:
    """Say where a request departs from the documented one."""
    notes = []
    if request.query:
        notes.append("has a query string; the API documents none")
    if request.has_body:
        notes.append("has a body; the API documents none")
    if len(request.api_keys) > 1 or any("," in key for key in request.api_keys):
        notes.append(f"has more than one {API_KEY_HEADER}")
    if job_id is not None and is_placeholder(job_id):
        notes.append("its retrain_job_id looks like a placeholder that was not filled in")
    return tuple(notes)
