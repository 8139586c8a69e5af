"""A scenario made ready to run.

Every job compiled to a program, every id and key to be looked up at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from mock_p1.base.patterns import Hit, PatternTable, fits
from mock_p1.contract.operations import API_KEY_LIMIT, JOB_ID_LIMIT, is_placeholder
from mock_p1.engine.job_ids import Numbered, Uuids
from mock_p1.engine.rate_limit import RetryAfter
from mock_p1.engine.replies import frame_of
from mock_p1.engine.timeline import Plan, plan
from mock_p1.scenario.model import ACTIVE
from mock_p1.scenario.step_length import Stage
from mock_p1.scenario.steps import (
    ErrorStep,
    FaultStep,
    Literal,
    ReplyStep,
    RetryDate,
    StatusStep,
    Step,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_p1.scenario.model import GeneratedJobs, Job, Scenario

FILLERS: Final = ("1", "2", "3", "any")
ANY_KEY: Final = "any-key"
"""A key to show where a scenario takes every key."""


class ProgramStep(NamedTuple):
    """One step, the ``file:line`` it came from, and what it will be journaled as.

    ``frame`` is what its reply has before and after the job's id, where jobs differ in nothing
    else.
    """

    position: int
    step: Step
    source: str
    status: str | None = None
    error: str | None = None
    fault: str | None = None
    http_status: int | None = None
    retry: RetryAfter | None = None
    asked_wait_ns: int | None = None
    """How long the answer asks a client to wait, in nanoseconds.

    ``retry`` writes that header, if it is not literal.
    """
    frame: tuple[bytes, bytes] | None = None


class Program(NamedTuple):
    """What a job does: the plan that time and polls move, and the step behind each stage.

    ``name`` is where it stands in the scenario: ``jobs/retrain-001``, ``jobs/*``,
    ``generated_jobs/0``.
    """

    plan: Plan
    steps: tuple[ProgramStep, ...]
    api_key: str | None
    name: str = ""

    @property
    def is_pattern(self) -> bool:
        """Whether it is any job's that fits a pattern; no id of a job has a ``*``."""
        return "*" in self.name

    def does_the_same(self, other: Program) -> bool:
        """Tell whether both show the same steps for the same spans, wherever they stand in their files."""
        return self.plan == other.plan and [at.step for at in self.steps] == [
            at.step for at in other.steps
        ]

    def open_to(self, key: str) -> bool:
        """Tell whether the job can be seen with this key."""
        return self.api_key is None or fits(key, self.api_key)


class Refusal(NamedTuple):
    """A documented error that answers a request, and the ``file:line`` that says so."""

    error: str
    source: str


class Keyring:
    """Says which documented error, if any, a request's API key is answered with."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._names = None if scenario.api_keys is None else PatternTable(scenario.api_keys)

    def refusal(self, key: str) -> Refusal | None:
        """Return why this key is refused, or None if it is active.

        A missing key is the empty one.
        """
        assumed, where = self._scenario.assumptions, self._scenario.where
        if not key:
            return Refusal(assumed.missing_api_key, self._scenario.name)
        hit = self._find(key)
        if hit is None:
            return Refusal(assumed.unknown_api_key, self._scenario.name)
        return None if hit.value == ACTIVE else Refusal(hit.value, where("api_keys", hit.name))

    def declares(self, key: str) -> bool:
        """Tell whether the scenario names this very key."""
        return self._names is not None and self._names.exact(key) is not None

    def first_active(self) -> str:
        """Return a key that works, if there is one.

        The first active one, a pattern's ``*`` filled in.
        """
        active = [
            name for name, state in (self._scenario.api_keys or {}).items() if state == ACTIVE
        ]
        filled = (name.replace("*", filler) for name in active for filler in FILLERS)
        return next((key for key in filled if self.refusal(key) is None), ANY_KEY)

    def key_that_sees(self, program: Program) -> str:
        """Return a key that sees the job, if there is one.

        Its own, or the first that is active and fits; a pattern's ``*`` filled in.
        """
        own = [] if program.api_key is None else [program.api_key]
        named = [n for n, state in (self._scenario.api_keys or {}).items() if state == ACTIVE]
        keys = [name.replace("*", "1") for name in (*own, *named, self.first_active())]
        fitting = (key for key in keys if self.refusal(key) is None and program.open_to(key))
        return next(fitting, keys[-1])

    def _find(self, key: str) -> Hit[str] | None:
        if self._names is not None and (hit := self._names.exact(key)):
            return hit
        if "," in key or len(key) > API_KEY_LIMIT:
            return (
                None  # two headers arrive as one, joined by a comma; no pattern was meant for that
            )
        return Hit("*", ACTIVE, exact=False) if self._names is None else self._names.by_pattern(key)


class Jobs:
    """Finds the program of a job id: named jobs, then generated ones, then patterns."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self._named = PatternTable(
            {
                job_id: compile_job(scenario, job, "jobs", job_id)
                for job_id, job in scenario.jobs.items()
            }
        )
        self._ids = [job_id for job_id in scenario.jobs if "*" not in job_id]
        self._groups = [
            _Group(compile_job(scenario, group, "generated_jobs", index), group, seed, index)
            for index, group in enumerate(scenario.generated_jobs)
        ]

    def find(self, job_id: str) -> Hit[Program] | None:
        """Return the program of an id, or None.

        What can be no id, or was left unfilled, fits no pattern.
        """
        if not isinstance(job_id, str):  # a test may hand over anything, such as a number of polls
            return None
        if hit := self._named.exact(job_id):
            return hit
        for group in self._groups:
            if job_id in group.ids:
                return Hit(job_id, group.program, exact=True)
        if len(job_id) > JOB_ID_LIMIT or "/" in job_id or is_placeholder(job_id):
            return None
        return self._named.by_pattern(job_id)

    @property
    def count(self) -> int:
        """How many ids are named or generated."""
        return len(self._ids) + sum(group.count for group in self._groups)

    def ids(self) -> Iterator[str]:
        """Yield every id that is named or generated, in the order of the file."""
        yield from self._ids
        for group in self._groups:
            yield from group.ids


class _Group:
    """Generated jobs: one program for many ids."""

    def __init__(self, program: Program, group: GeneratedJobs, seed: int, index: int) -> None:
        self.program, self.count = program, group.count
        self.ids = (
            Uuids(group.count, seed, index)
            if group.prefix is None
            else Numbered(group.prefix, group.count)
        )


def compile_job(scenario: Scenario, job: Job, *path: str | int) -> Program:
    """Make the program of the job that stands at ``path`` in the scenario."""
    steps = tuple(_step(scenario, index, step, path) for index, step in enumerate(job.steps))
    stages = [step.step.for_ or Stage() for step in steps]
    if not job.loops:
        stages[-1] = Stage()  # the last step never ends, whatever its `for` says
    return Program(
        plan(tuple(stages), loops=job.loops), steps, job.api_key, "/".join(map(str, path))
    )


def _step(scenario: Scenario, index: int, step: Step, path: tuple[str | int, ...]) -> ProgramStep:
    at = ProgramStep(index, step, scenario.where(*path, "timeline", index))
    match step:
        case StatusStep():
            return at._replace(status=step.status, http_status=200, frame=frame_of(step))
        case ErrorStep():
            return at._replace(error=step.error)
        case FaultStep():
            return at._replace(fault=step.fault)
        case ReplyStep(reply=Literal(retry_after=RetryDate(date=span))):
            return at._replace(retry=RetryAfter(span, as_date=True), asked_wait_ns=span)
        case ReplyStep(reply=Literal(retry_after=int(span))):
            retry = RetryAfter(span)
            return at._replace(retry=retry, asked_wait_ns=retry.asks_for_ns)
        case ReplyStep(reply=reply):
            at = at._replace(asked_wait_ns=reply.literal_wait)
    return at
