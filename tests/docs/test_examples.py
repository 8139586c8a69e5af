"""What stands in examples/ runs, as its table says."""

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from helpers.strict_yaml import read_yaml

from mock_p1 import serving
from mock_p1.scenario.files import bundled

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
TABLE = (EXAMPLES / "README.md").read_text(encoding="utf-8")


def run(*command, folder=ROOT, exit_status=0, **variables):
    """Run a program as a user would; return what it prints."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MOCK_P1_", "PYTEST_"))}
    done = subprocess.run(
        [*map(str, command)],
        cwd=folder,
        env={**kept, "PYTHONUTF8": "1", "NO_PROXY": "*", **variables},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == exit_status, done.stdout
    return done.stdout


@contextmanager
def served(scenario):
    """Serve it; give its URL."""
    with serving(scenario, check=False) as mock:
        yield mock


def test_each_folder_is_in_the_table():
    """And nothing else is."""
    folders = {path.name for path in EXAMPLES.iterdir() if path.is_dir()}
    named = re.findall(r"^\| \[([\w-]+)\]\(\1\)", TABLE, re.MULTILINE)
    assert set(named) == folders - {"__pycache__"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pytest-requests", "pytest-httpx"])
def test_with_pytest(name):
    """The tests pass, and warn of nothing."""
    options = ("-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-W", "error")
    folder = EXAMPLES / name
    said = run(sys.executable, "-m", "pytest", *options, "--rootdir", folder, folder)
    text = (folder / "test_client.py").read_text(encoding="utf-8")
    expected = len(re.findall(r"^def test_", text, re.MULTILINE))
    assert int(re.search(r"(\d+) passed", said)[1]) >= expected


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
def test_with_node():
    """Its tests pass side by side, against one server."""
    folder = EXAMPLES / "node"
    with served(folder / "scenario.yaml") as mock:
        said = run("node", "--test", "retrain.test.mjs", folder=folder, RETRAIN_API_URL=mock.url)
    assert int(re.search(r"^\S pass (\d+)$", said, re.MULTILINE)[1]) >= 10, said


TROUBLES = """
secret_keys: {demo-secret: active}
new_jobs:
  timeline:
    - {status: job_waiting, for: upload}
    - {reply: {status_code: 429, retry_after: 5m, body: {message: Too Many Requests}}, for: 1 poll}
    - {fault: timeout, for: 1 poll}
    - {fault: malformed_json, for: 1 poll}
    - {status: job_finished, for: 1 poll}
    - {status: job_finished, model_id: 4822, result: generated}
calls:
  file_upload: [{fault: connection_reset, done: true, for: 1 call}, ok]
  result_download: [{fault: truncated_body, for: 1 call}, ok]
  retrain_model_switch:
    - {reply: {status_code: 503, retry_after: 5m, body: {message: Busy}}, for: 1 call}
    - ok
