"""What to say to requests that lead nowhere.

A JSON 404 or 405 that says what is imitated, and what comes nearest.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote

from mock_p1.base.messages import Reply, Request, error_reply, json_reply
from mock_p1.base.text import nearest, shorten
from mock_p1.contract.operations import OPERATIONS, SIBLINGS, Match, NotImitated, Operation

if TYPE_CHECKING:
    from collections.abc import Mapping


LONGEST_SHOWN = 200
MOST_WORDS = 10
"""Of a path so many words are compared with those of the API."""


NO_LINK: Final = (
    "its URL was not given out by this mock, or before a reset or under another scenario"
)
HAS_COME: Final = "the file of this job has come already"


class Unexpected(NamedTuple):
    """An answer of the mock's own, which the service does not give, and why, for the journal."""

    reply: Reply
    why: str


def not_imitated(method: str, path: str) -> Unexpected:
    """Answer a path that is nothing here."""
    sibling = _sibling(method, unquote(path))
    near = None if sibling else _nearest(path)
    what = f"{sibling} is not imitated" if sibling else f"nothing is imitated at {shown(path)}"
    meant = f"; did you mean {near}?" if near else ";"
    why = f"{what}{meant} Mock P1 imitates {', '.join(_imitated())}"
    return _answer(404, "MOCK_P1_NOT_IMITATED", why, near)


def answer_to(request: Request, found: Match | None) -> Unexpected:
    """Answer a request at a path that is not imitated, or by a method that it does not have."""
    if found is None:
        return not_imitated(request.method, request.path)
    return wrong_method(request.method, found.operations)


def wrong_method(method: str, operations: Mapping[str, Operation]) -> Unexpected:
    """Answer a method that no operation at this path has."""
    known = " and ".join(dict.fromkeys(map(str, operations.values())))
    why = f"{shorten(method, 20)} is not allowed here; the API has {known}"
    return _answer(405, "MOCK_P1_METHOD_NOT_ALLOWED", why, known, {"Allow": ", ".join(operations)})


def no_link(what: str, path: str) -> Unexpected:
    """Answer a link to an upload or a result that leads to nothing: a JSON 404."""
    said = f"no {what} is at {shown(path)}: {NO_LINK}; links are used as they stand in the reply "
    return Unexpected(
        error_reply(404, f"MOCK_P1_NO_{what.upper()}", f"{said}that brought them"), NO_LINK
    )


def upload_refused(job_id: str) -> Unexpected:
    """Answer a further file for a job that takes none any more: a JSON 403, as storage does."""
    said = f"the file of job {shown(job_id)} has come, and the job takes no other one; "
    remedy = "assumptions: {second_upload: replace} would let it"
    return Unexpected(error_reply(403, "MOCK_P1_UPLOAD_USED", said + remedy), HAS_COME)


def file_too_large(limit_bytes: int) -> Unexpected:
    """Answer a file that is larger than the mock takes: a JSON 413."""
    why = (
        f"the file is larger than {limit_bytes:,} bytes, the most that this mock takes; "
        "mock-p1 serve --upload-max 500MB takes more"
    )
    return Unexpected(error_reply(413, "MOCK_P1_FILE_TOO_LARGE", why), why)


def no_length() -> Unexpected:
    """Answer a file in chunks whose end the server does not tell: a JSON 411."""
    why = (
        "the file comes in chunks, and this WSGI server does not say where they end "
        "(wsgi.input_terminated); send it with a Content-Length, or use mock-p1 serve"
    )
    return Unexpected(error_reply(411, "MOCK_P1_LENGTH_REQUIRED", why), why)


def no_room(why: str) -> Unexpected:
    """Answer a call for which the mock has no room: a JSON 507."""
    why = f"the mock has no room: {why}; POST /__admin/reset, or start it anew"
    return Unexpected(error_reply(507, "MOCK_P1_NO_ROOM", why), why)


def shown(path: str) -> str:
    """Return a path as it may stand in a message or in the journal: cut where it is very long."""
    return shorten(path, LONGEST_SHOWN)


def _imitated() -> list[str]:
    return [str(operation) for operation in OPERATIONS.values()]


def _answer(
    status: int, error: str, why: str, near: str | None, headers: dict[str, str] | None = None
) -> Unexpected:
    payload = {"error": error, "message": why, "imitated": _imitated(), "nearest": near}
    return Unexpected(json_reply(status, payload, headers), why)


def _sibling(method: str, path: str) -> NotImitated | None:
    """Return the call of the real service that this path belongs to, if it is known by name."""
    found = [
        sibling
        for sibling in SIBLINGS
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", sibling.template), path)
    ]
    return next((sibling for sibling in found if sibling.method == method), next(iter(found), None))


def _nearest(path: str) -> str | None:
    tidy = posixpath.normpath(re.sub("/{2,}", "/", path))
    if tidy != path and (found := OPERATIONS.match(tidy)):
        return f"{next(iter(found.operations))} {shown(tidy)}"
    words = path.lower().lstrip("/").split("/")
    likeness = {
        str(operation): _likeness(words, operation.template.strip("/").split("/"))
        for operation in OPERATIONS.values()
        if not operation.link
    }
    best = max(likeness, key=lambda name: likeness[name])
    return best if likeness[best] > 0 else None


def _likeness(words: list[str], template: list[str]) -> float:
    """Say how much of a path an operation's template has.

    A misspelt word counts for less, and a parameter takes any word, for half as much; of two that
    have as much, the shorter is nearer.
    """
    common = len(set(words) & set(template))
    if not common:
        return 0.0
    missing = [word for word in template if word not in words and not word.startswith("{")]
    unknown = {*words[:MOST_WORDS]} - {*template}
    misspelt = sum(nearest(word, unknown) is not None for word in missing) if unknown else 0
    parameters = sum(word.startswith("{") for word in template)
    taken = min(parameters, len(words) - common - misspelt)
    return common + 0.9 * misspelt + taken / 2 - abs(len(words) - len(template)) / 100
