"""Where every job is, for every caller that asks for it.

Bounded where ids or callers are not the scenario's own.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from mock_p1.engine.callers import Caller, caller_named
from mock_p1.engine.limits import DEFAULT_JOBS_MAX
from mock_p1.engine.parts import Parts
from mock_p1.engine.timeline import State, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mock_p1.base.messages import Fault, Reply
    from mock_p1.engine.program import Program, ProgramStep
    from mock_p1.engine.totals import Count


@dataclass(slots=True, eq=False, repr=False)
class CreatedJob:
    """What Retrain Data Upload has issued for one job: the file's name, and whether it has come."""

    number: int
    file_name: str
    complete: bool = False
    size: int = 0
    upload: int | None = None


NOT_BEGUN: Final = -1
"""The position of a job whose time has not begun."""

_UNPLACED: Final = 1
"""When a transient state was used that has no place in the order of use yet."""

MAX_FORGOTTEN: Final = 16
"""So many states that were forgotten may stand in the order of use, or as many as are there."""


class JobState:
    """One job as one caller sees it: where it is, and the last answer it gave.

    ``position``, ``since_ns`` and ``seen`` are its ``state``. ``answer`` was made for the step
    ``answered`` and the base URL. ``path`` and ``api_key`` are those of the last poll, and
    ``key_ends_ns`` is when that key ends. ``evicted`` is what was forgotten for it, until noted.
    ``part`` is where a state stands that was saved and not read yet, see ``unread_states``.
    ``calls`` says where the timelines of other operations are, by name. ``tally`` counts polls that
    were given the answer. ``fetched`` says which parts of its result were downloaded. ``used`` says
    of a transient one when it was used last, in the order of all; 0 is no transient one.
    """

    __slots__ = (
        "answer", "answered", "api_key", "base_url", "caller", "calls", "created", "downloads",
        "evicted", "fetched", "job_id", "key_ends_ns", "last_ns", "part", "path", "polls",
        "position", "program", "seen", "since_ns", "switches", "tally", "used",
    )  # fmt: skip

    def __init__(
        self, caller: Caller, job_id: str, program: Program, *, transient: bool = False
    ) -> None:
        self.caller: Caller = caller
        self.job_id: str = job_id
        self.program: Program = program
        self.used: int = _UNPLACED if transient else 0
        self.polls: int = 0
        self.last_ns: int = 0
        self.downloads: int = 0
        self.switches: int = 0
        self.key_ends_ns: int = 0
        self.path: str = ""
        self.evicted: str = ""
        self.base_url: str = ""
        self.api_key: str = ""
        self.position: int = NOT_BEGUN
        self.since_ns: int = 0
        self.seen: int = 0
        self.answer: Reply | Fault | None = None
        self.answered: ProgramStep | None = None
        self.created: CreatedJob | None = None
        self.calls: dict[str, State] | None = None
        self.fetched: Parts | None = None
        self.tally: Count | None = None
        self.part: Any = None

    @property
    def state(self) -> State | None:
        """Where it is; None until time begins: at the first poll, or when its file has come."""
        begun = self.position != NOT_BEGUN
        return State(self.position, self.since_ns, self.seen) if begun else None

    @state.setter
    def state(self, state: State | None) -> None:
        self.position, self.since_ns, self.seen = state or (NOT_BEGUN, 0, 0)

    @property
    def waits_for_file(self) -> bool:
        """Whether the job was issued by an upload whose file has not come."""
        return self.created is not None and self.state is None


class Listed(NamedTuple):
    """States in the order they came: the job of each, the state, and its caller's name.

    ``used`` are the places of the transient ones, those used the longest ago first.
    """

    ids: Sequence[str]
    jobs: Sequence[JobState]
    callers: Sequence[str]
    used: Sequence[int]


class UnreadStates(Protocol):
    """States that were saved, and are read when they are needed."""

    jobs: int
    """How many jobs they are of."""
    transient: int
    """How many of them are transient."""
    newest_created: int | None
    """The place of the one that was created last."""

    def take(self, job_id: str, caller: str) -> JobState | None:
        """Read one state; None where there is none."""

    def callers(self, job_id: str) -> list[str]:
        """Name callers that have a state of a job: none, the only one, or some."""

    def everything(self) -> Listed:
        """Return all states, also those that were taken."""


