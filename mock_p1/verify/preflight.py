"""The first question: whether this is the API at all, and whether the key and the job can be used to check it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mock_p1.verify.answer import carried, is_json, is_reply, one_line, shown
from mock_p1.verify.client import Unreachable
from mock_p1.verify.published import CREDENTIAL_ERRORS
from mock_p1.verify.url import MarkerError

if TYPE_CHECKING:
    from mock_p1.verify.answer import Answer
    from mock_p1.verify.session import VerifySession

_REDIRECTS: Final = range(300, 400)
_PROXY_DEMANDS_LOGIN: Final = 407


def preflight(subject: VerifySession) -> None:
    """Ask for the job.

    Raises Unreachable if something else than the API answers: a redirect, a proxy, a page. Raises
    MarkerError if the key or the job is refused, since nearly every check needs a job that can be
    seen.
    """
    answer = subject.answer("the job")
    error = carried(answer)
    if error.name in CREDENTIAL_ERRORS:
        raise MarkerError(
            f'--api-key: the server answered "{error.message}"; the checks need a key that works'
        )
    if error.name is not None:
        what = f"--job-id {one_line(subject.means.job_id)}"
        raise MarkerError(
            f'{what}: the server answered "{error.message}"; the checks need a job that this key can see'
        )
    if trouble := _in_between(answer):
        raise Unreachable(f"{subject.base} {trouble}")


def doubt(subject: VerifySession) -> str | None:
    """Say what the job was answered by if it was neither a reply nor a published error.

    None otherwise.

    It may be that the URL leads elsewhere than to the API. Unreachable as ``VerifySession.answer``.
    """
    answer = subject.answer("the job")
    if is_reply(answer) or carried(answer).name is not None:
        return None
    return f"The job was answered by {subject.means.hide(shown(answer))}: does the URL lead to the API?"


def _in_between(answer: Answer) -> str | None:
    """Say what else than the API seems to have answered; None if it may be the API."""
    if answer.status in _REDIRECTS and "location" in answer.headers:
        target = one_line(answer.headers["location"].partition("?")[0])
        return f"redirects to {target} (HTTP {answer.status}); verify does not follow, since the key would go there too"
    if answer.status == _PROXY_DEMANDS_LOGIN:
        return (
            "is answered by a proxy that demands a login (HTTP 407); see HTTPS_PROXY and HTTP_PROXY"
        )
    if not is_json(answer):
        return f"answered, but not with JSON; is it the API, is there a proxy or a login page between? {shown(answer)}"
    return None
