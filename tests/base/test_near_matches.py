"""How problems are put."""

import pytest

from mock_p1.base.text import nearest, shorten, unknown
from mock_p1.scenario.problems import Problem, ScenarioError


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        (
            "tiemout",
            ["timeout", "slow_body"],
            "unknown x 'tiemout'; known: slow_body, timeout; did you mean timeout?",
        ),
        ("TIMEOUT", ["timeout"], "unknown x 'TIMEOUT'; known: timeout; did you mean timeout?"),
        ("zzz", ["b", "a", "a"], "unknown x 'zzz'; known: a, b"),
        ("zzz", [], "unknown x 'zzz'; known: none"),
        ("a\nb", [], "unknown x 'a\\nb'; known: none"),
        (
            "n-7",
            (f"n-{n}" for n in range(3)),
            "unknown x 'n-7'; known: n-0, n-1, n-2; did you mean n-2?",
        ),
    ],
)
def test_what_is_unknown(name, known, expected):
    """What was possible, in order, and what was perhaps meant; on one line."""
    assert unknown("x", name, known) == expected


def test_of_very_many_the_closest_are_named():
    """And how many there are."""
    message = unknown("job", "retrian-77", [f"retrain-{number}" for number in range(20_000)])
    assert message.startswith("unknown job 'retrian-77'; known: retrain-77, ")
    assert message.endswith(", … (20,000 in all); did you mean retrain-77?")
    assert len(message) < 200


def test_where_nothing_is_close_the_first_are_named():
    """To show what such names look like."""
    message = unknown("job", "???", [f"retrain-{number:03}" for number in range(100)])
    assert message == (
        "unknown job '???'; known: "
        "retrain-000, retrain-001, retrain-002, retrain-003, retrain-004, … (100 in all)"
    )


@pytest.mark.parametrize(
    ("name", "expected"), [("ploll", "poll"), ("xyz", None), ("", None), ("p" * 100_000, None)]
)
def test_the_nearest_name(name, expected):
    """Only if it is near."""
    assert nearest(name, ["poll", "manual"]) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("upload_file", "file_upload"), ("Switch-Model", "model_switch"), ("load_up", None)],
)
def test_the_words_of_a_name_in_another_order(name, expected):
    """They are near, however unlike the letters are."""
    assert nearest(name, ["file_upload", "model_switch"]) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("abc", "abc"), ("abcd", "abcd"), ("abcde", "abc…")]
)
def test_long_texts_are_cut(text, expected):
    """To their beginning and an ellipsis, as long as the limit."""
    assert shorten(text, 4) == expected


def test_problems_stand_in_the_order_of_the_file():
    """Each once, one on a line; what has no place comes without one."""
    first, second, nowhere = (
        Problem("f", 2, 9, "b"),
        Problem("f", 10, 1, "a"),
        Problem("f", 0, 0, "c"),
    )
    error = ScenarioError([second, first, nowhere, first])
    assert error.problems == (nowhere, first, second)
    assert str(error) == "f: c\nf:2:9: b\nf:10:1: a"


def test_what_is_no_text_is_unknown_too():
    """A test may hand over anything, such as the HTTP status where a name belongs."""
    assert unknown("job", 429, ["retrain-001"]) == "unknown job '429'; known: retrain-001"
