"""A job polled to its end by a program in Node, with its built-in fetch."""

import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None, reason="needs Node, which is not installed here"
)

OLDEST = 18  # the first with fetch
POLL = Path(__file__).with_name("poll.mjs")


@pytest.fixture(scope="module")
def _new_enough():
    said = subprocess.run(
        ["node", "--version"], capture_output=True, encoding="utf-8", check=True
    ).stdout
    if int(said.removeprefix("v").partition(".")[0]) < OLDEST:
        pytest.skip(f"needs Node {OLDEST} or newer; this is {said.strip()}")


@pytest.fixture
def node(environment, _new_enough):
    """Run the client with its arguments; its exit status and what it said."""

    def node(*arguments):
        done = subprocess.run(
            ["node", POLL, *arguments],
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout.splitlines(), done.stderr

    return node


@pytest.mark.slow
def test_node_polls_a_job_to_its_end(node, base_url):
    """It sees the job wait, run and finish, and fetches the result."""
    exit_status, said, complaints = node(base_url, "node-key", "retrain-001")
    assert (exit_status, complaints) == (0, "")
    assert said[:-1] == ["job_waiting"] * 2 + ["job_running"] * 3 + ["job_finished"]
    assert said[-1].startswith("result: ")


@pytest.mark.slow
def test_node_polls_a_job_with_a_japanese_id(node, base_url):
    """The id arrives percent-encoded, and comes back as it was."""
    assert node(base_url, "node-key", "再学習 1")[0] == 0


@pytest.mark.slow
def test_node_is_told_what_is_wrong(node, base_url):
    """A client that fails says the documented error, and ends with 1."""
    exit_status, _, complaints = node(base_url, "node-key", "{retrain_job_id}")
    assert (exit_status, complaints) == (1, "poll.mjs: HTTP 400: Not found retrain job.\n")
