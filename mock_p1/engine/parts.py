"""Which parts of a file a client has fetched, and the calls with which all of it had come.

A part counts while nothing is known against it: whoever sends it says later that the client has
not taken it to its end. Of such a part the client has what comes before the place where it went on.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_PARTS: Final = 1000
"""So many parts of one file are known."""


class Parts:
    """The parts of one download, and of the one before it: what is known of that can change.

    Each has its first byte, the one behind its last, the number of its call, and whether the client
    has taken it. ``completed_by`` is the number of the call that completed the download before.
    """

    def __init__(self, file: str, length: int) -> None:
        """``file`` tells the file from others; ``length`` is in bytes."""
        self.file: Final = file
        self.length: Final = length
        self._parts: list[tuple[int, int, int, bool]] = []
        self._begin = 0  # those before are of the download before
        self._completed_by = 0

    def saved(self) -> list[Any]:
        """Return it as plain data."""
        return [self.file, self.length, self._parts, self._begin, self._completed_by]

    @classmethod
    def restored(cls, saved: list[Any]) -> Parts:
        """Return what was saved."""
        file, length, known, begin, completed_by = saved
        parts = cls(file, length)
        parts._parts = [(start, end, number, taken) for start, end, number, taken in known]
        parts._begin, parts._completed_by = begin, completed_by
        return parts

    def add(self, start: int, end: int, number: int) -> bool:
        """Note a part that this call sends; tell whether all of the file has come with it."""
        self._parts.append((start, end, number, True))
        if len(self._parts) > MAX_PARTS:
            covered = _covered(self._parts[self._begin :])[: MAX_PARTS // 2]
            self._parts = [(first, last, 0, True) for first, last in covered]
            self._begin = 0
        return self._is_completed_by(number)

    def note(self, number: int, *, taken: bool) -> dict[int, bool]:
        """Note whether the client has taken the part of a call.

        Return the calls that complete a download by it, or no longer do.
        """
        place = next((n for n, part in enumerate(self._parts) if part[2] == number), None)
        if place is None:
            return {}
        start, end, _, _ = self._parts[place]
        self._parts[place] = start, end, number, taken
        changed: dict[int, bool] = {}
        if place < self._begin:
            if self._has_all(self._parts[: self._begin]):
                return changed
            changed[self._completed_by], self._begin = False, 0
        if self._is_completed_by(number if taken else self._parts[-1][2]):
            changed[self._completed_by] = True
        return changed

    def _is_completed_by(self, number: int) -> bool:
        if not self._has_all(self._parts[self._begin :]):
            return False
        del self._parts[: self._begin]
        self._begin, self._completed_by = len(self._parts), number
        return True

    def _has_all(self, parts: list[tuple[int, int, int, bool]]) -> bool:
        return _covered(parts) == [(0, self.length)]


def _covered(parts: list[tuple[int, int, int, bool]]) -> list[tuple[int, int]]:
    """Return what the client has by these parts: in order, as few pieces as can be."""
    later: list[int] = []  # where those begin that were asked for later
    pieces = []
    for start, end, _, taken in reversed(parts):
        following = bisect_right(later, start)
        if taken:
            pieces.append((start, end))
        elif following < len(later) and later[following] < end:
            pieces.append((start, later[following]))
        insort(later, start)
    return _joined(pieces)


def _joined(pieces: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for first, last in sorted(pieces):
        if joined and first <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(last, joined[-1][1])
        else:
            joined.append((first, last))
    return joined
