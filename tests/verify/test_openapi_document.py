"""``mock-p1 openapi``: a valid OpenAPI document that says how well each element is known."""

from __future__ import annotations

import json

import pytest
import yaml
from click.testing import CliRunner
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from mock_p1._version import __version__
from mock_p1.cli import main
from mock_p1.contract.assumptions import Assumptions
from mock_p1.contract.openapi_document import openapi

PATH = "/v1/external/retrain_jobs/{retrain_job_id}"
ASSUMED = {
    "the mock's own": {},
    "one status for all errors": {"error_http_status": 403},
    "a status for each error": {
        "error_http_status": {"not_found_retrain_job": 404, "job_may_be_deleted": 410}
    },
    "errors with HTTP 200": {"error_http_status": 200},
    "the code as a string": {"error_code_type": "string"},
    "an envelope": {"error_body": {"ok": False, "errors": [{"id": "{code}", "text": "{message}"}]}},
}


def _command(*arguments):
    result = CliRunner().invoke(main, ["openapi", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


@pytest.mark.parametrize("assumed", ASSUMED.values(), ids=ASSUMED)
def test_the_document_is_valid(assumed):
    """By openapi-spec-validator, whatever a scenario assumes; its own examples are valid too."""
    validate(openapi(Assumptions.model_validate(assumed)), cls=OpenAPIV31SpecValidator)


def test_the_command_prints_the_document_as_json():
    """It is what the contract gives, in ASCII, so that any redirection keeps it whole."""
    text = _command()

    assert json.loads(text) == openapi()
    assert text.isascii()


def test_the_command_prints_yaml_on_request():
    """--yaml says the same, without anchors."""
    text = _command("--yaml")

    assert yaml.safe_load(text) == openapi()
    assert "&id" not in text


def test_the_environment_can_ask_for_yaml():
    """MOCK_P1_YAML is --yaml."""
    result = CliRunner().invoke(main, ["openapi"], env={"MOCK_P1_YAML": "1"})

    assert result.output.startswith("openapi: 3.1.0\n")


def test_the_request_is_the_documented_one():
    """A GET with the key in x-api-key, the id in the path, no query and no body."""
    document = openapi()
    operation = document["paths"][PATH]["get"]
    scheme = document["components"]["securitySchemes"]["apiKey"]

    assert document["info"]["version"] == __version__
    assert [parameter["name"] for parameter in operation["parameters"]] == ["retrain_job_id"]
    assert "requestBody" not in operation
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "x-api-key")
    assert operation["security"] == [{"apiKey": []}]


def test_the_reply_is_the_documented_one():
    """Five fields in their order, with their types.

    Status and metadata.retrain_job_id are required.
    """
    schemas = openapi()["components"]["schemas"]
    schema, metadata = schemas["RetrainStatusCheck"], schemas["Metadata"]

    assert schema["properties"].pop("metadata") == {"$ref": "#/components/schemas/Metadata"}
    assert {name: field["type"] for name, field in schema["properties"].items()} == {
        "status": "string",
        "model_id": "integer",
        "message": "string",
        "download_url": "string",
    }
    assert list(schema["properties"]) == [
        "status",
        "model_id",
        "message",
        "download_url",
    ]
    assert schema["required"] == ["status", "metadata"]
    assert metadata["properties"]["retrain_job_id"]["type"] == "string"


def test_the_five_errors_stand_there_to_the_letter():
    """Each error is an example of the assumed HTTP status, to the letter."""
    examples = openapi()["paths"][PATH]["get"]["responses"]["400"]["content"]["application/json"][
        "examples"
    ]

    assert [example["value"] for example in examples.values()] == [
        {"code": 4001000204, "error": "PREDA_EXTERNAL_BAD_REQUEST", "message": message}
        for message in (
            "invalid_api_key.",
            "Inactive_credential.",
            "Not_found_credential.",
            "Not found retrain job.",
            "This job may be deleted.",
        )
    ]


def test_a_scenarios_assumptions_shape_the_errors():
    """With other assumptions the errors stand under their HTTP statuses, in their shape."""
    assumed = Assumptions(
        error_http_status={"not_found_retrain_job": 404}, error_body={"text": "{message}"}
    )
    responses = openapi(assumed)["paths"][PATH]["get"]["responses"]

    assert responses["404"]["content"]["application/json"]["examples"]["not_found_retrain_job"][
        "value"
    ] == {"text": "Not found retrain job."}
    assert len(responses["400"]["content"]["application/json"]["examples"]) == 4


def _marked(element, path=()):
    """Yield every element that OpenAPI describes something by.

    Operations, parameters, responses, schemas of fields.
    """
    if isinstance(element, dict):
        for name, value in element.items():
            here = (*path, name)
            if (
                path[-1:] in (("responses",), ("schemas",), ("properties",), ("securitySchemes",))
                or name == "get"
            ):
                yield here, value
            if name in ("examples", "example"):
                continue
            yield from _marked(value, here)
    elif isinstance(element, list):
        for number, value in enumerate(element):
            if path[-1:] in (("parameters",), ("servers",)):
                yield (*path, str(number)), value
            yield from _marked(value, (*path, str(number)))


def test_every_element_says_how_well_it_is_known():
    """Operations, parameters, servers, responses and schemas carry x-standing and x-source."""
    elements = {
        "/".join(path): element for path, element in _marked(openapi()) if not _within_error(path)
    }

    assert len(elements) > 25
    for path, element in elements.items():
        if "$ref" in element:  # what it refers to says it
            continue
        assert element.get("x-standing") in ("documented", "assumed"), path
        assert element.get("x-source"), path


def _within_error(path):
    """Tell a field of an error: its error says the standing for the whole of it."""
    return (
        path[:2] == ("components", "schemas") and path[2] != "RetrainStatusCheck" and len(path) > 3
    )


def test_what_is_assumed_is_not_called_documented():
    """HTTP statuses, statuses but job_finished, and the shape of errors are assumed."""
    document = openapi()
    responses = document["paths"][PATH]["get"]["responses"]
    statuses = document["components"]["schemas"]["RetrainStatusCheck"]["properties"]["status"][
        "x-statuses"
    ]

    assert {response["x-standing"] for response in responses.values()} == {"assumed"}
    assert [status for status, standing in statuses.items() if standing == "documented"] == [
        "job_finished"
    ]
    assert document["components"]["schemas"]["Error"]["x-shape-standing"] == "assumed"
