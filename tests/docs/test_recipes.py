"""The recipes are run: the good client passes every one, the buggy one is caught by every line."""

from __future__ import annotations

import re
from pathlib import Path

import helpers.plugin_project  # noqa: F401 -- imports all that runs inside this one share
import pytest

from mock_p1.scenario.files import bundled

PAGE = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text(encoding="utf-8")
IMPORTS = """
import pytest
from mock_p1 import DOCUMENTED_ERRORS, mocked
"""
FROM_CLIENT = "from client import RetrainingFailed, wait_for_result\n"
FROM_RETRAIN = "from retrain import RetrainingFailed, retrain\n"
POLLERS, WHOLE_SEQUENCE = PAGE.split("\n## A client of the whole sequence\n")


def fenced(language, text):
    """The blocks of a language in a part of the page."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


CLIENT, *RECIPES, BUGGY, CATCHES = fenced("python", POLLERS)
RETRAIN, *SEQUENCE_RECIPES, BUGGY_RETRAIN = fenced("python", WHOLE_SEQUENCE)
SCENARIOS = fenced("yaml", PAGE)
NAMES = ("late-result", "limited")


@pytest.fixture
def page(pytester, monkeypatch):
    """A folder with the page's files, where pytest runs without this run's plugins and settings."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makepyfile(client=CLIENT, buggy=BUGGY, retrain=RETRAIN, buggy_retrain=BUGGY_RETRAIN)
    for name, text in zip(NAMES, SCENARIOS, strict=True):
        (pytester.path / f"{name}.yaml").write_text(text, encoding="utf-8")
    pytester.syspathinsert()
    return pytester


def run(page, *blocks, only=""):
    """Run blocks as one test file; or one test of it."""
    page.makepyfile(test_page=IMPORTS + "\n".join(blocks))
    return page.runpytest_inprocess("-q", "-p", "mock_p1", "-p", "no:cacheprovider", "-k", only)


def test_there_are_ten_worries_and_five():
    """The page keeps the promise of its first lines, and every recipe has a test."""
    headings = re.findall(r"^###? (\d+)\. ", PAGE, re.MULTILINE)
    assert headings == [str(number) for number in range(1, 16)]
    assert (len(RECIPES), len(SEQUENCE_RECIPES)) == (10, 5)
    assert all(block.count("def test_") == 1 for block in [*RECIPES, *SEQUENCE_RECIPES])


@pytest.mark.parametrize(
    "block",
    [*RECIPES, *SEQUENCE_RECIPES],
    ids=lambda block: re.search(r"def (test_\w+)", block)[1],
)
def test_every_recipe_has_about_five_lines(block):
    """What worries a user is scripted in five lines."""
    assert len(block.strip().splitlines()) <= 6


@pytest.mark.slow
def test_a_good_client_passes_every_recipe(page):
    """All recipes together, with the client at the top of the page; two of them are matrices."""
    run(page, FROM_CLIENT, *RECIPES).assert_outcomes(passed=7 + 24 + 15 + 2)


@pytest.mark.parametrize(
    ("number", "told"),
    [
        pytest.param(0, "*SleptTooLong*", marks=pytest.mark.slow),  # it polls for a week
        (1, "*came after job 'retrain-001' had shown job_finished*"),
        (2, "*RuntimeError: retraining has failed*"),
    ],
    ids=["no time limit", "one poll too many", "a 503 taken for the end"],
)
def test_each_of_three_bugs_is_caught_by_its_line(page, number, told):
    """The test fails, and says why."""
    names = re.findall(r"def (test_\w+)", CATCHES)
    assert len(names) == 3
    result = run(page, CATCHES, only=names[number])
    result.assert_outcomes(failed=1, deselected=2)
    result.stdout.fnmatch_lines([told])


@pytest.mark.slow
def test_the_good_client_has_none_of_the_three_bugs(page):
    """The same three lines pass with the client at the top of the page."""
    run(page, CATCHES.replace("from buggy", "from client")).assert_outcomes(passed=3)


@pytest.mark.slow
def test_a_good_client_of_the_sequence_passes_every_recipe(page):
    """With the second client of the page; the last one is a matrix."""
    run(page, FROM_RETRAIN, *SEQUENCE_RECIPES).assert_outcomes(passed=4 + 12)


