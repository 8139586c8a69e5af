"""The body of a server's errors as a template, as a scenario's `error_body` wants it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mock_p1.verify.answer import Answer, FoundError, error_of, json_object

if TYPE_CHECKING:
    from collections.abc import Sequence


def common_template(errors: Sequence[Answer]) -> dict[str, Any] | None:
    """Return the template that every one of these published errors is made by.

    None if there is none.

    What changes from error to error stands in it as {code}, {error} and {message}.
    """
    template: dict[str, Any] = _template(json_object(errors[0]), error_of(errors[0]))
    made = all(
        _canonical(_filled(template, error_of(answer))) == _canonical(json_object(answer))
        for answer in errors
    )
    return template if made else None


def _template(body: Any, error: FoundError) -> Any:  # noqa: ANN401 -- any JSON
    if isinstance(body, dict):
        return {name: _template(value, error) for name, value in body.items()}
    if isinstance(body, list):
        return [_template(value, error) for value in body]
    if str(body) == str(error.code):
        return "{code}"
    if isinstance(body, str):
        for place, value in _places(error).items():
            body = body.replace(str(value), place)
    return body


def _filled(template: Any, error: FoundError) -> Any:  # noqa: ANN401 -- any JSON
    """Fill a template in as the mock does.

    A place alone keeps the value's type, one in a text does not.
    """
    if isinstance(template, dict):
        return {name: _filled(value, error) for name, value in template.items()}
    if isinstance(template, list):
        return [_filled(value, error) for value in template]
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


def _canonical(body: object) -> str:
    return json.dumps(body)  # 1 is not true and not 1.0; the order of fields counts
