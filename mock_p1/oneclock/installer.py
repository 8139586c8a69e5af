"""Begins and ends sharing a clock. Imports time-machine, which runs on CPython only."""

from __future__ import annotations

import datetime as dt
import sys
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from mock_p1.base.patching import Patches
from mock_p1.oneclock import (
    asyncio_patch,
    lock_patch,
    patches,
    shared,
    socket_patch,
    travel_patch,
)
from mock_p1.oneclock.shared import LONGEST, Budget, CannotShare, SharedClock

if TYPE_CHECKING:
    from collections.abc import Iterator

_lock = threading.RLock()
_uses = 0
"""How many mocks are on the clock."""
_moved_by = 0
"""How many of these have asked that the client's waits move it; the patches end with the last."""
_clock: SharedClock | None = None
_OF_CLASSES: Final = (
    *travel_patch.PATCHES,
    *patches.PATCHES,
    *asyncio_patch.PATCHES,
    *socket_patch.PATCHES,
)
_methods: Final = Patches()
_installed = ExitStack()


@contextmanager
def one_clock(longest: int = LONGEST, start: dt.datetime | None = None) -> Iterator[SharedClock]:
    """Share a clock with the calling thread, and with every thread that joins it.

    Mocks at the same time share one. ``longest`` is how many nanoseconds a thread may sleep in all;
    SleptTooLong at the end where a thread other than the caller's has slept for more. 0 is for a
    mock that has not asked for it, but for the same clock as one that has: it sets no limit, and
    keeps the clock without the client.

    CannotShare where freezegun has taken the clocks before, or the clock began at another date than
    ``start``.
    """
    global _uses, _moved_by, _clock, _installed  # noqa: PLW0603 -- time belongs to the process
    with _lock:
        if _clock and start is not None and _clock.date_at(0) != start.replace(microsecond=0):
            began = _clock.date_at(0)
            raise CannotShare(f"mocks at the same time share a clock, which began at {began}")
        clock = _clock or SharedClock(start)
        if longest and not _moved_by:
            if _is_frozen():
                raise CannotShare(
                    "instant_sleep cannot start while freezegun is active: "
                    "start the mock first and freeze inside it, "
                    "or do without freezegun, since instant_sleep moves dates too"
                )
            _refuse_gevent()
            with ExitStack() as installed:  # all of them, or none
                installed.callback(_methods.remove)
                _methods.install(*_OF_CLASSES)
                for patch in (travel_patch, patches, lock_patch):
                    patch.install()
                    installed.callback(patch.remove)
                _installed = installed.pop_all()
            shared.share(clock)
        _clock = clock
        _uses += 1
        _moved_by += bool(longest)
    clock.join()
    budget = Budget(longest)
    if longest:
        clock.budgets.append(budget)
    try:
        yield clock
        budget.overspent.pop(threading.get_ident(), None)
        for error in budget.overspent.values():
            raise error
    finally:
        with _lock:
            _uses -= 1
            _clock = clock if _uses else None
            if longest:
                clock.budgets.remove(budget)
                _moved_by -= 1
            if longest and not _moved_by:
                shared.share(None)
                _installed.close()


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
