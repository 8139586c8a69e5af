"""One clock for both sides: the client's waits move the mock's time, and the client sees the time it has moved to.

What is moved, while a mock with ``instant_sleep`` is active, for the client's threads:

- ``time.sleep`` returns at once and moves the clock by as much; also where a module imported it by name before, and in
  urllib3's waits between retries. Threads that sleep at the same time sleep together: time goes to the earliest end.
- What an ``asyncio`` event loop waits for: ``asyncio.sleep``, ``asyncio.timeout``, ``wait_for``, ``call_later``. While
  a job that the loop gave to a thread is at work, or a socket stirs, the loop waits for that instead.
- ``time.monotonic``, ``time.time`` (and ``…_ns``), ``gmtime``, ``localtime``, ``strftime`` without a time, and
  ``datetime.now``, ``utcnow``, ``today`` show the mock's time. It stands still between the waits.

The client's threads are the one that starts the mock, every thread that has sent a request to it, and those that run a
job for an event loop of such a thread. All others see and wait real time, as before. While one of the client's
threads is at work, the others' sleeps wait for it (five real seconds at most; then not again before it asks or sleeps).

What is not moved: ``time.perf_counter`` and ``process_time``, with which durations are measured; waits for something
real with a time limit (``Event.wait``, ``Thread.join``, ``Queue.get``, ``Future.result``, ``select``, subprocesses,
sockets), and the time that Python's own modules for these look at; pytest and its plugins; loops other than asyncio's
own, such as uvloop's; ``sleep`` and ``monotonic`` where they were kept other than as a module's name before (a default
argument, an attribute of a class or an object).

Dates are moved by time-machine, which replaces them inside Python, so that it does not matter how they were imported;
it moves neither ``monotonic`` nor ``sleep``, and all threads alike. freezegun (1.5) moves the clocks that time-machine
leaves alone, but not ``sleep``, also for all threads, and swaps the ``datetime`` class; so these two are done here.
"""

from __future__ import annotations

import datetime as dt
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from mock_p1.base.clock import SECOND, VirtualClock
from mock_p1.base.durations import format_duration
from mock_p1.oneclock import originals as real
from mock_p1.oneclock.sleep_coordinator import Sleepers

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator
    from types import FrameType

LONGEST: Final = 7 * 86_400 * SECOND
"""How much of the mock's time a client may sleep, unless ``instant_sleep`` says so: a week."""

_KEEP_REAL: Final = frozenset(
    {
        # what waits for something real
        "threading", "queue", "selectors", "socket", "ssl", "socketserver", "subprocess", "multiprocessing",
        "concurrent",
        # what measures the tests, and ourselves
        "_pytest", "pluggy", "xdist", "execnet", "coverage", "hypothesis", "mock_p1",
    }
)  # fmt: skip

_HANDED_THROUGH: Final = frozenset({"time_machine", "mock_p1.transports.network_guard"})
"""Modules that call what somebody else has given them, and do not count as callers."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def keeps_real(module: str) -> bool:
    """Tell whether a module sees real time even in the client's threads."""
    top = module.partition(".")[0]
    return top in _KEEP_REAL or top.startswith("pytest")


class SleptTooLong(BaseException):
    """The client has slept through all the time it was given.

    Not an Exception, so that no retry loop swallows it.
    """


class CannotShare(RuntimeError):  # noqa: N818 -- says what happened
    """The clock cannot be moved here, or not now."""


class OneClock:
    """A virtual clock, and who sees it."""

    def __init__(self, longest: int) -> None:
        """``longest`` is how many nanoseconds a thread may sleep in all."""
        # both from a whole second, so that a client's sums of floats come out exactly, with dates
        # of HTTP headers too
        self.clock = VirtualClock(datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1))
        self._since_boot = -(-real.monotonic_ns() // SECOND) * SECOND
        self._since_epoch = (self.clock.date_at(0) - _EPOCH) // timedelta(microseconds=1) * 1000
        self.sleepers = Sleepers(self.clock)
        self._thread = threading.local()
        self._longest = longest

    def join(self) -> None:
        """Count the calling thread among the client's."""
        self._thread.joined = True

    def asked(self) -> None:
        """Count the calling thread among the client's, and wait for its work with what others sleep."""
        self.join()
        self.sleepers.add(threading.current_thread())

    def has_joined(self) -> bool:
        """Tell whether the calling thread is one of the client's."""
        return getattr(self._thread, "joined", False)

    def shows(self, module: str) -> bool:
        """Tell whether the code of a module, run by the calling thread, sees this clock."""
        return self.has_joined() and not keeps_real(module)

    def monotonic_ns(self) -> int:
        """What ``time.monotonic_ns`` shows."""
        return self._since_boot + self.clock.now_ns()

    def time_ns(self) -> int:
        """What ``time.time_ns`` shows."""
        return self._since_epoch + self.clock.now_ns()

    def sleep(self, span: int, wakes: Callable[[], bool] = lambda: False) -> None:
        """Let the calling thread sleep for nanoseconds, or until ``wakes()``.

        SleptTooLong where that is too much.
        """
        before = self.clock.now_ns()
        self.sleepers.sleep(span, wakes)
        self._thread.slept = getattr(self._thread, "slept", 0) + self.clock.now_ns() - before
        if self._thread.slept > self._longest:
            raise SleptTooLong(
                f"the client has slept for more than {format_duration(self._longest)} of the mock's time and goes on: "
                "at what status does it give up? (instant_sleep takes a longer time, such as '60d')"
            )


_lock = threading.RLock()
_current: OneClock | None = None
_uses = 0


def current() -> OneClock | None:
    """Return the clock that is shared now, if one is."""
    return _current


@contextmanager
def one_clock(longest: int = LONGEST) -> Iterator[OneClock]:
    """Share a clock with the calling thread, and with every thread that joins it.

    Mocks at the same time share one.

    CannotShare without time-machine, and where freezegun has taken the clocks before.
    """
    try:
        from mock_p1.oneclock import patches as standins  # noqa: PLC0415 -- imports time-machine, which few tests need
    except ImportError as error:
        raise CannotShare(
            f"instant_sleep needs time-machine, which runs on CPython only: {error}"
        ) from None

    global _current, _uses  # noqa: PLW0603 -- time belongs to the process
    with _lock:
        if _current is None:
            fresh = OneClock(longest)
            if _is_frozen():
                raise CannotShare(
                    "instant_sleep cannot start while freezegun is active: start the mock first and freeze inside it, "
                    "or do without freezegun, since instant_sleep moves dates too"
                )
            standins.install()
            _current = fresh
        _uses += 1
        shared = _current
    shared.join()
    try:
        yield shared
    finally:
        with _lock:
            _uses -= 1
            if _uses == 0:
                _current = None
                standins.remove()


def _is_frozen() -> bool:
    """Tell whether freezegun has the clocks, as later releases of time-machine do.

    By the name of its stand-in.
    """
    return "freezegun" in sys.modules and dt.datetime.__name__ == "FakeDatetime"


def asking(runners: Container[str] = ()) -> OneClock | None:
    """Return the clock that the code which called our caller sees, or None where it sees real time.

    ``runners`` are modules that may have been given our caller as something to run, and then count
    as the client.
    """
    shared = _current
    if shared is None:
        return None
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 -- who calls decides
    module = _module(frame)
    while frame is not None and module in _HANDED_THROUGH:
        frame = frame.f_back
        module = _module(frame)
    return shared if shared.has_joined() and (module in runners or shared.shows(module)) else None


def _module(frame: FrameType | None) -> str:
    return str(frame.f_globals.get("__name__")) if frame else ""
