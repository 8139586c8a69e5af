"""What under ``calls:`` and ``for: upload`` was probably not meant: what no client can reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from mock_p1.analysis.step_label import REFUSED
from mock_p1.contract.operations import (
    FILE_UPLOAD,
    FINISHED,
    GET_API_KEY,
    OPERATIONS,
    RESULT_DOWNLOAD,
    RETRAIN_DATA_UPLOAD,
    RETRAIN_MODEL_SWITCH,
)
from mock_p1.engine.failures import changes_nothing
from mock_p1.engine.faults import WHOLE, says_success
from mock_p1.engine.job_ids import GeneratedIds
from mock_p1.scenario.calls import CallStep, FaultCall, OkCall
from mock_p1.scenario.model import ACTIVE, Job, Scenario, played_by_created
from mock_p1.scenario.step_length import Stage
from mock_p1.scenario.steps import ReplyStep, StatusStep, Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mock_p1.base.record import Path

    Warned = tuple[str, str]

IS_MANUAL: Final = "what follows is reached only when a test or the control API moves the job on"
REPEATED: Final = (
    "some clients repeat a {} by themselves when its connection breaks ({}) and never show this "
    "fault; for: 2 {} reaches them"
)
REPEATERS: Final = {"GET": "Java, Go, aiohttp, a reused curl", "PUT": "aiohttp, a reused curl"}
_NEEDED: Final = (RETRAIN_DATA_UPLOAD.name, FILE_UPLOAD.name)
"""The operations that must succeed before a job has its file."""


class _Played(NamedTuple):
    """What a job plays: its steps, and the lists of its own for operations that have one."""

    steps: Sequence[Step]
    own: Mapping[str, Sequence[CallStep]]


class CallLint:
    """Looks at the calls of one scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._generated = GeneratedIds(scenario.generated_jobs, scenario.seed)
        self._new_ids = scenario.new_jobs.ids or []
        self._issued: set[Path] = set()
        self._as_created = self._what_is_created()
        self._created = [played for many in self._as_created.values() for played in many]
        self._jobs = [
            _Played(job.steps, job.calls)
            for job in (*scenario.jobs.values(), *scenario.generated_jobs)
        ]

    def _what_is_created(self) -> dict[Path, list[_Played]]:
        """Return what created jobs play, by where the jobs stand whose timelines these are."""
        scenario, new = self._scenario, self._scenario.new_jobs
        found: dict[Path, list[_Played]] = {}
        if place := played_by_created(scenario):
            model = self._job_at(place)
            found[place] = [_Played(model.steps, new.calls or model.calls)]
        for job_id in self._new_ids:
            group = self._generated.group_of(job_id)
            named: Path = ("generated_jobs", group or 0)
            if job_id in scenario.jobs:
                named = ("jobs", job_id)
            elif group is None:
                continue
            self._issued.add(named)
            job = self._job_at(named)
            played = _Played(job.steps, {**new.calls, **job.calls})
            if played not in (others := found.setdefault(named, [])):
                others.append(played)
        return found

    def _job_at(self, place: Path) -> Job:
        """Return the job that stands here in the scenario."""
        match place:
            case ("jobs", str(name)):
                return self._scenario.jobs[name]
            case ("generated_jobs", int(index)):
                return self._scenario.generated_jobs[index]
            case _:
                return self._scenario.new_jobs

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
        for name, elements in job.calls.items():
            place = (*path, "calls", name)
            yield from self._of_list(place, elements, name)
            if reason := self._why_never_own(job, path, name):
                yield self._scenario.where(*place), f"never strikes: {reason}"
        first = job.steps[0].for_
        waits = first is not None and first.until_upload
        if waits or (is_new and job.timeline is not None):
            if not self._is_created(path):
                reason = "new_jobs: issues no job that plays this timeline"
            elif self._is_left_out(path):
                reason = "new_jobs: issues other ids than this one"
            else:
                failing = [self._what_fails(played) for played in self._as_created[path]]
                reason = f"{failing[0]} never succeeds, see calls:" if all(failing) else ""
            if reason:
                yield self._scenario.where(*path, "timeline", 0), f"no file can come: {reason}"

    def _why_never_own(self, job: Job, path: Path, name: str) -> str:
        """Say why no call meets a job's own list; nothing where one may."""
        is_new = job is self._scenario.new_jobs
        if not is_new and name != FILE_UPLOAD.name:
            return _never_asked(name, [_Played(job.steps, {})])
        created = self._created if is_new else self._as_created.get(path, [])
        if not created:
            return "no client creates this job by upload"
        played = [each for each in created if each.own.get(name) is job.calls[name]]
        if not played:
            return "created jobs have the calls: of new_jobs: instead; write this list there"
        if self._fails_for_all(failing := _NEEDED[0]):
            return f"{failing} never succeeds, so there is no such job"
        return _never_asked(name, played)

    def _is_created(self, path: Path) -> bool:
        """Tell whether a client may create a job that plays the timeline of the one here."""
        return path in self._as_created

    def is_issued(self, path: Path) -> bool:
        """Tell whether a client may create this very job, by its id or one of its ids."""
        return path in self._issued

    def _what_fails(self, played: _Played) -> str:
        """Return the operation that never succeeds before a created job has its file, if any."""
        lists = {**self._scenario.calls, **played.own}
        return next((name for name in _NEEDED if _never_succeeds(name, lists.get(name, ()))), "")

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
                yield self._scenario.where(*path, index), IS_MANUAL
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
        if name == RESULT_DOWNLOAD.name:
            created = [played for played in created if not self._what_fails(played)]
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
        if name == FILE_UPLOAD.name and not self._created:
            return "there is no job that a client could create"
        if name == FILE_UPLOAD.name and self._fails_for_all(_NEEDED[0]):
            return f"{_NEEDED[0]} never succeeds, so there is no upload_url"
        if OPERATIONS[name].has_job and self._created and not self._jobs_of(name):
            failing = next(filter(self._fails_for_all, _NEEDED), FILE_UPLOAD.name)
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
    if changes_nothing(known) and getattr(element, "done", False):
        return "done: does nothing here; a download does nothing that could count"
    fault = getattr(element, "fault", WHOLE)
    if fault != WHOLE and says_success(fault, known):
        return f"{fault} spoils nothing here: the answer to a file has no body"
    return ""


