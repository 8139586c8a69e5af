"""What holds for every bundled scenario file.

Each is short, described, and known to editors.
"""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers.strict_yaml import read_yaml
from jsonschema import Draft202012Validator

from mock_p1 import load_scenario, mocked
from mock_p1.cli import main
from mock_p1.engine.callers import Keyring
from mock_p1.scenario.files import bundled

NAMES = [
    "all-errors", "classifier-deleted", "deleted-mid-run", "demo", "finished-without-result",
    "flaky-network", "happy-path", "key-ends-before-switch", "key-expires-mid-run", "link-expires",
    "many-jobs", "no-configuration-once", "not-found-at-first", "ok-with-error-body", "overloaded",
    "result-breaks-midway", "result-fails-once", "slow-training", "status-goes-back", "stuck",
    "switch-too-early", "training-failed", "unknown-status", "upload-breaks-off", "whole-sequence",
]  # fmt: skip
SCHEMA = bundled()["demo"].with_name("scenario.schema.json")
EDITOR_LINE = "# yaml-language-server: $schema=./scenario.schema.json"


def test_all_are_there():
    """`bundled` lists just these, in alphabetical order."""
    assert list(bundled()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_is_short_and_described(name):
    """A file fits on a screen, and its description is a sentence."""
    text = bundled()[name].read_text(encoding="utf-8")
    assert text.count("\n") <= 35
    assert all(len(line) <= 120 for line in text.splitlines())
    description = load_scenario(name).description
    assert description[0].isupper()
    assert description.endswith((".", '."'))


@pytest.mark.parametrize("name", NAMES)
def test_editors_know_it(name):
    """The first line leads an editor to the JSON Schema, and the file keeps to it."""
    text = bundled()[name].read_text(encoding="utf-8")
    assert text.splitlines()[0] == EDITOR_LINE
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(read_yaml(text))


def test_the_schema_is_the_one_that_is_printed():
    """scenario.schema.json is what `mock-p1 schema` prints.

    Make it anew with `mock-p1 schema > FILE`.
    """
    printed = CliRunner().invoke(main, ["schema"]).stdout
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == json.loads(printed)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "many-jobs"])
def test_the_same_curl_line_serves_them_all(name):
    """Every scenario but many-jobs knows the key demo-key, and has retrain-001 as its first job."""
    scenario = load_scenario(name)
    assert Keyring(scenario).refusal("demo-key") is None
    with mocked(scenario) as mock:
        assert mock.job_id == "retrain-001"


def test_a_name_wins_over_a_file_of_the_current_directory(tmp_path, monkeypatch):
    """A bundled name means the bundled file, even beside a file of that name."""
    monkeypatch.chdir(tmp_path)
    Path("stuck").write_text("jobs: {mine: {error: job_may_be_deleted}}", encoding="utf-8")
    Path("stuck.yaml").write_text("jobs: {mine: {error: job_may_be_deleted}}", encoding="utf-8")
    assert list(load_scenario("stuck").jobs) == ["retrain-001", "never-starts"]
