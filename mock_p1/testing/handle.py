"""The handle: what `mocked`, `serving` and the fixtures hand out.

Drive the mock, read its polls, judge the client.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

from mock_p1.base.durations import nanoseconds
from mock_p1.base.text import unknown
from mock_p1.contract.operations import RETRAIN_STATUS_CHECK
from mock_p1.engine.driver import Driver, NoSuchJob
from mock_p1.testing.pacing import Pacing
from mock_p1.testing.poll_report import report
from mock_p1.testing.polls import Poll, poll_of, timeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta

    from responses import RequestsMock

    from mock_p1.engine.engine import Engine
    from mock_p1.engine.journal import Entry


class Handle(Pacing):
    """A running mock, in-process or served.

    What ``mocked``, ``serving`` and the two fixtures hand out.

    Times are given as text (``"90s"``), seconds, or timedelta. Jobs are named by id; ``None`` means
    every job.
    """

    def __init__(self, engine: Engine, url: str, responses: RequestsMock | None = None) -> None:
        self._engine, self._driver, self._url, self._responses = (
            engine,
            Driver(engine),
            url,
            responses,
        )
        self._listeners: list[Callable[[], None]] = []
        self._listening = False

    # What a client needs

    @property
    def url(self) -> str:
        """The base URL: the real host where requests are caught in-process, else that of the server."""
        return self._url

    @property
    def api_key(self) -> str:
        """A key that works: the scenario's first active one."""
        return self._engine.keyring.first_active()

    @property
    def job_id(self) -> str:
        """The scenario's first job, or an id that its first pattern takes.

        NoSuchJob if it has no job at all.
        """
        named = next(self._engine.jobs.ids(), None)
        if named is not None:
            return named
        for pattern in self._engine.scenario.jobs:
            return pattern.replace("*", "1")
        raise NoSuchJob(f"{self._engine.scenario.name} has no job")

    @property
    def responses(self) -> RequestsMock:
        """The ``responses`` mock, for stubs of your own beside ours.

        RuntimeError where the mock is served.
        """
        if self._responses is None:
            raise RuntimeError(
                "this mock is a live server; stubs can be added to an in-process one (fixture mock_p1)"
            )
        return self._responses

    # Drive it

    def advance(self, span: str | float | timedelta) -> None:
        """Move the mock's clock forward."""
        self._driver.advance(nanoseconds(span))

    def step(self, job: str | None = None) -> None:
        """Move a job (the first one, if none is named) on to its next step.

        NoSuchJob, or NoSuchStep at its end.
        """
        self._driver.step(self.job_id if job is None else job)

    def set_status(self, job: str, status: str) -> None:
        """Put a job at its first step that shows this status.

        NoSuchJob or NoSuchStep, with what there is.
        """
        self._driver.set_status(job, status)

    def fail_next(self, error_or_fault: str, times: int = 1, job: str | None = None) -> None:
        """Answer the next polls (of one job, or of any) with a documented error or a fault.

        The job does not move.
        """
        self._driver.fail_next(error_or_fault, times, job)

    def reset(self, job: str | None = None) -> None:
        """Begin anew: one job, or everything (jobs, polls, queued failures)."""
        self._driver.reset(job)

    # Read it

    def polls(self, job: str | None = None) -> list[Poll]:
        """The polls so far, oldest first; of one job, or of all.

        Requests that are no poll are left out.

        NoSuchJob if neither the scenario nor any poll knows the job.
        """
        polls = [poll for poll in self.requests() if poll.operation == RETRAIN_STATUS_CHECK.name]
        if job is None:
            return polls
        asked_for = {poll.job_id for poll in polls}
        if job not in asked_for and self._engine.jobs.find(job) is None:
            known = {*islice(self._engine.jobs.ids(), 1000), *(str(job_id) for job_id in asked_for)}
            raise NoSuchJob(f"{unknown('job', job, known)} (scenario {self._engine.scenario.name})")
        return [poll for poll in polls if poll.job_id == job]

    def requests(self) -> list[Poll]:
        """Every request so far: polls, downloads, and what the mock does not imitate."""
        return [poll_of(entry, self._engine.clock) for entry in self._engine.journal]

    def unexpected(self) -> list[Poll]:
        """The requests that the mock does not imitate."""
        return [poll for poll in self.requests() if poll.operation is None]

    def timeline(self, job: str | None = None) -> str:
        """The polls as a table, for a person to read."""
        polls = self.polls(job)
        return timeline(polls, most=None) if polls else "no poll yet"

    def report(self) -> str:
        """Every request, and for each job what it is waiting for now.

        What pytest shows when a test fails.
        """
        return report(self._engine, self._url, self.requests(), self._responses)

    @contextmanager
    def _told(self, listener: Callable[[], None]) -> Iterator[None]:
        self._listeners.append(listener)
        if not self._listening:
            self._listening = True
            self._engine.journal.listen(self._tell)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    def _tell(self, _: Entry) -> None:
        for listener in list(self._listeners):
            listener()

    def __repr__(self) -> str:
        return f"<Mock P1: {self._engine.scenario.name} at {self._url}>"
