"""Whether a thread is at work, as far as another one can see.

A thread that waits for another one is known by where it waits. Of any other, what counts is whether
it moves: where it stays at one place and the system does not run it, it waits for something too.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final
from weakref import WeakSet

from mock_p1.oneclock.originals import real

if TYPE_CHECKING:
    from types import FrameType

STILL_SECONDS: Final = 0.3
STILL_LOOKS: Final = 60
"""So long, and at so many looks, must a thread stay at one place before it is taken to wait.

At none of these may the system run it: a thread that the system has not run for long, on a busy
machine, looks for a moment as if it waited when its turn comes, since it waits for the interpreter.
"""

_SOCKET_MODULES: Final = frozenset({"socket", "ssl"})
"""Modules in which a thread waits for an answer from outside, which is work of another program."""

at_rest: Final[WeakSet[threading.Thread]] = WeakSet()
"""Threads of servers, which wait for who asks them. What one is asked, its own server tells."""


class ThreadActivity:
    """Looks at threads again and again, and remembers since when each stays where it is."""

    def __init__(self) -> None:
        self._places: dict[int, tuple[int, int, float, int]] = {}

    def is_at_work(self, thread: threading.Thread, frame: FrameType) -> bool:
        """Judge by a thread's innermost frame, by what it was before, and by the system."""
        place = self._places.pop(thread.ident or 0, None)
        match frame.f_globals.get("__name__"), frame.f_code.co_name:
            case "threading", "wait":
                waiters = getattr(frame.f_locals.get("self"), "_waiters", ())
                return frame.f_locals.get("waiter") not in waiters  # it was notified
            case "threading", "join" | "_wait_for_tstate_lock":
                other = frame.f_locals.get("self")
                return not (isinstance(other, threading.Thread) and other.is_alive())
            case "concurrent.futures.thread", "_worker":
                return _is_run(thread)
            case ("mock_p1.oneclock.patches", "sleep"):  # for real, so it will go on by itself
                return True
            case (module, function) if module in _SOCKET_MODULES and function != "accept":
                return True  # accept waits for who may never come: that of a server
        return self._moves(thread, frame, place)

    def has_moved(self, thread: threading.Thread) -> None:
        """Forget where a thread was: if it is there again, that is another time."""
        self._places.pop(thread.ident or 0, None)

    def seems_to_wait(self, thread: threading.Thread) -> bool:
        """Tell whether a thread was judged by standing still, which may be over any moment."""
        return thread.ident in self._places

    def _moves(
        self, thread: threading.Thread, frame: FrameType, before: tuple[int, int, float, int] | None
    ) -> bool:
        now = real.monotonic()
        if before is None or before[:2] != (id(frame), frame.f_lasti) or _is_run(thread):
            before = id(frame), frame.f_lasti, now, 0
        since, looks = before[2], before[3] + 1
        self._places[thread.ident or 0] = (*before[:2], since, looks)
        return now - since < STILL_SECONDS or looks < STILL_LOOKS


def _is_run(thread: threading.Thread) -> bool:
    """Tell whether the system runs a thread, or would if it had a processor; no, where unknown."""
    try:
        line = Path(f"/proc/self/task/{thread.native_id}/stat").read_bytes()
    except OSError:
        return False
    return line.rpartition(b")")[2].split()[0] in (b"R", b"D")
