"""Engine.handle: one plain Request in, one Reply or Fault out, and every decision on the way."""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, Unpack

from mock_p1.base.clock import RealClock
from mock_p1.base.messages import Fault, Reply, Request, origin_form
from mock_p1.contract import operations as contract
from mock_p1.engine import not_imitated as unexpected
from mock_p1.engine.change_log import ChangeLog
from mock_p1.engine.job_states import JobState, JobStates
from mock_p1.engine.journal import DEFAULT_MAX, Journal
from mock_p1.engine.program import Jobs, Keyring, Refusal
from mock_p1.engine.rate_limit import RetryAfter, limiter_for, too_many
from mock_p1.engine.replies import ReplyWriter
from mock_p1.engine.result_download import Downloads
from mock_p1.engine.rows import poll_row, row
from mock_p1.engine.timeline import advance
from mock_p1.scenario.faker_values import seed_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mock_p1.base.clock import Clock
    from mock_p1.engine.not_imitated import Unexpected
    from mock_p1.engine.program import Program, ProgramStep
    from mock_p1.engine.rows import More
    from mock_p1.scenario.model import Scenario


class InjectedFailure(NamedTuple):
    """An error or fault that the next poll gets instead of its step; of one job, or of any."""

    error: str | None
    fault: str | None
    job_id: str | None


