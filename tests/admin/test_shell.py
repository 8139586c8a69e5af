"""Lines for a shell, to be copied."""

import shlex
import sys
from pathlib import Path, PurePosixPath

import pytest

from mock_p1.admin.curl_line import curl, quoted


@pytest.mark.parametrize(
    "text", ["x-api-key: demo-key", "http://127.0.0.1/a%20b?c=d&e", "a'b", "a*b"]
)
def test_quoted_for_both_shells(text):
    """What both shells leave alone inside double quotes stands in them."""
    assert quoted(text) == f'"{text}"'


@pytest.mark.parametrize("text", ["$HOME", "a`b", 'a"b', "a\\b", "a!b", "it's $5"])
def test_quoted_for_bash(text):
    """What bash would expand inside double quotes stands in single ones, and arrives as it was."""
    assert quoted(text).startswith("'")
    assert shlex.split(quoted(text)) == [text]


def test_a_line_names_whom_to_trust(monkeypatch):
    """The authority's file is part of the line, in slashes that both shells take."""
    monkeypatch.setattr(sys, "platform", "linux")
    assert (
        curl("k", "https://h/a", Path("a b/ca.pem"))
        == 'curl --cacert "a b/ca.pem" -H "x-api-key: k" "https://h/a"'
    )
    assert curl("k", "http://h/a", None, "-sS") == 'curl -sS -H "x-api-key: k" "http://h/a"'


def test_a_line_for_windows(monkeypatch):
    """PowerShell 5.1 has another `curl`; and nobody there can say what an authority has revoked."""
    monkeypatch.setattr(sys, "platform", "win32")
    assert curl("k", "http://h/a", None) == 'curl.exe -H "x-api-key: k" "http://h/a"'
    assert curl("k", "https://h/a", PurePosixPath("C:/ca.pem")) == (
        'curl.exe --ssl-no-revoke --cacert "C:/ca.pem" -H "x-api-key: k" "https://h/a"'
    )
