"""One clock for both sides: the client's waits move the mock's time, and the client sees that time.

``docs/one-clock.md`` says what is moved and what is not, for users. Who sees this clock: the
client's threads, which are the one that starts the mock, those that it starts, each that has sent
the mock a request, and those that run a job for any of these. All others see real time.

Dates are moved by time-machine, which replaces them inside Python, so that it does not matter how
they were imported; it moves neither ``monotonic`` nor ``sleep``, and all threads alike. freezegun
(1.5) moves the clocks that time-machine leaves alone, but not ``sleep``, also for all threads, and
swaps the ``datetime`` class; so these two are done here.
"""

from __future__ import annotations

import math
import sys
import threading
import warnings
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Final

from mock_p1.base.clock import SECOND, Held, VirtualClock
from mock_p1.base.durations import format_duration
from mock_p1.oneclock.far_ends import is_server
from mock_p1.oneclock.originals import real
from mock_p1.oneclock.sleep_coordinator import ServerActivity, Sleepers

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping
    from types import FrameType


LONGEST: Final = 7 * 86_400 * SECOND
"""How much of the mock's time a client may sleep, unless ``instant_sleep`` says so: a week."""

_KEEP_REAL: Final = frozenset(
    {
        # what waits for something real
        *("trio", "selectors", "socket", "ssl", "socketserver", "subprocess", "multiprocessing"),
        "concurrent",
        # what measures the tests, and ourselves
        *("_pytest", "pluggy", "xdist", "execnet", "coverage", "hypothesis", "mock_p1"),
        *("allure_commons", "allure_pytest", "teamcity"),
    }
)

_PASSED_OVER: Final = frozenset(
    {
        *(
            "threading",
            "queue",
            "mock_p1.oneclock.patches",
            "mock_p1.oneclock.lock_patch",
            "mock_p1.oneclock.travel_patch",
        ),
        *("mock_p1.transports.network_guard", "time_machine", "unittest.mock"),
        *("pytest_mock.plugin", ""),
    }
)
"""Modules that wait, or ask for the time, for whoever calls them."""

_STDLIB: Final = sys.stdlib_module_names
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@cache
def keeps_real(module: str) -> bool:
    """Tell whether a module sees real time even in the client's threads."""
    top = module.partition(".")[0]
    if module.startswith("mock_p1.transports"):  # what holds an answer back for the client
        return False
    return top in _KEEP_REAL or top in _plugins() or module in _plugins()


@cache
def _plugins() -> frozenset[str]:
    """Return the modules of pytest's plugins, and the packages of those that are only plugins.

    A client's own package may have a plugin too, and any name.
    """
    modules = {found.module for found in entry_points(group="pytest11")}
    packages = {module.partition(".")[0] for module in modules}
    return frozenset(modules | {name for name in packages if name.startswith("pytest_")})


class SleptTooLong(BaseException):
    """The client has slept through all the time it was given.

    Not an Exception, so that no retry loop swallows it.

    Examples:
        >>> import time
        >>> from mock_p1 import mocked
        >>> with mocked("stuck", instant_sleep="2h"):
        ...     while True:
        ...         time.sleep(600)
        Traceback (most recent call last):
        mock_p1.oneclock.shared.SleptTooLong: the client has slept for more than 2h of the ...
    """


class CannotShare(RuntimeError):  # noqa: N818 -- says what happened
    """The clock cannot be moved here or now: freezegun has it, or Python is not CPython.

    Examples:
        >>> import time
        >>> try:
        ...     with mocked("demo", instant_sleep=True):
        ...         time.sleep(60)
        ... except CannotShare as error:
        ...     print("run this test without freezegun:", error)
    """


