"""The two ways to start a mock in a test.

Caught in-process, or served by the real server in a thread.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from contextlib import ExitStack, closing, contextmanager
from copy import copy
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, ParamSpec, Self, TypeVar

from mock_p1.base.arguments import names_arguments
from mock_p1.base.clock import Clock, RealClock, VirtualClock
from mock_p1.base.durations import nanoseconds
from mock_p1.base.extras import missing
from mock_p1.contract.operations import DOCUMENTED_HOSTS
from mock_p1.engine.engine import Engine
from mock_p1.oneclock.shared import LONGEST, CannotShare, SharedClock, current
from mock_p1.oneclock.thread_activity import at_rest
from mock_p1.scenario.files import ScenarioSource, inline_folder, look_up
from mock_p1.scenario.problems import ScenarioError
from mock_p1.server.state_file import first_date, load_state, read_state
from mock_p1.testing.decorators import inside
from mock_p1.testing.handle import Handle
from mock_p1.testing.read_once import read_once
from mock_p1.testing.run_state import tell, thread_of_the_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from os import PathLike
    from types import TracebackType

    from mock_p1.scenario.model import Scenario

P = ParamSpec("P")
R = TypeVar("R")

JOURNAL_MAX: Final = 100_000
"""A test may poll for days of virtual time, and then ask for every poll."""


class _raised_without_our_frames:  # noqa: N801 -- called like a function
    """Cuts off where a mistake in a scenario was found: it says itself what is wrong, and where."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Let nothing but the line of the test lead to the mistake."""
        __tracebackhide__ = True
        if isinstance(error, ScenarioError):
            raise error.with_traceback(None) from None


class _Starting(ABC):
    """A context manager that hands out a Handle, or a decorator that does not.

    Begins anew each time it is entered.
    """

    def __init__(  # noqa: PLR0913 -- what both ways have in common
        self,
        scenario: ScenarioSource,
        *,
        seed: int | None,
        check: bool,
        instant_sleep: bool | str | float | timedelta,
        start_date: str | datetime | None,
        load: str | PathLike[str] | None,
        as_argument: str | None,
    ) -> None:
        __tracebackhide__ = True
        # an inline one is read when a test starts: its mistakes are that test's, not its module's
        folder = inline_folder(scenario)
        with _raised_without_our_frames():
            source = scenario if folder else _found(scenario)
        self._scenario = partial(_found, source, folder=folder)
        self._seed, self._check, self._as_argument = seed, check, as_argument
        self._entered: list[tuple[ExitStack, Handle]] = []
        self._longest = _longest(instant_sleep)
        self._start_date = _date(start_date)
        if load is not None and start_date is not None:
            raise ValueError("a saved state has its own dates; leave start_date or load out")
        self._load = None if load is None else Path(load)

    @abstractmethod
    def _start(self, stack: ExitStack) -> Handle:
        """Start a mock; the stack is what ends it."""

    def _begun(
        self, stack: ExitStack, clock_at: Callable[[datetime | None], Clock]
    ) -> tuple[Engine, SharedClock | None]:
        """Return an engine, and its clock where the client has the same.

        Else the clock is made by ``clock_at``, of the date that it begins at. CannotLoad says why
        the engine cannot go on from a saved state.
        """
        state = None if self._load is None else read_state(self._load)
        start_date = self._start_date if state is None else first_date(state)
        shared = _one_clock(stack, self._longest, start_date)
        engine = self._engine(stack, shared or clock_at(start_date))
        if self._load is not None:
            load_state(engine, self._load, state)
        return engine, shared

    def _engine(self, stack: ExitStack, clock: Clock) -> Engine:
        """Return an engine that keeps what is uploaded until the mock ends."""
        from mock_p1.server.upload_store import UploadStore  # noqa: PLC0415 -- no need before a start

        scenario, store = self._scenario(), stack.enter_context(closing(UploadStore()))
        return Engine(scenario, clock, seed=self._seed, journal_max=JOURNAL_MAX, store=store)

    def __enter__(self) -> Handle:
        """Start, and return the handle."""
        __tracebackhide__ = True
        with _raised_without_our_frames(), ExitStack() as stack:
            handle = self._start(stack)
            tell(handle, handle._engine)  # noqa: SLF001 -- a handle shows tests no engine
            self._entered.append((stack.pop_all(), handle))
        return handle

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop; AssertionError over a request that is not imitated, if nothing else went wrong."""
        __tracebackhide__ = True
        stack, handle = self._entered.pop()
        stack.__exit__(kind, error, trace)
        if self._check and error is None:
            handle.assert_no_unexpected()

    def start(self) -> Handle:
        """Start, where a ``with`` block does not fit; ``stop`` ends it.

        Returns:
            The handle.

        Examples:
            >>> from mock_p1 import mocked
            >>> starter = mocked("slow-training")
            >>> mock = starter.start()
            >>> mock.job_id
            'retrain-001'
            >>> starter.stop()
        """
        __tracebackhide__ = True
        return self.__enter__()

    def stop(self) -> None:
        """End what ``start`` began last.

        Raises:
            AssertionError: The client asked for something that the mock does not imitate.
            RuntimeError: Nothing has been started.

        Examples:
            >>> from mock_p1 import mocked
            >>> starter = mocked("slow-training")
            >>> mock = starter.start()
            >>> starter.stop()
        """
        __tracebackhide__ = True
        if not self._entered:
            raise RuntimeError("this mock has not been started, or is stopped already")
        self.__exit__(None, None, None)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Run a function, also an ``async`` or a generator one, in a mock of its own."""
        return inside(self._anew, function, self._as_argument)

    def _anew(self) -> Self:
        """Return another one like this, so that calls in several threads do not share a mock."""
        other = copy(self)
        other._entered = []  # noqa: SLF001 -- it is one of us
        return other


