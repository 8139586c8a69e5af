"""The result behind ``download_url``: which file a link leads to, and links that fail at first."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from mock_p1.base.clock import SECOND
from mock_p1.base.messages import Reply, json_reply
from mock_p1.contract.operations import RETRAIN_STATUS_CHECK
from mock_p1.engine.call import Call, Outcome
from mock_p1.engine.conditional import OK, as_asked, part_in
from mock_p1.engine.faults import WHOLE
from mock_p1.engine.journal import HAD_CLOSED, NOT_AWAITED, NOT_TAKEN, Entry, Journal
from mock_p1.engine.mock_state import MAX_LINKS, MockState
from mock_p1.engine.not_imitated import no_link
from mock_p1.engine.parts import Parts
from mock_p1.engine.rate_limit import RetryAfter
from mock_p1.scenario.steps import StatusStep

if TYPE_CHECKING:
    from mock_p1.engine.job_states import JobState
    from mock_p1.engine.program import ProgramStep

SENT = "result_sent"
CUT: Final = "truncated_body"
FAILURE = {"message": "Service Unavailable"}


def admit(state: MockState, call: Call) -> Outcome | None:
    """Find whose link this is; a 404 that explains where it is nobody's."""
    number = call.parameters["step"]
    position = int(number) - 1 if number.isascii() and number.isdigit() and len(number) < 10 else -1  # noqa: PLR2004 -- no timeline is that long
    job = state.job_behind(call.parameters["token"], call.job_id or "", position)
    steps = job.program.steps if job is not None else ()
    if job is None or not 0 <= position < len(steps):
        return call.refused(no_link("result", call.request.path), state.scenario.name)
    call.job, call.caller = job, job.caller
    return None


def find(state: MockState, call: Call) -> Outcome | None:
    """Let the link fail as often as ``fails:`` says; then see that there is a file."""
    step = _step(call)
    source = step.source
    if state.replies.result(call.job_id or "", step, call.parameters["file_name"]) is None:
        return call.refused(no_link("result", call.request.path), source)
    if _fails(state, call.subject, step):
        reply = RetryAfter(SECOND).on(json_reply(503, FAILURE), state.clock, call.now_ns)
        return Outcome(reply, source, retry_after_ns=SECOND)
    return None


def act(state: MockState, call: Call) -> Outcome:
    """Answer the file, or what is asked for of it."""
    step = _step(call)
    reply = state.replies.result(call.job_id or "", step, call.parameters["file_name"])
    if reply is None:
        return call.refused(no_link("result", call.request.path), step.source)
    reply = as_asked(reply, call.request, state.played_since)
    if call.request.method == "HEAD":
        return Outcome(reply.to(call.request.method), step.source)
    if (part := part_in(reply)) is not None:
        call.part = (f"{step.position} {dict(reply.headers)['ETag']}", *part)
    return Outcome(reply, step.source)


def sent(call: Call, outcome: Outcome, number: int) -> Outcome:
    """Note which part of a file a call sends, by its number; say so where all has come with it.

    Who sends it is told the number, and tells by it whether the client has taken it to its end.
    """
    if call.part is None or call.job is None or outcome.fault not in (None, WHOLE, CUT):
        return outcome
    file, start, end, length = call.part
    answer = outcome.reply
    if isinstance(answer, Reply):
        answer = answer._replace(download=number)
    elif answer.ending == "complete" and answer.reply is not None:
        answer = answer._replace(reply=answer.reply._replace(download=number))
    else:
        end = start + sum(len(piece) for _, piece in answer.pieces)
    job = call.job
    if job.fetched is None or job.fetched.file != file:
        job.fetched = Parts(file, length)
    is_all = job.fetched.add(start, end, number)
    job.downloads += is_all
    return outcome._replace(reply=answer, done=SENT if is_all else None)


def note_taken(state: MockState, journal: Journal, number: int, *, taken: bool) -> None:
    """Note whether the client has taken a download, or a part, to its end; the lock is held.

    Of a poll whose client had closed its side, whether that may have gone, or has.
    """

    def noted(entry: Entry) -> Entry:
        if entry.operation == RETRAIN_STATUS_CHECK.name:
            was, found = (NOT_AWAITED, HAD_CLOSED) if taken else (HAD_CLOSED, NOT_AWAITED)
            return entry._replace(notes=tuple(found if n == was else n for n in entry.notes))
        notes = tuple(note for note in entry.notes if note != NOT_TAKEN)
        return entry._replace(notes=notes if taken else (*notes, NOT_TAKEN))

    _, entry = journal.change(number, noted)
    if entry is None or entry.operation == RETRAIN_STATUS_CHECK.name:
        return
    jobs = state.jobs.of(entry.job_id or "")
    job = next((job for job in jobs if job.caller.number == entry.caller), None)
    completes = job.fetched.note(number, taken=taken) if job and job.fetched else {}
    if entry.http_status == OK:  # a whole file counts by itself
        completes[number] = taken
    for each, is_all in completes.items():
        before, after = journal.change(each, partial(_completing, is_all=is_all))
        if job is not None and before is not after:
            job.downloads = max(0, job.downloads + (1 if is_all else -1))


def _completing(entry: Entry, *, is_all: bool) -> Entry:
    done = SENT if is_all else None
    return entry if entry.done == done else entry._replace(done=done)


def _step(call: Call) -> ProgramStep:
    return call.subject.program.steps[int(call.parameters["step"]) - 1]


def _fails(state: MockState, job: JobState, step: ProgramStep) -> bool:
    shown = step.step
    wanted = shown.result.fails if isinstance(shown, StatusStep) and shown.result else 0
    link = (job.caller.name, job.job_id, step.position)
    so_far = state.failed_downloads.get(link, 0)
    if so_far >= wanted:
        return False
    state.failed_downloads[link] = so_far + 1
    state.failed_downloads.move_to_end(link)
    if len(state.failed_downloads) > MAX_LINKS:
        state.failed_downloads.popitem(last=False)
        state.reached["links"] += 1
    return True
