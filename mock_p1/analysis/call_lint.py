"""What under ``calls:`` and ``for: upload`` was probably not meant: what no client can reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from mock_p1.base.patterns import ANY
from mock_p1.contract.operations import (
    FILE_UPLOAD,
    FINISHED,
    GET_API_KEY,
    OPERATIONS,
    RESULT_DOWNLOAD,
    RETRAIN_DATA_UPLOAD,
    RETRAIN_MODEL_SWITCH,
)
from mock_p1.engine.faults import WHOLE, says_success
from mock_p1.engine.job_ids import GeneratedIds
from mock_p1.scenario.calls import CallStep, FaultCall, OkCall
from mock_p1.scenario.model import ACTIVE, Job, Scenario
from mock_p1.scenario.step_length import Stage
from mock_p1.scenario.steps import StatusStep, Step

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from mock_p1.base.record import Path

    Warned = tuple[str, str]

BY_HAND: Final = "what follows is reached only when a test or the control API moves the job on"
REPEATED: Final = (
    "some clients repeat a {} by themselves when its connection breaks ({}) and never show this "
    "fault; for: 2 {} reaches them"
)
REPEATERS: Final = {"GET": "Java, Go, aiohttp, a reused curl", "PUT": "aiohttp, a reused curl"}
_NEEDED: Final = (RETRAIN_DATA_UPLOAD.name, FILE_UPLOAD.name)
"""The operations that must succeed before a job has its file."""


class _Played(NamedTuple):
    """What a job plays: its steps, and the operations for which it has a list of its own."""

    steps: Sequence[Step]
    own: Collection[str]


class CallLint:
    """Looks at the calls of one scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._generated = GeneratedIds(scenario.generated_jobs, scenario.seed)
        self._new_ids = scenario.new_jobs.ids or []
        self._unnamed = self._what_new_jobs_play()
        created = [self._unnamed, *map(self._what_is_created, self._new_ids)]
        self._created = [played for played in created if played is not None]
        self._created_steps = {id(played.steps[0]) for played in self._created}
        self._jobs = [
            _Played(job.steps, job.calls)
            for job in (*scenario.jobs.values(), *scenario.generated_jobs)
        ]

    def _what_new_jobs_play(self) -> _Played | None:
        """Return what a created job plays whose id the scenario does not name."""
        new, jobs = self._scenario.new_jobs, self._scenario.jobs
        if new.timeline is not None or new.error is not None:
            return _Played(new.steps, new.calls)
        every = (*jobs.values(), *self._scenario.generated_jobs)
        played = jobs.get(ANY) or next(iter(every), None)
        return None if played is None else _Played(played.steps, new.calls or played.calls)

    def _what_is_created(self, job_id: str) -> _Played | None:
        """Return what a job plays that is created under this id."""
        group = self._generated.group_of(job_id)
        other = None if group is None else self._scenario.generated_jobs[group]
        named = self._scenario.jobs.get(job_id, other)
        if named is None:
            return self._unnamed
        return _Played(named.steps, {**self._scenario.new_jobs.calls, **named.calls})

    def of_scenario(self) -> Iterator[Warned]:
        """Yield what is doubtful in the lists that hold for all jobs."""
        for name, elements in self._scenario.calls.items():
            yield from self._of_list(("calls", name), elements, name)
            jobs = self._jobs_of(name)
            others = [job for job in jobs if name not in job.own]
            reason = (
                "each job has a list of its own for this operation"
                if jobs and not others
                else self._why_never(name, others)
            )
            if reason:
                yield self._scenario.where("calls", name), f"never strikes: {reason}"

    def of_job(self, job: Job, path: Path) -> Iterator[Warned]:
        """Yield what is doubtful in a job's own lists, and in its waiting for a file."""
        is_new = job is self._scenario.new_jobs
        if is_new and not self._created:
            return
        steps = self._created[0].steps if is_new else job.steps
        is_created = id(steps[0]) in self._created_steps
        for name, elements in job.calls.items():
            place = (*path, "calls", name)
            yield from self._of_list(place, elements, name)
            reason = (
                "no client creates this job by upload"
                if name == FILE_UPLOAD.name and not is_created
                else _never_asked(name, [_Played(steps, ())])
            )
            if reason:
                yield self._scenario.where(*place), f"never strikes: {reason}"
        waits = steps[0].for_ == Stage(until_upload=True)
        if waits or (is_new and job.timeline is not None):
            if not is_created:
                reason = "new_jobs: issues no job that plays this timeline"
            elif self._is_left_out(path):
                reason = "new_jobs: issues other ids than this one"
            else:
                lists = {**self._scenario.calls, **job.calls}
                failing = [name for name in _NEEDED if _never_succeeds(name, lists.get(name, ()))]
                reason = f"{failing[0]} never succeeds, see calls:" if failing else ""
            if reason:
                yield self._scenario.where(*path, "timeline", 0), f"no file can come: {reason}"

    def _is_left_out(self, path: Path) -> bool:
        """Tell whether a job has an id of its own, and new_jobs: names others."""
        job_id = str(path[-1])
        is_named = path[0] == "jobs" and "*" not in job_id
        return is_named and bool(self._new_ids) and job_id not in self._new_ids

    def _of_list(
        self, path: Path, elements: Sequence[CallStep], operation: str
    ) -> Iterator[Warned]:
        last = len(elements) - 1
        for index, element in enumerate(elements):
            if operation != FILE_UPLOAD.name and is_repeated(element):
                text = repeated(OPERATIONS[operation].method, "calls")
                yield self._scenario.where(*path, index), text
            if text := _effect(operation, element):
                yield self._scenario.where(*path, index), text
            if index < last and element.for_ == Stage():
                yield self._scenario.where(*path, index), BY_HAND
            elif index == last and element.for_ is not None:
                text = "for: does nothing here; the last element never ends"
                yield self._scenario.where(*path, index), text

    def why_never_called(self, name: str) -> str:
        """Say why a client never comes as far as the act of an operation; nothing where it may."""
        return self._why_never(name, self._jobs_of(name))

    def _jobs_of(self, name: str) -> list[_Played]:
        """Return the jobs that the calls of an operation can be about."""
        created = [] if self._fails_for_all(_NEEDED[0]) else self._created
        if name == FILE_UPLOAD.name:
            return created
        if name == RESULT_DOWNLOAD.name and self._fails_for_all(FILE_UPLOAD.name):
            created = []
        return [*self._jobs, *created] if OPERATIONS[name].has_job else []

    def _fails_for_all(self, name: str) -> bool:
        """Tell whether a call never succeeds, whatever job it is about."""
        return _never_succeeds(name, self._scenario.calls.get(name, ()))

    def _why_never(self, name: str, jobs: Sequence[_Played]) -> str:
        has_secret = _has_active(self._scenario.secret_keys)
        if name == GET_API_KEY.name:
            return "" if has_secret else "no secret key is active"
        is_issued = has_secret and not self._fails_for_all(GET_API_KEY.name)
        if not (is_issued or _has_active(self._scenario.api_keys)):
            return "no API key is active"
        if name in _NEEDED and not self._created:
            return "there is no job that a client could create"
        if name == FILE_UPLOAD.name and self._fails_for_all(_NEEDED[0]):
            return f"{_NEEDED[0]} never succeeds, so there is no upload_url"
        if OPERATIONS[name].has_job and self._created and not self._jobs_of(name):
            failing = next(filter(self._fails_for_all, _NEEDED))
            return f"{failing} never succeeds, so there is no such job"
        return _never_asked(name, jobs)


