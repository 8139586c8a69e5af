"""Driving an engine from outside: move jobs, queue failures, begin anew. Every act is atomic."""

from __future__ import annotations

from functools import wraps
from itertools import islice
from numbers import Integral
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, TypeVar

from mock_p1.base.clock import RealClock
from mock_p1.base.messages import origin_form
from mock_p1.base.text import MANY, mask, plural, unknown
from mock_p1.contract.errors import FAULTS
from mock_p1.contract.operations import (
    OPERATIONS,
    RETRAIN_STATUS_CHECK,
    Operation,
    operations_with,
)
from mock_p1.engine.callers import Caller, caller_named
from mock_p1.engine.mock_state import InjectedFailure
from mock_p1.engine.timeline import State, following
from mock_p1.scenario.redaction import masked_key
from mock_p1.scenario.steps import Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mock_p1.engine.change_log import Kind
    from mock_p1.engine.engine import Engine
    from mock_p1.engine.job_states import JobState
    from mock_p1.engine.program import Program
    from mock_p1.scenario.model import Scenario

MAX_INJECTED: Final = 100_000


class NoSuchJob(LookupError):  # noqa: N818 -- says what is missing
    """The scenario has no such job.

    Examples:
        >>> mock.step("retrain-01")
        Traceback (most recent call last):
        mock_p1.engine.driver.NoSuchJob: unknown job 'retrain-01'; known: retrain-001; did you ...
    """


class NoSuchKey(LookupError):  # noqa: N818 -- says what is missing
    """No client can call by this key."""


class NoSuchStep(LookupError):  # noqa: N818 -- says what is missing
    """The job's timeline has no such step.

    Examples:
        >>> mock.set_status("job_finshed")
        Traceback (most recent call last):
        mock_p1.engine.driver.NoSuchStep: job 'retrain-001': unknown status 'job_finshed'; ...
    """


class FixedClock(RuntimeError):  # noqa: N818 -- says what it is
    """The clock is a virtual one: it has no speed, and stands still by nature."""


P = ParamSpec("P")
R = TypeVar("R")


def _act(
    method: Callable[Concatenate[Driver, P], R],
) -> Callable[Concatenate[Driver, P], R]:
    """Let a method be done by the engine, which may have to have it done elsewhere too."""

    @wraps(method)
    def done(self: Driver, /, *args: P.args, **named: P.kwargs) -> R:
        made: R = self._engine.drive(method, self, args, named)
        return made

    return done


