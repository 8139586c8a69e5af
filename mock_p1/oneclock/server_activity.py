"""Whether a server in a thread of this process has done all that it was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable

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
