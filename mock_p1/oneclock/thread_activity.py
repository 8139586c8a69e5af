"""What a thread is doing, as far as another one can see.

At work, waiting for a third, or listening to the outside.
"""

from __future__ import annotations

import threading
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import FrameType


class Doing(Enum):
    """What a thread does, as seen from another one."""

    WORKS = auto()
    WAITS = auto()  # for another thread, which has not let it go on yet
    LISTENS = auto()  # to the outside: a socket, a process


_LISTENING: Final = frozenset(
    {("selectors", "select"), ("subprocess", "_try_wait"), ("multiprocessing.connection", "_recv")}
)


def doing(frame: FrameType) -> Doing:
    """Judge by a thread's innermost frame.

    One that has just been let go looks as if it still waited: ask further.
    """
    match frame.f_globals.get("__name__"), frame.f_code.co_name:
        case "threading", "wait":
            waits = _is_queued(frame.f_locals.get("self"), frame.f_locals.get("waiter"))
        case "threading", "join" | "_wait_for_tstate_lock":
            other = frame.f_locals.get("self")
            waits = isinstance(other, threading.Thread) and other.is_alive()
        case "concurrent.futures.thread", "_worker":
            waits = True
        case place:
            return Doing.LISTENS if place in _LISTENING else Doing.WORKS
    return Doing.WAITS if waits else Doing.WORKS


def _is_queued(condition: object, waiter: object) -> bool:
    """Tell whether a waiter of a condition has not been notified yet.

    Nothing but the condition itself knows.
    """
    return waiter is not None and waiter in getattr(condition, "_waiters", ())
