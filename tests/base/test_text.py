"""Text from elsewhere, made fit for one line."""

import pytest

from mock_p1.base.text import mask, plural, printable, unknown


@pytest.mark.parametrize("text", ["plain", "再学習", "a b", "ünïcödé", "…"])
def test_printable_text_stays(text):
    """What can be printed is printed as it is."""
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", r"a\nb"),
        ("\x1b[31m", r"\x1b[31m"),
        ("\u2028", r"\u2028"),
        ("\x9b", r"\x9b"),
        ("\udce9", r"\udce9"),
    ],
)
def test_the_rest_is_written_out(text, shown):
    """Line ends, escape sequences and half characters are written out."""
    assert printable(text) == shown


def test_long_text_is_cut():
    """Text longer than the limit ends in an ellipsis."""
    assert printable("x" * 50, 10) == "x" * 9 + "…"


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 polls"), (1, "1 poll"), (2, "2 polls"), (1000, "1,000 polls")]
)
def test_what_is_counted_is_one_or_several(count, said):
    """Only one of a kind goes without the s."""
    assert plural(count, "poll") == said


def test_known_names_are_written_out():
    """A client may have made them up, and they are shown to choose from."""
    assert unknown("job", "job-1\n", ["job-1\x1b"]) == (
        r"unknown job 'job-1\n'; known: job-1\x1b; did you mean job-1\x1b?"
    )
    assert "\x1b" not in unknown("job", "a", [f"a\x1b{number}" for number in range(99)])


def test_what_is_shown_of_a_key_is_written_out():
    """Of a long one its first characters."""
    assert mask("k\t\x9bey-1234567890") == r"k\t\x9be…"