class Driver:
    """What a test, or a person at the control API, does to a running engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @_act
    def step(self, job_id: str, *, key: str | None = None) -> None:
        """Move a job on to its next step, for every caller, or for those of one key.

        NoSuchJob, NoSuchKey, or NoSuchStep where it is at its end already.
        """
        self._move(job_id, lambda program, index: following(program.plan, index), key)

    @_act
    def step_calls(self, on: str, job_id: str | None = None, *, key: str | None = None) -> None:
        """Move an operation's own timeline on to its next element, for every caller that met it.

        ``on`` is an operation under ``calls:``; ``job_id`` leaves it to one job, ``key`` to the
        callers of one key. NoSuchStep where nothing can be moved on, NoSuchKey for one that no
        client can have.
        """
        operation = operation_named(on)
        if job_id is not None:
            self.program_of(job_id)
        with self._engine.lock:
            self._must_be_a_key(key)
            state, now_ns = self._engine.state, self._engine.clock.now_ns()
            moved = False
            theirs = self._theirs(key)
            for caller, job in self._callers_at(operation, job_id):
                moved |= theirs(caller.name) and state.calls.step(
                    state.directory, operation, caller, job, now_ns
                )
        if not moved:
            raise NoSuchStep(f"calls: {operation.name} is at its last element, or nobody called it")
        self._note("calls", job_id)

    @_act
    def go_to(self, job_id: str, index: int, *, key: str | None = None) -> None:
        """Put a job at the step with this index (from 0), for every caller or those of one key.

        NoSuchJob, NoSuchKey or NoSuchStep.
        """
        self._move(
            job_id, lambda program, _: index if 0 <= index < len(program.steps) else None, key
        )

    @_act
    def set_status(self, job_id: str, status: str, *, key: str | None = None) -> None:
        """Put a job at its first step that shows this status, for every caller or those of one key.

        NoSuchJob, NoSuchKey or NoSuchStep.
        """
        shown = [step.status for step in self.program_of(job_id).steps]
        if status not in shown:
            known = {name for name in shown if name is not None}
            raise NoSuchStep(f"job {job_id!r}: {unknown('status', status, known)}")
        self._move(
            job_id,
            lambda program, _: next(
                (step.position for step in program.steps if step.status == status), None
            ),
            key,
        )

    @_act
    def fail_next(
        self,
        what: str | Literal,
        times: int = 1,
        job_id: str | None = None,
        *,
        on: str = RETRAIN_STATUS_CHECK.name,
        key: str | None = None,
    ) -> InjectedFailure:
        """Let the next calls of an operation fail; no timeline moves. Return what waits for each.

        Args:
            what: A documented error of the operation, a fault, or a literal reply.
            times: How many calls fail.
            job_id: Leaves it to calls of this job.
            on: The operation.
            key: Leaves it to the callers of this API key or secret key.

        Raises:
            ValueError: There is no such error, fault or operation, or too many failures wait.
            NoSuchJob: The scenario has no such job.
            NoSuchKey: No client can call by this key.
        """
        operation = operation_named(on)
        failure = _failure(operation, what)._replace(job_id=job_id, key=key)
        must_be_whole("times", times, 1)
        if job_id is not None:
            if not operation.has_job:
                raise ValueError(f"{operation.name} is about no job; leave the job out")
            self.program_of(job_id)
        with self._engine.lock:
            self._must_be_a_key(key)
            waiting = len(self._engine.state.injected)
            if waiting + times > MAX_INJECTED:
                raise ValueError(
                    f"at most {MAX_INJECTED:,} failures can wait; waiting already: {waiting:,}, "
                    f"asked for: {times:,}"
                )
            self._engine.state.injected.extend([failure] * times)
        self._note("next", job_id)
        return failure

    @_act
    def forgive(self, *, key: str | None = None) -> int:
        """Take back the failures that wait, all or those of one key; return how many there were."""
        with self._engine.lock:
            count = self._engine.state.forgive(key)
        self._note("next")
        return count

    def waiting(self, *, key: str | None = None) -> list[InjectedFailure]:
        """Return the failures that wait, all or those of one key, in their order."""
        with self._engine.lock:
            return self._engine.state.waiting(key)

    @_act
    def advance(self, by: int) -> None:
        """Move the clock forward by nanoseconds; ValueError if negative."""
        self._engine.clock.advance(by)
        self._note("clock")

    @_act
    def set_speed(self, speed: float) -> None:
        """Let the clock run ``speed`` times as fast as real time.

        ValueError, or FixedClock where it does not run.
        """
        self._running_clock().set_speed(speed)
        self._note("clock")

    @_act
    def freeze(self, *, frozen: bool = True) -> None:
        """Stop the clock, or let it run on; FixedClock where it does not run."""
        self._running_clock().freeze(frozen=frozen)
        self._note("clock")

    @_act
    def load(self, scenario: Scenario) -> tuple[int, int]:
        """Swap the scenario, as Engine.load says.

        Return how many states were kept and how many lost.
        """
        counts = self._engine.load(scenario)
        self._note("scenario")
        return counts

    @_act
    def forget_requests(self) -> int:
        """Empty the journal; return how many rows it had."""
        with self._engine.lock:
            count = len(self._engine.journal)
            self._engine.clear_journal()
        self._note("requests")
        return count

    @_act
    def reset(self, job_id: str | None = None, *, key: str | None = None) -> None:
        """Begin anew, never the clock or the scenario; ``restart`` does that too.

        Args:
            job_id: One job alone, with the failures queued for it; a created one waits for its
                file again, at the same URL.
            key: The callers of one API key or secret key alone.

        Raises:
            NoSuchJob: The scenario has no such job.
            NoSuchKey: No client can call by this key.
        """
        if job_id is not None:
            self.program_of(job_id)
        theirs = self._theirs(key)
        with self._engine.lock:
            self._must_be_a_key(key)
            waiting = len(self._engine.state.injected)
            whose = None if key is None else self._engine.state.issued.stand_in(key)
            self._engine.state.reset(job_id, key)
            if job_id is None and whose is None:
                self._engine.clear_journal()
            else:
                self._engine.journal.note_restart(job_id, whose)
            fewer = len(self._engine.state.injected) < waiting
        self._engine.held.let_go(
            lambda hold: job_id in (None, job_of(hold.request.path)) and theirs(hold.caller.name)
        )
        self._note("job" if job_id else "reset", job_id)
        if job_id and fewer:
            self._note("next")

    @_act
    def restart(self) -> None:
        """Begin anew with what the mock started with: the scenario, and how its clock ran."""
        self._engine.restart()
        self._note("clock")
        self._note("reset")

    def program_of(self, job_id: str) -> Program:
        """Return what a job does; NoSuchJob says which jobs there are."""
        state = self._engine.state
        if not isinstance(job_id, str):  # a test may hand over anything
            raise NoSuchJob(state.directory.no_job(job_id, state.jobs.known()))
        created = next((job for job in state.jobs.of(job_id) if job.created), None)
        if created is not None:
            return created.program
        hit = state.directory.find(job_id)
        if hit is None and job_id in state.directory.new_ids and state.directory.new_jobs:
            return state.directory.new_jobs
        if hit is None:
            raise NoSuchJob(state.directory.no_job(job_id, state.jobs.known()))
        return hit.value

    def _move(
        self, job_id: str, target: Callable[[Program, int], int | None], key: str | None
    ) -> None:
        self.program_of(job_id)
        with self._engine.lock:
            self._must_be_a_key(key)
            state = self._engine.state
            program = self.program_of(job_id)  # again: the scenario may have been swapped meanwhile
            now_ns = self._engine.clock.now_ns()
            jobs = self._jobs_of(job_id, program, key)
            indices = [target(job.program, state.jobs.position(job, now_ns)) for job in jobs]
            start = None if key else target(program, state.jobs.start_of(job_id))
            if all(index is None for index in (indices or [start])):
                steps = plural(len(program.steps), "step")
                raise NoSuchStep(f"job {job_id!r} has {steps}, and none to move to")
            for job, index in zip(jobs, indices, strict=True):
                if index is not None:
                    job.state = State(index, now_ns)
            if start is not None and state.directory.find(job_id) is not None:
                state.jobs.start_at(job_id, start)
        self._note("job", job_id)

    def _must_be_a_key(self, key: str | None) -> None:
        state = self._engine.state
        if key is None or state.keyring.may_be(key, state.issued):
            return
        scenario = self._engine.scenario
        names = map(masked_key, [*(scenario.api_keys or {}), *(scenario.secret_keys or {})])
        known = ", ".join(dict.fromkeys(islice(names, MANY)))
        raise NoSuchKey(
            f"no client can call by the key {mask(key)!r}; the scenario has {known}, and an issued "
            "key is known until a reset"
        )

    def _theirs(self, key: str | None) -> Callable[[str], bool]:
        return (lambda _: True) if key is None else self._engine.state.issued.whose(key)

    def _jobs_of(self, job_id: str, program: Program, key: str | None) -> list[JobState]:
        """Return the states of one job, for all callers or for those of one key.

        A job of the file that no call with this API key has met yet is met now.
        """
        state, theirs = self._engine.state, self._theirs(key)
        jobs = [job for job in state.jobs.of(job_id) if theirs(job.caller.name)]
        if jobs or key is None:
            return jobs
        hit = state.directory.find(job_id)
        if hit is None or not program.open_to(key) or state.keyring.is_secret(key, state.issued):
            raise NoSuchJob(f"job {job_id!r} is none of this key")
        return [state.meet(state.issued.caller(key), key, job_id, hit)]

    def _callers_at(
        self, operation: Operation, job_id: str | None
    ) -> Iterator[tuple[Caller, JobState | None]]:
        jobs = self._engine.state.jobs
        if operation.has_job:
            for each in [job_id] if job_id is not None else list(jobs.known()):
                for job in jobs.of(each):
                    yield job.caller, job
            return
        for name in self._engine.state.calls.callers(operation):
            yield caller_named(name), None

    def _running_clock(self) -> RealClock:
        if not isinstance(self._engine.clock, RealClock):
            raise FixedClock(
                "this mock's clock is virtual: it moves when it is advanced, and has no speed"
            )
        return self._engine.clock

    def _note(self, kind: Kind, job_id: str | None = None) -> None:
        self._engine.changes.note(kind, self._engine.clock.now_ns(), job_id)


def job_of(path: str) -> str | None:
    """Return the job that a request's path names."""
    found = OPERATIONS.match(origin_form(path))
    return found.parameters.get("retrain_job_id") if found else None


