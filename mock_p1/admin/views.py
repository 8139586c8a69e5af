"""What ``/__admin`` shows of an engine, as its models say: times in seconds, keys masked."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from mock_p1.admin import models
from mock_p1.base.clock import SECOND, RealClock
from mock_p1.base.durations import format_duration
from mock_p1.base.messages import Fault, Reply
from mock_p1.base.text import mask, plural
from mock_p1.engine.callers import caller_name, stand_ins
from mock_p1.engine.timeline import Plan, State, following
from mock_p1.scenario.faker_fields import Fake
from mock_p1.scenario.redaction import masked_key
from mock_p1.scenario.steps import FaultStep, Literal, ReplyStep, RetryDate, StatusStep, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_p1.engine.engine import Engine
    from mock_p1.engine.journal import Entry
    from mock_p1.engine.mock_state import InjectedFailure
    from mock_p1.engine.program import Program, ProgramStep
    from mock_p1.engine.snapshot import JobView, Track


MAX_AHEAD: Final = 20
"""So many steps that time alone leads to are shown."""


def clock(engine: Engine) -> models.Clock:
    """Return what the clock shows, and how it runs.

    A virtual clock moves only when it is advanced: its speed is 0.
    """
    now_ns = engine.clock.now_ns()
    return models.Clock(
        seconds=seconds(now_ns),
        time=date(engine, now_ns),
        kind="real" if isinstance(engine.clock, RealClock) else "virtual",
        speed=engine.clock.speed if isinstance(engine.clock, RealClock) else 0.0,
        frozen=engine.clock.frozen if isinstance(engine.clock, RealClock) else True,
    )


def timeline(program: Program) -> models.Timeline:
    """Return what a job does, step by step."""
    return models.Timeline(
        name=program.name,
        at_end="loop" if program.plan.loops else "stay",
        api_key=None if program.api_key is None else masked_key(program.api_key),
        steps=[_step(program, step) for step in program.steps],
    )


def job(view: JobView) -> models.Job:
    """Return one job: where the key that polled last finds it, and every key's own track."""
    newest = view.tracks[0] if view.tracks else None
    step = view.program.steps[newest.state.position if newest else view.start]
    return models.Job(
        **_same(step, "status", "error", "fault"),
        **_same(view, "job_id", "keys"),
        timeline=view.program.name,
        step=step.position + 1,
        outcome=label(step),
        waits_for=newest.waits_for if newest else "the first poll",  # by whatever key
        polls=sum(track.polls for track in view.tracks),
        start_step=view.start + 1,
        tracks=[_track(view.program.plan, track) for track in view.tracks],
    )


def entry(engine: Engine, row: Entry) -> models.Entry:
    """Return an entry of the journal."""
    own = {"time", "seconds", "caller", "notes", "place"}
    upload = engine.state.uploads.get(row.number)
    return models.Entry(
        **_same(row, *(models.Entry.model_fields.keys() - own)),
        time=date(engine, row.moment_ns),
        seconds=seconds(row.moment_ns),
        caller=row.caller_name,
        notes=list(dict.fromkeys([*row.notes, *(upload.notes() if upload is not None else ())])),
        place=row.place and models.Place(**_place(*row.place)),
    )


def answer(number: int, sent: Reply | Fault) -> models.PollAnswer:
    """Return what a poll was answered with."""
    reply = sent if isinstance(sent, Reply) else sent.reply
    whole = sent.body if isinstance(sent, Reply) else b"".join(piece for _, piece in sent.pieces)
    kinds = (
        [value for name, value in reply.headers if name.lower() == "content-type"] if reply else []
    )
    return models.PollAnswer(
        number=number,
        http_status=reply and reply.status,
        fault=sent.kind if isinstance(sent, Fault) else None,
        content_type=next(iter(kinds), None),
        body=None if reply is None else whole.decode("utf-8", "replace"),
    )


def of_key(engine: Engine, key: str | None) -> Iterator[Entry]:
    """Yield the entries of the journal, all or those of an API key or a secret key."""
    if key is None:
        return iter(engine.journal)
    with engine.lock:
        whose = engine.state.issued.stand_in(key)
    return (entry for entry in engine.journal if whose in stand_ins(entry.caller))


