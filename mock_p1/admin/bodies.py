"""What a call to ``/__admin`` carries: a body, bounded before it is read, and a query.

Nothing unknown is ignored.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NoReturn

from flask import request

from mock_p1.admin.admin_error import AdminError, bad_body, bad_value, too_large
from mock_p1.base.strict_model import kind_of
from mock_p1.base.text import shorten, unknown
from mock_p1.scenario.parser import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

MAX_JSON: Final = 1_000_000
MAX_SCENARIO: Final = MAX_BYTES
JSON_TYPE: Final = "application/json"
MAX_DIGITS: Final = 15


def limit_of(method: str, path: str) -> int:
    """Return how many bytes of body this call may have."""
    return MAX_SCENARIO if method == "PUT" and path == "/__admin/scenario" else MAX_JSON


def read_body() -> bytes:
    """Return the body of the request in hand.

    AdminError (413) if it is too large, which is known before it is read.
    """
    limit = limit_of(request.method, request.path)
    if (request.content_length or 0) > limit:
        raise too_large(limit)
    body = request.stream.read(limit + 1)
    if len(body) > limit:
        raise too_large(limit)
    return body


def json_object(known: Collection[str], *, example: str) -> dict[str, Any]:
    """Return the JSON object that the request carries; {} where it has no body.

    AdminError for anything else.
    """
    body = read_body()
    if not body:
        return {}
    if request.mimetype != JSON_TYPE:
        sent = f"it is {shorten(request.mimetype)!r}" if request.mimetype else "there is none"
        raise wrong_type(
            f"the Content-Type must be {JSON_TYPE}; {sent}", f"send -H 'Content-Type: {JSON_TYPE}'"
        )
    return object_of(body, known, example)


def object_of(body: bytes, known: Collection[str], example: str) -> dict[str, Any]:
    """Return the object that JSON text holds.

    AdminError if it is none, or has keys that mean nothing.
    """
    remedy = f"send a JSON object such as {example}"
    try:
        value = json.loads(body, parse_constant=_no_constant)
    except RecursionError:
        raise bad_body("the body is nested too deep", remedy) from None
    except ValueError as error:
        raise bad_body(f"the body is not JSON: {error}", remedy) from None
    if not isinstance(value, dict):
        raise bad_body(f"the body is {kind_of(value)}, not a JSON object", remedy)
    for key in value:
        if key not in known:
            raise bad_body(unknown("key", key, known), remedy)
    return value


def wrong_type(message: str, remedy: str) -> AdminError:
    """Refuse a body of a type that is not taken."""
    return AdminError(415, "MOCK_P1_WRONG_CONTENT_TYPE", message, remedy)


def text(value: object, name: str) -> str:
    """Return a value of the body that must be text."""
    if not isinstance(value, str):
        raise bad_value(f"{name} must be text; it is {kind_of(value)}", f'write "{name}": "…"')
    return value


def whole(value: object, name: str, low: int, high: int) -> int:
    """Return a value of the body that must be a whole number within bounds."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise bad_value(
            f"{name} must be a whole number; it is {kind_of(value)}", f'write "{name}": {low}'
        )
    if not low <= value <= high:
        given = shorten(str(value))
        raise bad_value(
            f"{name} must be from {low:,} to {high:,}; it is {given}",
            "choose one within the bounds",
        )
    return value


def query(known: Collection[str]) -> dict[str, str]:
    """Return the parameters of the query of the request in hand."""
    return checked(list(request.args.items(multi=True)), known)


def checked(given: Sequence[tuple[str, str]], known: Collection[str]) -> dict[str, str]:
    """Return a query's parameters; AdminError for one that means nothing, or stands twice."""
    remedy = f"the parameters here are {', '.join(known)}" if known else "leave the query out"
    parameters: dict[str, str] = {}
    for name, value in given:
        if name not in known:
            raise AdminError(400, "MOCK_P1_BAD_QUERY", unknown("parameter", name, known), remedy)
        if name in parameters:
            raise AdminError(400, "MOCK_P1_BAD_QUERY", f"the parameter {name} stands twice", remedy)
        parameters[name] = value
    return parameters


def number_in_query(
    parameters: dict[str, str], name: str, default: int, low: int, high: int
) -> int:
    """Return a whole number of the query, or its default."""
    written = parameters.get(name, str(default))
    if not (written.isascii() and written.isdigit() and len(written) <= MAX_DIGITS):
        raise AdminError(
            400,
            "MOCK_P1_BAD_QUERY",
            f"{name} must be a whole number; it is {shorten(written)!r}",
            f"write {name}={default}",
        )
    return whole(int(written), name, low, high)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
