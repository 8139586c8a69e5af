"""How long: what ``for:`` and ``delay:`` of a step may say."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated, Final, NamedTuple

from mock_p1.base.duration_field import DURATION_PATTERN, SOME_TIME_PATTERN, span_in
from mock_p1.base.durations import LONGEST_TEXT
from mock_p1.base.record import PlainValidator, WithJsonSchema
from mock_p1.base.rules import as_written, kind_of, wrong
from mock_p1.base.text import nearest, shorten

MAX_POLLS: Final = 1_000_000_000
MAX_DIGITS: Final = 20

_POLLS = re.compile(rf"([0-9]{{1,{MAX_DIGITS}}}) *polls?")
_NUMBER_AND_WORD = re.compile(rf"([0-9]{{1,{MAX_DIGITS}}})? *([a-z]{{1,20}})", re.IGNORECASE)
_FOR: Final = (
    "a number of polls (2 polls), a duration (500ms, 90s, 1h30m), manual or, at a first step, "
    "upload"
)
_HOW_TO_DELAY: Final = "delay: must be a duration (300ms) or a range of two (100ms..2s)"


class Stage(NamedTuple):
    """How long one step lasts: a number of polls, nanoseconds, or until its file has come.

    An element of ``calls:`` counts calls as ``polls``, and may last until its job is polled. With
    none of these it lasts until it is moved on.

    The last step of a timeline that does not loop has neither either: it never ends.
    """

    polls: int | None = None
    lasts_ns: int | None = None
    until_upload: bool = False
    until_poll: bool = False


class Span(NamedTuple):
    """From ``low`` to ``high`` nanoseconds; equal where nothing is drawn."""

    low_ns: int
    high_ns: int


def _limit(value: object) -> Stage:
    """Return how long a step lasts."""
    if isinstance(value, Stage):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = shorten(str(as_written(value)))
        if value <= 0:
            raise wrong(f"for: {number} can never be; write 1 poll, 1s, or more")
        polls = f"{so_many(number, 'poll')} or " * isinstance(value, int)
        raise wrong(f"for: {number} has no unit; write {polls}{number}s")
    if not isinstance(value, str):
        raise wrong(f"for: must be {_FOR}; it is {kind_of(value)}")
    text = value.strip()
    return (stage_of if len(text) <= LONGEST_TEXT else stage_of.__wrapped__)(text)


@lru_cache(256)  # a timeline says the same few again and again
def stage_of(text: str) -> Stage:
    """Return how long a step lasts whose ``for:`` has this text, without blanks around it."""
    if text == "manual":
        return Stage()
    if waits_for_file(text):
        return Stage(until_upload=True)
    if found := _POLLS.fullmatch(text):
        if not 1 <= int(found[1]) <= MAX_POLLS:
            raise wrong(
                f"for: {text} can never be; a step lasts at least 1 poll and at most {MAX_POLLS:,}"
            )
        return Stage(polls=int(found[1]))
    lasts_ns = span_in(
        text,
        lambda: f"for: {shorten(text)!r} is not {_FOR}{_meant(text)}",
        nothing=f"for: {shorten(text)} can never be; a step lasts longer than nothing",
    )
    return Stage(lasts_ns=lasts_ns)


def waits_for_file(length: object) -> bool:
    """Tell whether a ``for:`` says that its step lasts until the file has come."""
    if isinstance(length, Stage):
        return length.until_upload
    return isinstance(length, str) and length.strip() == "upload"


def _meant(text: str) -> str:
    """Return what was perhaps meant by a slip such as ``3 pols`` or ``manuel``."""
    found = _NUMBER_AND_WORD.fullmatch(text)
    if found is None:
        return ""
    number, word = found[1], found[2]
    near = nearest(word, ("manual", "upload") if number is None else ("polls", "ms", *_LONG_UNITS))
    if near is None:
        return ""
    if number is None:
        return f"; did you mean {near}?"
    meant = so_many(number, "poll") if near == "polls" else number + _LONG_UNITS.get(near, near)
    return f"; did you mean {meant}?"


def so_many(number: str, noun: str) -> str:
    """Return a number as it is written in a scenario, and what it counts."""
    return f"{number} {noun}{'' if number == '1' else 's'}"


_LONG_UNITS: Final = {
    "seconds": "s",
    "secs": "s",
    "minutes": "m",
    "mins": "m",
    "hours": "h",
    "days": "d",
}


def _delay(value: object) -> Span:
    if isinstance(value, Span):
        return value
    if not isinstance(value, str):
        raise wrong(f"{_HOW_TO_DELAY}; it is {kind_of(value)}")
    low, dots, high = value.partition("..")
    parts = (low, high if dots else low)
    span = Span(
        *(span_in(part, lambda: f"{_HOW_TO_DELAY}; it is {kind_of(value)}") for part in parts)
    )
    if span.low_ns > span.high_ns:
        better = f"{high.strip()}..{low.strip()}"
        raise wrong(f"delay: {shorten(value)} begins above its end; write {shorten(better)}")
    return span


# the same as the functions above, as far as a regular expression goes: it cannot add up, nor
# compare
SO_MANY_PATTERN: Final = (
    rf"(?![0-9]{{{MAX_DIGITS + 1}}})0*(?:[1-9][0-9]{{0,{len(str(MAX_POLLS)) - 2}}}|{MAX_POLLS})"
)
Limit = Annotated[
    Stage,
    PlainValidator(_limit),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": rf"^\s*(manual|upload|{SO_MANY_PATTERN} *polls?|{SOME_TIME_PATTERN})\s*$",
            "description": _FOR,
        }
    ),
]
"""How long a step lasts."""


Delay = Annotated[
    Span,
    PlainValidator(_delay),
    WithJsonSchema(
        {"type": "string", "pattern": rf"^\s*{DURATION_PATTERN}\s*(\.\.\s*{DURATION_PATTERN}\s*)?$"}
    ),
]
"""How long an answer is held back."""
