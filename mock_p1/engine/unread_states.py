"""Job states that were saved in parts, each of which is read when one of its states is needed.

So a process goes on with very many of them at once: it looks at none before it is asked for one.
Nobody sees a difference: a state has its place among the others from the beginning, and is read by
whoever looks at it.

The states stand in the order of a checksum of job and caller; so the part in which one would be is
known from the checksums with which the parts begin.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from itertools import accumulate
from threading import Lock
from typing import TYPE_CHECKING, Any, Final
from zlib import compress, crc32, decompress

from mock_p1.engine.callers import caller_named
from mock_p1.engine.job_states import COLUMNS, JobState, JobStates, Listed, restored, saved_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mock_p1.engine.program import Program

PART: Final = 32
"""So many states are read together."""

QUICKLY: Final = 1
"""How much is done to make them small: those of a load test are much alike."""

_FIELDS: Final = tuple({*JobState.__slots__} - {"part", "used"})
_CALLER, _JOB_ID = COLUMNS.index("caller"), COLUMNS.index("job_id")
_HALF: Final = 32
"""Bits of the checksum of a job, and of a caller."""

Row = list[Any]


class Part:
    """States that stand in one text, packed, until they are read."""

    def __init__(
        self,
        packed: bytes,
        jobs: list[JobState],
        program_of: Callable[[str, bool], Program | None],
    ) -> None:
        self.packed: bytes = packed
        self.jobs: list[JobState] = jobs
        self._program_of = program_of
        self._lock = Lock()  # who only looks may not have the engine's
        self._is_read = False
        for job in jobs:
            job.part = self

    def read(self) -> None:
        """Make its states what they were."""
        with self._lock:
            if self._is_read:
                return
            for job, row in zip(self.jobs, _rows_in(self.packed), strict=True):
                made = _restored(row, self._program_of)
                for name in _FIELDS:
                    setattr(job, name, getattr(made, name))
            for job in self.jobs:
                job.__class__ = JobState  # now that there is everything, for who does not wait here
                job.part = None
            self._is_read = True


class UnreadState(JobState):
    """A state of which only the caller is known, and where it stands: what is missing is read."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- whatever is looked for
        if (part := self.part) is not None:  # None: another thread has read it just now
            part.read()
        return getattr(self, name)


class PackedStates:
    """All states that were saved, packed; one by one they can be taken out."""

    def __init__(
        self,
        saved: dict[str, Any],
        aside: Mapping[str, bytes],
        program_of: Callable[[str, bool], Program | None],
    ) -> None:
        """``saved`` is what ``saved_in_parts`` has returned, ``aside`` what it has put aside."""
        self.jobs: int = saved["jobs"]
        self.transient: int = saved["transient"]
        self.newest_created: int | None = saved["newest_created"]
        self._begins: Sequence[int] = saved["begins"]
        self._counts: Sequence[int] = saved["counts"]
        self._ends: Sequence[int] = saved["ends"]
        self._states, self._order = aside["states"], aside["order"]
        self._program_of = program_of
        self._read: dict[int, dict[tuple[str, str], Row]] = {}
        self._taken: dict[tuple[str, str], JobState] = {}

    def take(self, job_id: str, caller: str) -> JobState | None:
        """Read one state; None where there is none."""
        sum_ = crc32(_bytes(job_id)) << _HALF | crc32(_bytes(caller))
        for part in self._between(sum_, sum_):
            if (row := self._rows(part).get((job_id, caller))) is not None:
                job = self._taken[job_id, caller] = _restored(row, self._program_of)
                return job
        return None

    def callers(self, job_id: str) -> list[str]:
        """Name callers that have a state of a job: none, the only one, or some."""
        found: list[str] = []
        first = crc32(_bytes(job_id)) << _HALF
        for part in self._between(first, first | (1 << _HALF) - 1):
            found += [caller for job, caller in self._rows(part) if job == job_id]
            if len(found) > 1:
                break
        return found

    def everything(self) -> Listed:
        """Return all states, also those that were taken."""
        order = json.loads(decompress(self._order))
        ids, callers, places = order["ids"], order["callers"], order["places"]
        known = {name: caller_named(name) for name in {*callers}}
        jobs: list[JobState] = [UnreadState.__new__(UnreadState) for _ in ids]
        first = 0
        for part, count in enumerate(self._counts):
            stand, first = places[first : first + count], first + count
            if (rows := self._read.get(part)) is not None:
                for place, (pair, row) in zip(stand, rows.items(), strict=True):
                    jobs[place] = self._taken.get(pair) or _restored(row, self._program_of)
                continue
            for place in stand:
                jobs[place].caller, jobs[place].used = known[callers[place]], 0
            Part(self._packed(part), [jobs[place] for place in stand], self._program_of)
        return Listed(ids, jobs, callers, order["used"])

    def _between(self, first: int, last: int) -> range:
        """Return the parts in which states with these checksums may stand."""
        begin = bisect_left(self._begins, first)
        return range(max(0, begin - 1), bisect_right(self._begins, last))

    def _packed(self, part: int) -> bytes:
        return self._states[self._ends[part - 1] if part else 0 : self._ends[part]]

    def _rows(self, part: int) -> dict[tuple[str, str], Row]:
        """Return what stands in a part, by job and caller."""
        if (rows := self._read.get(part)) is None:
            found = _rows_in(self._packed(part))
            rows = self._read[part] = {(row[_JOB_ID], row[_CALLER]): row for row in found}
        return rows


