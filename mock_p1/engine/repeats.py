"""Requests that a client's library repeats by itself when their connection breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mock_p1.base.clock import Clock, RealClock

if TYPE_CHECKING:
    from mock_p1.base.messages import Request
    from mock_p1.engine.journal import Entry

BREAKS: Final = frozenset({"connection_reset", "empty_response"})
AT_ONCE_NS: Final = 100_000_000
"""Whoever asks again so soon, and has not advanced the mock's clock, has not thought about it."""

REPEATED: Final = "the client, or its library, repeated it"
"""How the note ends."""

MAX_BROKEN: Final = 1000
MILLISECOND: Final = 1_000_000


class Repeats:
    """Notes where a request that broke was asked again at once. Not locked: its owner is."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.broken: Final[dict[tuple[str, str, str], tuple[int, int, str]]] = {}
        """When the newest requests broke, how far the clock was advanced, and by which fault."""

    def noted(self, entry: Entry, request: Request) -> Entry:
        """Return the entry, with a note where it repeats one that broke."""
        notes = self.notes(request)
        self.note_break(request, entry.fault, entry.delay_ns)
        return entry._replace(notes=(*entry.notes, *notes)) if notes else entry

    def notes(self, request: Request) -> tuple[str, ...]:
        """Return what is to be noted of a request that repeats one which broke."""
        broke_ns, advanced_ns, fault = self.broken.pop(_key(request), (0, 0, ""))
        if not fault or not isinstance(self._clock, RealClock):
            return ()
        after_ns = self._clock.real_ns() - broke_ns
        if after_ns > AT_ONCE_NS or self._clock.advanced_ns - advanced_ns > AT_ONCE_NS:
            return ()  # a client that waits by the mock's clock has waited too
        after = f"asked again {-(-max(0, after_ns) // MILLISECOND)} ms later"
        return (f"{after} on {fault}: the client, or its library, repeated it",)

    def note_break(self, request: Request, fault: str | None, delay_ns: int) -> None:
        """Remember a request where its fault, after a delay, breaks the connection."""
        if fault not in BREAKS or not isinstance(self._clock, RealClock):
            return
        broke_ns = self._clock.real_ns() + self._clock.client_span_ns(delay_ns)
        self.broken[_key(request)] = broke_ns, self._clock.advanced_ns, fault
        if len(self.broken) > MAX_BROKEN:
            del self.broken[next(iter(self.broken))]

    def saved(self) -> list[Any]:
        """Return everything as plain data: each request, and when and by what it broke."""
        return [[*request, *broke] for request, broke in self.broken.items()]

    def restore(self, saved: list[Any]) -> None:
        """Take over what was saved."""
        self.broken.update(
            ((method, path, api_key), (broke_ns, advanced_ns, fault))
            for method, path, api_key, broke_ns, advanced_ns, fault in saved
        )


def _key(request: Request) -> tuple[str, str, str]:
    return request.method, request.path, request.api_key
