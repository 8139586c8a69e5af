"""Job states that were saved in parts, each of which is read when one of its states is needed.

So a process goes on with very many of them at once. Nobody sees a difference: a state has its place
among the others from the beginning, and is read by whoever looks at it.
"""

from __future__ import annotations

import json
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from mock_p1.engine.job_states import COLUMNS, JobState, restored, saved_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mock_p1.engine.job_states import JobStates
    from mock_p1.engine.program import Program

PART: Final = 32
"""So many states are read together."""

_FIELDS: Final = tuple(name for name in JobState.__slots__ if name not in ("others", "part"))


class Part:
    """States that stand in one text, until they are read."""

    def __init__(
        self,
        text: str,
        jobs: list[JobState],
        program_of: Callable[[str, bool], Program | None],
    ) -> None:
        self.text: str = text
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
            for job, fields in zip(self.jobs, json.loads(self.text), strict=True):
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


def saved_in_parts(states: JobStates, aside: dict[str, str]) -> dict[str, Any]:
    """Return what is kept of jobs as plain data; their states go ``aside``, a line a part."""
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
    sizes, lines = [], []
    for size, line in _written(jobs, {*used}):
        sizes.append(size)
        lines.append(line)
    aside["states"] = "\n".join(lines)
    about = {"ids": ids, "others": others, "used": used, "sizes": sizes, "created": states.created}
    return {**about, **states.saved_counts(jobs)}


def _written(jobs: list[JobState], transient: set[int]) -> Iterator[tuple[int, str]]:
    """Yield how many states a part has, and its text; what was not read is as it was."""
    at = 0
    while at < len(jobs):
        part = jobs[at].part if type(jobs[at]) is UnreadState else None
        if part is not None and jobs[at : at + len(part.jobs)] == part.jobs:
            taken, text = part.jobs, part.text
        else:
            taken = jobs[at : at + PART]
            rows = [
                saved_row(job, n if n in transient else None) for n, job in enumerate(taken, at)
            ]
            text = json.dumps(rows)
        at += len(taken)
        yield len(taken), text


def restore_parts(
    states: JobStates,
    saved: dict[str, Any],
    text: str,
    program_of: Callable[[str, bool], Program | None],
) -> None:
    """Take over what ``saved_in_parts`` has returned, where nothing is kept yet."""
    jobs: list[JobState] = [UnreadState.__new__(UnreadState) for _ in saved["ids"]]
    at = 0
    for size, line in zip(saved["sizes"], text.split("\n") if jobs else (), strict=True):
        Part(line, jobs[at : at + size], program_of)
        at += size
    states.take_over(saved["ids"], jobs, dict(saved["others"]), saved)
    states.created = saved["created"]
