"""What docs/performance.md says of running the benchmarks is so; its figures: tests/benchmarks."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
BLOCK = re.search(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1]
HELP = subprocess.run(
    [sys.executable, "-m", "benchmarks", "--help"],
    cwd=ROOT, capture_output=True, check=True, encoding="utf-8",
).stdout  # fmt: skip


def test_the_options():
    """The table has every option, and no other."""
    shown = re.findall(r"^\| `(--[\w-]+)", PAGE, re.MULTILINE)
    assert sorted(shown) == sorted(set(re.findall(r"--[a-z]+", HELP)) - {"--help"})


@pytest.mark.parametrize("line", BLOCK.splitlines())
def test_the_commands(line):
    """What is run is there: our modules, the benchmarks by name, the groups of requirements."""
    command = line.partition("#")[0].split()
    if command[:2] == ["python", "-m"]:
        sys.path.insert(0, str(ROOT))
        try:
            assert find_spec(command[2])
        finally:
            sys.path.remove(str(ROOT))
        assert all(re.search(rf"\b{name}\b", HELP) for name in command[3:])
    elif command[0] == "pip":
        project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        assert f"\n{command[command.index('--group') + 1]} = [" in project
    else:
        assert command[:3] == ["sudo", "apt", "install"]


def test_the_peers():
    """Whatever is pinned to be installed is a peer that the pages show."""
    pinned = (ROOT / "benchmarks" / "peers" / "package.json").read_text(encoding="utf-8")
    for name in re.findall(r'"@?(?:\w+/)?([a-z]+)(?:-cli|/cli)?": "\d', pinned):
        assert name in PAGE.lower()
