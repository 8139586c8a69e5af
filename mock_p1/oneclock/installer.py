"""Begins and ends sharing a clock. Imports time-machine, which runs on CPython only."""

from __future__ import annotations

import datetime as dt
import sys
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from mock_p1.oneclock import (
    asyncio_patch,
    lock_patch,
    patches,
    pool_patch,
    shared,
    socket_patch,
    travel_patch,
)
from mock_p1.oneclock.originals import real
from mock_p1.oneclock.shared import LONGEST, Budget, CannotShare, SharedClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_lock = threading.RLock()
_uses = 0
_PATCHES: Final = (travel_patch, patches, pool_patch, asyncio_patch, socket_patch, lock_patch)
_installed = ExitStack()


@contextmanager
def one_clock(longest: int = LONGEST, start: dt.datetime | None = None) -> Iterator[SharedClock]:
    """Share a clock with the calling thread, and with every thread that joins it.

    Mocks at the same time share one. ``longest`` is how many nanoseconds a thread may sleep in all;
    SleptTooLong at the end where a thread other than the caller's has slept for more.

    CannotShare where freezegun has taken the clocks before, or the clock began at another date than
    ``start``.
    """
    global _uses, _installed  # noqa: PLW0603 -- time belongs to the process
    with _lock:
        clock = shared.current()
        if clock is None:
            clock = SharedClock(start)
            if _is_frozen():
                raise CannotShare(
                    "instant_sleep cannot start while freezegun is active: "
                    "start the mock first and freeze inside it, "
                    "or do without freezegun, since instant_sleep moves dates too"
                )
            _refuse_gevent()
            with ExitStack() as installed:  # all of them, or none
                for patch in _PATCHES:
                    patch.install()
                    installed.callback(patch.remove)
                _installed = installed.pop_all()
            shared.share(clock)
        elif start is not None and clock.date_at(0) != start.replace(microsecond=0):
            began = clock.date_at(0)
            raise CannotShare(f"mocks at the same time share a clock, which began at {began}")
        _uses += 1
    clock.join()
    budget = Budget(longest)
    clock.budgets.append(budget)
    try:
        yield clock
        budget.overspent.pop(threading.get_ident(), None)
        for error in budget.overspent.values():
            raise error
    finally:
        said: list[Callable[[], None]] = []
        clock.budgets.remove(budget)
        with _lock:
            _uses -= 1
            if _uses == 0:
                shared.share(None)
                _installed.close()
                ended = real.monotonic()
                said = [say for began, say in clock.waited.values() if ended - began > 1]
        for say in said:  # here, since a warning that is an error would end a thread that waits
            say()


def _refuse_gevent() -> None:
    """CannotShare where gevent has put its own waits in the place of Python's."""
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None and any(map(monkey.is_module_patched, ("time", "thread", "threading"))):
        raise CannotShare(
            "instant_sleep cannot move the waits of gevent, which has patched this process: "
            "do without instant_sleep (serving(speed=60) makes the mock's time pass faster), "
            "or run this test in a process that gevent has not patched"
        )


def _is_frozen() -> bool:
    """Tell whether freezegun has the clocks, as later releases of time-machine do.

    By the name of its stand-in.
    """
    return "freezegun" in sys.modules and dt.datetime.__name__ == "FakeDatetime"
