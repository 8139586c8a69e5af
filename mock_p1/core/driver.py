"""Driving an engine from outside: move jobs, queue failures, begin anew. Every act is atomic."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from mock_p1.core.contract import DOCUMENTED_ERRORS, FAULTS
from mock_p1.core.engine import Engine, Forced
from mock_p1.core.problems import unknown
from mock_p1.core.timeline import State, following, settle

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_p1.core.program import Program


class NoSuchJob(LookupError):  # noqa: N818 -- says what is missing
    """The scenario has no such job."""


class NoSuchStep(LookupError):  # noqa: N818 -- says what is missing
    """The job's timeline has no such step."""


class Driver:
    """What a test, or a person at the control API, does to a running engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def step(self, job_id: str) -> None:
        """Move a job on to its next step, for every key; NoSuchJob, or NoSuchStep where it is at its end already."""
        self._move(job_id, lambda program, index: following(program.plan, index))

    def go_to(self, job_id: str, index: int) -> None:
        """Put a job at the step with this index (from 0), for every key; NoSuchJob or NoSuchStep."""
        self._move(job_id, lambda program, _: index if 0 <= index < len(program.steps) else None)

    def set_status(self, job_id: str, status: str) -> None:
        """Put a job at its first step that shows this status, for every key; NoSuchJob or NoSuchStep."""
        shown = [at.status for at in self.program_of(job_id).steps]
        if status not in shown:
            known = [name for name in shown if name is not None]
            raise NoSuchStep(f"job {job_id!r}: {unknown('status', status, known)}")
        self.go_to(job_id, shown.index(status))

    def fail_next(self, name: str, times: int = 1, job_id: str | None = None) -> None:
        """Answer the next polls (of one job, or of any) with a documented error or a fault; the job does not move."""
        if name not in (*DOCUMENTED_ERRORS, *FAULTS):
            raise ValueError(unknown("error or fault", name, (*DOCUMENTED_ERRORS, *FAULTS)))
        if times < 1:
            raise ValueError(f"times must be at least 1, not {times}")
        if job_id is not None:
            self.program_of(job_id)
        error, fault = (name, None) if name in DOCUMENTED_ERRORS else (None, name)
        with self._engine.lock:
            self._engine.forced.extend([Forced(error, fault, job_id)] * times)

    def reset(self, job_id: str | None = None) -> None:
        """Begin anew: one job; or all jobs, with the journal and the queue of forced failures emptied."""
        if job_id is not None:
            self.program_of(job_id)
        with self._engine.lock:
            self._engine.records.clear(job_id)
            if job_id is None:
                self._engine.forced.clear()
                self._engine.journal.clear()

    def program_of(self, job_id: str) -> Program:
        """Return what a job does; NoSuchJob says which jobs there are."""
        hit = self._engine.jobs.find(job_id)
        if hit is None:
            raise NoSuchJob(unknown("job", job_id, islice(self._engine.jobs.ids(), 1000)))
        return hit.value

    def state_of(self, job_id: str, api_key: str) -> State | None:
        """Return where a job is now, for one key; None before its first poll."""
        with self._engine.lock:
            record = self._engine.records.get(api_key, job_id)
            if record is None or record.state is None:
                return None
            return settle(record.program.plan, record.state, self._engine.clock.now())

    def _move(self, job_id: str, target: Callable[[Program, int], int | None]) -> None:
        program = self.program_of(job_id)
        with self._engine.lock:
            now = self._engine.clock.now()
            records = list(self._engine.records.of(job_id))
            settled = [settle(program.plan, record.state, now).position for record in records if record.state]
            indices = [target(program, index) for index in settled]
            start = target(program, self._engine.records.start_of(job_id))
            if all(index is None for index in (indices or [start])):
                last = len(program.steps)
                raise NoSuchStep(f"job {job_id!r} has {last} step{'' if last == 1 else 's'}, and none to move to")
            for record, index in zip(records, indices, strict=True):
                if index is not None:
                    record.state = State(index, now)
            if start is not None:
                self._engine.records.start_at(job_id, start)
