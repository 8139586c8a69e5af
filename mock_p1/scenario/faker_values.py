"""Seeded Faker values: what a scenario leaves to the mock to invent.

The same seed and place give the same value.
"""

from __future__ import annotations

import random
import sys
from functools import cache, partial
from hashlib import blake2b
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from mock_p1.base.text import shorten, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from faker import Faker


TRIED: Final = 5
"""With so many seeds a fake is tried: what it draws may be of one kind now and of another then."""

_CLOCKS: Final = frozenset(
    {"datetime.now", "datetime.utcnow", "date.today", "datetime.today", "time", "time_ns"}
)
_COMMON_CHANCE: Final = getattr(
    random.random, "__self__", random
)  # some providers draw from it, past their seed
_LOCK = Lock()


def seed_for(*place: object) -> int:
    """Return a seed that depends on nothing but the parts of ``place``, the same on every machine."""
    return int.from_bytes(
        blake2b("\x1f".join(map(str, place)).encode("utf-8", "replace"), digest_size=8).digest()
    )


def draw(provider: str, locale: str, arguments: Mapping[str, Any], seed: int) -> Any:  # noqa: ANN401 -- what it draws
    """Return the value that a Faker provider draws with this seed."""
    faker = _faker(locale)
    with (
        _LOCK
    ):  # a Faker is shared by all engines of this process, and seeding and drawing are two acts
        faker.seed_instance(seed)
        return getattr(faker, provider)(**arguments)


def problems_with(
    provider: str, locale: str, arguments: Mapping[str, Any], kind: type
) -> list[tuple[str, str]]:
    """Say what is wrong with a fake that should draw values of ``kind``.

    Pairs of a key it is about and a sentence.
    """
    problems = []
    if locale not in _locales():
        problems.append(("locale", unknown("Faker locale", locale, _locales())))
    known = _providers("en_US" if problems else locale)
    if provider not in known:
        problems.append(("fake", unknown("Faker provider", provider, known)))
    if not problems and (problem := _problem_drawing(provider, locale, arguments, kind)):
        problems.append(("fake", f"Faker provider {provider!r} {problem}"))
    return problems


def _problem_drawing(
    provider: str, locale: str, arguments: Mapping[str, Any], kind: type
) -> str | None:
    for seed in range(TRIED):
        try:
            drawn, beside_the_seed = _watch(partial(draw, provider, locale, arguments, seed))
        except Exception as error:  # noqa: BLE001 -- a provider may raise anything over its arguments
            return f"cannot be used like this: {shorten(str(error) or type(error).__name__, 200)}"
        if type(drawn) is not kind:
            return f"draws {type(drawn).__name__}; here it must be {kind.__name__}"
        if beside_the_seed:
            return f"{beside_the_seed}, so that the seed cannot fix what it draws; write the value, or take another"
    return None


def _watch(act: Callable[[], Any]) -> tuple[Any, str | None]:
    """Return what ``act`` returns, and what it went by beside its seed (unknown under a profiler.

    None).
    """
    if sys.getprofile() is not None:
        return act(), None
    found: list[str] = []

    def see(_: object, event: str, called: object) -> None:
        if event == "c_call" and (beside := _beside_the_seed(called)):
            found.append(beside)

    sys.setprofile(see)
    try:
        return act(), next(iter(found), None)
    finally:
        sys.setprofile(None)


def _beside_the_seed(called: object) -> str | None:
    """Say what this function of C goes by that no seed fixes; None if there is no such thing."""
    name = getattr(called, "__qualname__", "")
    if name in _CLOCKS:
        return "goes by today's date"
    if name == "urandom" or getattr(called, "__self__", None) is _COMMON_CHANCE:
        return "draws by a chance of its own"
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
    names = {
        name
        for provider in generator.get_providers()
        for name in dir(provider)
        if not name.startswith("_")
    }
    return tuple(sorted(name for name in names if callable(getattr(generator, name, None))))


@cache
def _locales() -> tuple[str, ...]:
    from faker.config import AVAILABLE_LOCALES  # noqa: PLC0415 -- as above

    return tuple(sorted(AVAILABLE_LOCALES))