"""


PLAY = """
import {retrain} from './retrain.mjs';
const [url, options] = process.argv.slice(1);
const file = 'age,left\\n' + '31,no\\n'.repeat(100);
try {
  const {result} = await retrain(url, 'demo-secret', 1, 'train.csv', file, JSON.parse(options));
  console.log(result.subarray(0, 2).toString());
} catch (error) {
  console.log(error.message);
}
"""


@pytest.fixture
def play_with_node():
    """Return what plays the client of examples/node against a mock, and returns what it prints."""
    if shutil.which("node") is None:
        pytest.skip("needs Node")

    def play(mock, **options):
        given = json.dumps({"every": 0.02, **options})
        command = ("node", "--input-type=module", "--eval", PLAY, mock.url, given)
        return run(*command, folder=EXAMPLES / "node").strip()

    return play


@pytest.mark.slow
def test_the_client_in_node_comes_back_when_it_is_told_to(play_with_node):
    """An overloaded service says when, by two HTTP statuses."""
    with serving("overloaded", speed=300) as mock:
        assert play_with_node(mock) == "PK"
        mock.assert_respects_retry_after()
        mock.assert_switched()


@pytest.mark.slow
def test_the_client_in_node_does_without_a_link_for_a_while(play_with_node):
    """And says so where none comes."""
    with serving("finished-without-result") as mock:
        said = play_with_node(mock, limit=2)
        assert said == "not finished within 2 s; the last poll was answered job_finished"
        assert not mock.switches()


@pytest.mark.slow
@pytest.mark.parametrize(
    "scenario", ["result-breaks-midway", "result-fails-once", "upload-breaks-off", "flaky-network"]
)
def test_the_client_in_node_has_the_result_before_it_switches(play_with_node, scenario):
    """Whichever call has to be made again."""
    with serving(scenario, speed=100) as mock:
        assert play_with_node(mock, timeout=2) == "PK"
        mock.assert_downloaded()
        mock.assert_switched()
        mock.assert_sequence()


@pytest.mark.slow
def test_the_client_in_node_outlives_troubles(play_with_node):
    """An answer that was lost, a busy service, silence, half an answer, no link, half a result."""
    with serving(TROUBLES, speed=300) as mock:
        assert play_with_node(mock, timeout=2) == "PK"
        mock.assert_respects_retry_after()
        mock.assert_downloaded()
        mock.assert_switched()
        mock.assert_sequence()


def play_with_java(mock, *options):
    """Play the client of examples/java against a mock; return the lines that it prints."""
    file = EXAMPLES / "java" / "Retrain.java"
    return run("java", "-Devery=20", *options, file, mock.url).splitlines()


with_java = pytest.mark.skipif(shutil.which("javac") is None, reason="needs a JDK")


@with_java
@pytest.mark.slow
def test_with_java():
    """The whole sequence, with what it says at each status."""
    with served("whole-sequence") as mock:
        said = play_with_java(mock)
        mock.assert_switched()
    assert said == ["uploaded", "job_running", "job_finished", "result: PK", "switched"]


@with_java
@pytest.mark.slow
def test_the_client_in_java_outlives_troubles():
    """An answer that was lost, a busy service, silence, half an answer, no link, half a result."""
    with serving(TROUBLES, speed=300) as mock:
        assert play_with_java(mock, "-Dtimeout=1500")[-1] == "switched"
        mock.assert_respects_retry_after()
        mock.assert_downloaded()
        mock.assert_switched()
        mock.assert_sequence()


def test_the_app_of_compose():
    """It follows the job by the variables that its container is given."""
    services = read_yaml((EXAMPLES / "compose/compose.yaml").read_text("utf-8"))["services"]
    app, mock_service = services["app"], services["mock-p1"]
    assert app["depends_on"] == {"mock-p1": {"condition": "service_healthy"}}
    given = app["environment"]
    assert given["RETRAIN_API_URL"] == "http://mock-p1:8191"
    with serving(mock_service["environment"]["MOCK_P1_SCENARIO"], speed=100) as mock:
        variables = {**given, "RETRAIN_API_URL": mock.url, "EVERY_SECONDS": "0.01"}
        said = run(sys.executable, EXAMPLES / "compose" / "app.py", **variables)
    assert said.splitlines()[-2:] == ["job_finished", "the result: result.zip"]


APP_MEETS = """
jobs:
  retrain-001:
    timeline:
      - {reply: {status_code: 503, retry_after: 5m, body: {message: Busy}}, for: 1 poll}
      - {fault: connection_reset, for: 1 poll}
      - {fault: malformed_json, for: 1 poll}
      - {status: job_finished, for: 1 poll}
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("last", "limit", "exit_status", "said"),
    [
        ("{status: job_finished, result: generated}", 60, 0, "the result: result.zip"),
        ("{status: job_failed, message: too few rows}", 60, 1, "no result: too few rows"),
        ("{error: job_may_be_deleted}", 60, 1, "This job may be deleted."),
        ("{status: job_running}", 3, 1, "no result within 3 s"),
    ],
)
def test_the_app_of_compose_in_trouble(last, limit, exit_status, said):
    """It asks again where that helps, waits as it is told, and ends by itself."""
    with serving(f"{APP_MEETS}      - {last}\n", speed=300) as mock:
        variables = {"RETRAIN_API_URL": mock.url, "RETRAIN_API_KEY": "demo-key",
                     "EVERY_SECONDS": "0.01", "LIMIT_SECONDS": f"{limit}"}  # fmt: skip
        out = run(sys.executable, EXAMPLES / "compose/app.py", exit_status=exit_status, **variables)
        mock.assert_respects_retry_after()
    assert said in out.splitlines()[-1]


@pytest.mark.skipif(find_spec("locust") is None, reason="nox -s clients installs it")
@pytest.mark.slow
def test_the_load_test():
    """Its users poll without a failure."""
    with served("many-jobs") as mock:
        file = EXAMPLES / "locust" / "locustfile.py"
        options = ("--headless", "-u", "4", "-r", "4", "-t", "5s", "--host", mock.url)
        said = run(sys.executable, "-m", "locust", "-f", file, *options)
        assert len(mock.polls()) > 4
    assert re.search(r"poll\s+\d+\s+0\(0\.00%\)", said), said


def test_bundled_scenarios_are_named_right():
    """Those that the table serves are there."""
    names = re.findall(r"mock-p1 serve ([a-z-]+)[ `]", TABLE)
    assert names
    assert set(names) <= {*bundled()}
