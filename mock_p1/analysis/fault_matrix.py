"""The fault matrix: one test becomes many, one for each error or fault, moment and operation.

An injected fault is a change of the scenario: a step more in every timeline, an element more in the
lists under ``calls:``. So every transport shows it alike, and the report says where it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from mock_p1.analysis.call_lint import CallLint
from mock_p1.base.text import unknown
from mock_p1.contract.errors import DOCUMENTED_ERRORS, FAULTS
from mock_p1.contract.operations import (
    OPERATIONS,
    RETRAIN_STATUS_CHECK,
    Operation,
    operations_with,
)
from mock_p1.engine.failures import changes_nothing
from mock_p1.scenario.calls import AnyCall, CallStep, ErrorCall, FaultCall, OkCall, ReplyCall
from mock_p1.scenario.files import load_reply
from mock_p1.scenario.step_length import Stage
from mock_p1.scenario.steps import ErrorStep, FaultStep, Literal, ReplyStep, StatusStep, Step

if TYPE_CHECKING:
    from mock_p1.contract.names import ReplyFields
    from mock_p1.scenario.model import Job, Scenario

    AnyJob = TypeVar("AnyJob", bound=Job)

RUNNING: Final = "job_running"
PHASES: Final = {
    "first": "instead of the first answer",
    "running": f"before the first {RUNNING}, or in the middle of a timeline that has none",
    "last": "before the last step",
    "after": "after the last step has been seen once",
}
"""The moments of a job's timeline, at which the status check is struck."""

CALL_PHASES: Final = {
    "first": "instead of the first answer: nothing is done, if that answer is lost",
    "done": "instead of the first answer, a fault alone: the act counts, its answer is lost",
    "after": "after the last element of its list has answered once",
}
"""The moments of any other operation's calls."""

_ONCE: Final = Stage(polls=1)


NO_PLACE: Final = "mock_p1_trouble"
"""The source of an injected fault of a call that the scenario does not write about."""


class NoSuchFault(ValueError):  # noqa: N818 -- says what is missing
    """An error, fault, phase or operation that there is not.

    Examples:
        >>> from mock_p1.analysis.fault_matrix import matrix
        >>> matrix(faults=["timeuot"])
        Traceback (most recent call last):
        mock_p1.analysis.fault_matrix.NoSuchFault: ... did you mean timeout?
    """


@dataclass(frozen=True, slots=True)
class InjectedFault:
    """One error or fault (``name``), its moment (``phase``) and operation (``on``).

    A documented error stays, whatever its moment: a deleted job does not come back, and a client
    should give up. A fault strikes once, and the client can go on; so does a literal ``reply``,
    which is named by its status, such as ``429``.
    """

    name: str
    phase: str
    on: str = RETRAIN_STATUS_CHECK.name
    reply: Literal | None = field(default=None, hash=False)

    @property
    def is_error(self) -> bool:
        """Whether it is one of the documented errors, and so stays."""
        return self.name in DOCUMENTED_ERRORS

    @property
    def that_it_stays(self) -> str:
        """What a report says of an error, since no table of calls shows it."""
        on = "" if self.on == RETRAIN_STATUS_CHECK.name else f', on="{self.on}"'
        return (
            f"{self} is an error, and stays: every {self.on} from then on is answered so, whatever "
            f'the client does. One that it can get over: mock_p1.fail_next("{self.name}"{on})'
        )

    def __str__(self) -> str:
        of = "" if self.on == RETRAIN_STATUS_CHECK.name else f"-of-{self.on}"
        return f"{self.name}-at-{self.phase}{of}"


def matrix(
    errors: str | Iterable[str] = "all",
    faults: str | ReplyFields | Iterable[str | ReplyFields] = (),
    phases: str | Iterable[str] = "all",
    on: str | Iterable[str] = RETRAIN_STATUS_CHECK.name,
) -> list[InjectedFault]:
    """Return every named error and fault at every named phase of every named operation.

    ``"all"`` names all there are: of errors those that the operation documents, of phases those
    that it has. What is named is left out where an operation has it not, as long as another has
    it; else NoSuchFault says which names there are. Among the faults, a mapping is an answer to
    the letter.
    """
    operations = [OPERATIONS[name] for name in _chosen("operation", on, OPERATIONS)]
    known_errors = {error for operation in operations for error in operation.errors}
    known_phases = {phase for operation in operations for phase in _phases(operation)}
    chosen_errors = _chosen("error", errors, known_errors)
    chosen_faults = _faults(faults)
    chosen_phases = _chosen("phase", phases, known_phases)
    return [
        InjectedFault(name, phase, operation.name, reply)
        for operation in operations
        for phase in _phases(operation)
        if phase in chosen_phases
        for name, reply in (
            *((each, None) for each in operation.errors if each in chosen_errors),
            *chosen_faults,
        )
        if phase != "done" or name not in DOCUMENTED_ERRORS
    ]


def ruled_out(scenario: Scenario, fault: InjectedFault) -> str:
    """Say why the fault cannot strike whatever a client does; nothing where it can."""
    if fault.on != RETRAIN_STATUS_CHECK.name:
        return CallLint(scenario).why_never_called(fault.on)
    jobs = (*scenario.jobs.values(), *scenario.generated_jobs, scenario.new_jobs)
    return "" if any(map(_shows_a_status, jobs)) else "no timeline shows a status"