class mocked(_Starting):  # noqa: N801 -- called like a function
    """Catch the client's ``requests`` in-process; nothing reaches the network.

    A context manager that hands out a Handle, or a decorator. Time is virtual: it stands still
    until it is moved. At the end, a request that the mock does not imitate raises AssertionError.

    With ``instant_sleep`` the client's own waits return at once and move the mock's time, which the
    client then sees; ``docs/one-clock.md`` says what that covers. A client that sleeps for more
    than a week is stopped by SleptTooLong.

    Args:
        scenario: A bundled name, a file, a text, a mapping or a Scenario.
        base_url: What to take over instead of the two documented hosts.
        seed: Other invented values; goes before the scenario's own.
        check: Whether requests that the mock does not imitate are an error at the end.
        instant_sleep: True, or the longest that a client may sleep: text (``"60d"``), seconds or a
            timedelta.
        start_date: The date that the mock's clock begins at, as text in ISO 8601
            (``"2026-02-28T23:59:00Z"``) or a datetime, in UTC where it has no zone; left out, now.
        load: A file that ``handle.save`` or ``serve --save`` has written of the same scenario: the
            mock goes on where that one was, clock and polls included.
        as_argument: As a decorator, hand the handle to the function as this argument.

    Raises:
        ScenarioError: When it starts: the scenario cannot be used; the message names every problem.
        CannotLoad: When it starts: the saved state is broken, or of another scenario.
        ValueError: ``base_url`` is no base URL, ``start_date`` no date, or ``load`` beside it.
        CannotShare: ``instant_sleep`` cannot work here.

    Examples:
        >>> import requests
        >>> from mock_p1 import mocked
        >>> with mocked("slow-training") as mock:
        ...     url = f"{mock.url}/v1/external/retrain_jobs/{mock.job_id}"
        ...     first = requests.get(url, headers={"x-api-key": mock.api_key}, timeout=5)
        ...     mock.advance("2h")
        ...     second = requests.get(url, headers={"x-api-key": mock.api_key}, timeout=5)
        >>> first.json()["status"], second.json()["status"]
        ('job_waiting', 'job_finished')

        >>> import time
        >>> with mocked("slow-training", instant_sleep=True) as mock:
        ...     time.sleep(7200)
        ...     mock.step()
    """

    @names_arguments("mocked")
    def __init__(  # noqa: PLR0913 -- each is a choice of its own
        self,
        scenario: ScenarioSource = "demo",
        *,
        base_url: str | None = None,
        seed: int | None = None,
        check: bool = True,
        instant_sleep: bool | str | float | timedelta = False,
        start_date: str | datetime | None = None,
        load: str | PathLike[str] | None = None,
        as_argument: str | None = None,
    ) -> None:
        __tracebackhide__ = True
        super().__init__(
            scenario,
            seed=seed,
            check=check,
            instant_sleep=instant_sleep,
            start_date=start_date,
            load=load,
            as_argument=as_argument,
        )
        self._base_urls = DOCUMENTED_HOSTS if base_url is None else (base_url.rstrip("/"),)

    def _start(self, stack: ExitStack) -> Handle:
        from mock_p1.transports.responses_patch import Mock  # noqa: PLC0415 -- takes 0.3 s; a served mock does not need it

        engine, shared = self._begun(stack, VirtualClock)
        if shared:
            engine.journal.listen(lambda _: shared.asked())  # who asks the mock is the client
        mock = Mock(engine, self._base_urls, backs_off=shared is not None)
        mock.start()
        stack.callback(mock.stop)
        return Handle(engine, self._base_urls[0], mock)