class Engine:
    """The imitation of one scenario.

    Safe to call from many threads; deciding and advancing is one act.
    """

    def __init__(
        self,
        scenario: Scenario,
        clock: Clock | None = None,
        *,
        seed: int | None = None,
        journal_max: int = DEFAULT_MAX,
    ) -> None:
        """``seed`` goes before the scenario's own.

        ``journal_max`` is how many requests are remembered.
        """
        self.scenario = scenario
        self.clock: Clock = clock or RealClock()
        self._given_seed = seed
        self.seed = scenario.seed if seed is None else seed
        self.journal = Journal(journal_max)
        self.changes = ChangeLog()
        self.records = JobStates()
        self.keyring = Keyring(scenario)
        self.jobs = Jobs(scenario, self.seed)
        self.records.make_room(self.jobs.count)
        self._answers = ReplyWriter(scenario, self.seed)
        self.downloads = Downloads()
        self.limiter = limiter_for(scenario.rate_limit)
        self.lock = Lock()
        self.forced: deque[InjectedFailure] = deque()
        self._handlers: dict[str, Callable[[Request, Mapping[str, str]], Reply | Fault]] = {
            contract.RETRAIN_STATUS_CHECK.name: self._poll,
            contract.RESULT_DOWNLOAD.name: self._download,
        }

    def handle(self, request: Request) -> Reply | Fault:
        """Answer one request, whatever it is. Never raises over what a client sent."""
        if request.method == contract.RETRAIN_STATUS_CHECK.method:
            with self.lock:
                record = self.records.by_path(request.path, request.api_keys)
                if record is not None and not self.forced:
                    return self._see(request, record, self.clock.now_ns())
        path = origin_form(request.path)
        if path is not request.path:
            request = request._replace(path=path)
        found = contract.match(path)
        if found is None:
            return self._unexpected(request, unexpected.not_imitated(path))
        if request.method != found.operation.method:
            return self._unexpected(
                request, unexpected.wrong_method(request.method, found.operation)
            )
        return self._handlers[found.operation.name](request, found.parameters)

    def load(self, scenario: Scenario) -> tuple[int, int]:
        """Swap the scenario at once, between two polls.

        A job keeps its state, for every key that may still see it, where its timeline did not
        change; any other begins anew at its next poll. Returns how many (pairs of key and job) kept
        their state and how many lost it.
        """
        seed = scenario.seed if self._given_seed is None else self._given_seed
        keyring, jobs, written = (
            Keyring(scenario),
            Jobs(scenario, seed),
            ReplyWriter(scenario, seed),
        )
        same: dict[tuple[int, int], bool] = {}  # thousands of jobs may share a program

        def program_of(record: JobState) -> Program | None:
            hit = jobs.find(record.job_id)
            if (
                hit is None
                or keyring.refusal(record.api_key)
                or not hit.value.open_to(record.api_key)
            ):
                return None
            pair = id(record.program), id(hit.value)
            if pair not in same:
                same[pair] = hit.value.does_the_same(record.program)
            return hit.value if same[pair] else None

        def unchanged(job_id: str) -> bool:
            before, after = self.jobs.find(job_id), jobs.find(job_id)
            return (
                before is not None and after is not None and after.value.does_the_same(before.value)
            )

        with self.lock:
            before = self.scenario
            counts = self.records.adopt(program_of, unchanged)
            self.downloads.keep(unchanged)
            self.records.make_room(jobs.count)
            self.scenario, self.seed, self.keyring, self.jobs, self._answers = (
                scenario,
                seed,
                keyring,
                jobs,
                written,
            )
            if scenario.rate_limit != before.rate_limit:
                self.limiter = limiter_for(scenario.rate_limit)
            kept = [
                forced
                for forced in self.forced
                if forced.job_id is None or jobs.find(forced.job_id)
            ]
            self.forced.clear()
            self.forced.extend(kept)
        return counts

    def _poll(self, request: Request, parameters: Mapping[str, str]) -> Reply | Fault:
        job_id = parameters["retrain_job_id"]
        keys = request.api_keys
        api_key = keys[0].strip() if len(keys) == 1 else ", ".join(key.strip() for key in keys)
        with self.lock:
            now = self.clock.now_ns()
            if self.forced and (forced := self._take_forced(job_id)):
                return self._answer_forced(request, api_key, job_id, forced, now)
            met = self.records.get(api_key, job_id) or self._meet(api_key, job_id, now)
            if isinstance(met, JobState):
                self.records.cache_path(request.path, met)
                return self._see(request, met, now)
            if (
                self.limiter
                and not self.keyring.refusal(api_key)
                and (left := self.limiter.wait(api_key, now))
            ):
                return self._too_many(request, api_key, job_id, left, now)
            reply = self._answers.error(met.error)
            self._note(
                now, request, reply, met.source, job_id=job_id, api_key=api_key, error=met.error
            )
            return reply

    def _meet(self, api_key: str, job_id: str, now: int) -> JobState | Refusal:
        """Decide, at a key's first poll of a job, whether it sees the job or one of the documented errors."""
        refused = self.keyring.refusal(api_key)
        if refused and self.scenario.assumptions.checked_first == "api_key":
            return refused
        hit = self.jobs.find(job_id)
        if hit is None:
            return Refusal("not_found_retrain_job", self.scenario.name)
        if refused is not None:
            return refused
        if not hit.value.open_to(api_key):
            return Refusal(self.scenario.assumptions.job_of_another_key, hit.value.steps[0].source)
        transient = not (hit.exact and self.keyring.declares(api_key))
        return self.records.add(JobState(api_key, job_id, hit.value, transient=transient), now)

    def _see(self, request: Request, record: JobState, now: int) -> Reply | Fault:
        """Count the poll, and answer with the step it sees."""
        if self.limiter and (left := self.limiter.wait(record.api_key, now)):
            return self._too_many(request, record.api_key, record.job_id, left, now)
        state, index = advance(record.program.plan, record.state, now)
        record.polls += 1
        at = record.program.steps[index]
        reply = self._answer(record, at, request.base_url)
        if at.step.delay is not None:
            reply = self._held_back(reply, record, at)
            if (
                state.position != index
            ):  # the next step begins when the last poll of this one is answered
                state = state._replace(since_ns=state.since_ns + reply.delay_ns)
        if at.retry is not None and isinstance(reply, Reply):
            reply = at.retry.on(reply, self.clock, now + reply.delay_ns)
        record.state, record.last_ns = state, now
        place = record.program.plan, state
        self.journal.add(poll_row(self.journal.number(), request, record, at, reply, place))
        return reply

    def _too_many(self, request: Request, api_key: str, job_id: str, left: int, now: int) -> Reply:
        """Answer a poll over the scenario's limit; no job sees it."""
        retry, source = RetryAfter(left), self.scenario.where("rate_limit")
        reply = retry.on(too_many(), self.clock, now)
        self._note(
            now,
            request,
            reply,
            source,
            job_id=job_id,
            api_key=api_key,
            retry_after_ns=retry.asks_for_ns,
        )
        return reply

    def _answer(self, record: JobState, at: ProgramStep, base_url: str) -> Reply | Fault:
        """Return the step's answer: the one written last, as long as neither the step nor the base URL changes."""
        if (
            (answer := record.answer) is not None
            and record.answered is at
            and record.base_url == base_url
        ):
            return answer
        answer = record.answer = self._answers.to_poll(record.job_id, at, base_url)
        record.answered, record.base_url = at, base_url
        return answer

    def _held_back(self, reply: Reply | Fault, record: JobState, at: ProgramStep) -> Reply | Fault:
        low, high = at.step.delay or (0, 0)
        drawn = seed_for(self.seed, record.job_id, at.position, "delay", record.polls) % (
            high - low + 1
        )
        return reply._replace(delay_ns=reply.delay_ns + low + drawn)

    def _download(self, request: Request, parameters: Mapping[str, str]) -> Reply:
        with self.lock:
            jobs, written, name = self.jobs, self._answers, self.scenario.name
        reply, source = self.downloads.find(request.path, parameters, jobs, written, self.clock)
        with self.lock:
            self._note(
                self.clock.now_ns(), request, reply, source or name,
                operation=contract.RESULT_DOWNLOAD, job_id=parameters["retrain_job_id"],
            )  # fmt: skip
        return reply

    def _unexpected(self, request: Request, answer: Unexpected) -> Reply:
        with self.lock:
            now, name = self.clock.now_ns(), self.scenario.name
            self._note(now, request, answer.reply, name, operation=None, notes=(answer.why,))
        return answer.reply.to(request.method)

    def _take_forced(self, job_id: str) -> InjectedFailure | None:
        for forced in self.forced:
            if forced.job_id in (None, job_id):
                self.forced.remove(forced)
                return forced
        return None

    def _answer_forced(
        self, request: Request, api_key: str, job_id: str, forced: InjectedFailure, now: int
    ) -> Reply | Fault:
        reply = (
            self._answers.error(forced.error)
            if forced.error
            else self._answers.fault(forced.fault or "", job_id)
        )
        self._note(
            now,
            request,
            reply,
            "fail_next",
            job_id=job_id,
            api_key=api_key,
            error=forced.error,
            fault=forced.fault,
        )
        return reply

    def _note(
        self, now: int, request: Request, reply: Reply | Fault, source: str, **more: Unpack[More]
    ) -> None:
        """Add a row to the journal; the lock is held, so that rows stand in the order of their numbers."""
        self.journal.add(row(self.journal.number(), now, request, reply, source, **more))