def with_fault(scenario: Scenario, fault: InjectedFault) -> Scenario:
    """Return the scenario with the fault in every timeline, or in every list of its operation."""
    change = _in_calls if fault.on != RETRAIN_STATUS_CHECK.name else _in_timeline
    update: dict[str, Any] = {
        "jobs": {job_id: change(job, fault) for job_id, job in scenario.jobs.items()},
        "generated_jobs": [change(group, fault) for group in scenario.generated_jobs],
        "new_jobs": change(scenario.new_jobs, fault),
    }
    if fault.on != RETRAIN_STATUS_CHECK.name:
        update["calls"] = {**scenario.calls, fault.on: _list_with(scenario.calls, fault)}
    return scenario.replaced(**update)


def _phases(operation: Operation) -> Sequence[str]:
    """Return the moments that an operation has; what only reads does nothing that could count."""
    if operation.polled:
        return list(PHASES)
    return [phase for phase in CALL_PHASES if phase != "done" or not changes_nothing(operation)]


def _faults(
    given: str | ReplyFields | Iterable[str | ReplyFields],
) -> list[tuple[str, Literal | None]]:
    """Return the name of each fault; of an answer to the letter its status, and the answer."""
    faults: list[tuple[str, Literal | None]] = []
    for each in [given] if isinstance(given, str | Mapping) else given:
        if not isinstance(each, str) and isinstance(each, Mapping):
            try:
                reply = load_reply(cast("ReplyFields", each))
            except ValueError as error:
                raise NoSuchFault(str(error)) from None
            faults.append((str(reply.status_code), reply))
        else:
            names = _chosen("fault", each if each == "all" else [each], FAULTS)
            faults += [(name, None) for name in names]
    return faults


def _chosen(what: str, given: str | Iterable[str], known: Iterable[str]) -> list[str]:
    if given == "all":
        return list(known)
    names = [given] if isinstance(given, str) else list(given)
    for name in names:
        if name not in list(known):  # a list, since whatever a user wrote may not be hashable
            if others := operations_with(str(name)):
                raise NoSuchFault(f"{name} is an error of {others}: on= says which call is struck")
            raise NoSuchFault(unknown(what, str(name), known))
    return names


def _shows_a_status(job: Job) -> bool:
    return any(isinstance(step, StatusStep) for step in job.timeline or ())


def _in_timeline(job: AnyJob, fault: InjectedFault) -> AnyJob:
    if not _shows_a_status(job):
        return job
    at_end = "stay" if fault.is_error else job.at_end
    waiting = 1 if job.steps[0].for_ == Stage(until_upload=True) else 0  # stays in front
    timeline = [*job.steps[:waiting], *_steps_with(job.steps[waiting:], fault)]
    return job.replaced(timeline=timeline, error=None, at_end=at_end)


def _steps_with(steps: list[Step], fault: InjectedFault) -> list[Step]:
    """Return the timeline with the fault in it, at the source of the step that it precedes."""
    place = _place(steps, fault.phase)
    before = steps[:place]
    if fault.phase == "after":
        before = [*before[:-1], before[-1].replaced(for_=_ONCE)]
    # a fault strikes once; behind the last step it would never be over, so the last answer stands
    # behind it again
    rest = steps[place:] or [steps[-1]]
    source = rest[0].source
    if fault.is_error:
        return [*before, ErrorStep(error=fault.name, source=source)]
    if fault.reply is not None:
        return [*before, ReplyStep(reply=fault.reply, for_=_ONCE, source=source), *rest]
    return [*before, FaultStep(fault=fault.name, for_=_ONCE, source=source), *rest]


def _place(steps: list[Step], phase: str) -> int:
    running = (
        index
        for index, step in enumerate(steps)
        if isinstance(step, StatusStep) and step.status == RUNNING
    )
    places = {
        "first": 0,
        "running": next(running, len(steps) // 2),
        "last": len(steps) - 1,
        "after": len(steps),
    }
    return places[phase]


def _in_calls(job: AnyJob, fault: InjectedFault) -> AnyJob:
    if fault.on not in job.calls:
        return job
    return job.replaced(calls={**job.calls, fault.on: _list_with(job.calls, fault)})


def _list_with(calls: Mapping[str, list[AnyCall]], fault: InjectedFault) -> list[CallStep]:
    """Return an operation's list with the fault in it; without one it succeeds."""
    elements: list[CallStep] = [*calls.get(fault.on, [OkCall(ok=True)])]
    before: list[CallStep] = []
    if fault.phase == "after":
        last = elements[-1]
        before, elements = [*elements[:-1], last.replaced(for_=_ONCE)], [last]
    is_written = not isinstance(elements[0], OkCall)  # as a mere word it has no place of its own
    source = elements[0].source if is_written else NO_PLACE
    if fault.is_error:
        return [*before, ErrorCall(error=fault.name, source=source)]
    done = fault.phase == "done"
    if fault.reply is not None:
        struck = ReplyCall(reply=fault.reply, for_=_ONCE, done=done, source=source)
        return [*before, struck, *elements]
    return [*before, FaultCall(fault=fault.name, for_=_ONCE, done=done, source=source), *elements]
