"""Names and patterns."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mock_p1.base.patterns import PatternTable, fits, sorted_patterns

LETTERS = st.text("ab.*\n", max_size=8)


@given(LETTERS, LETTERS)
@example("aXa", "a*a")
@example("a", "a*a")
@example("abab", "*ab")
@example("abcab", "ab*ab*ab")
def test_a_star_stands_for_any_text(name, pattern):
    """Also for none; all else is taken to the letter."""
    expression = ".*".join(map(re.escape, pattern.split("*")))
    assert fits(name, pattern) == (
        name == pattern or re.fullmatch(expression, name, re.DOTALL) is not None
    )


def test_many_stars_take_no_more_time():
    """A regular expression would still be trying."""
    assert not fits("a" * 1000, "*a" * 100 + "*b")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ab", "ab"),
        ("abc", "ab*"),
        ("ac", "a*"),
        ("xc", "*c"),
        ("x", "*"),
        ("", "*"),
        ("ab*", "ab*"),
    ],
)
def test_exact_then_in_order_then_the_star(name, expected):
    """The order of the file decides between patterns."""
    names = PatternTable(dict.fromkeys(["*", "ab", "ab*", "a*", "*c"]))
    assert names.find(name).name == expected


def test_patterns_in_the_order_they_are_tried():
    """A bare star last, however many stars it is written with."""
    assert sorted_patterns(["**", "b", "*", "b*", "a*"]) == ["b*", "a*", "**", "*"]


def test_a_hit_says_how_it_was_found():
    """By its own name or by a pattern."""
    names = PatternTable({"a": 1, "b*": 2})
    assert names.find("a") == ("a", 1, True)
    assert names.find("bb") == ("b*", 2, False)
    assert names.find("c") is None
    assert names.exact("b*") is None
    assert names.names == ["a", "b*"]


@given(st.lists(LETTERS), LETTERS)
@example(["*b", "a*"], "ab")
@example(["a*bb"], "ab")
def test_the_first_that_fits_is_found_among_many(names, name):
    """As if each were tried in turn; they are looked up by what they begin and end with."""
    table = PatternTable(dict.fromkeys(names))
    fitting = (each for each in sorted_patterns(dict.fromkeys(names)) if fits(name, each))
    hit = table.by_pattern(name)
    assert (hit and hit.name) == next(fitting, None)
