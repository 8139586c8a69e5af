"""Threads that sleep together in virtual time.

It goes to the earliest end, once nobody is at work any more.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Final

from mock_p1.oneclock import originals as real
from mock_p1.oneclock.thread_activity import Doing, doing

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import ThreadPoolExecutor

    from mock_p1.base.clock import VirtualClock

PATIENCE: Final = 5.0
"""Real seconds that sleepers wait for threads at work.

Then time goes on without them, until they ask or sleep.
"""

_LOOK: Final = 0.001
"""Real seconds between two looks at what the others do."""

_LOOKS: Final = 3
"""How often a thread must be seen listening to the outside before it is taken to wait."""


class Job:
    """Something that a thread of a pool will begin with; ``pool`` is None until it is known."""

    pool: ThreadPoolExecutor | None = None


class Sleepers:
    """The client's threads, and until when each of them sleeps. Safe to call from all of them.

    Those that have asked the mock, or slept, count; a test that only waits for its client's threads
    holds nothing up.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._lock = (
            threading.RLock()
        )  # taken without Condition's own methods, which look like waiting from outside
        self._changed = threading.Condition(self._lock)
        self._threads: set[threading.Thread] = set()
        self._ends: dict[int, int] = {}
        self._jobs: set[Job] = set()
        self._given_up: set[int | None] = set()

    def add(self, thread: threading.Thread) -> None:
        """Count a thread among those whose work time waits for."""
        with self._lock:
            self._threads.add(thread)
            self._given_up.discard(thread.ident)

    def hand_over(self, job: Job) -> None:
        """Say that a job will be at work in some thread soon."""
        with self._lock:
            self._jobs.add(job)

    def taken_over(self, job: Job) -> None:
        """Say that a thread has begun with the job, or that it never will."""
        with self._lock:
            self._jobs.discard(job)

    def sleep(self, span: int, wakes: Callable[[], bool]) -> None:
        """Return when the clock has moved by ``span`` nanoseconds, or ``wakes()``.

        It moves where nobody is at work.
        """
        me = threading.get_ident()
        self.add(threading.current_thread())
        with self._lock:
            end = self._clock.now_ns() + span
            self._ends[me] = end
            self._changed.notify_all()
            try:
                self._sleep_until(end, wakes)
            finally:
                del self._ends[me]
                self._changed.notify_all()
        real.sleep(0)  # lets other threads run, as a sleep does

    def _sleep_until(self, end: int, wakes: Callable[[], bool]) -> None:
        out_of_patience = real.monotonic() + PATIENCE
        calm = 0
        while (now := self._clock.now_ns()) < end and not wakes():
            others = self._others()
            calm = 0 if Doing.WORKS in others else calm + 1
            unsettled = Doing.WORKS in others or (Doing.LISTENS in others and calm < _LOOKS)
            if unsettled and real.monotonic() > out_of_patience:
                self._given_up |= self._awake()
                self._jobs.clear()
            elif unsettled or end > min(self._ends.values()):
                self._changed.wait(_LOOK)
            elif (
                not wakes()
            ):  # again: what was at work a moment ago may have ended with something to do for us
                self._clock.advance(end - now)

    def _others(self) -> set[Doing]:
        """Tell what the client's other threads do that do not sleep."""
        if any(map(self._is_coming, self._jobs)):
            return {Doing.WORKS}
        awake = self._awake()
        frames = sys._current_frames() if awake else {}  # noqa: SLF001 -- the one way to tell work from waiting
        return {doing(frames[ident]) for ident in awake if ident in frames}

    def _awake(self) -> set[int | None]:
        self._threads = {thread for thread in self._threads if thread.is_alive()}
        return {thread.ident for thread in self._threads} - {*self._ends} - self._given_up

    def _is_coming(self, job: Job) -> bool:
        """Tell whether a thread may begin with a job: not while all of its pool sleep."""
        threads = job.pool._threads if job.pool else ()  # noqa: SLF001 -- which nothing else tells
        return not threads or any(
            thread.ident not in {*self._ends, *self._given_up} for thread in threads
        )
