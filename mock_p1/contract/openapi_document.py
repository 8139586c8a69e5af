"""The imitated API as OpenAPI 3.1, made from the contract.

Every element says how well it is known, and where from.

``x-standing`` is ``documented`` or ``assumed``; ``x-source`` names the manual's page, or the reason
for the assumption.
"""

from __future__ import annotations

from typing import Any, Final

from mock_p1._version import __version__
from mock_p1.contract import operations as contract
from mock_p1.contract.assumptions import Assumptions, error_body
from mock_p1.contract.openapi_own import (
    JSON,
    assumed,
    documented,
    no_id,
    not_imitated_schema,
    parameter,
    result_download,
)

VERSION: Final = "3.1.0"
MOCK_SERVER: Final = "http://127.0.0.1:8191"

_PAGE: Final = 'manual, page "Retrain Status Check API"'
_BODY: Final = f"{_PAGE}: Response, body"
_ERRORS: Final = f"{_PAGE}: Response, error message"
_EXAMPLES: Final = f"{_PAGE}: examples"
_KEY: Final = "apiKey"
_OK: Final = 200
_NOT_FOUND: Final = 404

_FIELDS: Final[dict[str, dict[str, Any]]] = {
    "status": {
        "type": "string",
        "description": "Where the job stands. Only job_finished is documented; any other text may come.",
        "examples": list(contract.KNOWN_STATUSES),
        "x-statuses": dict(contract.KNOWN_STATUSES),
    },
    "model_id": {"type": "integer", "examples": [4821]},
    "message": {"type": "string", "examples": ["学習が完了しました。"]},
    "download_url": {
        "type": "string",
        "description": "Comes with job_finished. A plain GET, without x-api-key, brings the result.",
        "examples": [f"{MOCK_SERVER}/results/retrain-001/3/result.zip"],
    },
    "metadata": {
        "type": "object",
        "required": ["retrain_job_id"],
        "additionalProperties": False,
        "properties": {
            "retrain_job_id": {
                "type": "string",
                "description": "The id that was asked for.",
                "x-standing": "documented",
                "x-source": _BODY,
            }
        },
    },
}


def openapi(assumptions: Assumptions | None = None) -> dict[str, Any]:
    """Return the description of the API as plain data.

    ``assumptions`` are a scenario's; by default the mock's own.
    """
    given = assumptions or Assumptions()
    return {
        "openapi": VERSION,
        "info": {
            "title": "Prediction One external API, as imitated by Mock P1",
            "summary": "The state of a retrain job, and the download of its result.",
            "description": "An imitation for tests, not the service. Elements marked x-standing: documented stand in "
            "the public manual; those marked assumed are a best guess where it is silent.",
            "version": __version__,
        },
        "servers": [
            {
                "url": MOCK_SERVER,
                "description": "Mock P1, as `mock-p1 serve` starts it.",
                **assumed("the mock's own"),
            },
            *(
                {"url": host, **documented(f"{_PAGE}, {edition} edition: URL")}
                for host, edition in zip(
                    contract.DOCUMENTED_HOSTS, ("Japanese", "English"), strict=True
                )
            ),
        ],
        "security": [{_KEY: []}],
        "paths": {
            contract.RETRAIN_STATUS_CHECK.template: {"get": _retrain_status(given)},
            contract.RESULT_DOWNLOAD.template: {"get": result_download()},
        },
        "components": {
            "securitySchemes": {
                _KEY: {
                    "type": "apiKey",
                    "in": "header",
                    "name": contract.API_KEY_HEADER,
                    "description": "One key is issued for each model.",
                    **documented(f"{_PAGE}: Request, header"),
                }
            },
            "schemas": {
                "RetrainStatus": _reply_schema(),
                "NotImitated": not_imitated_schema(),
                **{
                    name: _error_schema(error, given)
                    for name, error in contract.DOCUMENTED_ERRORS.items()
                },
            },
        },
    }


