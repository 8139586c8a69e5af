"""Measures sides fairly on a machine that does other things too: in turns, several times.

Each round runs every side once, so that a slow phase of the machine meets them all. A figure is the
median of its rounds, a ratio that of the rounds' ratios.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")
Target = tuple[Literal["<=", ">="], float]
Better = Literal["less", "more"]


class Scale(NamedTuple):
    """How much is measured: turns of each side, a share of every count, seconds of every load."""

    rounds: int
    share: float
    seconds: float

    def of(self, count: int) -> int:
        """Return a count at this scale; never none."""
        return max(1, round(count * self.share))


FULL: Final = Scale(rounds=5, share=1.0, seconds=1)
QUICK: Final = Scale(rounds=1, share=0.005, seconds=0.1)
"""Only shows that everything runs."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: the median of several values, and ``low`` to ``high`` of their middle half.

    ``better`` says what is better of ours, ``less`` or ``more``; None for figures of others.
    """

    what: str
    unit: str
    median: float
    low: float
    high: float
    digits: int = 0
    target: Target | None = None
    better: Better | None = None

    @property
    def reached(self) -> bool | None:
        """Whether the median reaches the target; None where there is none."""
        if self.target is None:
            return None
        sign, bound = self.target
        return self.median <= bound if sign == "<=" else self.median >= bound


def row(  # noqa: PLR0913 -- what a figure has
    what: str,
    unit: str,
    values: Sequence[float],
    digits: int = 0,
    target: Target | None = None,
    *,
    better: Better | None = None,
) -> Row:
    """Return the row of several values. What has a target is ours; its sign says what is better."""
    low, median, high = (
        statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else [*values] * 3
    )
    if target is not None:
        better = "less" if target[0] == "<=" else "more"
    return Row(what, unit, median, low, high, digits, target, better)


def in_turns(sides: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """Run every side once a round, in the opposite order every other round.

    So a slow drift favours nobody.

    Returns what each side returned, round by round. Where there are several rounds, one more is run
    before them, to warm up, and thrown away.
    """
    results: dict[str, list[T]] = {name: [] for name in sides}
    for number in range(-1 if rounds > 1 else 0, rounds):
        for name in sides if number % 2 else reversed(sides):
            result = sides[name]()
            if number >= 0:
                results[name].append(result)
    return results


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Return ours / theirs for each round."""
    return [our / their for our, their in zip(ours, theirs, strict=True)]


def differences(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Return ours - theirs, likewise."""
    return [our - their for our, their in zip(ours, theirs, strict=True)]
