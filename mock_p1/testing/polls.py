"""Rows of the journal as tests read them, and the poll timeline that reports print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mock_p1.core.clock import SECOND
from mock_p1.core.durations import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from mock_p1.core.clock import Clock
    from mock_p1.core.journal import Entry


@dataclass(frozen=True, slots=True)
class Poll:
    """One request as the mock saw it.

    ``time`` is the mock's date and time (UTC), ``at`` the seconds since the mock began, by its clock. ``api_key`` is
    masked. Of ``status``, ``error`` and ``fault`` at most one is there; none where the answer was literal.
    ``source`` is the scenario's ``file:line``; ``waits_for`` what the job waited for after this poll.
    """

    number: int
    time: datetime
    at: float
    method: str
    path: str
    api_key: str
    job_id: str | None
    status: str | None
    error: str | None
    fault: str | None
    http_status: int | None
    source: str
    waits_for: str | None
    notes: tuple[str, ...]

    @property
    def outcome(self) -> str:
        """The status, error or fault that was shown, or the HTTP status where the answer was literal."""
        return self.status or self.error or self.fault or f"HTTP {self.http_status}"


def poll_of(entry: Entry, clock: Clock) -> Poll:
    """Turn a row of the journal into a poll."""
    return Poll(
        entry.number, clock.at(entry.at), entry.at / SECOND, entry.method, entry.path, entry.api_key, entry.job_id,
        entry.status, entry.error, entry.fault, entry.http_status, entry.source, entry.waits_for, entry.notes,
    )  # fmt: skip


def timeline(polls: Sequence[Poll], broke: Iterable[Poll] = ()) -> str:
    """Print polls as a table: time, interval, outcome, where the scenario says so; the ones that broke a rule marked."""
    marked = {poll.number for poll in broke}
    rows = [("", "#", "at", "after", "job", "outcome", "HTTP", "scenario", "then waits for")]
    before: float | None = None
    for poll in polls:
        after = "" if before is None else f"+{format_duration(round((poll.at - before) * SECOND))}"
        before = poll.at
        notes = "".join(f"  ({note})" for note in poll.notes)
        rows.append(
            (
                ">" if poll.number in marked else "", str(poll.number), format_duration(round(poll.at * SECOND)), after,
                poll.job_id or f"{poll.method} {poll.path}", poll.outcome, str(poll.http_status or "-"), poll.source,
                (poll.waits_for or "nothing: stays") + notes,
            )
        )  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
