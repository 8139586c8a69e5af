"""Judging a client by its polls. Every failure shows the poll timeline and marks the poll that broke the rule."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NoReturn

from mock_p1.core.clock import SECOND
from mock_p1.core.durations import format_duration, nanoseconds
from mock_p1.testing.polls import Poll, timeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import timedelta


class Judge:
    """The assertions of a handle. Jobs are named by id; ``None`` means every job."""

    def polls(self, job: str | None = None) -> list[Poll]:
        """The polls so far, oldest first."""
        raise NotImplementedError

    def unexpected(self) -> list[Poll]:
        """The requests that the mock does not imitate."""
        raise NotImplementedError

    def assert_polled(self, job: str | None = None, times: int | None = None) -> None:
        """Fail unless the job (any job, if none is named) was polled: ``times`` times, or at least once."""
        polls = self.polls(job)
        wanted = "at least once" if times is None else f"{times} time{'' if times == 1 else 's'}"
        if (times is None and not polls) or (times is not None and len(polls) != times):
            self._fail(f"{_name(job)} should have been polled {wanted}; it was polled {len(polls)} times", polls)

    def assert_interval(
        self,
        min: str | float | timedelta | None = None, max: str | float | timedelta | None = None, job: str | None = None
    ) -> None:  # fmt: skip
        """Fail if two polls of one job by one key were closer than ``min`` or farther apart than ``max``."""
        if min is None and max is None:
            raise TypeError("assert_interval needs min=, max= or both")
        low = 0 if min is None else nanoseconds(min)
        high = None if max is None else nanoseconds(max)
        polls = self.polls(job)
        for before, after in _neighbours(polls):
            gap = round((after.at - before.at) * SECOND)
            if gap < low or (high is not None and gap > high):
                bound = f"at least {format_duration(low)}" if gap < low else f"at most {format_duration(high or 0)}"
                which = f"polls {before.number} and {after.number} are {format_duration(gap)} apart"
                self._fail(f"{which}; {bound} was asked for", polls, [after])

    def assert_stopped_after(self, status: str, job: str | None = None) -> None:
        """Fail unless the client saw this status (or error), and did not poll that job again afterwards."""
        polls = self.polls(job)
        seen: set[tuple[str | None, str]] = set()
        for poll in polls:
            if (poll.job_id, poll.api_key) in seen:
                self._fail(f"poll {poll.number} came after {_name(poll.job_id)} had shown {status}", polls, [poll])
            if status in (poll.status, poll.error):
                seen.add((poll.job_id, poll.api_key))
        if not seen:
            self._fail(f"{_name(job)} never showed {status}, so the client had no reason to stop yet", polls)

    def assert_no_unexpected(self) -> None:
        """Fail if the client asked for something that the mock does not imitate; says what came nearest."""
        if unexpected := self.unexpected():
            rows = "\n".join(f"  {poll.method} {poll.path} -> {poll.http_status}" for poll in unexpected)
            raise AssertionError(f"the client asked for what Mock P1 does not imitate:\n{rows}")

    def _fail(self, what: str, polls: list[Poll], broke: Iterable[Poll] = ()) -> NoReturn:
        table = timeline(polls, broke) if polls else "no poll yet"
        raise AssertionError(f"{what}\n\n{table}")


def _neighbours(polls: Iterable[Poll]) -> Iterator[tuple[Poll, Poll]]:
    """Yield each two polls in a row of the same job by the same key."""
    series: dict[tuple[str | None, str], list[Poll]] = {}
    for poll in polls:
        series.setdefault((poll.job_id, poll.api_key), []).append(poll)
    for row in series.values():
        yield from pairwise(row)


def _name(job: str | None) -> str:
    return "a job" if job is None else f"job {job!r}"
