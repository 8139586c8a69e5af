"""What ``/__admin`` shows, as JSON: jobs, timelines, requests, the clock.

Times are seconds; keys are masked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mock_p1.base.clock import SECOND, RealClock
from mock_p1.base.durations import format_duration
from mock_p1.engine.timeline import following
from mock_p1.scenario.faker_fields import Fake
from mock_p1.scenario.redaction import masked_key
from mock_p1.scenario.steps import FaultStep, ReplyStep, StatusStep

if TYPE_CHECKING:
    from mock_p1.engine.engine import Engine
    from mock_p1.engine.journal import Entry
    from mock_p1.engine.program import Program, ProgramStep
    from mock_p1.engine.snapshot import JobView, Track
    from mock_p1.engine.timeline import Plan, State
    from mock_p1.scenario.steps import Step

Json = dict[str, Any]

FIRST_POLL: Final = "the first poll"
"""What a job waits for that no key has polled."""


def clock(engine: Engine) -> Json:
    """Return what the clock shows, and how it runs.

    A virtual clock moves only when it is advanced: its speed is 0.
    """
    now = engine.clock.now_ns()
    running = isinstance(engine.clock, RealClock)
    return {
        "now": _seconds(now),
        "time": _time(engine, now),
        "kind": "real" if running else "virtual",
        "speed": engine.clock.speed if isinstance(engine.clock, RealClock) else 0.0,
        "frozen": engine.clock.frozen if isinstance(engine.clock, RealClock) else True,
    }


def timeline(program: Program) -> Json:
    """Return what a job does, step by step."""
    return {
        "name": program.name,
        "at_end": "loop" if program.plan.loops else "stay",
        "api_key": None if program.api_key is None else masked_key(program.api_key),
        "steps": [_step(program, at) for at in program.steps],
    }


def job(view: JobView) -> Json:
    """Return one job: where the key that polled last finds it, and every key's own track."""
    newest = view.tracks[0] if view.tracks else None
    at = view.program.steps[newest.state.position if newest else view.start]
    return {
        "job_id": view.job_id,
        "timeline": view.program.name,
        "step": at.position + 1,
        "outcome": label(at),
        "status": at.status,
        "error": at.error,
        "fault": at.fault,
        "waits_for": newest.waits_for if newest else FIRST_POLL,
        "polls": sum(track.polls for track in view.tracks),
        "keys": view.keys,
        "start_step": view.start + 1,
        "tracks": [_track(view.program.plan, track) for track in view.tracks],
    }


def request(engine: Engine, entry: Entry) -> Json:
    """Return a row of the journal."""
    return {
        "number": entry.number,
        "time": _time(engine, entry.moment_ns),
        "at": _seconds(entry.moment_ns),
        "method": entry.method,
        "path": entry.path,
        "operation": entry.operation,
        "job_id": entry.job_id,
        "api_key": entry.api_key,
        "caller": caller(entry.caller),
        "outcome": entry.outcome,
        "status": entry.status,
        "error": entry.error,
        "fault": entry.fault,
        "http_status": entry.http_status,
        "source": entry.source,
        "waits_for": entry.waits_for,
        "notes": list(entry.notes),
        "place": None if entry.place is None else place(*entry.place),
    }


def place(plan: Plan, state: State) -> Json:
    """Return where a job is: its step from 1, since when, how many polls have seen it, and when time moves it on."""
    lasts = plan.stages[state.position].lasts_ns
    ends = (
        None
        if lasts is None or following(plan, state.position) is None
        else _seconds(state.since_ns + lasts)
    )
    return {
        "step": state.position + 1,
        "since": _seconds(state.since_ns),
        "seen": state.seen,
        "until": ends,
    }


def label(at: ProgramStep) -> str:
    """Return what a step is called.

    Its status, error or fault, or the HTTP status where the answer is literal.
    """
    if isinstance(at.step, ReplyStep):
        return f"HTTP {at.step.reply.status_code}"
    return at.status or at.error or at.fault or ""


def caller(number: int) -> str:
    """Return what tells two keys apart that look alike when masked."""
    return f"{number & 0xFFFF_FFFF:08x}"


def _step(program: Program, at: ProgramStep) -> Json:
    stage = program.plan.stages[at.position]
    stays = following(program.plan, at.position) is None
    timed = stage.lasts_ns is not None and not stays
    polls = None if stays else stage.polls
    moved = "manual" if not (timed or polls or stays) else None
    spoken = f"{polls} poll{'' if polls == 1 else 's'}" if polls else moved
    return {
        "step": at.position + 1,
        "kind": _kind(at.step),
        "outcome": label(at),
        "for": format_duration(stage.lasts_ns) if timed and stage.lasts_ns else spoken,
        "polls": polls,
        "seconds": _seconds(stage.lasts_ns) if timed and stage.lasts_ns else None,
        "source": at.source,
        **_details(at.step),
    }


def _kind(step: Step) -> str:
    match step:
        case StatusStep():
            return "status"
        case ReplyStep():
            return "reply"
        case FaultStep():
            return "fault"
        case _:
            return "error"


def _details(step: Step) -> Json:
    found: Json = {}
    if step.delay is not None:
        found["delay"] = [_seconds(step.delay.low_ns), _seconds(step.delay.high_ns)]
    if isinstance(step, StatusStep):
        if step.message is not None:
            found["message"] = (
                f"fake: {step.message.fake}" if isinstance(step.message, Fake) else step.message
            )
        if step.result is not None or step.download_url is not None:
            found["download_url"] = True
    return found


def _track(plan: Plan, track: Track) -> Json:
    return {
        "api_key": track.api_key,
        "caller": caller(track.caller),
        "polls": track.polls,
        "last_poll": _seconds(track.last_ns),
        "waits_for": track.waits_for,
        **place(plan, track.state),
    }


def _seconds(ns: int) -> float:
    return round(ns / SECOND, 6)


def _time(engine: Engine, moment: int) -> str:
    return engine.clock.date_at(moment).isoformat(timespec="milliseconds")
