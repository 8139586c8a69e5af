"""``mock-p1 check --format json`` and ``sarif``: one document of what was found in all files."""

import json
import sys
from pathlib import Path, PureWindowsPath

import pytest
from jsonschema import Draft202012Validator

from mock_p1._version import __version__
from mock_p1.cli import check_formats

BAD = "descripton: x\njobs:\n  a: {error: job_may_be_deleted}\n"

TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
NUMBER = {"type": "integer", "minimum": 1}
PLACE = {
    "type": "object",
    "required": ["artifactLocation"],
    "additionalProperties": False,
    "properties": {
        "artifactLocation": {"type": "object", "required": ["uri"]},
        "region": {
            "additionalProperties": False,
            "required": ["startLine"],
            "properties": {"startLine": NUMBER, "startColumn": NUMBER},
        },
    },
}
RESULT = {
    "type": "object",
    "required": ["message", "ruleId", "level", "locations"],
    "additionalProperties": False,
    "properties": {
        "message": TEXT,
        "ruleId": {"type": "string"},
        "level": LEVEL,
        "locations": {"items": {"properties": {"physicalLocation": PLACE}}},
    },
}
LOG = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "items": {
                "required": ["tool", "results"],
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "results": {"items": RESULT},
                },
            }
        },
    },
}
"""What SARIF 2.1.0 says of the parts that are used; held once against its whole schema."""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a file that cannot be used."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a b.yaml").write_text(BAD, encoding="utf-8")
    return tmp_path


def test_json(run, folder):
    """Counts, and each finding with its place and severity; null where a place is not known."""
    result = run("check", "--format", "json", "a b.yaml", "stuck")
    document = json.loads(result.output)
    assert result.exit_code == 1
    assert [document[name] for name in ("checked", "problems", "warnings")] == [2, 1, 2]
    problem, warning, _ = document["findings"]
    assert problem.pop("text").startswith("unknown key 'descripton'; known: ")
    assert problem == {"file": "a b.yaml", "line": 1, "column": 1, "severity": "error"}
    assert warning["text"].startswith("the job never shows job_finished")
    assert (warning["file"], warning["line"], warning["column"]) == ("stuck.yaml", 8, None)
    assert warning["severity"] == "warning"


def test_sarif(run, folder):
    """A log of one run: rule, level, message and region of each; a blank of a name is escaped."""
    result = run("check", "--format", "sarif", "a b.yaml", "stuck")
    log = json.loads(result.output)
    Draft202012Validator(LOG).validate(log)
    assert result.exit_code == 1
    (of_tool,) = log["runs"]
    driver = of_tool["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("mock-p1 check", __version__)
    problem, warning, _ = of_tool["results"]
    place = problem["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%20b.yaml"
    assert place["region"] == {"startLine": 1, "startColumn": 1}
    assert [problem["level"], warning["level"]] == ["error", "warning"]
    assert {each["ruleId"] for each in of_tool["results"]} == {
        rule["id"] for rule in driver["rules"]
    }


def test_a_file_that_stands_elsewhere(run, folder, tmp_path_factory, monkeypatch):
    """Has a whole URI."""
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    log = json.loads(run("check", "--format", "sarif", str(folder / "a b.yaml")).output)
    place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == (folder / "a b.yaml").as_uri()


@pytest.fixture
def with_drive(folder, monkeypatch):
    """Two files whose names have a drive letter: one that cannot be used, one with a warning.

    Where there are no drives, the whole name is one of this folder's.
    """
    names = [str(folder / "x.yaml"), str(folder / "y.yaml")]
    if sys.platform != "win32":
        names = ["C:\\x.yaml", "C:\\y.yaml"]
        monkeypatch.setattr(check_formats, "Path", PureWindowsPath)
    for name, step in zip(names, ["{status: a, fro: 1}", "{status: a}"], strict=True):
        text = f"jobs:\n  a:\n    timeline:\n    - {step}\n"
        Path(name).write_text(text, encoding="utf-8")
    return names


def test_drive_letters(run, with_drive):
    """Neither text nor any form takes the colon behind a drive letter for another."""
    bad, odd = with_drive
    text = run("check", *with_drive).output
    assert f"\n{bad}:4:19: unknown key 'fro'; " in f"\n{text}"
    assert f"\n{odd}:4: warning: the job never shows job_finished" in text
    shown = run("check", "--format", "github", *with_drive).output
    drive, _, rest = bad.partition(":")
    assert f"::error file={drive}%3A{rest},line=4,col=19::unknown key 'fro'" in shown
    document = json.loads(run("check", "--format", "json", *with_drive).output)
    seen = {(each["file"], each["line"], each["column"]) for each in document["findings"]}
    assert seen == {(bad, 4, 19), (odd, 4, None)}
    log = json.loads(run("check", "--format", "sarif", *with_drive).output)
    places = [each["locations"][0]["physicalLocation"] for each in log["runs"][0]["results"]]
    assert places[0] == {
        "artifactLocation": {"uri": f"file:///{bad.replace(chr(92), '/')}"},
        "region": {"startLine": 4, "startColumn": 19},
    }
    assert places[1]["region"] == {"startLine": 4}


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_nothing_to_find(run, folder, form):
    """Is a document too, and exit 0."""
    result = run("check", "--format", form, "demo")
    document = json.loads(result.output)
    found = document["findings"] if form == "json" else document["runs"][0]["results"]
    assert (result.exit_code, found) == (0, [])


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_strict(run, folder, form):
    """A warning fails in these forms too, where it is asked for."""
    assert run("check", "--format", form, "--strict", "stuck").exit_code == 1