class JobStates:
    """All job states, by caller and job id. Not locked: its owner is.

    Those that are ``unread`` come in as they are asked for, one by one: a job is there with the
    only state it had, or with some of several as long as nobody asks for all; and a new state of a
    job comes after all that it had. Whatever is about many jobs has them all read first.
    """

    def __init__(self, maximum: int = DEFAULT_JOBS_MAX) -> None:
        self.maximum: int = maximum
        """How many transient states are remembered, before there is room for the scenario's."""
        self._first: dict[str, JobState] = {}
        self._others: dict[str, dict[str, JobState]] = {}  # those of further callers, if any
        self._by_path: dict[str, JobState] = {}
        self._by_path_and_key: dict[str, dict[str, JobState]] = {}  # of who was not the first
        self._used = _UNPLACED  # when the last one was
        self._by_use: list[tuple[int, JobState]] = []  # a heap: no transient one was used before
        self._transients = 0
        self._max_transients = maximum
        self._starts: dict[str, int] = {}
        self._created: dict[str, int] = {}
        self._newest_created: JobState | None = None
        self._unread: UnreadStates | None = None
        self.evicted: int = 0
        """How many transient states were dropped because there were too many, since the start."""
        self.created: int = 0
        """How many jobs are kept that were created by upload."""

    def make_room(self, jobs: int) -> None:
        """Remember so many transient states more.

        A key that only a pattern knows may poll each of the scenario's own jobs.
        """
        self._max_transients = self.maximum + jobs

    def get(self, caller: Caller, job_id: str) -> JobState | None:
        """Return the state of a job for a caller, or None before the first call."""
        job = self._first.get(job_id)
        if job is not None and job.caller.name != caller.name:
            job = self._others.get(job_id, {}).get(caller.name)
        if job is None and self._unread is not None:
            job = self._take(self._unread, job_id, caller.name)
        if job is not None and job.used:
            self._use(job)
        return job

    def _use(self, job: JobState) -> None:
        """Note that a transient state is used; it may be new, or have been read just now."""
        self._used += 1
        if job.used == _UNPLACED:
            heappush(self._by_use, (self._used, job))
            self._transients += 1
        job.used = self._used

    def _oldest(self) -> JobState:
        """Return the transient state that was used the longest ago."""
        while self._by_use[0][0] != (job := self._by_use[0][1]).used:
            heappop(self._by_use)
            if job.used:
                heappush(self._by_use, (job.used, job))
        return job

    def by_path(self, path: str, api_keys: tuple[str, ...], now_ns: int) -> JobState | None:
        """Return the state that the last poll of this path with this key led to, and use it.

        None where nothing is as it was: time has not begun for it, or the key has ended.

        When it was used is said by the time, where that goes on: one number less to keep.
        """
        job = self._by_path.get(path)
        if job is None or len(api_keys) != 1:
            return None
        if job.api_key != api_keys[0]:
            job = self._by_path_and_key.get(path, {}).get(api_keys[0])
        if job is None or job.position == NOT_BEGUN or now_ns >= job.key_ends_ns:
            return None
        if job.used:
            self._used = job.used = now_ns if now_ns > self._used else self._used + 1
        return job

    def cache_path(self, path: str, api_key: str, ends_ns: int, job: JobState) -> None:
        """Let a path and a key, until it ends, lead straight to a job's state."""
        self._leave_path(job)
        first = self._by_path.get(path)
        job.path = path if first is None else first.path  # the same text is kept once
        job.api_key = job.caller.name if job.caller.name == api_key else api_key
        job.key_ends_ns = ends_ns
        job.tally = None
        if first is None or first.api_key == api_key:
            self._by_path[job.path] = job
        else:
            self._by_path_and_key.setdefault(job.path, {})[job.api_key] = job

    def forget_paths(self) -> None:
        """Let no path lead straight to a state, nor to its tally, until its next poll."""
        self._by_path.clear()
        self._by_path_and_key.clear()

    def add(self, job: JobState) -> JobState:
        """Keep a new state; forget the oldest transient one where there are too many."""
        if job.created is not None:
            self._newest_created = job
            self.created += 1
        if self._unread is not None:
            self._read_of(self._unread, job.job_id)
            self._read_too_many(1)
        self._put(job.job_id, job)
        if job.used:
            self._use(job)
            if self._transients > self._max_transients:
                oldest = self._oldest()
                self.forget(oldest)
                self.evicted += 1
                job.evicted = f"{oldest.job_id} of key {oldest.caller.masked or 'none'}"
        return job

    def _put(self, job_id: str, job: JobState) -> None:
        if self._first.setdefault(job_id, job) is not job:
            self._others.setdefault(job_id, {})[job.caller.name] = job

    def begin(self, job: JobState, now_ns: int) -> None:
        """Let time begin for a job: at its first step, or at the one it was moved to."""
        job.position, job.since_ns = self.start_of(job.job_id), now_ns

    def position(self, job: JobState, now_ns: int) -> int:
        """Return the step at which a job stands, or will begin; nothing of it is used up."""
        if job.state is None:
            return 0 if job.created else self.start_of(job.job_id)
        return settle(job.program.plan, job.state, now_ns).position

    def next_created(self, caller: Caller) -> int:
        """Count a job that this caller creates; return its number, from 0."""
        number = self._created.get(caller.name, 0)
        self._created[caller.name] = number + 1
        return number

    @property
    def count(self) -> int:
        """For how many jobs a state is kept."""
        return len(self._first) + (self._unread.jobs if self._unread is not None else 0)

    @property
    def newest_created(self) -> str | None:
        """The job that was created last, of those that are known still."""
        self._read_all()
        newest = self._newest_created
        if newest is not None and self.get(newest.caller, newest.job_id) is newest:
            return newest.job_id
        created = (each for each in reversed(self._first) if self._first[each].created)
        return next(created, None)

    def first(self, job_id: str) -> JobState | None:
        """Return a job's state of the caller that came first, as far as it was read."""
        return self._first.get(job_id)

    def of(self, job_id: str) -> Iterator[JobState]:
        """Yield the states of one job, one for each caller, in the order they came."""
        if self._unread is not None:
            self._read_of(self._unread, job_id)
        first = self._first.get(job_id)
        return iter([first, *self._others.get(job_id, {}).values()] if first else [])

    def known(self) -> Iterator[str]:
        """Yield the ids of all jobs that a caller has asked for, in the order they came."""
        self._read_all()
        return iter(self._first)

    def unlisted(self) -> Iterator[str]:
        """Yield the ids of jobs that the scenario does not list.

        Those that a client created, and those that only a pattern knows.
        """
        self._read_all()
        return (
            job_id
            for job_id, job in self._first.items()
            if job.program.is_pattern or any(each.created for each in self.of(job_id))
        )

    def adopt(
        self,
        program_of: Callable[[JobState], Program | None],
        calls_of: Callable[[JobState, Program], dict[str, State]],
        start_holds: Callable[[str], bool],
    ) -> tuple[int, int]:
        """Give every state its new program, keeping where it is, or forget it where that is None.

        Returns how many were kept and how many forgotten.
        """
        self._read_all()
        kept = dropped = 0
        for job in [job for job_id in self._first for job in self.of(job_id)]:
            program = program_of(job)
            if program is None:
                self.forget(job)
                dropped += 1
            else:
                job.calls = calls_of(job, program) or None
                job.program, job.answer = program, None
                self._leave_path(job)
                kept += 1
        self._starts = {
            job_id: index for job_id, index in self._starts.items() if start_holds(job_id)
        }
        return kept, dropped

    def start_of(self, job_id: str) -> int:
        """Return the step at which a caller that has not polled the job yet will meet it."""
        return self._starts.get(job_id, 0)

    def start_at(self, job_id: str, index: int) -> None:
        """Let callers that have not polled the job yet meet it at a later step."""
        self._starts[job_id] = index

    def clear(self) -> None:
        """Forget everything."""
        self._unread = None
        self._first.clear()
        self._others.clear()
        self.forget_paths()
        self._by_use.clear()
        self._transients, self._used = 0, _UNPLACED
        self._starts.clear()
        self._created.clear()
        self.created = 0

    def clear_callers(self, theirs: Callable[[str], bool]) -> set[str]:
        """Forget everything of the callers whose names are ``theirs``; return those names."""
        self._read_all()
        gone = {name for name in self._created if theirs(name)}
        for job in [job for job_id in self._first for job in self.of(job_id)]:
            if theirs(job.caller.name):
                gone.add(job.caller.name)
                self.forget(job)
        self._created = {name: n for name, n in self._created.items() if name not in gone}
        return gone

    def clear_job(self, job_id: str, theirs: Callable[[str], bool] | None = None) -> None:
        """Let one job begin anew, for all callers or for some.

        A job that was created waits for its file again; any other is forgotten.
        """
        for job in self.of(job_id):
            if theirs is not None and not theirs(job.caller.name):
                continue
            if job.created is None:
                self.forget(job)
                continue
            job.created = CreatedJob(job.created.number, job.created.file_name)
            job.state = job.calls = job.answer = job.fetched = None
            job.polls = job.downloads = job.switches = 0
        if theirs is None:
            self._starts.pop(job_id, None)

    def listed(self) -> Listed:
        """Return all states."""
        self._read_all()
        ids: list[str] = []
        jobs: list[JobState] = []
        for job_id, first in self._first.items():
            others = self._others.get(job_id)
            states = [first, *others.values()] if others else [first]
            ids += [job_id] * len(states)
            jobs += states
        transients = (place for place, job in enumerate(jobs) if job.used)
        used = sorted(transients, key=lambda place: jobs[place].used)
        return Listed(ids, jobs, [job.caller.name for job in jobs], used)

    def saved(self) -> dict[str, Any]:
        """Return everything as plain data; transient states say in which order they were used."""
        _, jobs, _, places = self.listed()
        used = {place: n for n, place in enumerate(places)}
        rows = [saved_row(job, used.get(place)) for place, job in enumerate(jobs)]
        states = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
        return {"states": states, **self.saved_counts(jobs)}

    def saved_counts(self, jobs: Sequence[JobState]) -> dict[str, Any]:
        """Return what is kept beside the states, which are ``jobs``, as plain data."""
        newest = self._newest_created
        return {
            "starts": dict(self._starts),
            "created_by": dict(self._created),
            "newest_created": next((n for n, job in enumerate(jobs) if job is newest), None),
            "evicted": self.evicted,
        }

    def restore(
        self, saved: dict[str, Any], program_of: Callable[[str, bool], Program | None]
    ) -> None:
        """Take over what was saved, where nothing is kept yet.

        ``program_of`` returns what a job does, created by upload or not; LookupError for a job that
        does nothing. Of too many transient states the ones used the longest ago are forgotten.
        """
        rows = saved["states"]
        jobs = [restored(fields, program_of) for fields in rows]
        used = [(row["used"], n) for n, row in enumerate(rows) if row["used"] is not None]
        ids, callers = ([row[name] for row in rows] for name in ("job_id", "caller"))
        self._restore_counts(saved)
        self.created = sum(job.created is not None for job in jobs)
        newest = saved["newest_created"]
        self._newest_created = None if newest is None else jobs[newest]
        self._take_over(Listed(ids, jobs, callers, [n for _, n in sorted(used)]))
        self._forget_too_many()

    def restore_later(self, saved: dict[str, Any], unread: UnreadStates) -> None:
        """Take over what was saved, and the states when they are needed."""
        self._restore_counts(saved)
        self._unread = unread
        self._read_too_many(0)
        self._forget_too_many()

    def _forget_too_many(self) -> None:
        while self._transients > self._max_transients:
            self.forget(self._oldest())
            self.evicted += 1

    def _restore_counts(self, saved: dict[str, Any]) -> None:
        self._starts, self._created = dict(saved["starts"]), dict(saved["created_by"])
        self.evicted = saved["evicted"]

    def _take(self, unread: UnreadStates, job_id: str, caller: str) -> JobState | None:
        """Read one state, where it is not read yet."""
        job = unread.take(job_id, caller)
        if job is not None:
            unread.jobs -= job_id not in self._first
            self._put(job_id, job)
        return job

    def _read_of(self, unread: UnreadStates, job_id: str) -> None:
        """Read the only state of a job; where there are several, all, for the sake of their order.

        Of a job that is known here the only one has been read.
        """
        callers = unread.callers(job_id)
        if len(callers) > 1:
            self._read_all()
        elif callers and job_id not in self._first:
            self._take(unread, job_id, callers[0])

    def _read_too_many(self, more: int) -> None:
        """Read all where some might have to go when there are so many more."""
        known = 0 if self._unread is None else self._unread.transient
        if known + self._transients + more > self._max_transients:
            self._read_all()

    def _read_all(self) -> None:
        """Take over all that was not read yet, each in its place."""
        unread, self._unread = self._unread, None
        if unread is None:
            return
        everything = unread.everything()
        if self._newest_created is None and unread.newest_created is not None:
            self._newest_created = everything.jobs[unread.newest_created]
        self._take_over(everything)

    def _take_over(self, before: Listed) -> None:
        """Take over states that were before all that came since; some may be here already."""
        ids, jobs, _, used = before
        here = [job for job_id in self._first for job in self.of(job_id)]
        self._first, self._others = dict(zip(ids, jobs, strict=True)), {}
        if len(self._first) < len(jobs):
            self._first = {}
            for job_id, job in zip(ids, jobs, strict=True):
                self._put(job_id, job)
        came_before = {*jobs} if here else set()
        for job in here:
            if job not in came_before:
                self._put(job.job_id, job)
        older = [job for job in map(jobs.__getitem__, used) if job.used <= _UNPLACED]
        for number, job in enumerate(older, -len(older)):
            job.used = number
        self._transients += len(older)
        self._by_use += [(job.used, job) for job in older]
        heapify(self._by_use)

    def forget(self, job: JobState) -> None:
        """Forget one state."""
        self._read_all()
        self.created -= job.created is not None
        others = self._others.get(job.job_id, {})
        if job is not self._first[job.job_id]:
            del others[job.caller.name]
        elif others:
            self._first[job.job_id] = others.pop(next(iter(others)))
        else:
            del self._first[job.job_id]
            self._others.pop(job.job_id, None)
        self._leave_path(job)
        self._transients -= job.used != 0
        job.used = 0
        if len(self._by_use) > 2 * self._transients + MAX_FORGOTTEN:
            self._by_use = [(job.used, job) for _, job in self._by_use if job.used]
            heapify(self._by_use)

    def _leave_path(self, job: JobState) -> None:
        others = self._by_path_and_key.get(job.path, {})
        if self._by_path.get(job.path) is job:
            del self._by_path[job.path]
        elif others.get(job.api_key) is job:
            del others[job.api_key]
            if not others:
                del self._by_path_and_key[job.path]


