"""Every benchmark still runs.

How fast anything is, no test says: that depends on the machine and its other work.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMES = ("serve", "mocked", "fixtures", "plugin", "start", "many", "created", "memory")
MORE = ("peers", "uploads", "scale")


def run(*arguments):
    """Run ``python -m benchmarks`` as a person would."""
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, check=False, encoding="utf-8", timeout=120
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES + MORE)
def test_runs(name):
    """A benchmark, scaled down to almost nothing, ends well and gives figures."""
    done = run(name, "--quick", "--json", "--load", "python")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    rows = report["benchmarks"][name]
    assert {"what", "unit", "median", "low", "high", "target", "reached"} == set(rows[0])
    assert all(row["low"] <= row["median"] <= row["high"] for row in rows)
    assert report["machine"]["load"] == "python"


@pytest.mark.slow
def test_table():
    """Without --json, people get a table of figures and targets."""
    done = run("mocked", "--quick")
    assert done.returncode == 0, done.stderr
    assert "these figures mean nothing" in done.stdout
    assert "mocked() / stub" in done.stdout
    assert "<= 1.150" in done.stdout


def test_unknown_name():
    """A benchmark that does not exist is refused, with those that do."""
    done = run("serv")
    assert done.returncode == 2
    assert f"no such benchmark: serv; there are {', '.join(NAMES + MORE)}" in done.stderr


def test_wrong_peer():
    """A peer that is no URL is refused with an example."""
    done = run("peers", "--against", "somewhere")
    assert done.returncode == 2
    assert "'somewhere' is not like NAME=http://127.0.0.1:8080" in done.stderr
