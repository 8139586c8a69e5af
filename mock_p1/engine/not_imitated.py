"""What to say to requests that lead nowhere.

A JSON 404 or 405 that says what is imitated, and what comes nearest.
"""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple
from urllib.parse import unquote

from mock_p1.base.messages import Reply, json_reply
from mock_p1.base.text import shorten
from mock_p1.contract import operations as contract

LONGEST_SHOWN = 200


class Unexpected(NamedTuple):
    """The answer to a request that this mock does not imitate, and why, in a sentence."""

    reply: Reply
    why: str


def not_imitated(path: str) -> Unexpected:
    """Answer a path that is nothing here."""
    known = [str(operation) for operation in contract.OPERATIONS]
    sibling = _sibling(unquote(path))
    nearest = None if sibling else _nearest(path)
    what = f"{sibling} is not imitated" if sibling else f"nothing is imitated at {shown(path)}"
    meant = f"; did you mean {nearest}?" if nearest else ""
    why = f"{what}; Mock P1 imitates {', '.join(known)}{meant}"
    return _answer(404, "MOCK_P1_NOT_IMITATED", why, nearest)


def wrong_method(method: str, operation: contract.Operation) -> Unexpected:
    """Answer a method that the operation does not have."""
    why = f"{shorten(method, 20)} is not allowed here; the API has {operation}"
    return _answer(
        405, "MOCK_P1_METHOD_NOT_ALLOWED", why, str(operation), {"Allow": operation.method}
    )


def no_result(path: str) -> Reply:
    """Answer a download that leads to nothing: a JSON 404."""
    message = f"no result is at {shown(path)}; download_url of a poll that says {contract.FINISHED} leads to one"
    return json_reply(404, {"error": "MOCK_P1_NO_RESULT", "message": message})


def shown(path: str) -> str:
    """Return a path as it may stand in a message or in the journal: cut where it is very long."""
    return shorten(path, LONGEST_SHOWN)


def _answer(
    status: int, error: str, why: str, nearest: str | None, headers: dict[str, str] | None = None
) -> Unexpected:
    known = [str(operation) for operation in contract.OPERATIONS]
    payload = {"error": error, "message": why, "imitated": known, "nearest": nearest}
    return Unexpected(json_reply(status, payload, headers), why)


def _sibling(path: str) -> contract.NotImitated | None:
    """Return the call of the real service that this path belongs to, if it is one that we know by name."""
    for sibling in contract.SIBLINGS:
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", sibling.template), path):
            return sibling
    return None


def _nearest(path: str) -> str | None:
    tidy = posixpath.normpath(re.sub("/{2,}", "/", path))
    if tidy != path and (found := contract.match(tidy)):
        return f"{found.operation.method} {shown(tidy)}"
    words, best = set(path.lower().strip("/").split("/")), None
    for operation in contract.OPERATIONS:
        common = len(words & set(operation.template.strip("/").split("/")))
        if common and (best is None or common > best[0]):
            best = (common, str(operation))
    return best[1] if best else None
