"""The handle: what `mocked`, `serving` and the fixtures hand out.

Drive the mock, read its polls, judge the client.
"""

from __future__ import annotations

from itertools import islice
from threading import Condition
from typing import TYPE_CHECKING

from mock_p1.base.durations import nanoseconds
from mock_p1.base.text import unknown
from mock_p1.engine.driver import Driver, NoSuchJob
from mock_p1.testing.poll_report import report
from mock_p1.testing.poll_table import is_poll
from mock_p1.testing.polls import Poll, PollList, describe_unexpected, in_words, named

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from responses import RequestsMock

    from mock_p1.contract.names import ErrorName, FaultName
    from mock_p1.engine.engine import Engine
    from mock_p1.engine.journal import Entry


class Handle:
    """A running mock, in-process or served: drive it, read its polls, judge the client.

    ``mocked``, ``serving`` and the two fixtures hand it out. Times are given as text (``"90s"``),
    seconds or a timedelta. Jobs are named by id.

    In the examples here ``mock`` is a handle of the scenario ``slow-training``, and ``poll()`` is a
    client that asks for the status of its job.

    Example:
        >>> poll()
        'job_waiting'
        >>> mock.advance("2h")
        >>> poll()
        'job_finished'
        >>> mock.assert_polled(times=2)
    """

    def __init__(self, engine: Engine, url: str, responses: RequestsMock | None = None) -> None:
        self._engine = engine
        self._driver = Driver(engine)
        self._url = url
        self._responses = responses
        self._asked: Condition | None = None

    # What a client needs

    @property
    def url(self) -> str:
        """The base URL: the documented host where requests are caught, else that of the server.

        Example:
            >>> mock.url
            'https://developer-api.predictionone.sony.biz'
        """
        return self._url

    @property
    def api_key(self) -> str:
        """A key that works: the scenario's first active one.

        Example:
            >>> from mock_p1 import mocked
            >>> with mocked("demo") as demo:
            ...     demo.api_key
            'demo-key'
        """
        return self._engine.keyring.first_active()

    @property
    def job_id(self) -> str:
        """The scenario's first job, or an id that its first pattern takes.

        Raises:
            NoSuchJob: The scenario has no job at all.

        Example:
            >>> mock.job_id
            'retrain-001'
        """
        first = next(self._engine.jobs.ids(), None)
        if first is not None:
            return first
        for pattern in self._engine.scenario.jobs:
            return pattern.replace("*", "1")
        raise NoSuchJob(f"{self._engine.scenario.name} has no job")

    @property
    def responses(self) -> RequestsMock:
        """The ``responses`` mock, for stubs of your own beside ours.

        Raises:
            RuntimeError: The mock is a live server.

        Example:
            >>> import requests
            >>> _ = mock.responses.get("https://api.example.com/", json={"mine": True})
            >>> requests.get("https://api.example.com/", timeout=5).json()
            {'mine': True}
        """
        if self._responses is None:
            raise RuntimeError(
                "this mock is a live server; "
                "stubs can be added to an in-process one (fixture mock_p1)"
            )
        return self._responses

    @property
    def was_asked(self) -> bool:
        """Whether any request has reached the mock, also before a reset.

        Example:
            >>> mock.was_asked
            False
        """
        return self._engine.journal.last > 0

    # Drive it

    @property
    def now(self) -> datetime:
        """The mock's date and time, in UTC.

        Example:
            >>> before = mock.now
            >>> mock.advance("90s")
            >>> (mock.now - before).total_seconds()
            90.0
        """
        clock = self._engine.clock
        return clock.date_at(clock.now_ns())

    def advance(self, span: str | float | timedelta) -> None:
        """Move the mock's clock forward.

        Args:
            span: How far: text (``"90s"``, ``"1h30m"``), seconds or a timedelta.

        Raises:
            ValueError: The span is negative, no duration, or longer than ten years.

        Example:
            >>> poll()
            'job_waiting'
            >>> mock.advance("10m")
            >>> poll()
            'job_running'
        """
        self._driver.advance(nanoseconds(span))

    def step(self, job: str | None = None) -> None:
        """Move a job on to its next step, whatever it waits for.

        Args:
            job: The job; left out, the first one.

        Raises:
            NoSuchJob: The scenario has no such job.
            NoSuchStep: The job is at its last step.

        Example:
            >>> mock.step()
            >>> poll()
            'job_running'
        """
        self._driver.step(self.job_id if job is None else job)

    def set_status(self, status: str, job: str | None = None) -> None:
        """Put a job at its first step that shows a status.

        The order of earlier releases, the job first, is understood too.

        Args:
            status: The status to show.
            job: The job; left out, the first one.

        Raises:
            NoSuchJob: The scenario has no such job.
            NoSuchStep: The job has no such step; the message says which statuses it has.

        Example:
            >>> mock.set_status("job_finished")
            >>> poll()
            'job_finished'
        """
        if job is not None and self._is_job_first(status, job):
            status, job = job, status
        self._driver.set_status(self.job_id if job is None else job, status)

    def _is_job_first(self, first: str, second: str) -> bool:
        """Tell whether two words are a job and its status, in this order."""
        shown_by_first, shown_by_second = self._statuses(first), self._statuses(second)
        if first in shown_by_second or not shown_by_first:
            return False
        return second in shown_by_first or not shown_by_second

    def _statuses(self, job: str) -> set[str | None]:
        found = self._engine.jobs.find(job)
        return {step.status for step in found.value.steps} if found else set()

    def fail_next(
        self, error_or_fault: ErrorName | FaultName, times: int = 1, job: str | None = None
    ) -> None:
        """Answer the next polls with a documented error or a fault; the job does not move.

        Args:
            error_or_fault: The name of a documented error or of a network failure.
            times: How many polls.
            job: Only polls of this job; left out, of any.

        Raises:
            ValueError: There is no such error or fault, or ``times`` is less than one.
            NoSuchJob: The scenario has no such job.

        Example:
            >>> mock.fail_next("job_may_be_deleted", times=2)
            >>> poll(), poll(), poll()
            ('This job may be deleted.', 'This job may be deleted.', 'job_waiting')
        """
        self._driver.fail_next(error_or_fault, times, job)

    def reset(self, job: str | None = None) -> None:
        """Begin anew: one job, or everything (jobs, polls, failures that wait).

        Args:
            job: Only this job; left out, everything.

        Raises:
            NoSuchJob: The scenario has no such job.

        Example:
            >>> mock.step()
            >>> mock.reset()
            >>> poll()
            'job_waiting'
        """
        self._driver.reset(job)

    # Read it

    def polls(self, job: str | None = None) -> PollList:
        """The polls so far, oldest first. Requests that are no poll are left out.

        Args:
            job: Only polls of this job; left out, of all.

        Returns:
            A list that can judge the client too: ``mock.polls().assert_interval(min="30s")``.

        Raises:
            NoSuchJob: Neither the scenario nor any poll knows the job.

        Example:
            >>> poll()
            'job_waiting'
            >>> [(poll.seconds, poll.status) for poll in mock.polls()]
            [(0.0, 'job_waiting')]
        """
        polls = PollList(self._read(entry) for entry in self._engine.journal if is_poll(entry))
        if job is None:
            return polls
        asked_for = {str(poll.job_id) for poll in polls}
        if job not in asked_for and self._engine.jobs.find(job) is None:
            known = {*islice(self._engine.jobs.ids(), 1000), *asked_for}
            raise NoSuchJob(f"{unknown('job', job, known)} (scenario {self._engine.scenario.name})")
        return PollList((poll for poll in polls if poll.job_id == job), job=job, others=polls)

    def requests(self) -> list[Poll]:
        """Every request so far: polls, downloads, and what the mock does not imitate.

        Returns:
            The requests, oldest first.

        Example:
            >>> poll()
            'job_waiting'
            >>> [request.operation for request in mock.requests()]
            ['retrain_status_check']
        """
        return [self._read(entry) for entry in self._engine.journal]

    def unexpected(self) -> list[Poll]:
        """The requests that the mock does not imitate.

        Returns:
            The requests, oldest first.

        Example:
            >>> mock.unexpected()
            []
        """
        return [request for request in self.requests() if request.operation is None]

    def timeline(self, job: str | None = None) -> str:
        """The polls as a table, for a person to read.

        Args:
            job: Only polls of this job; left out, of all.

        Returns:
            A line for each poll.

        Raises:
            NoSuchJob: Neither the scenario nor any poll knows the job.

        Example:
            >>> mock.timeline()
            'no poll yet'
        """
        return self.polls(job).table()

    def report(self) -> str:
        """Every request, and for each job what it is waiting for now.

        Returns:
            What pytest shows when a test fails.

        Example:
            >>> poll()
            'job_waiting'
            >>> print(mock.report().splitlines()[-1])
            retrain-001 has been at job_waiting (slow-training.yaml:10) for 0s, and waits for 10m
        """
        return report(self._engine, self._url, self._responses)

    # Judge the client

    def assert_polled(self, job: str | None = None, times: int | None = None) -> None:
        """Fail unless the client polled.

        Args:
            job: The job; left out, any job.
            times: Exactly how often; left out, at least once.

        Raises:
            AssertionError: There were other polls than asked for.
            NoSuchJob: Neither the scenario nor any poll knows the job.

        Example:
            >>> poll()
            'job_waiting'
            >>> mock.assert_polled("retrain-001", times=1)
        """
        __tracebackhide__ = True
        self.polls(job).assert_polled(times)

    def assert_interval(
        self,
        min: str | float | timedelta | None = None,  # noqa: A002 -- the word that says it
        max: str | float | timedelta | None = None,  # noqa: A002 -- likewise
        job: str | None = None,
    ) -> None:
        """Fail if two polls of one job by one key were too close, or too far apart.

        In-process, times are exact; a live server sees what the network makes of the client's
        intervals, so leave it a margin.

        Args:
            min: The shortest interval allowed: text (``"30s"``), seconds or a timedelta.
            max: The longest interval allowed.
            job: The job; left out, every job.

        Raises:
            AssertionError: An interval is out of bounds, or there are no two polls to judge by.
            TypeError: Neither bound is given.
            NoSuchJob: Neither the scenario nor any poll knows the job.

        Example:
            >>> for _ in range(3):
            ...     _ = poll()
            ...     mock.advance("30s")
            >>> mock.assert_interval(min="30s", max="1m")
        """
        __tracebackhide__ = True
        self.polls(job).assert_interval(min, max)

    def assert_backoff(
        self,
        factor: float = 2.0,
        cap: str | float | timedelta | None = None,
        job: str | None = None,
        tolerance: float = 0.0,
    ) -> None:
        """Fail unless each interval is at least ``factor`` times the one before it, up to ``cap``.

        Args:
            factor: By what each interval should grow, at least 1.
            cap: The longest interval: text (``"5m"``), seconds or a timedelta.
            job: The job; left out, every job.
            tolerance: Allows for jitter: 0.1 takes intervals a tenth shorter than asked for, or
                longer than the cap.

        Raises:
            AssertionError: An interval is too short, or above the cap; or a job was polled less
                than three times, since two intervals are the least to judge by.
            ValueError: The factor or the tolerance is out of its range.
            NoSuchJob: Neither the scenario nor any poll knows the job.

        Example:
            >>> for wait in ("10s", "20s", "30s"):
            ...     _ = poll()
            ...     mock.advance(wait)
            >>> _ = poll()
            >>> mock.assert_backoff(factor=2, cap="30s")
        """
        __tracebackhide__ = True
        self.polls(job).assert_backoff(factor, cap, tolerance)

    def assert_respects_retry_after(self, job: str | None = None) -> None:
        """Fail if the client polled sooner than the ``Retry-After`` of the poll before asked for.

        Args:
            job: The job; left out, every job.

        Raises:
            AssertionError: A poll came too soon, or none was answered with ``Retry-After``, so
                that there is nothing to judge by.
            NoSuchJob: Neither the scenario nor any poll knows the job.

        Example:
            >>> mock.assert_respects_retry_after()
            Traceback (most recent call last):
            AssertionError: a job was never answered with Retry-After, so there is nothing to ...
        """
        __tracebackhide__ = True
        self.polls(job).assert_respects_retry_after()

    def assert_stopped_after(self, status: str, job: str | None = None) -> None:
        """Fail unless the client saw a status, and did not poll that job again afterwards.

        Args:
            status: A status, or the name of a documented error.
            job: The job; left out, every job.

        Raises:
            AssertionError: The client polled on, or never saw the status.
            NoSuchJob: Neither the scenario nor any poll knows the job.

        Example:
            >>> mock.advance("2h")
            >>> mock.set_status("job_finished")
            >>> poll()
            'job_finished'
            >>> mock.assert_stopped_after("job_finished")
        """
        __tracebackhide__ = True
        self.polls(job).assert_stopped_after(status)

    def assert_no_unexpected(self) -> None:
        """Fail if the client asked for something that the mock does not imitate.

        Raises:
            AssertionError: It did; the message says what came nearest.

        Example:
            >>> mock.assert_no_unexpected()
        """
        __tracebackhide__ = True
        if unexpected := self.unexpected():
            raise AssertionError(describe_unexpected(unexpected))

    def wait_for(self, job: str | None = None, polls: int = 1, timeout: float = 5.0) -> None:
        """Wait until a client in another thread has polled so many times.

        Args:
            job: The job; left out, any job.
            polls: How many polls there should be.
            timeout: How long to wait at most, in real seconds.

        Raises:
            AssertionError: The time has passed.
            NoSuchJob: Neither the scenario nor any poll knows the job.

        Example:
            >>> import threading
            >>> threading.Thread(target=poll).start()
            >>> mock.wait_for(polls=1)
        """
        __tracebackhide__ = True
        if self._asked is None:
            self._asked = Condition()
            self._engine.journal.listen(self._notify)
        with self._asked:
            enough = self._asked.wait_for(lambda: len(self.polls(job)) >= polls, timeout)
        if not enough:
            so_far = self.polls(job)
            was = f"{named(job)} was polled {in_words(len(so_far))} within {timeout:g} s"
            so_far._fail(f"{was}; {in_words(polls)} was waited for")  # noqa: SLF001 -- likewise ours

    def _notify(self, _: Entry) -> None:
        if self._asked is not None:
            with self._asked:
                self._asked.notify_all()

    def _read(self, entry: Entry) -> Poll:
        return Poll._of(entry, self._engine.clock)  # noqa: SLF001 -- tests make no polls

    def __repr__(self) -> str:
        return f"<Mock P1: {self._engine.scenario.name} at {self._url}>"
