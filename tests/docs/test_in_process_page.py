"""The Python blocks of docs/in-process.md are run as tests."""

import re
from pathlib import Path

import helpers.plugin_project  # noqa: F401 -- imports all that runs inside this one share
import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "in-process.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_every_block_passes(pytester, monkeypatch):
    """As tests of a user."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makepyfile("\n".join(BLOCKS))
    result = pytester.runpytest_inprocess("-q", "-p", "mock_p1", "-p", "no:cacheprovider")
    result.assert_outcomes(passed="\n".join(BLOCKS).count("\ndef test_"))
