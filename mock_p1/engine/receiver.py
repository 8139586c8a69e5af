"""A file on its way in: the bytes go to the store, the act is done when the last one has come."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol

from mock_p1.base.messages import Fault, Reply
from mock_p1.base.text import plural
from mock_p1.contract.operations import OPERATIONS
from mock_p1.engine import file_upload
from mock_p1.engine.call import Call, Outcome, plain_request, request_of
from mock_p1.engine.callers import caller_named
from mock_p1.engine.failures import element_outcome, no_act
from mock_p1.engine.faults import says_success
from mock_p1.engine.file_store import IncomingFile, KeptFile, StoreFullError
from mock_p1.engine.job_states import CreatedJob
from mock_p1.engine.journal import Journal, call_entry
from mock_p1.engine.key_leak import form_leaks
from mock_p1.engine.not_imitated import file_too_large, no_link, no_room
from mock_p1.engine.program import CallProgramStep
from mock_p1.scenario.calls import FaultCall
from mock_p1.scenario.kept import as_data, from_data

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from threading import Lock

    from mock_p1.base.clock import Clock
    from mock_p1.engine.mock_state import MockState
    from mock_p1.engine.repeats import Repeats


BROKEN_OFF: Final = "broken_off"
"""What the journal calls an upload that the client broke off."""


class EngineParts(Protocol):
    """What a receiver needs of the engine."""

    state: MockState
    journal: Journal
    clock: Clock
    lock: Lock
    repeats: Repeats


def _element(step: Any, source: str, turn: tuple[int, int]) -> CallProgramStep:  # noqa: ANN401 -- any data
    return CallProgramStep(from_data(step), source, (turn[0], turn[1]))


class End(NamedTuple):
    """How the body of an upload ended, after how many bytes.

    ``why`` says what is full, ``notes`` which fields of a form have given a key away, and what
    is odd in a small file.
    """

    how: Literal["whole", "struck", "too_large", "no_room", "broken_off"]
    size: int
    why: str = ""
    notes: Sequence[str] = ()


class Receiver:
    """Takes the body of one upload in pieces; safe to be called from any one thread at a time.

    ``write`` returns an answer where nothing more need be read, else None; after the last piece
    comes ``finish``, and ``abort`` where the client has gone before.
    """

    def __init__(
        self, engine: EngineParts, call: Call, element: CallProgramStep | None, length: int | None
    ) -> None:
        """Begin to take the file of a call.

        Args:
            engine: Whose call it is.
            call: The call, admitted.
            element: What it meets under ``calls:``.
            length: How long the body is said to be; None where nothing is said.
        """
        self._engine, self._call, self._element = engine, call, element
        self._created = call.job.created if call.job is not None else None
        self._file: IncomingFile | None = None
        self._size = 0
        self._form = form_leaks(call.request, engine.state.knows_key)
        self.ended: Callable[[End, KeptFile | None], Reply | Fault] = self.conclude
        """What is done with the end; a mock that shares its state lets all processes conclude."""
        step = element.step if element is not None else None
        self._strikes: bool = isinstance(step, FaultCall) and not (
            step.done or says_success(step.fault, call.operation)
        )
        self._strikes_at = length // 2 if self._strikes and length else sys.maxsize
        self.decides_at: int = min(self._strikes_at, engine.state.store.limit_bytes + 1)
        """After how many bytes the answer may be known: hand over what has come by then."""

    def saved(self) -> dict[str, Any]:
        """Return what the end of the upload needs, as plain data."""
        call, element = self._call, self._element
        job = call.job
        return {
            "request": plain_request(call.request),
            "now_ns": call.now_ns,
            "caller": call.caller.name,
            "notes": call.notes,
            "job": job and [job.caller.name, job.job_id],
            "is_wanted": self._is_wanted(),
            "element": element and [as_data(element.step), element.source, element.turn],
        }

    @classmethod
    def restored(cls, engine: EngineParts, saved: dict[str, Any]) -> Receiver:
        """Return one that waits for the end of an upload which began elsewhere."""
        request = request_of(saved["request"])
        found = OPERATIONS.match(request.path)
        if found is None:
            raise LookupError(request.path)
        operation = found.operations[request.method]
        caller, job = caller_named(saved["caller"]), None
        if saved["job"] is not None:
            name, job_id = saved["job"]
            job = engine.state.jobs.get(caller_named(name), job_id)
        call = Call(request, operation, found.parameters, saved["now_ns"], request.api_key, caller)
        call.job, call.notes = job, [*saved["notes"]]
        made = cls(engine, call, saved["element"] and _element(*saved["element"]), None)
        if not saved["is_wanted"]:
            made._created = CreatedJob(0, "")
        return made

    def write(self, data: bytes) -> Reply | Fault | None:
        """Take the next bytes."""
        if self._form is not None:
            self._form.look(data)
        self._size = min(self._size + len(data), self.decides_at)
        if self._size >= self._strikes_at:
            return self._end("struck")
        if self._size > self._engine.state.store.limit_bytes:
            return self.refuse_size()
        try:
            self._open().write(data)
        except StoreFullError as error:
            return self._end("no_room", str(error))
        return None

    def refuse_size(self) -> Reply | Fault:
        """Answer a file that is larger than the mock takes, or is said to be."""
        return self._end("too_large")

    def finish(self) -> Reply | Fault:
        """Say that all of the body has come; return the answer."""
        if self._strikes:
            return self._end("struck")
        try:
            kept = self._open().finish()
        except StoreFullError as error:
            return self._end("no_room", str(error))
        self._file = None
        found = kept.inspection(0).notes if kept.is_looked_at else ()
        return self.ended(End("whole", self._size, "", (*self._leaks(), *found)), kept)

    def abort(self, rest: bytes = b"") -> Reply | Fault:
        """Say that the client broke off before the body's end, after ``rest``; nobody is there."""
        self._size += len(rest)
        if self._form is not None:
            self._form.look(rest)
        return self._end("broken_off")

    def take(self, pieces: Iterable[bytes], *, is_whole: bool = True) -> Reply | Fault:
        """Take all of a body, which need not be whole; return the answer.

        What the reading of a piece raises is raised: then the client has gone.
        """
        try:
            for piece in pieces:
                if (answer := self.write(piece)) is not None:
                    return answer
            return self.finish() if is_whole else self.abort()
        except BaseException:
            self.abort()
            raise

    def conclude(self, end: End, kept: KeptFile | None) -> Reply | Fault:
        """Do what the end of the body leads to; return the answer."""
        with self._engine.lock:
            self._size = end.size
            self._call.notes.extend(end.notes)
            outcome = self._outcome(end, kept)
            taken = kept if outcome.done else None
            if kept is not None and taken is None:
                kept.discard()
            return self._note(outcome, taken)

    @property
    def _source(self) -> str:
        return self._engine.state.scenario.name

    def _open(self) -> IncomingFile:
        if self._file is None:
            name = self._created.file_name if self._created else ""
            self._file = self._engine.state.store.open(name)
        return self._file

    def _is_wanted(self) -> bool:
        """Tell whether the job waits still for this file: it may have been reset meanwhile."""
        job, jobs = self._call.job, self._engine.state.jobs
        if job is None or job.created is not self._created:
            return False
        return jobs.get(job.caller, job.job_id) is job

    def _end(
        self, how: Literal["struck", "too_large", "no_room", "broken_off"], why: str = ""
    ) -> Reply | Fault:
        """End without the file."""
        if self._file is not None:
            self._file.discard()
            self._file = None
        return self.ended(End(how, self._size, why, self._leaks()), None)

    def _leaks(self) -> tuple[str, ...]:
        """Say which fields of a form have given a key away."""
        if self._form is None:
            return ()
        with self._engine.lock:
            return tuple(note for note in self._form.notes() if note not in self._call.notes)

    def _outcome(self, end: End, kept: KeptFile | None) -> Outcome:
        if kept is not None:
            return self._complete(kept)
        if end.how == "struck" and self._element is not None:
            return element_outcome(self._engine.state, self._call, self._element, no_act)
        if end.how == "too_large":
            return self._call.refused(
                file_too_large(self._engine.state.store.limit_bytes), self._source
            )
        if end.how == "no_room":
            return self._call.refused(no_room(end.why), self._source)
        job = self._call.job
        waits = job is not None and job.waits_for_file and self._is_wanted()
        rest_of_note = "; the job still waits for its file" if waits else ""
        size = plural(end.size, "byte")
        self._call.notes.append(f"the client broke off after {size}{rest_of_note}")
        return Outcome(Fault(BROKEN_OFF, "close"), self._source, fault=BROKEN_OFF)

    def _complete(self, kept: KeptFile) -> Outcome:
        """Do the act."""
        state, call = self._engine.state, self._call
        call.now_ns = self._engine.clock.now_ns()
        if not self._is_wanted():
            return call.refused(no_link("upload", call.request.path), self._source)
        act = partial(file_upload.act, state, call, kept)
        return act() if self._element is None else element_outcome(state, call, self._element, act)

    def _note(self, outcome: Outcome, kept: KeptFile | None) -> Reply | Fault:
        """Write the journal and the list of uploads; the lock is held."""
        number = self._engine.journal.number()
        self._call.now_ns = self._engine.clock.now_ns()
        self._call.notes.append(f"{plural(self._size, 'byte')} came")
        if kept is not None:
            self._call.notes.append(f"SHA-256 {kept.sha256}")
        if self._is_wanted():
            file_upload.note(self._engine.state, self._call, number, self._size, kept)
        self._engine.journal.add(call_entry(number, self._call, outcome))
        delay_ns = outcome.reply.delay_ns
        self._engine.repeats.note_break(self._call.request, outcome.fault, delay_ns)
        return outcome.reply
