"""Threads that sleep together in virtual time.

It goes to the earliest end, once nobody is at work any more.
"""

from __future__ import annotations

import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from mock_p1.base.frames import current_frames
from mock_p1.oneclock.originals import real
from mock_p1.oneclock.thread_activity import ThreadActivity, at_rest

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Iterable
    from concurrent.futures import ThreadPoolExecutor

    from mock_p1.base.clock import VirtualClock

PATIENCE: Final = 5.0
"""Real seconds that sleepers wait for threads at work.

Then time goes on without them, until they ask or sleep.
"""

_LOOK: Final = 0.001
"""Real seconds between two looks at what the others do."""

_LOOKS: Final = 3
"""How often a thread must be seen standing still before time goes on."""


NEVER: Final = sys.maxsize
"""The end of who waits for something alone."""


class Sleeper(NamedTuple):
    """A thread that sleeps: until when, or until what wakes it."""

    end: int
    wakes: Callable[[], bool]
    everybody: bool


class Job:
    """Something that a thread of a pool will begin with; ``pool`` is None until it is known."""

    pool: ThreadPoolExecutor | None = None


_ROUNDS: Final = 12
"""Rounds of an event loop in which what a client has sent is accepted, read, answered and sent."""


class ServerActivity:
    """Asks the event loop of a server, which must not wait for the clock that waits for it."""

    def __init__(
        self, loop: AbstractEventLoop, thread: int | None, is_busy: Callable[[], bool]
    ) -> None:
        """Ask the loop of a thread; ``is_busy`` tells whether it has other threads do something."""
        self._loop, self._is_busy = loop, is_busy
        self.thread = thread
        self._asked = self._quiet = -1

    def is_quiet(self, calm: int) -> bool:
        """Tell whether the loop has gone its rounds since a calm began, which has this number."""
        if calm != self._asked:
            self._asked = calm
            try:
                self._loop.call_soon_threadsafe(self._go, calm, _ROUNDS)
            except RuntimeError:  # it has ended
                self._quiet = calm
        return self._quiet == calm

    def _go(self, calm: int, rounds: int) -> None:
        if calm != self._asked:
            return
        if self._is_busy():
            self._asked = -1  # so that it is asked again
        elif rounds:
            self._loop.call_soon(self._go, calm, rounds - 1)
        else:
            self._quiet = calm


def _wakes(wakes: Callable[[], bool]) -> bool:
    """Ask what wakes a sleeper; an error does, which it then meets itself.

    Whoever looks after all sleepers asks, and has no part in what was closed meanwhile.
    """
    try:
        return wakes()
    except Exception:  # noqa: BLE001 -- whatever a socket or a selector raises
        return True


