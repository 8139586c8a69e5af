"""docs/record.md is true: its scenario can be played, and its options are there."""

import os
import re
import shlex
import subprocess
import sys
from functools import partial
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers.page_blocks import commands, fits

from mock_p1 import mocked
from mock_p1.analysis.lint import lint_warnings
from mock_p1.cli import main
from mock_p1.cli.record_command import record
from mock_p1.cli.verify import verify
from mock_p1.recording.job_recorder import JobRecorder
from mock_p1.scenario.parser import parse
from mock_p1.verify.pace import Pace

PAGE = (Path(__file__).parents[2] / "docs" / "record.md").read_text(encoding="utf-8")


def test_every_option_exists():
    """Of the two commands that the page is about."""
    known = {name for each in (record, verify) for option in each.params for name in option.opts}
    assert set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", PAGE)) <= known


def test_its_scenarios_can_be_played():
    """Each YAML block is a scenario, and no warning is deserved."""
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert blocks
    assert [lint_warnings(parse(block)) for block in blocks] == [[]] * len(blocks)


@pytest.mark.slow
def test_its_test_passes(tmp_path):
    """With the recording that the page shows, and without a service."""
    (text,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    ((name, shown),) = re.findall(r"<!-- (\S+) -->\n```yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_text(shown, encoding="utf-8")
    (tmp_path / "test_page.py").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


((RECORDING, SHOWN),) = re.findall(r"<!-- (\S+) -->\n```yaml\n(.*?)```", PAGE, re.DOTALL)
CONSOLE = [
    (command, shown)
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    for command, shown in commands(block)
]
JOB = next(iter(parse(SHOWN).jobs))
IDS = {"6f1c…": JOB, "77ab…": "77ab-retrain"}
SERVICE = """
jobs:
  "*-retrain":
    timeline:
      - {status: job_waiting, for: 9m20s}
      - {status: job_running, for: 1h48m}
      - {status: job_finished, model_id: 4822, result: {rows: 500}}
"""
"""What the page's recording was made of."""


@pytest.fixture
def typed(tmp_path, monkeypatch):
    """Run a command of the page, with the mock where the service is; give what it prints."""
    monkeypatch.chdir(tmp_path)
    Path("training.yaml").write_text(SHOWN, encoding="utf-8")

    def typed(command, played):
        words = [IDS.get(word, word) for word in shlex.split(command)[1:]]
        with mocked(played) as mock:
            began = mock.now

            def pace(timeout, limit):
                def now():
                    return (mock.now - began).total_seconds()

                return Pace(timeout=timeout, limit=limit, now=now, sleep=mock.advance)

            date = partial(JobRecorder, date=lambda: mock.now)
            for name in ("record_service", "verify_against"):
                module = import_module(f"mock_p1.cli.{name}")
                monkeypatch.setattr(module, "Pace", pace)
                monkeypatch.setattr(module, "JobRecorder", date)
            return CliRunner().invoke(main, words, env={"MOCK_P1_API_KEY": "a-key"})

    return typed


def test_recording_a_job_says_what_the_page_shows(typed):
    """Line by line; and the file is the one that is shown, but for its dates."""
    ((command, shown),) = [each for each in CONSOLE if "--job-id 6f1c… --every" in each[0]]
    done = typed(f"{command} --force", SERVICE)

    assert fits(done.stderr.splitlines(), shown), done.stderr
    written = Path("training.yaml").read_text(encoding="utf-8")
    assert without_dates(written) == without_dates(SHOWN)


def without_dates(text):
    """A recording's text, all dates and times of day alike."""
    text = re.sub(r"[\d,]+ bytes", "bytes", text)  # by the version of zlib
    text = re.sub(r"\d{4}-\d\d-\d\d( \d\d:\d\d)?|\d\d:\d\d:\d\d", "then", text)
    return " ".join(text.replace("#", " ").split())


def test_a_comparison_says_what_the_page_shows(typed):
    """A service that calls a status otherwise now."""
    ((command, shown),) = [each for each in CONSOLE if "--against" in each[0]]
    done = typed(command, SERVICE.replace("job_running", "job_training"))

    assert done.exit_code == 1
    assert fits(done.stdout.splitlines(), shown), done.stdout


def test_only_what_waits_for_a_client_is_not_run():
    """The proxy, which tests/recording runs as a process; and a key that is set."""
    left = [c for c, _ in CONSOLE if "--job-id" not in c]
    assert [c.split()[0] for c in left] == ["export", "mock-p1"]
    assert "--proxy" in left[1]
