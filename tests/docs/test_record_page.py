"""docs/record.md is true: its scenario can be played, and its options are there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mock_p1.analysis.lint import lint_warnings
from mock_p1.cli.record_service import record
from mock_p1.cli.verify import verify
from mock_p1.scenario.parser import parse

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
