"""Retrain Data Upload: issues a job, and the URL to which its file is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from mock_p1.base.messages import json_reply
from mock_p1.base.text import plural, shorten
from mock_p1.contract.assumptions import ACCEPT
from mock_p1.contract.operations import FILE_UPLOAD
from mock_p1.engine.call import Call, Outcome
from mock_p1.engine.job_ids import uuid_of
from mock_p1.engine.job_states import CreatedJob, JobState
from mock_p1.engine.not_imitated import no_room
from mock_p1.engine.program import Refusal, odd_marks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_p1.engine.mock_state import MockState

MAX_CREATED: Final = 100_000
"""How many jobs clients may create; a call for one more is answered 507."""

LONGEST_NAME: Final = 255
"""Characters that a file name usually has at most."""

NAMELESS: Final = "file"
"""What stands in the URL where no name was given."""


def find(_state: MockState, call: Call) -> None:
    """Note what is odd in the file's name."""
    call.notes.extend(f"filename {odd}" for odd in _what_is_odd(call.query("filename")))


def _refusal(state: MockState, call: Call) -> Refusal | None:
    if state.directory.new_jobs is None:
        call.notes.append("the scenario has no job that could be created; see new_jobs:")
        return Refusal("not_found_configuration_file", state.scenario.name)
    assumed = state.scenario.assumptions.odd_filename
    refused = assumed != ACCEPT and any(_what_is_odd(call.query("filename")))
    return Refusal(assumed, state.scenario.name) if refused else None


def act(state: MockState, call: Call) -> Outcome:
    """Issue a job of this caller's own; it waits for its file."""
    if refused := _refusal(state, call):
        return state.refuse(refused, call)
    if state.jobs.created >= MAX_CREATED:
        state.reached["created_jobs"] += 1
        return call.refused(
            no_room(f"{MAX_CREATED:,} jobs are created already"), state.scenario.name
        )
    name = call.query("filename") or ""
    job = _create(state, call, name)
    call.job = job
    url = call.request.base_url + FILE_UPLOAD.url_path(
        token=state.token(job, "upload"),
        retrain_job_id=quote(job.job_id, safe=""),
        file_name=quote(_shown(name), safe="", errors="replace"),
    )
    reply = json_reply(200, {"retrain_job_id": job.job_id, "upload_url": url})
    return Outcome(reply, job.program.steps[0].source, done="job_issued")


def _create(state: MockState, call: Call, name: str) -> JobState:
    number = state.jobs.next_created(call.caller)
    ids = state.directory.new_ids
    if number < len(ids):
        job_id = ids[number]
    else:
        job_id = uuid_of(state.seed, "new_jobs", call.caller.name, number)
        if ids:
            call.notes.append(f"new_jobs: has no more than {plural(len(ids), 'id')}; UUIDs follow")
    program = state.directory.created(job_id)
    if program is None:  # looked at before; the scenario was swapped in between
        raise LookupError(job_id)
    before = state.jobs.get(call.caller, job_id)
    if before is not None:  # the caller has polled the job of this name already
        state.jobs.forget(before)
    job = JobState(call.caller, job_id, program)
    job.created = CreatedJob(number, _shown(name))
    return state.jobs.add(job)


def _shown(name: str) -> str:
    """Return a file's name as it stands in the URL: one segment of a path."""
    return name[:LONGEST_NAME] if name.strip(".") else NAMELESS


def _what_is_odd(name: str | None) -> Iterator[str]:
    """Say all that is odd in a file's name."""
    if not name:
        yield "is empty" if name is not None else "is missing"
        return
    if len(name) > LONGEST_NAME:
        yield f"has {len(name):,} characters; file systems take {LONGEST_NAME}"
    rest, shown = name.removeprefix("\ufeff").rstrip("\r\n"), shorten(name)
    yield from odd_marks(name, f": {shown!r}")
    odd = {
        "is not UTF-8": "\ufffd" in rest,
        f"is not ASCII ({shown!r}); how the service takes it is not documented": (
            not rest.isascii() and "\ufffd" not in rest
        ),
        f"is a path ({shown!r}); the API documents the name of the file": bool({*rest} & {*"/\\"}),
        f"is {shown!r}, which is no name": not rest.strip(". "),
    }
    yield from (text for text, is_so in odd.items() if is_so)
