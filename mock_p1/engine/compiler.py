"""From a scenario's jobs and calls to programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mock_p1.engine.program import CallProgram, CallProgramStep, Program, ProgramStep
from mock_p1.engine.rate_limit import RetryAfter
from mock_p1.engine.replies import frame_of
from mock_p1.engine.timeline import plan
from mock_p1.scenario.calls import CallStep, OkCall
from mock_p1.scenario.model import played_by_created
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
    from collections.abc import Mapping, Sequence

    from mock_p1.scenario.model import Job, Scenario


def compile_job(scenario: Scenario, job: Job, *path: str | int) -> Program:
    """Make the program of the job that stands at ``path`` in the scenario."""
    steps = tuple(_step(index, step) for index, step in enumerate(job.steps))
    stages = [step.step.for_ or Stage() for step in steps]
    if not job.loops:
        stages[-1] = Stage()  # the last step never ends, whatever its `for` says
    calls = compile_calls(scenario, job.calls, *path)
    name = "/".join(map(str, path))
    shows = tuple(
        step.status or step.error or step.fault or f"HTTP {step.http_status}" for step in steps
    )
    timeline = plan(tuple(stages), loops=job.loops, shows=shows)
    return Program(timeline, steps, job.api_key, name, calls)


def compile_new_jobs(
    scenario: Scenario, named: Mapping[str, Program], generated: Sequence[Program]
) -> Program | None:
    """Make the program of jobs that clients create; None where the scenario has no job at all."""
    new = scenario.new_jobs
    match played_by_created(scenario):
        case None:
            return None
        case ("jobs", str(name)):
            made = named[name]
        case ("generated_jobs", int(index)):
            made = generated[index]
        case _:
            return compile_job(scenario, new, "new_jobs")
    calls = compile_calls(scenario, new.calls, "new_jobs") if new.calls else made.calls
    return made._replace(api_key=None, name="new_jobs", calls=calls)


def compile_calls(
    scenario: Scenario, calls: Mapping[str, Sequence[CallStep]], *path: str | int
) -> dict[str, CallProgram]:
    """Make the programs of the calls that stand at ``path`` in the scenario, by operation."""
    made = {}
    for name, elements in calls.items():
        steps = tuple(
            CallProgramStep(
                step,
                scenario.where(*path, "calls", name, index)
                if isinstance(step, OkCall)  # written as a mere word, it has no place of its own
                else step.source,
            )
            for index, step in enumerate(elements)
        )
        stages = [step.step.for_ or Stage() for step in steps]
        stages[-1] = Stage()
        met = zip(steps, stages, strict=True)
        steps = tuple(step._replace(until_poll=stage.until_poll) for step, stage in met)
        made[name] = CallProgram(plan(tuple(stages)), steps)
    return made


def retry_of(reply: Literal) -> tuple[RetryAfter | None, int | None]:
    """Return what writes a literal reply's Retry-After, and the wait it asks for in nanoseconds."""
    match reply.retry_after:
        case RetryDate(date=span_ns):
            return RetryAfter(span_ns, as_date=True), span_ns
        case int(span_ns):
            retry = RetryAfter(span_ns)
            return retry, retry.asks_for_ns
        case _:
            return None, reply.literal_wait


def _step(index: int, step: Step) -> ProgramStep:
    made = ProgramStep(index, step, step.source)
    match step:
        case StatusStep():
            return made._replace(status=step.status, http_status=200, frame=frame_of(step))
        case ErrorStep():
            return made._replace(error=step.error)
        case FaultStep():
            return made._replace(fault=step.fault)
        case ReplyStep(reply=reply):
            retry, asked_wait_ns = retry_of(reply)
            return made._replace(
                http_status=reply.status_code, retry=retry, asked_wait_ns=asked_wait_ns
            )
    return made
