"""The plugin is imported in every pytest run of every project where the package is installed."""

import subprocess
import sys

import pytest

IMPORTS = """
import sys
import pytest
import _pytest.config
before = set(sys.modules)
import mock_p1.testing.plugin
print(*sorted(set(sys.modules) - before))
"""


def test_importing_it_imports_nothing_else():
    """Beyond pytest it brings five small modules of ours, and no library."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS], capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.split() == [
        "mock_p1",
        "mock_p1._version",
        "mock_p1.testing",
        "mock_p1.testing.plugin",
        "mock_p1.testing.run_state",
    ]


def test_a_run_that_uses_no_fixture_imports_nothing_heavy(project):
    """Tests that have nothing to do with us do not pay for us."""
    project.file(
        "test_it.py",
        """
import sys

def test_it():
    heavy = {"flask", "responses", "faker", "pydantic_core", "uvicorn", "yaml", "mock_p1.engine"}
    assert not heavy & set(sys.modules)
""",
    )
    project.file("conftest.py", "")
    result = project.pytester.runpytest_subprocess("-p", "mock_p1", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)


@pytest.mark.slow
def test_the_fixture_does_not_load_pydantic_the_second_time(project, monkeypatch):
    """The scenario is kept by then; it takes longer than all else of the first test."""
    for name in ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(project.pytester.path))
    project.file(
        "test_it.py",
        """
import sys

def test_it(mock_p1):
    assert not {"pydantic_core", "mock_p1.scenario.yaml_reader"} & set(sys.modules)
""",
    )
    project.file("conftest.py", "")
    options = "-p", "mock_p1", "-p", "no:cacheprovider", "-o", "mock_p1_no_request=ignore"
    project.pytester.runpytest_subprocess(*options).assert_outcomes(failed=1)
    project.pytester.runpytest_subprocess(*options).assert_outcomes(passed=1)
