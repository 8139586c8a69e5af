"""The handle: what `mocked`, `serving` and the fixtures hand out.

Drive the mock, read its polls, judge the client.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Condition
from typing import TYPE_CHECKING, NoReturn

from mock_p1.analysis.forgotten import Forgotten, describe_forgotten
from mock_p1.analysis.poll_table import is_poll, key_labels
from mock_p1.analysis.polls import (
    Poll,
    PollList,
    describe_unexpected,
    in_words,
    listed,
    named,
    not_judged,
)
from mock_p1.analysis.sequence_judge import breaches, sequence_problem
from mock_p1.base.clock import SECOND
from mock_p1.base.durations import nanoseconds
from mock_p1.contract.operations import (
    FILE_UPLOAD,
    RESULT_DOWNLOAD,
    RETRAIN_MODEL_SWITCH,
    RETRAIN_STATUS_CHECK,
    Operation,
)
from mock_p1.engine.acts import StoreDown
from mock_p1.engine.driver import (
    Driver,
    NoSuchJob,
    must_be_text,
    must_be_whole,
    operation_named,
)
from mock_p1.scenario.files import load_reply
from mock_p1.server.state_file import write_state
from mock_p1.testing.poll_report import report, table_of_all
from mock_p1.testing.uploaded import Upload, read_uploads
from mock_p1.testing.verdicts import (
    download_problem,
    switch_problem,
    upload_problem,
)

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from os import PathLike

    from responses import RequestsMock

    from mock_p1.contract.names import ErrorName, FaultName, OperationName, ReplyFields
    from mock_p1.engine.engine import Engine
    from mock_p1.engine.journal import Entry
    from mock_p1.engine.mock_state import InjectedFailure
    from mock_p1.transports.responses_patch import Mock

SETTLES_SECONDS = 1.0
"""How long, in real seconds, it is waited for what a server is sending now, to judge it."""

_ALWAYS_KNOWN = ("url", "model_id", "report")  # the last is that of a failure, in any case
_SELDOM_CHANGED = ("api_key", "secret_key", "job_id")
"""What only another scenario changes: while a store does not answer, the last that is known."""


class Handle:
    """A running mock, in-process or served: drive it, read its polls, judge the client.

    ``mocked``, ``serving`` and the two fixtures hand it out. Times are given as text (``"90s"``),
    seconds or a timedelta. Jobs are named by id.

    In the examples here ``mock`` is a handle of the scenario ``slow-training``, and ``poll()`` is a
    client that asks for the status of its job.

    Examples:
        >>> poll()
        'job_waiting'
        >>> mock.advance("2h")
        >>> poll()
        'job_finished'
        >>> mock.assert_polled(times=2)
    """

    def __init__(self, engine: Engine, url: str, responses: Mock | None = None) -> None:
        self._engine = engine
        self._driver = Driver(engine)
        self._url = url
        self._responses = responses
        self._asked: Condition | None = None
        self._queued: list[tuple[InjectedFailure, int]] = []

    if not TYPE_CHECKING:  # to whom every name would be an attribute

        def __getattribute__(self, name: str) -> object:
            """Know what other processes have done, before anything is asked of it."""
            if name not in _ALWAYS_KNOWN and not name.startswith("_"):
                with suppress(*([StoreDown] if name in _SELDOM_CHANGED else [])):
                    self._engine.refresh()
            return object.__getattribute__(self, name)

    # What a client needs

    @property
    def url(self) -> str:
        """The base URL: the documented host where requests are caught, else that of the server.

        Examples:
            >>> mock.url
            'https://developer-api.predictionone.sony.biz'
        """
        return self._url

    @property
    def api_key(self) -> str:
        """A key that works: the scenario's first active one; where none is, its first.

        Examples:
            >>> from mock_p1 import mocked
            >>> with mocked("demo") as demo:
            ...     demo.api_key
            'demo-key'
        """
        return self._engine.state.keyring.first_active()

    @property
    def secret_key(self) -> str:
        """A secret key that works: the scenario's first active one; where none is, its first.

        Examples:
            >>> mock.secret_key
            'any-secret'
        """
        return self._engine.state.keyring.first_active_secret()

    @property
    def model_id(self) -> int:
        """A model to ask for a key for; the mock takes every number.

        Examples:
            >>> mock.model_id
            1
        """
        return 1

    @property
    def job_id(self) -> str:
        """The job that a client created last, else the scenario's first.

        Where the scenario has only patterns, an id that the first one takes. This is the job that
        is meant wherever one may be left out.

        Raises:
            NoSuchJob: The scenario has no job at all, and none was created: where it has only
                ``new_jobs``, a client has to ask for an upload URL first.

        Examples:
            >>> mock.job_id
            'retrain-001'
        """
        with self._engine.lock:
            created = self._engine.job_states.newest_created
        if created is not None:
            return created
        first = next(self._engine.state.directory.ids(), None)
        if first is not None:
            return first
        for pattern in self._engine.scenario.jobs:
            return pattern.replace("*", "1")
        text = f"{self._engine.scenario.name} has no job"
        if self._engine.state.directory.new_jobs is not None:
            text += " but new ones; a client has to ask for an upload URL first"
        raise NoSuchJob(text)

    @property
    def responses(self) -> RequestsMock:
        """The ``responses`` mock, for stubs of your own beside ours.

        Raises:
            RuntimeError: The mock is a live server.

        Examples:
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

        Examples:
            >>> mock.was_asked
            False
        """
        return self._engine.journal.last > 0

    # Drive it

    @property
    def now(self) -> datetime:
        """The mock's date and time, in UTC.

        Examples:
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

        Examples:
            >>> poll()
            'job_waiting'
            >>> mock.advance("10m")
            >>> poll()
            'job_running'
        """
        self._driver.advance(nanoseconds(span))

    def step(self, job: str | None = None, on: OperationName = "retrain_status_check") -> None:
        """Move a job, or what another call answers, on to its next step, whatever it waits for.

        Args:
            job: The job; left out, the one that was created last, else the first.
            on: The call. Of any other than the status check, its list under ``calls:`` moves on.

        Raises:
            NoSuchJob: There is no such job.
            NoSuchStep: The job, or the list, is at its last step, or nobody has made the call.
            ValueError: There is no such call, or it is about no job.

        Examples:
            >>> mock.step()
            >>> poll()
            'job_running'
        """
        operation = operation_named(on)
        if operation.has_job:
            job = self.job_id if job is None else job
        elif job is not None:
            raise ValueError(f"{operation.name} is about no job; leave the job out")
        if operation == RETRAIN_STATUS_CHECK:
            self._driver.step(job or "")
        else:
            self._driver.step_calls(on, job)

    def set_status(self, status: str, job: str | None = None) -> None:
        """Put a job at its first step that shows a status.

        The order of earlier releases, the job first, is understood too.

        Args:
            status: The status to show.
            job: The job; left out, the one that was created last, else the first.

        Raises:
            NoSuchJob: The scenario has no such job.
            NoSuchStep: The job has no such step; the message says which statuses it has.

        Examples:
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
        found = self._engine.state.directory.find(job)
        return {step.status for step in found.value.steps} if found else set()

    def fail_next(
        self,
        what: ErrorName | FaultName | ReplyFields,
        times: int = 1,
        job: str | None = None,
        on: OperationName = "retrain_status_check",
    ) -> None:
        """Let the next polls, or other calls, fail; no job moves, and nothing is done.

        What spoils no answer lets the act be done: ``slow_body``, and on the upload, whose answer
        has no body, ``truncated_body`` and ``malformed_json``. That an act is done and only its
        answer is lost is said in the scenario, by ``done: true`` under ``calls:``, or by the phase
        ``done`` of ``mock_p1_trouble``.

        Args:
            what: The name of a documented error or of a network failure, or an answer to the letter
                (``{"status_code": 429, "retry_after": "5s"}``).
            times: How many calls.
            job: Only calls about this job; left out, about any.
            on: Which call fails.

        Raises:
            ValueError: The call has no such error, there is no such fault or call, the answer
                cannot be one, or ``times`` is less than one.
            NoSuchJob: There is no such job.

        Examples:
            >>> mock.fail_next("job_may_be_deleted", times=2)
            >>> poll(), poll(), poll()
            ('This job may be deleted.', 'This job may be deleted.', 'job_waiting')
        """
        if type(what) is int:  # type: ignore[comparison-overlap]  # -- tests are seldom type-checked
            raise ValueError(f'an HTTP status is written {{"status_code": {what}}}')
        if isinstance(what, Mapping) and (form := what.keys() & {"error", "fault", "reply"}):
            (name, *_) = form
            raise ValueError(
                f"{name}: is how the control API has it; write fail_next({what[name]!r})"  # type: ignore[literal-required]  # -- likewise
            )
        failure = what if isinstance(what, str) else load_reply(what)
        self._queued.append((self._driver.fail_next(failure, times, job, on=on), times))

    def reset(self, job: str | None = None) -> None:
        """Begin anew: one job, or everything (jobs, polls, failures that wait).

        Polls of one job that came before stay in the lists; the client is judged by what comes now.

        Args:
            job: Only this job; left out, everything.

        Raises:
            NoSuchJob: The scenario has no such job.

        Examples:
            >>> mock.step()
            >>> mock.reset()
            >>> poll()
            'job_waiting'
        """
        self._driver.reset(job)

    def save(self, file: str | PathLike[str]) -> None:
        """Write the whole state to a file, for another mock to go on from: ``mocked(load=…)``.

        Args:
            file: Where to; what is there is replaced, whole. It holds keys as they are, and is for
                its owner alone to read.

        Raises:
            OSError: The file cannot be written; what was there is there still. The message names
                the file, and says why.

        Examples:
            >>> from mock_p1 import mocked
            >>> mock.advance("90m")
            >>> mock.save("in-the-middle.json")
            >>> with mocked("slow-training", load="in-the-middle.json") as another:
            ...     another.now == mock.now
            True
        """
        path = Path(file)
        try:
            write_state(self._engine, path)
        except OSError as error:
            is_there = path.parent.is_dir()
            why = error.strerror if is_there else f"the folder {path.parent} is not there"
            raise OSError(error.errno, f"the state is not saved: {why}", str(path)) from None

    # Read it

    def polls(self, job: str | None = None) -> PollList:
        """The polls so far, oldest first. Requests that are no poll are left out.

        Args:
            job: Only polls of this job; left out, of all.

        Returns:
            A list that can judge the client too: ``mock.polls().assert_interval(min="30s")``.

        Raises:
            NoSuchJob: Neither the scenario nor any poll knows the job.

        Examples:
            >>> poll()
            'job_waiting'
            >>> [(poll.seconds, poll.status) for poll in mock.polls()]
            [(0.0, 'job_waiting')]
        """
        return self._listed(filter(is_poll, self._engine.journal), job)

    def requests(self) -> list[Poll]:
        """Every request so far: polls, downloads, and what the mock does not imitate.

        Returns:
            The requests, oldest first.

        Examples:
            >>> poll()
            'job_waiting'
            >>> [request.operation for request in mock.requests()]
            ['retrain_status_check']
        """
        return [self._read(entry) for entry in self._engine.journal]

    def uploads(self, job: str | None = None) -> list[Upload]:
        """The files that came, or of which a part came, oldest first.

        Waits until they have been looked at, ten seconds at most.

        Args:
            job: Only files for this job; left out, for all.

        Returns:
            One for each PUT: name, size, SHA-256, rows, columns, content and notes.

        Raises:
            NoSuchJob: Neither the scenario nor any call knows the job.

        Examples:
            >>> mock.uploads()
            []
        """
        self._must_know(job)
        entries = {entry.number: entry for entry in self._engine.journal}
        with self._engine.lock:
            facts = [each for each in self._engine.state.uploads if job in (None, each.job_id)]
        return list(read_uploads(facts, entries, self._engine.clock))

    def downloads(self, job: str | None = None) -> list[Poll]:
        """The downloads of results so far, oldest first; ``complete`` says which got all of it.

        One whose client has broken off is not complete, nor one whose body it has not read. Waits
        for what a server is sending now, one second at most.

        Args:
            job: Only of this job; left out, of all.

        Returns:
            One for each request.

        Raises:
            NoSuchJob: Neither the scenario nor any call knows the job.

        Examples:
            >>> mock.downloads()
            []
        """
        self._engine.settle(SETTLES_SECONDS)
        return self._calls(RESULT_DOWNLOAD, job)

    def switches(self, job: str | None = None) -> list[Poll]:
        """The calls to switch the model so far, oldest first; ``complete`` says which did.

        Args:
            job: Only of this job; left out, of all.

        Returns:
            One for each request.

        Raises:
            NoSuchJob: Neither the scenario nor any call knows the job.

        Examples:
            >>> mock.switches()
            []
        """
        return self._calls(RETRAIN_MODEL_SWITCH, job)

    def unexpected(self) -> list[Poll]:
        """The requests that the mock does not imitate.

        Returns:
            The requests, oldest first.

        Examples:
            >>> mock.unexpected()
            []
        """
        return [self._read(entry) for entry in self._engine.journal if entry.operation is None]

    def timeline(self, job: str | None = None) -> str:
        """The polls as a table, for a person to read.

        Args:
            job: Only polls of this job; left out, of all.

        Returns:
            A line for each poll.

        Raises:
            NoSuchJob: Neither the scenario nor any poll knows the job.

        Examples:
            >>> mock.timeline()
            'no poll yet'
        """
        return self.polls(job).table()

    def report(self) -> str:
        """Every request, and for each job what it is waiting for now.

        Returns:
            What pytest shows when a test fails.

        Examples:
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
            ValueError: ``times`` is no whole number, or negative.

        Examples:
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

        In-process, times are exact. A live server sees the time that requests take, too: there an
        interval may be 100 ms too short or too long, times the mock's speed, though not by more
        than half. Where the system's clock goes in steps (15.6 ms on Windows before Python 3.13),
        it may be too short by one more.

        Args:
            min: The shortest interval allowed: text (``"30s"``), seconds or a timedelta.
            max: The longest interval allowed.
            job: The job; left out, every job.

        Raises:
            AssertionError: An interval is out of bounds, or there are no two polls to judge by.
            TypeError: Neither bound is given, or one is no span of time.
            ValueError: A bound cannot be one, or ``min`` is longer than ``max``.
            NoSuchJob: Neither the scenario nor any poll knows the job.

        Examples:
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

        An interval behind an answer with ``Retry-After`` is not the client's choice: it is left
        out, and the next one is compared with the one before it.

        Args:
            factor: By what each interval should grow, from 1 to 1,000.
            cap: The longest interval: text (``"5m"``), seconds or a timedelta.
            job: The job; left out, every job.
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
            NoSuchJob: Neither the scenario nor any poll knows the job.

        Examples:
            >>> for wait in ("10s", "20s", "30s"):
            ...     _ = poll()
            ...     mock.advance(wait)
            >>> _ = poll()
            >>> mock.assert_backoff(factor=2, cap="30s")
        """
        __tracebackhide__ = True
        self._engine.settle(SETTLES_SECONDS)
        self.polls(job).assert_backoff(factor, cap, tolerance)

    def assert_respects_retry_after(self, job: str | None = None) -> None:
        """Fail if the client made a call again sooner than ``Retry-After`` asked for.

        Judged is the next call of the same operation about the same job. Of calls by one caller
        that are about none, several may go on side by side: each needs one behind it that waited.
        The wait begins with the answer.

        Args:
            job: Only calls about this job; left out, all calls.

        Raises:
            AssertionError: A call came too soon, or none was answered with ``Retry-After``, so
                that there is nothing to judge by.
            NoSuchJob: Neither the scenario nor any poll knows the job.

        Examples:
            >>> mock.assert_respects_retry_after()
            Traceback (most recent call last):
            AssertionError: the client was never answered with Retry-After, so there is ...
        """
        __tracebackhide__ = True
        self._engine.settle(SETTLES_SECONDS)
        calls = (entry for entry in self._engine.journal if not entry.unexpected)
        self._listed(calls, job).assert_respects_retry_after()

    def assert_stopped_after(self, status: str, job: str | None = None) -> None:
        """Fail unless the client saw a status, and did not poll that job again afterwards.

        An answer that is held back is seen when it comes, if the client has waited for it. A poll
        behind a download or a switch that has failed asks how to go on, and is let pass.

        Judged is each job that the client polled, by any key. It has to show the status, or to have
        come to another end: ``job_finished``, ``job_failed``, a documented error, or the last
        step of its timeline. A client whose last poll of a job met ``job_failed`` or a documented
        error may have given up all others, too. A job that was never polled is not judged.

        Args:
            status: A status, or the name of a documented error.
            job: The job; left out, every job.

        Raises:
            AssertionError: The client polled on, or never saw the status, or dropped a job before.
            ValueError: The status is no text.
            NoSuchJob: Neither the scenario nor any poll knows the job.

        Examples:
            >>> mock.advance("2h")
            >>> mock.set_status("job_finished")
            >>> poll()
            'job_finished'
            >>> mock.assert_stopped_after("job_finished")
        """
        __tracebackhide__ = True
        self._engine.settle(SETTLES_SECONDS)
        self.polls(job).assert_stopped_after(status)

    def assert_uploaded(
        self, job: str | None = None, filename: str | None = None, rows: int | None = None
    ) -> None:
        """Fail unless the client has sent all of a file; the last one that came counts.

        Args:
            job: The job; left out, the one that was created last.
            filename: The name it should have.
            rows: How many rows its table should have, without the header.

        Raises:
            AssertionError: No file came, not all of it, another one, an empty one or a form.
            NoSuchJob: Neither the scenario nor any call knows the job.
            ValueError: ``filename`` is no text, or ``rows`` no whole number, or negative.

        Examples:
            >>> try:
            ...     mock.assert_uploaded()
            ... except AssertionError as error:
            ...     print(str(error).splitlines()[0])
            the client never asked for an upload URL, so no file was uploaded
        """
        __tracebackhide__ = True
        if filename is not None:
            must_be_text("filename", filename, "train.csv")
        if rows is not None:
            must_be_whole("rows", rows)
        if job is None:
            with self._engine.lock:
                job = self._engine.job_states.newest_created
        uploads = [] if job is None else self.uploads(job)
        calls = self._calls(FILE_UPLOAD, job)
        with self._engine.lock:
            waits = any(each.waits_for_file for each in self._engine.job_states.of(job or ""))
        stands = "still waits for its file" if waits else "was sent no file"
        if problem := upload_problem(job, uploads, calls, filename, rows, stands=stands):
            self._fail(problem, {call.number for call in calls})

    def assert_downloaded(self, job: str | None = None, times: int = 1) -> None:
        """Fail unless the client has downloaded a result, whole.

        Args:
            job: The job; left out, the one that was created last, else the first.
            times: Exactly how often, by each caller that has downloaded it at all; what broke
                midway does not count.

        Raises:
            AssertionError: It was downloaded more or less often.
            NoSuchJob: Neither the scenario nor any call knows the job.
            ValueError: ``times`` is no whole number, or negative.

        Examples:
            >>> mock.assert_downloaded(times=0)
        """
        __tracebackhide__ = True
        must_be_whole("times", times)
        job = self.job_id if job is None else job
        downloads = self._judged(self.downloads(job))
        problem = download_problem(job, downloads, times, key_labels(self._engine.journal))
        counts = Counter(call.caller for call in downloads if call.complete)
        if max(counts.values(), default=0) <= times:  # else it is wrong however many there were
            self._must_be_whole(job)
        if problem:
            self._fail(problem, {call.number for call in downloads})

    def assert_switched(self, job: str | None = None) -> None:
        """Fail unless the client has switched to the model of a job.

        A switch counts also where only its answer was lost. Where several callers have a job of
        this id, the switch of one is enough.

        Args:
            job: The job; left out, the one that was created last, else the first.

        Raises:
            AssertionError: The model was not switched; the message says how each try was answered.
            NoSuchJob: Neither the scenario nor any call knows the job.

        Examples:
            >>> try:
            ...     mock.assert_switched()
            ... except AssertionError as error:
            ...     print(str(error).splitlines()[0])
            the model of job 'retrain-001' was not switched: the client never asked for it
        """
        __tracebackhide__ = True
        job = self.job_id if job is None else job
        switches = self._judged(self.switches(job))
        if problem := switch_problem(job, switches):
            self._must_be_whole(job)
            self._fail(problem, {call.number for call in switches})

    def assert_sequence(self, job: str | None = None) -> None:
        """Fail if the client made its calls in a wrong order.

        An API key is used after Get API Key has issued it (a key of the scenario needs none). A job
        that the client created is polled when its upload is complete, and its URL is sent one file.
        Download and switch come after a poll has shown ``job_finished``; after a complete download
        or switch nothing is polled. No key is sent to the URL of a file. A call that failed, or
        whose answer was lost, may be made again.

        Args:
            job: Only calls about this job; left out, all calls.

        Raises:
            AssertionError: A call broke a rule, or there was no call to judge.
            NoSuchJob: Neither the scenario nor any call knows the job.

        Examples:
            >>> poll()
            'job_waiting'
            >>> mock.assert_sequence()
        """
        __tracebackhide__ = True
        self._must_know(job)
        self._engine.settle(SETTLES_SECONDS)
        wrong = [breach for breach in breaches(self._engine) if job in (None, breach.entry.job_id)]
        if wrong:
            self._fail(sequence_problem(wrong), {breach.entry.number for breach in wrong})
        self._must_be_whole(job)
        journal = self._engine.journal
        if not any(job in (None, each.job_id) and journal.is_judged(each) for each in journal):
            self._fail(f"the client made no call about {named(job)}, so there is none to judge")

    def assert_no_unexpected(self) -> None:
        """Fail if the client asked for something that the mock does not imitate.

        Raises:
            AssertionError: It did; the message says what came nearest.

        Examples:
            >>> mock.assert_no_unexpected()
        """
        __tracebackhide__ = True
        if unexpected := self._judged(self.unexpected()):
            raise AssertionError(describe_unexpected(unexpected))
        if forgotten := describe_forgotten(self._engine):
            with self._engine.lock:
                kinds, lost = iter(self._engine.journal.totals), self._engine.journal.forgotten()
            callers = {kind.caller for kind, count, _ in kinds if count and not kind.operation}
            if callers & {caller for job, caller in lost if job is None}:
                raise Forgotten(forgotten)

    def wait_for(self, job: str | None = None, polls: int = 1, timeout: float = 5.0) -> None:
        """Wait until a client in another thread has polled so many times.

        Args:
            job: The job; left out, any job.
            polls: How many polls there should be.
            timeout: How long to wait at most, in real seconds.

        Raises:
            AssertionError: The time has passed.
            NoSuchJob: Neither the scenario nor any poll knows the job.
            ValueError: ``polls`` is no whole number, or negative, or the time is.
            TypeError: The time is none.

        Examples:
            >>> import threading
            >>> client = threading.Thread(target=poll)
            >>> client.start()
            >>> mock.wait_for(polls=1)
            >>> client.join()
        """
        __tracebackhide__ = True
        must_be_whole("polls", polls)
        seconds = nanoseconds(timeout) / SECOND
        if self._asked is None:
            self._asked = Condition()
            self._engine.journal.listen(self._notify)
        self._must_know(job)
        journal = self._engine.journal

        def count() -> int:
            """Return how many there are, without the lock that a poll holds while it tells."""
            polled = (entry for entry in journal if is_poll(entry) and job in (None, entry.job_id))
            return sum(map(journal.is_judged, polled))

        with self._asked:
            enough = self._asked.wait_for(lambda: count() >= polls, seconds)
        if not enough:
            so_far = self.polls(job)
            was = f"{named(job)} was polled {in_words(count())} within {seconds:g} s"
            so_far._fail(f"{was}; {in_words(polls)} was waited for")  # noqa: SLF001 -- likewise ours

    def _listed(self, entries: Iterable[Entry], job: str | None) -> PollList:
        self._must_know(job)
        return listed(self._engine, entries, job)

    def _calls(self, operation: Operation, job: str | None) -> list[Poll]:
        self._must_know(job)
        return [
            self._read(entry)
            for entry in self._engine.journal
            if entry.operation == operation.name and job in (None, entry.job_id)
        ]

    def _judged(self, calls: list[Poll]) -> list[Poll]:
        """Return those that the client is judged by."""
        return [call for call in calls if self._engine.journal.is_judged(call._entry)]  # noqa: SLF001 -- tests are not shown it

    def _must_be_whole(self, job: str | None = None) -> None:
        """Let nobody be judged by a part of the calls."""
        __tracebackhide__ = True
        if forgotten := describe_forgotten(self._engine, job):
            raise Forgotten(forgotten)

    def _must_know(self, job: str | None) -> None:
        """NoSuchJob where neither the scenario nor any call knows the job."""
        engine = self._engine
        if job is None or engine.state.directory.find(job) is not None:
            return
        with engine.lock:
            asked_for = dict.fromkeys(engine.job_states.known())
        asked_for |= dict.fromkeys(e.job_id for e in engine.journal if e.job_id is not None)
        if job != str(job) or job not in asked_for:  # a test may hand over a list
            text = engine.state.directory.no_job(job, asked_for)
            raise NoSuchJob(f"{text} (scenario {engine.scenario.name})")

    def _fail(self, what: str, marked: Container[int] = ()) -> NoReturn:
        __tracebackhide__ = True
        entries = list(self._engine.journal)
        table = table_of_all(self._engine, entries, marked) if entries else "there was no call"
        more = not_judged(sum(not self._engine.journal.is_judged(entry) for entry in entries))
        raise AssertionError(f"{what}\n\n{table}{more}")

    def _notify(self, _: Entry) -> None:
        if self._asked is not None:
            with self._asked:
                self._asked.notify_all()

    def _read(self, entry: Entry) -> Poll:
        return Poll._of(entry, self._engine.clock)  # noqa: SLF001 -- tests make no polls

    def __repr__(self) -> str:
        return f"<Mock P1: {self._engine.scenario.name} at {self._url}>"
