"""``mock-p1 schema``: what editors complete and check scenario files by."""

import errno
import json
import subprocess
import sys

import pytest
from helpers.strict_yaml import read_yaml
from jsonschema import Draft202012Validator

from mock_p1.scenario.files import bundled
from mock_p1.scenario.json_schema import scenario_schema
from mock_p1.scenario.parser import parse
from mock_p1.scenario.problems import ScenarioError

VALIDATOR = Draft202012Validator(scenario_schema())

GOOD = [
    "{}",
    "jobs: {a: {error: job_may_be_deleted}}",
    (
        "{$schema: ./x.json, description: x, seed: 3, x-note: [1], "
        "jobs: {a: {x-b: 1, timeline: [{status: x, x-c: {}}]}}}"
    ),
    (
        "jobs: {a: {timeline: [{status: x, for: 2 polls}, {error: invalid_api_key, for: 1h5m}, "
        "{fault: timeout}]}}"
    ),
    (
        "jobs: {a: {at_end: loop, timeline: [{status: x, for: 1 poll, delay: 1s..2s}, "
        "{status: y, for: manual}]}}"
    ),
    (
        "jobs: {a: {timeline: [{status: x, model_id: {fake: random_int, min: 1, max: 2}, "
        "message: m, result: generated}]}}"
    ),
    "jobs: {a: {timeline: [{status: x, result: {rows: 5}}]}}",
    "jobs: {a: {timeline: [{reply: {status_code: 503, headers: {Retry-After: 5}, body: {a: 1}}}]}}",
    "{api_keys: {k: active}, jobs: {'*': {api_key: k, timeline: [{status: x}]}}}",
    "generated_jobs: [{count: 3, prefix: load-, timeline: [{status: x}]}]",
    "{jobs: {}, assumptions: {error_http_status: {invalid_api_key: 401}, checked_first: job}}",
]
BAD = [
    "[]",
    "job: {}",
    "jobs: {a: {}}",
    "jobs: {a: {error: job_may_be_deleted, timeline: [{status: x}]}}",
    "jobs: {a: {timeline: []}}",
    "jobs: {a: {timeline: [{status: x, error: invalid_api_key}]}}",
    "jobs: {a: {timeline: [{for: 2 polls}]}}",
    "jobs: {a: {timeline: [{status: x, for: 3 pols}]}}",
    "jobs: {a: {timeline: [{status: x, for: 0 polls}]}}",
    "jobs: {a: {timeline: [{status: x, result: generate}]}}",
    "jobs: {a: {timeline: [{status: x, result: {rows: 5, file: a.zip}}]}}",
    "jobs: {a: {timeline: [{status: x, result: generated, download_url: u}]}}",
    "jobs: {a: {timeline: [{fault: conection_reset}]}}",
    "jobs: {a: {timeline: [{reply: {status_code: 99}}]}}",
    "jobs: {a: {at_end: repeat, timeline: [{status: x}]}}",
    "jobs: {upload_url: {error: job_may_be_deleted}}",
    "jobs: {a: {timeline: [{status: x, for: 1 poll}, {status: y, for: upload}, {status: z}]}}",
    "jobs: {a: {timeline: [{status: x, for: upload}]}}",
    "calls: {retrain_model_switch: [{error: job_may_be_deleted}]}",
    "calls: {file_upload: [{error: job_may_be_deleted}]}",
    "jobs: {a: {timeline: [{status: x}], calls: {retrain_model_switch: [{error: too_hot}]}}}",
    "jobs: {a/b: {error: job_may_be_deleted}}",
    "{api_keys: {k: actve}, jobs: {}}",
    "generated_jobs: [{count: 0, timeline: [{status: x}]}]",
    "{jobs: {}, assumptions: {error_http_status: 20}}",
]


def accepted(text: str) -> bool:
    """Tell whether the parser takes a scenario."""
    try:
        parse(text)
    except ScenarioError:
        return False
    return True


def test_printed(run):
    """What is printed is the schema, as JSON that any encoding keeps whole."""
    output = run("schema").output
    assert json.loads(output) == scenario_schema()
    assert output.isascii()


def test_valid():
    """It is a valid schema of draft 2020-12, and says so, with a name of its own."""
    schema = scenario_schema()
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert (schema["$id"], schema["title"]) == ("urn:mock-p1:scenario", "A scenario of Mock P1")


@pytest.mark.parametrize("name", bundled())
def test_accepts_what_is_bundled(name):
    """Every bundled scenario holds."""
    assert list(VALIDATOR.iter_errors(read_yaml(bundled()[name].read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize("text", GOOD)
def test_accepts_what_the_parser_accepts(text):
    """Schema and parser agree on what can be used."""
    assert (accepted(text), VALIDATOR.is_valid(read_yaml(text))) == (True, True)


@pytest.mark.parametrize("text", BAD)
def test_refuses_what_the_parser_refuses(text):
    """Schema and parser agree on what is a mistake."""
    assert (accepted(text), VALIDATOR.is_valid(read_yaml(text))) == (False, False)


def test_every_key_is_described():
    """Editors have a sentence to show for every key."""
    schema = scenario_schema()
    models = {"Scenario": schema, **schema["$defs"]}
    silent = [
        f"{name}.{key}"
        for name, model in models.items()
        for key, value in model.get("properties", {}).items()
        if not value.get("description")
    ]
    assert silent == []


@pytest.mark.parametrize("command", ["schema", "openapi"])
def test_it_is_written_to_a_file(run, command, tmp_path):
    """In UTF-8 whatever the console is, as it is printed."""
    file = tmp_path / "document.json"
    assert run(command, "--output", str(file)).output == ""
    assert file.read_text(encoding="utf-8") == run(command).output


def test_a_file_that_cannot_be_written(run, tmp_path):
    """Is named, and nothing is printed in its place."""
    result = run("schema", "--output", str(tmp_path / "none" / "document.json"))
    assert result.exit_code != 0
    assert "document.json" in result.output
    assert "$schema" not in result.output


def test_a_reader_that_goes_away():
    """`mock-p1 schema | head -1` ends without a word about the broken pipe."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mock_p1", "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    assert (process.stderr.read(), process.wait()) == (b"", 1)
    process.stderr.close()


def test_a_reader_that_goes_away_on_windows(run, monkeypatch):
    """Windows calls a closed pipe an invalid argument.

    There too the command ends without a traceback.
    """

    def closed(*_, **__):
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr("mock_p1.cli.group.WINDOWS", True)
    monkeypatch.setattr("click.echo", closed)
    assert run("schema").exit_code == 1
