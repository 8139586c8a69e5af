"""What rules of records are made of: a problem's words, names out of a list, text as written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from mock_p1.base.record import BeforeValidator, Path, Reading, Wrong
from mock_p1.base.text import shorten, unknown

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
    from pydantic_core import CoreSchema


def wrong(text: str, *, of_key: bool = False) -> Wrong:
    """Return a problem with a value, or with the key itself; braces in the text are no template."""
    from pydantic_core import PydanticCustomError  # noqa: PLC0415 -- takes long, and is needed late

    return PydanticCustomError("key" if of_key else "value", "{text}", {"text": text})


def refuse_unknown(data: dict[str, Any], known: Collection[str]) -> Iterator[tuple[Path, Wrong]]:
    """Return a problem for each key that is not known and does not begin with ``x-``."""
    return (
        ((str(key),), wrong(unknown("key", str(key), known), of_key=True))
        for key in data
        if key not in known and not str(key).startswith("x-")
    )


def kind_of(value: object) -> str:  # noqa: PLR0911 -- a table
    """Say what a value is, for 'it is …'."""
    match value:
        case None:
            return "empty"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {shorten(str(as_written(value)))}"
        case str():
            return f"the text {shorten(value)!r}"
        case list():
            return f"a list of {len(value)}" if value else "an empty list"
        case Mapping():
            return "a mapping" if value else "an empty mapping"
        case _:
            return f"of type {type(value).__name__}"


class OneOf(NamedTuple):
    """Annotates a text that must be one of ``names``; ``what`` is what the names name.

    ``say`` is asked what to say of another text.
    """

    what: str
    names: tuple[str, ...]
    say: Callable[[str, str, Collection[str]], str] = unknown

    def __get_pydantic_core_schema__(
        self, source: type, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check before the text itself is checked: whatever stands there is held against names."""
        from pydantic_core import core_schema  # noqa: PLC0415 -- takes long, and is needed late

        return core_schema.with_info_before_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Let editors offer the names."""
        return {**handler(schema), "enum": list(self.names)}

    def _check(self, name: object, info: ValidationInfo) -> object:
        if isinstance(name, str) and name in self.names:
            return name
        reading = Reading.of(info)
        if reading.is_enough:
            return self.names[0]
        reading.failed += 1
        if not isinstance(name, str):
            raise wrong(f"must be one of {', '.join(self.names)}; it is {kind_of(name)}")
        raise wrong(self.say(self.what, name, self.names))


def as_written(value: object) -> object:
    """Return a number as it was written in the file; anything else as it is."""
    return getattr(value, "raw", value)


def _text_as_written(value: object, info: ValidationInfo) -> object:
    text, reading = as_written(value), Reading.of(info)
    if reading.is_enough:
        return ""
    reading.failed += not isinstance(text, str)
    return text


WrittenText = Annotated[
    str, BeforeValidator(_text_as_written, json_schema_input_type=str | int | float)
]
"""Text, or a number taken as it was written."""
