"""What a call to ``/__admin`` carries: a query, and a body that is bounded before it is read.

Nothing unknown is ignored.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from flask import request
from pydantic import BaseModel, ValidationError

from mock_p1.admin import PREFIX
from mock_p1.admin.admin_error import AdminError, bad, too_large
from mock_p1.admin.models import Body, Query
from mock_p1.base.record_reader import in_our_words
from mock_p1.base.rules import kind_of
from mock_p1.base.text import shorten, unknown
from mock_p1.scenario.document import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_JSON: Final = 1_000_000
JSON_TYPE: Final = "application/json"

B = TypeVar("B", bound=Body)
M = TypeVar("M", bound=BaseModel)


def limit_of(method: str, path: str) -> int:
    """Return how many bytes of body this call may have."""
    return MAX_BYTES if method == "PUT" and path == f"{PREFIX}/scenario" else MAX_JSON


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
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if body and coding != "identity":
        raise AdminError(
            415,
            "MOCK_P1_WRONG_CONTENT_TYPE",
            f"the body must not be compressed; its Content-Encoding is {shorten(coding)!r}",
            "send it as it is",
        )
    return body


def body_in_hand(model: type[B]) -> B:
    """Return the JSON object that the request in hand carries; an empty one where it has no body.

    AdminError for anything else.
    """
    body = read_body()
    if body and request.mimetype != JSON_TYPE:
        raise wrong_type(JSON_TYPE, f"send -H 'Content-Type: {JSON_TYPE}'")
    remedy = f"send a JSON object such as {' or '.join(model.examples)}"
    try:
        value = json.loads(body or b"{}", parse_constant=_no_constant)
    except RecursionError:
        raise bad("BODY", "the body is nested too deep", remedy) from None
    except ValueError as error:
        raise bad("BODY", f"the body is not JSON: {error}", remedy) from None
    if not isinstance(value, dict):
        raise bad("BODY", f"the body is {kind_of(value)}, not a JSON object", remedy)
    for key in value:
        if key not in model.model_fields:
            raise bad("BODY", unknown("key", key, model.model_fields), remedy)
    return checked(model, value, remedy)


def query_in_hand(model: type[M]) -> M:
    """Return the query of the request in hand; AdminError for what means nothing."""
    return query_of(list(request.args.items(multi=True)), model)


def query_of(given: Sequence[tuple[str, str]], model: type[M]) -> M:
    """Return a query as ``model`` says; AdminError for what means nothing, or stands twice."""
    known = ", ".join(model.model_fields)
    remedy = f"the parameters here are {known}" if known else "leave the query out"
    parameters: dict[str, str] = {}
    for name, value in given:
        if name not in model.model_fields:
            raise bad("QUERY", unknown("parameter", name, model.model_fields), remedy)
        if name in parameters:
            raise bad("QUERY", f"the parameter {name} stands twice", remedy)
        parameters[name] = value
    return checked(model, parameters, "write another value, or leave the parameter out")


def checked(model: type[M], value: dict[str, Any], remedy: str) -> M:
    """Return what the model makes of a mapping; AdminError with its first problem."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        path, problem = next(in_our_words(error))
        text = problem.message()
    if not path:
        raise bad("BODY", f"the body {text}", remedy)
    where = ".".join(str(key) for key in path if not str(key).startswith("<"))  # a model's tag
    raise bad("VALUE", text if text.startswith("unknown ") else f"{where} {text}", remedy)


def either(name: str, query: Query, body: Body) -> str | None:
    """Return what stands in the query or in the body; AdminError where both differ."""
    found: set[str] = {getattr(part, name, None) for part in (query, body)} - {None}  # type: ignore[assignment]  # -- without None
    if len(found) > 1:
        raise bad("VALUE", f"{name} stands in query and body, and differs", "send it once")
    return next(iter(found), None)


def wrong_type(wanted: str, remedy: str) -> AdminError:
    """Refuse a body for its Content-Type."""
    sent = f"it is {shorten(request.mimetype)!r}" if request.mimetype else "there is none"
    text = f"the Content-Type must be {wanted}; {sent}"
    return AdminError(415, "MOCK_P1_WRONG_CONTENT_TYPE", text, remedy)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