def failure_queue(waiting: list[InjectedFailure]) -> models.FailureQueue:
    """Return the failures that wait for a call; those alike in a row stand as one."""
    rows = [(alike, sum(1 for _ in group)) for alike, group in groupby(waiting)]
    return models.FailureQueue(
        waiting=len(waiting),
        queue=[
            models.QueuedFailure(
                **_same(one, "error", "fault"),
                reply=None if one.reply is None else _literal(one.reply),
                on=one.operation,
                job=one.job_id,
                api_key=None if one.key is None else mask(one.key),
                times=times,
            )
            for one, times in rows
        ],
    )


def _literal(reply: Literal) -> dict[str, Any]:
    """Return a literal answer as a scenario writes it."""
    keys = dict(vars(reply))
    match keys.get("retry_after"):
        case int(span_ns):
            keys["retry_after"] = format_duration(span_ns)
        case RetryDate(date=span_ns):
            keys["retry_after"] = {"date": format_duration(span_ns)}
    return keys


def label(step: ProgramStep) -> str:
    """Return what a step is called.

    Its status, error or fault, or the HTTP status where the answer is literal.
    """
    if isinstance(step.step, ReplyStep):
        return f"HTTP {step.step.reply.status_code}"
    return step.status or step.error or step.fault or ""


def _step(program: Program, step: ProgramStep) -> models.Step:
    stage = program.plan.stages[step.position]
    lasts: str | None = "upload" if stage.until_upload else "manual"
    if stage.polls is not None:
        lasts = plural(stage.polls, "poll")
    elif stage.lasts_ns is not None:
        lasts = format_duration(stage.lasts_ns)
    elif following(program.plan, step.position) is None:
        lasts = None
    return models.Step(
        step=step.position + 1,
        kind=_KINDS.get(type(step.step), "error"),
        outcome=label(step),
        lasts=lasts,
        polls=stage.polls,
        for_seconds=None if stage.lasts_ns is None else seconds(stage.lasts_ns),
        source=step.source,
        **_details(step.step),
    )


_KINDS: Final[dict[type, Any]] = {StatusStep: "status", ReplyStep: "reply", FaultStep: "fault"}


def _details(step: Step) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if step.delay is not None:
        found["delay_seconds"] = [seconds(step.delay.low_ns), seconds(step.delay.high_ns)]
    if isinstance(step, StatusStep):
        if step.message is not None:
            fake = step.message if isinstance(step.message, Fake) else None
            found["message"] = f"fake: {fake.fake}" if fake else step.message
        if step.result is not None or step.download_url is not None:
            found["download_url"] = True
    return found


def _track(plan: Plan, track: Track) -> models.Track:
    return models.Track(
        **_same(track, "api_key", "polls", "waits_for", "downloads", "switches"),
        **_place(plan, track.state),
        file=models.TrackFile(
            filename=track.file.file_name, **_same(track.file, "size", "complete", "upload")
        )
        if track.file
        else None,
        caller=caller_name(track.caller),
        last_polled_seconds=seconds(track.last_ns),
    )


def _place(plan: Plan, state: State) -> dict[str, Any]:
    here, *ahead = _places(plan, state)
    return {**here, "seen": state.seen, "ahead": [models.FuturePlace(**place) for place in ahead]}


def _places(plan: Plan, state: State) -> Iterator[dict[str, Any]]:
    """Yield where a job is, and where time alone leads it."""
    position, since_ns = state.position, state.since_ns
    for _ in range(MAX_AHEAD + 1):
        lasts_ns, next_position = plan.stages[position].lasts_ns, following(plan, position)
        until_ns = None if lasts_ns is None or next_position is None else since_ns + lasts_ns
        yield {
            "step": position + 1,
            "since_seconds": seconds(since_ns),
            "until_seconds": None if until_ns is None else seconds(until_ns),
        }
        if until_ns is None or next_position is None:
            return
        position, since_ns = next_position, until_ns


def _same(source: object, *names: str) -> dict[str, Any]:
    """Return what an answer calls as the engine does."""
    return {name: getattr(source, name) for name in names}


def seconds(ns: int) -> float:
    """Return nanoseconds as what is shown."""
    return round(ns / SECOND, 6)


def date(engine: Engine, moment_ns: int) -> str:
    """Return the date of a moment of the clock, as it is shown."""
    return engine.clock.date_at(moment_ns).isoformat(timespec="milliseconds")
