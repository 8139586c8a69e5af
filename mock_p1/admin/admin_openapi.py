"""All calls of the control API, and its OpenAPI document, written from them and their models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic.json_schema import models_json_schema

from mock_p1._version import __version__
from mock_p1.admin import (
    PREFIX,
    check_routes,
    control_routes,
    job_routes,
    metrics,
    models,
    request_routes,
    scenario_routes,
    sequence_routes,
)
from mock_p1.admin.bodies import JSON_TYPE
from mock_p1.admin.routes import Route, Routes
from mock_p1.base.model_schema import ModelSchema

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import BaseModel


REF: Final = "#/components/schemas/{model}"
ERRORS: Final = {
    400: "What was sent cannot be used.",
    401: "The token is missing or wrong.",
    403: "The call comes from elsewhere, or from a page of another origin.",
    404: "There is no such job.",
    408: "The body did not come in time.",
    409: "It cannot be done now.",
    413: "The body is too large.",
    415: "The body is of another type.",
    501: "An extra is not installed.",
    503: "Too many listen already.",
    507: "There is no room for it.",
}
OF_ANY_CALL: Final = (400, 401, 403)

routes: Routes = Routes()


@routes.call("GET", "/openapi.json")
def show_openapi() -> dict[str, Any]:
    """The OpenAPI document of the imitated API."""
    from mock_p1.contract.openapi_document import openapi  # noqa: PLC0415 -- seldom asked for

    return openapi()


@routes.call("GET", "/openapi-admin.json")
def show_admin_openapi() -> dict[str, Any]:
    """The OpenAPI document of this API."""
    return document()


CALLS: Final[tuple[Route, ...]] = (
    *scenario_routes.routes,
    *job_routes.routes,
    *control_routes.routes,
    *request_routes.routes,
    *sequence_routes.routes,
    *check_routes.routes,
    *metrics.routes,
    *routes,
)


def document() -> dict[str, Any]:
    """Return the OpenAPI document of ``/__admin``."""
    paths: dict[str, Any] = {}
    for call in CALLS:
        paths.setdefault(f"{PREFIX}{call.path}", {})[call.method.lower()] = _operation(call)
    paths[f"{PREFIX}/events"] = {"get": _EVENTS}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Mock P1: control API",
            "version": __version__,
            "description": "Steers a running mock. It is no part of the imitated API. "
            "Times are seconds of the mock's clock; API keys are masked.",
        },
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas() -> dict[str, Any]:
    wanted: dict[type[BaseModel], Literal["validation", "serialization"]] = {
        models.ScenarioName: "validation",
        models.AdminErrorBody: "serialization",
        models.ScenarioSummary: "serialization",
        models.WatchedProblems: "serialization",
    }
    wanted |= {call.types["body"]: "validation" for call in CALLS if "body" in call.types}
    answers = [call.types["return"] for call in CALLS]
    wanted |= {made: "serialization" for made in answers if _ref(made)}
    _, made = models_json_schema([*wanted.items()], ref_template=REF, schema_generator=ModelSchema)
    schemas: dict[str, Any] = made["$defs"]
    return schemas


def _operation(call: Route) -> dict[str, Any]:
    body, content = call.types.get("body"), call.content
    errors = [*call.errors, *(() if call.open_to_all else OF_ANY_CALL)]
    if body or content:
        errors += (408, 413, 415)
    is_object = call.content_type == JSON_TYPE or "yaml" in call.content_type  # a mapping, read
    otherwise = {"type": "object" if is_object else "string"}
    answer = {call.content_type: {"schema": _ref(call.types["return"]) or otherwise}}
    made: dict[str, Any] = {
        "summary": call.function.__doc__,
        "operationId": call.function.__name__,
        "parameters": list(_parameters(call)),
        "responses": {
            "200": {"description": "Done.", "content": answer},
            **_responses(errors),
        },
    }
    if body and call.method != "DELETE":
        examples = {str(n): {"value": json.loads(text)} for n, text in enumerate(body.examples, 1)}
        content = {JSON_TYPE: {"schema": _ref(body), "examples": examples}}
    if content:
        required = body is None or "{}" not in body.examples
        made["requestBody"] = {"required": required, "content": content}
    if call.open_to_all:
        made["security"] = []
    return made


def _parameters(call: Route) -> Iterable[dict[str, Any]]:
    for name in call.types.keys() - {"query", "body", "return"}:
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    made = call.types.get("query", models.Query).model_json_schema(schema_generator=ModelSchema)
    for name, schema in made.get("properties", {}).items():
        yield {"name": name, "in": "query", "required": False, "schema": schema}


def _ref(model: type) -> dict[str, str]:
    """Return a reference to a model; nothing for what is none."""
    return {"$ref": REF.format(model=model.__name__)} if hasattr(model, "model_fields") else {}


def _responses(statuses: Iterable[int]) -> dict[str, Any]:
    content = {JSON_TYPE: {"schema": _ref(models.AdminErrorBody)}}
    return {
        str(status): {"description": ERRORS[status], "content": content}
        for status in sorted(statuses)
    }


_EVENTS: Final[dict[str, Any]] = {
    "summary": "What happens, as it happens.",
    "description": "Server-sent events. hello comes first; then poll and request (an Entry each), "
    "job (a Job), clock (a Clock), next (a FailureQueue), scenario and reset (a ScenarioSummary), "
    "calls (the timeline of an operation was moved), "
    "problems (WatchedProblems), requests (they were deleted), and missed where events were "
    "dropped before they could be sent. A comment every 15 seconds shows that the stream is alive.",
    "operationId": "events",
    "parameters": [
        {
            "name": name,
            "in": place,
            "required": False,
            "schema": {"type": "string"},
            "description": says,
        }
        for name, place, says in (
            ("Last-Event-ID", "header", "Go on after this event."),
            ("last_event_id", "query", "The same, for clients without headers."),
        )
    ],
    "responses": {
        "200": {
            "description": "The stream.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **_responses((*OF_ANY_CALL, 503)),
    },
}