class SharedClock(VirtualClock):
    """A virtual clock, and who sees it."""

    def __init__(self, start: datetime | None = None) -> None:
        # both from a whole second, so that a client's sums of floats come out exactly, with dates
        # of HTTP headers too
        start = start or datetime.now(UTC) + timedelta(seconds=1)
        super().__init__(start.replace(microsecond=0))
        self._since_boot = -(-real.monotonic_ns() // SECOND) * SECOND
        self._since_epoch = (self.date_at(0) - _EPOCH) // timedelta(microseconds=1) * 1000
        self.sleepers: Sleepers = Sleepers(self)
        self._thread = threading.local()
        self.budgets: list[Budget] = []
        self.ports: list[int] = []
        """Where servers on this clock listen."""

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Go on where a clock was that was saved, if its start is this one's and it was not behind.

        Clients see this clock already, so nothing but their time moves on.
        """
        if self.now_ns() > saved["now_ns"]:
            raise ValueError(
                "a mock with instant_sleep is active, and its clock is past the saved moment; "
                "load the state before it has slept"
            )
        self.advance(saved["now_ns"] - self.now_ns())

    def join(self) -> None:
        """Count the calling thread among the client's."""
        self._thread.joined = True

    def asked(self) -> None:
        """Count the calling thread among the client's; what others sleep waits for its work."""
        self.join()
        self._thread.may_leave = False
        self.sleepers.add(threading.current_thread())

    def started(self) -> None:
        """Likewise; the client has started the thread, which may still turn out to be a server's.

        One that is served cannot tell whether it asks, and keeps it.
        """
        self.asked()
        self._thread.may_leave = not self.ports

    def leave(self, files: Iterable[Any] | None = None) -> bool:
        """Let a thread that the client has only started go, where it waits for who connects.

        ``files`` are what it waits for; without, it goes in any case. Return whether it has gone.
        """
        if not getattr(self._thread, "may_leave", False):
            return False
        if files is not None and not is_server(files):
            return False
        self._thread.joined = self._thread.may_leave = False
        self.sleepers.forget(threading.current_thread())
        return True

    def has_joined(self) -> bool:
        """Tell whether the calling thread is one of the client's."""
        return getattr(self._thread, "joined", False)

    def monotonic_ns(self) -> int:
        """What ``time.monotonic_ns`` shows."""
        return self._since_boot + self.now_ns()

    def time_ns(self) -> int:
        """What ``time.time_ns`` shows."""
        return self._since_epoch + self.now_ns()

    def pass_time(self, span_ns: int, left: Held | None = None) -> float:
        """Hold an answer back: the client sleeps meanwhile, as others may at the same time.

        Where it runs an event loop, this is for the loop to wait: return the seconds. A server's
        loop waits for a thread of ours, which cancels ``left`` when the time has passed.
        """
        if not self.has_joined():
            if left is None:
                return super().pass_time(span_ns)
            threading.Thread(target=self._hold, args=(span_ns, left), daemon=True).start()
            return math.inf
        if _runs_a_loop():
            return span_ns / SECOND
        self.sleep(span_ns, everybody=True)
        return 0.0

    def _hold(self, span_ns: int, left: Held) -> None:
        self.sleepers.sleep(span_ns, left.done, everybody=True)
        with suppress(RuntimeError):  # the server has ended meanwhile
            left.get_loop().call_soon_threadsafe(left.cancel)

    @contextmanager
    def served(
        self,
        port: int,
        loop: AbstractEventLoop,
        thread: int | None,
        is_busy: Callable[[], bool],
    ) -> Iterator[None]:
        """Let time wait for a server in a thread, and clients wait for it by this clock.

        ``is_busy`` tells whether its loop has other threads do something.
        """
        server = ServerActivity(loop, thread, is_busy)
        self.sleepers.servers.append(server)
        self.ports.append(port)
        try:
            yield
        finally:
            self.ports.remove(port)
            self.sleepers.servers.remove(server)

    def sleep(
        self,
        span: int | None,
        wakes: Callable[[], bool] = lambda: False,
        *,
        everybody: bool = False,
        also: Iterable[int] = (),
    ) -> None:
        """Let the calling thread sleep for nanoseconds, or until ``wakes()``; for ever without.

        With ``everybody``, time waits for the work of all threads, not only of the client's.
        ``also`` are threads that this one sleeps for.

        SleptTooLong where that is too much.
        """
        before = self.now_ns()
        self.sleepers.sleep(span, wakes, everybody=everybody, also=also)
        slept = self.now_ns() - before
        budgets = tuple(self.budgets)
        me = threading.get_ident()
        mine = [budget for budget in budgets if budget.opened_by == me] or budgets
        for budget in mine[-1:]:  # the innermost mock's: an outer one has its own
            budget.spend(slept)


class Budget:
    """How much of the mock's time each thread of the client may sleep in one mock."""

    def __init__(self, longest_ns: int) -> None:
        self.opened_by: Final = threading.get_ident()
        self._longest_ns = longest_ns
        self._slept: dict[int, int] = {}
        self.overspent: dict[int, SleptTooLong] = {}
        """By the thread that was stopped."""

    def spend(self, slept_ns: int) -> None:
        """Count what the calling thread has slept; SleptTooLong where that is too much."""
        me = threading.get_ident()
        self._slept[me] = self._slept.get(me, 0) + slept_ns
        if self._slept[me] > self._longest_ns:
            self.overspent[me] = SleptTooLong(
                f"the client has slept for more than {format_duration(self._longest_ns)} "
                "of the mock's time and goes on: at what status, or after how long, does it give "
                "up? (instant_sleep takes a longer time, such as '60d')"
            )
            raise self.overspent[me]

    def begin(self) -> None:
        """Begin anew, for the next test of a mock that outlives one."""
        self._slept.clear()
        self.overspent.clear()


def begin_test() -> None:
    """Give every thread the whole time again."""
    for budget in _current.budgets if _current else ():
        budget.begin()


def stopped_elsewhere() -> str:
    """Return why a thread other than the calling one was stopped, which slept too long; or ""."""
    budgets = _current.budgets if _current else ()
    errors = [error for budget in budgets for error in budget.overspent.items()]
    return next((str(error) for thread, error in errors if thread != threading.get_ident()), "")


def _runs_a_loop() -> bool:
    """Tell whether the calling thread runs an event loop of asyncio's kind, or trio by our clock.

    A task of trio's guest mode, or of a run with a clock of its own, cannot wait by ours.
    """
    with suppress(KeyError, RuntimeError):  # no trio, or no task of it
        trio = sys.modules["trio"].lowlevel
        trio.current_task()
        return type(trio.current_clock()).__module__ == "mock_p1.oneclock.trio_patch"
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None  # noqa: SLF001 -- quiet


_current: SharedClock | None = None


def current() -> SharedClock | None:
    """Return the clock that is shared now, if one is."""
    return _current


def share(clock: SharedClock | None) -> None:
    """Make this the shared clock; None where none is shared any more."""
    global _current  # noqa: PLW0603 -- time belongs to the process
    _current = clock


def asking(runners: Container[str] = ()) -> SharedClock | None:
    """Return the clock that the code which called our caller sees, or None where it sees real time.

    ``runners`` are modules that may have been given our caller as something to run, and then count
    as the client.
    """
    shared = _current
    if shared is None:
        return None
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 -- who calls decides
    while frame is not None and _module(frame) in _PASSED_OVER:
        frame = frame.f_back
    module = _module(frame)
    is_client = shared.has_joined() and (module in runners or not keeps_real(module))
    return shared if is_client else None


def is_for_the_client() -> bool:
    """Tell whether what calls our caller is the client itself, and not Python or a mock."""
    maker = str(sys._getframe(2).f_globals.get("__name__")).partition(".")[0]  # noqa: SLF001 -- who calls decides
    return maker not in _STDLIB | {"mock_p1"} and asking() is not None


_IN_BETWEEN: Final = _PASSED_OVER | {
    *("concurrent.futures", "concurrent.futures._base", "concurrent.futures.thread"),
    "multiprocessing.pool",
}
"""Likewise, where what they wait for is another thread of the client's."""


def slept_really(seconds: object) -> None:
    """Warn of a long sleep in a thread that is not known to be the client's."""
    if _current is not None:
        _warn(
            seconds,
            "sleeps",
            _PASSED_OVER,
            "moves the sleeps of the thread that starts the mock, of those that it starts "
            "and, in-process, of those that have sent the mock a request",
        )


def waited_for_thread(seconds: object) -> None:
    """Warn where one of the client's threads has waited for another up to a long limit."""
    if _current is not None and _current.has_joined():
        reason = "moves no wait for another thread, or for what it does (join, result, get)"
        _warn(seconds, "has waited", _IN_BETWEEN, reason)


def _warn(seconds: object, does: str, passed_over: Container[str], reason: str) -> None:
    """Warn of a long wait, if it is in a client's module."""
    if not isinstance(seconds, int | float) or not seconds > 1:
        return
    frame: FrameType | None = sys._getframe(3)  # noqa: SLF001 -- who calls decides
    while frame is not None and _module(frame) in passed_over:
        frame = frame.f_back
    module = _module(frame)
    if frame is None or keeps_real(module) or module.partition(".")[0] in _STDLIB:
        return
    warnings.warn_explicit(
        f"{module} {does} for {seconds:g} real seconds, in {threading.current_thread().name}: "
        f"instant_sleep {reason}",
        RuntimeWarning,
        frame.f_code.co_filename,
        frame.f_lineno,
        module,
        frame.f_globals.setdefault("__warningregistry__", {}),
    )


def _module(frame: FrameType | None) -> str:
    return str(frame.f_globals.get("__name__", "")) if frame else ""
