"""Threads that sleep together in virtual time: it goes to the earliest end, once nobody is at work any more."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from mock_p1.core.clock import VirtualClock

PATIENCE: Final = 0.25
"""Real seconds that a sleeper waits for threads at work, before time goes on without them."""

_LOOK: Final = 0.001
_WAITS: Final = frozenset(
    {
        ("threading", "wait"), ("threading", "join"), ("threading", "_wait_for_tstate_lock"), ("selectors", "select"),
        ("concurrent.futures.thread", "_worker"), ("subprocess", "_try_wait"), ("multiprocessing.connection", "_recv"),
    }
)  # fmt: skip
"""Functions in which a thread that is there waits: for another one, or for the outside."""

_monotonic, _sleep = time.monotonic, time.sleep


class Sleepers:
    """The client's threads, and until when each of them sleeps. Safe to call from all of them."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._lock = threading.RLock()  # taken without Condition's own methods, which look like waiting from outside
        self._changed = threading.Condition(self._lock)
        self._threads: set[threading.Thread] = set()
        self._ends: dict[int, int] = {}
        self._jobs: set[object] = set()

    def add(self, thread: threading.Thread) -> None:
        """Count a thread among those whose work time waits for."""
        with self._lock:
            self._threads.add(thread)

    def hand_over(self, job: object) -> None:
        """Say that a job will be at work in some thread soon."""
        with self._lock:
            self._jobs.add(job)

    def taken_over(self, job: object) -> None:
        """Say that a thread has begun with the job, or that it never will."""
        with self._lock:
            self._jobs.discard(job)

    def sleep(self, span: int, wakes: Callable[[], bool]) -> None:
        """Return when the clock has moved by ``span`` nanoseconds, or ``wakes()``. It moves where nobody is at work."""
        me = threading.get_ident()
        with self._lock:
            end = self._clock.now() + span
            self._ends[me] = end
            self._changed.notify_all()
            try:
                self._sleep_until(end, wakes)
            finally:
                del self._ends[me]
                self._changed.notify_all()
        _sleep(0)  # lets other threads run, as a sleep does

    def _sleep_until(self, end: int, wakes: Callable[[], bool]) -> None:
        out_of_patience = _monotonic() + PATIENCE
        while (now := self._clock.now()) < end and not wakes():
            if end > min(self._ends.values()) or (self._at_work() and _monotonic() < out_of_patience):
                self._changed.wait(_LOOK)
            elif not wakes():  # again: what was at work a moment ago may have ended with something to do for us
                self._clock.advance(end - now)

    def _at_work(self) -> bool:
        """Tell whether one of the client's threads neither sleeps nor waits, or is about to begin."""
        if self._jobs:
            return True
        self._threads = {thread for thread in self._threads if thread.is_alive()}
        awake = {thread.ident for thread in self._threads} - {*self._ends}
        if not awake:
            return False
        frames = sys._current_frames()  # noqa: SLF001 -- the only way to tell a thread that waits from one that works
        return any(_works(frames[ident]) for ident in awake if ident in frames)


def _works(frame: FrameType) -> bool:
    return (frame.f_globals.get("__name__"), frame.f_code.co_name) not in _WAITS
