"""What a user gets with the package, however it was installed.

Commands, plugin, types, licence, scenarios.
"""

import os
import subprocess
import sys
from importlib.metadata import distribution, entry_points
from importlib.resources import files
from pathlib import Path

import pytest

from mock_p1._version import __version__
from mock_p1.scenario.files import bundled


def test_the_version_is_the_one_of_the_metadata():
    """Users of pip and `mock_p1.__version__` read the same version."""
    assert distribution("mock-p1").version == __version__


def test_the_command_and_the_plugin_are_registered():
    """`mock-p1` is a command, and pytest finds the plugin by itself."""
    commands = {point.name: point.value for point in entry_points(group="console_scripts")}
    plugins = {point.name: point.value for point in entry_points(group="pytest11")}
    assert commands["mock-p1"] == "mock_p1.cli:main"
    assert plugins["mock_p1"] == "mock_p1.testing.plugin"


def test_types_are_shipped():
    """Type checkers of users read our annotations."""
    assert files("mock_p1").joinpath("py.typed").is_file()


def test_the_licence_is_shipped():
    """The metadata names the licence and brings its text."""
    about = distribution("mock-p1")
    assert about.metadata["License-Expression"] == "MIT"
    assert any(str(file).endswith("LICENSE") for file in about.files or ()) or _is_editable(about)


def _is_editable(about):
    return '"editable": true' in (about.read_text("direct_url.json") or "")


def test_the_schema_lies_beside_the_scenarios():
    """The line that leads editors to the schema is true of an installed scenario too."""
    assert all(path.with_name("scenario.schema.json").is_file() for path in bundled().values())


@pytest.mark.slow
def test_a_bundled_scenario_is_found_from_anywhere(tmp_path):
    """By name, in a folder that has nothing to do with us."""
    command = [sys.executable, "-m", "mock_p1", "check", *bundled()]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert f"{len(bundled())} files checked, no problem" in run.stdout


@pytest.mark.slow
def test_every_module_can_be_imported(tmp_path):
    """Every module can be imported from where the package was installed, wherever one stands."""
    package = Path(str(files("mock_p1")))
    names = sorted(
        ".".join(path.relative_to(package.parent).with_suffix("").parts)
        for path in package.rglob("*.py")
    )
    code = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    modules = [name for name in names if not name.endswith("__main__")]
    run = subprocess.run(
        [sys.executable, "-c", code, *modules],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert len(modules) > 40


@pytest.mark.slow
def test_the_contract_tests_run_by_their_name(tmp_path):
    """From anywhere, with their options."""
    asked = ["--base-url", "http://127.0.0.1:1", "--api-key", "k", "--job-id", "j"]
    quiet = [
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        "-k",
        "answers-are-json",
        "--collect-only",
    ]
    command = [sys.executable, "-m", "pytest", "--pyargs", "mock_p1.contract_tests", *asked, *quiet]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MOCK_P1_", "PYTEST_"))}
    run = subprocess.run(
        command,
        cwd=tmp_path,
        env=kept,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "answers-are-json" in run.stdout
