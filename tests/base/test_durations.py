"""Spans of time as people write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_p1.base.durations import LONGEST, UNITS, format_duration, nanoseconds, parse_duration

SECOND = UNITS["s"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("500ms", SECOND // 2),
        ("90s", 90 * SECOND),
        ("1h30m", 5400 * SECOND),
        ("2d", 172_800 * SECOND),
        ("1.5s", SECOND * 3 // 2),
        ("0.000000001s", 1),
        ("1h 30m", 5400 * SECOND),
        (" 90 s ", 90 * SECOND),
        ("0s", 0),
        ("3650d", LONGEST),
        ("00000000000000000090s", 90 * SECOND),
    ],
)
def test_what_a_duration_means(text, expected):
    """A number and a unit, or several."""
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "90",
        "s",
        "-5s",
        "+5s",
        "5 seconds",
        "1 0s",
        "1..5s",
        ".5s",
        "5.s",
        "1e3s",
        "\uff15s",
        "1h30",
        "1:30",
        "s5",
        "1S",
        "9" * 30 + "s",
    ],
)
def test_what_is_no_duration(text):
    """The message says how to write one."""
    with pytest.raises(ValueError, match="is not a duration such as 500ms, 90s, 1h30m or 2d"):
        parse_duration(text)


@pytest.mark.parametrize(
    "text",
    ["3650d1ms", "3651d", "99999999999999999999d", "99999999999999999999.99999999999999999999d"],
)
def test_ten_years_are_the_longest(text):
    """Beyond that it is a slip."""
    with pytest.raises(ValueError, match="longer than ten years"):
        parse_duration(text)


@given(st.integers(0, LONGEST // UNITS["ms"]).map(lambda count: count * UNITS["ms"]))
def test_what_is_written_can_be_read(span):
    """To the millisecond."""
    assert parse_duration(format_duration(span)) == span


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (0, "0s"),
        (1, "1ms"),
        (90 * SECOND, "1m30s"),
        (5400 * SECOND, "1h30m"),
        (SECOND + 1, "1s1ms"),
        (UNITS["d"], "1d"),
    ],
)
def test_how_a_span_is_shown(span, expected):
    """The way a person would write it.

    What is left of a millisecond is rounded up, for there is something to wait.
    """
    assert format_duration(span) == expected


@pytest.mark.parametrize(
    ("span", "expected"), [("90s", 90), (90, 90), (1.5, 1.5), (timedelta(minutes=2), 120), (0, 0)]
)
def test_a_span_in_any_form(span, expected):
    """Text, seconds or timedelta."""
    assert nanoseconds(span) == expected * SECOND


@pytest.mark.parametrize(
    "span",
    [
        -1,
        -0.001,
        timedelta(seconds=-1),
        float("nan"),
        float("inf"),
        1e300,
        10**400,
        315_360_001,
        "11d x",
    ],
)
def test_a_span_that_is_none(span):
    """Neither negative, nor without end, nor beyond ten years."""
    with pytest.raises(ValueError, match=r"between 0 and ten years|is not a duration"):
        nanoseconds(span)


@pytest.mark.parametrize("span", [None, [1], {"seconds": 1}])
def test_what_cannot_be_a_span(span):
    """Is answered with what can."""
    with pytest.raises(TypeError, match="a number of seconds or a timedelta, not"):
        nanoseconds(span)


def test_a_duration_of_very_many_parts_is_none():
    """Nobody writes one, and to match it would take gigabytes."""
    assert parse_duration("1s" * 500) == 500 * 1_000_000_000
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration("1s" * 501)
