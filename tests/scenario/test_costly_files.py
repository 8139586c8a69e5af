"""What costs no more than its size: counted calls, compared at two sizes, never seconds."""

import sys
from collections.abc import Callable

import pytest

from mock_p1.scenario.parser import parse
from mock_p1.scenario.problems import ScenarioError
from mock_p1.scenario.redaction import masked_problems, masked_text

SMALL, LARGE = 300, 600


def calls_of(act: Callable[[], object]) -> int:
    """Return how many functions are called, those of C too.

    A measure that no load of the machine moves.
    """
    count = 0

    def see(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(see)
    try:
        act()
    finally:
        sys.setprofile(before)
    return count


def problems(text: str) -> tuple:
    """Return what is wrong with a text."""
    with pytest.raises(ScenarioError) as caught:
        parse(text)
    return caught.value.problems


WRONG = {
    "steps": lambda n: "jobs: {a: {timeline: [" + "{status: 1, for: 1 poll}, " * n + "]}}",
    "kinds": lambda n: "jobs: {a: {timeline: [" + "{}, " * n + "]}}",
    "jobs": lambda n: "jobs:\n" + "".join(f"  j{i}: {{timelin: []}}\n" for i in range(n)),
    "keys": lambda n: "api_keys:\n" + "".join(f"  k{i}: actve{i}\n" for i in range(n)),
    "twice": lambda n: "seed: 1\n" * n,
    "unknown": lambda n: "".join(f"k{i}: 1\n" for i in range(n)),
    "groups": lambda n: "generated_jobs: [" + "{count: 0, error: x}, " * n + "]",
    "anchors": lambda n: "x-a: [" + ", ".join(f"*a{i}" for i in range(n)) + "]",
    "ids": lambda n: "new_jobs: {ids: [" + "[], " * n + "]}",
    "calls": lambda n: "calls: {file_upload: [" + "{fault: tmeout}, " * n + "]}",
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_thousand_problems_are_named(kind):
    """Whatever is wrong with a file, and it is said that there are more."""
    found = problems(WRONG[kind](5_000))
    assert len(found) <= 1001
    assert any("more than 1,000 problems" in problem.text for problem in found)


@pytest.mark.parametrize("kind", WRONG)
def test_problems_below_a_thousand_are_all_named(kind):
    """None is left out."""
    assert len(problems(WRONG[kind](200))) >= 199


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x85", "\u2028", "\u2029"])
def test_directives_are_counted_after_every_kind_of_line_end(end):
    """Each costs as much as there are before it."""
    (problem,) = problems("".join(f"%TAG !a{n}! x{end}" for n in range(1000)) + "---\njobs: {}\n")
    assert "more than 100 lines begin with %" in problem.text


def masked(keys: int, lines: int) -> int:
    """Return the cost of masking so many lines of a scenario with so many keys."""
    declared = "".join(f"  key-of-somebody-{n}: active\n" for n in range(keys))
    text = f"api_keys:\n{declared}" + "# nothing to hide\n" * lines
    return calls_of(lambda: masked_text(text))


def test_masking_costs_what_it_reads():
    """Twice the keys and twice the text cost twice, not four times."""
    assert masked(LARGE, LARGE) < 2.5 * masked(SMALL, SMALL)


def test_masking_problems_reads_the_keys_once():
    """Not once for each problem."""
    text = "api_keys:\n" + "".join(f"  key-number-{n}: actve\n" for n in range(SMALL))
    found = problems(text)
    one = calls_of(lambda: masked_problems(text, found[:1]))
    assert calls_of(lambda: masked_problems(text, found)) < 3 * one


@pytest.mark.parametrize(
    ("key", "text", "shown"),
    [
        ("secret-key-1", "a 'secret-key-1' b", "a 'secr…' b"),
        ("secret-key-1", "secret-key-12 my-secret-key-1", "secret-key-12 my-secret-key-1"),
        ("two words", "(two words)", "(tw…)"),
        ("%odd one", "x %odd one x%odd one", "x %o… x%odd one"),
        ("two", "two two, two words", "… …, tw…"),
    ],
)
def test_keys_are_masked_as_words_of_their_own(key, text, shown):
    """As they are, at their ends; the longest that fits."""
    declared = f"api_keys: {{'{key}': active, 'two words': active}}\n# {text}\n"
    assert masked_text(declared).splitlines()[1] == f"# {shown}"
