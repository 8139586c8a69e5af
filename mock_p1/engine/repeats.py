"""Requests that a client's library repeats by itself when their connection breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mock_p1.base.clock import RealClock

if TYPE_CHECKING:
    from mock_p1.base.clock import Clock
    from mock_p1.base.messages import Request
    from mock_p1.engine.journal import Entry

BREAKS: Final = frozenset({"connection_reset", "empty_response"})
AT_ONCE_NS: Final = 100_000_000
"""Whoever asks again so soon has not thought about it."""

MAX_BROKEN: Final = 1000
MILLISECOND: Final = 1_000_000


class Repeats:
    """Notes where a request that broke was asked again at once. Not locked: its owner is."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._broken: dict[tuple[str, str, str], tuple[int, str]] = {}

    def __bool__(self) -> bool:
        return bool(self._broken)

    def noted(self, entry: Entry, request: Request) -> Entry:
        """Return the entry, with a note where it repeats one that broke."""
        if not isinstance(self._clock, RealClock):
            return entry
        key, now_ns = (request.method, request.path, request.api_key), self._clock.real_ns()
        broke_ns, fault = self._broken.pop(key, (0, ""))
        if entry.fault in BREAKS:
            self._broken[key] = now_ns + self._clock.client_span_ns(entry.delay_ns), entry.fault
            if len(self._broken) > MAX_BROKEN:
                del self._broken[next(iter(self._broken))]
        if not fault or now_ns - broke_ns > AT_ONCE_NS:
            return entry
        after = f"asked again {max(0, now_ns - broke_ns) // MILLISECOND} ms later"
        note = f"{after} on {fault}: the client, or its library, repeated it"
        return entry._replace(notes=(*entry.notes, note))