def must_be_whole(name: str, value: object, least: int = 0) -> None:
    """ValueError where an argument is no whole number, or less than ``least``."""
    if isinstance(value, bool) or not (isinstance(value, Integral) and int(value) >= least):
        raise ValueError(f"{name} must be a whole number, at least {least}, not {value!r}")


def must_be_text(name: str, value: object, such_as: str) -> None:
    """ValueError where an argument is no text."""
    if not isinstance(value, str):
        raise ValueError(f"{name} must be text, such as {such_as!r}, not {value!r}")  # noqa: TRY004 -- a value like any other


def operation_named(name: object) -> Operation:
    """Return the operation of this name; ValueError says which there are."""
    if not isinstance(name, str) or name not in OPERATIONS:
        raise ValueError(unknown("operation", str(name), OPERATIONS))
    return OPERATIONS[name]


def _failure(operation: Operation, what: str | Literal) -> InjectedFailure:
    if isinstance(what, Literal):
        return InjectedFailure(operation.name, reply=what)
    if what in operation.errors:
        return InjectedFailure(operation.name, error=what)
    if what in FAULTS:
        return InjectedFailure(operation.name, fault=what)
    known = (*operation.errors, *FAULTS)
    what = str(what)
    if others := operations_with(what):
        raise ValueError(
            f"{what} is no error of {operation.name}, but of {others}: on= says which "
            f"call fails; errors and faults of {operation.name}: {', '.join(known)}"
        )
    raise ValueError(unknown(f"error or fault of {operation.name}", what, known))
