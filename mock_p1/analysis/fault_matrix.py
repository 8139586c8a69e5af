"""InjectedFault at a moment: one test becomes a matrix of documented errors and network faults, and of when they strike.

InjectedFault is a change of the scenario: a step more in every timeline. So it strikes in every door alike, and the report
shows it where it stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from mock_p1.base.text import unknown
from mock_p1.contract.errors import DOCUMENTED_ERRORS, FAULTS
from mock_p1.contract.operations import RETRAIN_STATUS_CHECK
from mock_p1.scenario.step_length import Stage
from mock_p1.scenario.steps import ErrorStep, FaultStep, StatusStep, Step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mock_p1.scenario.model import Job, Scenario

_J = TypeVar("_J", bound="Job")

RUNNING: Final = "job_running"
PHASES: Final = {
    "first": "instead of the first answer",
    "running": f"before the first {RUNNING}, or in the middle of a timeline that has none",
    "last": "before the last step",
    "after": "after the last step has been seen once",
}


class NoSuchFault(ValueError):  # noqa: N818 -- says what is missing
    """An error, fault or phase that there is not."""


@dataclass(frozen=True, slots=True)
class InjectedFault:
    """One documented error or network fault (``name``), and the moment it strikes (``phase``).

    A documented error stays: a deleted job does not come back. A fault strikes one poll, and the
    job goes on.
    """

    name: str
    phase: str

    @property
    def is_error(self) -> bool:
        """Whether it is one of the documented errors, and so stays."""
        return self.name in DOCUMENTED_ERRORS

    def __str__(self) -> str:
        return f"{self.name}-at-{self.phase}"


def matrix(
    errors: str | Iterable[str] = "all",
    faults: str | Iterable[str] = (),
    phases: str | Iterable[str] = "all",
) -> list[InjectedFault]:
    """Return every named error and fault at every named phase. ``"all"`` names all there are.

    NoSuchFault says which names there are.
    """
    names = [
        *_chosen("error", errors, RETRAIN_STATUS_CHECK.errors),
        *_chosen("fault", faults, FAULTS),
    ]
    return [
        InjectedFault(name, phase) for phase in _chosen("phase", phases, PHASES) for name in names
    ]


def with_trouble(scenario: Scenario, trouble: InjectedFault) -> Scenario:
    """Return the scenario with the trouble in every timeline that shows a status."""
    return scenario.model_copy(
        update={
            "jobs": {job_id: _spoilt(job, trouble) for job_id, job in scenario.jobs.items()},
            "generated_jobs": [_spoilt(group, trouble) for group in scenario.generated_jobs],
        }
    )


def _spoilt(job: _J, trouble: InjectedFault) -> _J:
    if not any(isinstance(step, StatusStep) for step in job.steps):
        return job
    at_end = "stay" if trouble.is_error else job.at_end
    timeline = _spoil(job.steps, trouble)
    return job.model_copy(update={"timeline": timeline, "error": None, "at_end": at_end})


def _chosen(what: str, given: str | Iterable[str], known: Iterable[str]) -> list[str]:
    if given == "all":
        return list(known)
    names = [given] if isinstance(given, str) else list(given)
    for name in names:
        if name not in known:
            raise NoSuchFault(unknown(what, str(name), known))
    return names


def _spoil(steps: list[Step], trouble: InjectedFault) -> list[Step]:
    """Return the timeline with the trouble in it, which stands where the step stands that it precedes."""
    place = _place(steps, trouble.phase)
    before = steps[:place]
    if trouble.phase == "after":
        before = [*before[:-1], before[-1].model_copy(update={"for_": Stage(polls=1)})]
    rest = steps[place:] or [steps[-1]]
    source = {"source": rest[0].source}
    if trouble.is_error:
        return [*before, ErrorStep(error=trouble.name).model_copy(update=source)]
    # a fault strikes once; behind the last step it would never be over, so the last answer stands
    # behind it again
    fault = FaultStep.model_validate({"fault": trouble.name, "for": Stage(polls=1)})
    return [*before, fault.model_copy(update=source), *rest]


def _place(steps: list[Step], phase: str) -> int:
    if phase == "running":
        running = [
            i
            for i, step in enumerate(steps)
            if isinstance(step, StatusStep) and step.status == RUNNING
        ]
        return running[0] if running else len(steps) // 2
    return {"first": 0, "last": len(steps) - 1, "after": len(steps)}[phase]
