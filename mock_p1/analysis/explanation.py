"""What a client would see, told without running anything.

Which polls and other calls, or which stretch of time, meet which answer.

Polls can be numbered only until time or a person moves a job on; from there on, moments are counted
from the last moment that is known.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from mock_p1.analysis.lint import LintWarning, lint_warnings
from mock_p1.base.durations import format_duration
from mock_p1.base.patterns import ANY
from mock_p1.base.text import plural, shorten
from mock_p1.contract.assumptions import FIRST_STEP
from mock_p1.contract.errors import DOCUMENTED_ERRORS, FAULTS
from mock_p1.contract.operations import FINISHED, OPERATIONS, RETRAIN_STATUS_CHECK
from mock_p1.engine.compiler import compile_job, retry_of
from mock_p1.engine.directory import Directory
from mock_p1.engine.failures import NOT_LOST, changes_nothing
from mock_p1.engine.faults import WHOLE, says_success, script
from mock_p1.engine.replies import ReplyWriter, example_of, literal
from mock_p1.engine.timeline import THE_FILE, Plan
from mock_p1.scenario.calls import CallStep, ErrorCall, FaultCall, ReplyCall
from mock_p1.scenario.model import played_by_created
from mock_p1.scenario.step_length import Stage
from mock_p1.scenario.steps import ErrorStep, FaultStep, Literal, ReplyStep, StatusStep, Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mock_p1.base.patterns import Hit
    from mock_p1.engine.program import CallProgram, CallProgramStep, Program, ProgramStep
    from mock_p1.scenario.model import Scenario

    _Met = tuple[str, int | None, list[str]]
    """What an answer is called, its HTTP status if there is one, and what else the client gets."""


class Row(NamedTuple):
    """One step: when it is seen, what is answered, and the ``file:line`` that says so.

    ``outcome`` is the status, error or fault, or ``reply`` for a literal answer; ``details`` what
    else the client gets.
    """

    when: str
    http_status: int | None
    outcome: str
    details: str
    source: str


class Explanation(NamedTuple):
    """What polling one job shows, first step to last; or what the calls of an operation meet.

    ``title`` names the job, or the ids that share the timeline; ``entry`` is the id or pattern that
    the file has for it, ``place`` where that stands: ``jobs/retrain-001``, ``generated_jobs/0``.
    ``calls`` is what is written for its other operations alone. ``api_key`` is the only key that
    sees the job, or None if every active key does.
    """

    title: str
    entry: str
    place: str
    api_key: str | None
    rows: tuple[Row, ...]
    length: str
    calls: tuple[Explanation, ...] = ()


def explanations(scenario: Scenario) -> Iterator[Explanation]:
    """Tell of every job of a scenario, in the order of the file; what clients create comes last.

    Generated jobs that share a timeline once. A job that a client creates under an id of its own
    is told of again where that makes a difference.
    """
    directory = Directory(scenario, scenario.seed)
    answers = ReplyWriter(scenario, scenario.seed)
    for name, job in scenario.jobs.items():
        title = (
            f"job {name}"
            if ANY not in name
            else "any other job"
            if name == ANY
            else f"any job like {name}"
        )
        yield _account(
            (title, name),
            name.replace(ANY, "any"),
            compile_job(scenario, job, "jobs", name),
            answers,
        )
    groups = zip(directory.examples(), scenario.generated_jobs, strict=True)
    for index, (first, group) in enumerate(groups):
        more = f" and {group.count - 1:,} more like it" if group.count > 1 else ""
        yield _account(
            (f"job {first}{more}", first),
            first,
            compile_job(scenario, group, "generated_jobs", index),
            answers,
        )
    if directory.new_jobs is not None and scenario.new_jobs.is_written:
        named: dict[int, Hit[Program]] = {}
        unnamed = []
        for job_id in directory.new_ids:
            if hit := directory.named(job_id):
                named.setdefault(id(hit.value), hit)  # of a group of generated jobs the first
            else:
                unnamed.append(job_id)
        for hit in named.values():
            yield from _as_created(scenario, directory, hit)
        title = "any other job created by upload" if named else "any job created by upload"
        yield _created(scenario, directory.new_jobs, next(iter(unnamed), "any"), title)


class CreatedJobs(NamedTuple):
    """What clients create by upload.

    ``like`` is the entry of the job whose timeline they play, ``new_jobs`` if they have their own,
    None if there is none and ``error`` is answered; ``ids`` are issued first, then UUIDs follow.
    """

    like: str | None
    error: str | None
    ids: list[str]


def created_jobs(scenario: Scenario) -> CreatedJobs:
    """Tell which job the jobs are like that clients create by upload, as the engine has it."""
    ids = scenario.new_jobs.ids or []
    place = played_by_created(scenario)
    if place is None:
        return CreatedJobs(None, "not_found_configuration_file", ids)
    if place[0] == "generated_jobs":
        return CreatedJobs(next(Directory(scenario, scenario.seed).examples()), None, ids)
    return CreatedJobs(str(place[-1]), None, ids)


def call_explanations(scenario: Scenario) -> Iterator[Explanation]:
    """Tell what the calls of each operation meet that the scenario's own ``calls:`` names."""
    return _calls(
        Directory(scenario, scenario.seed).calls, "calls", ReplyWriter(scenario, scenario.seed)
    )


