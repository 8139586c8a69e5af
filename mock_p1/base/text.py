"""Words for people: names that are unknown and which was meant, text cut short, keys masked."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from itertools import islice
from typing import Final

MANY: Final = 20
"""So many known names are listed; of more than that, only the closest."""

CLOSEST: Final = 5
COMPARED: Final = 500
"""So many known names are looked at for the closest; comparing is slow."""


def unknown(what: str, name: str, known: Iterable[str], in_all: int | None = None) -> str:
    """Say that ``name`` is none of the known ones, which those are, and which was meant.

    Of very many the closest are named. There may be more ``in_all`` than are handed over.
    """
    name = str(name)  # a test may hand over anything, such as 429
    known = known if isinstance(known, Collection) else list(known)
    names = tuple(sorted(set(islice(known, COMPARED))))
    near = nearest(name, names)
    if len(names) > MANY:
        close = _closest(shorten(name), names, CLOSEST) or names[:CLOSEST]
        listed = f"{', '.join(map(printable, close))}, … ({in_all or len(known):,} in all)"
    else:
        listed = ", ".join(map(printable, names)) or "none"
    return f"unknown {what} {shorten(name)!r}; known: {listed}" + (
        f"; did you mean {printable(near)}?" if near else ""
    )


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name closest to ``name``, or None if none is close.

    One of the same words in another order, as ``upload_file``, is the closest.
    """
    by_folded = {candidate.casefold(): candidate for candidate in islice(known, COMPARED)}
    found = _closest(shorten(name).casefold(), tuple(by_folded), 1)
    return by_folded[found[0]] if found else None


@lru_cache(maxsize=256)  # the same slip comes again and again, and comparing is slow
def _closest(name: str, known: tuple[str, ...], count: int) -> list[str]:
    from difflib import get_close_matches  # noqa: PLC0415 -- takes long, and slips are rare

    words = _words(name)
    turned = [each for each in known if len(each) == len(name) and _words(each) == words]
    close = get_close_matches(name, known, count, 0.6 if count == 1 else 0.4)
    return [*dict.fromkeys((*turned, *close))][:count]


def _words(name: str) -> list[str]:
    return sorted(re.split(r"[\W_]", name))


def shorten(text: str, limit: int = 80) -> str:
    """Return ``text``, or its beginning and an ellipsis where it is longer than ``limit``."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def plural(count: int, noun: str) -> str:
    """Return a number and what it counts: ``1 poll``, ``2 polls``, ``1,000 polls``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def mask(key: str) -> str:
    """Return what may be shown of an API key: its first characters, never all of it."""
    shown = 4 if len(key) >= 12 else 2 if len(key) >= 6 else 0  # noqa: PLR2004 -- at most a third of it
    return f"{printable(key[:shown])}…" if key else ""


SHOWN: Final = 120
"""Characters of a name that a line shows; enough to recognise it."""


def printable(text: str, limit: int = SHOWN) -> str:
    """Return ``text`` cut to ``limit``, with line ends, escape sequences and such written out."""
    return in_one_line(shorten(text, limit))


def in_one_line(text: str) -> str:
    """Return the whole of ``text``, likewise."""
    return (
        text if text.isprintable() else "".join(c if c.isprintable() else _escaped(c) for c in text)
    )


def visible(text: str) -> str:
    """Return ``text`` with escape sequences and such written out; line ends stay."""
    return "".join(c if c == "\n" or c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
