"""Documented points of a status check: its replies, and its errors.

Of a reply its fields, their types and order, and the echo of the id; each error to the letter.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from mock_p1.verify import published
from mock_p1.verify.answer import describe, error_of, is_reply, json_object, one_line
from mock_p1.verify.contract_check import (
    TYPE_NAMES,
    Check,
    Verdict,
    as_expected,
    documented,
    kind_of,
    none_of,
    otherwise,
    refused,
)
from mock_p1.verify.exceptions import NotChecked
from mock_p1.verify.questions import CHANGING, ERROR_QUESTIONS, STATUS_QUESTIONS

if TYPE_CHECKING:
    from mock_p1.verify.session import VerifySession


@documented(
    "answers-are-json",
    "Every answer is one JSON object.",
    f"{published.EXAMPLES}, which read it as JSON",
)
def answers_are_json(session: VerifySession) -> Verdict:
    """Look at whatever was answered, errors too."""
    wrong = (
        f"{question}: {describe(answer)}"
        for question, answer in session.answers(*STATUS_QUESTIONS, *ERROR_QUESTIONS)
        if json_object(answer) is None
    )
    return none_of(wrong, "a JSON object, each")


@documented("status-is-text", "A reply has status, a string.", published.BODY)
def status_is_text(session: VerifySession) -> Verdict:
    """See that it is there and what it is."""
    for question, reply in _objects(session):
        if not isinstance(reply.get("status"), str):
            whole = (
                ""
                if "status" in reply
                else f" in {one_line(json.dumps(reply, ensure_ascii=False))}"
            )
            return otherwise("a string", f"{question}: {_kind(reply, 'status')}{whole}")
    return as_expected("a string")


def _optional(field: str) -> Check:
    """Make the check of an optional field's type; an absent field tells nothing of its type."""
    expected = TYPE_NAMES[published.FIELDS[field]]

    @documented(
        f"{field.replace('_', '-')}-type",
        f"{field} may be absent; where it is there, it is {expected}.",
        published.BODY,
    )
    def check(session: VerifySession) -> Verdict:
        kinds = {
            question: _kind(reply, field) for question, reply in _objects(session) if field in reply
        }
        if not kinds:
            raise NotChecked(f"no reply had {field}")
        wrong = (f"{question}: {kind}" for question, kind in kinds.items() if kind != expected)
        return none_of(wrong, expected)

    return check


@documented("metadata-is-there", "A reply has metadata.retrain_job_id, a string.", published.BODY)
def metadata_is_there(session: VerifySession) -> Verdict:
    """See that both are there and what they are."""
    for question, reply in _objects(session):
        if not isinstance(reply.get("metadata"), dict):
            return otherwise(
                "metadata, an object", f"{question}: metadata is {_kind(reply, 'metadata')}"
            )
        if not isinstance(_metadata(reply).get("retrain_job_id"), str):
            kind = _kind(_metadata(reply), "retrain_job_id")
            return otherwise("a string", f"{question}: metadata.retrain_job_id is {kind}")
    return as_expected("a string")


@documented("id-is-echoed", "metadata.retrain_job_id is the id that was asked for.", published.BODY)
def id_is_echoed(session: VerifySession) -> Verdict:
    """Compare the ids of all replies that have one."""
    echoes = [
        (session.asked_id(question), echo)
        for question, reply in _objects(session)
        if isinstance(echo := _metadata(reply).get("retrain_job_id"), str)
    ]
    if not echoes:
        raise NotChecked("no reply had a metadata.retrain_job_id")
    asked, echoed = next((pair for pair in echoes if pair[0] != pair[1]), echoes[0])
    return Verdict(asked == echoed, one_line(asked), one_line(echoed))


@documented(
    "fields-in-order",
    "The fields stand in the order status, model_id, message, download_url, metadata.",
    published.BODY,
)
def fields_in_order(session: VerifySession) -> Verdict:
    """Compare the order of the documented fields that are there.

    Others are another check's business.
    """
    compared = [
        (
            [name for name in published.FIELDS if name in reply],
            [name for name in reply if name in published.FIELDS],
        )
        for _, reply in _objects(session)
    ]
    expected, actual = next((pair for pair in compared if pair[0] != pair[1]), compared[0])
    return Verdict(expected == actual, ", ".join(expected) or "any", ", ".join(actual) or "any")


@documented("no-other-fields", "A reply has no fields but the documented ones.", published.BODY)
def no_other_fields(session: VerifySession) -> Verdict:
    """Look for others, in metadata too."""
    others: dict[str, None] = {}
    for _, reply in _objects(session):
        inner = [f"metadata.{x}" for x in _metadata(reply) if x not in published.METADATA]
        outer = [name for name in reply if name not in published.FIELDS]
        others.update(dict.fromkeys([*outer, *inner]))
    return Verdict(not others, "none", one_line(", ".join(others)) or "none")


def _refused(check_id: str, sentence: str, question: str, *names: str) -> Check:
    return refused(check_id, sentence, published.ERROR_TABLE, question, names=names)


@documented(
    "only-message-differs",
    "All errors share one code and one error name; only the message tells them apart.",
    published.ERROR_TABLE,
)
def only_message_differs(session: VerifySession) -> Verdict:
    """Compare every error that was seen."""
    asked = (*session.answers(*ERROR_QUESTIONS), *session.asked(*CHANGING))
    refusals = [error_of(answer) for _, answer in asked if not is_reply(answer)]
    errors = [
        error
        for error in refusals
        if error.message is not None and error.name != "not_found_configuration_file"
    ]
    if len({error.message for error in errors}) <= 1:
        raise NotChecked("fewer than two different errors were seen")
    row = published.ERRORS["invalid_api_key"]
    expected = f"{row.code} {row.error}"
    pairs = list(dict.fromkeys(f"{error.code} {error.error}" for error in errors))
    return Verdict(pairs == [expected], expected, one_line("; ".join(pairs)))


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
    _refused(
        "no-key-is-refused",
        "Without x-api-key one of the three credential errors answers.",
        "no key",
        *published.CREDENTIAL_ERRORS,
    ),
    _refused(
        "unknown-key-is-refused",
        "To a key that does not exist one of the three credential errors answers.",
        "an unknown key",
        *published.CREDENTIAL_ERRORS,
    ),
    _refused(
        "inactive-key-is-refused",
        "To an inactive key one of the three credential errors answers.",
        "an inactive key",
        *published.CREDENTIAL_ERRORS,
    ),
    _refused(
        "unknown-job-is-not-found",
        "To a wrong retrain_job_id the answer is: Not found retrain job.",
        "an unknown job",
        "not_found_retrain_job",
    ),
    _refused(
        "unfilled-id-is-not-found",
        "An id left unfilled, {xxxx-xxxx-xxxx-xxxx}, is a wrong one like any other.",
        "an id left unfilled",
        "not_found_retrain_job",
    ),
    _refused(
        "deleted-job-says-so",
        "To a deleted job the answer is: This job may be deleted.",
        "a deleted job",
        "job_may_be_deleted",
    ),
    only_message_differs,
)


def _objects(session: VerifySession) -> list[tuple[str, dict[str, Any]]]:
    """Return every reply; NotChecked if there is none."""
    replies = list(session.replies())
    if not replies:
        raise NotChecked("no answer was a JSON object")
    return replies


def _metadata(reply: dict[str, Any]) -> dict[str, Any]:
    """Return a reply's metadata; nothing where that is no object."""
    found = reply.get("metadata")
    return found if isinstance(found, dict) else {}


def _kind(reply: dict[str, Any], field: str) -> str:
    return kind_of(reply[field]) if field in reply else "absent"
