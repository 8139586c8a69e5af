"""What the manual leaves open.

Each assumption of the mock, and, where it is refuted, what a scenario should assume.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from mock_p1.verify import published
from mock_p1.verify.answer import (
    Answer,
    FoundError,
    describe,
    error_of,
    is_reply,
    json_object,
    media_type,
    one_line,
)
from mock_p1.verify.contract_check import Check, Verdict, as_expected, assumed, otherwise
from mock_p1.verify.exceptions import NotChecked
from mock_p1.verify.job_checks import FIRST_BYTES, download_needs_no_key
from mock_p1.verify.questions import CHANGING, ERROR_QUESTIONS, STATUS_QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mock_p1.verify.session import VerifySession

_EXPRESSIBLE: Final = range(200, 600)
"""The HTTP statuses that a scenario can give its errors."""


@assumed(
    "reply-http-status",
    "A reply has HTTP status 200.",
    "the usual; the manual names no HTTP status",
)
def reply_http_status(session: VerifySession) -> Verdict:
    """Look at the replies, not at the errors."""
    statuses = {
        answer.status for _, answer in session.answers(*STATUS_QUESTIONS) if is_reply(answer)
    }
    if not statuses:
        raise NotChecked("no reply was seen")
    return Verdict(
        statuses == {published.REPLY_HTTP_STATUS}, "200", ", ".join(map(str, sorted(statuses)))
    )


@assumed("content-type", "Every answer has the media type application/json.", "the usual for JSON")
def content_type(session: VerifySession) -> Verdict:
    """Look at every answer that is JSON."""
    kinds = {
        media_type(answer)
        for _, answer in session.answers(*STATUS_QUESTIONS, *ERROR_QUESTIONS)
        if json_object(answer) is not None
    }
    if not kinds:
        raise NotChecked("no answer was a JSON object")
    return Verdict(
        kinds == {"application/json"},
        "application/json",
        ", ".join(k or "none" for k in sorted(kinds)),
    )


@assumed(
    "other-statuses",
    "Before and besides job_finished, status is job_waiting, job_running or job_failed.",
    "named alike; the manual names job_finished only",
)
def other_statuses(session: VerifySession) -> Verdict:
    """Look at every status that was seen and is text."""
    seen = dict.fromkeys(reply.get("status") for _, reply in session.replies())
    others = [status for status in seen if isinstance(status, str) and status != published.FINISHED]
    if not others:
        raise NotChecked(
            "no status but job_finished was seen; give a --job-id that is not finished"
        )
    agrees = set(others) <= set(published.OTHER_STATUSES)
    return Verdict(agrees, " or ".join(published.OTHER_STATUSES), one_line(", ".join(others)))


@assumed(
    "error-http-status",
    "The HTTP status of every error is 400.",
    "every code in the manual begins with an HTTP status, this one (4001000204) with 400",
)
def error_http_status(session: VerifySession) -> Verdict:
    """Collect the HTTP status of each error that was seen."""
    seen: dict[str, int] = {}
    for name, answer in _errors(session):
        seen.setdefault(name, answer.status)
    odd = {n: status for n, status in seen.items() if status != published.error_http_status(n)}
    statuses = set(seen.values())
    one = statuses.pop() if len(statuses) == 1 else None
    expressible = odd and all(status in _EXPRESSIBLE for status in seen.values())
    actual = str(one) if one else ", ".join(f"{name}: {status}" for name, status in seen.items())
    return Verdict(not odd, "400", actual, {"error_http_status": one or odd} if expressible else {})


@assumed(
    "error-body",
    "The body of an error has the fields code, error, message and no others.",
    "the columns of the table",
)
def error_body(session: VerifySession) -> Verdict:
    """Compare the fields of each error.

    Where they are others, look for a template that makes all of them.
    """
    expected = ", ".join(published.ERROR_FIELDS)
    errors = [answer for _, answer in _errors(session)]
    for answer in errors:
        body = json_object(answer) or {}
        if tuple(body) != published.ERROR_FIELDS or any(
            isinstance(value, dict | list) for value in body.values()
        ):
            template = common_template(errors)
            assumption = {} if template is None else {"error_body": template}
            return otherwise(expected, one_line(answer.body.decode("utf-8", "replace")), assumption)
    return as_expected(expected)


@assumed(
    "error-code-type",
    "The code of an error is a JSON integer.",
    "ten digits, written bare in the table",
)
def error_code_type(session: VerifySession) -> Verdict:
    """Look at the type of each code."""
    kinds = dict.fromkeys(type(error_of(answer).code) for _, answer in _errors(session))
    agrees = list(kinds) == [int]
    actual = " and ".join("an integer" if kind is int else "a string" for kind in kinds)
    return Verdict(
        agrees, "an integer", actual, {"error_code_type": "string"} if list(kinds) == [str] else {}
    )


def _answered_with(  # noqa: PLR0913 -- a check's parts
    check_id: str, sentence: str, source: str, *, question: str, name: str, key: str = ""
) -> Check:
    """Make the check that a question is answered with one certain error.

    ``key`` is the assumption's name.
    """

    @assumed(check_id, sentence, source)
    def check(session: VerifySession) -> Verdict:
        answer = session.answer(question)
        actual = error_of(answer).name
        if actual is None and not is_reply(answer):
            raise NotChecked(f"none of the documented errors answered: {describe(answer)}")
        expressible = actual in published.CREDENTIAL_ERRORS or (
            actual and key == "job_of_another_key"
        )
        assumption = {key: actual} if key and expressible and actual != name else {}
        return Verdict(actual == name, name, actual or f"served: {describe(answer)}", assumption)

    return check


@assumed("empty-key", "An empty x-api-key is answered like a missing one.", "neither is a key")
def empty_key(session: VerifySession) -> Verdict:
    """Compare the two answers."""
    missing, empty = (
        error_of(session.answer(question)).name for question in ("no key", "an empty key")
    )
    if missing is None:
        raise NotChecked("none of the documented errors answered a missing key")
    return Verdict(missing == empty, missing, empty or describe(session.answer("an empty key")))


@assumed(
    "key-is-checked-first",
    "The key is checked before the job.",
    "a wrong key must not tell which jobs exist",
)
def key_is_checked_first(session: VerifySession) -> Verdict:
    """Ask with both wrong, and see which one is complained of."""
    if error_of(session.answer("an unknown key")).name not in published.CREDENTIAL_ERRORS:
        raise NotChecked("an unknown key alone was not refused as one")
    answer = session.answer("an unknown key and job")
    name = error_of(answer).name
    if name is None:
        raise NotChecked(f"none of the documented errors answered: {describe(answer)}")
    first = "api_key" if name in published.CREDENTIAL_ERRORS else "job"
    assumption = {} if first == "api_key" else {"checked_first": first}
    return Verdict(not assumption, "the key is complained of", f"{name} answers", assumption)


@assumed("result-is-zip", "The result is a ZIP.", "the train API's example saves its result as one")
def result_is_zip(session: VerifySession) -> Verdict:
    """Look at the first bytes of the download."""
    if not download_needs_no_key.judge(session).agrees:
        raise NotChecked("the result could not be fetched")
    start = session.download(str(session.finished()["download_url"]), FIRST_BYTES).body
    return Verdict(start.startswith(b"PK"), "begins with PK", f"begins with {start!r}")


CHECKS: Final = (
    reply_http_status,
    content_type,
    other_statuses,
    error_http_status,
    error_body,
    error_code_type,
    _answered_with(
        "missing-key",
        "A missing key is answered with invalid_api_key.",
        "its reason reads: the API key does not exist",
        question="no key",
        name="invalid_api_key",
        key="missing_api_key",
    ),
    empty_key,
    _answered_with(
        "unknown-key",
        "An unknown key is answered with not_found_credential.",
        "the plainest reading of the three names",
        question="an unknown key",
        name="not_found_credential",
        key="unknown_api_key",
    ),
    _answered_with(
        "inactive-key",
        "An expired or revoked key is answered with inactive_credential.",
        "the plainest reading of the three names",
        question="an inactive key",
        name="inactive_credential",
    ),
    _answered_with(
        "job-of-another-key",
        "A job of another model's key is answered with not_found_retrain_job.",
        "nothing about the job should leak",
        question="another model's key",
        name="not_found_retrain_job",
        key="job_of_another_key",
    ),
    key_is_checked_first,
    result_is_zip,
)


def _errors(session: VerifySession) -> list[tuple[str, Answer]]:
    """Return the published errors that were seen; NotChecked if there was none."""
    answers = (*session.answers(*ERROR_QUESTIONS), *session.asked(*CHANGING))
    found = [(name, answer) for _, answer in answers if (name := error_of(answer).name)]
    if not found:
        raise NotChecked("none of the documented errors was seen")
    return found


def common_template(errors: Sequence[Answer]) -> dict[str, Any] | None:
    """Return the template that every one of these published errors is made by.

    None if there is none.

    What changes from error to error stands in it as {code}, {error} and {message}.
    """
    template: dict[str, Any] = _changed(
        json_object(errors[0]), partial(_with_places, error_of(errors[0]))
    )
    made = all(
        # as texts: 1 is not true and not 1.0; the order of fields counts
        json.dumps(_changed(template, partial(_filled, error_of(answer))))
        == json.dumps(json_object(answer))
        for answer in errors
    )
    return template if made else None


def _changed(body: Any, change: Callable[[Any], Any]) -> Any:  # noqa: ANN401 -- any JSON
    """Return JSON with every value changed that is neither object nor list."""
    if isinstance(body, dict):
        return {name: _changed(value, change) for name, value in body.items()}
    if isinstance(body, list):
        return [_changed(value, change) for value in body]
    return change(body)


def _with_places(error: FoundError, value: Any) -> Any:  # noqa: ANN401 -- any JSON
    if str(value) == str(error.code):
        return "{code}"
    if isinstance(value, str):
        for place, part in _places(error).items():
            value = value.replace(str(part), place)
    return value


def _filled(error: FoundError, template: Any) -> Any:  # noqa: ANN401 -- any JSON
    """Fill a text of a template in as the mock does.

    A place alone keeps the value's type, one in a text does not.
    """
    if not isinstance(template, str):
        return template
    places = _places(error)
    if template in places:
        return places[template]
    for place, value in places.items():
        template = template.replace(place, str(value))
    return template


def _places(error: FoundError) -> dict[str, object]:
    return {"{code}": error.code, "{error}": error.error, "{message}": error.message}
