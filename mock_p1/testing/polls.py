"""Rows of the journal as tests read them, and the poll timeline that failures and reports print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mock_p1.base.clock import SECOND
from mock_p1.base.durations import format_duration
from mock_p1.contract.operations import RETRAIN_STATUS_CHECK

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from mock_p1.base.clock import Clock
    from mock_p1.engine.journal import Entry

MOST_ROWS: Final = 40
"""A longer timeline is printed without its middle."""

_FIRST, _AROUND = 10, 3
_HEAD = ("", "#", "at", "after", "key", "job", "outcome", "HTTP", "scenario", "then waits for")


@dataclass(frozen=True, slots=True)
class Poll:
    """One request as the mock saw it.

    ``time`` is the mock's date and time (UTC), ``at`` the seconds since the mock began, by its
    clock. ``operation`` is ``retrain_status`` for a poll, ``result_download``, or None where the
    mock does not imitate what was asked. ``api_key`` is masked. Of ``status``, ``error`` and
    ``fault`` at most one is there; none where the answer was literal. ``source`` is the scenario's
    ``file:line``. ``waits_for`` is what the job waited for after this poll, None if for nothing.
    ``notes`` say where the request departs from the documented one.
    """

    number: int
    time: datetime
    operation: str | None
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
    moment: int
    """Nanoseconds since the mock began: ``at``, exactly."""
    retry_after: int | None
    """How long the answer asked the client to wait, in nanoseconds; None where it did not."""
    caller: int
    """The same for the same API key, also where different ones look alike when masked.

    Says nothing else.
    """
    stays: bool
    """Whether the job is at the end of its timeline."""

    def __repr__(self) -> str:
        """Tell what a reader of a failed test looks for, and leave out what there is not."""
        names = ("job_id",) if self.operation == RETRAIN_STATUS_CHECK.name else ("method", "path")
        names = (
            "number",
            "at",
            *names,
            "status",
            "error",
            "fault",
            "http_status",
            "source",
            "waits_for",
            "notes",
        )
        shown = ((name, getattr(self, name)) for name in names)
        return f"Poll({', '.join(f'{name}={value!r}' for name, value in shown if value not in (None, ()))})"

    @property
    def at(self) -> float:
        """Seconds since the mock began, by its clock."""
        return self.moment / SECOND

    @property
    def outcome(self) -> str:
        """The status, error or fault that was shown, or the HTTP status where the answer was literal."""
        return self.status or self.error or self.fault or f"HTTP {self.http_status}"

    @property
    def series(self) -> tuple[str | None, int]:
        """What intervals are measured within: the polls of one job by one API key."""
        return self.job_id, self.caller


def poll_of(entry: Entry, clock: Clock) -> Poll:
    """Turn a row of the journal into a poll."""
    waits_for = entry.waits_for
    return Poll(
        entry.number, clock.date_at(entry.moment_ns), entry.operation, entry.method, entry.path, entry.api_key, entry.job_id,
        entry.status, entry.error, entry.fault, entry.http_status, entry.source, waits_for, entry.notes,
        entry.moment_ns, entry.retry_after_ns, entry.caller, stays=entry.place is not None and waits_for is None,
    )  # fmt: skip


def timeline(
    polls: Sequence[Poll], broke: Iterable[Poll] = (), *, most: int | None = MOST_ROWS
) -> str:
    """Print polls as a table: when, how long after the one before, outcome, where the scenario says so, what comes.

    Intervals are those between polls of one job by one key. ``broke`` are the polls that broke a rule: they get a mark,
    and stay when the middle of more than ``most`` rows is left out.
    """
    marked = {poll.number for poll in broke}
    keys = _labels(polls)
    rows: list[tuple[str, ...]] = [_HEAD]
    before: dict[tuple[str | None, int], int] = {}
    for poll in polls:
        last = before.get(poll.series) if poll.operation == RETRAIN_STATUS_CHECK.name else None
        before[poll.series] = poll.moment
        after = "" if last is None else f"+{format_duration(poll.moment - last)}"
        mark = ">" if poll.number in marked else ""
        rows.append(
            (
                mark,
                str(poll.number),
                format_duration(poll.moment),
                after,
                keys.get(poll.caller, ""),
                *_row(poll),
            )
        )
    if len(keys) < 2:  # noqa: PLR2004 -- one key tells nothing apart
        rows = [row[:4] + row[5:] for row in rows]
    rows = _without_middle(rows, len(polls) if most is None else most)
    shown = {row[1] for row in rows}
    notes = [
        f"#{poll.number}: {note}"
        for poll in polls
        if str(poll.number) in shown
        for note in poll.notes
    ]
    return "\n".join((_print(rows), *notes))


def _row(poll: Poll) -> tuple[str, ...]:
    is_poll = poll.operation == RETRAIN_STATUS_CHECK.name
    return (
        (poll.job_id or "-") if is_poll else f"{poll.method} {poll.path}",
        poll.outcome,
        str(poll.http_status or "-"),
        poll.source,
        "nothing: stays" if poll.stays else poll.waits_for or "-",
    )


def _labels(polls: Iterable[Poll]) -> dict[int, str]:
    """Return what to call each caller of polls: the masked key, numbered where two look alike."""
    masked = {
        poll.caller: poll.api_key or "-"
        for poll in polls
        if poll.operation == RETRAIN_STATUS_CHECK.name
    }
    seen: dict[str, int] = {}
    labels = {}
    for caller, text in masked.items():
        seen[text] = seen.get(text, 0) + 1
        labels[caller] = text if seen[text] == 1 else f"{text} ({seen[text]})"
    return labels


def _without_middle(rows: list[tuple[str, ...]], most: int) -> list[tuple[str, ...]]:
    """Leave out rows between the first ones and the last, but none that is marked, nor its neighbours."""
    count = len(rows) - 1
    if count <= most:
        return rows
    keep = {*range(_FIRST + 1), *range(count + 1 - (most - _FIRST), count + 1)}
    for index in [index for index, row in enumerate(rows) if row[0] == ">"][:most]:
        keep.update(range(index - _AROUND, index + _AROUND + 1))
    shown: list[tuple[str, ...]] = []
    left_out = 0
    for index, row in enumerate(rows):
        if index not in keep:
            left_out += 1
            continue
        if left_out:
            shown.append(("", f"… {left_out} more"))
            left_out = 0
        shown.append(row)
    return shown


def _print(rows: list[tuple[str, ...]]) -> str:
    whole = [row for row in rows if len(row) > 2]  # noqa: PLR2004 -- the others stand for rows left out
    widths = [max(len(row[column]) for row in whole) for column in range(len(whole[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip()
        for row in rows
    )
