"""The calls that change something, in the order of the manual's series."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from mock_p1.verify.answer import Answer, describe, error_of, json_object, one_line
from mock_p1.verify.exceptions import NotChecked, Unreachable, UsageError
from mock_p1.verify.published import FINISHED
from mock_p1.verify.watch import follow, is_failure

if TYPE_CHECKING:
    from mock_p1.verify.session import VerifySession


def check_options(session: VerifySession) -> None:
    """UsageError if what is allowed cannot be done with what was given."""
    given, allowed = session.credentials, session.allowed
    if given.api_key is None and "issue-key" not in allowed:
        raise UsageError("give --api-key, or --allow issue-key with --secret-key and --model-id")
    if given.job_id is None and "upload" not in allowed:
        raise UsageError("give --job-id, or --allow upload with --file")
    if "issue-key" in allowed and (given.secret_key is None or given.model_id is None):
        raise UsageError("--allow issue-key needs --secret-key and --model-id")
    if "upload" in allowed and given.file is None:
        raise UsageError("--allow upload needs the training data: give --file")


def prepare(session: VerifySession) -> None:
    """Get the key and the job that the caller did not give.

    UsageError if the options do not allow it, or the server refuses it.
    """
    check_options(session)
    try:
        session.value("api_key")
        if session.credentials.job_id is None:
            upload(session)
    except NotChecked as error:
        raise UsageError(f"the checks need a key and a job: {session.hide(str(error))}") from None


def upload(session: VerifySession) -> Answer:
    """Send the file, after what must be asked before it has come; return the answer to the PUT."""
    session.remember("unfinished_job", session.value("new_job"))
    for name in ("the new job before its file", "the switch of an unfinished job"):
        with suppress(NotChecked, Unreachable):
            session.answer(name)
    return session.answer("the file")


def is_taken(answer: Answer) -> bool:
    """Tell whether an upload was accepted."""
    return answer.status in range(200, 300)


def followed(session: VerifySession) -> Answer:
    """Upload, follow the job to its end, and return its last answer. NotChecked without an end."""
    if not is_taken(answer := upload(session)):
        raise NotChecked(f"the upload was not taken: {describe(answer)}")
    watched = follow(session, "the new job")
    if not watched.ended:
        why = watched.why or session.pace.limit_reached
        raise NotChecked(f"the end of the uploaded job was not seen: {why}")
    return session.answer("the new job")


def find_job_to_switch(session: VerifySession) -> None:
    """Let questions know the job to switch: --job-id if it is finished, else the uploaded one."""
    with suppress(NotChecked):
        session.value("job_to_switch")
        return
    answer, job = _ended_job(session)
    status = (json_object(answer) or {}).get("status")
    if status != FINISHED:
        seen = error_of(answer).name or one_line(str(status))
        raise NotChecked(f"the job {one_line(job)} is not finished, but {seen}")
    session.remember("job_to_switch", job)


def find_unfinished_job(session: VerifySession) -> None:
    """Let questions know a job that is not finished: the uploaded one, before its file.

    NotChecked without an upload: another job may end before it is asked to be switched to.
    """
    if "upload" not in session.allowed:
        raise NotChecked("no job that is surely not finished; give --allow upload")
    upload(session)


def find_failed_job(session: VerifySession) -> None:
    """Let questions know a failed job: given, or --job-id, or the uploaded one.

    NotChecked if none failed.
    """
    job = session.credentials.failed_job_id
    if job is None:
        answer, job = _ended_job(session)
        if not is_failure((json_object(answer) or {}).get("status")):
            raise NotChecked("no failed job was seen; give one by --failed-job-id")
    session.remember("failed_job", job)


def _ended_job(session: VerifySession) -> tuple[Answer, str]:
    given = session.credentials.job_id
    if given is not None and ("upload" not in session.allowed or _is_finished(session)):
        return session.answer("the job"), given
    return followed(session), session.value("new_job")


def _is_finished(session: VerifySession) -> bool:
    return (json_object(session.answer("the job")) or {}).get("status") == FINISHED
