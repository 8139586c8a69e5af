"""What is wrong with a client's uploads, downloads and switches, in words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mock_p1.analysis.polls import Poll, in_words, named
from mock_p1.base.text import plural
from mock_p1.engine.conditional import PARTIAL
from mock_p1.engine.file_store import IS_A_FORM
from mock_p1.engine.journal import NOT_TAKEN
from mock_p1.engine.receiver import BROKEN_OFF

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mock_p1.testing.uploaded import Upload


def upload_problem(  # noqa: PLR0913 -- what was asked for, and all that is known
    job: str | None,
    uploads: Sequence[Upload],
    calls: Sequence[Poll],
    filename: str | None,
    rows: int | None,
    *,
    stands: str,
) -> str:
    """Say why a job has not been sent this file; nothing where it has.

    ``calls`` may be those of before a reset, ``uploads`` are not. ``stands`` is how a job stands
    that was sent none.
    """
    if job is None:
        was_reset = any(call.complete for call in calls)
        asked = "asked for no {} after the reset" if was_reset else "never asked for an {}"
        return f"the client {asked.format('upload URL')}, so no file was uploaded"
    complete = [upload for upload in uploads if upload.complete]
    if not complete:
        known = {upload.number for upload in uploads}
        forgotten = [call.number for call in calls if call.complete]
        refused = [
            f"call {call.number} was answered {call.outcome}"
            for call in calls
            if call.number not in known and not call.complete
        ]
        tries = [_try(upload, calls) for upload in uploads]
        why = "; ".join(tries + refused) or f"no upload of it was begun{' since' * bool(forgotten)}"
        if forgotten:
            stands = f"was reset after call {forgotten[-1]} had sent its file"
        return f"{named(job)} {stands}: {why}"
    return _wrong_file(job, complete[-1], filename, rows)


def _wrong_file(job: str, last: Upload, filename: str | None, rows: int | None) -> str:
    if filename is not None and last.filename != filename:
        return f"{named(job)} was sent {last.filename!r}; {filename!r} was asked for"
    if rows is not None and last.rows != rows:
        had = (
            f"has {plural(last.rows, 'row')}"
            if last.rows is not None
            else "has no rows that are known"
        )
        notes = "".join(f"; {note}" for note in last.notes)
        return f"{last.filename!r} of {named(job)} {had}; asked for: {rows:,}{notes}"
    if IS_A_FORM in last.notes:
        return f"{last.filename!r} of {named(job)} is no file that can be trained with: {IS_A_FORM}"
    if not last.size:
        return (
            f"{last.filename!r} of {named(job)} came empty, with 0 bytes: had the client read it "
            "to its end before?"
        )
    return ""


def _try(upload: Upload, calls: Sequence[Poll]) -> str:
    call = next((call for call in calls if call.number == upload.number), None)
    size = plural(upload.size, "byte")
    if call is None or call.fault == BROKEN_OFF:
        return f"the client broke off after {size} of {upload.filename!r}"
    return f"call {call.number} was answered {call.outcome} after {size} of {upload.filename!r}"


def download_problem(
    job: str | None, downloads: Sequence[Poll], times: int, labels: Mapping[int, str]
) -> str:
    """Say why the result was not downloaded so many times by each caller; nothing where it was.

    ``labels`` are what the callers are called.
    """
    complete = Counter(call.caller for call in downloads if call.complete)
    if set(complete.values() or [0]) == {times}:
        return ""
    wanted = f"the result of {named(job)} should have been downloaded {in_words(times)}"
    was = f"it was downloaded {in_words(complete.total())}" if complete else "it never was"
    if len(complete) > 1:
        wanted += " by each key"
        by_key = [f"{in_words(count)} by {labels.get(who, '-')}" for who, count in complete.items()]
        was = f"it was downloaded {', '.join(by_key)}"
    also = "".join(f"; {_broken_download(call)}" for call in downloads if not call.complete)
    return f"{wanted}; {was}{also}"


def _broken_download(call: Poll) -> str:
    if NOT_TAKEN in call.notes:
        return f"call {call.number} was not read to its end by the client"
    if call.method == "HEAD":
        return f"call {call.number} asked for the headers alone, by HEAD"
    if call.http_status == PARTIAL:
        return f"call {call.number} was sent a part of it"
    return f"call {call.number} was answered {call.outcome}"


def switch_problem(job: str | None, switches: Sequence[Poll]) -> str:
    """Say why the model was not switched; nothing where it was."""
    if any(call.complete for call in switches):
        return ""
    tries = [f"call {call.number} was answered {call.outcome}" for call in switches]
    why = "; ".join(tries) or "the client never asked for it"
    return f"the model of {named(job)} was not switched: {why}"
