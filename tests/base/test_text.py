"""Text from elsewhere, made fit for one line."""

import pytest

from mock_p1.base.text import plural, printable


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
