"""Requests as a table, printed by failing assertions and by the report of a failing test."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from mock_p1.base.durations import format_duration
from mock_p1.base.text import in_one_line, plural
from mock_p1.contract.operations import OPERATIONS, RETRAIN_STATUS_CHECK
from mock_p1.engine.receiver import BROKEN_OFF

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from mock_p1.engine.journal import Entry
    from mock_p1.engine.uploads import Upload

MOST_ROWS: Final = 40
"""A longer table is printed without its middle, once equal rows have become one."""

_FIRST, _AROUND = 10, 3
_LEAST_EQUAL = 3
_Row = tuple[str, ...]


def is_poll(entry: Entry) -> bool:
    """Tell whether the request asked for the status of a job."""
    return entry.operation == RETRAIN_STATUS_CHECK.name


def poll_table(
    entries: Sequence[Entry],
    marked: Container[int] = (),
    *,
    most: int | None = MOST_ROWS,
    uploads: Mapping[int, Upload] | None = None,
) -> str:
    """Print requests: when, how long after the one before, outcome, scenario line, what comes.

    Intervals are those between polls of one job by one key. ``marked`` are the numbers of the
    entries that broke a rule: they get a mark, and stay when equal rows become one, and the middle
    of more than ``most`` rows is left out; where that is None, all stay. ``uploads`` are the files
    that came, by the numbers of their entries.
    """
    labels = key_labels(entries)
    rows: list[_Row] = [
        ("", "#", "at", "after", "key", "job", "outcome", "HTTP", "scenario", "then the job is at")
    ]
    before: dict[tuple[str | None, int], int] = {}
    for entry in entries:
        series = entry.job_id, entry.caller
        last = before.get(series) if is_poll(entry) else None
        if is_poll(entry):
            before[series] = entry.moment_ns
        after = "" if last is None else f"+{format_duration(entry.moment_ns - last)}"
        mark = ">" if entry.number in marked else ""
        moment = format_duration(entry.moment_ns)
        key = labels.get(entry.caller, "")
        rows.append((mark, str(entry.number), moment, after, key, *_cells(entry, uploads or {})))
    if len(labels) < 2:  # noqa: PLR2004 -- one key tells nothing apart
        rows = [row[:4] + row[5:] for row in rows]
    if most is not None:
        rows = _without_middle(_without_equal(rows, entries), most)
    shown = {row[1] for row in rows}
    notes = [
        f"#{entry.number}: {in_one_line(note)}"
        for entry in entries
        if str(entry.number) in shown
        for note in dict.fromkeys((*entry.notes, *_file_notes((uploads or {}).get(entry.number))))
    ]
    return "\n".join((_print(rows), *notes))


def _file_notes(upload: Upload | None) -> tuple[str, ...]:
    return () if upload is None else upload.notes(timeout_seconds=0.2)


def _cells(entry: Entry, uploads: Mapping[int, Upload]) -> tuple[str, ...]:
    what = (entry.job_id or "-") if entry.operation else f"{entry.method} {entry.path}"
    outcome = (
        f"{_called(entry, entry.operation)}: {_call_outcome(entry, uploads.get(entry.number))}"
        if entry.operation and not is_poll(entry)
        else entry.outcome
    )
    return what, outcome, str(entry.http_status or "-"), entry.source, entry.then or "-"


def _called(entry: Entry, operation: str) -> str:
    """Name a call, with its method where that is another one than documented: HEAD."""
    method = "" if entry.method == OPERATIONS[operation].method else f" by {entry.method}"
    return f"{operation}{method}"


def _call_outcome(entry: Entry, upload: Upload | None) -> str:
    """Say what came of a call that is no poll."""
    if upload is not None and entry.fault == BROKEN_OFF:
        size = plural(upload.size, "byte")
        return f"{upload.file_name} broke off after {size}"
    if entry.done is None:
        return entry.outcome
    done = entry.done if upload is None else _size_in_words(upload)
    return done if entry.fault is None and entry.error is None else f"{done}; then {entry.outcome}"


def _size_in_words(upload: Upload) -> str:
    """Say the name of a file, its size, and its rows where they are known already."""
    rows = upload.kept.inspection(0).rows if upload.kept is not None else None
    table = "" if rows is None else f", {plural(rows, 'row')}"
    return f"{upload.file_name}, {plural(upload.size, 'byte')}{table}"


def key_labels(entries: Iterable[Entry]) -> dict[int, str]:
    """Return what to call each caller: the masked key, numbered where two look alike.

    The key that it sent last; a link is sent none.
    """
    masked: dict[int, str] = {}
    for entry in entries:
        if entry.operation and not (entry.caller in masked and OPERATIONS[entry.operation].link):
            masked[entry.caller] = entry.api_key or "-"
    seen: dict[str, int] = {}
    labels = {}
    for caller, text in masked.items():
        seen[text] = seen.get(text, 0) + 1
        labels[caller] = text if seen[text] == 1 else f"{text} ({seen[text]})"
    return labels


def _without_equal(rows: list[_Row], entries: Sequence[Entry]) -> list[_Row]:
    """Let one line stand for rows in a row that say the same, but for those at both ends."""
    notes: list[tuple[str, ...]] = [(), *(entry.notes for entry in entries)]
    moments = [0, *(entry.moment_ns for entry in entries)]
    says = [(row[4:-1], notes[index]) for index, row in enumerate(rows)]
    near = _near_marked(rows)
    inside = [
        0 < index < len(rows) - 1 and says[index - 1] == says[index] == says[index + 1]
        and index not in near
        for index in range(len(rows))
    ]  # fmt: skip
    shown: list[_Row] = []
    for is_inside, group in groupby(range(len(rows)), inside.__getitem__):
        indices = list(group)
        if not is_inside or len(indices) < _LEAST_EQUAL:
            shown.extend(rows[index] for index in indices)
            continue
        gaps = [moments[index] - moments[index - 1] for index in indices]
        least, longest = format_duration(min(gaps)), format_duration(max(gaps))
        apart = least if least == longest else f"{least} to {longest}"
        shown.append(("", f"… {len(indices)} equal, {apart} apart"))
    return shown


def _near_marked(rows: list[_Row], most: int = MOST_ROWS) -> set[int]:
    """Return the indices of the marked rows and their neighbours."""
    marked = [index for index, row in enumerate(rows) if row[0] == ">"][:most]
    return {near for index in marked for near in range(index - _AROUND, index + _AROUND + 1)}


def _without_middle(rows: list[_Row], most: int) -> list[_Row]:
    """Leave out rows in the middle, but none that is marked, nor its neighbours."""
    count = len(rows) - 1
    if count <= most:
        return rows
    keep = {*range(_FIRST + 1), *range(count + 1 - (most - _FIRST), count + 1)}
    keep |= _near_marked(rows, most)
    shown: list[_Row] = []
    for is_kept, group in groupby(range(len(rows)), keep.__contains__):
        some = [rows[index] for index in group]
        if is_kept:
            shown += some
        else:
            left_out = sum(1 if _is_whole(row) else int(row[1].split()[1]) for row in some)
            shown.append(("", f"… {left_out} more"))
    return shown


def _is_whole(row: _Row) -> bool:
    """Tell whether a row is a request; else it stands for some that are left out."""
    return len(row) > 2  # noqa: PLR2004 -- a mark and a text


def _print(rows: list[_Row]) -> str:
    rows = [tuple(map(in_one_line, row)) for row in rows]
    whole = [row for row in rows if _is_whole(row)]
    widths = [max(map(len, column)) for column in zip(*whole, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip()
        for row in rows
    )
