"""The OpenAPI documents: of the imitated API, and of ``/__admin`` itself."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from flask import Blueprint, Response

from mock_p1._version import __version__
from mock_p1.admin.bodies import JSON_TYPE, query
from mock_p1.admin.context import answer
from mock_p1.admin.job_routes import MAX_PAGE
from mock_p1.admin.request_routes import FILTERS, MAX_LIMIT
from mock_p1.admin.scenario_routes import YAML_TYPES
from mock_p1.admin.schemas import COUNT, SCHEMAS, TEXT, Schema, ref

PROTECTED: Final[list[dict[str, list[str]]]] = [{}, {"token": []}]
"""Open on loopback; elsewhere it needs the token."""


class Call(NamedTuple):
    """One call: its verb and path, what it does, what it takes and answers, and the refusals of its own."""

    method: str
    path: str
    does: str
    answers: str
    takes: str | None = None
    refusals: tuple[int, ...] = ()
    parameters: tuple[tuple[str, Schema], ...] = ()


_PAGING: Final = (
    ("offset", {**COUNT, "default": 0}),
    ("limit", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": 100}),
    ("containing", {**TEXT, "description": "Only jobs whose id has this text in it."}),
    ("polled", {"enum": ["true", "false"], "default": "false"}),
)
_FILTERS: Final = tuple((name, COUNT if name == "since" else TEXT) for name in FILTERS)
_LIMIT: Final = ("limit", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 100})

CALLS: Final = (
    Call("get", "/health", "Is it well? Open to all.", "Health"),
    Call("get", "/jobs", "All jobs, page by page.", "JobPage", None, (400,), _PAGING),
    Call("get", "/jobs/{job_id}", "One job and its steps.", "JobWithSteps", None, (404,)),
    Call(
        "put",
        "/jobs/{job_id}",
        "Put a job at a status or a step.",
        "JobWithSteps",
        "Move",
        (400, 404, 413, 415),
    ),
    Call(
        "get",
        "/jobs/{job_id}/curl",
        "A line for the shell that polls the job.",
        "Curl",
        None,
        (404,),
    ),
    Call(
        "post",
        "/jobs/{job_id}/step",
        "Move a job to its next step.",
        "JobWithSteps",
        "Empty",
        (404, 409),
    ),
    Call("post", "/jobs/{job_id}/reset", "Let a job begin anew.", "JobWithSteps", "Empty", (404,)),
    Call("get", "/clock", "What the clock shows.", "Clock"),
    Call(
        "post",
        "/clock",
        "Advance, stop or speed up the clock.",
        "Clock",
        "Turn",
        (400, 409, 413, 415),
    ),
    Call("get", "/next", "The failures that wait for a poll.", "Queue"),
    Call(
        "post", "/next", "Let the next polls fail.", "Queue", "Failure", (400, 404, 409, 413, 415)
    ),
    Call("delete", "/next", "Take the waiting failures back.", "Deleted"),
    Call("post", "/reset", "Begin anew: jobs, requests, failures.", "Reset", "Empty"),
    Call("get", "/scenario", "The scenario, its keys masked.", "Scenario"),
    Call(
        "put",
        "/scenario",
        "Play another scenario. Jobs whose timeline did not change keep their state.",
        "Swapped",
        "BundledName",
        (400, 413, 415),
        (("name", {**TEXT, "description": "What to call a scenario that is sent."}),),
    ),
    Call(
        "get",
        "/requests",
        "The newest requests that fit.",
        "Requests",
        None,
        (400,),
        (*_FILTERS, _LIMIT),
    ),
    Call("get", "/requests/count", "How many requests fit.", "Count", None, (400,), _FILTERS),
    Call("delete", "/requests", "Forget all requests.", "Deleted"),
)

routes = Blueprint("openapi", __name__)


@routes.get("/openapi.json")
def imitated() -> Response:
    """Answer the OpenAPI document of the imitated API."""
    from mock_p1.contract.openapi_document import openapi  # noqa: PLC0415 -- builds the schema of every reply; seldom asked for

    query(())
    return answer(openapi())


@routes.get("/openapi-admin.json")
def admin_itself() -> Response:
    """Answer the OpenAPI document of this API."""
    query(())
    return answer(document())


def document() -> dict[str, Any]:
    """Return the OpenAPI document of ``/__admin``."""
    paths: dict[str, Any] = {}
    for call in CALLS:
        paths.setdefault(f"/__admin{call.path}", {})[call.method] = _operation(call)
    paths["/__admin/events"] = {"get": _EVENTS}
    paths["/__admin/metrics"] = {"get": _METRICS}
    for name, of in (("openapi.json", "the imitated API"), ("openapi-admin.json", "this API")):
        content = {JSON_TYPE: {"schema": {"type": "object"}}}
        answers = {
            "200": {"description": "An OpenAPI document.", "content": content},
            **_refusals(()),
        }
        paths[f"/__admin/{name}"] = {
            "get": {
                "summary": f"OpenAPI of {of}.",
                "operationId": f"get_{name[:-5]}",
                "responses": answers,
            }
        }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Mock P1: control API",
            "version": __version__,
            "description": "Steers a running mock. It is no part of the imitated API. Times are seconds of the mock's "
            "clock; API keys are masked.",
        },
        "security": PROTECTED,
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(call: Call) -> dict[str, Any]:
    in_path = [("job_id", TEXT)] if "{job_id}" in call.path else []
    parameters = [_parameter(name, "path", schema) for name, schema in in_path]
    parameters += [_parameter(name, "query", schema) for name, schema in call.parameters]
    words = [part.strip("{}") for part in call.path.split("/") if part]
    made: dict[str, Any] = {
        "summary": call.does,
        "operationId": "_".join([call.method, *words]),
        "parameters": parameters,
        "responses": {
            "200": {"description": "Done.", "content": {JSON_TYPE: {"schema": ref(call.answers)}}},
            **_refusals(call.refusals if call.answers != "Health" else ()),
        },
    }
    if call.takes is not None:
        made["requestBody"] = {"required": call.takes != "Empty", "content": _content(call.takes)}
    if call.answers == "Health":
        made["security"] = []
    return made


def _parameter(name: str, place: str, schema: Schema) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": schema}


def _content(takes: str) -> dict[str, Any]:
    if takes != "BundledName":
        return {JSON_TYPE: {"schema": ref(takes)}}
    scenario = {
        "type": "object",
        "description": "A scenario; `mock-p1 schema` prints its JSON Schema.",
    }
    as_text = {"schema": {"type": "string", "description": "A scenario file."}}
    return {
        JSON_TYPE: {"schema": {"anyOf": [ref(takes), scenario]}},
        **dict.fromkeys(YAML_TYPES, as_text),
    }


def _refusals(statuses: tuple[int, ...]) -> dict[str, Any]:
    meant = {
        400: "What was sent cannot be used.",
        401: "The token is missing or wrong.",
        403: "The call comes from elsewhere, or from a page of another origin.",
        404: "There is no such job.",
        409: "It cannot be done now.",
        413: "The body is too large.",
        415: "The body is of another type.",
        503: "Too many listen already.",
    }
    content = {JSON_TYPE: {"schema": ref("Refused")}}
    return {
        str(status): {"description": meant[status], "content": content}
        for status in (*statuses, 401, 403)
    }


_METRICS: Final[dict[str, Any]] = {
    "summary": "Polls by outcome, jobs by status, latency: in Prometheus' text format.",
    "operationId": "get_metrics",
    "responses": {
        "200": {"description": "The figures.", "content": {"text/plain": {"schema": TEXT}}},
        **_refusals((400,)),
    },
}
_EVENTS: Final[dict[str, Any]] = {
    "summary": "What happens, as it happens.",
    "description": "Server-sent events. hello comes first; then poll and request (a Request each), job (a Job), clock "
    "(a Clock), next (a Queue), scenario and reset (the scenario), problems (what is wrong with the file that is "
    "watched), requests (they were forgotten), and missed where events were dropped before they could be told. "
    "A comment every 15 seconds shows that the line is alive.",
    "operationId": "get_events",
    "parameters": [
        {**_parameter("Last-Event-ID", "header", TEXT), "description": "Go on after this event."},
        {
            **_parameter("last_event_id", "query", TEXT),
            "description": "The same, for clients without headers.",
        },
    ],
    "responses": {
        "200": {"description": "The stream.", "content": {"text/event-stream": {"schema": TEXT}}},
        **_refusals((400, 503)),
    },
}
