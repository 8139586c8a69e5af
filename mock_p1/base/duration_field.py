"""A span of time as a field of a model: written as text, kept as nanoseconds."""

from __future__ import annotations

from typing import Annotated, Final

from mock_p1.base import durations
from mock_p1.base.record import PlainValidator, WithJsonSchema
from mock_p1.base.rules import kind_of, wrong
from mock_p1.base.text import shorten


def _duration(value: object) -> int:
    if not isinstance(value, str):
        raise wrong(f"must be {durations.HOW_TO_WRITE}; it is {kind_of(value)}")
    try:
        span_ns = durations.parse_duration(value)
    except durations.TooLong as error:
        raise wrong(str(error)) from None
    except ValueError:
        raise wrong(f"{shorten(value.strip())!r} is not {durations.HOW_TO_WRITE}") from None
    if span_ns == 0:
        raise wrong(f"{shorten(value.strip())} is nothing; it must be longer")
    return span_ns


DURATION_PATTERN: Final = durations.PATTERN.replace("(", "(?:")
SOME_TIME_PATTERN: Final = rf"(?=.*[1-9]){DURATION_PATTERN}"
Duration = Annotated[
    int,
    PlainValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": rf"^\s*{SOME_TIME_PATTERN}\s*$"}),
]
"""A span of time above nothing, in nanoseconds."""
