"""What a call gets instead of its own answer: failures that were injected, elements of ``calls:``.

Unless an element says ``done: true`` it strikes before the act: nothing is issued, taken or
switched. Then it strikes after: the act counts, and only its answer is lost.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from mock_p1.base.messages import Reply
from mock_p1.base.patterns import Hit
from mock_p1.contract.operations import FILE_UPLOAD, RETRAIN_STATUS_CHECK, Operation
from mock_p1.engine.call import Call, Outcome
from mock_p1.engine.compiler import retry_of
from mock_p1.engine.faults import says_success, script
from mock_p1.engine.program import CallProgramStep, Refusal
from mock_p1.engine.replies import example_of, held_for, literal
from mock_p1.scenario.calls import ErrorCall, FaultCall, OkCall, ReplyCall

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_p1.engine.mock_state import InjectedFailure, MockState

    Act = Callable[[], Outcome]

INJECTED: Final = "fail_next"
"""What the journal names as the source of an injected failure."""

BEFORE: Final = "struck before the act: nothing was done"
AFTER: Final = "struck after the act: it counts, only its answer was lost"
NOT_LOST: Final = "the act is done, and its answer comes in the end"

no_act: Final = partial(Outcome, example_of(FILE_UPLOAD), "")
"""The act of what strikes before it: nothing is done."""


def take_injected(state: MockState, call: Call) -> InjectedFailure | None:
    """Return the failure that waits for this call, and take it from the queue."""
    failure = next((each for each in state.injected if state.strikes(each, call)), None)
    if failure is not None:
        state.injected.remove(failure)
    return failure


def element_of(failure: InjectedFailure) -> CallProgramStep:
    """Return an injected failure as an element of a timeline; none moves by it."""
    if failure.reply is not None:
        return CallProgramStep(ReplyCall(reply=failure.reply), INJECTED)
    if failure.error is not None:
        return CallProgramStep(ErrorCall(error=failure.error), INJECTED)
    return CallProgramStep(FaultCall(fault=failure.fault or ""), INJECTED)


def strikes_at_once(element: CallProgramStep) -> bool:
    """Tell an element that answers before a file is read: an error or a reply, before the act."""
    return isinstance(element.step, ErrorCall | ReplyCall) and not element.step.done


def element_outcome(state: MockState, call: Call, element: CallProgramStep, act: Act) -> Outcome:
    """Answer a call with the element of ``calls:`` that it meets, or with what was injected."""
    step = element.step
    if element.until_poll:
        call.notes.append("it is answered so until the job is polled again")
    match step:
        case OkCall():
            outcome = act()
        case ErrorCall() | ReplyCall():
            acted = _note(call, done=step.done, act=act)
            answer = _instead(state, call, step, element.source)
            outcome = answer._replace(done=acted and acted.done)
        case FaultCall(fault=fault, done=done):
            outcome = _fault(state, call, fault, element.source, act, done=done)
        case _:
            raise TypeError(f"no such element: {step!r}")
    return _held_back(state, call, element, outcome)


def _held_back(state: MockState, call: Call, element: CallProgramStep, outcome: Outcome) -> Outcome:
    """Return the outcome with the delay that the element asks for."""
    if element.step.delay is None:
        return outcome
    place = (call.operation.name, call.job_id or "", call.caller.name, *element.turn, "delay")
    held = held_for(outcome.reply, element.step.delay, call.now_ns, state.seed, *place)
    return outcome._replace(reply=held)


def _note(call: Call, *, done: bool, act: Act, after: str = AFTER) -> Outcome | None:
    """Do the act where it counts; say in the journal whether it was done."""
    if changes_nothing(call.operation):
        return None
    acted = act() if done else None
    call.notes.append(after if acted is not None and acted.done else BEFORE)
    return acted


def _fault(  # noqa: PLR0913 -- the parts of one failure
    state: MockState, call: Call, fault: str, source: str, act: Act, *, done: bool
) -> Outcome:
    is_whole = says_success(fault, call.operation)
    done, after = done or is_whole, NOT_LOST if is_whole else AFTER
    if call.operation == RETRAIN_STATUS_CHECK:
        return Outcome(script(fault, _status_now(state, call)), source, fault=fault)
    reads = changes_nothing(call.operation)
    acted = act() if reads else _note(call, done=done, act=act, after=after)
    reply = acted and acted.reply
    spoilt = reply if isinstance(reply, Reply) else example_of(call.operation)
    return Outcome(script(fault, spoilt), source, fault=fault, done=acted and acted.done)


def _status_now(state: MockState, call: Call) -> Reply:
    """Return what a poll would be answered with now; nothing of the timeline is used up."""
    job_id = call.job_id or ""
    found = state.look_up(call)
    if isinstance(found, Refusal):
        return state.replies.error(found.error)
    if isinstance(found, Hit):
        program, position = found.value, state.jobs.start_of(job_id)
    else:
        program, position = found.program, state.jobs.position(found, call.now_ns)

    def token(step: int) -> str:
        job = state.find_job(call)  # known from now on, so that the link leads to it
        return "" if isinstance(job, Refusal) else state.token(job, step)

    return state.replies.underlying_status(program, position, job_id, call.request.base_url, token)


def _instead(state: MockState, call: Call, step: ErrorCall | ReplyCall, source: str) -> Outcome:
    """Return what is answered in the place of what the act would answer."""
    if isinstance(step, ErrorCall):
        return Outcome(state.replies.error(step.error), source, error=step.error)
    answer = literal(step.reply)
    retry, asked_wait_ns = retry_of(step.reply)
    if retry is not None:
        answer = retry.on(answer, state.clock, call.now_ns)
    return Outcome(answer, source, retry_after_ns=asked_wait_ns)


def changes_nothing(operation: Operation) -> bool:
    """Tell an operation that only reads: a poll, or a plain GET of a link."""
    return operation == RETRAIN_STATUS_CHECK or (operation.method == "GET" and bool(operation.link))