def explanations_of(scenario: Scenario, job_id: str) -> list[Explanation]:
    """Tell of the job that an id leads to: named, generated, created, or fitting a pattern.

    Of one that the scenario names and a client may create twice, where that makes a difference;
    nothing if there is none.
    """
    directory = Directory(scenario, scenario.seed)
    answers = ReplyWriter(scenario, scenario.seed)
    hit = directory.find(job_id)
    created = directory.new_jobs if job_id in directory.new_ids else None
    if created is not None and not (hit and hit.exact):
        return [_created(scenario, created, job_id, f"job {job_id}, created by upload")]
    if hit is None:
        return []
    how = "" if hit.exact else f" (by the pattern {hit.name})"
    told = _account((f"job {job_id}{how}", hit.name), job_id, hit.value, answers)
    return [told, *(() if created is None else _as_created(scenario, directory, hit))]


def _as_created(
    scenario: Scenario, directory: Directory, hit: Hit[Program]
) -> Iterator[Explanation]:
    """Yield what a job shows that the scenario names, if it is another thing once created."""
    answers, job_id = ReplyWriter(scenario, scenario.seed), hit.name
    told = _account((job_id, job_id), job_id, hit.value, answers)
    program = directory.created(job_id) or hit.value
    created = _created(scenario, program, job_id, f"job {job_id}, created by upload")
    calls = tuple(
        each
        if each.entry in hit.value.calls
        else each._replace(place=f"new_jobs/calls/{each.entry}")
        for each in created.calls
    )
    if (created.rows, calls) != (told.rows, told.calls):
        yield created._replace(calls=calls)


def _created(scenario: Scenario, program: Program, job_id: str, title: str) -> Explanation:
    """Tell of a job whose time begins when its file has come; it is the creator's alone."""
    answers = ReplyWriter(scenario, scenario.seed)
    names, calendar = (title, "new_jobs"), _Calendar(anchor=THE_FILE)
    program = program._replace(api_key=None)
    explained = _account(names, job_id, program, answers, calendar)
    assumed = scenario.assumptions.before_upload
    if assumed == FIRST_STEP:
        return explained
    refused = Row(
        f"until {THE_FILE} has come",
        answers.error(assumed).status,
        assumed,
        DOCUMENTED_ERRORS[assumed].message,
        scenario.where("assumptions", "before_upload"),
    )
    seen = explained.rows[1:] if program.plan.stages[0].until_upload else explained.rows
    return explained._replace(rows=(refused, *seen))


def _account(
    names: tuple[str, str],
    job_id: str,
    program: Program,
    answers: ReplyWriter,
    calendar: _Calendar | None = None,
) -> Explanation:
    moments = (calendar or _Calendar()).moments(program.plan)
    rows = [
        _row(when, job_id, program_step, answers, program.stands_at(program_step.position))
        for when, program_step in zip(moments, program.steps, strict=True)
    ]
    calls = tuple(_calls(program.calls, f"{program.name}/calls", answers))
    return Explanation(
        *names, program.name, program.api_key, tuple(rows), _length(program.plan, "poll"), calls
    )


