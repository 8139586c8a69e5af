"""What the manual does not say, and this mock therefore assumes.

A scenario can override every value.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Discriminator, Field, JsonValue, Tag

from mock_p1.base.strict_model import OneOf, Strict, wrong
from mock_p1.contract.operations import CREDENTIAL_ERRORS, DOCUMENTED_ERRORS

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


class Assumptions(Strict):
    """What the manual does not say, and this mock therefore assumes.

    Every value can be overridden.
    """

    error_http_status: Annotated[
        Annotated[HttpStatus, Tag("<one>")] | Annotated[dict[ErrorName, HttpStatus], Tag("<each>")],
        Discriminator(lambda value: "<each>" if isinstance(value, dict) else "<one>"),
    ] = 400
    """The HTTP status of the documented errors: one for all, or one for each name."""

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
    """The error where the key is not among api_keys."""

    job_of_another_key: ErrorName = "not_found_retrain_job"
    """The error where a job has another api_key."""

    checked_first: Annotated[str, OneOf("check", ("api_key", "job"))] = "api_key"
    """Whether a wrong key or a wrong job is told first."""

    def http_status(self, error: str) -> int:
        """Return the HTTP status of a documented error."""
        if isinstance(self.error_http_status, int):
            return self.error_http_status
        return self.error_http_status.get(error, 400)


def error_body(name: str, assumed: Assumptions) -> Any:  # noqa: ANN401 -- any JSON
    """Return the body of a documented error (documented) in the shape that a scenario assumes (assumed)."""
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
