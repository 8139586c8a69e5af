"""Judging a client by its polls.

Every failure shows the poll timeline and marks the polls that broke the rule.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import pairwise
from typing import TYPE_CHECKING, NoReturn

from mock_p1.base.clock import SECOND
from mock_p1.base.durations import UNITS, format_duration, nanoseconds
from mock_p1.base.text import nearest
from mock_p1.testing.polls import Poll, timeline

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta


class Judge(ABC):
    """The assertions of a handle. Jobs are named by id; ``None`` means every job.

    A job that neither the scenario nor the client knows raises NoSuchJob: it is a slip of the test,
    not of the client.
    """

    @abstractmethod
    def polls(self, job: str | None = None) -> list[Poll]:
        """The polls so far, oldest first."""

    @abstractmethod
    def unexpected(self) -> list[Poll]:
        """The requests that the mock does not imitate."""

    def assert_polled(self, job: str | None = None, times: int | None = None) -> None:
        """Fail unless the job (any job, if none is named) was polled.

        ``times`` times, or at least once.
        """
        __tracebackhide__ = True
        polls = self.polls(job)
        wanted = "at least once" if times is None else in_words(times)
        if (times is None and not polls) or (times is not None and len(polls) != times):
            was = f"it was polled {in_words(len(polls))}" if polls else "it was never polled"
            self._fail(f"{named(job)} should have been polled {wanted}; {was}", polls)

    def assert_interval(
        self,
        min: str | float | timedelta | None = None,  # noqa: A002 -- the word that says it
        max: str | float | timedelta | None = None,  # noqa: A002 -- likewise
        job: str | None = None,
    ) -> None:
        """Fail if two polls of one job by one key were closer than ``min`` or farther apart than ``max``.

        Also where there are no two polls to judge by. In-process, times are exact; a live server sees what the network
        makes of the client's intervals, so leave it a margin.
        """
        __tracebackhide__ = True
        if min is None and max is None:
            raise TypeError("assert_interval needs min=, max= or both")
        low = 0 if min is None else nanoseconds(min)
        high = None if max is None else nanoseconds(max)
        polls = self.polls(job)
        pairs = [pair for run in by_series(polls) for pair in pairwise(run)]
        if not pairs:
            self._fail(
                f"{named(job)} was not polled twice, so there is no interval to judge", polls
            )
        wrong = [
            (a, b)
            for a, b in pairs
            if (gap := b.moment - a.moment) < low or (high is not None and gap > high)
        ]
        if wrong:
            before, after = wrong[0]
            gap = after.moment - before.moment
            bound = (
                f"at least {format_duration(low)}"
                if gap < low
                else f"at most {format_duration(high or 0)}"
            )
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            what = f"polls {before.number} and {after.number} are {exactly(gap)} apart; {bound} was asked for{more}"
            self._fail(what, polls, [after for _, after in wrong])

    def assert_stopped_after(self, status: str, job: str | None = None) -> None:
        """Fail unless the client saw this status (or error), and did not poll that job again afterwards."""
        __tracebackhide__ = True
        polls = self.polls(job)
        seen: set[tuple[str | None, int]] = set()
        late: list[Poll] = []
        for poll in polls:
            if poll.series in seen:
                late.append(poll)
            elif status in (poll.status, poll.error):
                seen.add(poll.series)
        if late:
            more = f", and {len(late) - 1} more" if len(late) > 1 else ""
            first = late[0]
            self._fail(
                f"poll {first.number} came after {named(first.job_id)} had shown {status}{more}",
                polls,
                late,
            )
        if not seen:
            near = nearest(status, [poll.outcome for poll in polls])
            meant = f"; did you mean {near}?" if near and near != status else ""
            self._fail(
                f"{named(job)} never showed {status}, so the client had no reason to stop yet{meant}",
                polls,
            )

    def assert_no_unexpected(self) -> None:
        """Fail if the client asked for something that the mock does not imitate.

        Says what came nearest.
        """
        __tracebackhide__ = True
        if unexpected := self.unexpected():
            raise AssertionError(describe_unexpected(unexpected))

    def _fail(self, what: str, polls: list[Poll], broke: Iterable[Poll] = ()) -> NoReturn:
        __tracebackhide__ = True
        if polls:
            raise AssertionError(f"{what}\n\n{timeline(polls, broke)}")
        others = self.polls()
        shown = (
            f"other jobs were polled:\n{timeline(others)}" if others else "there was no poll at all"
        )
        raise AssertionError(f"{what}\n\n{shown}")


def describe_unexpected(unexpected: Iterable[Poll]) -> str:
    """Say which requests the mock does not imitate, and what came nearest to each."""
    counts: dict[tuple[str, ...], int] = {}
    for poll in unexpected:
        row = (f"{poll.method} {poll.path} -> {poll.http_status}", *poll.notes)
        counts[row] = counts.get(row, 0) + 1
    rows = [
        "\n      ".join((f"{row[0]}{f' ({in_words(count)})' if count > 1 else ''}", *row[1:]))
        for row, count in counts.items()
    ]
    return "the client asked for what Mock P1 does not imitate:\n" + "\n".join(
        f"  {row}" for row in rows
    )


def by_series(polls: Iterable[Poll]) -> list[list[Poll]]:
    """Return the polls of each job by each key, in their order."""
    series: dict[tuple[str | None, int], list[Poll]] = {}
    for poll in polls:
        series.setdefault(poll.series, []).append(poll)
    return list(series.values())


def exactly(ns: int) -> str:
    """Write a span to the nanosecond, where rounding it could hide what is wrong with it."""
    return f"{ns / SECOND:.9f}".rstrip("0") + "s" if ns % UNITS["ms"] else format_duration(ns)


def in_words(count: int) -> str:
    """Say how often: once, twice, 3 times."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def named(job: str | None) -> str:
    """Say which job is meant."""
    return "a job" if job is None else f"job {job!r}"
