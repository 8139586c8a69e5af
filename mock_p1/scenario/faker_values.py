"""Seeded Faker values: what a scenario leaves to the mock to invent.

The same seed and place give the same value, with two exceptions that are Faker's: providers that
go by today's date (``date``, ``date_time``, ``iso8601``, ``time``, ``year``, ``unix_time``,
``past_date``, ``future_date``, ``credit_card_expire`` and their like) draw another value tomorrow,
and a few (``passport_gender``) draw from the chance of the process, past any seed.
"""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from math import prod
from random import Random
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from mock_p1.base.text import shorten, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from faker import Faker


TRIED: Final = 5
"""With so many seeds a fake is tried: what it draws may be of one kind now and of another then."""

MAX_SIZE: Final = 10_000
"""So much may be drawn at once: the numbers among a provider's arguments, multiplied, times what
text there is."""

MAX_VALUES: Final = 20_000
"""So many random values may a provider take for what it draws, whatever its arguments say."""

MAX_TRIED: Final = 500_000
"""So many may all fakes of a scenario take together while they are tried."""

MAX_DIGITS: Final = 300
"""Digits of a whole number, written in a scenario or drawn; past 4,300 Python itself refuses to
write it."""

_VALUES: Final = frozenset(
    {"min", "max", "min_value", "max_value", "step", "elements", "start_date", "end_date"}
)
"""Arguments that are values to draw from, and do not say how much is drawn."""

_LOCK = Lock()


class TooMuch(Exception):  # noqa: N818 -- it says so, and is never shown
    """A provider takes more random values than there may be."""


class Counted(Random):
    """Draws what ``Random`` draws, so many values and no more."""

    left: int = MAX_TRIED

    def __init__(self) -> None:
        super().__init__()
        # on the object, since a class that has them is given other private parts by Python
        for name in ("random", "getrandbits"):
            setattr(self, name, self._counted(getattr(self, name)))

    def _counted(self, draw: Callable[..., float]) -> Callable[..., float]:
        def counted(*bits: int) -> float:
            self._count()
            return draw(*bits)

        return counted

    def _count(self) -> None:
        if self.left <= 0:
            raise TooMuch
        self.left -= 1


def seed_for(*place: object) -> int:
    """Return a seed that depends on nothing but ``place``, the same on every machine."""
    return int.from_bytes(
        blake2b("\x1f".join(map(str, place)).encode("utf-8", "replace"), digest_size=8).digest()
    )


def draw(provider: str, locale: str, arguments: Mapping[str, Any], seed: int) -> Any:  # noqa: ANN401 -- what it draws
    """Return the value that a Faker provider draws with this seed."""
    faker = _faker(locale)
    # a Faker is shared by all engines of this process, and seeding and drawing are two acts
    with _LOCK:
        faker.seed_instance(seed)
        return getattr(faker, provider)(**arguments)


def _tried(
    provider: str, locale: str, arguments: Mapping[str, Any], seed: int, values: Counted
) -> Any:  # noqa: ANN401 -- what it draws
    """Return the value that is drawn with this seed, or raise TooMuch."""
    # one that never plays, since what it is tried with may end
    (generator,) = _faker(locale, is_tried=True).factories
    all_left = values.left
    values.left = most = min(all_left, MAX_VALUES)
    with _LOCK:
        try:
            generator.random = values
            generator.seed_instance(seed)
            return getattr(generator, provider)(**arguments)
        finally:
            values.left += all_left - most


def size_of(arguments: Mapping[str, Any]) -> int:
    """Return about how much a provider draws that is given these arguments."""
    sizes = [*_sizes(arguments)]
    numbers = (max(1, int(abs(size))) for size in sizes if not isinstance(size, str))
    texts = (len(size) // 100 for size in sizes if isinstance(size, str))
    return prod(numbers) * (1 + sum(texts))


def _sizes(value: Any) -> Iterator[str | float]:  # noqa: ANN401 -- whatever the file holds
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in _VALUES or isinstance(inner, str):
                yield from _sizes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _sizes(inner)
    elif isinstance(value, str | int | float):
        yield value


def problems_with(
    provider: str, locale: str, arguments: Mapping[str, Any], kind: type, values: Counted
) -> list[tuple[str, str]]:
    """Say what is wrong with a fake that should draw values of ``kind``.

    Pairs of a key it is about and a sentence. It is tried with ``values``, while there are some.
    """
    problems = []
    if locale not in _locales():
        problems.append(("locale", unknown("Faker locale", locale, _locales())))
    known = _providers("en_US" if problems else locale)
    if provider not in known:
        problems.append(("fake", unknown("Faker provider", provider, known)))
    if not problems and (problem := _problem_drawing(provider, locale, arguments, kind, values)):
        problems.append(("fake", f"Faker provider {provider!r} {problem}"))
    return problems


def _problem_drawing(
    provider: str, locale: str, arguments: Mapping[str, Any], kind: type, values: Counted
) -> str | None:
    if size_of(arguments) > MAX_SIZE:
        return f"would draw more than there may be: its arguments multiply to over {MAX_SIZE:,}"
    for seed in range(TRIED):
        try:
            drawn = _tried(provider, locale, arguments, seed, values)
        except TooMuch:
            one = f"would draw more than there may be: over {MAX_VALUES:,} random values"
            all_ = f"is one too many: all together have drawn {MAX_TRIED:,} random values by now"
            return one if values.left else all_
        except Exception as error:  # noqa: BLE001 -- a provider may raise anything over its arguments
            return f"cannot be used like this: {shorten(str(error) or type(error).__name__, 200)}"
        if type(drawn) is not kind:
            return f"draws {type(drawn).__name__}; here it must be {kind.__name__}"
        if isinstance(drawn, int) and abs(drawn) >= 10**MAX_DIGITS:
            return f"draws a number of more than {MAX_DIGITS} digits"
    return None


@cache
def _faker(locale: str, *, is_tried: bool = False) -> Faker:
    """Return the Faker that plays, or the one with which a scenario's fakes are tried."""
    from faker import Faker  # noqa: PLC0415 -- takes 0.35 s, and most scenarios invent nothing

    del is_tried
    return Faker(locale)


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
