"""Where every job is, for every API key that polls it. Bounded where ids or keys are not the scenario's own."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from mock_p1.core.journal import mask
from mock_p1.core.timeline import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mock_p1.core.messages import Fault, Reply
    from mock_p1.core.program import Program

MAX_GUESTS: Final = 10_000
"""How many pairs of key and job that only a pattern knows are remembered, beside one for each job that the scenario
names or generates; the least recently polled go first."""


class Record:
    """One job as one API key sees it: where it is, and the last answer it gave."""

    __slots__ = ("api_key", "cached", "caller", "guest", "job_id", "last", "masked", "polls", "program", "state")

    def __init__(self, api_key: str, job_id: str, program: Program, *, guest: bool) -> None:
        self.api_key, self.job_id, self.program, self.guest = api_key, job_id, program, guest
        self.masked, self.caller = mask(api_key), hash(api_key)
        self.polls = self.last = 0
        self.state: State | None = None
        self.cached: tuple[int, str, Reply | Fault] | None = None


class Records:
    """All records, by API key and job id. Not locked: its owner is."""

    def __init__(self) -> None:
        self._all: dict[str, dict[str, Record]] = {}
        self._guests: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._max_guests = MAX_GUESTS
        self._starts: dict[str, int] = {}
        self.forgotten = 0

    def make_room(self, jobs: int) -> None:
        """Remember so many guests more: a key that only a pattern knows may poll each of the scenario's own jobs."""
        self._max_guests = MAX_GUESTS + jobs

    def get(self, api_key: str, job_id: str) -> Record | None:
        """Return the record of a poll, or None before the first."""
        of_job = self._all.get(job_id)
        record = of_job.get(api_key) if of_job else None
        if record is not None and record.guest:
            self._guests.move_to_end((api_key, job_id))
        return record

    def add(self, record: Record, now: int) -> Record:
        """Keep a new record, started at ``now``; forget the oldest guest where there are too many."""
        pair = (record.api_key, record.job_id)
        record.state = State(self._starts.get(record.job_id, 0), now)
        self._all.setdefault(record.job_id, {})[record.api_key] = record
        if record.guest:
            self._guests[pair] = None
            if len(self._guests) > self._max_guests:
                self._forget(*next(iter(self._guests)))
                self.forgotten += 1
        return record

    def of(self, job_id: str) -> Iterator[Record]:
        """Yield the records of one job, one for each key that has polled it, in the order they came."""
        return iter(list(self._all.get(job_id, {}).values()))

    def polled(self) -> Iterator[str]:
        """Yield the ids of all jobs that have been polled, in the order of their first poll."""
        return iter(self._all)

    def met_by_pattern(self) -> Iterator[str]:
        """Yield the ids of polled jobs that only a pattern knows, in the order of their latest poll."""
        pairs = ((job_id, self._all[job_id][api_key]) for api_key, job_id in self._guests)
        return iter(dict.fromkeys(job_id for job_id, record in pairs if record.program.is_pattern))

    def adopt(
        self, program_of: Callable[[Record], Program | None], start_holds: Callable[[str], bool]
    ) -> tuple[int, int]:
        """Give every record its new program, keeping its state, or forget it where that is None.

        Returns how many were kept and how many forgotten.
        """
        kept = dropped = 0
        for record in [record for of_job in self._all.values() for record in of_job.values()]:
            program = program_of(record)
            if program is None:
                self._forget(record.api_key, record.job_id)
                dropped += 1
            else:
                record.program, record.cached = program, None
                kept += 1
        self._starts = {job_id: index for job_id, index in self._starts.items() if start_holds(job_id)}
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
            self._all.clear()
            self._guests.clear()
            self._starts.clear()
            return
        for record in self.of(job_id):
            self._forget(record.api_key, job_id)
        self._starts.pop(job_id, None)

    def _forget(self, api_key: str, job_id: str) -> None:
        of_job = self._all[job_id]
        del of_job[api_key]
        if not of_job:
            del self._all[job_id]
        self._guests.pop((api_key, job_id), None)
