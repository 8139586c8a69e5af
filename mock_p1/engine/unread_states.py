"""Job states that were saved in parts, each of which is read when one of its states is needed.

So a process goes on with very many of them at once. Nobody sees a difference: a state has its place
among the others from the beginning, and is read by whoever looks at it.
"""

from __future__ import annotations

import json
from threading import Lock
from typing import TYPE_CHECKING, Any, Final
from zlib import compress, decompress

from mock_p1.engine.job_states import COLUMNS, JobState, restored, saved_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mock_p1.engine.job_states import JobStates
    from mock_p1.engine.program import Program

PART: Final = 32
"""So many states are read together."""

QUICKLY: Final = 1
"""How much is done to make them small: those of a load test are much alike."""

_FIELDS: Final = tuple(name for name in JobState.__slots__ if name not in ("others", "part"))


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
            job.part, job.others = self, None

    def read(self) -> None:
        """Make its states what they were."""
        with self._lock:
            if self._is_read:
                return
            rows = json.loads(decompress(self.packed))
            for job, fields in zip(self.jobs, rows, strict=True):
                made = restored(dict(zip(COLUMNS, fields, strict=True)), self._program_of)
                for name in _FIELDS:
                    setattr(job, name, getattr(made, name))
            for job in self.jobs:
                job.__class__ = JobState  # now that there is everything, for who does not wait here
                job.part = None
            self._is_read = True


class UnreadState(JobState):
    """A state of which nothing is known yet but where it stands: what is missing is read."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- whatever is looked for
        if (part := self.part) is not None:  # None: another thread has read it just now
            part.read()
        return getattr(self, name)


def saved_in_parts(states: JobStates, aside: dict[str, bytes]) -> dict[str, Any]:
    """Return what is kept of jobs as plain data; their states go ``aside``, packed part by part."""
    ids: list[str] = []
    jobs: list[JobState] = []
    others: list[tuple[int, str]] = []
    for job_id in states.known():
        first = next(states.of(job_id))
        ids.append(job_id)
        jobs.append(first)
        for caller, job in (first.others or {}).items():
            others.append((len(jobs), caller))
            ids.append(job_id)
            jobs.append(job)
    places = {job: place for place, job in enumerate(jobs)}
    used = [places[job] for job in states.used()]
    parts = [*_written(jobs, {*used})]
    aside["states"] = b"".join(packed for _, packed in parts)
    sizes = [(count, len(packed)) for count, packed in parts]
    about = {"ids": ids, "others": others, "used": used, "sizes": sizes, "created": states.created}
    return {**about, **states.saved_counts(jobs)}


def _written(jobs: list[JobState], transient: set[int]) -> Iterator[tuple[int, bytes]]:
    """Yield how many states a part has, and the part; what was not read is as it was."""
    at = 0
    while at < len(jobs):
        part = jobs[at].part if type(jobs[at]) is UnreadState else None
        if part is not None and jobs[at : at + len(part.jobs)] == part.jobs:
            taken, packed = part.jobs, part.packed
        else:
            taken = jobs[at : at + PART]
            rows = [
                saved_row(job, n if n in transient else None) for n, job in enumerate(taken, at)
            ]
            packed = compress(json.dumps(rows).encode(), QUICKLY)
        at += len(taken)
        yield len(taken), packed


def restore_parts(
    states: JobStates,
    saved: dict[str, Any],
    packed: bytes,
    program_of: Callable[[str, bool], Program | None],
) -> None:
    """Take over what ``saved_in_parts`` has returned, where nothing is kept yet."""
    jobs: list[JobState] = [UnreadState.__new__(UnreadState) for _ in saved["ids"]]
    at = byte = 0
    for count, size in saved["sizes"]:
        Part(packed[byte : byte + size], jobs[at : at + count], program_of)
        at, byte = at + count, byte + size
    states.take_over(saved["ids"], jobs, dict(saved["others"]), saved)
    states.created = saved["created"]
