"""The mock's clock. All times are whole nanoseconds, so that nothing drifts."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SECOND: Final = 1_000_000_000
MAX_SPEED: Final = 1_000_000.0

_REAL_NS: Final = partial(time.perf_counter_ns)
"""One for all clocks: instant_sleep looks for whoever came to keep Python's own meanwhile."""


class Held(Protocol):
    """Who waits for an answer that is held back, in an event loop: a future of asyncio."""

    def done(self) -> bool:
        """Tell whether nobody waits any more."""

    def cancel(self) -> bool:
        """End the wait."""

    def get_loop(self) -> Any:  # noqa: ANN401 -- asyncio's; nothing here knows it
        """Return the event loop that waits."""


class Clock(Protocol):
    """What the engine and the transports ask of a clock."""

    _start: datetime

    def now_ns(self) -> int:
        """Return nanoseconds since the clock was made."""

    def advance(self, by_ns: int) -> None:
        """Move the clock forward by nanoseconds."""

    def restart(self) -> None:
        """Begin anew: at 0, as fast as it was made to run."""

    def pass_time(self, span_ns: int, left: Held | None = None) -> float:
        """Let nanoseconds of this clock pass.

        Return the real seconds that the caller has to wait for it: without end where ``left``,
        which is done when nobody waits any more, will be cancelled when they have passed.
        """

    def saved(self) -> dict[str, Any]:
        """Return where it is, as plain data."""

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Go on where a clock was that was saved, of this kind or another; ValueError if behind."""

    def date_at(self, moment_ns: int) -> datetime:
        """Return the date and time (UTC) of a moment of this clock."""
        return _date(self._start, moment_ns)

    def client_date(self, moment_ns: int) -> datetime:
        """Return the date and time (UTC) at which a moment comes for clients."""

    def client_span_ns(self, span_ns: int) -> int:
        """Return how long a span of this clock is for clients."""


class VirtualClock(Clock):
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime | None = None) -> None:
        """``start`` is the date that the first moment shows; the real one if not given."""
        self._start = start or datetime.now(UTC)
        self._now = 0
        self._lock = Lock()

    def now_ns(self) -> int:
        """Return nanoseconds since the clock was made."""
        return self._now

    def advance(self, by_ns: int) -> None:
        """Move the clock forward by nanoseconds; ValueError if negative."""
        _forward(by_ns)
        with self._lock:
            self._now += by_ns

    def restart(self) -> None:
        """Begin anew, at 0."""
        with self._lock:
            self._now = 0

    def pass_time(self, span_ns: int, left: Held | None = None) -> float:  # noqa: ARG002 -- of the protocol
        """Move the clock by nanoseconds; there is nothing to wait for."""
        self.advance(span_ns)
        return 0.0

    def saved(self) -> dict[str, Any]:
        """Return where it is, as plain data."""
        return {"now_ns": self._now, "start": self._start.isoformat()}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Go on where a clock was that was saved; it had a speed perhaps, this one has none."""
        self._start = datetime.fromisoformat(saved["start"])
        self.advance(saved["now_ns"] - self._now)

    def client_date(self, moment_ns: int) -> datetime:
        """Return the same: this clock is the clients'."""
        return self.date_at(moment_ns)

    def client_span_ns(self, span_ns: int) -> int:
        """Return the same."""
        return span_ns