def _calls(
    programs: Mapping[str, CallProgram], place: str, answers: ReplyWriter
) -> Iterator[Explanation]:
    for name, program in programs.items():
        moments = _Calendar("call").moments(program.plan)
        rows = tuple(
            _call_row(when, program_step, name, answers)
            for when, program_step in zip(moments, program.steps, strict=True)
        )
        yield Explanation(name, name, f"{place}/{name}", None, rows, _length(program.plan, "call"))


def _call_row(
    when: str, program_step: CallProgramStep, operation: str, answers: ReplyWriter
) -> Row:
    step = program_step.step
    called = OPERATIONS[operation]
    how = ["as far as the job's state lets it"] * called.has_job
    outcome, http_status, details = _failure(step, answers) or ("ok", None, how)
    if says_success(outcome, called) and not changes_nothing(called):
        details = [*(details if outcome == WHOLE else ()), NOT_LOST]
    elif getattr(step, "done", False) and not changes_nothing(called):
        details.append("but the act is done: only its answer is lost")
    return Row(when, http_status, outcome, "; ".join(details + _delay(step)), program_step.source)


def _row(
    when: str, job_id: str, program_step: ProgramStep, answers: ReplyWriter, stands_at: ProgramStep
) -> Row:
    step = program_step.step
    outcome, http_status, details = _failure(step, answers) or _status(
        job_id, program_step, answers
    )
    details += _delay(step)
    if stands_at is not program_step and stands_at.status == FINISHED:
        details.append(f"the job stays {FINISHED}")
    return Row(when, http_status, outcome, "; ".join(details), program_step.source)


def _delay(step: Step | CallStep) -> list[str]:
    if step.delay is None:
        return []
    low, high = map(format_duration, step.delay)
    return [f"held back {low if low == high else f'{low}..{high}'}"]


def _failure(step: Step | CallStep, answers: ReplyWriter) -> _Met | None:
    """Return what a step shows that is no status and no success; else None."""
    match step:
        case ErrorStep(error=error) | ErrorCall(error=error):
            return error, answers.error(error).status, [DOCUMENTED_ERRORS[error].message]
        case FaultStep(fault=fault):
            spoilt = script(fault, example_of(RETRAIN_STATUS_CHECK))
            return fault, getattr(spoilt, "status", None), [FAULTS[fault]]
        case FaultCall(fault=fault):
            return fault, None, [FAULTS[fault]]
        case ReplyStep(reply=reply) | ReplyCall(reply=reply):
            return "reply", reply.status_code, _literal_details(reply)
    return None


def _status(job_id: str, program_step: ProgramStep, answers: ReplyWriter) -> _Met:
    """Return the status that a poll of this step is answered with, and what comes with it."""
    # the address of the mock is not known before it runs
    reply = answers.status(job_id, program_step, "…", "…")
    fields = json.loads(reply.body)
    details = [
        f"{name}: {json.dumps(value, ensure_ascii=False)}"
        for name, value in fields.items()
        if name not in ("status", "metadata")
    ]
    result = program_step.step.result if isinstance(program_step.step, StatusStep) else None
    if result is not None and result.fails:
        how_often = "once" if result.fails == 1 else f"{result.fails} times"
        details.append(f"which fails {how_often} before it gives the file")
    return fields["status"] or "reply", reply.status, details


def _literal_details(reply: Literal) -> list[str]:
    details = [f"{name}: {value}" for name, value in reply.headers.items()]
    retry, _ = retry_of(reply)
    if retry is not None:
        as_date = " as a date" * retry.as_date
        details.append(f"Retry-After: {format_duration(retry.span_ns)}{as_date}")
    body = literal(reply).body
    return [*details, shorten(body.decode("utf-8", "replace"))] if body else details


def explanation_document(
    scenario: Scenario, one: list[Explanation] | None = None
) -> dict[str, Any]:
    """Return all that can be told of a scenario, or of ``one`` of its jobs, as JSON has it.

    Keys are left as they are written, None where every one is active.
    """
    jobs = explanations(scenario) if one is None else one
    return {
        "scenario": scenario.name,
        "description": scenario.description,
        "api_keys": scenario.api_keys and dict(scenario.api_keys),
        "secret_keys": scenario.secret_keys and dict(scenario.secret_keys),
        "other_jobs": None if "*" in scenario.jobs else "not_found_retrain_job",
        "created_jobs": created_jobs(scenario)._asdict(),
        "jobs": [_timeline(each) for each in jobs],
        "calls": [_timeline(each) for each in call_explanations(scenario)],
        "warnings": [
            {"source": each.source, "text": each.text} for each in warnings_about(scenario, one)
        ],
    }


