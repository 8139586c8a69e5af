"""A call, and its answer: is it JSON, is it a reply, which published error, how to show it."""

from __future__ import annotations

import json
import re
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from mock_p1.verify.published import ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


MOST_BYTES: Final = 1_000_000
"""An answer is read no further; no reply of the API comes near."""

MAX_SHOWN: Final = 160
"""Characters of a body that a report shows; enough to recognise it."""

_NOT_JSON: Final = object()
_PUBLISHED: Final = {
    name: {str(getattr(error, name)) for error in ERRORS.values()}
    for name in ("code", "error", "message")
}


class Call(NamedTuple):
    """A request; ``file`` is sent as its raw body."""

    method: str
    url: str
    headers: Mapping[str, str]
    file: Path | None = None


class Answer(NamedTuple):
    """What came back over HTTP.

    The names of ``headers`` are in lower case; ``body`` is decoded, and may be cut.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class Client(Protocol):
    """What a server, or a mock in the same process, is asked through."""

    def send(self, call: Call, *, seconds: float, most: int = MOST_BYTES) -> Answer:
        """Make a call, and read at most ``most`` bytes of the answer.

        Unreachable if there is no answer within ``seconds``.
        """
        ...


class FoundError(NamedTuple):
    """The code, error name and message in an answer, wherever they stand.

    None for what it does not have.
    """

    code: object
    error: object
    message: object

    @property
    def name(self) -> str | None:
        """The published error this is, to the letter but for the type of the code.

        None if it is none.
        """
        found = (str(self.code), self.error, self.message)
        rows = ((name, (str(row.code), row.error, row.message)) for name, row in ERRORS.items())
        return next((name for name, row in rows if found == row), None)

    def __str__(self) -> str:
        return f"{self.code} {self.error} {json.dumps(self.message, ensure_ascii=False)}"


def is_json(answer: Answer) -> bool:
    """Tell whether the body is JSON of any kind."""
    return _json(answer) is not _NOT_JSON


def json_object(answer: Answer) -> dict[str, Any] | None:
    """Return the JSON object that the answer is, or None if it is none."""
    value = _json(answer)
    return value if isinstance(value, dict) else None


def error_of(answer: Answer) -> FoundError:
    """Find code, error and message in a JSON answer.

    Published values wherever they stand, else the fields so named.
    """
    found = json_object(answer) or {}
    leaves = list(_leaves(found))
    parts = {
        name: next((leaf for leaf in leaves if str(leaf) in published), found.get(name))
        for name, published in _PUBLISHED.items()
    }
    return FoundError(**parts)


def is_reply(answer: Answer) -> bool:
    """Tell whether the answer says how far a job is.

    An error may have a status of its own beside its code.
    """
    error = error_of(answer)
    return "status" in (json_object(answer) or {}) and error.code is None and error.error is None


def describe(answer: Answer) -> str:
    """Show an answer on one line.

    HTTP status, media type unless it is JSON, body, cut where it is long.
    """
    kind = media_type(answer)
    kind = "" if kind == "application/json" else f" {kind or 'without Content-Type'}"
    body = one_line(answer.body.decode("utf-8", "replace")) or "(empty)"
    return f"HTTP {answer.status}{kind} {body}"


def media_type(answer: Answer) -> str:
    """Return the media type of the answer without its parameters; empty where there is none."""
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower()


def one_line(text: str, limit: int = MAX_SHOWN) -> str:
    """Return ``text`` on one line, cut to ``limit``, with control characters spelled out."""
    text = " ".join(text[: 4 * limit].split())
    text = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )


def _json(answer: Answer) -> object:
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return _NOT_JSON


def _leaves(value: object) -> Iterator[object]:
    """Yield what is neither object nor list, from the outermost inwards."""
    waiting = deque([value])
    while waiting:
        item = waiting.popleft()
        if isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
        else:
            yield item


def waits_by_number(answer: Answer) -> bool:
    """Tell whether Retry-After says seconds, and no date."""
    return re.fullmatch("[0-9]{1,9}", answer.headers.get("retry-after", "").strip()) is not None


def asked_wait_seconds(answer: Answer) -> float:
    """Return how long a server asks to be left alone: Retry-After in seconds, or as a date.

    A date counts from the answer's own ``Date``, so that no clock but the server's matters.
    """
    text = answer.headers.get("retry-after", "").strip()
    if waits_by_number(answer):
        return float(text)
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 -- takes long, and dates are rare

    try:
        until = parsedate_to_datetime(text)
        date = answer.headers.get("date")
        sent = parsedate_to_datetime(date) if date else datetime.now(UTC)
        return max(0.0, (_in_utc(until) - _in_utc(sent)).total_seconds())
    except (ValueError, OverflowError):  # no date, or one that no calendar has
        return 0.0


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
