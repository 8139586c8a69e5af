"""Names and patterns: an exact name wins, then the first pattern that fits; ``*`` comes last."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from mock_p1.base.text import COMPARED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

T = TypeVar("T")

ANY = "*"


class Hit(NamedTuple, Generic[T]):
    """What a name led to. ``exact`` is false where a pattern led there."""

    name: str
    value: T
    exact: bool


class PatternTable(Generic[T]):
    """A table of exact names and patterns, in the order of the file."""

    def __init__(self, entries: Mapping[str, T]) -> None:
        self._exact = {
            name: Hit(name, value, exact=True) for name, value in entries.items() if ANY not in name
        }
        self._patterns = [
            Hit(name, entries[name], exact=False) for name in sorted_patterns(entries)
        ]
        # by the lengths of their literal ends, then by these: thousands need not be tried in turn
        self._by_ends: dict[tuple[int, int], dict[tuple[str, str], list[int]]] = {}
        for index, hit in enumerate(self._patterns):
            first, *_, last = hit.name.split(ANY)
            alike = self._by_ends.setdefault((len(first), len(last)), {})
            alike.setdefault((first, last), []).append(index)
        self._folded: PatternTable[None] | None = None

    @property
    def names(self) -> list[str]:
        """All names and patterns."""
        return [*self._exact, *(hit.name for hit in self._patterns)]

    def exact(self, name: str) -> Hit[T] | None:
        """Return what stands under this very name, or None."""
        return self._exact.get(name)

    def by_pattern(self, name: str) -> Hit[T] | None:
        """Return what the first fitting pattern leads to, or None."""
        candidates = (
            index
            for (first, last), alike in self._by_ends.items()
            for index in alike.get((name[:first], name[len(name) - last :]), ())
        )
        fitting = (index for index in candidates if _matches(name, self._patterns[index].name))
        index = min(fitting, default=None)
        return None if index is None else self._patterns[index]

    def find(self, name: str) -> Hit[T] | None:
        """Return the exact name's hit, else the first fitting pattern's, else None."""
        return self.exact(name) or self.by_pattern(name)

    def knows_in_other_case(self, name: str) -> bool:
        """Tell whether a name that is not found would be, were it not for upper and lower case."""
        if self._folded is None:
            some = islice(self.names, COMPARED)
            self._folded = PatternTable(dict.fromkeys(map(str.casefold, some)))
        return self.find(name) is None and self._folded.find(name.casefold()) is not None


def sorted_patterns(names: Iterable[str]) -> list[str]:
    """Return the patterns among ``names`` in the order they are tried.

    As they stand, a bare ``*`` last.
    """
    return sorted((name for name in names if ANY in name), key=lambda name: not name.strip(ANY))


def fits(name: str, pattern: str) -> bool:
    """Tell whether ``name`` is the pattern's own text or fits it."""
    return name == pattern or (ANY in pattern and _matches(name, pattern))


def _matches(name: str, pattern: str) -> bool:
    """Tell whether ``name`` fits; a ``*`` stands for any text.

    Not by regular expression, whose time may explode.
    """
    first, *middle, last = pattern.split(ANY)
    end = len(name) - len(last)
    if len(first) > end or not (name.startswith(first) and name.endswith(last)):
        return False
    position = len(first)
    for part in middle:
        found = name.find(part, position, end)
        if found < 0:
            return False
        position = found + len(part)
    return True
