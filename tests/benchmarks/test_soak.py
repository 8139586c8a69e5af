"""Everything at once, for a little while: the script that soaks says whether the server bore it."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.soak import Outcome, broken

ROOT = Path(__file__).parents[2]
KEPT = Outcome(10.0, [29.0], [50.0, 55.0], Counter({"uploads": 9}))


@pytest.mark.slow
def test_a_short_soak_is_borne():
    """No client meets an error; how long it waits is not judged in so short a time."""
    command = [sys.executable, "-m", "benchmarks.soak", "--seconds", "5"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, check=False, encoding="utf-8", timeout=120
    )
    assert " uploads" in done.stdout, done.stdout + done.stderr
    assert "error" not in done.stdout


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, []),
        ({"soaked_ms": [10.0, 31.0, 10.0]}, ["a good client's p99 is 31.00 ms, beyond 30.00"]),
        ({"sizes": [50.0, 61.0, 50.0]}, ["50.0 MB became 61.0"]),
        ({"counts": Counter({"error: x": 1})}, ["error: x"]),
    ],
)
def test_a_broken_promise_is_told(change, problem):
    """Each in words; nothing where all were kept."""
    assert broken(KEPT._replace(**change)) == problem
