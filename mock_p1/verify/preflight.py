"""The first question: is this the API, and do the key and the job serve to check it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mock_p1.verify.answer import Answer, describe, error_of, is_json, is_reply, one_line
from mock_p1.verify.exceptions import Unreachable, UsageError
from mock_p1.verify.published import CREDENTIAL_ERRORS

if TYPE_CHECKING:
    from mock_p1.verify.session import VerifySession

PROXY_DEMANDS_LOGIN: Final = 407


def preflight(session: VerifySession) -> None:
    """Ask for the job.

    Raises Unreachable if something else than the API answers: a redirect, a proxy, a page. Raises
    UsageError if the key or the job is refused, since nearly every check needs a job that can be
    seen.
    """
    answer = session.answer("the job")
    error = error_of(answer)
    if error.name in CREDENTIAL_ERRORS and session.credentials.api_key:
        raise UsageError(
            f'--api-key: the server answered "{error.message}"; the checks need a key that works'
        )
    if error.name not in (None, *CREDENTIAL_ERRORS) and session.credentials.job_id:
        what = f"--job-id {one_line(session.value('job_id'))}"
        raise UsageError(
            f'{what}: the server answered "{error.message}"; '
            "the checks need a job that this key can see"
        )
    if found := other_than_api(answer):
        raise Unreachable(f"{session.base} {found}")


def url_warning(session: VerifySession) -> str | None:
    """Say what the job was answered by if it was neither a reply nor a published error.

    None otherwise.

    It may be that the URL leads elsewhere than to the API. Unreachable as ``VerifySession.answer``.
    """
    answer = session.answer("the job")
    if is_reply(answer) or error_of(answer).name is not None:
        return None
    shown = session.hide(describe(answer))
    return f"The job was answered by {shown}: does the URL lead to the API?"


def other_than_api(answer: Answer) -> str | None:
    """Say what else than the API seems to have answered; None if it may be the API.

    It is a redirect, a proxy's demand, or what is not JSON.
    """
    if answer.status in range(300, 400) and "location" in answer.headers:
        target = one_line(answer.headers["location"].partition("?")[0])
        return (
            f"redirects to {target} (HTTP {answer.status}); "
            "it is not followed, since the key would go there too"
        )
    if answer.status == PROXY_DEMANDS_LOGIN:
        return (
            "is answered by a proxy that demands a login (HTTP 407); see HTTPS_PROXY and HTTP_PROXY"
        )
    if not is_json(answer):
        return (
            "answered, but not with JSON; is it the API, is there a proxy or a login page between? "
            + describe(answer)
        )
    return None
