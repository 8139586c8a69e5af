"""A flood, a small one: the server goes on, and the script that floods says whether it did."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.flood import Outcome, Size, broken

ROOT = Path(__file__).parents[2]
SMALL = {"seconds": 2, "idle": 100, "listeners": 40, "slow": 12, "attackers": 4, "requests": 2000}
SIZE = Size(**SMALL)
SENT = {
    "silent connections": 100, "listeners": 40, "slow requests": 12,
    "random ids": 900, "random keys": 800, "unknown keys": 200, "paths of nothing": 100,
}  # fmt: skip
CLIENT = {"errors": [], "statuses": ["job_waiting", "job_running", "job_finished"]}


@pytest.mark.slow
def test_a_client_polls_its_job_to_the_end_through_a_flood():
    """No error for it, bounded memory, a bounded journal.

    And the flood was all that it should be.
    """
    options = [f"--{name}={value}" for name, value in SMALL.items()]
    command = [sys.executable, "-m", "benchmarks.flood", *options]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, check=False, encoding="utf-8", timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every promise was kept" in done.stdout


def test_a_flood_that_was_survived():
    """Nothing is said against it."""
    assert broken(Outcome(Counter(SENT), [50.0, 74.9, 60.0], CLIENT, 1000), SIZE) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"sizes": [50.0, 76.0, 60.0]},
            "the server came to 76.0 MB, 1.52 times the 50.0 MB of its start",
        ),
        ({"client": {**CLIENT, "errors": ["ReadTimeout"]}}, "the client met an error: ReadTimeout"),
        ({"client": {**CLIENT, "statuses": ["job_waiting"]}}, "the client saw ['job_waiting']"),
        ({"remembered": 1001}, "the journal has 1,001 rows where 1,000 are the most"),
        (
            {"sent": Counter(SENT) - Counter({"listeners": 1})},
            "only 39 listeners, where 40 were to be had",
        ),
        (
            {"sent": Counter(SENT) - Counter({"random ids": 900})},
            "only 0 random ids, where 1 were to be had",
        ),
        (
            {"sent": Counter({**SENT, "went wrong: HTTP/1.1 500": 2})},
            "2 of the flood: went wrong: HTTP/1.1 500",
        ),
    ],
)
def test_a_broken_promise_is_named(change, said):
    """Each of them."""
    outcome = Outcome(Counter(SENT), [50.0, 74.9, 60.0], CLIENT, 1000)._replace(**change)
    assert broken(outcome, SIZE) == [said]
