"""All that changes while a mock plays, and what its scenario compiles to.

Not locked: its owner is.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from mock_p1.base.patterns import Hit
from mock_p1.contract.operations import is_placeholder
from mock_p1.engine.call import Call, Outcome
from mock_p1.engine.call_timelines import CallTimelines
from mock_p1.engine.callers import Caller, IssuedKeys, Keyring, caller_named
from mock_p1.engine.directory import Directory
from mock_p1.engine.job_ids import token_of
from mock_p1.engine.job_states import JobState, JobStates
from mock_p1.engine.program import Program, Refusal, odd_notes
from mock_p1.engine.rate_limit import RateLimiter
from mock_p1.engine.replies import ReplyWriter
from mock_p1.engine.unread_states import restore_parts, saved_in_parts
from mock_p1.engine.uploads import Uploads
from mock_p1.scenario.kept import as_data, from_data
from mock_p1.scenario.recent import made_once

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_p1.base.clock import Clock
    from mock_p1.engine.file_store import FileStore
    from mock_p1.scenario.model import Scenario
    from mock_p1.scenario.steps import Literal

MAX_LINKS: Final = 10_000
"""How many links are remembered to have failed; the least recently asked for go first."""
MAX_RESETS: Final = 10_000
"""How many callers are remembered to have begun anew; those reset the longest ago go first."""


class InjectedFailure(NamedTuple):
    """What the next call of an operation gets instead of its own answer.

    Of ``error``, ``fault`` and ``reply`` one is there. ``job_id`` and ``key`` leave it to calls of
    one job, or of the callers of one key.
    """

    operation: str
    error: str | None = None
    fault: str | None = None
    reply: Literal | None = None
    job_id: str | None = None
    key: str | None = None

    @property
    def in_words(self) -> str:
        """What it is, as reports name it."""
        status = self.reply.status_code if self.reply is not None else None
        return self.error or self.fault or f"HTTP {status}"


class Prepared(NamedTuple):
    """A scenario and what it compiles to, which takes long where it is large.

    Made before the lock is taken, so that polls go on meanwhile.
    """

    scenario: Scenario
    seed: int
    keyring: Keyring
    directory: Directory
    replies: ReplyWriter

    @classmethod
    def of(cls, scenario: Scenario, seed: int) -> Self:
        """Compile a scenario, once where it is shared."""
        return made_once(scenario, seed, partial(cls._compile, scenario, seed))

    @classmethod
    def _compile(cls, scenario: Scenario, seed: int) -> Self:
        parts = Keyring(scenario), Directory(scenario, seed), ReplyWriter(scenario, seed)
        return cls(scenario, seed, *parts)


_PART: Final = 4


def _part_of(job: JobState) -> str:
    """Return the digits at the front of a link that say whose it may be."""
    return f"{job.caller.number & 0xFFFF:04x}"


def _limiter(scenario: Scenario, reached: Counter[str]) -> RateLimiter | None:
    limit = scenario.rate_limit
    return None if limit is None else RateLimiter(limit.polls, limit.per, reached)


class MockState:
    """What the handlers of operations work on."""

    def __init__(
        self, scenario: Scenario, seed: int, clock: Clock, store: FileStore, jobs_max: int
    ) -> None:
        self.clock: Clock = clock
        self.store: FileStore = store
        self.reached: Counter[str] = Counter()
        """How often each limit was reached since the start, by its name."""
        self.jobs: JobStates = JobStates(jobs_max)
        self.issued: IssuedKeys = IssuedKeys(self.reached)
        self.calls: CallTimelines = CallTimelines(self.reached)
        self.uploads: Uploads = Uploads(self.reached)
        self.injected: deque[InjectedFailure] = deque()
        self.failed_downloads: OrderedDict[tuple[str, str, int], int] = OrderedDict()
        self.limiter: RateLimiter | None = _limiter(scenario, self.reached)
        self.link_seed: int = seed
        self.resets: int = 0
        """How often everything began anew; links of before lead nowhere."""
        self.caller_resets: OrderedDict[str, int] = OrderedDict()
        """How often what a caller made was forgotten, since then; of those reset last."""
        self.play(Prepared.of(scenario, seed))

    def play(self, prepared: Prepared) -> None:
        """Play a scenario from now on."""
        self.scenario: Scenario = prepared.scenario
        self.played_since: datetime = self.clock.client_date(self.clock.now_ns())
        """When the results became what they are, as clients see the time."""
        self.seed: int = prepared.seed
        self.keyring: Keyring = prepared.keyring
        self.directory: Directory = prepared.directory
        self.replies: ReplyWriter = prepared.replies
        self.jobs.make_room(self.directory.count)

    def swap(self, prepared: Prepared) -> tuple[int, int]:
        """Play another scenario; return how many job states were kept and how many lost."""
        before, limit, scenario = self.directory, self.scenario.rate_limit, prepared.scenario
        self.play(prepared)
        after, keyring = self.directory, self.keyring
        same: dict[tuple[int, int], bool] = {}  # thousands of jobs may share a program

        def program_of(job: JobState) -> Program | None:
            key = job.caller.name
            if "\n" not in key and keyring.refusal(key):  # issued keys work until they end
                return None
            program = after.program_of(job.job_id, job.created is not None)
            if program is None or not (job.created or program.open_to(job.api_key or key)):
                return None
            pair = id(job.program), id(program)
            if pair not in same:
                same[pair] = program.does_the_same(job.program)
            return program if same[pair] else None

        def unchanged(job_id: str) -> bool:
            old, new = before.find(job_id), after.find(job_id)
            return old is not None and new is not None and new.value.does_the_same(old.value)

        calls_of = partial(CallTimelines.adopt_job, before=before, after=after)
        counts = self.jobs.adopt(program_of, calls_of, unchanged)
        self.calls.adopt(before, after)
        self._forget_of_lost_jobs()
        if scenario.rate_limit != limit:
            self.limiter = _limiter(scenario, self.reached)
        return counts

    def _forget_of_lost_jobs(self) -> None:
        self.failed_downloads = OrderedDict(
            (link, failed)
            for link, failed in self.failed_downloads.items()
            if self.jobs.get(caller_named(link[0]), link[1]) is not None
        )
        self.injected = deque(
            each
            for each in self.injected
            if each.job_id is None
            or self.directory.find(each.job_id)
            or any(self.jobs.of(each.job_id))
        )

    def saved(self, aside: dict[str, bytes] | None = None) -> dict[str, Any]:
        """Return all that changes but journal and clock, as plain data; what is large ``aside``."""
        return {
            "played_since": self.played_since.isoformat(),
            "link_seed": self.link_seed,
            "resets": self.resets,
            "caller_resets": dict(self.caller_resets),
            "limits_reached": dict(self.reached),
            "jobs": self.jobs.saved() if aside is None else saved_in_parts(self.jobs, aside),
            "issued": self.issued.saved(),
            "calls": self.calls.saved(),
            "uploads": self.uploads.saved(),
            "injected": [
                {**failure._asdict(), "reply": as_data(failure.reply)} for failure in self.injected
            ],
            "failed_downloads": [[*link, n] for link, n in self.failed_downloads.items()],
            "rate_limit": self.limiter and self.limiter.saved(),
        }

    def restore(self, saved: dict[str, Any], aside: Mapping[str, bytes] | None = None) -> None:
        """Take over what was saved, where nothing is kept yet."""
        program_of = self.directory.program_of  # today's, also for what is read after a swap
        self.played_since = datetime.fromisoformat(saved["played_since"])
        self.link_seed = saved["link_seed"]
        self.resets = saved["resets"]
        self.caller_resets.update(saved["caller_resets"])
        if aside is None:
            self.jobs.restore(saved["jobs"], program_of)
        else:
            restore_parts(self.jobs, saved["jobs"], aside, program_of)
        self.issued.restore(saved["issued"])
        self.calls.restore(saved["calls"])
        self.uploads.restore(saved["uploads"], self.store)
        self.injected.extend(
            InjectedFailure(**{**fields, "reply": from_data(fields["reply"])})
            for fields in saved["injected"]
        )
        self.failed_downloads.update(
            ((caller, job_id, position), failed)
            for caller, job_id, position, failed in saved["failed_downloads"]
        )
        if self.limiter is not None:
            self.limiter.restore(saved["rate_limit"])
        self.reached.update(saved["limits_reached"])

    def strikes(self, failure: InjectedFailure, call: Call) -> bool:
        """Tell whether an injected failure is meant for this call."""
        return (
            failure.operation == call.operation.name
            and failure.job_id in (None, call.job_id)
            and (failure.key is None or self.issued.whose(failure.key)(call.caller.name))
        )

    def reset(self, job_id: str | None = None, key: str | None = None) -> None:
        """Begin anew: one job, one key's callers, one job of theirs, or everything."""
        theirs = None if key is None else self.issued.whose(key)
        self.forgive(key, job_id)
        self.failed_downloads = OrderedDict(
            (link, failed)
            for link, failed in self.failed_downloads.items()
            if job_id not in (None, link[1]) or (theirs is not None and not theirs(link[0]))
        )
        self.uploads.clear(job_id, theirs)
        if job_id is not None:
            self.jobs.clear_job(job_id, theirs)
            return
        self.calls.clear(theirs)
        self.issued.clear(theirs)
        if self.limiter is not None:
            self.limiter.clear(theirs)
        if theirs is None:
            self.jobs.clear()
            self.resets += 1
            self.caller_resets.clear()
            return
        for name in self.jobs.clear_callers(theirs):
            self.caller_resets[name] = self.caller_resets.pop(name, 0) + 1
        while len(self.caller_resets) > MAX_RESETS:
            self.caller_resets.popitem(last=False)
            self.reached["resets"] += 1

    def waiting(self, key: str | None = None) -> list[InjectedFailure]:
        """Return the injected failures that wait, all or those of one key's callers."""
        theirs = None if key is None else self.issued.whose(key)
        return [
            each
            for each in self.injected
            if theirs is None
            or (each.key is not None and theirs(self.issued.caller(each.key).name))
        ]

    def forgive(self, key: str | None = None, job_id: str | None = None) -> int:
        """Forget injected failures, all or those of one key or job; return how many there were."""
        before = len(self.injected)
        gone = {id(each) for each in self.waiting(key) if job_id in (None, each.job_id)}
        self.injected = deque(each for each in self.injected if id(each) not in gone)
        return before - len(self.injected)

    def refuse(self, refusal: Refusal, call: Call) -> Outcome:
        """Return the answer of a documented error."""
        call.notes.extend(refusal.notes)
        return Outcome(self.replies.error(refusal.error), refusal.source, error=refusal.error)

    def token(self, job: JobState, what: object) -> str:
        """Return the part of a job's link that cannot be guessed, for its upload or a step."""
        name = job.caller.name
        resets = self.resets, self.caller_resets.get(name, 0)
        rest = token_of(self.link_seed, *resets, name, job.job_id, what)
        return f"{_part_of(job)}{rest[_PART:]}"

    def job_behind(self, token: str, job_id: str, what: object) -> JobState | None:
        """Return the job that a link leads to; None where this mock did not give it out."""
        part = token[:_PART]  # of thousands of callers few have the same, and a digest takes time
        may_be = (job for job in self.jobs.of(job_id) if _part_of(job) == part)
        return next((job for job in may_be if self.token(job, what) == token), None)

    def knows_key(self, word: str) -> bool:
        """Tell whether a word is a key: the scenario names it, or a client was given or used it."""
        return self.issued.knows(word) or self.keyring.names(word)

    def knows_job(self, job_id: str) -> bool:
        """Tell whether the scenario has this job, or a client has created it."""
        return self.directory.find(job_id) is not None or self._is_created(job_id)

    def _is_created(self, job_id: str) -> bool:
        return any(job.created for job in self.jobs.of(job_id))

    def find_job(self, call: Call) -> JobState | Refusal:
        """Return the state of the job that a call is about, or the error it is answered with."""
        found = self.look_up(call)
        if isinstance(found, Hit):
            return self.meet(call.caller, call.api_key, call.job_id or "", found)
        return found

    def unknown_job(self, job_id: str) -> Refusal:
        """Return the error of a job that nobody knows; the journal notes placeholders by itself."""
        notes = (
            ()
            if is_placeholder(job_id)
            else odd_notes(
                "retrain_job_id",
                job_id,
                lambda: (
                    self.directory.knows_in_other_case(job_id) or self._is_created(job_id.lower())
                ),
            )
        )
        return Refusal("not_found_retrain_job", self.scenario.name, notes)

    def look_up(self, call: Call) -> JobState | Hit[Program] | Refusal:
        """Return what is known of a call's job: its state, else what it will do; or the error."""
        job_id = call.job_id or ""
        job = self.jobs.get(call.caller, job_id)
        if job is not None:
            return job
        hit = self.directory.find(job_id)
        exact = hit is not None and hit.exact
        if not exact and self._is_created(job_id):
            return Refusal(self.scenario.assumptions.job_of_another_key, self.scenario.name)
        if hit is None:
            return self.unknown_job(job_id)
        if not hit.value.open_to(call.api_key):
            source = hit.value.steps[0].source
            return Refusal(self.scenario.assumptions.job_of_another_key, source)
        return hit

    def meet(self, caller: Caller, api_key: str, job_id: str, hit: Hit[Program]) -> JobState:
        """Begin to keep where a caller is with a job of the scenario."""
        transient = not (hit.exact and self.keyring.declares(api_key))
        return self.jobs.add(JobState(caller, job_id, hit.value, transient=transient))