class serving(_Starting):  # noqa: N801 -- called like a function
    """Serve a scenario with the real server, in a thread, for any HTTP client.

    A context manager that hands out a Handle, or a decorator. Time is real, times ``speed``, and
    can be moved on. At the end, a request that the mock does not imitate raises AssertionError.

    Args:
        scenario: A bundled name, a file, a text, a mapping or a Scenario.
        speed: How many seconds of the mock's clock pass in a real one.
        seed: Other invented values; goes before the scenario's own.
        host: Where to listen.
        port: Where to listen; 0 takes a free port.
        check: Whether requests that the mock does not imitate are an error at the end.
        instant_sleep: True, or the longest that a client may sleep (text, seconds or a timedelta):
            the sleeps of the thread that starts the server, and of those it starts, return at once
            and move the server's clock.
        start_date: The date that the mock's clock begins at, as in ``mocked``.
        load: A saved state to go on from, as in ``mocked``.
        state: Where the state is that processes share, as for ``serve --state``: what the handle
            shows and judges is what reached any of them.
        state_name: What the keys there begin with.
        as_argument: As a decorator, hand the handle to the function as this argument.

    Raises:
        ScenarioError: When it starts: the scenario cannot be used; the message names every problem.
        CannotListen: The port cannot be had.
        CannotLoad: When it starts: the saved state is broken, or of another scenario.
        CannotShare: ``instant_sleep`` cannot work here.
        CannotShareState: There is no such store, or something else is played there.
        ValueError: The speed is out of its range, or ``instant_sleep`` is there too, or ``load``
            beside ``start_date``, or one of these three beside ``state``.

    Examples:
        >>> import requests
        >>> from mock_p1 import serving
        >>> with serving("slow-training", speed=3600) as mock:
        ...     url = f"{mock.url}/v1/external/retrain_jobs/{mock.job_id}"
        ...     answer = requests.get(url, headers={"x-api-key": mock.api_key}, timeout=5)
        >>> answer.json()["status"]
        'job_waiting'
    """

    @names_arguments("serving")
    def __init__(  # noqa: PLR0913 -- each is a choice of its own
        self,
        scenario: ScenarioSource = "demo",
        *,
        speed: float = 1.0,
        seed: int | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        check: bool = True,
        instant_sleep: bool | str | float | timedelta = False,
        start_date: str | datetime | None = None,
        load: str | PathLike[str] | None = None,
        state: str | None = None,
        state_name: str = "mock-p1",
        as_argument: str | None = None,
    ) -> None:
        __tracebackhide__ = True
        super().__init__(
            scenario,
            seed=seed,
            check=check,
            instant_sleep=instant_sleep,
            start_date=start_date,
            load=load,
            as_argument=as_argument,
        )
        if self._longest and speed != 1:
            raise ValueError("the clock runs at a speed, or is moved by instant_sleep, not both")
        if state is not None and (self._longest or load or start_date):
            raise ValueError("a shared state has its own clock and history; leave state out")
        self._speed, self._address = speed, (host, port)
        self._store = state and (state, state_name)

    def _start(self, stack: ExitStack) -> Handle:
        from mock_p1.server.server import Server, ServerThread, new_thread  # noqa: PLC0415 -- takes 0.1 s
        from mock_p1.transports.network_guard import guarded  # noqa: PLC0415 -- goes with it

        if current() and self._speed != 1:
            raise CannotShare("a mock with instant_sleep is active, so a server takes no speed")
        engine, shared = self._begun(stack, lambda date: RealClock(self._speed, start=date))
        server = Server(engine, host=self._address[0], port=self._address[1])
        thread = stack.enter_context(ServerThread(server, thread_of_the_run(new_thread))).thread
        if thread:
            at_rest.add(thread)
        if shared and server.loop and thread:
            waited_for = server.loop, thread.ident, server.has_work_in_threads
            stack.enter_context(shared.served(server.port, *waited_for))
        elif not shared:
            pace = server.url, "in place of its speed" if self._speed != 1 else "too"
            stack.callback(_on_real_time.remove, pace)
            _on_real_time.append(pace)
        stack.enter_context(reachable(server.url))
        stack.enter_context(guarded())
        return Handle(engine, server.url)

    def _engine(self, stack: ExitStack, clock: Clock) -> Engine:
        """Return an engine, or the part of this process in a shared state, until the mock ends."""
        if not self._store:
            return super()._engine(stack, clock)
        from mock_p1.server.shared_state import share  # noqa: PLC0415 -- only a shared state needs it
        from mock_p1.server.upload_store import UploadStore  # noqa: PLC0415 -- no need before a start

        scenario, store = self._scenario(), stack.enter_context(closing(UploadStore()))
        shared = share(scenario, *self._store, speed=self._speed, seed=self._seed, store=store)
        stack.callback(shared.close)
        return shared.engine


