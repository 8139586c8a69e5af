"""Documented points of a reply: its fields, their types and order, and the echo of the id."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from mock_p1.verify import published as facts
from mock_p1.verify.answer import fields, one_line, shown
from mock_p1.verify.contract_check import Check, Verdict, as_expected, documented, otherwise
from mock_p1.verify.means import POLLS, PROVOKING
from mock_p1.verify.session import NotChecked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_p1.verify.session import VerifySession

_TYPE_NAMES: Final = {str: "a string", int: "an integer", dict: "an object"}


@documented(
    "answers-are-json",
    "Every answer is one JSON object.",
    f"{facts.EXAMPLES}, which read it as JSON",
)
def answers_are_json(subject: VerifySession) -> Verdict:
    """Look at whatever was answered, errors too."""
    wrong = next(
        (
            (ask, answer)
            for ask, answer in subject.answers(*POLLS, *PROVOKING)
            if fields(answer) is None
        ),
        None,
    )
    actual = f"{wrong[0]}: {shown(wrong[1])}" if wrong else "a JSON object, each"
    return Verdict(wrong is None, "a JSON object, each", actual)


@documented("status-is-text", "A reply has status, a string.", facts.BODY)
def status_is_text(subject: VerifySession) -> Verdict:
    """See that it is there and what it is."""
    for ask, reply in _objects(subject):
        if not isinstance(reply.get("status"), str):
            whole = (
                ""
                if "status" in reply
                else f" in {one_line(json.dumps(reply, ensure_ascii=False))}"
            )
            return otherwise("a string", f"{ask}: {_kind(reply, 'status')}{whole}")
    return as_expected("a string")


def _optional(field: str) -> Check:
    """Make the check of an optional field's type; an absent field tells nothing of its type."""
    expected = _TYPE_NAMES[facts.FIELDS[field]]

    @documented(
        f"{field.replace('_', '-')}-type",
        f"{field} may be absent; where it is there, it is {expected}.",
        facts.BODY,
    )
    def check(subject: VerifySession) -> Verdict:
        kinds = {ask: _kind(reply, field) for ask, reply in _objects(subject) if field in reply}
        if not kinds:
            raise NotChecked(f"no reply had {field}")
        wrong = next((f"{ask}: {kind}" for ask, kind in kinds.items() if kind != expected), None)
        return Verdict(wrong is None, expected, wrong or expected)

    return check


@documented("metadata-is-there", "A reply has metadata.retrain_job_id, a string.", facts.BODY)
def metadata_is_there(subject: VerifySession) -> Verdict:
    """See that both are there and what they are."""
    for ask, reply in _objects(subject):
        metadata = reply.get("metadata")
        if not isinstance(metadata, dict):
            return otherwise(
                "metadata, an object", f"{ask}: metadata is {_kind(reply, 'metadata')}"
            )
        if not isinstance(metadata.get("retrain_job_id"), str):
            kind = _kind(metadata, "retrain_job_id")
            return otherwise("a string", f"{ask}: metadata.retrain_job_id is {kind}")
    return as_expected("a string")


@documented("id-is-echoed", "metadata.retrain_job_id is the id that was asked for.", facts.BODY)
def id_is_echoed(subject: VerifySession) -> Verdict:
    """Compare the ids of all replies that have one."""
    echoes = []
    for ask, reply in _objects(subject):
        metadata = reply.get("metadata")
        if isinstance(metadata, dict) and isinstance(metadata.get("retrain_job_id"), str):
            asked = subject.asked_id("the job" if ask == "the job, watched" else ask)
            echoes.append((asked, metadata["retrain_job_id"]))
    if not echoes:
        raise NotChecked("no reply had a metadata.retrain_job_id")
    asked, echoed = next((pair for pair in echoes if pair[0] != pair[1]), echoes[0])
    return Verdict(asked == echoed, one_line(asked), one_line(echoed))


@documented(
    "fields-in-order",
    "The fields stand in the order status, model_id, message, download_url, metadata.",
    facts.BODY,
)
def fields_in_order(subject: VerifySession) -> Verdict:
    """Compare the order of the documented fields that are there.

    Others are another check's business.
    """
    compared = []
    for _, reply in _objects(subject):
        expected = [name for name in facts.FIELDS if name in reply]
        compared.append((expected, [name for name in reply if name in facts.FIELDS]))
    expected, actual = next((pair for pair in compared if pair[0] != pair[1]), compared[0])
    return Verdict(expected == actual, ", ".join(expected) or "any", ", ".join(actual) or "any")


@documented("no-other-fields", "A reply has no fields but the documented ones.", facts.BODY)
def no_other_fields(subject: VerifySession) -> Verdict:
    """Look for others, in metadata too."""
    others: dict[str, None] = {}
    for _, reply in _objects(subject):
        others.update(dict.fromkeys(name for name in reply if name not in facts.FIELDS))
        if isinstance(metadata := reply.get("metadata"), dict):
            others.update(
                dict.fromkeys(f"metadata.{name}" for name in metadata if name not in facts.METADATA)
            )
    return Verdict(not others, "none", one_line(", ".join(others)) or "none")


CHECKS: Final = (
    answers_are_json,
    status_is_text,
    _optional("model_id"),
    _optional("message"),
    _optional("download_url"),
    metadata_is_there,
    id_is_echoed,
    fields_in_order,
    no_other_fields,
)


def _objects(subject: VerifySession) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every reply; NotChecked if there is none."""
    found = False
    for found_reply in subject.replies():
        found = True
        yield found_reply
    if not found:
        raise NotChecked("no answer was a JSON object")


def _kind(reply: dict[str, Any], field: str) -> str:
    """Say what a field is, in the words of JSON."""
    if field not in reply:
        return "absent"
    value = reply[field]
    kinds = {
        bool: "a boolean",
        int: "an integer",
        float: "a number",
        str: "a string",
        dict: "an object",
        list: "a list",
    }
    return kinds.get(type(value), "null")
