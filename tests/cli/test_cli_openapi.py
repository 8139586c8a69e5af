"""``mock-p1 openapi``: the description of the imitated API, in either version of OpenAPI."""

import json

import pytest
from helpers.strict_yaml import read_yaml
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator, validate


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "begins", "validator"),
    [
        ((), "3.1.", OpenAPIV31SpecValidator),
        (("--spec", "3.1"), "3.1.", OpenAPIV31SpecValidator),
        (("--spec", "3.0"), "3.0.", OpenAPIV30SpecValidator),
    ],
)
def test_each_version_is_valid(run, arguments, begins, validator):
    """3.1 unless another is asked for."""
    document = json.loads(run("openapi", *arguments).output)
    assert document["openapi"].startswith(begins)
    validate(document, cls=validator)


def test_both_versions_have_the_same_calls(run):
    """Only their form differs."""
    paths = [
        {
            path: set(each) & {"get", "put"}
            for path, each in json.loads(run("openapi", "--spec", spec).output)["paths"].items()
        }
        for spec in ("3.0", "3.1")
    ]
    assert paths[0] == paths[1]


def test_yaml_too(run):
    """With --yaml, in the version that is asked for."""
    assert read_yaml(run("openapi", "--spec", "3.0", "--yaml").output)["openapi"] == "3.0.3"


def test_another_version_is_a_usage_error(run):
    """With the versions that there are."""
    result = run("openapi", "--spec", "2.0")
    assert result.exit_code == 2
    assert all(version in result.output for version in ("3.0", "3.1"))