def saved_in_parts(states: JobStates, aside: dict[str, bytes]) -> dict[str, Any]:
    """Return what is kept of jobs as plain data; what is large goes ``aside``, packed."""
    ids, jobs, callers, used = states.listed()
    of_caller = {name: crc32(_bytes(name)) for name in {*callers}}
    pairs = zip(ids, callers, strict=True)
    sums = [crc32(_bytes(job_id)) << _HALF | of_caller[name] for job_id, name in pairs]
    places = sorted(range(len(jobs)), key=sums.__getitem__)
    transient = {jobs[place] for place in used}
    parts = [*_written([jobs[place] for place in places], transient)]
    aside["states"] = b"".join(packed for _, _, packed in parts)
    order = {"ids": ids, "callers": callers, "places": places, "used": used}
    aside["order"] = compress(json.dumps(order).encode(), QUICKLY)
    return {
        "begins": [sums[places[first]] for first, _, _ in parts],
        "counts": [count for _, count, _ in parts],
        "ends": [*accumulate(len(packed) for _, _, packed in parts)],
        "created": states.created,
        "jobs": len({*ids}),
        "transient": len(used),
        **states.saved_counts(jobs),
    }


def _written(jobs: list[JobState], transient: set[JobState]) -> Iterator[tuple[int, int, bytes]]:
    """Yield which state begins a part, how many it has, and it; what was not read is as it was."""
    first = 0
    while first < len(jobs):
        part = jobs[first].part if type(jobs[first]) is UnreadState else None
        if part is not None and jobs[first : first + len(part.jobs)] == part.jobs:
            taken, packed = part.jobs, part.packed
        else:
            end = first + 1
            while end < min(first + PART, len(jobs)) and not _begins_a_part(jobs[end]):
                end += 1
            taken = jobs[first:end]
            rows = [saved_row(job, 0 if job in transient else None) for job in taken]
            packed = compress(json.dumps(rows).encode(), QUICKLY)
        yield first, len(taken), packed
        first += len(taken)


def _begins_a_part(job: JobState) -> bool:
    return type(job) is UnreadState and (part := job.part) is not None and part.jobs[0] is job


def restore_parts(
    states: JobStates,
    saved: dict[str, Any],
    aside: Mapping[str, bytes],
    program_of: Callable[[str, bool], Program | None],
) -> None:
    """Take over what ``saved_in_parts`` has returned, where nothing is kept yet."""
    states.restore_later(saved, PackedStates(saved, aside, program_of))
    states.created = saved["created"]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _rows_in(packed: bytes) -> list[Row]:
    rows: list[Row] = json.loads(decompress(packed))
    return rows


def _restored(row: Row, program_of: Callable[[str, bool], Program | None]) -> JobState:
    return restored(dict(zip(COLUMNS, row, strict=True)), program_of)
