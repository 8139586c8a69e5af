"""What was done to the mock from outside: a job moved, the clock turned, the scenario swapped.

Bounded.
"""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import Final, Literal, NamedTuple

MAX_CHANGES: Final = 1000

Kind = Literal["job", "calls", "next", "clock", "scenario", "problems", "requests", "reset"]


class Change(NamedTuple):
    """One act.

    ``moment_ns`` is in nanoseconds of the mock's clock; ``job_id`` is None where it was about no
    one job.
    """

    number: int
    moment_ns: int
    kind: Kind
    job_id: str | None


class ChangeLog:
    """The newest changes, numbered from 1. Safe from many threads."""

    def __init__(self, maximum: int = MAX_CHANGES) -> None:
        self._kept: deque[Change] = deque(maxlen=maximum)
        self._lock = Lock()
        self.last: int = 0

    def note(self, kind: Kind, moment_ns: int, job_id: str | None = None) -> None:
        """Add a change; the oldest goes where there are too many."""
        with self._lock:
            self.last += 1
            self._kept.append(Change(self.last, moment_ns, kind, job_id))

    def after(self, number: int) -> list[Change]:
        """Return the changes numbered above ``number`` that are still kept, oldest first."""
        with self._lock:
            return [change for change in self._kept if change.number > number]
