"""Text that comes from elsewhere, made fit to be shown on one line of a terminal or a log."""

from __future__ import annotations

import re
from typing import Final

from mock_p1.core.problems import shorten

SHOWN: Final = 120
"""Characters of a name that a line shows; enough to recognise it."""


def printable(text: str, limit: int = SHOWN) -> str:
    """Return ``text`` cut to ``limit``, with line ends, escape sequences and the like written out."""
    text = shorten(text, limit)
    return text if text.isprintable() else "".join(c if c.isprintable() else _escaped(c) for c in text)


def quoted(text: str) -> str:
    """Return an argument that bash and Windows' cmd both take as it is: in double quotes, specials left alone by both.

    What only one of them would leave alone is quoted for bash.
    """
    if re.fullmatch(r"[\w .,:;/@+=~?&*()\[\]{}<>|#^'%-]*", text):
        return f'"{text}"'
    return "'" + text.replace("'", "'\\''") + "'"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