def _retrain_status(given: Assumptions) -> dict[str, Any]:
    operation = contract.RETRAIN_STATUS_CHECK
    never = sorted({".", "..", *operation.reserved})
    return {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [
            parameter(
                "retrain_job_id",
                "Issued when the upload URL was fetched.",
                documented(f"{_PAGE}: Request, path parameter"),
                {
                    "type": "string",
                    "minLength": 1,
                    "not": {"enum": never},
                    "examples": ["retrain-001"],
                },
            )
        ],
        "responses": _responses(given),
        "x-standing": operation.standing,
        "x-source": f"{_PAGE}: URL",
    }


def _responses(given: Assumptions) -> dict[str, Any]:
    """Return the responses of a poll by HTTP status; which error has which status is assumed."""
    by_status: dict[int, list[str]] = {}
    for name in contract.DOCUMENTED_ERRORS:
        by_status.setdefault(given.http_status(name), []).append(name)
    responses = {str(status): _errors(names, given) for status, names in sorted(by_status.items())}
    between = {
        "description": "Not the API's own: what a gateway or proxy answers, and a scenario plays by `reply:`.",
        **assumed("usual for gateways and proxies"),
    }
    others = {str(_OK): _reply(), str(_NOT_FOUND): no_id()}
    for status, response in others.items():
        if errors := responses.get(
            status
        ):  # a scenario may assume that errors have this status too
            content, more = response["content"][JSON], errors["content"][JSON]
            content["schema"] = {"oneOf": [content["schema"], *more["schema"]["oneOf"]]}
            content["examples"] |= more["examples"]
    return {"429": between, "5XX": between, **responses, **others}


def _reply() -> dict[str, Any]:
    metadata = {"metadata": {"retrain_job_id": "retrain-001"}}
    url = _FIELDS["download_url"]["examples"][0]
    finished = {"status": contract.FINISHED, "model_id": 4821, "download_url": url, **metadata}
    return {
        "description": "Where the job stands. The fields come in the order of the schema's properties.",
        "content": {
            JSON: {
                "schema": {"$ref": "#/components/schemas/RetrainStatus"},
                "examples": {
                    "running": {
                        "summary": "Not finished yet.",
                        "value": {"status": "job_running", **metadata},
                    },
                    "finished": {"summary": "Finished, with a result to fetch.", "value": finished},
                },
            }
        },
        "links": {
            "poll_again": {
                "operationId": contract.RETRAIN_STATUS_CHECK.name,
                "parameters": {"retrain_job_id": "$response.body#/metadata/retrain_job_id"},
                "description": f"Ask again until the status is {contract.FINISHED}.",
                **documented(_EXAMPLES),
            }
        },
        "x-body-standing": "documented",
        **assumed("HTTP status and media type are the usual ones; the manual names neither"),
    }


def _errors(names: list[str], given: Assumptions) -> dict[str, Any]:
    examples = {
        name: {"summary": contract.DOCUMENTED_ERRORS[name].reason, "value": error_body(name, given)}
        for name in names
    }
    return {
        "description": "A documented error. All five share one code and one error name: only the message differs.",
        "content": {
            JSON: {
                "schema": {"oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in names]},
                "examples": examples,
            }
        },
        **assumed("the HTTP status is the one that every documented code begins with"),
    }


def _reply_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["status", "metadata"],
        "additionalProperties": False,
        "properties": {
            name: {**_FIELDS[name], **documented(_BODY)} for name in contract.REPLY_FIELDS
        },
        **documented(_BODY),
    }


def _error_schema(error: contract.DocumentedError, given: Assumptions) -> dict[str, Any]:
    """Describe an error's body. What it says is documented; that it is shaped so is assumed."""
    return {
        "description": f"{error.reason[0].upper()}{error.reason[1:]}.",
        **_exactly(error_body(error.name, given)),
        **documented(_ERRORS),
        "x-shape-standing": "assumed",
    }


def _exactly(value: Any) -> dict[str, Any]:  # noqa: ANN401 -- any JSON
    """Return the schema of this very value."""
    if not isinstance(value, dict):
        return {"const": value}
    properties = {name: _exactly(item) for name, item in value.items()}
    return {
        "type": "object",
        "required": list(value),
        "additionalProperties": False,
        "properties": properties,
    }
