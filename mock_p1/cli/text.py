"""Text that comes from elsewhere, made fit to be shown on one line of a terminal or a log."""

from __future__ import annotations

from typing import Final

from mock_p1.core.problems import shorten

SHOWN: Final = 120
"""Characters of a name that a line shows; enough to recognise it."""


def printable(text: str, limit: int = SHOWN) -> str:
    """Return ``text`` cut to ``limit``, with line ends, escape sequences and the like written out."""
    text = shorten(text, limit)
    return text if text.isprintable() else "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
