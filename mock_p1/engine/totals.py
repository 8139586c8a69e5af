"""How many requests there were, whatever the journal keeps: since the start, and since a reset."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zlib import compress, decompress

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_KINDS: Final = 50_000
MAX_SHOWN: Final = 300_000
"""So many kinds of requests are told apart, with about 300 bytes each: more where a job showed its
status, since callers and jobs of a load test are many, and not made up. Of all others, caller and
job are not known."""

_FIRST_REDIRECT: Final = 300


class Kind(NamedTuple):
    """What requests have in common that are counted together; fields of the journal's entries."""

    operation: str | None
    job_id: str | None
    http_status: int | None
    status: str | None
    error: str | None
    fault: str | None
    caller: int
    done: str | None

    @property
    def outcome(self) -> str:
        """The status, error or fault that was shown; else what was done, or the HTTP status."""
        return outcome_of(self.status or self.error or self.fault, self.done, self.http_status)


def outcome_of(shown: str | None, done: str | None, http_status: int | None) -> str:
    """Return what a request came to, in a word."""
    if shown:
        return shown
    if done and http_status is not None and http_status < _FIRST_REDIRECT:
        return done
    return f"HTTP {http_status}"


class Count:
    """How many there were."""

    __slots__ = ("requests",)

    def __init__(self, requests: int = 0) -> None:
        self.requests: int = requests


_Row = tuple[object, ...]
_STATUS, _JOB, _CALLER = map(Kind._fields.index, ("status", "job_id", "caller"))


class Totals:
    """Counts every request; the engine's lock is held."""

    def __init__(self) -> None:
        self._since_reset: dict[_Row, Count] = {}
        self._before: dict[_Row, Count] = {}
        self._merged: set[_Row] = set()
        self.merged: int = 0
        """How many requests were counted without caller and job, since the start."""
        self._unread: tuple[int, bytes] | None = None

    def tally(self, kind: _Row) -> Count:
        """Return the count of a kind, which stays its own until the next reset."""
        if self._unread is not None and self._unread[0] + len(self._since_reset) >= _most(kind):
            self._read()
        return self._find(self._since_reset, kind)

    def reset(self) -> None:
        """Count anew since now; since the start goes on."""
        self._read()
        if self._before:
            for kind, count in self._since_reset.items():
                self._find(self._before, kind).requests += count.requests
        else:
            self._before = self._since_reset
        self._since_reset = {}

    def saved(self) -> dict[str, Any]:
        """Return everything as plain data: rows of what was counted, and the count."""
        self._read()
        counts = {"since_reset": self._since_reset, "before": self._before}
        rows = {
            name: [[*kind, count.requests] for kind, count in each.items()]
            for name, each in counts.items()
        }
        return {**rows, "unassigned": [*map(list, self._merged)], "merged": self.merged}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take over what was saved."""
        self._since_reset, self._before = (
            {tuple(kind): Count(count) for *kind, count in saved[name]}
            for name in ("since_reset", "before")
        )
        self._merged = {tuple(kind) for kind in saved["unassigned"]}
        self.merged = saved["merged"]

    def saved_aside(self, aside: dict[str, bytes]) -> dict[str, int]:
        """Return what ``restore_later`` must know at once; the rest goes ``aside``, packed."""
        aside["totals"] = compress(json.dumps(self.saved()).encode(), 1)
        return {"kinds": max(len(self._since_reset), len(self._before)), "merged": self.merged}

    def restore_later(self, saved: dict[str, int], packed: bytes) -> None:
        """Take over what was put aside, once somebody needs it."""
        self._unread, self.merged = (saved["kinds"], packed), saved["merged"]

    def _read(self) -> None:
        """Read what was saved, and add what was counted since."""
        if self._unread is None:
            return
        since, (_, packed) = self._since_reset, self._unread
        self._unread = None
        self.restore(json.loads(decompress(packed)))
        for kind, count in since.items():  # others hold these
            if (before := self._since_reset.get(kind)) is not None:
                count.requests += before.requests
            self._since_reset[kind] = count

    def __iter__(self) -> Iterator[tuple[Kind, int, int]]:
        """Return each kind with its counts since the last reset and since the start.

        Of this moment: they may be read without the lock.
        """
        self._read()
        recent = {kind: count.requests for kind, count in self._since_reset.items()}
        before = {kind: count.requests for kind, count in self._before.items()}
        return (
            (Kind(*kind), recent.get(kind, 0), recent.get(kind, 0) + before.get(kind, 0))  # type: ignore[arg-type]  # -- what was counted
            for kind in {**recent, **before}
        )

    def by_caller(self) -> Counter[tuple[Any, Any]]:
        """Return how many requests there were since the last reset, by job and caller."""
        self._read()
        counted: Counter[tuple[Any, Any]] = Counter()
        for kind, count in self._since_reset.items():
            counted[kind[_JOB], kind[_CALLER]] += count.requests
        return counted

    @property
    def unassigned(self) -> int:
        """How many requests since the last reset are counted without caller and job."""
        self._read()
        return sum(self._since_reset.get(kind, Count()).requests for kind in self._merged)

    def _find(self, counts: dict[_Row, Count], kind: _Row) -> Count:
        if kind not in counts and len(counts) >= _most(kind):
            kind = tuple(Kind(*kind)._replace(job_id=None, caller=0))  # type: ignore[arg-type]  # -- likewise
            self._merged.add(kind)
            self.merged += 1
        return counts.setdefault(kind, Count())


def _most(kind: _Row) -> int:
    return MAX_KINDS if kind[_STATUS] is None else MAX_SHOWN
