"""Where every job is, for every API key that polls it.

Bounded where ids or keys are not the scenario's own.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from mock_p1.base.text import mask
from mock_p1.engine.timeline import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mock_p1.base.messages import Fault, Reply
    from mock_p1.engine.program import Program, ProgramStep

MAX_TRANSIENT: Final = 5_000
"""How many pairs of key and job that only a pattern knows are remembered, beside one for each job that the scenario
names or generates; the least recently polled go first."""


class JobState:
    """One job as one API key sees it: where it is, and the last answer it gave.

    ``answer`` was made for the step ``answered`` and the base URL. ``path`` is the one it was last
    polled at. On the job's first record, ``others`` are those of further keys. ``evicted`` is what
    was forgotten for it, until noted.
    """

    __slots__ = (
        "answer", "answered", "api_key", "base_url", "caller", "transient", "job_id", "last_ns", "masked", "others", "evicted",
        "path", "polls", "program", "state",
    )  # fmt: skip

    def __init__(self, api_key: str, job_id: str, program: Program, *, transient: bool) -> None:
        self.api_key, self.masked, self.caller = _of_key(api_key)
        self.job_id, self.program, self.transient = job_id, program, transient
        self.polls = self.last_ns = 0
        self.path = self.evicted = ""
        self.others: dict[str, JobState] | None = None
        self.state: State | None = None
        self.answer: Reply | Fault | None = None
        self.answered: ProgramStep | None = None
        self.base_url = ""


@lru_cache(maxsize=1000)
def _of_key(api_key: str) -> tuple[str, str, int]:
    """Return a key, what may be shown of it, and its hash. Many jobs, few keys: each is kept once.

    Not by ``sys.intern``, which Python 3.12 never undoes: random keys would add up for ever.
    """
    return api_key, mask(api_key), hash(api_key)


class JobStates:
    """All records, by API key and job id. Not locked: its owner is."""

    def __init__(self) -> None:
        self._first: dict[str, JobState] = {}
        self._at_path: dict[str, JobState] = {}
        self._transients: OrderedDict[JobState, None] = OrderedDict()
        self._max_transients = MAX_TRANSIENT
        self._starts: dict[str, int] = {}
        self.forgotten = 0

    def make_room(self, jobs: int) -> None:
        """Remember so many transients more.

        A key that only a pattern knows may poll each of the scenario's own jobs.
        """
        self._max_transients = MAX_TRANSIENT + jobs

    def get(self, api_key: str, job_id: str) -> JobState | None:
        """Return the record of a poll, or None before the first."""
        record = self._first.get(job_id)
        if record is not None and record.api_key != api_key:
            record = record.others.get(api_key) if record.others else None
        if record is not None and record.transient:
            self._transients.move_to_end(record)
        return record

    def by_path(self, path: str, api_keys: tuple[str, ...]) -> JobState | None:
        """Return the record that the last poll of this path led to, if it was with this key.

        Else None.
        """
        record = self._at_path.get(path)
        if record is None or len(api_keys) != 1 or record.api_key != api_keys[0]:
            return None
        if record.transient:
            self._transients.move_to_end(record)
        return record

    def cache_path(self, path: str, record: JobState) -> None:
        """Let a path lead straight to a record."""
        self._leave_path(record)
        record.path = path
        self._at_path[path] = record

    def add(self, record: JobState, now: int) -> JobState:
        """Keep a new record, started at ``now``.

        Forget the oldest transient where there are too many.
        """
        record.state = State(self._starts.get(record.job_id, 0), now)
        first = self._first.setdefault(record.job_id, record)
        if first is not record:
            first.others = first.others or {}
            first.others[record.api_key] = record
        if record.transient:
            self._transients[record] = None
            if len(self._transients) > self._max_transients:
                oldest = next(iter(self._transients))
                self._forget(oldest)
                self.forgotten += 1
                record.evicted = f"{oldest.job_id} of key {oldest.masked or 'none'}"
        return record

    def of(self, job_id: str) -> Iterator[JobState]:
        """Yield the records of one job, one for each key that has polled it, in the order they came."""
        first = self._first.get(job_id)
        return iter([first, *(first.others or {}).values()] if first else [])

    def polled(self) -> Iterator[str]:
        """Yield the ids of all jobs that have been polled, in the order of their first poll."""
        return iter(self._first)

    def met_by_pattern(self) -> Iterator[str]:
        """Yield the ids of polled jobs that only a pattern knows, in the order of their latest poll."""
        return iter(
            dict.fromkeys(record.job_id for record in self._transients if record.program.is_pattern)
        )

    def adopt(
        self, program_of: Callable[[JobState], Program | None], start_holds: Callable[[str], bool]
    ) -> tuple[int, int]:
        """Give every record its new program, keeping its state, or forget it where that is None.

        Returns how many were kept and how many forgotten.
        """
        kept = dropped = 0
        for record in [record for job_id in self._first for record in self.of(job_id)]:
            program = program_of(record)
            if program is None:
                self._forget(record)
                dropped += 1
            else:
                record.program, record.answer = program, None
                kept += 1
        self._starts = {
            job_id: index for job_id, index in self._starts.items() if start_holds(job_id)
        }
        return kept, dropped

    def start_of(self, job_id: str) -> int:
        """Return the step at which a key that has not polled the job yet will meet it."""
        return self._starts.get(job_id, 0)

    def start_at(self, job_id: str, index: int) -> None:
        """Let keys that have not polled the job yet meet it at a later step."""
        self._starts[job_id] = index

    def clear(self, job_id: str | None = None) -> None:
        """Forget everything, or everything of one job."""
        if job_id is None:
            self._first.clear()
            self._at_path.clear()
            self._transients.clear()
            self._starts.clear()
            return
        for record in self.of(job_id):
            self._forget(record)
        self._starts.pop(job_id, None)

    def _forget(self, record: JobState) -> None:
        first = self._first[record.job_id]
        others = first.others or {}
        if record is not first:
            del others[record.api_key]
        elif others:
            heir = others.pop(next(iter(others)))
            heir.others = others
            self._first[record.job_id] = heir
        else:
            del self._first[record.job_id]
        self._leave_path(record)
        self._transients.pop(record, None)

    def _leave_path(self, record: JobState) -> None:
        if self._at_path.get(record.path) is record:
            del self._at_path[record.path]
