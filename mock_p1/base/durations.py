"""Spans of time as people write them: ``500ms``, ``90s``, ``1h30m``. Inside, whole nanoseconds."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

from mock_p1.base.text import shorten

UNITS: Final = {
    "d": 86_400_000_000_000,
    "h": 3_600_000_000_000,
    "m": 60_000_000_000,
    "s": 1_000_000_000,
    "ms": 1_000_000,
}
LONGEST: Final = 10 * 365 * UNITS["d"]
"""Ten years; anything longer is refused."""

LONGEST_TEXT: Final = 1000
"""Characters of a duration; matching a pattern of very many parts takes much memory."""

HOW_TO_WRITE: Final = "a duration such as 500ms, 90s, 1h30m or 2d"
PATTERN: Final = r"([0-9]{1,20}(\.[0-9]{1,20})? *(ms|s|m|h|d) *)+"

_PART = re.compile(r"([0-9.]+) *(ms|s|m|h|d)")
_WHOLE = re.compile(PATTERN)


class TooLong(ValueError):  # noqa: N818 -- says what it is
    """A span of more than ten years."""


@lru_cache(256)  # a timeline says the same few again and again
def parse_duration(text: str) -> int:
    """Return the nanoseconds of a duration such as ``1h30m``.

    ValueError if it is none or over ten years.
    """
    if len(text) > LONGEST_TEXT or not _WHOLE.fullmatch(text.strip()):
        raise ValueError(f"{shorten(text)!r} is not {HOW_TO_WRITE}")
    total = sum((Decimal(number) * UNITS[unit] for number, unit in _PART.findall(text)), Decimal(0))
    if total > LONGEST:
        raise TooLong(f"{shorten(text)!r} is longer than ten years, the longest there is")
    return int(total)


def nanoseconds(span: str | float | timedelta) -> int:
    """Return the nanoseconds of a span given as text (``"90s"``), as seconds, or as a timedelta.

    ValueError if it is negative, no duration, or over ten years; TypeError if it is none of the
    three.
    """
    if isinstance(span, str):
        return parse_duration(span)
    if type(span) is bool or not isinstance(span, int | float | timedelta):
        raise TypeError(
            f"a span of time is {HOW_TO_WRITE}, a number of seconds or a timedelta, not {span!r}"
        )
    seconds = span.total_seconds() if isinstance(span, timedelta) else span
    if not 0 <= seconds * UNITS["s"] <= LONGEST:
        raise ValueError(
            f"a span of time is between 0 and ten years, not {shorten(str(seconds))} s"
        )
    return round(seconds * UNITS["s"])


def format_duration(ns: int) -> str:
    """Write nanoseconds as a person would.

    ``1h30m``, ``90s`` as ``1m30s``, ``0s``; below a millisecond, rounded up.
    """
    rest = -(-ns // UNITS["ms"]) * UNITS["ms"]
    parts = []
    for unit, size in UNITS.items():
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def format_seconds(seconds: float, *, parts: int = 10) -> str:
    """Write seconds likewise, rounded to tenths, or to so many parts of one."""
    return format_duration(round(seconds * parts) * UNITS["s"] // parts)
