"""``calls:``, how the operations beside the status check answer: which element a call meets.

A list under ``calls:`` is a timeline like a job's. It is counted per caller and job where the
operation has a job, per caller where it has none; only a call that reaches it counts.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from mock_p1.engine.timeline import State, advance, following, settle

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_p1.contract.operations import Operation
    from mock_p1.engine.callers import Caller
    from mock_p1.engine.directory import Directory
    from mock_p1.engine.job_states import JobState
    from mock_p1.engine.program import CallProgram, CallProgramStep, Program

MAX_PLACES: Final = 100_000
"""How many callers are remembered at each operation without a job; the longest known go first."""


def same_list(one: CallProgram | None, other: CallProgram | None) -> bool:
    """Tell whether two lists under ``calls:`` say the same, wherever they stand."""
    if one is None or other is None:
        return one is other
    said, others = ([step.step for step in each.steps] for each in (one, other))
    return said == others


class CallTimelines:
    """Where the timelines of operations are, for every caller. Not locked: its owner is."""

    def __init__(self, reached: Counter[str] | None = None) -> None:
        """``reached`` counts the callers that are forgotten for others."""
        self._reached = Counter() if reached is None else reached
        self._places: dict[tuple[str, str], State] = {}

    def meet(
        self,
        directory: Directory,
        operation: Operation,
        caller: Caller,
        job: JobState | None,
        now_ns: int,
    ) -> CallProgramStep | None:
        """Count a call, and return the element that it meets; None where nothing is written.

        The job's own list goes before that of the whole scenario.
        """
        program = self.program(directory, operation, job)
        if program is None:
            return None
        before = self._place(operation, caller, job)
        state, index = advance(program.plan, before, now_ns)
        self._keep(operation, caller, job, state)
        return program.steps[index]._replace(turn=(index, before.seen if before else 0))

    def adopt(self, before: Directory, after: Directory) -> None:
        """Keep the places in lists that another scenario has too; let all others begin anew."""
        self._places = {
            place: state
            for place, state in self._places.items()
            if same_list(before.calls.get(place[0]), after.calls.get(place[0]))
        }

    def step(
        self,
        directory: Directory,
        operation: Operation,
        caller: Caller,
        job: JobState | None,
        now_ns: int,
    ) -> bool:
        """Move on to the next element by hand; False where there is none."""
        program = self.program(directory, operation, job)
        if program is None:
            return False
        state = self._place(operation, caller, job)
        after = following(program.plan, state.position if state else 0)
        if after is None:
            return False
        self._keep(operation, caller, job, State(after, now_ns))
        return True

    def callers(self, operation: Operation) -> list[str]:
        """Return the names of the callers that have reached an operation without a job."""
        return [caller for name, caller in self._places if name == operation.name]

    def clear(self, theirs: Callable[[str], bool] | None = None) -> None:
        """Begin anew for all callers, or for some. What belongs to a job goes with the job."""
        self._places = {
            place: state
            for place, state in self._places.items()
            if theirs is not None and not theirs(place[1])
        }

    def saved(self) -> list[Any]:
        """Return everything as plain data: operation, caller and place, the first known first."""
        return [[*place, state] for place, state in self._places.items()]

    def restore(self, saved: list[Any]) -> None:
        """Take over what was saved."""
        self._places = {(name, caller): State(*state) for name, caller, state in saved}

    @staticmethod
    def polled(directory: Directory, job: JobState, now_ns: int, answered_ns: int) -> None:
        """Go on from what lasts until a job is polled: what follows begins with the answer."""
        places = job.calls or {}
        for name, state in places.items():
            plan = (job.program.calls.get(name) or directory.calls[name]).plan
            position = settle(plan, state, now_ns).position
            if plan.stages[position].until_poll:
                places[name] = State(position + 1, answered_ns)

    @staticmethod
    def adopt_job(
        job: JobState, program: Program, before: Directory, after: Directory
    ) -> dict[str, State]:
        """Return the places in a job's lists that it keeps with its new program."""
        return {
            name: state
            for name, state in (job.calls or {}).items()
            if same_list(
                job.program.calls.get(name) or before.calls.get(name),
                program.calls.get(name) or after.calls.get(name),
            )
        }

    @staticmethod
    def program(
        directory: Directory, operation: Operation, job: JobState | None
    ) -> CallProgram | None:
        """Return what is written for an operation: for this job, else for the whole scenario."""
        own = job.program.calls.get(operation.name) if job is not None else None
        return own or directory.calls.get(operation.name)

    def _place(self, operation: Operation, caller: Caller, job: JobState | None) -> State | None:
        if job is not None:
            return (job.calls or {}).get(operation.name)
        return self._places.get((operation.name, caller.name))

    def _keep(
        self, operation: Operation, caller: Caller, job: JobState | None, state: State
    ) -> None:
        if job is not None:
            job.calls = job.calls or {}
            job.calls[operation.name] = state
            return
        self._places[operation.name, caller.name] = state
        if len(self._places) > MAX_PLACES:
            del self._places[next(iter(self._places))]
            self._reached["calls"] += 1
