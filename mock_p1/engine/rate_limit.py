"""Honest overload: ``Retry-After`` by the mock's clock, and a limit of polls for each API key."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from mock_p1.base.clock import SECOND, Clock
from mock_p1.base.messages import Reply, http_date

if TYPE_CHECKING:
    from collections.abc import Callable


MAX_CALLERS: Final = 10_000
"""How many keys a limit remembers; the least recently seen go first."""

_LAST_DATE: Final = datetime.max.replace(microsecond=0, tzinfo=UTC)

TOO_MANY: Final = {"message": "Too Many Requests"}
"""The body of a 429 (assumed.

The manual mentions no limit; this is what API gateways usually say).
"""


class RetryAfter(NamedTuple):
    """When a client may come back.

    After ``span_ns`` nanoseconds, said in seconds or as an HTTP date.
    """

    span_ns: int
    as_date: bool = False

    @property
    def asks_for_ns(self) -> int:
        """How long the client is told to wait, in nanoseconds.

        A date's own rounding depends on when it is asked.
        """
        return self.span_ns if self.as_date else -(-self.span_ns // SECOND) * SECOND

    def on(self, reply: Reply, clock: Clock, now: int) -> Reply:
        """Return the reply with the header, in the client's time.

        Both forms have whole seconds, so they are rounded up, never down.
        """
        if not self.as_date:
            value = str(-(-clock.client_span_ns(self.span_ns) // SECOND))
        else:
            date = min(clock.client_date(now + self.span_ns), _LAST_DATE)
            value = http_date(date + timedelta(microseconds=-date.microsecond % 1_000_000))
        return reply._replace(headers=(*reply.headers, ("Retry-After", value)))


class RateLimiter:
    """At most ``polls`` polls by one key in any span of ``per`` nanoseconds.

    Not locked: its owner is.
    """

    def __init__(self, polls: int, per: int, reached: Counter[str] | None = None) -> None:
        """``reached`` counts the callers that are forgotten for others."""
        self._polls, self._per = polls, per
        self._reached = Counter() if reached is None else reached
        self._callers: OrderedDict[str, deque[int]] = OrderedDict()

    def wait(self, api_key: str, now: int) -> int | None:
        """Count a poll and return None.

        Or, where it is one too many, count nothing and say how long to wait (ns).
        """
        seen = self._callers.setdefault(api_key, deque(maxlen=self._polls))
        self._callers.move_to_end(api_key)
        if len(self._callers) > MAX_CALLERS:
            self._callers.popitem(last=False)
            self._reached["rate_limit"] += 1
        if len(seen) == self._polls and (left := seen[0] + self._per - now) > 0:
            return left
        seen.append(now)
        return None

    def saved(self) -> dict[str, list[int]]:
        """Return the moments of each caller's polls that count, as plain data."""
        return {name: list(seen) for name, seen in self._callers.items()}

    def restore(self, saved: dict[str, list[int]]) -> None:
        """Take over what was saved."""
        self._callers.update(
            (name, deque(seen, maxlen=self._polls)) for name, seen in saved.items()
        )

    def clear(self, theirs: Callable[[str], bool] | None = None) -> None:
        """Forget every poll, or those of some callers."""
        for name in [name for name in self._callers if theirs is None or theirs(name)]:
            del self._callers[name]
