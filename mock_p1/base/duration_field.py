"""A span of time as a field of a model: written as text, kept as nanoseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from mock_p1.base import durations
from mock_p1.base.record import PlainValidator, WithJsonSchema
from mock_p1.base.rules import kind_of, wrong
from mock_p1.base.text import shorten

if TYPE_CHECKING:
    from collections.abc import Callable


def span_in(text: str, otherwise: Callable[[], str], nothing: str | None = None) -> int:
    """Return the nanoseconds of a duration; where a text is none, ``otherwise`` says what is wrong.

    ``nothing`` says why it cannot be 0. Raises what pydantic takes for a problem.
    """
    try:
        span_ns = durations.parse_duration(text)
    except durations.TooLong as error:
        raise wrong(str(error)) from None
    except ValueError:
        raise wrong(otherwise()) from None
    if nothing is not None and span_ns == 0:
        raise wrong(nothing)
    return span_ns


def _duration(value: object) -> int:
    if not isinstance(value, str):
        raise wrong(f"must be {durations.HOW_TO_WRITE}; it is {kind_of(value)}")
    return span_in(
        value,
        lambda: f"{shorten(value.strip())!r} is not {durations.HOW_TO_WRITE}",
        nothing=f"{shorten(value.strip())} is nothing; it must be longer",
    )


DURATION_PATTERN: Final = durations.PATTERN.replace("(", "(?:")
SOME_TIME_PATTERN: Final = rf"(?=.*[1-9]){DURATION_PATTERN}"
Duration = Annotated[
    int,
    PlainValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": rf"^\s*{SOME_TIME_PATTERN}\s*$"}),
]
"""A span of time above nothing, in nanoseconds."""
