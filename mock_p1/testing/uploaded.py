"""What tests read of each file that a client has sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mock_p1.base.clock import SECOND, Clock
from mock_p1.engine.file_store import Inspection
from mock_p1.oneclock.originals import real

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from mock_p1.engine.journal import Entry
    from mock_p1.engine.uploads import Upload as Facts

LONGEST_WAIT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Upload:
    """One PUT of a file, as the mock saw it.

    Attributes:
        number: Counts the mock's requests, from 1.
        moment: The mock's date and time (UTC) at which the last byte came.
        seconds: The same in seconds since the mock began, by its clock.
        job_id: The job that the file is for.
        caller: The same number for the same caller.
        filename: The name that the client asked for the upload URL with.
        size: How many bytes came.
        complete: Whether all of the file came and was taken; also where only the answer was lost.
        sha256: The SHA-256 of the bytes in hexadecimal digits; None where it is not complete.
        rows: How many rows the table has, without its header; None where that is not known.
        columns: How many columns it has; None likewise.
        content: The bytes; None where they were not kept, or had to go for newer ones.
        notes: Where the request or the file departs from what the manual says, and why it was not
            taken.

    Examples:
        >>> from mock_p1 import mocked
        >>> with mocked("slow-training") as mock:
        ...     mock.uploads()
        []
    """

    number: int
    moment: datetime
    seconds: float
    job_id: str
    caller: int
    filename: str
    size: int
    complete: bool
    sha256: str | None
    rows: int | None
    columns: int | None
    content: bytes | None = field(repr=False)
    notes: tuple[str, ...]


def read_uploads(
    facts: Iterable[Facts], entries: Mapping[int, Entry], clock: Clock
) -> Iterator[Upload]:
    """Yield what is known of uploads, waiting for the notes on all of them ten seconds at most."""
    until = real.monotonic() + LONGEST_WAIT_SECONDS
    for each in facts:
        kept = each.kept
        left_seconds = max(0.0, until - real.monotonic())
        found = Inspection() if kept is None else kept.inspection(left_seconds)
        entry = entries.get(each.number)
        yield Upload(
            number=each.number,
            moment=clock.date_at(each.moment_ns),
            seconds=each.moment_ns / SECOND,
            job_id=each.job_id,
            caller=each.caller.number,
            filename=each.file_name,
            size=each.size,
            complete=each.complete,
            sha256=None if kept is None else kept.sha256,
            rows=found.rows,
            columns=found.columns,
            content=None if kept is None else kept.content(),
            notes=tuple(dict.fromkeys((*(entry.notes if entry else ()), *found.notes))),
        )
