"""The share of the OpenAPI document that is the mock's own, not the API's.

And how an element says its standing.
"""

from __future__ import annotations

from typing import Any, Final

from mock_p1.contract import operations as contract

JSON: Final = "application/json"

_OWN: Final = "the mock's own"


def documented(source: str) -> dict[str, str]:
    """Say that the manual says so, and where in it."""
    return {"x-standing": "documented", "x-source": source}


def assumed(reason: str) -> dict[str, str]:
    """Say that the manual is silent, and why this is the guess."""
    return {"x-standing": "assumed", "x-source": reason}


def parameter(
    name: str, description: str, standing: dict[str, str], schema: dict[str, Any]
) -> dict[str, Any]:
    """Return a parameter of a path; ``standing`` is what ``documented`` or ``assumed`` returns."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": schema,
        **standing,
    }


def result_download() -> dict[str, Any]:
    """Return the operation behind ``download_url``, which is the mock's own."""
    operation, own = (
        contract.RESULT_DOWNLOAD,
        assumed(f"{_OWN}; the real download_url leads elsewhere"),
    )
    missing = {"schema": {"$ref": "#/components/schemas/NotImitated"}}
    parameters = {
        "retrain_job_id": ("The job.", "retrain-001"),
        "step": ("The step of its timeline, from 1.", "3"),
        "file_name": ("The result's name.", "result.zip"),
    }
    return {
        "operationId": operation.name,
        "summary": operation.summary,
        "security": [],
        "parameters": [
            parameter(name, said, own, {"type": "string", "minLength": 1, "examples": [example]})
            for name, (said, example) in parameters.items()
        ],
        "responses": {
            "200": {
                "description": "The result.",
                "content": {"application/zip": {}, "application/octet-stream": {}},
                **assumed("a ZIP, as the train API's example saves its result"),
            },
            "404": {"description": "There is no result here.", "content": {JSON: missing}, **own},
            "503": {"description": "The link still fails, as a scenario plays by `fails:`.", **own},
        },
        "x-standing": operation.standing,
        "x-source": "that a plain GET without a key brings the result is documented; the path is the mock's own",
    }


def no_id() -> dict[str, Any]:
    """Return the response to what stands where an id could, and is none."""
    reserved = ", ".join(sorted(contract.RETRAIN_STATUS_CHECK.reserved))
    path = contract.RETRAIN_STATUS_CHECK.path(retrain_job_id=reserved)
    body = {"error": "MOCK_P1_NOT_IMITATED", "message": f"nothing is imitated at {path}"}
    return {
        "description": f"No id at all: {reserved} is another call of the API, which this mock does not imitate.",
        "content": {
            JSON: {
                "schema": {"$ref": "#/components/schemas/NotImitated"},
                "examples": {
                    "not_imitated": {"summary": "Another call of the API.", "value": body}
                },
            }
        },
        **assumed(f"{_OWN}; the real service answers its other calls"),
    }


def not_imitated_schema() -> dict[str, Any]:
    """Return the schema of the body that answers what this mock does not imitate."""
    return {
        "type": "object",
        "required": ["error", "message"],
        "properties": {
            name: {**schema, **assumed(_OWN)}
            for name, schema in {
                "error": {"type": "string", "pattern": "^MOCK_P1_"},
                "message": {"type": "string"},
            }.items()
        },
        "description": "This mock's own words about a request that it does not imitate.",
        **assumed(_OWN),
    }
