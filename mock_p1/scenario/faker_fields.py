"""What a scenario leaves to the mock to invent.

A Faker provider and its arguments, checked when the file is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

from mock_p1.base.record import Discriminator, Record, Tag
from mock_p1.base.rules import wrong
from mock_p1.scenario.document import ScenarioReading
from mock_p1.scenario.faker_values import problems_with

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, ValidationInfo
    from pydantic_core import CoreSchema

MAX_FAKES: Final = 10_000
"""So many different ones may a scenario hold: each is tried, and trying takes time."""


class Fake(Record):
    """A Faker provider and its arguments: ``{fake: sentence, nb_words: 4, locale: ja_JP}``."""

    fake: str
    """A Faker provider; its arguments stand beside it."""
    locale: str = "en_US"
    """A Faker locale: ja_JP."""
    beside: dict[str, Any] = {}
    """What stands beside these keys: the arguments."""

    @property
    def arguments(self) -> dict[str, Any]:
        """The provider's keyword arguments; keys that begin with ``x-`` are none."""
        return {key: _bare(value) for key, value in self.beside.items() if not key.startswith("x-")}


def _bare(value: object) -> object:
    """Return a value with plain numbers in it: a provider may hand on what it was given."""
    match value:
        case dict():
            return {key: _bare(inner) for key, inner in value.items()}
        case list():
            return [_bare(inner) for inner in value]
        case bool():
            return value
        case int():
            return int(value)
        case float():
            return float(value)
        case _:
            return value


class Draws(NamedTuple):
    """Annotates a fake that must draw values of ``kind``."""

    kind: type

    def __get_pydantic_core_schema__(
        self, source: type, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check by drawing."""
        from pydantic_core import core_schema  # noqa: PLC0415 -- takes long, and is needed late

        return core_schema.with_info_after_validator_function(self._check, handler(source))

    def _check(self, fake: Fake, info: ValidationInfo) -> Fake:
        from mock_p1.base.record_reader import all_of  # noqa: PLC0415 -- likewise

        reading = info.context if isinstance(info.context, ScenarioReading) else ScenarioReading()
        known = reading.fakes
        key = repr((fake, self.kind))
        if key not in known:
            if len(known) >= MAX_FAKES:
                raise wrong(f"more than {MAX_FAKES:,} different fakes; write some values out")
            known[key] = problems_with(
                fake.fake, fake.locale, fake.arguments, self.kind, reading.values
            )
        if problems := known[key]:
            raise all_of([((name,), wrong(text)) for name, text in problems])
        return fake


def _branch(value: object) -> str:
    return "<fake>" if isinstance(value, dict | Fake) else "<literal>"


Whole = Annotated[
    Annotated[int, Tag("<literal>")] | Annotated[Fake, Draws(int), Tag("<fake>")],
    Discriminator(_branch),
]
"""A whole number, or a fake that draws one."""

Words = Annotated[
    Annotated[str, Tag("<literal>")] | Annotated[Fake, Draws(str), Tag("<fake>")],
    Discriminator(_branch),
]
"""Text, or a fake that draws some."""
