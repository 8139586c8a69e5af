"""What tests read of each request, and the list of polls that judges the client."""

# ruff: noqa: SLF001 -- a poll keeps its exact moment to itself, and this file compares them

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from math import inf
from numbers import Real
from typing import TYPE_CHECKING, Final, NoReturn

from mock_p1.analysis.forgotten import Forgotten, describe_forgotten
from mock_p1.analysis.poll_table import MOST_ROWS, is_poll, poll_table
from mock_p1.analysis.sequence_judge import acted
from mock_p1.base.clock import SECOND, Clock, RealClock, VirtualClock
from mock_p1.base.durations import UNITS, format_duration, nanoseconds
from mock_p1.base.text import nearest, plural, visible
from mock_p1.contract.operations import (
    FAILED,
    FINISHED,
    KNOWN_STATUSES,
    OPERATIONS,
    RESULT_DOWNLOAD,
    RETRAIN_MODEL_SWITCH,
    RETRAIN_STATUS_CHECK,
    operations_with,
)
from mock_p1.engine.driver import must_be_text, must_be_whole
from mock_p1.engine.repeats import AT_ONCE_NS, REPEATED

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator
    from datetime import datetime, timedelta

    from mock_p1.engine.engine import Engine
    from mock_p1.engine.journal import Entry

ROUNDING_NS: Final = 1000
"""What a client's wait may lose: sleeps are rounded to nanoseconds, asyncio's to microseconds."""

BLUR_NS: Final = 100_000_000
"""What real requests may add to a client's wait or take from it, each being on its way for long."""

MOST_FACTOR: Final = 1000

_STOOD: Final = (
    "\nthe mock's clock stood still meanwhile: instant_sleep=True lets the client's waits move it, "
    "mock.advance() does by hand"
)
_FROZEN: Final = (
    "\nthe mock's clock is frozen, and intervals are by it: let it run before the client waits, as "
    'by POST /__admin/clock {"freeze": false}'
)


@dataclass(frozen=True, slots=True)
class Poll:
    """One request as the mock saw it. Every span is in seconds.

    Attributes:
        number: Counts the mock's requests, from 1.
        time: The mock's date and time (UTC).
        seconds: Seconds since the mock began, by its clock.
        operation: ``retrain_status_check`` for a poll, the name of another call, or None where the
            mock does not imitate what was asked.
        method: The HTTP method.
        path: The path, without the query.
        api_key: The API key, masked. Of an upload or a download, which take none, the key of whose
            link it is; ``notes`` say whether one was sent.
        caller: The same number for the same API key, also where different ones look alike when
            masked.
        job_id: The job that was asked for.
        status: The status that was shown. Of ``status``, ``error`` and ``fault`` at most one is
            there; none where the answer was literal.
        error: The name of the documented error that was answered.
        fault: The name of the network failure that was acted out.
        http_status: The HTTP status, None where no answer came, or came cut or slowly.
        retry_after: How many seconds the answer asked the client to wait; None if it did not.
        source: The ``file:line`` of the scenario that decided.
        waits_for: What the job waited for after this poll; None if for nothing.
        stays: Whether the job is at the end of its timeline.
        complete: Whether the call did what it asks for; also where only its answer was lost.
        notes: Where the request departs from the documented one.

    Examples:
        >>> poll()
        'job_waiting'
        >>> mock.advance("10m")
        >>> poll()
        'job_running'
        >>> last = mock.polls().last
        >>> last.seconds, last.status, last.http_status
        (600.0, 'job_running', 200)
    """

    number: int
    time: datetime
    seconds: float
    operation: str | None
    method: str
    path: str
    api_key: str
    caller: int
    job_id: str | None
    status: str | None
    error: str | None
    fault: str | None
    http_status: int | None
    retry_after: float | None
    source: str
    waits_for: str | None
    stays: bool
    complete: bool
    notes: tuple[str, ...]
    _entry: Entry = field(repr=False, compare=False)

    def __repr__(self) -> str:
        """Show what a reader of a failed test looks for, and leave out what there is not."""
        what = ("job_id",) if is_poll(self._entry) else ("method", "path")
        rest = ("status", "error", "fault", "http_status", "source", "waits_for", "notes")
        shown = [(name, getattr(self, name)) for name in ("number", "seconds", *what, *rest)]
        given = (f"{name}={value!r}" for name, value in shown if value not in (None, ()))
        return f"Poll({', '.join(given)})"

    @property
    def outcome(self) -> str:
        """The status, error or fault that was shown, or ``HTTP 503`` where the answer was literal.

        Examples:
            >>> mock.fail_next("job_may_be_deleted")
            >>> poll()
            'This job may be deleted.'
            >>> mock.polls().last.outcome
            'job_may_be_deleted'
        """
        return self._entry.outcome

    @classmethod
    def _of(cls, entry: Entry, clock: Clock) -> Poll:
        waits_for = entry.waits_for
        asked_ns = entry.retry_after_ns
        return cls(
            number=entry.number,
            time=clock.date_at(entry.moment_ns),
            seconds=entry.moment_ns / SECOND,
            operation=entry.operation,
            method=entry.method,
            path=entry.path,
            api_key=entry.api_key,
            caller=entry.caller,
            job_id=entry.job_id,
            status=entry.status,
            error=entry.error,
            fault=entry.fault,
            http_status=entry.http_status,
            retry_after=None if asked_ns is None else asked_ns / SECOND,
            source=entry.source,
            waits_for=waits_for,
            stays=entry.place is not None and waits_for is None,
            complete=acted(entry),
            notes=entry.notes,
            _entry=entry,
        )