def _found(source: ScenarioSource, folder: Path | None = None) -> Scenario:
    """Return a scenario that is shared with other mocks; no handle shows it."""
    return look_up(source, (), (Path(),), folder=folder, parse=read_once)


def _longest(instant_sleep: bool | str | float | timedelta) -> int:  # noqa: FBT001 -- one of four
    """Return how many nanoseconds a client may sleep; 0 where its sleeps are left alone."""
    if isinstance(instant_sleep, bool):
        return LONGEST * instant_sleep
    return nanoseconds(instant_sleep)


def _date(given: str | datetime | None) -> datetime | None:
    """Read a start date; ValueError if it is none."""
    try:
        date = datetime.fromisoformat(given) if isinstance(given, str) else given
    except ValueError:
        raise ValueError(
            f"start_date: {given!r} is no date such as 2026-02-28 or 2026-02-28T23:59:00Z"
        ) from None
    return date and (date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC))


_on_real_time: list[tuple[str, str]] = []
"""The servers whose clock no client moves, and how ``instant_sleep`` would be given to each."""


def _one_clock(stack: ExitStack, longest: int, start: datetime | None) -> SharedClock | None:
    """Share a clock until the mock ends, if it asks for that or another one has asked already."""
    if not (longest or current()):
        return None
    if _on_real_time:
        url, how = _on_real_time[-1]
        raise CannotShare(
            f"instant_sleep would move the client's time and not that of {url}: "
            f"start that server with instant_sleep=True {how}, or after this mock"
        )
    if sys.implementation.name != "cpython":
        raise CannotShare("instant_sleep needs time-machine, which runs on CPython only")
    if why := missing("instant_sleep", "time_machine", "clock"):
        raise CannotShare(why)
    from mock_p1.oneclock.installer import one_clock  # noqa: PLC0415 -- time-machine is rarely needed

    return stack.enter_context(one_clock(longest, start))


@contextmanager
def reachable(url: str) -> Iterator[None]:
    """Let requests to this server pass the mocks that catch requests at the same time."""
    from mock_p1.transports import in_process  # noqa: PLC0415 -- no need before a start

    prefix = f"{url}/"
    theirs = sys.modules.get(
        "responses"
    )  # whose default mock pytest-responses starts for each test
    in_process.served.append(prefix)
    if theirs:
        theirs.mock.add_passthru(prefix)
    try:
        yield
    finally:
        in_process.served.remove(prefix)
        if theirs:
            kept = [each for each in theirs.mock.passthru_prefixes if each != prefix]
            theirs.mock.passthru_prefixes = tuple(kept)
