"""What the README shows is run.

Tests as tests, commands as commands with their output, scenarios as scenarios.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import requests
from helpers.page_blocks import HIDDEN_FILE, Session, blocks_of, commands, environment, fits
from helpers.strict_yaml import read_yaml
from jsonschema import Draft202012Validator

from mock_p1 import mocked
from mock_p1.scenario.json_schema import scenario_schema
from mock_p1.scenario.parser import parse
from mock_p1.scenario.steps import KINDS

README = Path(__file__).parents[2] / "README.md"
TEXT = README.read_text(encoding="utf-8")
BLOCKS = blocks_of(TEXT)


def blocks(language):
    """The texts of all blocks in a language."""
    return [block.text for block in BLOCKS if block.language == language]


@pytest.fixture
def folder(tmp_path):
    """A folder with the files that the README shows, or has in comments for its commands."""
    for file, text in [
        *HIDDEN_FILE.findall(TEXT),
        *((block.file, block.text) for block in BLOCKS if block.file),
    ]:
        (tmp_path / file).write_text(text, encoding="utf-8")
    return tmp_path


def test_every_block_is_of_a_kind_that_is_run_or_checked():
    """A block in a language that no test looks at would be one that nobody has run."""
    assert {block.language for block in BLOCKS} == {"python", "console", "yaml", "sh", "text"}
    assert TEXT.count("\n```") == 2 * len(BLOCKS)


@pytest.mark.slow
def test_python_blocks_pass_as_tests(folder):
    """Every Python block is a test file of its own, passes as it stands, and warns of nothing."""
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", encoding="utf-8")
    for number, text in enumerate(blocks("python")):
        (folder / f"test_readme_{number}.py").write_text(text, encoding="utf-8")
    options = ["-q", "-p", "no:randomly", "-p", "no:cacheprovider", "--junit-xml=report.xml"]
    command = [sys.executable, "-m", "pytest", *options]
    run = subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    expected = sum(text.count("\ndef test_") for text in blocks("python"))
    assert run.returncode == 0, run.stdout
    report = ET.parse(folder / "report.xml")  # noqa: S314 -- pytest has just written it
    assert len(list(report.iter("testcase"))) == expected
    assert expected >= len(blocks("python"))


def test_the_first_one_is_as_short_as_promised():
    """The test on the first screen is one of about twelve lines, and never sleeps."""
    first = blocks("python")[0]
    assert len(first.splitlines()) <= 14
    assert "sleep" not in first


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the README's commands are written for a POSIX shell")
@pytest.mark.skipif(
    shutil.which("curl") is None, reason="the README's commands use curl, which this machine lacks"
)
def test_console_blocks_print_what_is_shown(folder):
    """Every command prints what stands below it, in one shell session, on a free port."""
    with Session(folder) as session:
        for text in blocks("console"):
            for command, shown in commands(text):
                printed = session.run(command)
                assert fits(printed.splitlines(), shown), f"$ {command}\n{printed}"


@pytest.mark.parametrize("text", blocks("yaml"))
def test_yaml_blocks_are_scenarios(text):
    """Every YAML block is a whole scenario, for the parser and for editors alike."""
    parse(text)
    Draft202012Validator(scenario_schema()).validate(read_yaml(text))


def test_the_reference_shows_every_key():
    """The scenario that promises every part has every key of a scenario, a job and a step."""
    (reference,) = (text for text in blocks("yaml") if "Every part" in text)
    schema = scenario_schema()
    parts = ("Job", "GeneratedJobs", "NewJobs", "RateLimit", "StatusStep", "OkCall", "FaultCall")
    models = [schema, *(schema["$defs"][name] for name in parts)]
    keys = {key for model in models for key in model["properties"] if key != "$schema"} | {*KINDS}
    assert {
        key for key in keys if f"{key}:" not in reference and f"in {key}" not in reference
    } == set()


def test_the_first_scenario_is_ten_lines_long():
    """The scenario on the first screen is as short as scenarios are."""
    assert len(blocks("yaml")[0].splitlines()) == 10


def test_the_timeline_is_one_that_was_printed():
    """The poll timeline is what two polls of slow-training, ten minutes apart, leave behind."""
    (shown,) = (text for text in blocks("text") if "then the job is at" in text)
    with mocked("slow-training") as mock:
        for pause in ("10m", "0s"):
            url = f"{mock.url}/v1/external/retrain_jobs/{mock.job_id}"
            assert requests.get(url, headers={"x-api-key": mock.api_key}, timeout=5).ok
            mock.advance(pause)
        printed = mock.timeline()
    assert [line.split() for line in shown.splitlines()] == [
        line.split() for line in printed.splitlines()
    ]
