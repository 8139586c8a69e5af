"""Judging the pace of a client.

Does it back off, does it come back when it was told to, has it polled yet.
"""

from __future__ import annotations

from abc import abstractmethod
from itertools import pairwise
from threading import Event
from typing import TYPE_CHECKING, Final

from mock_p1.base.durations import format_duration, nanoseconds
from mock_p1.testing.judge import Judge, by_series, exactly, in_words, named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import timedelta

    from mock_p1.testing.polls import Poll

ROUNDING: Final = 1000
"""Nanoseconds that a client's wait may lose.

Sleeps are rounded to nanoseconds, timers of asyncio to microseconds.
"""


class Pacing(Judge):
    """The assertions about a client's pace, and waiting for a client that polls in a thread of its own."""

    def assert_backoff(
        self,
        factor: float = 2.0,
        cap: str | float | timedelta | None = None,
        job: str | None = None,
        tolerance: float = 0.0,
    ) -> None:
        """Fail unless each interval is at least ``factor`` times the one before it, up to ``cap``, and none above it.

        ``tolerance`` allows for jitter: 0.1 takes intervals a tenth shorter than asked for, or longer than the cap.
        Also fails where a job was polled less than three times, since two intervals are the least to judge by.
        """
        __tracebackhide__ = True
        if factor < 1 or not 0 <= tolerance < 1:
            raise ValueError(
                f"factor is at least 1 and tolerance from 0 to below 1, not {factor:g} and {tolerance:g}"
            )
        polls = self.polls(job)
        limit = None if cap is None else nanoseconds(cap)
        runs = [run for run in by_series(polls) if len(run) > 2]  # noqa: PLR2004 -- three polls make two intervals
        if not runs:
            self._fail(
                f"{named(job)} was not polled three times, so there is no backing off to judge",
                polls,
            )
        wrong = [found for run in runs for found in _off_pace(run, factor, limit, tolerance)]
        if wrong:
            what, _ = wrong[0]
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            self._fail(f"{what}{more}", polls, [poll for _, poll in wrong])

    def assert_respects_retry_after(self, job: str | None = None) -> None:
        """Fail if the client polled a job sooner than the ``Retry-After`` of the poll before had asked for.

        Also fails where no poll was answered with one, since there is nothing to judge by.
        """
        __tracebackhide__ = True
        polls = self.polls(job)
        if not any(poll.retry_after is not None for poll in polls):
            self._fail(
                f"{named(job)} was never answered with Retry-After, so there is nothing to respect",
                polls,
            )
        early = [
            (before, after)
            for run in by_series(polls)
            for before, after in pairwise(run)
            if before.retry_after is not None and after.moment - before.moment < before.retry_after
        ]
        if early:
            before, after = early[0]
            asked, came = (
                format_duration(before.retry_after or 0),
                exactly(after.moment - before.moment),
            )
            more = f" (and {len(early) - 1} more)" if len(early) > 1 else ""
            told = f"poll {before.number} was answered with Retry-After {asked}"
            self._fail(
                f"{told}; poll {after.number} came after {came}{more}",
                polls,
                [after for _, after in early],
            )

    def wait_for(self, job: str | None = None, polls: int = 1, timeout: float = 5.0) -> None:
        """Wait until a client in another thread has polled the job (any job, if none is named) so many times.

        ``timeout`` is in real seconds; AssertionError when it has passed.
        """
        __tracebackhide__ = True
        reached = Event()

        def look() -> None:
            if len(self.polls(job)) >= polls:
                reached.set()

        with self._told(look):
            look()
            enough = reached.wait(timeout)
        if not enough:
            so_far = self.polls(job)
            was = f"{named(job)} was polled {in_words(len(so_far))} within {timeout:g} s"
            self._fail(f"{was}; {in_words(polls)} was waited for", so_far)

    @abstractmethod
    def _told(self, listener: Callable[[], None]) -> AbstractContextManager[None]:
        """Call ``listener`` after every request, as long as the context lasts."""


def _off_pace(
    run: list[Poll], factor: float, limit: int | None, tolerance: float
) -> Iterator[tuple[str, Poll]]:
    """Yield the polls of one series that came too soon after the one before, or too late, and what is wrong."""
    least = 0
    for before, after in pairwise(run):
        gap = after.moment - before.moment
        which = f"polls {before.number} and {after.number} are {exactly(gap)} apart"
        if gap < least * (1 - tolerance) - (factor + 1) * ROUNDING:
            yield f"{which}; backing off by {factor:g} asks for at least {exactly(least)}", after
        elif limit is not None and gap > limit * (1 + tolerance):
            yield f"{which}; the cap is {format_duration(limit)}", after
        least = int(factor * gap if limit is None else min(factor * gap, limit))
