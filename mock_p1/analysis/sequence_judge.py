"""Judges the order of a client's calls: what each breach is, and which call made it.

A client is judged by what it could know: a call that failed, or whose answer may have been lost,
may be repeated, and what was done by it counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Final, NamedTuple

from mock_p1.contract.errors import CREDENTIAL_ERRORS
from mock_p1.contract.operations import (
    FILE_UPLOAD,
    FINISHED,
    GET_API_KEY,
    RESULT_DOWNLOAD,
    RETRAIN_DATA_UPLOAD,
    RETRAIN_MODEL_SWITCH,
    RETRAIN_STATUS_CHECK,
)
from mock_p1.engine.callers import caller_named
from mock_p1.engine.journal import BY_HAND
from mock_p1.engine.key_leak import is_leak
from mock_p1.engine.receiver import BROKEN_OFF

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mock_p1.engine.engine import Engine
    from mock_p1.engine.journal import Entry

MULTIPLE_CHOICES: Final = 300
NOT_FOUND: Final = 404
FORBIDDEN: Final = 403
MOST_BREACHES: Final = 10


class Breach(NamedTuple):
    """A call that came too early, too late, or with a key that did not belong there."""

    entry: Entry
    what: str


def succeeded(entry: Entry) -> bool:
    """Tell whether a call was answered, whole, with success."""
    return (
        entry.error is None
        and entry.fault is None
        and entry.http_status is not None
        and entry.http_status < MULTIPLE_CHOICES
    )


def acted(entry: Entry) -> bool:
    """Tell whether a call did what it asks for, also where its answer was lost."""
    polled = entry.operation == RETRAIN_STATUS_CHECK.name
    return succeeded(entry) if polled else entry.done is not None


def is_certain(entry: Entry) -> bool:
    """Tell whether the client knows that the call has done its work.

    Whoever waits for an answer that is held back may have given up before it came.
    """
    return succeeded(entry) and acted(entry) and not entry.delay_ns


@dataclass(eq=False, repr=False)
class _Course:
    """How far a job has come, for one caller, as the client can know it."""

    issued: bool = False
    may_be_sent: bool = False
    is_sent: bool = False
    finished_ns: float = inf
    is_switched: bool = False
    done: Entry | None = None
    last: int = 0
    polls: list[Entry] = field(default_factory=list)

    def restart(self) -> None:
        """Begin anew, after a reset."""
        self.may_be_sent = self.is_sent = self.is_switched = False
        self.finished_ns, self.done = inf, None


class _Judge:
    """Goes through the journal once, and keeps how far each job has come for each caller."""

    def __init__(self, engine: Engine) -> None:
        with engine.lock:
            self._entries = list(engine.journal)
            self._let_go = engine.played_after  # a swap lets answers come that are held back
            self._owners = {
                caller_named(key.api_key).number: key.caller.number
                for key in engine.state.issued
                if not engine.state.keyring.declares(key.api_key)
            }
            self._was_reset = engine.state.resets > 0
            self._forgotten = {*engine.journal.forgotten()}
            if self._forgotten and engine.journal.totals.unassigned:  # anybody's, about any job
                self._forgotten |= {(each.job_id, each.caller) for each in self._entries}
        self._journal = engine.journal
        self._knows = engine.state.directory.find
        self._with_key = {caller for job_id, caller in self._forgotten if job_id is None}
        self._finished = {job_id for job_id, _ in self._forgotten}
        self._courses: dict[tuple[int, str], _Course] = {}
        self._rules: dict[str, Callable[[Entry, _Course], Iterator[Breach]]] = {
            RETRAIN_DATA_UPLOAD.name: self._issue,
            FILE_UPLOAD.name: self._upload,
            RETRAIN_STATUS_CHECK.name: self._poll,
            RESULT_DOWNLOAD.name: self._finish,
            RETRAIN_MODEL_SWITCH.name: self._finish,
        }

    def breaches(self) -> Iterator[Breach]:
        """Yield every call that broke the order, as it is found: a poll may be judged late.

        What may stand in calls that the journal has forgotten is let pass.
        """
        for entry in self._entries:
            if BY_HAND in entry.notes:
                continue
            if any(map(is_leak, entry.notes)):
                yield Breach(entry, "sent a key to the URL of a file; another host then has it")
            owner = self._owners.get(entry.caller)
            if owner is not None and owner not in self._with_key:
                yield Breach(entry, "used an API key before Get API Key had issued it")
            is_issued = entry.operation == GET_API_KEY.name and acted(entry)
            if is_issued and self._journal.is_judged(entry):
                self._with_key.add(entry.caller)
            if entry.job_id is not None and entry.operation in self._rules:
                course = self._course(entry, entry.job_id)
                yield from self._rules[entry.operation](entry, course)
                course.last = entry.number

    def _course(self, entry: Entry, job_id: str) -> _Course:
        course = self._courses.setdefault((entry.caller, job_id), _Course())
        if course.last <= self._journal.begun_after(job_id, entry.caller) < entry.number:
            course.restart()
            course.issued &= course.last > self._journal.begun_after(None, entry.caller)
        return course

    def _issue(self, entry: Entry, course: _Course) -> Iterator[Breach]:
        if not acted(entry):
            return
        if not course.issued and self._knows(entry.job_id or "") is None:
            for poll in course.polls:
                yield Breach(poll, f"polled job {entry.job_id!r} before it was issued")
        course.restart()
        course.issued = True

    def _upload(self, entry: Entry, course: _Course) -> Iterator[Breach]:
        refused = entry.http_status == FORBIDDEN and entry.error is None
        if course.is_sent and (acted(entry) or refused):
            yield Breach(entry, f"sent the file of job {entry.job_id!r} again")
        # a refused file tells the client of one whose answer was lost
        course.is_sent |= is_certain(entry) or (refused and course.may_be_sent)
        lost = entry.fault not in (None, BROKEN_OFF)  # the client cannot know what was done
        course.may_be_sent |= acted(entry) or succeeded(entry) or lost

    def _poll(self, entry: Entry, course: _Course) -> Iterator[Breach]:
        if not course.issued:
            course.polls.append(entry)
        if course.issued and not course.may_be_sent:
            yield Breach(entry, f"polled job {entry.job_id!r} before its upload was complete")
        if course.done is not None:
            what = "download" if course.done.operation == RESULT_DOWNLOAD.name else "switch"
            yield Breach(
                entry,
                f"polled job {entry.job_id!r} after its {what} (call {course.done.number}) was "
                "complete",
            )
        if entry.shown_status == FINISHED and entry.was_awaited:
            held_ns = entry.delay_ns if entry.number > self._let_go else 0
            course.finished_ns = min(course.finished_ns, entry.moment_ns + held_ns)
            self._finished.add(entry.job_id or "")

    def _finish(self, entry: Entry, course: _Course) -> Iterator[Breach]:
        """Judge a download or a switch."""
        shown = course.finished_ns <= entry.moment_ns  # an answer that is held back is not seen yet
        shown |= (entry.job_id, entry.caller) in self._forgotten
        if entry.http_status == NOT_FOUND or entry.error in CREDENTIAL_ERRORS:
            # nobody can say whose call this is
            shown |= entry.job_id in self._finished
            shown |= self._was_reset and entry.operation == RESULT_DOWNLOAD.name
        if not shown:
            did = "downloaded" if entry.operation == RESULT_DOWNLOAD.name else "switched to"
            yield Breach(entry, f"{did} job {entry.job_id!r} before a poll had shown {FINISHED}")
        if entry.operation == RETRAIN_MODEL_SWITCH.name:
            if course.is_switched:
                yield Breach(entry, f"switched to job {entry.job_id!r} again")
            course.is_switched |= is_certain(entry)
        # after a call that failed, or may have, a client may look again
        course.done = entry if is_certain(entry) else None


def breaches(engine: Engine) -> list[Breach]:
    """Return every call that broke the order of the sequence, oldest first."""
    found = (each for each in _Judge(engine).breaches() if engine.journal.is_judged(each.entry))
    return sorted(found, key=lambda breach: breach.entry.number)


def sequence_problem(breaches: Sequence[Breach]) -> str:
    """Say which calls broke the order of the sequence, each kind of breach once."""
    kinds: dict[str, list[int]] = {}
    for breach in breaches:
        kinds.setdefault(breach.what, []).append(breach.entry.number)
    rows = [
        f"call {first} {what}{f' (and {len(more)} more)' if more else ''}"
        for what, (first, *more) in list(kinds.items())[:MOST_BREACHES]
    ]
    return "\n".join(rows)
