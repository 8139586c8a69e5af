"""From what polls were answered, and when, to the steps of a timeline.

A poll knows what the job shows, not when it began to: a step ended at some time between the poll
that saw it last and the next. A round time near the middle is taken, so that polls of the same pace
meet the same again, however they jitter. What happened to a call rather than to the job (the
network, a gateway) lasts so many polls, unless it went on for long.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from mock_p1.base.durations import UNITS, format_duration, format_seconds
from mock_p1.base.text import plural

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mock_p1.recording.seen import Seen

ROUND_MS: Final = (1, 10, 100, 1000, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000)
"""What times are rounded to: the coarsest of which four lie between two polls."""

PASSING_POLLS: Final = 3
"""What happened to more calls than so many in a row lasted for a time."""

SLOW_SECONDS: Final = 1.0
"""From here on an answer was held back, and a step says so."""


class SeenPoll(NamedTuple):
    """A poll: seconds since the first, seconds that its answer took, when, and what it saw.

    ``note`` is what else happened before it.
    """

    seconds: float
    took_seconds: float
    moment: datetime
    seen: Seen
    note: str = ""


@dataclass(frozen=True, slots=True)
class SeenStep:
    """A step as it was seen: what it says, in which polls, and how long it is taken to last.

    ``next_at`` is when something else was first seen; None at the last step.
    """

    seen: Seen
    polls: tuple[SeenPoll, ...]
    for_: str = ""
    next_at: float | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def delay(self) -> str:
        """How long its answers were held back, where most were; else empty."""
        times = sorted(poll.took_seconds for poll in self.polls)
        if self.seen.kind == "fault" or times[(len(times) - 1) // 2] < SLOW_SECONDS:
            return ""
        low, high = (format_seconds(each) for each in (times[0], times[-1]))
        return low if low == high else f"{low}..{high}"

    @property
    def times(self) -> str:
        """When it was seen, and what is known of its end."""
        first, last = self.polls[0], self.polls[-1]
        clock = f"{first.moment:%H:%M:%S}"
        if len(self.polls) == 1:
            when = f"seen once, at {format_seconds(first.seconds)} ({clock})"
        else:
            spans = f"from {format_seconds(first.seconds)} to {format_seconds(last.seconds)}"
            when = f"seen by {plural(len(self.polls), 'poll')}, {spans} ({clock})"
        if self.next_at is None:
            return f"{when}, the last"
        return f"{when}; ended by {format_seconds(self.next_at)}"


def steps_of(polls: Sequence[SeenPoll]) -> list[SeenStep]:
    """Return the steps that these polls saw. The first began at 0 seconds."""
    groups = [tuple(group) for _, group in groupby(polls, key=lambda poll: poll.seen)]
    steps: list[SeenStep] = []
    since = 0
    ends = [group[0].seconds for group in groups[1:]]
    for group, next_at in zip(groups, (*ends, None), strict=True):
        seen = group[0].seen
        if next_at is None:
            for_ = ""
        elif seen.is_passing and len(group) <= PASSING_POLLS:
            for_, since = plural(len(group), "poll"), _ms(group[-1].seconds)
        else:
            end = max(_between(_ms(group[-1].seconds), _ms(next_at)), since + 1)
            for_, since = format_duration((end - since) * UNITS["ms"]), end
        notes = dict.fromkeys(x for p in group for x in (p.note, p.seen.note) if x)
        steps.append(SeenStep(seen, group, for_, next_at, tuple(notes)))
    return steps


def _between(low: int, high: int) -> int:
    """Return a round time, in milliseconds, near the middle of two."""
    unit = max((unit for unit in ROUND_MS if unit * 4 <= high - low), default=1)
    return round((low + high) / 2 / unit) * unit


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
