"""Engine.handle: one plain Request in, one Reply or Fault out, and every decision on the way."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from weakref import proxy

from mock_p1.base.clock import Clock, RealClock
from mock_p1.base.messages import Fault, Reply, Request, json_reply, origin_form
from mock_p1.contract.operations import (
    FILE_UPLOAD,
    GET_API_KEY,
    OPERATIONS,
    RESULT_DOWNLOAD,
    RETRAIN_DATA_UPLOAD,
    RETRAIN_MODEL_SWITCH,
    RETRAIN_STATUS_CHECK,
    Match,
    Operation,
)
from mock_p1.engine import (
    file_upload,
    get_api_key,
    not_imitated,
    result_download,
    retrain_data_upload,
    retrain_model_switch,
    retrain_status_check,
)
from mock_p1.engine.call import Call, Outcome
from mock_p1.engine.callers import Caller, caller_of_secret
from mock_p1.engine.change_log import ChangeLog
from mock_p1.engine.deliveries import Deliveries
from mock_p1.engine.failures import (
    element_of,
    element_outcome,
    no_act,
    strikes_at_once,
    take_injected,
)
from mock_p1.engine.file_store import IS_A_FORM, CountingStore, FileStore
from mock_p1.engine.held import HeldAnswers
from mock_p1.engine.journal import (
    HAD_CLOSED,
    NOT_AWAITED,
    Journal,
    call_entry,
    poll_entry,
    poll_row,
    unexpected_entry,
)
from mock_p1.engine.key_leak import form_type, leak_notes
from mock_p1.engine.limits import DEFAULT_JOBS_MAX, DEFAULT_MAX
from mock_p1.engine.mock_state import MockState, Prepared
from mock_p1.engine.program import CallProgramStep, Refusal
from mock_p1.engine.rate_limit import TOO_MANY, RetryAfter
from mock_p1.engine.receiver import Receiver
from mock_p1.engine.repeats import Repeats
from mock_p1.engine.retrain_status_check import count_poll
from mock_p1.scenario.document import unwritable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mock_p1.base.proxies import Proxies
    from mock_p1.engine.job_states import JobStates
    from mock_p1.engine.not_imitated import Unexpected
    from mock_p1.scenario.model import Scenario

    Find = Callable[[MockState, Call], Outcome | Refusal | None]


class Handler(NamedTuple):
    """How an operation is handled, in the order of the steps.

    ``admit`` finds whose link it is, for operations that need no key. ``find`` judges what the call
    is about, where the link does not say it all; ``act`` does it, and is given the file where the
    operation takes one.
    """

    find: Find | None
    act: Callable[..., Outcome]
    admit: Callable[[MockState, Call], Outcome | None] | None = None


HANDLERS: Final = {
    GET_API_KEY.name: Handler(get_api_key.find, get_api_key.act),
    RETRAIN_DATA_UPLOAD.name: Handler(retrain_data_upload.find, retrain_data_upload.act),
    FILE_UPLOAD.name: Handler(None, file_upload.act, file_upload.admit),
    RETRAIN_STATUS_CHECK.name: Handler(retrain_status_check.find, retrain_status_check.act),
    RESULT_DOWNLOAD.name: Handler(result_download.find, result_download.act, result_download.admit),
    RETRAIN_MODEL_SWITCH.name: Handler(retrain_model_switch.find, retrain_model_switch.act),
}
"""The handlers of the operations by name; each stands in the file of its operation."""


_POLL_METHOD: Final = RETRAIN_STATUS_CHECK.method


class Engine:
    """The imitation of one scenario.

    Safe to call from many threads; deciding and advancing is one act.
    """

    waits: bool = False
    """Whether an answer has to be waited for: where processes share a state."""

    def __init__(  # noqa: PLR0913 -- each is a choice of its own
        self,
        scenario: Scenario,
        clock: Clock | None = None,
        *,
        seed: int | None = None,
        journal_max: int = DEFAULT_MAX,
        jobs_max: int = DEFAULT_JOBS_MAX,
        store: FileStore | None = None,
        proxies: Proxies | None = None,
    ) -> None:
        """Play a scenario.

        Args:
            scenario: What to play.
            clock: Whose time it is; by default real time.
            seed: Goes before the scenario's own.
            journal_max: How many requests are remembered.
            jobs_max: How many pairs of caller and job that only a pattern knows are remembered.
            store: Where uploaded files are kept; by default they are only counted and hashed.
            proxies: What URLs in replies begin with, where clients see the mock elsewhere.

        Raises:
            ValueError: The seed is a number that cannot be written.
        """
        if seed is not None and (text := unwritable(seed)):
            raise ValueError(f"seed {text}")
        self.proxies: Proxies | None = proxies
        self.clock: Clock = clock or RealClock()
        self._given_seed = seed
        self.first_scenario = scenario
        """What ``restart`` plays."""
        self.journal: Journal = Journal(journal_max)
        self.changes: ChangeLog = ChangeLog()
        self.lock: Lock = Lock()
        me = proxy(self)  # its last user ends it, and no search for what refers to itself
        note: Callable[..., None] = lambda *download: me.note_taken(*download)  # noqa: E731, PLW0108 -- a method of me would be one of self
        self.deliveries: Deliveries = Deliveries(note)
        self.held: HeldAnswers = HeldAnswers(self.clock, lambda asked: me._caller_of(asked))  # noqa: PLW0108, SLF001 -- likewise
        self.repeats: Repeats = Repeats(self.clock)
        self.played_after: int = 0
        """The number of the last journal entry before the scenario was swapped in."""
        self.state: MockState = MockState(
            scenario, self._seed_of(scenario), self.clock, store or CountingStore(), jobs_max
        )

    @property
    def scenario(self) -> Scenario:
        """What is played."""
        return self.state.scenario

    @property
    def seed(self) -> int:
        """What all invented values follow from."""
        return self.state.seed

    @property
    def job_states(self) -> JobStates:
        """Where they are."""
        return self.state.jobs

    def handle(self, request: Request) -> Reply | Fault:
        """Answer one request, whatever it is. Never raises over what a client sent.

        The body of a file is not looked at here, see ``receive``; without it the file is empty.
        """
        if request.method == _POLL_METHOD:
            with self.lock:
                state, now_ns = self.state, self.clock.now_ns()
                job = None
                if state.limiter is None and not state.injected:
                    job = state.jobs.by_path(request.path, request.api_keys, now_ns)
                if job is not None:
                    reply, step = count_poll(state, job, now_ns, request.base_url)
                    journal = self.journal
                    number = journal.number()
                    row = poll_row(number, request, job, step, reply.delay_ns)
                    if self.repeats.broken or step.status is None:
                        journal.keep(self.repeats.noted(poll_entry(row, reply), request))
                    else:
                        journal.keep(row)
                    journal.keep_answer((number, reply))
                    if (tally := job.tally) is None:
                        tally = job.tally = journal.tally(poll_entry(row, reply))
                    tally.requests += 1
                    return reply
        return self._handle_any(request)

    def handle_later(
        self, asked: Iterable[tuple[Request, Callable[[Reply | Fault | BaseException], None]]]
    ) -> None:
        """Answer requests that came together, and can be hashed, headers included.

        Each ``tell`` is handed an answer, in whatever thread, when it is known. So nobody who has
        others to serve waits for long where the mock ``waits``.
        """
        for request, tell in asked:
            tell(self.handle(request))

    def refresh(self) -> None:
        """Wait until all is known here that was done anywhere: here, nothing else is."""

    def cut_off(self) -> None:
        """Let nobody wait any more for what others do: here, nobody does."""

    def settle(self, seconds: float) -> None:
        """Wait so long for answers that are due, and for news of downloads that are sent now.

        Then know all that was done.
        """
        self.held.settle(seconds)
        self.deliveries.settle(seconds)
        self.refresh()

    def _handle_any(self, request: Request) -> Reply | Fault:
        """Answer whatever is no further poll of a job."""
        request, found, operation = self._match(request)
        if found is None or operation is None:
            return self.answer_unexpected(request, not_imitated.answer_to(request, found))
        if operation.body == "file":
            received = self.receive(request, 0)
            return received.finish() if isinstance(received, Receiver) else received
        with self.lock:
            call = self._call(request, found)
            outcome, element = self._before_act(call)
            polled = call.job if outcome is None and operation.polled else None
            if outcome is None:
                act = self._act(call)
                outcome = (
                    act() if element is None else element_outcome(self.state, call, element, act)
                )
            if isinstance(outcome.reply, Reply):
                outcome = outcome._replace(reply=outcome.reply.to(request.method))
            number = self.journal.number()
            if call.part is not None:
                outcome = result_download.sent(call, outcome, number)
            entry = call_entry(number, call, outcome)
            tally = self.journal.add(self.repeats.noted(entry, request))
            if polled is not None:
                polled.tally = tally  # of further polls with this answer
            if operation.polled:
                self.journal.keep_answer((entry.number, outcome.reply))
            return outcome.reply

    def not_awaited(self, answer: Reply | Fault | None, *, certain: bool = True) -> int:
        """Hear that a client was gone before this answer, which had been held back, could come.

        Not ``certain`` is it where the client can send no more, but may still read. Return the
        number of the poll, by which ``deliveries`` may hear the rest; 0 where there is none.
        """
        number = self.journal.number_of(answer) or 0
        if number:
            self.add_note(number, NOT_AWAITED if certain else HAD_CLOSED)
        return number

    def add_note(self, number: int, note: str) -> None:
        """Note something on an entry of the journal."""
        with self.lock:
            self.journal.add_note(number, note)

    def note_taken(self, number: int, taken: bool) -> None:  # noqa: FBT001 -- as an act has it
        """Note whether the client has taken a download, or a late answer, by its number."""
        with self.lock:
            result_download.note_taken(self.state, self.journal, number, taken=taken)

    def takes_file(self, request: Request) -> bool:
        """Tell whether the body of this request is a file, to be handed over by ``receive``."""
        _, _, operation = self._match(request)
        return operation is not None and operation.body == "file"

    def receive(self, request: Request, length: int | None) -> Receiver | Reply | Fault:
        """Begin to take a file, or answer at once where it is not wanted.

        Args:
            request: A request that ``takes_file``.
            length: Its Content-Length; None where it has none.
        """
        request, found, operation = self._match(request)
        if found is None or operation is None:
            return self.handle(request)
        with self.lock:
            call = self._call(request, found)
            call.notes.extend(self.repeats.notes(request))
            outcome, element = self._before_act(call)
            limit_bytes = self.state.store.limit_bytes
            if outcome is None and element is None:
                outcome = file_upload.refuse(self.state, call)
            elif outcome is None and element is not None and strikes_at_once(element):
                outcome = element_outcome(self.state, call, element, no_act)
            if outcome is not None:
                self.journal.add(call_entry(self.journal.number(), call, outcome))
                self.repeats.note_break(request, outcome.fault, outcome.reply.delay_ns)
                return outcome.reply
        receiver = Receiver(self, call, element, length)
        return receiver.refuse_size() if length and length > limit_bytes else receiver

    def drive(
        self,
        method: Callable[..., Any],
        driver: object,
        args: Sequence[Any],
        named: Mapping[str, Any],
    ) -> Any:  # noqa: ANN401 -- what the method returns
        """Do what a test or a person does to the mock: a method of a driver."""
        __tracebackhide__ = True
        return method(driver, *args, **named)

    def limits_reached(self) -> dict[str, int]:
        """Return how often each limit was reached since the start, by its name in ``LIMITS``.

        Of the journal, how many requests have gone since the last reset.
        """
        counts = {
            **self.state.reached,
            "jobs": self.state.jobs.evicted,
            "journal": self.journal.dropped,
            "kinds": self.journal.totals.merged,
            "upload_contents": self.state.store.dropped,
        }
        return {name: count for name, count in counts.items() if count}

    def load(self, scenario: Scenario) -> tuple[int, int]:
        """Swap the scenario at once, between two polls.

        A job keeps its state, for every caller that may still see it, where its timeline did not
        change; any other begins anew at its next poll.

        Returns:
            How many (pairs of caller and job) kept their state, and how many lost it.
        """
        prepared = self._prepared(scenario)
        with self.lock:
            self.played_after = self.journal.last
            counts = self.state.swap(prepared)
            self.journal.write_out()
        self.held.let_go()
        return counts

    def restart(self) -> None:
        """Begin anew in everything: what clients made, the journal, the clock, the scenario."""
        first = self.first_scenario
        prepared = None if self.scenario is first else self._prepared(first)
        with self.lock:
            self.state.reset()
            self.clear_journal()
            self.played_after = self.journal.last
            self.clock.restart()
            if self.scenario is not first:
                self.state.swap(prepared or self._prepared(first))
        self.held.let_go()

    def clear_journal(self) -> None:
        """Forget every request, and count anew; the lock is held."""
        self.journal.clear()
        self.state.jobs.forget_paths()

    def _prepared(self, scenario: Scenario) -> Prepared:
        return Prepared.of(scenario, self._seed_of(scenario))

    def _seed_of(self, scenario: Scenario) -> int:
        return scenario.seed if self._given_seed is None else self._given_seed

    @staticmethod
    def _match(request: Request) -> tuple[Request, Match | None, Operation | None]:
        path = origin_form(request.path)
        if path is not request.path:
            request = request._replace(path=path)
        found = OPERATIONS.match(path)
        return request, found, found and found.operations.get(request.method)

    def _call(self, request: Request, found: Match) -> Call:
        operation = found.operations[request.method]
        now_ns = self.clock.now_ns()
        caller = self.state.issued.caller(request.api_key)
        call = Call(request, operation, found.parameters, now_ns, request.api_key, caller)
        if operation.needs is None:
            call.notes.extend(leak_notes(request, self.state.knows_key))
        if operation.body == "file" and form_type(request):
            call.notes.append(IS_A_FORM)
        return call

    def _caller_of(self, request: Request) -> Caller:
        """Return whose request it is: by its link, else by its key."""
        request, found, operation = self._match(request)
        with self.lock:
            if found is None or operation is None or not operation.link:
                return self.state.issued.caller(request.api_key)
            call = self._call(request, found)
            self._admit(call, HANDLERS[operation.name])
            return call.caller

    def _act(self, call: Call) -> Callable[[], Outcome]:
        return lambda: HANDLERS[call.operation.name].act(self.state, call)

    def _act_on_found(self, call: Call) -> Callable[[], Outcome]:
        """Return the act of a call whose subject is not found yet; a link has led to its own."""
        act = self._act(call)
        return act if call.operation.link else lambda: self._find(call) or act()

    def _before_act(self, call: Call) -> tuple[Outcome | None, CallProgramStep | None]:
        """Go from the key to the act: what answers before it, or the element that is met."""
        state, handler = self.state, HANDLERS[call.operation.name]
        outcome = self._admit(call, handler)
        failure = take_injected(state, call) if outcome is None else None
        if failure is not None:
            self.changes.note("next", call.now_ns)
            element = element_of(failure)
            if call.operation.body == "file":
                return None, element
            outcome = element_outcome(state, call, element, self._act_on_found(call))
        outcome = outcome or self._limited(call) or self._find(call)
        if outcome is not None or call.operation == RETRAIN_STATUS_CHECK:
            return outcome, None
        directory, operation = state.directory, call.operation
        return None, state.calls.meet(directory, operation, call.caller, call.job, call.now_ns)

    def _find(self, call: Call) -> Outcome | None:
        """Judge what a call is about; None where its act may be done."""
        find = HANDLERS[call.operation.name].find
        found = find and find(self.state, call)
        return self.state.refuse(found, call) if isinstance(found, Refusal) else found

    def _limited(self, call: Call) -> Outcome | None:
        """Answer a call over the scenario's limit; nothing else sees it."""
        limit = self.scenario.rate_limit
        if self.state.limiter is None or limit is None or call.operation.name not in limit.on:
            return None
        left_ns = self.state.limiter.wait(call.caller.name, call.now_ns)
        if not left_ns:
            return None
        retry = RetryAfter(left_ns)
        reply = retry.on(json_reply(429, TOO_MANY), self.clock, call.now_ns)
        source = self.scenario.where("rate_limit")
        return Outcome(reply, source, retry_after_ns=retry.asks_for_ns)

    def _admit(self, call: Call, handler: Handler) -> Outcome | None:
        """See whose call it is: by its key, or by its link."""
        state = self.state
        if call.operation.needs is None:
            return handler.admit(state, call) if handler.admit else None
        if call.operation.needs == "secret key":
            refused = state.keyring.secret_refusal(call.api_key, state.issued)
            if refused is None:
                call.caller = caller_of_secret(call.api_key, call.query("model_id") or "")
        else:
            known = state.keyring.caller(call.api_key, state.issued, call.now_ns)
            refused = known if isinstance(known, Refusal) else None
            if not isinstance(known, Refusal):
                call.caller, call.key_ends_ns = known
                if state.issued.get(call.api_key) is None:
                    state.issued.note_api_word(call.api_key)
        if refused is None:
            return None
        first = state.scenario.assumptions.checked_first
        if first == "job" and call.job_id is not None and not state.knows_job(call.job_id):
            refused = state.unknown_job(call.job_id)
        return state.refuse(refused, call)

    def answer_unexpected(self, request: Request, answer: Unexpected) -> Reply:
        """Note a request that nothing imitated takes; return its answer."""
        with self.lock:
            now_ns, number = self.clock.now_ns(), self.journal.number()
            caller = self.state.issued.caller(request.api_key)
            found = OPERATIONS.match(request.path)
            leads_to_file = found and any(each.link for each in found.operations.values())
            leaks = leak_notes(request, self.state.knows_key) if leads_to_file else ()
            entry = unexpected_entry(number, now_ns, request, caller, answer)
            self.journal.add(
                entry._replace(source=self.scenario.name, notes=(*entry.notes, *leaks))
            )
        return answer.reply.to(request.method)