@pytest.mark.slow
def test_each_bug_of_a_client_of_the_sequence_is_caught(page):
    """Upload not repeated, key not renewed, switch too early, key sent to a link."""
    result = run(page, "from buggy_retrain import retrain\n", *SEQUENCE_RECIPES)
    (told,) = fenced("text", WHOLE_SEQUENCE)
    result.assert_outcomes(failed=4 + 12)
    result.stdout.fnmatch_lines_random(
        [
            "*SleptTooLong*",
            "*KeyError: 'status'*",
            "*'retrain-101' was not switched: *retrain_job_is_not_finished*",
            *(f"E *{line}" for line in told.splitlines()),
        ]
    )


def traps(part):
    """The scenarios in the table of traps of a part of the page."""
    return re.findall(r"^\| `([\w-]+)` \| .* \| .* \|$", part, re.MULTILINE)


HOPELESS = {
    *("stuck", "deleted-mid-run", "key-expires-mid-run", "training-failed"),
    *("finished-without-result", "classifier-deleted"),
}
TRAP = """
@pytest.mark.mock_p1({trap!r}, instant_sleep=True)
def test_{name}(mock_p1):
    with {outcome}:
        assert {call}[:2] == b"PK"
"""
GIVES_UP = "pytest.raises((RetrainingFailed, TimeoutError))"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("client", "call", "names"),
    [
        (
            FROM_CLIENT,
            "wait_for_result(mock_p1.url, mock_p1.api_key, mock_p1.job_id)",
            traps(POLLERS),
        ),
        (FROM_RETRAIN, "retrain(mock_p1)", sorted({*traps(WHOLE_SEQUENCE), *HOPELESS})),
    ],
    ids=["poller", "sequence"],
)
def test_the_good_client_falls_into_no_trap(page, client, call, names):
    """In every trap it either gets the result or gives up in words, within its own time limit."""
    tests = [
        TRAP.format(
            trap=trap,
            name=trap.replace("-", "_"),
            outcome=GIVES_UP if trap in HOPELESS else "nullcontext()",
            call=call,
        )
        for trap in names
    ]
    result = run(page, client, "from contextlib import nullcontext\n", *tests)
    result.assert_outcomes(passed=len(names))


NO_SUCCESS = """
@pytest.mark.mock_p1("whole-sequence", instant_sleep=True)
@pytest.mark.parametrize("on", ["file_upload", "result_download", "retrain_model_switch"])
def test_gives_up(mock_p1, on):
    mock_p1.fail_next({"status_code": 410, "body": {"error": "gone"}}, on=on)
    with pytest.raises(RetrainingFailed):
        retrain(mock_p1)
    with pytest.raises(AssertionError, match="not switched"):
        mock_p1.assert_switched()


@pytest.mark.mock_p1("link-expires", instant_sleep=True)
def test_polls_for_a_fresh_link(mock_p1):
    retrain(mock_p1)
    mock_p1.assert_polled(times=4)
    mock_p1.assert_sequence()
"""


def test_the_good_client_takes_no_other_answer_for_success(page):
    """A code that nobody has documented ends it before the switch; an old link asks for a poll."""
    run(page, FROM_RETRAIN, NO_SUCCESS).assert_outcomes(passed=4)


COMES_BACK = """
BUSY = {{"status_code": 503, "retry_after": {{"date": "5m"}}}}

@pytest.mark.mock_p1("happy-path", instant_sleep=True)
def test_comes_back(mock_p1):
    mock_p1.fail_next(BUSY)
    assert {call}
    mock_p1.assert_respects_retry_after()
"""


@pytest.mark.parametrize(
    ("client", "call"),
    [
        (FROM_CLIENT, "wait_for_result(mock_p1.url, mock_p1.api_key, mock_p1.job_id)"),
        (FROM_RETRAIN, "retrain(mock_p1)"),
    ],
)
def test_the_good_clients_understand_a_date_in_retry_after(page, client, call):
    """Neither ends there, nor comes back too soon."""
    run(page, client, COMES_BACK.format(call=call)).assert_outcomes(passed=1)


def test_every_trap_has_its_remedy():
    """The tables name each bundled scenario that something goes wrong in."""
    harmless = {"all-errors", "demo", "happy-path", "many-jobs", "slow-training", "whole-sequence"}
    assert sorted(traps(PAGE)) == sorted(set(bundled()) - harmless)