def _never_asked(operation: str, jobs: Sequence[_Played]) -> str:
    """Say why a client that does as documented never makes this call for any of these jobs."""
    steps = [step for job in jobs for step in job.steps]
    if operation == RETRAIN_MODEL_SWITCH.name and not any(map(shows_finished, steps)):
        return f"no job shows {FINISHED}, for which a client waits before it switches"
    if operation == RESULT_DOWNLOAD.name and not any(
        getattr(step, "result", None) for step in steps
    ):
        return "no job has a result: to download"
    return ""


def shows_finished(step: Step) -> bool:
    """Tell whether a step says that the job has finished, be it in a reply to the letter."""
    if isinstance(step, ReplyStep):
        from mock_p1.engine.replies import literal  # noqa: PLC0415 -- few write one

        return step.reply.status_code < REFUSED and FINISHED.encode() in literal(step.reply).body
    return isinstance(step, StatusStep) and step.status == FINISHED


def _never_succeeds(operation: str, elements: Sequence[CallStep]) -> bool:
    """Tell whether the act is done by none of these elements."""
    return bool(elements) and not any(_acts(operation, each) for each in elements)


def _acts(operation: str, element: CallStep) -> bool:
    if isinstance(element, FaultCall) and says_success(element.fault, OPERATIONS[operation]):
        return True
    return isinstance(element, OkCall) or getattr(element, "done", False)
