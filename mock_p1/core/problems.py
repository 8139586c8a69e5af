"""What is wrong with a scenario, in the house form: where, what, what was possible, what was perhaps meant."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MANY: Final = 20
"""So many known names are listed; of more than that, only the closest."""

CLOSEST: Final = 5
COMPARED: Final = 500
"""So many known names are looked at for the closest; comparing is slow."""


class Problem(NamedTuple):
    """One thing wrong in a scenario: ``file:line:column: text``. Lines and columns count from 1; 0 is 'nowhere'."""

    file: str
    line: int
    column: int
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.text}"


class ScenarioError(ValueError):
    """A scenario that cannot be used. ``problems`` holds all that is wrong with it, in the order of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        by_place = sorted(problems, key=lambda problem: (problem.file, problem.line, problem.column))
        self.problems = tuple(dict.fromkeys(by_place))  # an alias leads to the same problem again
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[tuple[Problem, ...]]]:
        """Pickle by the problems, so that the error survives the way between processes."""
        return type(self), (self.problems,)


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Say that ``name`` is none of the known ones, which those are (of very many, the closest), and which was meant."""
    name = str(name)  # a test may hand over anything, such as 429
    known = known if isinstance(known, Collection) else list(known)
    names = tuple(sorted(set(islice(known, COMPARED))))
    near = nearest(name, names)
    if len(names) > MANY:
        listed = f"{', '.join(_closest(shorten(name), names, CLOSEST) or names[:CLOSEST])}, … ({len(known):,} in all)"
    else:
        listed = ", ".join(names) or "none"
    return f"unknown {what} {shorten(name)!r}; known: {listed}" + (f"; did you mean {near}?" if near else "")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name closest to ``name``, or None if none is close."""
    by_folded = {candidate.casefold(): candidate for candidate in islice(known, COMPARED)}
    found = _closest(shorten(name).casefold(), tuple(by_folded), 1)
    return by_folded[found[0]] if found else None


@lru_cache(maxsize=256)  # the same slip comes again and again, and comparing is slow
def _closest(name: str, known: tuple[str, ...], count: int) -> list[str]:
    return get_close_matches(name, known, count, 0.6 if count == 1 else 0.4)


def shorten(text: str, limit: int = 80) -> str:
    """Return ``text``, or its beginning and an ellipsis where it is longer than ``limit``."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