class Sleepers:
    """The client's threads, and until when each of them sleeps. Safe to call from all of them.

    Those that have asked the mock, or slept, count; a test that only waits for its client's threads
    holds nothing up.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        # taken without Condition's own methods, which look like waiting from outside
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._threads: set[threading.Thread] = set()
        self._sleepers: dict[int, Sleeper] = {}
        self._activity = ThreadActivity()
        self._jobs: set[Job] = set()
        self._given_up: set[int | None] = set()
        self._calm = 0
        self.servers: list[ServerActivity] = []
        """Servers in threads of this process; time waits for what they have to answer."""

    def add(self, thread: threading.Thread) -> None:
        """Count a thread among those whose work time waits for."""
        with self._lock:
            self._threads.add(thread)
            self._given_up -= {thread.ident, *(server.thread for server in self.servers)}
            self._activity.has_moved(thread)
            self._calm += 1

    def forget(self, thread: threading.Thread) -> None:
        """Count a thread no longer."""
        with self._lock:
            self._threads.discard(thread)

    def hand_over(self, job: Job) -> None:
        """Say that a job will be at work in some thread soon."""
        with self._lock:
            self._jobs.add(job)

    def taken_over(self, job: Job) -> None:
        """Say that a thread has begun with the job, or that it never will."""
        with self._lock:
            self._jobs.discard(job)

    def sleep(
        self,
        span: int | None,
        wakes: Callable[[], bool],
        *,
        everybody: bool = False,
        also: Iterable[int] = (),
    ) -> None:
        """Return when the clock has moved by ``span`` nanoseconds, or ``wakes()``.

        Without a span only that ends it. The clock moves where nobody is at work: none of the
        client's threads, or with ``everybody`` none of the process, since any may be what wakes.
        ``also`` are threads that this one sleeps for.
        """
        threads = threading.get_ident(), *also
        self.add(threading.current_thread())
        with self._lock:
            end = NEVER if span is None else self._clock.now_ns() + span
            sleeper = Sleeper(end, partial(_wakes, wakes), everybody)
            self._sleepers |= dict.fromkeys(threads, sleeper)
            self._changed.notify_all()
            try:
                self._sleep_until(sleeper)
            finally:
                for thread in threads:
                    self._sleepers.pop(thread, None)
                self._calm += 1
                self._changed.notify_all()
        real.sleep(0)  # lets other threads run, as a sleep does

    def _sleep_until(self, me: Sleeper) -> None:
        calm, moved, out_of_patience = 0, -1, 0.0
        while (now := self._clock.now_ns()) < me.end and not me.wakes():
            if moved != now:  # whoever has just woken gets the whole patience
                moved, out_of_patience = now, real.monotonic() + PATIENCE
            sleepers = tuple(self._sleepers.values())
            everybody = any(each.everybody for each in sleepers)
            works, waits = self._others(everybody=everybody)
            calm = 0 if works else calm + 1
            self._calm += works
            are_at_work = works or (waits and calm < _LOOKS)
            unsettled = are_at_work or not self._are_servers_quiet()
            if unsettled and real.monotonic() > out_of_patience:
                if are_at_work:  # a server that was not asked meanwhile may have an answer
                    self._given_up |= {thread.ident for thread in self._awake(everybody=everybody)}
                    self._jobs.clear()
                else:
                    self._given_up |= {server.thread for server in self.servers}
                moved = -1
            elif unsettled or me.end > min(each.end for each in sleepers) or me.end == NEVER:
                self._changed.wait(_LOOK)
            elif any(each.wakes() for each in sleepers):
                self._changed.wait(_LOOK)  # again: what was at work may have woken somebody
            else:
                self._clock.advance(me.end - now)

    def _others(self, *, everybody: bool) -> tuple[bool, bool]:
        """Tell whether other threads are at work, and whether any only seems to wait."""
        if any(map(self._is_coming, self._jobs)):
            return True, True
        awake = [(thread, thread.ident) for thread in self._awake(everybody=everybody)]
        frames = current_frames() if awake else {}
        at_work = any(
            ident is None  # it is just being started
            or (ident in frames and self._activity.is_at_work(thread, frames[ident]))
            for thread, ident in awake
        )
        return at_work, any(self._activity.seems_to_wait(thread) for thread, _ in awake)

    def _awake(self, *, everybody: bool) -> list[threading.Thread]:
        self._threads = {thread for thread in self._threads if thread.is_alive()}
        threads = {*threading.enumerate()} - {*at_rest} if everybody else self._threads
        apart = {*self._sleepers, *(server.thread for server in self.servers)} | self._given_up
        return [thread for thread in threads if thread.ident not in apart]

    def _are_servers_quiet(self) -> bool:
        return all(
            server.thread in self._given_up or server.is_quiet(self._calm)
            for server in self.servers
        )

    def _is_coming(self, job: Job) -> bool:
        """Tell whether a thread may begin with a job: not while all sleep that a pool may have."""
        pool, apart = job.pool, {*self._sleepers} | self._given_up
        if pool is None or len(pool._threads) < pool._max_workers:  # noqa: SLF001 -- nothing else tells
            return True
        return any(thread.ident not in apart for thread in pool._threads)  # noqa: SLF001 -- likewise
