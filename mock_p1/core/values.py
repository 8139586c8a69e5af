"""Seeded Faker values: what a scenario leaves to the mock to invent. The same seed and place give the same value."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from mock_p1.core.problems import unknown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from faker import Faker


def seed_for(*place: object) -> int:
    """Return a seed that depends on nothing but the parts of ``place``, the same on every machine."""
    return int.from_bytes(blake2b("\x1f".join(map(str, place)).encode("utf-8", "replace"), digest_size=8).digest())


def draw(provider: str, locale: str, arguments: Mapping[str, Any], seed: int) -> Any:  # noqa: ANN401 -- what it draws
    """Return the value that a Faker provider draws with this seed."""
    faker = _faker(locale)
    faker.seed_instance(seed)
    return getattr(faker, provider)(**arguments)


def problem_with(provider: str, locale: str, arguments: Mapping[str, Any], kind: type) -> str | None:
    """Say what is wrong with a fake that should draw a value of ``kind``; None if nothing is."""
    if locale not in _locales():
        return unknown("Faker locale", locale, _locales())
    if provider not in _providers(locale):
        return unknown("Faker provider", provider, _providers(locale))
    try:
        drawn = draw(provider, locale, arguments, 0)
    except Exception as error:  # noqa: BLE001 -- a provider may raise anything over its arguments
        return f"Faker provider {provider!r} does not take these arguments: {error}"
    if type(drawn) is not kind:
        return f"Faker provider {provider!r} draws {type(drawn).__name__}; here it must be {kind.__name__}"
    return None


@cache
def _module() -> ModuleType:
    import faker  # noqa: PLC0415 -- takes 0.35 s, and most scenarios invent nothing

    return faker


@cache
def _faker(locale: str) -> Faker:
    made: Faker = _module().Faker(locale)
    return made


@cache
def _providers(locale: str) -> tuple[str, ...]:
    (generator,) = _faker(locale).factories
    hidden = ("seed", "seed_instance", "add_provider", "format", "get_formatter", "set_formatter", "parse", "provider")
    return tuple(
        name
        for name in dir(generator)
        if not name.startswith("_") and callable(getattr(generator, name)) and name not in hidden
    )


@cache
def _locales() -> tuple[str, ...]:
    from faker.config import AVAILABLE_LOCALES  # noqa: PLC0415 -- as above

    return tuple(sorted(AVAILABLE_LOCALES))
