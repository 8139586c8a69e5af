"""Retrain Model Switch: puts the retrained model in the place of the one that predicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mock_p1.base.messages import json_reply
from mock_p1.contract.assumptions import ACCEPT
from mock_p1.contract.operations import FAILED, FINISHED, RETRAIN_MODEL_SWITCH
from mock_p1.engine.call import Call, Outcome
from mock_p1.engine.program import ProgramStep, Refusal

if TYPE_CHECKING:
    from mock_p1.engine.job_states import JobState
    from mock_p1.engine.mock_state import MockState


def find(state: MockState, call: Call) -> Refusal | None:
    """Find the job."""
    found = state.find_job(call)
    if isinstance(found, Refusal):
        documented = found.error in RETRAIN_MODEL_SWITCH.errors
        return found if documented else found._replace(error="not_found_retrain_job")
    call.job = found
    return None


def act(state: MockState, call: Call) -> Outcome:
    """Switch, if the job is finished; else say why not."""
    job = call.subject
    step = job.program.stands_at(state.jobs.position(job, call.now_ns))
    if refused := _refusal(state, call, job, step):
        return state.refuse(refused, call)
    job.switches += 1
    reply = json_reply(200, {"metadata": {"retrain_job_id": job.job_id}})
    return Outcome(reply, step.source, done="model_switched")


def _refusal(state: MockState, call: Call, job: JobState, step: ProgramStep) -> Refusal | None:
    assumed = state.scenario.assumptions
    if step.error is not None:
        known = step.error in RETRAIN_MODEL_SWITCH.errors
        if not known:
            call.notes.append(f"the job answers {step.error}, which this call does not document")
        return Refusal(step.error if known else "not_found_retrain_job", step.source)
    if job.waits_for_file or step.status not in (FINISHED, FAILED):
        return Refusal("retrain_job_is_not_finished", step.source)
    if step.status == FAILED and assumed.switch_of_failed_job != ACCEPT:
        return Refusal(assumed.switch_of_failed_job, step.source, ("the job has failed",))
    if job.switches and assumed.second_switch != ACCEPT:
        return Refusal(assumed.second_switch, step.source, ("the model was switched to already",))
    return None
