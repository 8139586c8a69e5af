"""What a client would see, told without running anything.

Which polls, or which stretch of time, meet which answer.

Polls can be numbered only until time or a person moves a job on; from there on, moments are counted
from the last moment that is known.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from mock_p1.base.durations import format_duration
from mock_p1.base.messages import Fault, Reply
from mock_p1.base.patterns import ANY
from mock_p1.base.text import shorten
from mock_p1.contract.errors import DOCUMENTED_ERRORS, FAULTS
from mock_p1.contract.operations import RETRAIN_STATUS_CHECK
from mock_p1.engine.compiler import compile_job
from mock_p1.engine.directory import Directory
from mock_p1.engine.faults import script
from mock_p1.engine.replies import ReplyWriter, example_of, literal
from mock_p1.scenario.steps import ErrorStep, FaultStep, ReplyStep, StatusStep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_p1.engine.program import Program, ProgramStep
    from mock_p1.scenario.model import Scenario
    from mock_p1.scenario.step_length import Stage

BASE_URL = "…"
"""Stands for the address of the mock, which is not known before it runs."""


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
    """What polling one job shows, first step to last.

    ``title`` names the job, or the ids that share the timeline; ``entry`` is the id or pattern that
    the file has for it, ``place`` where that stands: ``jobs/retrain-001``, ``generated_jobs/0``.
    ``api_key`` is the only key that sees the job, or None if every active key does.
    """

    title: str
    entry: str
    place: str
    api_key: str | None
    rows: tuple[Row, ...]
    length: str


def explanations(scenario: Scenario) -> Iterator[Explanation]:
    """Tell of every job of a scenario, in the order of the file.

    Generated jobs that share a timeline once.
    """
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
    ids = Directory(scenario, scenario.seed).ids()
    _skip(ids, sum(ANY not in name for name in scenario.jobs))
    for index, group in enumerate(scenario.generated_jobs):
        first = next(ids)
        _skip(ids, group.count - 1)
        more = f" and {group.count - 1:,} more like it" if group.count > 1 else ""
        yield _account(
            (f"job {first}{more}", first),
            first,
            compile_job(scenario, group, "generated_jobs", index),
            answers,
        )


def explanation_of(scenario: Scenario, job_id: str) -> Explanation | None:
    """Tell of the job that an id leads to, be it named, generated, or fitting a pattern.

    None if there is none.
    """
    hit = Directory(scenario, scenario.seed).find(job_id)
    if hit is None:
        return None
    how = "" if hit.exact else f" (by the pattern {hit.name})"
    return _account(
        (f"job {job_id}{how}", hit.name), job_id, hit.value, ReplyWriter(scenario, scenario.seed)
    )


def _account(
    names: tuple[str, str], job_id: str, program: Program, answers: ReplyWriter
) -> Explanation:
    calendar = _Calendar()
    plan = program.plan
    rows = []
    for at, stage in zip(program.steps, plan.stages, strict=True):
        when = (
            calendar.ever_after()
            if at is program.steps[-1] and not plan.loops
            else calendar.pass_over(stage)
        )
        rows.append(_row(when, job_id, at, answers))
    return Explanation(
        *names, program.name, program.api_key, tuple(rows), _length(plan.stages, loops=plan.loops)
    )


def _row(when: str, job_id: str, at: ProgramStep, answers: ReplyWriter) -> Row:
    reply = _preview(at, job_id, answers)
    http_status = reply.status if isinstance(reply, Reply) else None
    details = _details(at, reply.body if isinstance(reply, Reply) else b"")
    if at.step.delay is not None:
        low, high = map(format_duration, at.step.delay)
        details.append(f"held back {low if low == high else f'{low}..{high}'}")
    return Row(
        when,
        http_status,
        at.status or at.error or at.fault or "reply",
        "; ".join(details),
        at.source,
    )


def _preview(step: ProgramStep, job_id: str, replies: ReplyWriter) -> Reply | Fault:
    """Return what a poll of this step is answered with."""
    match step.step:
        case ErrorStep(error=error):
            return replies.error(error)
        case FaultStep(fault=fault):
            return script(fault, example_of(RETRAIN_STATUS_CHECK))
        case ReplyStep(reply=reply):
            return literal(reply)
        case _:
            return replies.status(job_id, step, BASE_URL, "…")


def _details(at: ProgramStep, body: bytes) -> list[str]:
    if at.error is not None:
        return [DOCUMENTED_ERRORS[at.error].message]
    if at.fault is not None:
        return [FAULTS[at.fault]]
    if isinstance(at.step, ReplyStep):
        told = [f"{name}: {value}" for name, value in at.step.reply.headers.items()]
        if at.retry is not None:
            told.append(
                f"Retry-After: {format_duration(at.retry.span_ns)}{' as a date' * at.retry.as_date}"
            )
        return [*told, shorten(body.decode("utf-8", "replace"))] if body else told
    fields = {
        name: value
        for name, value in json.loads(body).items()
        if name not in ("status", "metadata")
    }
    told = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()]
    result = at.step.result if isinstance(at.step, StatusStep) else None
    if result is not None and result.fails:
        told.append(
            f"which fails {'once' if result.fails == 1 else f'{result.fails} times'} before it gives the file"
        )
    return told


@dataclass
class _Calendar:
    """Says when each step is seen, going from step to step."""

    polls: int | None = 0  # how many polls have gone by, as long as that can be told
    anchor: str = "poll 1"  # the last moment that is known
    offset: int = 0  # nanoseconds since then

    def pass_over(self, stage: Stage) -> str:
        """Say when a step of this length is seen, and go to its end."""
        if stage.polls is not None:
            return self._polls(stage.polls)
        if stage.lasts_ns is not None:
            start, self.offset = self.offset, self.offset + stage.lasts_ns
            self.polls = None
            return f"from {format_duration(start)} to {format_duration(self.offset)} after {self.anchor}"
        begin = self.ever_after()
        self.polls, self.anchor, self.offset = None, "that move", 0
        return f"{begin}, until moved by hand"

    def _polls(self, count: int) -> str:
        if self.polls is not None:
            first, self.polls = self.polls + 1, self.polls + count
            self.anchor = f"poll {self.polls}"
            return f"poll {first}" if count == 1 else f"polls {first}-{self.polls}"
        which = f"next{'' if count == 1 else f' {count}'} poll{'' if count == 1 else 's'}"
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
            return f"poll {self.polls + 1} and later" if self.polls else "every poll"
        return (
            f"from {format_duration(self.offset)} after {self.anchor} on"
            if self.offset
            else "from then on"
        )


def _length(stages: tuple[Stage, ...], *, loops: bool) -> str:
    passed = stages if loops else stages[:-1]
    if not passed:
        return "always the same"
    polls = sum(stage.polls or 0 for stage in passed)
    span = sum(stage.lasts_ns or 0 for stage in passed)
    moves = sum(stage.polls is None and stage.lasts_ns is None for stage in passed)
    parts = [f"{polls} poll{'' if polls == 1 else 's'}"] * bool(polls)
    parts += [format_duration(span)] * bool(span)
    parts += [f"{moves} move{'' if moves == 1 else 's'} by hand"] * bool(moves)
    return f"{'begins anew' if loops else 'at its last step'} after {' and '.join(parts)}"


def _skip(ids: Iterator[str], count: int) -> None:
    next(islice(ids, count, count), None)
