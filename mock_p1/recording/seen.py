"""What one call was answered, as a scenario would say it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urljoin

from mock_p1.base.clock import SECOND
from mock_p1.base.durations import LONGEST
from mock_p1.recording.flow_yaml import can_be_written
from mock_p1.scenario.model import wrong_id
from mock_p1.verify.answer import (
    Answer,
    asked_wait_seconds,
    error_of,
    is_reply,
    json_object,
    media_type,
    waits_by_number,
)
from mock_p1.verify.published import ERRORS, FIELDS, STATUS_ERRORS
from mock_p1.verify.url import is_fetchable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mock_p1.verify.exceptions import Unreachable

Kind = Literal["ok", "status", "error", "reply", "fault"]

FAULT_OF: Final = {
    "timeout": "timeout",
    "reset": "connection_reset",
    "closed": "empty_response",
    "cut": "truncated_body",
    "unreachable": "connection_reset",
}
"""The fault that plays a failure of the network; of a host that was not there, the nearest."""

LONGEST_BODY: Final = 20_000
"""Characters of a body that a scenario keeps to the letter."""

REPLY_STATUSES: Final = range(200, 600)
BODILESS: Final = (204, 304)

KEPT_HEADERS: Final = ("Content-Type", "Location")
"""The headers of a literal answer that a client may act on; Retry-After has a key of its own."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a call was answered. Two are equal where a scenario would say the same of both.

    ``says`` are the keys of a step; ``note`` is what else a reader should know. ``literal`` is the
    same as a ``reply:`` would say it. ``wait_seconds`` is what Retry-After asked for, ``link``
    where a result is to be had, ``status`` that of the job, ``http_status`` HTTP's of an error or a
    literal answer, ``code_is_text`` how an error's code was written.
    """

    kind: Kind
    says: Mapping[str, Any]
    note: str = field(default="", compare=False)
    literal: Mapping[str, Any] = field(default_factory=dict, compare=False)
    wait_seconds: float = field(default=0.0, compare=False)
    link: str = field(default="", compare=False)
    http_status: int = 0
    code_is_text: bool = False
    status: str = field(default="", compare=False)

    @property
    def label(self) -> str:
        """What it is in a word: a status, the name of an error or a fault, HTTP and a number."""
        if self.kind == "ok":
            return "ok"
        if self.status:
            return self.status
        if self.kind == "reply":
            return f"HTTP {self.says['reply']['status_code']}"
        return str(self.says[self.kind])

    @property
    def is_passing(self) -> bool:
        """Whether it happened to a call, and says nothing of the job: the network, a gateway."""
        return self.kind == "fault" or (self.kind == "reply" and self.http_status >= 400)  # noqa: PLR2004 -- HTTP's failures


OK: Final = Seen("ok", {"ok": True})


def failure(error: Unreachable) -> Seen:
    """Return the fault that plays a failure of the network."""
    nearest = "; the nearest fault" if error.kind == "unreachable" else ""
    return Seen("fault", {"fault": FAULT_OF[error.kind]}, f"{error}{nearest}")


def seen_at_poll(answer: Answer, job_id: str) -> Seen:
    """Return what a poll of a job was answered."""
    found = json_object(answer)
    if found is not None and _is_plain(found, answer, job_id):
        own = ("status", "model_id", "message")
        says: dict[str, Any] = {name: found[name] for name in own if name in found}
        link = found.get("download_url")
        if is_fetchable(link):
            return Seen("status", {**says, "result": "generated"}, link=link, status=says["status"])
        if link is not None:
            says["download_url"] = link
        return Seen("status", says, status=says["status"])
    return _error(answer, STATUS_ERRORS) or _odd_reply(answer)


def _odd_reply(answer: Answer) -> Seen:
    """Return what is not the documented reply; it may show a status all the same."""
    seen, found = literal(answer), json_object(answer) or {}
    status = found.get("status")
    if not is_reply(answer) or not isinstance(status, str) or seen.is_passing:
        return seen
    link = found.get("download_url")
    if not is_fetchable(link):
        return replace(seen, status=status)
    nowhere = "not the documented reply, and so literal: its link leads nowhere"
    notes = filter(None, (seen.note, nowhere))
    return replace(seen, status=status, link=link, note="; ".join(notes))


def may_be_recorded(job_id: str) -> bool:
    """Tell whether a scenario can have a job of this id, and of no other."""
    return "*" not in job_id and wrong_id(job_id) is None


def seen_at_call(answer: Answer, errors: Collection[str], *, is_success: bool) -> Seen:
    """Return what another call was answered, whose documented errors are given by name."""
    return OK if is_success else _error(answer, errors) or literal(answer)


def _is_plain(found: dict[str, Any], answer: Answer, job_id: str) -> bool:
    """Tell whether this is the documented reply, to the letter, so that a step can say it."""
    return (
        answer.status == 200  # noqa: PLR2004 -- HTTP's OK
        and media_type(answer) == "application/json"
        and "status" in found
        and [*found] == [name for name in FIELDS if name in found]
        and found.get("metadata") == {"retrain_job_id": job_id}
        and all(type(value) is FIELDS[name] for name, value in found.items())
    )


def _error(answer: Answer, errors: Collection[str]) -> Seen | None:
    """Return a documented error in its usual shape; None for anything else."""
    name, found = error_of(answer).name, json_object(answer)
    if (
        name is None
        or name not in errors
        or found is None
        or [*found] != ["code", "error", "message"]
    ):
        return None
    is_usual = media_type(answer) == "application/json" and answer.status in REPLY_STATUSES
    if not is_usual or found["message"] != ERRORS[name].message:
        return None
    return Seen(
        "error",
        {"error": name},
        literal=literal(answer).says,
        http_status=answer.status,
        code_is_text=isinstance(found["code"], str),
    )


def literal(answer: Answer) -> Seen:
    """Return an answer to the letter, as far as a scenario can say it."""
    status = answer.status if answer.status in REPLY_STATUSES else 599
    notes = [] if status == answer.status else [f"it was HTTP {answer.status}"]
    says: dict[str, Any] = {"status_code": status}
    headers = {
        name: value
        for name in KEPT_HEADERS
        if (value := answer.headers.get(name.lower(), "").strip())
        and value.isascii()
        and value.isprintable()
    }
    if "Location" in headers:
        # whole, so that its host and path are replaced; where it names no host, it is the service's
        headers["Location"] = urljoin("https://same-host.example", headers["Location"])
    body: Any = _body(answer)
    is_data = not isinstance(body, str)
    if headers.get("Content-Type") == ("application/json" if is_data else "text/plain"):
        del headers["Content-Type"]
    if isinstance(body, str) and len(body) > LONGEST_BODY:
        body = body[:LONGEST_BODY]
        notes.append(f"its body is cut to {LONGEST_BODY:,} characters")
    wait = min(asked_wait_seconds(answer), LONGEST / SECOND)
    if wait >= 1:
        span = f"{round(wait)}s"
        says["retry_after"] = span if waits_by_number(answer) else {"date": span}
    elif "retry-after" in answer.headers and answer.headers["retry-after"].isalnum():
        headers["Retry-After"] = answer.headers["retry-after"]
    if headers:
        says["headers"] = headers
    if body != "" and status not in BODILESS:
        says["body"] = body
    return Seen(
        "reply",
        {"reply": says},
        "; ".join(notes),
        wait_seconds=wait,
        http_status=answer.status,
    )


def _body(answer: Answer) -> Any:  # noqa: ANN401 -- a text, or JSON
    try:
        data = json.loads(answer.body, object_pairs_hook=_without_double)
    except (ValueError, RecursionError):
        data = None
    if isinstance(data, dict | list) and can_be_written(data):
        return data
    return answer.body.decode("utf-8", "replace")


def _without_double(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON; ValueError where a key stands twice, which no YAML can say."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found
