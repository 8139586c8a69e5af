"""docs/other-languages.md: its blocks are files of a project in Node, and its tests pass."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from mock_p1 import serving

PAGE = (Path(__file__).parents[2] / "docs" / "other-languages.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"`([\w.]+\.mjs)`:\n\n```js\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
TESTS = [name for name in FILES if name.endswith(".test.mjs")]
OLDEST = 20


def node_is_missing():
    """Say why these tests cannot run; nothing where they can."""
    if shutil.which("node") is None:
        return "needs Node, which is not installed here"
    said = subprocess.run(["node", "--version"], capture_output=True, encoding="utf-8", check=True)
    is_old = int(said.stdout.removeprefix("v").partition(".")[0]) < OLDEST
    return f"needs Node {OLDEST}; this is {said.stdout.strip()}" if is_old else ""


def test_every_block_is_a_file():
    """Each has its name before it, so that a reader, and the test below, can save it."""
    assert len(FILES) == PAGE.count("```js\n") == PAGE.count("```") // 2
    assert len(TESTS) == 4


@pytest.mark.slow
def test_the_tests_of_the_page_pass(tmp_path):
    """With `mock-p1` on the path, and Node's own test runner."""
    if missing := node_is_missing():
        pytest.skip(missing)
    left_out = ", '--exit-with-parent'" if sys.platform == "win32" else "\0"
    for name, text in FILES.items():
        (tmp_path / name).write_text(text.replace(left_out, ""), encoding="utf-8")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MOCK_P1_", "PYTEST_"))}
    folder = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")])
    done = subprocess.run(
        ["node", "--test", "--test-reporter=tap", *TESTS],
        cwd=tmp_path,
        env={**kept, "PATH": folder, "NO_PROXY": "*"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert re.search(r"^# pass 5$", done.stdout, re.MULTILINE), done.stdout


def test_every_field_of_a_row_is_there():
    """The table names nothing that the journal has not."""
    with serving("happy-path") as mock:
        key = {"x-api-key": "a-key"}
        requests.get(f"{mock.url}/v1/external/retrain_jobs/a", headers=key, timeout=5)
        (row,) = requests.get(f"{mock.url}/__admin/requests", timeout=5).json()["requests"]
    table = PAGE.split("## What to look at")[1]
    named = [name for cells in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
             for name in re.findall(r"`(\w+)`", cells)]  # fmt: skip
    assert len(named) > 8
    assert set(named) <= set(row)