class PollList(list[Poll]):
    """The polls of one job, or of all, oldest first: a list that can also judge the client.

    Each assertion raises AssertionError with the table of polls, and marks those that broke the
    rule. The assertions of a Handle are these.

    Examples:
        >>> poll()
        'job_waiting'
        >>> mock.polls().assert_polled(times=1)
        >>> mock.polls()[0].outcome
        'job_waiting'
    """

    def __init__(  # noqa: PLR0913 -- what judging polls takes
        self,
        polls: Iterable[Poll] = (),
        *,
        job: str | None = None,
        others: Iterable[Poll] = (),
        uses: Iterable[Poll] = (),
        held: Container[int] = (),
        left_out: Container[int] = (),
        forgotten: str = "",
        still: str = "",
        tick_ns: int = 0,
        blur_ns: int = 0,
    ) -> None:
        """``tick_ns`` is by how much a wait of the client's may be too short for its system.

        ``blur_ns`` is by how much an interval may differ from the client's wait in real time.
        ``uses`` are the downloads and switches, oldest first, that polls may have led to. ``held``
        are the numbers of those whose answers are held back still, ``left_out`` of those that the
        client is not judged by; ``forgotten`` says what is missing here, ``still`` why the clock
        may not have moved.
        """
        super().__init__(polls)
        self._job, self._others, self._uses = job, list(others), list(uses)
        self._held, self._still = held, still
        self._left_out, self._forgotten = left_out, forgotten
        self._tick_ns, self._blur_ns = tick_ns, blur_ns

    @property
    def last(self) -> Poll:
        """The latest poll.

        Raises:
            IndexError: There was none yet.

        Examples:
            >>> poll()
            'job_waiting'
            >>> mock.polls().last.number
            1
        """
        return self[-1]

    def table(self) -> str:
        """Return all polls as a table, for a person to read.

        Returns:
            A line for each poll: when it came, how long after the one before, what it was
            answered, which line of the scenario says so, and what the job waits for then.

        Examples:
            >>> poll()
            'job_waiting'
            >>> len(mock.polls().table().splitlines())
            2
        """
        return self._printed(self, most=None) if self else "no poll yet"

    def assert_polled(self, times: int | None = None) -> None:
        """Fail unless there was a poll.

        Args:
            times: Exactly how many there should be; left out, at least one.

        Raises:
            AssertionError: There were others than asked for.
            ValueError: ``times`` is no whole number, or negative.

        Examples:
            >>> mock.polls().assert_polled(times=0)
        """
        __tracebackhide__ = True
        if times is not None:
            must_be_whole("times", times)
        wanted = "at least once" if times is None else in_words(times)
        count = len(self._judged)
        too_many = [] if times is None else self._judged[times:]
        if times is not None and not too_many:
            self._must_be_whole()
        if count != times if times is not None else not count:
            was = f"it was polled {in_words(count)}" if count else "it was never polled"
            self._fail(f"{named(self._job)} should have been polled {wanted}; {was}", too_many)

    def assert_interval(
        self,
        min: str | float | timedelta | None = None,  # noqa: A002 -- the word that says it
        max: str | float | timedelta | None = None,  # noqa: A002 -- likewise
    ) -> None:
        """Fail if two polls of one job by one key were too close, or too far apart.

        In-process, times are exact. A live server sees the time that requests take, too: there an
        interval may be 100 ms too short or too long, times the mock's speed, though not by more
        than half. Where the system's clock goes in steps (15.6 ms on Windows before Python 3.13),
        it may be too short by one more. Behind an answer with ``Retry-After`` the client may come
        when that says, and later by as much as ``max``.

        Args:
            min: The shortest interval allowed: text (``"30s"``), seconds or a timedelta.
            max: The longest interval allowed.

        Raises:
            AssertionError: An interval is out of bounds, or there are no two polls to judge by.
            TypeError: Neither bound is given, or one is no span of time.
            ValueError: A bound cannot be one, or ``min`` is longer than ``max``.

        Examples:
            >>> for _ in range(3):
            ...     _ = poll()
            ...     mock.advance("30s")
            >>> mock.polls().assert_interval(min="30s", max=30)
        """
        __tracebackhide__ = True
        if min is None and max is None:
            raise TypeError("assert_interval needs min=, max= or both")
        low = 0 if min is None else nanoseconds(min)
        high = inf if max is None else nanoseconds(max)
        if low > high:
            raise ValueError(
                f"no interval is at least {exactly(low)} and at most {exactly(int(high))}: the "
                "shortest allowed must not be longer than the longest"
            )
        pairs = [pair for polls in self._series() for pair in pairwise(polls)]
        if not pairs:
            self._fail(f"{named(self._job)} was not polled twice, so there is no interval to judge")
        wrong = [
            (before, after)
            for before, after in pairs
            if not self._earliest(before, low) <= _gap_ns(before, after)
            or _gap_ns(before, after) > _latest(before, high) + self._blur(high / 2)
        ]
        if wrong:
            before, after = wrong[0]
            asked_ns = before._entry.retry_after_ns
            least = low if asked_ns is None or asked_ns > low else asked_ns
            bound = (
                f"at least {exactly(least)}"
                if _gap_ns(before, after) < self._earliest(before, low)
                else f"at most {exactly(int(_latest(before, high)))}"
            )
            what = f"{_apart(before, after)}; {bound} was asked for{_more(wrong)}"
            self._fail(what + self._standstill(), [after for _, after in wrong])
        self._must_be_whole()

    def assert_backoff(
        self,
        factor: float = 2.0,
        cap: str | float | timedelta | None = None,
        tolerance: float = 0.0,
    ) -> None:
        """Fail unless each interval is at least ``factor`` times the one before it, up to ``cap``.

        An interval behind an answer with ``Retry-After`` is not the client's choice: it is left
        out, and the next one is compared with the one before it.

        Args:
            factor: By what each interval should grow, from 1 to 1,000.
            cap: The longest interval: text (``"5m"``), seconds or a timedelta.
            tolerance: Allows for jitter: with 0.1 each wait may be a tenth shorter or longer than
                planned. The interval before may have been so much longer, this one so much
                shorter: by factor 2 it is at least 2 * 0.9 / 1.1 times the one before. The cap is
                a tenth shorter or longer likewise. At a live server each request may be 100 ms
                off, times the mock's speed, though not by more than half of what it should have
                grown by.

        Raises:
            AssertionError: An interval is too short, or above the cap; or there are less than two
                of one job, which are the least to judge by.
            ValueError: The factor or the tolerance is no number, or out of its range.

        Examples:
            >>> for wait in ("10s", "20s", "40s"):
            ...     _ = poll()
            ...     mock.advance(wait)
            >>> mock.polls().assert_backoff(factor=2)
        """
        __tracebackhide__ = True
        are_numbers = all(
            isinstance(each, Real) and not isinstance(each, bool) for each in (factor, tolerance)
        )
        if not are_numbers or not 1 <= factor <= MOST_FACTOR or not 0 <= tolerance < 1:
            raise ValueError(
                f"factor must be a number from 1 to {MOST_FACTOR:,}, and tolerance one from 0 to "
                f"below 1, not {factor!r} and {tolerance!r}"
            )
        factor, tolerance = float(factor), float(tolerance)
        limit = None if cap is None else nanoseconds(cap)
        whole = [polls for polls in self._series() if len(polls) > 2]  # noqa: PLR2004 -- two intervals
        if not whole:
            self._fail(
                f"{named(self._job)} was not polled three times, "
                "so there is no backing off to judge"
            )
        series = [pairs for polls in whole if len(pairs := _own_pace(polls)) > 1]
        if not series:
            self._fail(
                f"{named(self._job)} was polled at less than two intervals of the client's own, "
                "so there is no backing off to judge: those behind Retry-After were asked for"
            )
        wrong = [
            found for pairs in series for found in self._off_pace(pairs, factor, limit, tolerance)
        ]
        if wrong:
            what = f"{wrong[0][0]}{_more(wrong)}{self._standstill()}"
            self._fail(what, [poll for _, poll in wrong])
        self._must_be_whole()

    def assert_respects_retry_after(self) -> None:
        """Fail if the client polled sooner than the ``Retry-After`` of the poll before asked for.

        The wait begins with the answer. One that the client did not wait for tells it nothing. The
        handle's assertion of this name judges the other calls too.

        Raises:
            AssertionError: A poll came too soon, or none was answered with ``Retry-After``, so
                that there is nothing to judge by.

        Examples:
            >>> try:
            ...     mock.polls().assert_respects_retry_after()
            ... except AssertionError as error:
            ...     print(str(error).splitlines()[0])
            the client was never answered with Retry-After, so there is nothing to respect
        """
        __tracebackhide__ = True
        if not was_asked_to_wait(self):
            whose = "the client" if self._job is None else named(self._job)
            self._fail(
                f"{whose} was never answered with Retry-After, so there is nothing to respect"
            )
        early = [pair for calls in self._series() for pair in self._too_early(calls)]
        if early:
            before, after = early[0]
            asked = exactly(before._entry.retry_after_ns or 0)
            came = exactly(max(0, _waited_ns(before, after)))
            polled = is_poll(before._entry)
            of, what = ("", "poll") if polled else (f" ({before.operation})", "call")
            self._fail(
                f"{what} {before.number}{of} was answered with Retry-After {asked}; "
                f"{what} {after.number} came after {came}{_more(early)}{self._standstill()}",
                [after for _, after in early],
            )
        self._must_be_whole()

    def assert_stopped_after(self, status: str) -> None:
        """Fail unless the client saw a status, and did not poll that job again afterwards.

        An answer that is held back is seen when it comes, if the client has waited for it. A poll
        behind a download or a switch that has failed asks how to go on, and is let pass.

        Judged is each job that the client polled, by any key. It has to show the status, or to have
        come to another end: ``job_finished``, ``job_failed``, a documented error, or the last
        step of its timeline. A client whose last poll of a job met ``job_failed`` or a documented
        error may have given up all others, too. A job that was never polled is not judged.

        Args:
            status: A status, or the name of a documented error.

        Raises:
            AssertionError: The client polled on, or never saw the status, or dropped a job before.
            ValueError: The status is no text.

        Examples:
            >>> mock.set_status("job_finished")
            >>> poll()
            'job_finished'
            >>> mock.polls().assert_stopped_after("job_finished")
        """
        __tracebackhide__ = True
        must_be_text("status", status, FINISHED)
        seen: dict[tuple[str | None, int], float] = {}  # and since when the client surely knows
        late: list[Poll] = []
        for poll in self._judged:
            whose, entry = (poll.job_id, poll.caller), poll._entry
            if whose in seen and entry.moment_ns >= seen[whose]:
                if not self._recovers(poll):
                    late.append(poll)
            elif status in (poll.status, poll.error) and self._has_come(poll):
                came_ns = inf if entry.may_have_gone else entry.moment_ns + entry.delay_ns
                seen[whose] = min(came_ns, seen.get(whose, came_ns))
        if late:
            more = f", and {len(late) - 1} more" if len(late) > 1 else ""
            job = named(late[0].job_id)
            self._fail(f"poll {late[0].number} came after {job} had shown {status}{more}", late)
        if not seen:
            near = nearest(status, {*KNOWN_STATUSES, *(poll.outcome for poll in self)})
            meant = f"; did you mean {near}?" if near and near != status else ""
            if status not in RETRAIN_STATUS_CHECK.errors and (others := operations_with(status)):
                meant = f"; it is an error of {others}, and polls are judged here"
            never = f"{named(self._job)} never showed {status}"
            for poll in self._judged:
                if status in (poll.status, poll.error) and poll._entry.was_awaited:
                    never = f"the answer to poll {poll.number} is still held back"
            self._fail(f"{never}, so the client had no reason to stop yet{meant}")
        self._must_be_whole()
        self._must_have_dropped_none(status, {job for job, _ in seen})

    def _must_have_dropped_none(self, status: str, seen: Container[str | None]) -> None:
        """Fail where a job could still have shown a status to a client that polled it."""
        __tracebackhide__ = True
        last: dict[str | None, Poll] = {}
        at_end = set()
        for poll in self._judged:
            last[poll.job_id] = poll
            if _was_the_end(poll, status):
                at_end.add(poll.job_id)
        dropped = [
            poll
            for job, poll in last.items()
            if job not in seen
            and job not in at_end
            and not (poll._entry.shown_status == FINISHED and self._has_come(poll))
        ]
        if dropped and not any(map(_may_be_given_up, last.values())):
            first = dropped[0]
            more = f", and {plural(len(dropped) - 1, 'more job')}" if len(dropped) > 1 else ""
            alone = "; job= judges one job alone" if self._job is None else ""
            self._fail(
                f"the client had not seen {status} when it dropped {named(first.job_id)} after "
                f"poll {first.number} ({first.outcome}){more}{alone}",
                dropped,
            )

    def _standstill(self) -> str:
        """Say that no interval can be seen, where nobody has moved the mock's clock."""
        these = self[-2:] if self._still is _FROZEN else self
        return "" if len({poll._entry.moment_ns for poll in these}) > 1 else self._still

    def _has_come(self, poll: Poll) -> bool:
        """Tell whether the client has the answer to a poll, as far as is known."""
        return poll._entry.was_awaited and poll.number not in self._held

    def _recovers(self, poll: Poll) -> bool:
        """Tell whether the client's last download or switch of this job before a poll failed."""
        whose = poll.job_id, poll.caller
        before = [u for u in self._uses if (u.job_id, u.caller) == whose and u.number < poll.number]
        return not before[-1].complete if before else bool(self._forgotten)

    def _too_early(self, calls: list[Poll]) -> Iterator[tuple[Poll, Poll]]:
        """Yield calls that asked for time, each with the one that came too soon behind it.

        Of calls about no job several may go on side by side, such as those that create jobs, and
        nobody can tell which of them a client makes again: one that waited is enough for each.
        """
        side_by_side = calls[0].operation in _ABOUT_NO_JOB
        later = deque(calls[1:])
        for before in calls:
            while later and later[0].number <= before.number:
                later.popleft()
            asked_ns = before._entry.retry_after_ns
            is_known = self._has_come(before) and not before._entry.may_have_gone
            if asked_ns is None or not is_known or not later:
                continue
            least = self._least(asked_ns)
            behind = later if side_by_side else [later[0]]
            again = next((call for call in behind if _waited_ns(before, call) >= least), None)
            if again is None:
                yield before, later[0]
            elif side_by_side:
                later.remove(again)

    def _earliest(self, before: Poll, low_ns: int) -> int:
        """Return the shortest interval behind a poll, which may have asked for a shorter one."""
        asked_ns = before._entry.retry_after_ns
        if asked_ns is None or asked_ns > low_ns:
            return self._least(low_ns, self._blur_ns)
        return self._least(asked_ns)

    def _least(self, bound_ns: int, blur_ns: int = 0) -> int:
        """Return the shortest interval that is let pass: at least half of what was asked for."""
        return bound_ns - min(self._tick_ns + blur_ns, bound_ns // 2)

    def _blur(self, most_ns: float, times: float = 1) -> int:
        """Return what is let pass since requests take time, at most so many nanoseconds."""
        return int(min(times * self._blur_ns, most_ns))

    def _off_pace(
        self, pairs: list[tuple[Poll, Poll]], factor: float, limit: int | None, tolerance: float
    ) -> Iterator[tuple[str, Poll]]:
        """Yield the polls of one series that came too soon or too late, and what is wrong.

        A client may count its wait from its request, or from the answer, if that was held back.
        """
        bound = last = 0
        loosely = f" with a tolerance of {tolerance:g}" if tolerance else ""
        said = format_duration if tolerance else exactly
        if factor > 1 and not any(_gap_ns(*pair) > 0 for pair in pairs):  # twice nothing is nothing
            yield f"{_apart(*pairs[-1])}; backing off by {factor:g} asks for a wait", pairs[-1][1]
        for before, after in pairs:
            gap = _gap_ns(before, after)
            waited = _waited_ns(before, after)
            which = _apart(before, after)
            # who does not back off at all stays too early: of no growth half is let pass
            grown = bound - last if bound > last else bound // 5
            # what is compared may be too short by a blur, and what it was compared with too long
            slack = (factor + 1) * ROUNDING_NS + self._blur(grown // 2, factor + 1)
            if gap < bound - slack:
                asked = f"backing off by {factor:g} asks for at least {said(bound)}{loosely}"
                yield f"{which}; {asked}", after
            elif limit is not None and waited > limit * (1 + tolerance) + self._blur(limit // 2):
                most = f", {said(int(limit * (1 + tolerance)))}{loosely}" if tolerance else ""
                yield f"{which}; the cap is {exactly(limit)}{most}", after
            last = waited
            # jitter may have made it longer, though not what it had to be at least
            planned = max(waited / (1 + tolerance), min(waited, bound - slack))
            bound = int(min(factor * planned, inf if limit is None else limit) * (1 - tolerance))

    def _series(self) -> list[list[Poll]]:
        """Return the polls of each job by each key, in their order; so of any other operation.

        A call that creates a job is about none. Of one whose connection broke, and that was
        repeated at once, as many clients' libraries do, there is only the last.
        """
        series: dict[tuple[str | None, str | None, int], list[Poll]] = {}
        for poll in self._judged:
            operation = OPERATIONS.get(poll.operation or "")
            job_id = poll.job_id if operation is None or operation.has_job else None
            polls = series.setdefault((poll.operation, job_id, poll.caller), [])
            if polls and _repeats(polls[-1], poll):
                del polls[-1]
            polls.append(poll)
        return list(series.values())

    @property
    def _judged(self) -> list[Poll]:
        return [poll for poll in self if poll.number not in self._left_out]

    def _must_be_whole(self) -> None:
        """Let nobody be judged by a part: neither cleared nor blamed for what may be missing."""
        __tracebackhide__ = True
        if self._forgotten:
            raise Forgotten(self._forgotten)

    @staticmethod
    def _printed(
        polls: Iterable[Poll], broke: Iterable[Poll] = (), most: int | None = MOST_ROWS
    ) -> str:
        marked = {poll.number for poll in broke}
        return poll_table([poll._entry for poll in polls], marked, most=most)

    def _fail(self, what: str, broke: Iterable[Poll] = ()) -> NoReturn:
        __tracebackhide__ = True
        if not broke:
            self._must_be_whole()
        if self:
            shown = self._printed(self, broke) + not_judged(len(self) - len(self._judged))
        elif self._others:
            shown = f"other jobs were polled:\n{self._printed(self._others)}"
        else:
            shown = "there was no poll at all"
        raise AssertionError(f"{what}\n\n{shown}")


def listed(
    engine: Engine,
    entries: Iterable[Entry],
    job: str | None = None,
    *,
    forgotten: str | None = None,
) -> PollList:
    """Return what can judge the client by these requests; of one job, or of all.

    ``forgotten`` says what is missing; left out, it is found out.
    """
    clock, journal = engine.clock, engine.journal
    tick_ns, blur_ns = 0, 0
    if isinstance(clock, RealClock):
        tick_ns, blur_ns = clock.tick_ns, int(BLUR_NS * clock.speed)
    is_frozen = isinstance(clock, RealClock) and clock.frozen
    ends = {RESULT_DOWNLOAD.name, RETRAIN_MODEL_SWITCH.name}
    uses = [
        Poll._of(entry, clock)
        for entry in journal
        if entry.operation in ends and job in (None, entry.job_id) and journal.is_judged(entry)
    ]
    entries = list(entries)
    held = set(_held_back(engine, entries))
    judging = partial(
        PollList,
        uses=uses,
        held=held,
        left_out={entry.number for entry in entries if not journal.is_judged(entry)},
        forgotten=describe_forgotten(engine, job) if forgotten is None else forgotten,
        still=_STOOD if type(clock) is VirtualClock else _FROZEN if is_frozen else "",
        tick_ns=tick_ns,
        blur_ns=blur_ns,
    )
    polls = judging(Poll._of(entry, clock) for entry in entries)
    if job is None:
        return polls
    return judging((poll for poll in polls if poll.job_id == job), job=job, others=polls)


def was_asked_to_wait(calls: PollList) -> bool:
    """Tell whether an answer with ``Retry-After`` has come to the client."""
    return any(call.retry_after is not None and calls._has_come(call) for call in calls._judged)


def _held_back(engine: Engine, entries: Iterable[Entry]) -> Iterator[int]:
    """Yield the numbers of those whose answers have not come yet.

    A swap of the scenario lets them come before their time.
    """
    now_ns = engine.clock.now_ns() + ROUNDING_NS
    for entry in entries:
        is_due = entry.moment_ns + entry.delay_ns <= now_ns
        if not is_due and entry.number > engine.played_after:
            yield entry.number


_ABOUT_NO_JOB: Final = {each.name for each in OPERATIONS.values() if not each.has_job}


def _may_be_given_up(poll: Poll) -> bool:
    """Tell whether a poll showed what a client may give up on, and all its other jobs with it."""
    return poll.error is not None or poll._entry.shown_status == FAILED


def _repeats(before: Poll, poll: Poll) -> bool:
    """Tell whether a poll is another one again, by a library: once, and by the mock's clock too."""
    noted = [any(note.endswith(REPEATED) for note in each.notes) for each in (before, poll)]
    return noted == [False, True] and _gap_ns(before, poll) <= AT_ONCE_NS


def _was_the_end(poll: Poll, status: str) -> bool:
    """Tell whether a job has nothing more to show after a poll, and not this status either."""
    if poll._entry.place is None:
        return False
    plan, (position, *_) = poll._entry.place
    ahead = plan.shows if plan.loops else plan.shows[position:]
    return status not in ahead and (plan.loops or ahead[-1:] == (poll.outcome,))


def _latest(before: Poll, high_ns: float) -> float:
    """Return the longest interval behind a poll, which may have asked for more time."""
    return high_ns + (before._entry.retry_after_ns or 0)


def _own_pace(polls: list[Poll]) -> list[tuple[Poll, Poll]]:
    """Return the intervals that the client chose by itself: none behind Retry-After."""
    return [
        (before, after) for before, after in pairwise(polls) if before._entry.retry_after_ns is None
    ]


def _gap_ns(before: Poll, after: Poll) -> int:
    return after._entry.moment_ns - before._entry.moment_ns


def _waited_ns(before: Poll, after: Poll) -> int:
    """Return how long the client waited once it had the answer, if it waited for that."""
    gap, held = _gap_ns(before, after), before._entry.delay_ns
    return gap - held if before._entry.was_awaited and held <= gap else gap


def _apart(before: Poll, after: Poll) -> str:
    gap = exactly(_gap_ns(before, after))
    return f"polls {before.number} and {after.number} are {gap} apart"


def _more(wrong: list[tuple[str, Poll]] | list[tuple[Poll, Poll]]) -> str:
    return f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""


def describe_unexpected(unexpected: Iterable[Poll]) -> str:
    """Say which requests the mock does not imitate, and what came nearest to each."""
    counts = Counter(
        (f"{poll.method} {poll.path} -> {poll.http_status}", *poll.notes) for poll in unexpected
    )
    rows = [
        "\n      ".join((f"  {first}{f' ({in_words(count)})' if count > 1 else ''}", *notes))
        for (first, *notes), count in counts.items()
    ]
    return visible("\n".join(("the client asked for what Mock P1 does not imitate:", *rows)))


def not_judged(count: int) -> str:
    """Say of how many calls in a table nobody is judged; nothing of none."""
    if not count:
        return ""
    return f"\n\n{plural(count, 'call')} not judged: from before a reset, or by the dashboard"


def exactly(ns: int) -> str:
    """Write a span to the nanosecond, where rounding it could hide what is wrong with it."""
    return f"{ns / SECOND:.9f}".rstrip("0") + "s" if ns % UNITS["ms"] else format_duration(ns)


def in_words(count: int) -> str:
    """Say how often: once, twice, 3 times."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def named(job: str | None) -> str:
    """Say which job is meant."""
    return "a job" if job is None else f"job {job!r}"
