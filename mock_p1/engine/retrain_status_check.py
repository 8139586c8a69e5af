"""Retrain Status Check: where a job stands, and how a poll moves it on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mock_p1.base.messages import Fault, Reply
from mock_p1.contract.assumptions import FIRST_STEP
from mock_p1.engine.call import Call, Outcome
from mock_p1.engine.call_timelines import CallTimelines
from mock_p1.engine.faults import WHOLE, script
from mock_p1.engine.job_states import NOT_BEGUN
from mock_p1.engine.journal import OK, standing_notes
from mock_p1.engine.program import ProgramStep, Refusal
from mock_p1.engine.replies import held_for, literal
from mock_p1.engine.timeline import Plan, State, stepped
from mock_p1.scenario.step_length import Stage
from mock_p1.scenario.steps import ErrorStep, FaultStep, ReplyStep, StatusStep

if TYPE_CHECKING:
    from mock_p1.engine.job_states import JobState
    from mock_p1.engine.mock_state import MockState


def find(state: MockState, call: Call) -> Refusal | None:
    """Find the job."""
    found = state.find_job(call)
    if isinstance(found, Refusal):
        return found
    call.job = found
    is_noted = any(standing_notes(call.request.api_keys, found.job_id))  # at each poll
    ends_ns = 0 if is_noted else call.key_ends_ns
    state.jobs.cache_path(call.request.path, call.api_key, ends_ns, found)
    if found.evicted:
        call.notes.append(
            f"too many jobs that only a pattern knows: {found.evicted}, polled the longest ago, "
            "begins anew"
        )
        found.evicted = ""
    return None


def act(state: MockState, call: Call) -> Outcome:
    """Count the poll, and answer with the step it sees."""
    job = call.subject
    if job.waits_for_file:
        return _before_the_file(state, call, job)
    if job.position == NOT_BEGUN:
        state.jobs.begin(job, call.now_ns)
    reply, step = count_poll(state, job, call.now_ns, call.request.base_url)
    place = State(job.position, job.since_ns, job.seen)
    return _outcome(reply, step, (job.program.plan, place))


def count_poll(
    state: MockState, job: JobState, now_ns: int, base_url: str
) -> tuple[Reply | Fault, ProgramStep]:
    """Count a poll of a job whose time has begun; return the answer, and the step that it saw."""
    program = job.program
    position, job.since_ns, job.seen, index = stepped(
        program.plan, job.position, job.since_ns, job.seen, now_ns
    )
    job.position, job.last_ns = position, now_ns
    job.polls += 1
    step = program.steps[index]
    reply = _reply(state, job, step, now_ns, base_url)
    if position != index and step.step.delay is not None:
        job.since_ns += reply.delay_ns  # the next step begins when this poll is answered
    if job.calls:
        _note_poll(state, job, step, now_ns, reply)
    return reply, step


def _note_poll(
    state: MockState, job: JobState, step: ProgramStep, now_ns: int, reply: Reply | Fault
) -> None:
    """Let other calls know of a poll that has shown a status."""
    if step.http_status == OK or step.fault == WHOLE:
        CallTimelines.polled(state.directory, job, now_ns, now_ns + reply.delay_ns)


def _reply(
    state: MockState, job: JobState, step: ProgramStep, now_ns: int, base_url: str
) -> Reply | Fault:
    """Return a step's answer to this poll, which may come late and say when to ask again.

    The one written last, as long as neither the step nor the base URL changes.
    """
    reply = job.answer
    if reply is None or job.answered is not step or job.base_url != base_url:
        reply = job.answer = _write(state, job, step, base_url)
        job.answered, job.base_url, job.tally = step, base_url, None
    if (delay := step.step.delay) is not None:
        place = job.job_id, step.position, "delay", job.polls
        reply = held_for(reply, delay, now_ns, state.seed, *place)
    if step.retry is not None and isinstance(reply, Reply):
        reply = step.retry.on(reply, state.clock, now_ns + reply.delay_ns)
    return reply


def _before_the_file(state: MockState, call: Call, job: JobState) -> Outcome:
    """Answer a poll of a job whose file has not come: nothing of its timeline is used up."""
    call.notes.append("the file of this job has not come")
    assumed = state.scenario.assumptions.before_upload
    if assumed != FIRST_STEP:
        return state.refuse(Refusal(assumed, state.scenario.name), call)
    step = job.program.steps[0]
    job.polls += 1
    job.last_ns = call.now_ns
    reply = _reply(state, job, step, call.now_ns, call.request.base_url)
    _note_poll(state, job, step, call.now_ns, reply)
    plan = job.program.plan
    waiting = plan._replace(stages=(Stage(until_upload=True), *plan.stages[1:]))
    return _outcome(reply, step, (waiting, State(0, call.now_ns)))


def _outcome(reply: Reply | Fault, step: ProgramStep, place: tuple[Plan, State] | None) -> Outcome:
    shown = step.status, step.error, step.fault
    return Outcome(reply, step.source, *shown, place, step.asked_wait_ns)


def _write(state: MockState, job: JobState, step: ProgramStep, base_url: str) -> Reply | Fault:
    match step.step:
        case StatusStep() if step.frame is not None:
            first = state.jobs.first(job.job_id)  # all callers are answered the same, kept once
            written = first.answer if first is not None and first.answered is step else None
            if isinstance(written, Reply):
                return written._replace()  # one of its own, by which its poll is known
            return state.replies.status(job.job_id, step, base_url, "")
        case StatusStep():
            token = state.token(job, step.position)
            return state.replies.status(job.job_id, step, base_url, token)
        case ErrorStep(error=error):
            return state.replies.error(error)
        case FaultStep(fault=fault):
            spoilt = state.replies.underlying_status(
                job.program, step.position, job.job_id, base_url, partial(state.token, job)
            )
            return script(fault, spoilt)
        case ReplyStep(reply=reply):
            return literal(reply)
        case other:
            raise TypeError(f"no such step: {other!r}")
