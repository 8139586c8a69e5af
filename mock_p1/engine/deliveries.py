"""Downloads that a server is writing: of each it says whether the client has taken it, in the end.

Until then a download counts as taken, unless somebody asks. So nothing is noted of what goes well.
Polls are among them whose client had closed its side before the answer came, which was held back.
"""

from __future__ import annotations

from concurrent.futures import Future, wait
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Deliveries:
    """What is being written now, in this process. Safe from many threads."""

    def __init__(self, note: Callable[[int, bool], None]) -> None:
        """``note`` takes the number of a download, and whether the client has taken it."""
        self._note, self._lock = note, Lock()
        self._open: dict[int, Future[None]] = {}
        self._noted: set[int] = set()  # those of which somebody has asked before their end
        self._awaited: set[int] = set()  # those that were waited for meanwhile

    def sending(self, number: int) -> None:
        """Hear that a download will be written; ``sent`` or ``lost`` follows."""
        with self._lock:
            self._open.setdefault(number, Future())

    def sent(self, number: int) -> None:
        """Hear that the client has taken all of it; or the system, which brings it."""
        with self._lock:
            if number in self._noted:
                self._note(number, True)  # noqa: FBT003 -- as an act has it
            self._end(number)

    def lost(self, number: int) -> None:
        """Hear that the client has not taken all of it, and never will."""
        with self._lock:
            self._note(number, False)  # noqa: FBT003 -- likewise
            self._end(number)

    def settle(self, timeout_seconds: float) -> None:
        """Wait, in real seconds, for news of what is being sent now; note what is not taken yet."""
        if not self._open:
            return
        with self._lock:
            numbers = self._open.keys() - self._awaited
            awaited = [self._open[number] for number in numbers]
        wait(awaited, timeout_seconds)
        with self._lock:
            if timeout_seconds:
                self._awaited |= numbers & self._open.keys()
            for number in self._open.keys() - self._noted:
                self._noted.add(number)
                self._note(number, False)  # noqa: FBT003 -- likewise

    def _end(self, number: int) -> None:
        self._noted.discard(number)
        self._awaited.discard(number)
        news = self._open.pop(number, None)
        if news is not None:
            news.set_result(None)