def _has_active(keys: Mapping[str, str] | None) -> bool:
    """Tell whether one of these keys works; every one does where the scenario names none."""
    return keys is None or ACTIVE in keys.values()


def repeated(method: str, counted: str) -> str:
    """Say that some clients repeat a call by themselves, and how a fault reaches them."""
    return REPEATED.format(method, REPEATERS[method], counted)


def is_repeated(step: Step | CallStep) -> bool:
    """Tell whether this is a fault of one call, at which some clients' libraries ask again."""
    fault = getattr(step, "fault", None)
    return fault in ("connection_reset", "empty_response") and step.for_ == Stage(polls=1)


def _effect(operation: str, element: CallStep) -> str:
    """Say why an element does less than it seems to; nothing where it does as it says."""
    known = OPERATIONS[operation]
    if known.method == "GET" and known.link and getattr(element, "done", False):
        return "done: does nothing here; a download does nothing that could count"
    fault = getattr(element, "fault", WHOLE)
    if fault != WHOLE and says_success(fault, known):
        return f"{fault} spoils nothing here: the answer to a file has no body"
    return ""


def _never_asked(operation: str, jobs: Sequence[_Played]) -> str:
    """Say why a client that does as documented never makes this call for any of these jobs."""
    shown = [step for job in jobs for step in job.steps if isinstance(step, StatusStep)]
    if operation == RETRAIN_MODEL_SWITCH.name and not any(s.status == FINISHED for s in shown):
        return f"no job shows {FINISHED}, for which a client waits before it switches"
    if operation == RESULT_DOWNLOAD.name and not any(s.result for s in shown):
        return "no job has a result: to download"
    return ""


def _never_succeeds(operation: str, elements: Sequence[CallStep]) -> bool:
    """Tell whether the act is done by none of these elements."""
    return bool(elements) and not any(_acts(operation, each) for each in elements)


def _acts(operation: str, element: CallStep) -> bool:
    if isinstance(element, FaultCall) and says_success(element.fault, OPERATIONS[operation]):
        return True
    return isinstance(element, OkCall) or getattr(element, "done", False)
