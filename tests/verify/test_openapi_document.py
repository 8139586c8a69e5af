"""``mock-p1 openapi``: a valid OpenAPI document that says how well each element is known."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from helpers.strict_yaml import read_yaml
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator, validate

from mock_p1._version import __version__
from mock_p1.base.record_reader import read_record
from mock_p1.cli import main
from mock_p1.contract.assumptions import Assumptions
from mock_p1.contract.openapi_document import openapi
from mock_p1.contract.operations import OPERATIONS

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
    "a list of texts": {"error_body": {"errors": ["{error}", "{message}", "{code}: {message}"]}},
    "a body with nothing in it": {"error_body": {}},
    "empty parts": {"error_body": {"data": None, "errors": [], "meta": {}, "text": "{message}"}},
    "the fields' names of a schema": {"error_body": {"examples": ["{error}"], "schema": "{code}"}},
    "the statuses of the mock's own answers": {
        "error_http_status": {"not_found_retrain_job": 404, "user_may_be_deleted": 429}
    },
}
VERSIONS = {"3.0": OpenAPIV30SpecValidator, "3.1": OpenAPIV31SpecValidator}
LINKS = {"upload_url": "PUT", "download_url": "GET"}
each_version = pytest.mark.parametrize("version", VERSIONS)


def _command(*arguments):
    result = CliRunner().invoke(main, ["openapi", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def _operations(document):
    """Yield the operations of a document."""
    for path in document["paths"].values():
        yield from path.values()


def _schemas(element):
    """Yield every schema of a parameter, a header, a reply and a field."""
    if isinstance(element, list):
        for item in element:
            yield from _schemas(item)
    elif isinstance(element, dict):
        for name, value in element.items():
            if name == "schema":
                yield value
            elif name in ("properties", "schemas"):
                yield from value.values()
            if name not in ("example", "examples"):
                yield from _schemas(value)


@each_version
@pytest.mark.parametrize(
    "assumed",
    [
        pytest.param(value, id=name, marks=[pytest.mark.slow] if value else [])
        for name, value in ASSUMED.items()
    ],
)
def test_the_document_is_valid(assumed, version):
    """By openapi-spec-validator, whatever a scenario assumes."""
    validate(openapi(read_record(Assumptions, assumed), version), cls=VERSIONS[version])


@pytest.mark.parametrize("assumed", ASSUMED.values(), ids=ASSUMED)
def test_every_example_is_valid_by_its_schema(assumed):
    """An error fits the response that it is an example of, whatever a scenario assumes."""
    document = openapi(read_record(Assumptions, assumed))
    contents = [
        response["content"]["application/json"]
        for operation in _operations(document)
        for response in operation["responses"].values()
    ]

    assert len(contents) > len(list(_operations(document)))
    for content in contents:
        schema = {**content["schema"], "components": document["components"]}
        for example in content["examples"].values():
            OAS31Validator(schema).validate(example["value"])


@each_version
def test_no_tool_has_to_guess_a_type(version):
    """Every schema says one type or refers to one; a number is of 64 bits."""
    schemas = list(_schemas(openapi(version=version)))

    assert len(schemas) > 40
    for schema in schemas:
        assert ("type" in schema) != ("$ref" in schema), schema
        assert not {"not", "const", "oneOf", "anyOf", "allOf"} & set(schema), schema
        assert schema.get("type") != "integer" or schema["format"] == "int64", schema


@each_version
def test_there_is_one_schema_of_errors(version):
    """All errors of all calls refer to it; code, error and message are known, and open."""
    document = openapi(version=version)
    error = document["components"]["schemas"]["Error"]["properties"]
    known = "examples" if version == "3.1" else "x-known-values"

    assert {name: field["type"] for name, field in error.items()} == {
        "code": "integer",
        "error": "string",
        "message": "string",
    }
    assert error["code"][known] == [4001000204, 5001000201]
    assert len(error["message"][known]) == 11
    assert not any("enum" in field for field in error.values())
    for operation in _operations(document):
        schemas = {
            status: response["content"]["application/json"]["schema"]
            for status, response in operation["responses"].items()
            if status in ("400", "500")
        }
        assert schemas
        assert all(each == {"$ref": "#/components/schemas/Error"} for each in schemas.values())


@each_version
def test_each_call_has_the_errors_of_its_row_as_examples(version):
    """All of them, under the HTTP status that is assumed, and none of another call."""
    examples = {
        operation["operationId"]: [
            name
            for status in ("400", "500")
            if status in operation["responses"]
            for name in operation["responses"][status]["content"]["application/json"]["examples"]
        ]
        for operation in _operations(openapi(version=version))
    }

    assert examples == {
        operation.name: list(operation.errors)
        for operation in OPERATIONS.values()
        if not operation.link
    }


@each_version
def test_links_are_no_paths_of_the_api(version):
    """An SDK offers no call that the API lacks: they stand in the prose, and under x-links."""
    document = openapi(version=version)
    prose = " ".join(operation["description"] for operation in _operations(document))

    assert all(path.startswith("/v1/external/") for path in document["paths"])
    assert {name: link["method"] for name, link in document["x-links"].items()} == LINKS
    assert all(f"{name} is opaque: {method} it" in prose for name, method in LINKS.items())


@each_version
def test_contract_tools_find_what_they_need(version):
    """An example at every parameter, a schema of every body, plain statuses, and a tag."""
    for operation in _operations(openapi(version=version)):
        assert operation["tags"] == ["Retrain"]
        assert all("example" in parameter for parameter in operation["parameters"])
        for status, response in operation["responses"].items():
            assert status.isdecimal()
            assert all("schema" in content for content in response["content"].values())


def test_openapi_3_0_has_no_words_of_3_1():
    """One example of a schema, not a list of them; nullable, not a type of null."""
    assumed = Assumptions(error_body={"data": None, "text": "{message}"})
    schemas = list(_schemas(openapi(assumed, "3.0")))

    assert not any(isinstance(schema.get("examples"), list) for schema in schemas)
    assert not any(schema.get("type") == "null" for schema in schemas)
    assert [schema["enum"] for schema in schemas if schema.get("nullable")] == [[None]]


def test_the_command_prints_the_document_as_json():
    """It is what the contract gives, in ASCII, so that any redirection keeps it whole."""
    text = _command()

    assert json.loads(text) == openapi()
    assert text.isascii()


def test_the_command_prints_yaml_on_request():
    """--yaml says the same, without anchors."""
    text = _command("--yaml")

    assert read_yaml(text) == openapi()
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
