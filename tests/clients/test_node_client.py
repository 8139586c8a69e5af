"""A job polled to its end by a program in Node, with its built-in fetch."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mock_p1 import serving

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


PAGE = (Path(__file__).parents[2] / "docs" / "faults.md").read_text(encoding="utf-8")
OF_FETCH = [
    (fault, seen, code)
    for fault, seen, code in re.findall(
        r"^\| `(\w+)` \| `?([\w: ]+)`? \| `?([\w-]+)`? \|$", PAGE, re.MULTILINE
    )
]
SCENARIO = "jobs:\n" + "".join(
    f"  {fault}: {{timeline: [{{fault: {fault}}}]}}\n"
    if fault != "delay"
    else "  delay: {timeline: [{status: job_running, delay: 10m}]}\n"
    for fault, _, _ in OF_FETCH
)
FETCH = """
const [url, ...faults] = process.argv.slice(1);
for (const fault of faults) {
  try {
    const options = {headers: {'x-api-key': 'k'}, signal: AbortSignal.timeout(1500)};
    await (await fetch(`${url}/v1/external/retrain_jobs/${fault}`, options)).json();
    console.log(`${fault}|whole answer|-`);
  } catch (error) {
    const message = error.name === 'TypeError' ? `: ${error.message}` : '';
    console.log(`${fault}|${error.name}${message}|${error.cause?.code ?? '-'}`);
  }
}
"""


@pytest.mark.slow
@pytest.mark.usefixtures("_new_enough")
def test_what_fetch_makes_of_each_fault(environment):
    """As the page's table says."""
    faults = [fault for fault, _, _ in OF_FETCH]
    assert len(faults) == 7
    with serving(SCENARIO, speed=100) as mock:
        done = subprocess.run(
            ["node", "--input-type=module", "--eval", FETCH, mock.url, *faults],
            env=environment, capture_output=True, encoding="utf-8", check=True, timeout=60,
        )  # fmt: skip
    assert [tuple(line.split("|")) for line in done.stdout.splitlines()] == OF_FETCH
