"""Keeps calls apart, and bounds them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mock_p1.verify.exceptions import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable


class Pace:
    """A pause between two calls, a time-out of each, a limit over all; each in seconds."""

    def __init__(
        self,
        *,
        pause: float = 0.0,
        timeout: float = 10.0,
        limit: float = 600.0,
        now: Callable[[], float] | None = None,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        """``now`` and ``sleep`` are those of ``time`` as they are by then, if they are left out."""
        self.now: Callable[[], float] = now or time.monotonic
        self._pause, self._timeout, self._limit = pause, timeout, limit
        self._sleep = sleep or time.sleep
        self._end, self._next_call = self.now() + limit, self.now()

    @property
    def remaining(self) -> float:
        """Seconds until the limit; never negative."""
        return max(0.0, self._end - self.now())

    def wait(self, seconds: float) -> None:
        """Let time pass, but not beyond the limit."""
        if seconds > 0:
            self._sleep(min(seconds, self.remaining))

    def next_timeout(self, *, upload: bool = False) -> float:
        """Wait until the next call may be made, and return how many seconds it may take.

        An upload may take all that remains. Unreachable beyond the limit.
        """
        self.wait(self._next_call - self.now())
        self._next_call = self.now() + self._pause
        if not self.remaining:
            raise Unreachable(self.limit_reached)
        return self.remaining if upload else min(self._timeout, self.remaining)

    @property
    def limit_reached(self) -> str:
        """What to say once nothing remains."""
        return f"the limit of {self._limit:g} s was reached; give a longer one by --limit"
