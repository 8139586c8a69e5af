"""Every benchmark still runs.

How fast anything is, no test says: that depends on the machine and its other work.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.redis_server import NEEDED

ROOT = Path(__file__).parents[2]
NAMES = (
    "serve", "start", "sequence", "profile", "waits",
    "mocked", "fixtures", "plugin", "many", "created", "memory",
)  # fmt: skip
MORE = ("uploads", "scale", "shared")


def run(*arguments):
    """Run ``python -m benchmarks`` as a person would."""
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, check=False, encoding="utf-8", timeout=120
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [*NAMES, *(pytest.param(each, marks=NEEDED) if each == "shared" else each for each in MORE)],
)
def test_runs(name, tmp_path):
    """A benchmark, scaled down to almost nothing, ends well and gives figures."""
    file = tmp_path / "figures.json"
    done = run(name, "--quick", "--json", str(file), "--load", "python")
    assert done.returncode == 0, done.stderr
    report = json.loads(file.read_text(encoding="utf-8"))
    rows = report["benchmarks"][name]
    fields = {"what", "unit", "digits", "median", "low", "high", "better", "target", "reached"}
    assert all(fields == set(row) for row in rows)
    assert all(row["low"] <= row["median"] <= row["high"] for row in rows)
    assert report["machine"]["load"] == "python"
    assert "mock-p1" in report["versions"]
    assert "these figures mean nothing" in done.stdout


@pytest.mark.slow
def test_an_earlier_checkout_is_compared():
    """Here with this very one: all that it needs of it is how it is started."""
    command = [sys.executable, "-m", "benchmarks.earlier", str(ROOT), "--rounds", "1"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, check=False, encoding="utf-8", timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"a poll, served: now / before +\d+\.\d\d ", done.stdout)
    assert re.search(r"in-process: now / before +\d+\.\d\d ", done.stdout)


def test_unknown_name():
    """A benchmark that does not exist is refused, with those that do."""
    done = run("serv")
    assert done.returncode == 2
    assert f"no such benchmark: serv; there are {', '.join(NAMES + MORE)}" in done.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot read "),
        ("[]", "is no file that --json wrote"),
        ("{", "is no file that"),
        ('{"machine": [], "benchmarks": {}}', "is no file that"),
        ('{"machine": {}, "benchmarks": {"serve": [1]}}', "is no file that"),
    ],
)
def test_wrong_old_figures(tmp_path, content, said):
    """What is no file of figures is refused before anything is measured."""
    file = tmp_path / "old.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    done = run("mocked", "--against", str(file))
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--json", "{}/no/such/folder.json"], "cannot write "),
        (["--rounds", "0"], "'0' is no number of rounds"),
        (["--rounds", "many"], "'many' is no number of rounds"),
        (["--quick", "--against", "{}/old.json"], "--quick mean nothing"),
    ],
)
def test_options_that_cannot_be_meant(tmp_path, options, said):
    """They are refused before anything is measured."""
    old = '{"machine": {}, "benchmarks": {}}'
    (tmp_path / "old.json").write_text(old, encoding="utf-8")
    done = run("mocked", *(option.format(tmp_path) for option in options))
    assert done.returncode == 2
    assert said in done.stderr
