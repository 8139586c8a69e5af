"""The result behind ``download_url``: which file a link leads to, and links that fail at first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mock_p1.base.clock import SECOND
from mock_p1.base.messages import Reply, json_reply
from mock_p1.engine.call import Outcome
from mock_p1.engine.conditional import PARTIAL, as_asked, part_in, with_part
from mock_p1.engine.journal import NOT_TAKEN
from mock_p1.engine.mock_state import MAX_LINKS
from mock_p1.engine.not_imitated import no_link
from mock_p1.engine.rate_limit import RetryAfter
from mock_p1.scenario.steps import StatusStep

if TYPE_CHECKING:
    from mock_p1.base.messages import Fault
    from mock_p1.engine.call import Call
    from mock_p1.engine.job_states import JobState
    from mock_p1.engine.journal import Entry, Journal
    from mock_p1.engine.mock_state import MockState
    from mock_p1.engine.program import ProgramStep

SENT = "result_sent"
_FIRST_REDIRECT: Final = 300

MAX_PARTS: Final = 1000
"""So many parts with gaps between them are known of a file."""
FAILURE = {"message": "Service Unavailable"}


def admit(state: MockState, call: Call) -> Outcome | None:
    """Find whose link this is; a 404 that explains where it is nobody's."""
    number = call.parameters["step"]
    position = int(number) - 1 if number.isascii() and number.isdigit() and len(number) < 10 else -1  # noqa: PLR2004 -- no timeline is that long
    job = state.job_behind(call.parameters["token"], call.job_id or "", position)
    steps = job.program.steps if job is not None else ()
    if job is None or not 0 <= position < len(steps):
        return Outcome(no_link("result", call.request.path), state.scenario.name)
    call.job, call.caller = job, job.caller
    return None


def find(state: MockState, call: Call) -> Outcome | None:
    """Let the link fail as often as ``fails:`` says; then see that there is a file."""
    step = _step(call)
    source = step.source
    if state.replies.result(call.job_id or "", step, call.parameters["file_name"]) is None:
        return Outcome(no_link("result", call.request.path), source)
    if call.job is not None and _fails(state, call.job, step):
        reply = RetryAfter(SECOND).on(json_reply(503, FAILURE), state.clock, call.now_ns)
        return Outcome(reply, source, retry_after_ns=SECOND)
    return None


def act(state: MockState, call: Call) -> Outcome:
    """Answer the file, or what is asked for of it."""
    step = _step(call)
    reply = state.replies.result(call.job_id or "", step, call.parameters["file_name"])
    if reply is None:
        return Outcome(no_link("result", call.request.path), step.source)
    reply = as_asked(reply, call.request, state.played_since)
    if call.request.method == "HEAD" or call.job is None:
        return Outcome(reply.to(call.request.method), step.source)
    done = SENT if _completes(reply, call.job, step.position) else None
    return Outcome(reply, step.source, done=done)


def _completes(reply: Reply, job: JobState, position: int) -> bool:
    """Tell whether an answer is the whole file, or the part with which all of it has come.

    Once it has, a further part that reaches the end is a further download.
    """
    part = part_in(reply)
    if part is None:
        return False
    start, end, length = part
    file = f"{position} {dict(reply.headers)['ETag']}"
    known = job.fetched[1] if job.fetched is not None and job.fetched[0] == file else []
    parts, whole = with_part(known, start, end), [[0, length]]
    job.fetched = file, parts[:MAX_PARTS]
    if reply.status != PARTIAL:
        return True
    return parts == whole and (end == length or known != whole)


def numbered(answer: Reply | Fault, number: int) -> Reply | Fault:
    """Return an answer that sends a file, whole in the end, with the number of its call."""
    if isinstance(answer, Reply):
        is_file = answer.status < _FIRST_REDIRECT
        return answer._replace(download=number) if is_file else answer
    if answer.reply is None or answer.ending != "complete":
        return answer
    return answer._replace(reply=answer.reply._replace(download=number))


def note_taken(state: MockState, journal: Journal, number: int, *, taken: bool) -> None:
    """Note whether the client has taken a download to its end; the lock is held."""

    def changed(entry: Entry) -> Entry:
        if taken and NOT_TAKEN in entry.notes:
            notes = tuple(note for note in entry.notes if note != NOT_TAKEN)
            return entry._replace(done=SENT, notes=notes)
        if not taken and entry.done == SENT:
            return entry._replace(done=None, notes=(*entry.notes, NOT_TAKEN))
        return entry

    before, after = journal.change(number, changed)
    if before is None or after is None or before is after:
        return
    for job in state.jobs.of(after.job_id or ""):
        if job.caller.number == after.caller:
            job.downloads = max(0, job.downloads + (1 if taken else -1))


def _step(call: Call) -> ProgramStep:
    if call.job is None:
        raise LookupError(call.job_id)
    return call.job.program.steps[int(call.parameters["step"]) - 1]


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
