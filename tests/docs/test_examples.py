"""What stands in examples/ runs, as its table says."""

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


def run(*command, folder=ROOT, **variables):
    """Run a program as a user would; return what it prints."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MOCK_P1_", "PYTEST_"))}
    done = subprocess.run(
        [*map(str, command)],
        cwd=folder,
        env={**kept, "PYTHONUTF8": "1", "NO_PROXY": "*", **variables},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
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
    assert re.search(r"^\S pass 3$", said, re.MULTILINE), said


@pytest.mark.skipif(shutil.which("javac") is None, reason="needs a JDK")
@pytest.mark.slow
def test_with_java():
    """The whole sequence, with what it says at each status."""
    with served("whole-sequence") as mock:
        said = run("java", "-Devery=10", EXAMPLES / "java" / "Retrain.java", mock.url)
        mock.assert_switched()
    assert said.splitlines() == [
        "upload: HTTP 200", "job_running", "job_finished", "result: PK", "switched"
    ]  # fmt: skip


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


@pytest.mark.skipif(find_spec("locust") is None, reason="nox -s clients installs it")
@pytest.mark.slow
def test_the_load_test():
    """Its users poll without a failure."""
    with served("many-jobs") as mock:
        file = EXAMPLES / "locust" / "locustfile.py"
        options = ("--headless", "-u", "4", "-r", "4", "-t", "2s", "--host", mock.url)
        said = run(sys.executable, "-m", "locust", "-f", file, *options)
        assert len(mock.polls()) > 4
    assert re.search(r"poll\s+\d+\s+0\(0\.00%\)", said), said


def test_bundled_scenarios_are_named_right():
    """Those that the table serves are there."""
    names = re.findall(r"mock-p1 serve ([a-z-]+)[ `]", TABLE)
    assert names
    assert set(names) <= {*bundled()}
