"""Trio, while a clock is shared: its runs in the client's threads get a clock of ours.

All of it by trio's public interfaces. Whenever a run waits, a thread sleeps for it by the shared
clock, and wakes it. Imported only where the client has imported trio.
"""

from __future__ import annotations

import math
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import trio

from mock_p1.base.clock import SECOND
from mock_p1.oneclock.originals import real
from mock_p1.oneclock.shared import CannotShare, SharedClock, SleptTooLong, asking

if TYPE_CHECKING:
    from collections.abc import Callable


own_run: Final = trio.run
_GRACE_SECONDS: Final = 0.01
"""Real seconds in which a socket may stir before time goes on."""


def run(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 -- as trio has them
    """Stand in for ``trio.run``."""
    shared = asking()
    if shared is not None and shared.ports:
        raise CannotShare(
            "with a served mock instant_sleep cannot move trio's clock: "
            "use mock_p1 or mocked(), which answer httpx in-process, or asyncio"
        )
    if shared is None or options.get("clock") is not None:
        return own_run(*arguments, **options)
    waits = _Waits(shared, clock := _Clock(shared))
    instruments = [*options.pop("instruments", ()), waits]
    try:
        return own_run(*arguments, **options | {"clock": clock, "instruments": instruments})
    except BaseException:
        if waits.overspent:  # which trio has wrapped
            raise waits.overspent from None
        raise


class _Clock(trio.abc.Clock):
    def __init__(self, shared: SharedClock) -> None:
        self._shared, self.deadline = shared, math.inf

    def start_clock(self) -> None:
        """It goes already."""

    def current_time(self) -> float:
        """Seconds of the shared clock."""
        return self._shared.monotonic_ns() / SECOND

    def deadline_to_sleep_time(self, deadline: float) -> float:
        """How long that is from now."""
        self.deadline = deadline
        return deadline - self.current_time()


class _Waits(trio.abc.Instrument):
    def __init__(self, shared: SharedClock, clock: _Clock) -> None:
        self._shared, self._clock = shared, clock
        self._woken = threading.Event()
        self.overspent: SleptTooLong | None = None

    def before_io_wait(self, timeout: float) -> None:
        """Let a thread sleep in place of the run."""
        self._woken = threading.Event()
        if timeout > 0:
            here = trio.lowlevel.current_trio_token(), threading.get_ident(), self._woken
            threading.Thread(target=self._wait, args=here, daemon=True).start()

    def after_io_wait(self, timeout: float) -> None:  # noqa: ARG002 -- trio's signature
        """End its sleep."""
        self._woken.set()

    def _wait(self, token: trio.lowlevel.TrioToken, thread: int, woken: threading.Event) -> None:
        left = self._clock.deadline - self._clock.current_time()
        real.sleep(_GRACE_SECONDS)  # which others take for work
        wake: Callable[[], object] = int
        try:
            span = None if left == math.inf else round(left * SECOND / 1000) * 1000
            self._shared.sleep(span, woken.is_set, everybody=True, also=(thread,))
        except SleptTooLong as error:
            self.overspent = error
            wake = self._fail
        with suppress(RuntimeError):  # the run has ended
            token.run_sync_soon(wake)

    def _fail(self) -> object:
        raise self.overspent or AssertionError
