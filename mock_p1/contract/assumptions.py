"""What the manual does not say, and this mock therefore assumes.

A scenario can override every value.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

from mock_p1.base.duration_field import Duration  # noqa: TC001 -- pydantic reads the annotations
from mock_p1.base.record import AfterValidator, Discriminator, Field, Record, Tag
from mock_p1.base.rules import OneOf, wrong
from mock_p1.contract.errors import CREDENTIAL_ERRORS, DOCUMENTED_ERRORS
from mock_p1.contract.operations import (
    GET_API_KEY,
    RETRAIN_DATA_UPLOAD,
    RETRAIN_MODEL_SWITCH,
    RETRAIN_STATUS_CHECK,
    Operation,
)

if TYPE_CHECKING:
    from pydantic import JsonValue

ACCEPT: Final = "accept"
FIRST_STEP: Final = "first_step"
LONGEST_DATE: Final = 100
BODILESS: Final = (204, 304)
"""HTTP statuses whose answer never has a body."""

ErrorName = Annotated[str, OneOf("error", tuple(DOCUMENTED_ERRORS))]
CredentialError = Annotated[str, OneOf("credential error", CREDENTIAL_ERRORS)]

_PLACE = re.compile(r"\{(?:code|error|message)\}")


def _with_a_body(status: int) -> int:
    if status in BODILESS:
        raise wrong(f"must be a status whose answer has a body; {status} has none")
    return status


HttpStatus = Annotated[
    int,
    Field(ge=200, le=599, json_schema_extra={"not": {"enum": list(BODILESS)}}),
    AfterValidator(_with_a_body),
]


def _answer_of(operation: Operation, *others: str) -> OneOf:
    """Return the rule that a text is an error of this operation, or one of the other words."""
    return OneOf(f"answer of {operation.name}", (*others, *operation.errors))


_StatusError = Annotated[str, OneOf("error", RETRAIN_STATUS_CHECK.errors)]
_SwitchOrError = Annotated[str, _answer_of(RETRAIN_MODEL_SWITCH, ACCEPT)]


def _date_format(text: str) -> str:
    try:
        date = datetime(2026, 12, 26, tzinfo=UTC).strftime(text)
    except ValueError:
        date = ""
    if not date or len(date) > LONGEST_DATE:
        raise wrong(f"must write a date of 1 to {LONGEST_DATE} characters, such as %Y-%m-%d")
    return text


class Assumptions(Record):
    """What the manual does not say, and this mock therefore assumes.

    Every value can be overridden.
    """

    error_http_status: (
        Annotated[
            Annotated[HttpStatus, Tag("<one>")]
            | Annotated[dict[ErrorName, HttpStatus], Tag("<each>")],
            Discriminator(lambda value: "<each>" if isinstance(value, dict) else "<one>"),
        ]
        | None
    ) = None
    """The HTTP status of the documented errors: one for all, or one for each name. Left out, it is
    what the error's code begins with."""

    error_body: dict[str, JsonValue] = {
        "code": "{code}",
        "error": "{error}",
        "message": "{message}",
    }
    """The body of an error; {code}, {error} and {message} are filled in."""

    error_code_type: Annotated[str, OneOf("type", ("integer", "string"))] = "integer"
    """Whether the code is written as a number or in quotes."""

    missing_api_key: CredentialError = "invalid_api_key"
    """The error where x-api-key is missing or empty."""

    unknown_api_key: CredentialError = "not_found_credential"
    """The error where the key is not among api_keys, or not among secret_keys."""

    job_of_another_key: _StatusError = "not_found_retrain_job"
    """The error where a job has another api_key."""

    checked_first: Annotated[str, OneOf("check", ("api_key", "job"))] = "api_key"
    """Whether a wrong key or a wrong job is told first."""

    key_lifetime: Annotated[Duration, Field(json_schema_extra={"default": "30d"})] = (
        30 * 86_400_000_000_000
    )
    """How long a key from Get API Key works, by the mock's clock."""

    end_date_format: Annotated[str, AfterValidator(_date_format)] = "%Y-%m-%dT%H:%M:%SZ"
    """How end_date is written, in strftime's words; the time is UTC."""

    same_key_again: Annotated[str, OneOf("way", ("new", "same"))] = "new"
    """What Get API Key answers where it is asked again: a new key (the old one lives on), or the
    same."""

    odd_credential_type: Annotated[str, _answer_of(GET_API_KEY, ACCEPT)] = "accept"
    """What an unknown or missing credential_type does, and a model_id that is no number: accept, or
    an error."""

    odd_filename: Annotated[str, _answer_of(RETRAIN_DATA_UPLOAD, ACCEPT)] = "accept"
    """What a missing, empty, very long or odd filename does: accept, or an error."""

    before_upload: Annotated[str, _answer_of(RETRAIN_STATUS_CHECK, FIRST_STEP)] = "first_step"
    """What polling a job shows whose file has not come: its first step, or an error."""

    upload_reply: Annotated[int, Field(ge=200, le=299)] = 200
    """The HTTP status that answers the PUT of a file; it has an ETag and no body."""

    second_upload: Annotated[str, OneOf("way", ("replace_while_waiting", "replace", "refuse"))] = (
        "replace_while_waiting"
    )
    """What a second PUT to the same URL does: replace the file while the job waits, always replace
    it (the job begins anew), or be refused."""

    second_switch: _SwitchOrError = "accept"
    """What switching to a model does that was switched to already: accept, or an error."""

    switch_of_failed_job: _SwitchOrError = "retrain_job_is_not_finished"
    """What switching to the model of a failed job does: accept, or an error."""

    def http_status(self, error: str) -> int:
        """Return the HTTP status of a documented error."""
        by_code = DOCUMENTED_ERRORS[error].http_status
        if isinstance(self.error_http_status, int):
            return self.error_http_status
        return (self.error_http_status or {}).get(error, by_code)


def error_body(name: str, assumed: Assumptions) -> Any:  # noqa: ANN401 -- any JSON
    """Return the body of a documented error, in the shape that a scenario assumes."""
    error = DOCUMENTED_ERRORS[name]
    code = str(error.code) if assumed.error_code_type == "string" else error.code
    return _fill(
        assumed.error_body, {"{code}": code, "{error}": error.error, "{message}": error.message}
    )


def _fill(template: Any, values: dict[str, Any]) -> Any:  # noqa: ANN401 -- any JSON
    if isinstance(template, dict):
        return {key: _fill(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [_fill(value, values) for value in template]
    if not isinstance(template, str):
        return template
    if template in values:
        return values[template]
    return _PLACE.sub(lambda found: str(values[found[0]]), template)
