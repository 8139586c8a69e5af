"""Answers that are held back: until their time has come, or a reset or a swap lets them go."""

from __future__ import annotations

from concurrent.futures import Future, wait
from contextlib import contextmanager
from functools import partial
from sys import maxsize
from typing import TYPE_CHECKING, Final

from mock_p1.base.clock import Clock, RealClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mock_p1.base.messages import Request
    from mock_p1.engine.callers import Caller


ROUNDING_NS: Final = 1000
"""What a wait of asyncio's may lose, whose timers are rounded to microseconds under one clock."""


class Hold:
    """One answer, and whom to wake when it may come sooner or later than was thought.

    ``caller`` is whose request it answers: by its key, or by its link.
    """

    def __init__(
        self, clock: Clock, request: Request, caller: Caller, wake: Callable[[], None]
    ) -> None:
        self.request: Request = request
        self.caller: Caller = caller
        self.wake: Callable[[], None] = wake
        self._clock, self._until_ns, self._left_ns = clock, maxsize, 0
        self.let_go: bool = False
        self.over: Future[None] = Future()
        """Is done when the answer was given, or its client has gone."""

    def begin(self, span_ns: int, due_ns: int) -> None:
        """Hold the answer back for so long from now on, or until it is due.

        The clock may have been moved since it was decided.
        """
        until_ns = self._clock.now_ns() + span_ns
        self._until_ns = min(due_ns, until_ns) if due_ns else until_ns

    def left_ns(self) -> int:
        """Return the nanoseconds of the mock's clock until its time comes; less where it has."""
        return 0 if self.let_go else self._until_ns - self._clock.now_ns()

    def left_seconds(self, *, woken: bool = True) -> float | None:
        """Return the real seconds to wait, 0 where the time has come; None while time is frozen.

        Nobody has ``woken`` who waited to the end: that a timer may have been early is made good.
        Where the clock has not moved meanwhile, somebody else has it in hand: that is the end.
        """
        left_ns = self.left_ns()
        if left_ns <= ROUNDING_NS or (left_ns >= self._left_ns and not woken):
            return 0.0
        self._left_ns = left_ns
        if isinstance(self._clock, RealClock) and self._clock.frozen:
            return None
        return self._clock.pass_time(left_ns)


class HeldAnswers:
    """All that is held back now, by whatever transport. Safe from many threads."""

    def __init__(self, clock: Clock, caller_of: Callable[[Request], Caller]) -> None:
        self._clock, self._caller_of = clock, caller_of
        self._holds: set[Hold] = set()
        if isinstance(clock, RealClock):
            clock.listen(self._wake)

    @contextmanager
    def hold(
        self,
        request: Request,
        span_ns: int,
        wake: Callable[[], None],
        due_ns: int = 0,
        then: Callable[[Callable[[], None]], object] = lambda end: end(),
    ) -> Iterator[Hold]:
        """Hold an answer back; ``wake`` is called, from any thread, when it is time to look.

        ``then`` is handed what to call once the answer was given, for ``settle``.
        """
        hold = Hold(self._clock, request, self._caller_of(request), wake)
        self._holds.add(hold)
        try:
            hold.begin(span_ns, due_ns)  # known already to whoever restarts the clock now
            yield hold
        finally:
            then(partial(self._end, hold))

    def settle(self, timeout_seconds: float) -> None:
        """Wait, in real seconds, until those are given whose time has come."""
        due = [each.over for each in self._holds.copy() if each.left_ns() <= ROUNDING_NS]
        wait(due, timeout_seconds)

    def let_go(self, which: Callable[[Hold], bool] = lambda _: True) -> None:
        """Let these answers come at once."""
        for hold in self._holds.copy():
            if which(hold):
                hold.let_go = True
                hold.wake()

    def _end(self, hold: Hold) -> None:
        self._holds.discard(hold)
        hold.over.set_result(None)

    def _wake(self) -> None:
        for hold in self._holds.copy():
            hold.wake()
