"""The imitated API as OpenAPI, made from the table of operations.

Every element says how well it is known, and where from: ``x-standing`` is ``documented`` or
``assumed``; ``x-source`` names the manual's page, or the reason for the assumption. The two links,
``upload_url`` and ``download_url``, are opaque: they are no paths of the API, so they stand under
``x-links``.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final, Literal

from mock_p1._version import __version__
from mock_p1.contract.assumptions import Assumptions, error_body
from mock_p1.contract.errors import DOCUMENTED_ERRORS, DocumentedError
from mock_p1.contract.operations import (
    API_KEY_HEADER,
    DOCUMENTED_HOSTS,
    FINISHED,
    KNOWN_STATUSES,
    OPERATIONS,
    Field,
    Operation,
    Parameter,
)

Version = Literal["3.0", "3.1"]
VERSIONS: Final = {"3.0": "3.0.3", "3.1": "3.1.0"}
JSON: Final = "application/json"
TAG: Final = "Retrain"


def _standing(standing: str, source: str) -> dict[str, str]:
    return {"x-standing": standing, "x-source": source}


_documented = partial(_standing, "documented")  # the manual says so, and where in it
_assumed = partial(_standing, "assumed")  # it is silent, and why this is the guess

_OWN: Final = "the mock's own"
_SCHEMES: Final = {"API key": "apiKey", "secret key": "secretKey"}


def openapi(assumptions: Assumptions | None = None, version: Version = "3.1") -> dict[str, Any]:
    """Return the description of the API as plain data.

    Args:
        assumptions: Those of a scenario; by default the mock's own.
        version: Of OpenAPI; many tools read no 3.1.
    """
    given = assumptions or Assumptions()
    paths: dict[str, Any] = {}
    for operation in OPERATIONS.values():
        if not operation.link:
            path = paths.setdefault(operation.template, {})
            path[operation.method.lower()] = _operation(operation, given)
    document = {
        "openapi": VERSIONS["3.1"],
        "info": {
            "title": "Prediction One external API, as imitated by Mock P1",
            "summary": "The retrain sequence: from an API key to a switched model.",
            "description": "An imitation for tests, not the service. Elements marked x-standing: "
            "documented stand in the public manual; those marked assumed are a best guess where it "
            "is silent. upload_url and download_url are opaque: use them as they stand in a reply, "
            "by plain HTTP and without x-api-key; see x-links.",
            "version": __version__,
            "contact": {"name": "Mock P1"},
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [
            {
                "url": "http://127.0.0.1:8191",
                "description": "Mock P1, as `mock-p1 serve` starts it.",
                **_assumed(_OWN),
            },
            *(
                {
                    "url": host,
                    "description": f"The service, {edition} edition.",
                    **_documented(f"manual, {edition} edition: URL"),
                }
                for host, edition in zip(DOCUMENTED_HOSTS, ("Japanese", "English"), strict=True)
            ),
        ],
        "tags": [{"name": TAG, "description": "The calls of the retrain sequence."}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                name: {
                    "type": "apiKey",
                    "in": "header",
                    "name": API_KEY_HEADER,
                    "description": f"The {needs}.",
                    **_documented("manual: Request, header"),
                }
                for needs, name in _SCHEMES.items()
            },
            "schemas": _schemas(given),
        },
        "x-links": {
            operation.link: {
                "method": operation.method,
                "summary": operation.summary,
                "body": "the raw bytes of the file" if operation.body == "file" else "none",
                **_standing(operation.standing, operation.source),
            }
            for operation in OPERATIONS.values()
            if operation.link
        },
    }
    return document if version == "3.1" else _as_3_0(document)


def _operation(operation: Operation, given: Assumptions) -> dict[str, Any]:
    return {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": _description(operation),
        "tags": [TAG],
        "security": [{_SCHEMES[operation.needs]: []}] if operation.needs else [],
        "parameters": [
            *(_parameter(each, "path", operation) for each in operation.path),
            *(_parameter(each, "query", operation) for each in operation.query),
        ],
        **_request_body(operation),
        "responses": _responses(operation, given),
        **_standing(operation.standing, f'manual, page "{operation.source}": URL'),
    }


def _description(operation: Operation) -> str:
    """Say which key a call needs, and what is done with the links that its reply brings."""
    fields = {field.name for field in operation.reply}
    links = (
        f"{link.link} is opaque: {link.method} it as it stands, by plain HTTP, without x-api-key."
        for link in OPERATIONS.values()
        if link.link in fields
    )
    return " ".join((f"{API_KEY_HEADER} carries the {operation.needs}.", *links))


def _request_body(operation: Operation) -> dict[str, Any]:
    if operation.body == "none":
        return {}
    content = (
        {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        if operation.body == "file"
        else {JSON: {"schema": _object(operation.body, operation, "Request")}}
    )
    return {"requestBody": {"required": True, "content": content}}


def _parameter(parameter: Parameter, place: str, operation: Operation) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": parameter.type}
    schema |= {"minLength": 1} if parameter.type == "string" else {"format": "int64"}
    if parameter.values:
        schema["enum"] = list(parameter.values)
    return {
        "name": parameter.name,
        "in": place,
        "required": parameter.required or place == "path",
        "description": parameter.description,
        "example": parameter.example,
        "schema": schema,
        **_standing(parameter.standing, f'manual, page "{operation.source}": Request'),
    }


def _responses(operation: Operation, given: Assumptions) -> dict[str, Any]:
    """Return the responses by HTTP status; which error has which status is assumed."""
    by_status: dict[str, list[str]] = {}
    for name in operation.errors:
        by_status.setdefault(str(given.http_status(name)), []).append(name)
    responses = {
        "200": _reply(operation),
        "404": _no_such_path(),
        "429": _gateway("Too many calls in a while, where a scenario plays it.", "Too many calls."),
        "503": _gateway("Overloaded for a while, where a scenario plays it.", "Overloaded."),
    }
    for status, names in sorted(by_status.items()):
        errors = _errors(names, given)
        if status not in responses:
            responses[status] = errors
            continue
        content, more = responses[status]["content"][JSON], errors["content"][JSON]
        content["schema"] = {"anyOf": [content["schema"], more["schema"]]}
        content["examples"] |= more["examples"]
    return dict(sorted(responses.items()))


def _reply(operation: Operation) -> dict[str, Any]:
    example = {field.name: field.example for field in operation.reply if field.required}
    examples = {operation.name: {"summary": operation.summary, "value": example}}
    if not all(field.required for field in operation.reply):
        whole = {field.name: field.example for field in operation.reply}
        whole |= {"status": FINISHED} if "status" in whole else {}
        examples["finished"] = {"summary": "With every field.", "value": whole}
    return {
        "description": "The fields come in the order of the schema's properties.",
        "content": {JSON: {"schema": _ref(_title(operation.name)), "examples": examples}},
        **_polling(operation),
        "x-body-standing": operation.standing,
        **_assumed("HTTP status and media type are the usual ones; the manual names neither"),
    }


def _polling(operation: Operation) -> dict[str, Any]:
    if not operation.polled:
        return {}
    parameters = {each.name: f"$response.body#/metadata/{each.name}" for each in operation.path}
    link = {
        "operationId": operation.name,
        "parameters": parameters,
        "description": f"Ask again until the status is {FINISHED}.",
        **_documented(f'manual, page "{operation.source}": examples'),
    }
    return {"links": {"poll_again": link}}


def _errors(names: list[str], given: Assumptions) -> dict[str, Any]:
    examples = {
        name: {"summary": DOCUMENTED_ERRORS[name].reason, "value": error_body(name, given)}
        for name in names
    }
    return {
        "description": f"A documented error: {', '.join(names)}.",
        "content": {JSON: {"schema": _ref("Error"), "examples": examples}},
        **_assumed("the HTTP status is the one that the documented code begins with"),
    }


def _no_such_path() -> dict[str, Any]:
    body = {
        "error": "MOCK_P1_NOT_IMITATED",
        "message": "nothing is imitated at /v1/external/retrain_jobs/..",
    }
    return {
        "description": "This mock's own words about a request that it does not imitate.",
        "content": {
            JSON: {
                "schema": _ref("MockError"),
                "examples": {"not_imitated": {"summary": "No such path.", "value": body}},
            }
        },
        **_assumed(_OWN),
    }


def _gateway(description: str, summary: str) -> dict[str, Any]:
    return {
        "description": description,
        "headers": {
            "Retry-After": {
                "description": "Seconds, or a date, until the next call is welcome.",
                "example": "5",
                "schema": {"type": "string"},
            }
        },
        "content": {
            JSON: {
                "schema": _ref("Gateway"),
                "examples": {"gateway": {"summary": summary, "value": {"message": summary}}},
            }
        },
        **_assumed("usual for gateways and proxies"),
    }


def _schemas(given: Assumptions) -> dict[str, Any]:
    schemas: dict[str, Any] = {}
    for operation in OPERATIONS.values():
        if operation.link:
            continue
        taken = operation.body if isinstance(operation.body, tuple) else ()
        for field in (*operation.reply, *taken):
            if field.fields:
                schemas[_title(field.name)] = _object(field.fields, operation)
        if operation.reply:
            schemas[_title(operation.name)] = _object(operation.reply, operation)
    return {
        **schemas,
        "Error": {
            "description": "A documented error. Within a call the message tells most of them "
            "apart, since they share one code and one error name.",
            **_shape(given.error_body, given, list(dict.fromkeys(DOCUMENTED_ERRORS.values()))),
            **_documented("manual: tables of errors"),
            "x-shape-standing": "assumed",
        },
        "MockError": _texts("This mock's own words.", ("error", "message")),
        "Gateway": _texts("What gateways and proxies answer.", ("message",)),
    }


def _texts(description: str, names: tuple[str, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(names),
        "properties": {name: {"type": "string"} for name in names},
        "description": description,
        **_assumed(_OWN),
    }


def _object(
    fields: tuple[Field, ...], operation: Operation, side: str = "Response"
) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [field.name for field in fields if field.required],
        "additionalProperties": False,
        "properties": {field.name: _field(field, operation) for field in fields},
        **_documented(f'manual, page "{operation.source}": {side}, body'),
    }


def _field(field: Field, operation: Operation) -> dict[str, Any]:
    if field.fields:
        return _ref(_title(field.name))
    schema: dict[str, Any] = {"type": field.type}
    if field.type == "integer":
        schema["format"] = "int64"
    schema |= {"description": field.description, "examples": [field.example]}
    if field.name == "status":
        schema["x-statuses"] = dict(KNOWN_STATUSES)
    return schema | _standing(field.standing, f'manual, page "{operation.source}": Response, body')


def _shape(  # noqa: PLR0911 -- a kind of value each
    value: Any,  # noqa: ANN401 -- any JSON
    given: Assumptions,
    known: list[DocumentedError],
) -> dict[str, Any]:
    """Return the schema of an error's body, as a scenario assumes it."""
    if isinstance(value, dict):
        return {
            "type": "object",
            **({"required": list(value)} if value else {}),
            "properties": {name: _shape(item, given, known) for name, item in value.items()},
        }
    if isinstance(value, list):
        items = [_shape(item, given, known) for item in value]
        return {"type": "array", "items": {"anyOf": items} if items else {}}
    if value == "{code}":
        codes = list(dict.fromkeys(error.code for error in known))
        if given.error_code_type == "string":
            return {"type": "string", "examples": [str(code) for code in codes]}
        return {"type": "integer", "format": "int64", "examples": codes}
    if value in ("{error}", "{message}"):
        texts = [error.error if value == "{error}" else error.message for error in known]
        return {"type": "string", "examples": list(dict.fromkeys(texts))}
    if isinstance(value, str) and "{" in value:
        return {"type": "string"}
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string"}
    return {"type": kinds.get(type(value), "null"), "enum": [value]}


def _as_3_0(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document in the words of OpenAPI 3.0."""
    info = document["info"]
    del info["summary"]
    info["license"] = {"name": info["license"]["name"], "url": "https://spdx.org/licenses/MIT.html"}
    components = document["components"] | {"schemas": _older(document["components"]["schemas"])}
    return document | {"openapi": VERSIONS["3.0"], "components": components}


def _older(schema: Any) -> Any:  # noqa: ANN401 -- any JSON
    """Rewrite what 3.0 does not know: a schema has one example, and there is no type of null."""
    if isinstance(schema, list):
        return [_older(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _older(item) for name, item in schema.items()}
    if isinstance(known := made.get("examples"), list):
        del made["examples"]
        made |= {"example": known[0], "x-known-values": known}
    if made.get("type") == "null":
        made |= {"type": "string", "nullable": True}
    return made


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _title(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
