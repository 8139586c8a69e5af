"""Driving an engine from outside: move jobs, queue failures, begin anew. Every act is atomic."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from mock_p1.base.clock import RealClock
from mock_p1.base.text import unknown
from mock_p1.contract.operations import DOCUMENTED_ERRORS, FAULTS
from mock_p1.engine.engine import Engine, InjectedFailure
from mock_p1.engine.timeline import State, following, settle

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_p1.engine.change_log import Kind
    from mock_p1.engine.program import Program
    from mock_p1.scenario.model import Scenario

MAX_INJECTED: Final = 100_000


class NoSuchJob(LookupError):  # noqa: N818 -- says what is missing
    """The scenario has no such job.

    Example:
        >>> mock.step("retrain-01")
        Traceback (most recent call last):
        mock_p1.engine.driver.NoSuchJob: unknown job 'retrain-01'; known: retrain-001; did you ...
    """


class NoSuchStep(LookupError):  # noqa: N818 -- says what is missing
    """The job's timeline has no such step.

    Example:
        >>> mock.set_status("job_finshed")
        Traceback (most recent call last):
        mock_p1.engine.driver.NoSuchStep: job 'retrain-001': unknown status 'job_finshed'; known: ...
    """


class FixedClock(RuntimeError):  # noqa: N818 -- says what it is
    """The clock is a virtual one: it has no speed, and stands still by nature."""


class Driver:
    """What a test, or a person at the control API, does to a running engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def step(self, job_id: str) -> None:
        """Move a job on to its next step, for every key.

        NoSuchJob, or NoSuchStep where it is at its end already.
        """
        self._move(job_id, lambda program, index: following(program.plan, index))

    def go_to(self, job_id: str, index: int) -> None:
        """Put a job at the step with this index (from 0), for every key.

        NoSuchJob or NoSuchStep.
        """
        self._move(job_id, lambda program, _: index if 0 <= index < len(program.steps) else None)

    def set_status(self, job_id: str, status: str) -> None:
        """Put a job at its first step that shows this status, for every key.

        NoSuchJob or NoSuchStep.
        """
        shown = [at.status for at in self.program_of(job_id).steps]
        if status not in shown:
            known = {name for name in shown if name is not None}
            raise NoSuchStep(f"job {job_id!r}: {unknown('status', status, known)}")
        self._move(
            job_id,
            lambda program, _: next(
                (at.position for at in program.steps if at.status == status), None
            ),
        )

    def fail_next(self, name: str, times: int = 1, job_id: str | None = None) -> None:
        """Answer the next polls (of one job, or of any) with a documented error or a fault.

        The job does not move.
        """
        if name not in (*DOCUMENTED_ERRORS, *FAULTS):
            raise ValueError(unknown("error or fault", name, (*DOCUMENTED_ERRORS, *FAULTS)))
        if times < 1:
            raise ValueError(f"times must be at least 1, not {times}")
        if job_id is not None:
            self.program_of(job_id)
        error, fault = (name, None) if name in DOCUMENTED_ERRORS else (None, name)
        with self._engine.lock:
            if len(self._engine.forced) + times > MAX_INJECTED:
                waiting = len(self._engine.forced)
                raise ValueError(
                    f"at most {MAX_INJECTED:,} failures can wait; {waiting:,} wait already, {times:,} are asked for"
                )
            self._engine.forced.extend([InjectedFailure(error, fault, job_id)] * times)
        self._note("next", job_id)

    def forgive(self) -> int:
        """Take back every failure that waits for a poll; return how many there were."""
        with self._engine.lock:
            count = len(self._engine.forced)
            self._engine.forced.clear()
        self._note("next")
        return count

    def advance(self, by: int) -> None:
        """Move the clock forward by nanoseconds; ValueError if negative."""
        self._engine.clock.advance(by)
        self._note("clock")

    def set_speed(self, speed: float) -> None:
        """Let the clock run ``speed`` times as fast as real time.

        ValueError, or FixedClock where it does not run.
        """
        self._running_clock().set_speed(speed)
        self._note("clock")

    def freeze(self, *, frozen: bool = True) -> None:
        """Stop the clock, or let it run on; FixedClock where it does not run."""
        self._running_clock().freeze(frozen=frozen)
        self._note("clock")

    def load(self, scenario: Scenario) -> tuple[int, int]:
        """Swap the scenario, as Engine.load says.

        Return how many states were kept and how many lost.
        """
        counts = self._engine.load(scenario)
        self._note("scenario")
        return counts

    def forget_requests(self) -> int:
        """Empty the journal; return how many rows it had."""
        with self._engine.lock:
            count = len(self._engine.journal)
            self._engine.journal.clear()
        self._note("requests")
        return count

    def reset(self, job_id: str | None = None) -> None:
        """Begin anew: one job, with the failures queued for it; or all jobs, with every failure and the journal."""
        if job_id is not None:
            self.program_of(job_id)
        with self._engine.lock:
            self._engine.records.clear(job_id)
            others = [
                forced
                for forced in self._engine.forced
                if job_id is not None and forced.job_id != job_id
            ]
            self._engine.forced.clear()
            self._engine.forced.extend(others)
            self._engine.downloads.clear(job_id)
            if job_id is None:
                self._engine.journal.clear()
                if self._engine.limiter:
                    self._engine.limiter.clear()
        self._note("job" if job_id else "reset", job_id)

    def program_of(self, job_id: str) -> Program:
        """Return what a job does; NoSuchJob says which jobs there are."""
        hit = self._engine.jobs.find(job_id)
        if hit is None:
            raise NoSuchJob(unknown("job", job_id, islice(self._engine.jobs.ids(), 1000)))
        return hit.value

    def _move(self, job_id: str, target: Callable[[Program, int], int | None]) -> None:
        program = self.program_of(job_id)
        with self._engine.lock:
            hit = self._engine.jobs.find(
                job_id
            )  # again: the scenario may have been swapped meanwhile
            program = hit.value if hit else program
            now = self._engine.clock.now_ns()
            records = list(self._engine.records.of(job_id))
            settled = [
                settle(program.plan, record.state, now).position
                for record in records
                if record.state
            ]
            indices = [target(program, index) for index in settled]
            start = target(program, self._engine.records.start_of(job_id))
            if all(index is None for index in (indices or [start])):
                last = len(program.steps)
                raise NoSuchStep(
                    f"job {job_id!r} has {last} step{'' if last == 1 else 's'}, and none to move to"
                )
            for record, index in zip(records, indices, strict=True):
                if index is not None:
                    record.state = State(index, now)
            if start is not None:
                self._engine.records.start_at(job_id, start)
        self._note("job", job_id)

    def _running_clock(self) -> RealClock:
        if not isinstance(self._engine.clock, RealClock):
            raise FixedClock(
                "this mock's clock is virtual: it moves when it is advanced, and has no speed"
            )
        return self._engine.clock

    def _note(self, kind: Kind, job_id: str | None = None) -> None:
        self._engine.changes.note(kind, self._engine.clock.now_ns(), job_id)