def warnings_about(scenario: Scenario, one: list[Explanation] | None) -> list[LintWarning]:
    """Return the lint warnings, or those that have to do with one job."""
    about = None if one is None else {None, *(part for told in one for part in told[1:3])}
    return [each for each in lint_warnings(scenario) if about is None or each.job in about]


def _timeline(explanation: Explanation) -> dict[str, Any]:
    return {
        "title": explanation.title,
        "entry": explanation.entry,
        "place": explanation.place,
        "api_key": explanation.api_key,
        "length": explanation.length,
        "rows": [row._asdict() for row in explanation.rows],
        "calls": [_timeline(each) for each in explanation.calls],
    }


@dataclass
class _Calendar:
    """Says when each step is seen, going from step to step."""

    word: str = "poll"  # what is counted
    polls: int | None = 0  # how many polls have gone by, as long as that can be told
    anchor: str = ""  # the last moment that is known
    offset: int = 0  # nanoseconds since then

    def __post_init__(self) -> None:
        self.anchor = self.anchor or f"{self.word} 1"

    def moments(self, plan: Plan) -> Iterator[str]:
        """Say when each step is seen, first to last."""
        last = None if plan.loops else len(plan.stages) - 1
        for index, stage in enumerate(plan.stages):
            yield self.ever_after() if index == last else self.pass_over(stage)

    def pass_over(self, stage: Stage) -> str:
        """Say when a step of this length is seen, and go to its end."""
        if stage.polls is not None:
            return self._polls(stage.polls)
        if stage.lasts_ns is not None:
            start, self.offset = self.offset, self.offset + stage.lasts_ns
            self.polls = None
            span = f"from {format_duration(start)} to {format_duration(self.offset)}"
            return f"{span} after {self.anchor}"
        if stage.until_upload:
            self.polls, self.anchor = None, THE_FILE
            return f"until {THE_FILE} has come"
        begin = self.ever_after()
        self.polls, self.offset = None, 0
        self.anchor = "that poll" if stage.until_poll else "that move"
        until = "the job is polled again" if stage.until_poll else "moved by hand"
        return f"{begin}, until {until}"

    def _polls(self, count: int) -> str:
        if self.polls is not None:
            first, self.polls = self.polls + 1, self.polls + count
            self.anchor = f"{self.word} {self.polls}"
            return self.anchor if count == 1 else f"{self.word}s {first}-{self.polls}"
        which = f"next {self.word}" if count == 1 else f"next {plural(count, self.word)}"
        when = (
            f"the {which} from {format_duration(self.offset)} after {self.anchor} on"
            if self.offset
            else f"the {which}"
        )
        self.anchor, self.offset = "that" if count == 1 else "the last of them", 0
        return when

    def ever_after(self) -> str:
        """Say from when on the step is seen that begins here."""
        if self.polls is not None:
            each = f"{self.word} {self.polls + 1} and later"
            return each if self.polls else f"every {self.word}"
        return (
            f"from {format_duration(self.offset)} after {self.anchor} on"
            if self.offset
            else "from then on"
        )


def _length(plan: Plan, word: str) -> str:
    passed = plan.stages if plan.loops else plan.stages[:-1]
    if not passed:
        return "always the same"
    polls = sum(stage.polls or 0 for stage in passed)
    span = sum(stage.lasts_ns or 0 for stage in passed)
    moves = sum(stage == Stage() for stage in passed)
    again = sum(stage.until_poll for stage in passed)
    parts = [THE_FILE] * any(stage.until_upload for stage in passed)
    parts += [plural(polls, word)] * bool(polls)
    parts += [format_duration(span)] * bool(span)
    parts += [f"{plural(moves, 'move')} by hand"] * bool(moves)
    parts += [f"{plural(again, 'poll')} of the job"] * bool(again)
    return f"{'begins anew' if plan.loops else 'at its last step'} after {' and '.join(parts)}"
