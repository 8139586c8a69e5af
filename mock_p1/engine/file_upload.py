"""The PUT of a file to ``upload_url``: a job begins when the last byte has come, never before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mock_p1.base.messages import Reply, Request
from mock_p1.contract.operations import KNOWN_STATUSES
from mock_p1.engine.call import Call, Outcome
from mock_p1.engine.file_store import IS_A_FORM, KeptFile
from mock_p1.engine.not_imitated import no_link, upload_refused
from mock_p1.engine.timeline import State, following
from mock_p1.engine.uploads import Upload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_p1.engine.job_states import JobState
    from mock_p1.engine.mock_state import MockState

WAITING = next(iter(KNOWN_STATUSES))
"""The status of a job that has not begun to run (assumed)."""


def admit(state: MockState, call: Call) -> Outcome | None:
    """Find whose link this is; a 404 that explains where it is nobody's."""
    job = state.job_behind(call.parameters["token"], call.job_id or "", "upload")
    if job is None or job.created is None:
        return call.refused(no_link("upload", call.request.path), state.scenario.name)
    if job.created.file_name != call.parameters["file_name"]:
        return call.refused(no_link("upload", call.request.path), state.scenario.name)
    call.job, call.caller = job, job.caller
    return None


def form_notes(request: Request) -> Iterator[str]:
    """Note a file that its client says is a multipart form, as whoever sends ``files=`` does."""
    kinds = (value for name, value in request.headers if name == b"content-type")
    if any(value.strip().lower().startswith(b"multipart/") for value in kinds):
        yield IS_A_FORM


def refuse(state: MockState, call: Call) -> Outcome | None:
    """Refuse a file for a job that takes none any more."""
    job = call.subject
    if job.created is None or not job.created.complete:
        return None
    way = state.scenario.assumptions.second_upload
    if way == "replace" or (way == "replace_while_waiting" and _waits(state, job, call.now_ns)):
        return None
    return call.refused(upload_refused(job.job_id), state.scenario.name)


def act(state: MockState, call: Call, kept: KeptFile) -> Outcome:
    """Take the file, whole: the job begins now, or begins anew."""
    if refused := refuse(state, call):
        return refused
    job = call.subject
    if job.created is not None:
        if job.created.complete:
            call.notes.append("this file replaces the one that came before")
        by_hand = not job.created.complete and job.state is not None
        job.created.complete, job.created.size = True, kept.size
        if not by_hand:
            _begin(job, call.now_ns)
    headers = (("ETag", f'"{kept.sha256[:32]}"'),)
    source = job.program.steps[0].source
    reply = Reply(state.scenario.assumptions.upload_reply, headers, b"")
    return Outcome(reply, source, done="file_taken")


def note(state: MockState, call: Call, number: int, size: int, kept: KeptFile | None) -> None:
    """Remember what came."""
    job = call.subject
    name = job.created.file_name if job.created else ""
    upload = Upload(number, call.now_ns, job.caller, job.job_id, name, size, kept is not None, kept)
    state.uploads.add(upload)
    if job.created and kept is not None:
        job.created.upload = number


def _begin(job: JobState, now_ns: int) -> None:
    """Let the job's time begin: behind the step that waits for the file, if there is one."""
    plan = job.program.plan
    position = (following(plan, 0) or 0) if plan.stages[0].until_upload else 0
    job.state = State(position, now_ns)


def _waits(state: MockState, job: JobState, now_ns: int) -> bool:
    """Tell whether the job has not begun to run: it still shows that it is waiting."""
    stands = job.program.stands_at(state.jobs.position(job, now_ns))
    return job.state is None or stands.status == WAITING