class RealClock(Clock):
    """A clock that runs: as fast as real time, ``speed`` times as fast, or not while frozen."""

    def __init__(
        self,
        speed: float = 1.0,
        source: Callable[[], int] = _REAL_NS,
        start: datetime | None = None,
    ) -> None:
        """``source`` gives real nanoseconds; ValueError for a speed outside its range.

        ``start`` is the date that the first moment shows; the real one if not given.
        Not ``monotonic_ns``, which on Windows goes in steps of 15.6 ms before Python 3.13.
        """
        self._source, self._first_date = source, start
        self._lock = Lock()
        self._first_speed = _speed(speed)
        self._listeners: list[Callable[[], None]] = []
        self._advanced_ns = 0
        self.restart()

    def listen(self, listener: Callable[[], None]) -> None:
        """Let ``listener`` know, in the thread that does it, when this clock is turned."""
        self._listeners.append(listener)

    def real_ns(self) -> int:
        """Return real nanoseconds, since some moment."""
        return self._source()

    @property
    def advanced_ns(self) -> int:
        """By how many nanoseconds it was advanced in all, beside what has passed by itself."""
        return self._advanced_ns

    @property
    def speed(self) -> float:
        """How many seconds of this clock pass in a real one; kept while frozen."""
        return self._speed

    @property
    def frozen(self) -> bool:
        """Whether the clock stands still."""
        return self._frozen

    @property
    def tick_ns(self) -> int:
        """By how many nanoseconds of this clock a client's waits may be too short.

        By a step of the system's clock: 15.6 ms on Windows before Python 3.13.
        """
        return int(time.get_clock_info("monotonic").resolution * SECOND * self._speed)

    def now_ns(self) -> int:
        """Return nanoseconds since the clock was made."""
        real, ours, pace = self._anchor
        passed = self._source() - real
        return ours + (passed if pace == 1.0 else int(passed * pace))

    def advance(self, by_ns: int) -> None:
        """Move the clock forward by nanoseconds; ValueError if negative."""
        _forward(by_ns)
        self._advanced_ns += by_ns
        self._set(by_ns=by_ns)

    def restart(self) -> None:
        """Begin anew: at 0, not frozen, as fast as it was made to run."""
        with self._lock:
            self._start = self._first_date or self._today()
            self._speed, self._frozen = self._first_speed, False
            # (real moment, our moment, pace) in one, so that a reader never sees half of a change
            self._anchor = (self._source(), 0, self._speed)
        self._tell()

    def pass_time(self, span_ns: int, left: Held | None = None) -> float:  # noqa: ARG002 -- of the protocol
        """Return the real seconds in which this span passes, as if the clock were not frozen."""
        return span_ns / SECOND / self._speed

    def set_speed(self, speed: float) -> None:
        """Run ``speed`` times as fast from now on; ValueError for a speed outside its range."""
        self._set(speed=_speed(speed))

    def freeze(self, *, frozen: bool = True) -> None:
        """Stop the clock, or let it run on from where it stopped."""
        self._set(frozen=frozen)

    def saved(self) -> dict[str, Any]:
        """Return where it is and how it runs, as plain data."""
        with self._lock:
            return {
                "now_ns": self.now_ns(),
                "start": self._start.isoformat(),
                "speed": self._speed,
                "frozen": self._frozen,
                "advanced_ns": self._advanced_ns,
            }

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Go on where a clock was that was saved, and as fast, if that one ran."""
        with self._lock:
            self._start = datetime.fromisoformat(saved["start"])
            self._speed = _speed(saved.get("speed", self._speed))
            self._frozen = saved.get("frozen", self._frozen)
            self._advanced_ns = saved.get("advanced_ns", self._advanced_ns)
            self._anchor = self._source(), saved["now_ns"], 0.0 if self._frozen else self._speed
        self._tell()

    def client_date(self, moment_ns: int) -> datetime:
        """Return the real date at which a moment comes, as if the clock were not frozen."""
        return _date(self._today(), self.client_span_ns(moment_ns - self.now_ns()))

    def client_span_ns(self, span_ns: int) -> int:
        """Return how many real nanoseconds a span takes, as if the clock were not frozen."""
        return span_ns if self._speed == 1.0 else int(span_ns / self._speed)

    def _today(self) -> datetime:
        """Return the real date."""
        return datetime.now(UTC)

    def _set(
        self, by_ns: int = 0, speed: float | None = None, *, frozen: bool | None = None
    ) -> None:
        with self._lock:
            self._speed = self._speed if speed is None else speed
            self._frozen = self._frozen if frozen is None else frozen
            self._anchor = (
                self._source(),
                self.now_ns() + by_ns,
                0.0 if self._frozen else self._speed,
            )
        self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()


def _forward(by_ns: int) -> None:
    if by_ns < 0:
        raise ValueError(f"a clock only moves forward, not by {by_ns / SECOND:g} s")


def _speed(speed: float) -> float:
    if not 0 < speed <= MAX_SPEED:
        raise ValueError(f"speed must be above 0 and at most {MAX_SPEED:,.0f}, not {speed:g}")
    return float(speed)


def _date(start: datetime, moment_ns: int) -> datetime:
    try:
        return start + timedelta(microseconds=moment_ns // 1000)
    except (
        OverflowError
    ):  # a clock that was moved on by thousands of years; the calendar ends before it
        return datetime.max.replace(tzinfo=UTC)