COLUMNS: Final = (
    "caller", "job_id", "used", "polls", "last_ns", "downloads", "fetched", "switches", "api_key",
    "evicted", "state", "calls", "created",
)  # fmt: skip
"""What is saved of a state, in this order."""


def saved_row(job: JobState, used: int | None) -> list[Any]:
    """Return a state as plain data; ``used`` is its place in the order of use, if transient."""
    made = job.created
    return [
        job.caller.name, job.job_id, used, job.polls, job.last_ns, job.downloads,
        job.fetched and job.fetched.saved(),
        job.switches, job.api_key, job.evicted, job.state, job.calls and dict(job.calls),
        made and asdict(made),
    ]  # fmt: skip


def restored(fields: dict[str, Any], program_of: Callable[[str, bool], Program | None]) -> JobState:
    """Return a state that was saved; LookupError where its job does not do that any more."""
    program = program_of(fields["job_id"], fields["created"] is not None)
    if program is None or not _is_at_a_step(fields, program):
        raise LookupError(fields["job_id"])
    transient = fields["used"] is not None
    job = JobState(caller_named(fields["caller"]), fields["job_id"], program, transient=transient)
    for name in ("polls", "last_ns", "downloads", "switches", "api_key", "evicted", "state"):
        setattr(job, name, fields[name])
    if (fetched := fields.get("fetched")) is not None:  # states of before have none
        job.fetched = Parts.restored(fetched)
    calls = fields["calls"]
    job.calls = calls and {name: State(*state) for name, state in calls.items()}
    if (created := fields["created"]) is not None:
        job.created = CreatedJob(**created)
    return job


def _is_at_a_step(fields: dict[str, Any], program: Program) -> bool:
    state = fields["state"]
    return state is None or state[0] < len(program.steps)
