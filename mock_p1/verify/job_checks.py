"""Documented points of a job's life.

What comes with job_finished, how to fetch it, and that asking is safe.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from mock_p1.verify import published
from mock_p1.verify.answer import Answer, describe, error_of, json_object, one_line
from mock_p1.verify.contract_check import Verdict, as_expected, documented, otherwise
from mock_p1.verify.exceptions import NotChecked
from mock_p1.verify.url import is_fetchable

if TYPE_CHECKING:
    from mock_p1.verify.session import VerifySession

FIRST_BYTES: Final = 4
"""How much of a result is read: enough to tell a ZIP; the rest is left unfetched."""


@documented(
    "finished-says-so", "A job that is finished has the status job_finished.", published.EXAMPLES
)
def finished_says_so(session: VerifySession) -> Verdict:
    """Ask for the job that the caller says is finished."""
    answer = session.answer("the finished job")
    actual = (json_object(answer) or {}).get("status")
    return Verdict(
        actual == published.FINISHED,
        published.FINISHED,
        one_line(str(actual)) if actual else describe(answer),
    )


@documented(
    "finished-brings-url",
    "With job_finished comes download_url, an http(s) URL.",
    published.EXAMPLES,
)
def finished_brings_url(session: VerifySession) -> Verdict:
    """See that it is there, and could be fetched."""
    url = session.finished().get("download_url")
    if url is None:
        return otherwise("an http(s) URL", "no download_url")
    # without its query, which may hold a signature
    return Verdict(is_fetchable(url), "an http(s) URL", one_line(str(url).partition("?")[0]))


@documented(
    "download-needs-no-key",
    "A plain GET of download_url, without x-api-key, brings the result.",
    published.EXAMPLES,
)
def download_needs_no_key(session: VerifySession) -> Verdict:
    """Fetch its first bytes, following no redirect."""
    url = str(session.finished().get("download_url"))
    if not is_fetchable(url):
        raise NotChecked("there is no download_url to fetch")
    answer = session.download(url, FIRST_BYTES)
    good = answer.status in range(200, 300) and bool(answer.body)
    what = "with content" if answer.body else "empty"
    return Verdict(good, "HTTP 2xx, with content", f"HTTP {answer.status}, {what}")


@documented(
    "polling-is-safe",
    "Asking changes nothing: the same answer again, unless the job moved on meanwhile.",
    f"{published.EXAMPLES}, which only ask",
)
def polling_is_safe(session: VerifySession) -> Verdict:
    """Compare replies that follow each other at once; what may change is said in ``_change``.

    The first answer of all is left out: others may have polled the job since.
    """
    rows: list[tuple[str, ...]] = [
        ("the job, again", "the job, a third time", "the job, a fourth time")
    ]
    if session.credentials.finished_job_id is not None:
        rows.append(("the finished job", "the finished job, again"))
    for row in rows:
        if change := _first_change([session.answer(question) for question in row]):
            return otherwise("the same again", change)
    return as_expected("the same again, or the job moved on")


CHECKS: Final = (finished_says_so, finished_brings_url, download_needs_no_key, polling_is_safe)


def _first_change(answers: list[Answer]) -> str | None:
    """Say what changed that may not in answers that follow each other at once.

    NotChecked if the first is no reply.
    """
    replies: list[dict[str, Any]] = []
    for answer in answers:
        reply = json_object(answer)
        if reply is not None and error_of(answer).name is None:
            replies.append(reply)
        elif replies:
            return f"first {_status(replies[-1])}, then {describe(answer)}"
        else:
            raise NotChecked(f"the first answer was no reply: {describe(answer)}")
    return _change(replies)


def _change(replies: list[dict[str, Any]]) -> str | None:
    """Say what changed that may not, from one reply to the next; None if all is well.

    A job may move on to a status it did not have before, and say other things then. Within one
    status only the message (it may tell of progress) and download_url (it may be signed anew) may
    differ; once finished, only the latter.
    """
    seen = [_status(replies[0])]
    for before, after in pairwise(replies):
        was, now = _status(before), _status(after)
        if was != now:
            if now in seen or was == published.FINISHED:
                return f"{' → '.join((*seen, now))}"
            seen.append(now)
            continue
        may = {"download_url"} if now == published.FINISHED else {"download_url", "message"}
        changed = [
            name
            for name in {**before, **after}
            if name not in may and before.get(name) != after.get(name)
        ]
        if changed or before.keys() - may != after.keys() - may:
            return f"{now}, but with other {', '.join(changed) or 'fields'}"
    return None


def _status(reply: dict[str, Any]) -> str:
    return one_line(str(reply.get("status")))
