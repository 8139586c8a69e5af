"""Text from elsewhere, made fit for one line."""

import shlex

import pytest

from mock_p1.cli.text import printable, quoted


@pytest.mark.parametrize("text", ["plain", "再学習", "a b", "ünïcödé", "…"])
def test_printable_text_stays(text):
    """What can be printed is printed as it is."""
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\nb", r"a\nb"), ("\x1b[31m", r"\x1b[31m"), ("\u2028", r"\u2028"), ("\x9b", r"\x9b"), ("\udce9", r"\udce9")],
)
def test_the_rest_is_written_out(text, shown):
    """Line ends, escape sequences and half characters are written out."""
    assert printable(text) == shown


def test_long_text_is_cut():
    """Text longer than the limit ends in an ellipsis."""
    assert printable("x" * 50, 10) == "x" * 9 + "…"


@pytest.mark.parametrize("text", ["x-api-key: demo-key", "http://127.0.0.1/a%20b?c=d&e", "a'b", "a*b"])
def test_quoted_for_both_shells(text):
    """What both shells leave alone inside double quotes stands in them."""
    assert quoted(text) == f'"{text}"'


@pytest.mark.parametrize("text", ["$HOME", "a`b", 'a"b', "a\\b", "a!b", "it's $5"])
def test_quoted_for_bash(text):
    """What bash would expand inside double quotes stands in single ones, and arrives as it was."""
    assert quoted(text).startswith("'")
    assert shlex.split(quoted(text)) == [text]
