"""The recipes are run: the good client passes every one, the buggy one is caught by every line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mock_p1.scenario.files import bundled

PAGE = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text(encoding="utf-8")
IMPORTS = """
import pytest
from mock_p1 import DOCUMENTED_ERRORS, mocked
"""
FROM_CLIENT = "from client import RetrainingFailed, wait_for_result\n"
CLIENT, *RECIPES, BUGGY, CATCHES = re.findall(
    r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL
)
SCENARIOS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
NAMES = ("late-result", "limited")


@pytest.fixture
def page(pytester):
    """A folder with the page's files, where pytest runs without this run's plugins and settings."""
    pytester.makepyfile(client=CLIENT, buggy=BUGGY)
    for name, text in zip(NAMES, SCENARIOS, strict=True):
        (pytester.path / f"{name}.yaml").write_text(text, encoding="utf-8")
    pytester.syspathinsert()
    return pytester


def run(page, *blocks):
    """Run blocks as one test file."""
    page.makepyfile(test_page=IMPORTS + "\n".join(blocks))
    return page.runpytest_subprocess("-q", "-p", "no:randomly", "-p", "no:cacheprovider")


def test_there_are_ten_worries():
    """The page keeps the promise of its title, and every recipe has a test."""
    headings = re.findall(r"^## (\d+)\. ", PAGE, re.MULTILINE)
    assert headings == [str(number) for number in range(1, 11)]
    assert len(RECIPES) == len(headings)
    assert all(block.count("def test_") == 1 for block in RECIPES)


@pytest.mark.parametrize(
    "block", RECIPES, ids=[re.search(r"def (test_\w+)", block)[1] for block in RECIPES]
)
def test_every_recipe_has_about_five_lines(block):
    """What worries a user is scripted in five lines."""
    assert len(block.strip().splitlines()) <= 6


def test_a_good_client_passes_every_recipe(page):
    """All recipes together, with the client at the top of the page; two of them are matrices."""
    run(page, FROM_CLIENT, *RECIPES).assert_outcomes(passed=7 + 24 + 15 + 2)


def test_each_of_three_bugs_is_caught_by_its_line(page):
    """No time limit, one poll too many, a 503 taken for the end: each test fails, and says why."""
    result = run(page, CATCHES)
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines_random(
        [
            "*SleptTooLong*",
            "*came after job 'retrain-001' had shown job_finished*",
            "*RuntimeError: retraining has failed*",
        ]
    )


def test_the_good_client_has_none_of_the_three_bugs(page):
    """The same three lines pass with the client at the top of the page."""
    run(page, CATCHES.replace("from buggy", "from client")).assert_outcomes(passed=3)


TRAPS = re.findall(r"^\| `([\w-]+)` \| .* \| .* \|$", PAGE, re.MULTILINE)


HOPELESS = {
    *("stuck", "deleted-mid-run", "key-expires-mid-run", "training-failed"),
    "finished-without-result",
}
TRAP = """
@pytest.mark.mock_p1({trap!r}, instant_sleep=True)
def test_{name}(mock_p1):
    with {outcome}:
        assert wait_for_result(mock_p1.url, mock_p1.api_key, mock_p1.job_id)
"""


def test_the_good_client_falls_into_no_trap(page):
    """In every trap it either gets the result or gives up in words, within its own time limit."""
    gives_up = "pytest.raises((RetrainingFailed, TimeoutError))"
    tests = [
        TRAP.format(
            trap=trap,
            name=trap.replace("-", "_"),
            outcome=gives_up if trap in HOPELESS else "nullcontext()",
        )
        for trap in TRAPS
    ]
    result = run(page, FROM_CLIENT, "from contextlib import nullcontext\n", *tests)
    result.assert_outcomes(passed=len(TRAPS))


def test_every_trap_has_its_remedy():
    """The table names each bundled scenario that something goes wrong in."""
    harmless = {"all-errors", "demo", "happy-path", "many-jobs", "slow-training"}
    assert set(TRAPS) == set(bundled()) - harmless
