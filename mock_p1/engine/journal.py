"""What was asked, what was answered, and why. Bounded: the oldest rows go first."""

from __future__ import annotations

from collections import deque
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple

from mock_p1.engine.timeline import Plan, State, waits_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEFAULT_MAX: Final = 1000


class Entry(NamedTuple):
    """One request and its outcome. ``moment_ns`` is in nanoseconds of the mock's clock; the key is masked.

    ``caller`` tells keys apart that look the same when masked; it says nothing about them.
    ``retry_after_ns`` is how long the answer asked the client to wait, in nanoseconds.
    """

    number: int
    moment_ns: int
    method: str
    path: str
    api_key: str
    operation: str | None
    job_id: str | None
    http_status: int | None
    status: str | None
    error: str | None
    fault: str | None
    source: str
    place: tuple[Plan, State] | None
    notes: tuple[str, ...]
    caller: int = 0
    retry_after_ns: int | None = None

    @property
    def waits_for(self) -> str | None:
        """What the job waited for after this poll.

        None where it stays for ever, or nothing was found.
        """
        return waits_for(*self.place, self.moment_ns) if self.place else None

    @property
    def outcome(self) -> str:
        """The status, error or fault that was shown, or the HTTP status where the answer was literal."""
        return self.status or self.error or self.fault or f"HTTP {self.http_status}"

    @property
    def unexpected(self) -> bool:
        """Whether this mock does not imitate what was asked."""
        return self.operation is None


class Journal:
    """The newest ``maximum`` entries."""

    def __init__(self, maximum: int = DEFAULT_MAX) -> None:
        self._entries: deque[Entry] = deque(maxlen=maximum)
        self._numbers = count(1)
        self.number = self._numbers.__next__
        self.add: Callable[[Entry], None] = self._entries.append
        self._cleared = 0

    def listen(self, listener: Callable[[Entry], None]) -> None:
        """Hand every further entry to ``listener`` too, before the request is answered.

        It must not wait.
        """
        keep = self.add

        def keep_and_tell(entry: Entry) -> None:
            keep(entry)
            listener(entry)

        self.add = keep_and_tell

    @property
    def last(self) -> int:
        """The number of the newest entry, also where it was cleared since; 0 before the first."""
        try:
            return self._entries[-1].number
        except IndexError:
            return self._cleared

    def after(self, number: int) -> tuple[list[Entry], int]:
        """Return the entries numbered above ``number``, oldest first, and how many more there were that are gone.

        Entries that somebody cleared do not count as gone.
        """
        newer: list[Entry] = []
        for entry in reversed(self._entries.copy()):
            if entry.number <= number:
                break
            newer.append(entry)
        newer.reverse()
        known = max(number, self._cleared)
        return newer, max(0, newer[0].number - 1 - known) if newer else 0

    def __iter__(self) -> Iterator[Entry]:
        """Iterate over a copy, oldest first; safe while others write."""
        return iter(self._entries.copy())

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        """Forget every entry; numbers go on."""
        self._cleared = self.last
        self._entries.clear()
