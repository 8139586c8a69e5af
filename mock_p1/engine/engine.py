"""Engine.handle: one plain Request in, one Reply or Fault out, and every decision on the way."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple

from mock_p1.base.clock import RealClock
from mock_p1.base.messages import Fault, Reply, Request, origin_form
from mock_p1.contract.operations import (
    FILE_UPLOAD,
    GET_API_KEY,
    OPERATIONS,
    RESULT_DOWNLOAD,
    RETRAIN_DATA_UPLOAD,
    RETRAIN_MODEL_SWITCH,
    RETRAIN_STATUS_CHECK,
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
from mock_p1.engine.callers import caller_of_secret
from mock_p1.engine.change_log import ChangeLog
from mock_p1.engine.failures import (
    BEFORE,
    element_outcome,
    injected,
    take_injected,
)
from mock_p1.engine.faults import script
from mock_p1.engine.file_store import CountingStore
from mock_p1.engine.journal import (
    DEFAULT_MAX,
    Journal,
    call_entry,
    poll_entry,
    unexpected_entry,
)
from mock_p1.engine.mock_state import MockState
from mock_p1.engine.program import Refusal
from mock_p1.engine.rate_limit import RetryAfter, limiter_for, too_many
from mock_p1.engine.receiver import Receiver
from mock_p1.engine.replies import example_of
from mock_p1.scenario.calls import FaultCall

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_p1.base.clock import Clock
    from mock_p1.contract.operations import Match
    from mock_p1.engine.callers import Keyring
    from mock_p1.engine.directory import Directory
    from mock_p1.engine.file_store import FileStore, KeptFile
    from mock_p1.engine.job_states import JobState, JobStates
    from mock_p1.engine.not_imitated import Unexpected
    from mock_p1.engine.program import CallProgramStep, Program
    from mock_p1.scenario.model import Scenario

    Find = Callable[[MockState, Call], Outcome | Refusal | None]


class Handler(NamedTuple):
    """How an operation is handled, in the order of the steps.

    ``admit`` finds whose link it is, for operations that need no key. ``find`` judges what the call
    is about; ``act`` does it, and is given the file where the operation takes one.
    """

    find: Find
    act: Callable[..., Outcome]
    admit: Callable[[MockState, Call], Outcome | None] | None = None


HANDLERS: Final = {
    GET_API_KEY.name: Handler(get_api_key.find, get_api_key.act),
    RETRAIN_DATA_UPLOAD.name: Handler(retrain_data_upload.find, retrain_data_upload.act),
    FILE_UPLOAD.name: Handler(file_upload.find, file_upload.act, file_upload.admit),
    RETRAIN_STATUS_CHECK.name: Handler(retrain_status_check.find, retrain_status_check.act),
    RESULT_DOWNLOAD.name: Handler(result_download.find, result_download.act, result_download.admit),
    RETRAIN_MODEL_SWITCH.name: Handler(retrain_model_switch.find, retrain_model_switch.act),
}
"""The handlers of the operations by name; each stands in the file of its operation."""


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
        store: FileStore | None = None,
    ) -> None:
        """Play a scenario.

        Args:
            scenario: What to play.
            clock: Whose time it is; by default real time.
            seed: Goes before the scenario's own.
            journal_max: How many requests are remembered.
            store: Where uploaded files are kept; by default they are only counted and hashed.
        """
        self.clock: Clock = clock or RealClock()
        self._given_seed = seed
        self.first_scenario = scenario
        """What ``restart`` plays."""
        self.journal = Journal(journal_max)
        self.changes = ChangeLog()
        self.lock = Lock()
        self.played_after = 0
        """The number of the last journal entry before the scenario was swapped in."""
        self.state = MockState(
            scenario, self._seed_of(scenario), self.clock, store or CountingStore()
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
    def jobs(self) -> Directory:
        """The jobs of the scenario."""
        return self.state.directory

    @property
    def job_states(self) -> JobStates:
        """Where they are."""
        return self.state.jobs

    @property
    def keyring(self) -> Keyring:
        """The keys of the scenario."""
        return self.state.keyring

    def handle(self, request: Request) -> Reply | Fault:
        """Answer one request, whatever it is. Never raises over what a client sent.

        The body of a file is not looked at here, see ``receive``; without it the file is empty.
        """
        if request.method == RETRAIN_STATUS_CHECK.method:
            with self.lock:
                state = self.state
                job = state.jobs.by_path(request.path, request.api_keys)
                if job is not None and job.state is not None and state.plain:
                    now_ns = self.clock.now_ns()
                    if now_ns < job.key_ends_ns:
                        return self._poll(request, job, now_ns)
        request, found = self._match(request)
        operation = found and found.operations.get(request.method)
        if found is None:
            return self._unexpected(request, not_imitated.not_imitated(request.path))
        if operation is None:
            wrong = not_imitated.wrong_method(request.method, found.operations)
            return self._unexpected(request, wrong)
        if operation.body == "file":
            received = self.receive(request, 0)
            return received.finish() if isinstance(received, Receiver) else received
        with self.lock:
            call = self._call(request, found)
            outcome = self._answer(call)
            self.journal.add(call_entry(self.journal.number(), call, outcome))
            return outcome.reply

    def takes_file(self, request: Request) -> bool:
        """Tell whether the body of this request is a file, to be handed over by ``receive``."""
        request, found = self._match(request)
        operation = found and found.operations.get(request.method)
        return operation is not None and operation.body == "file"

    def receive(self, request: Request, length: int | None) -> Receiver | Reply | Fault:
        """Begin to take a file, or answer at once where it is not wanted.

        Args:
            request: A request that ``takes_file``.
            length: Its Content-Length; None where it has none.
        """
        request, found = self._match(request)
        if found is None or request.method not in found.operations:
            return self.handle(request)
        with self.lock:
            call = self._call(request, found)
            outcome, element = self._before_act(call)
            upload = _Upload(self, call, element)
            if outcome is None and length is not None and length > self.state.store.limit_bytes:
                reply = not_imitated.file_too_large(self.state.store.limit_bytes)
                outcome = Outcome(reply, self.scenario.name)
            if outcome is None and element is not None and not isinstance(element.step, FaultCall):
                if not getattr(element.step, "done", True):
                    outcome = element_outcome(self.state, call, element, upload.nothing)
            if outcome is not None:
                self.journal.add(call_entry(self.journal.number(), call, outcome))
                return outcome.reply
        strikes = upload.strikes_midway
        half = None if not strikes else (length // 2 if length else None)
        name = call.job.created.file_name if call.job and call.job.created else ""
        return Receiver(self.state.store, name, upload, half)

    def load(self, scenario: Scenario) -> tuple[int, int]:
        """Swap the scenario at once, between two polls.

        A job keeps its state, for every caller that may still see it, where its timeline did not
        change; any other begins anew at its next poll.

        Returns:
            How many (pairs of caller and job) kept their state, and how many lost it.
        """
        seed = self._seed_of(scenario)
        with self.lock:
            self.played_after = self.journal.last
            return swap(self.state, scenario, seed)

    def restart(self) -> None:
        """Begin anew in everything: what clients made, the journal, the clock, the scenario."""
        with self.lock:
            self.state.reset()
            self.journal.clear()
            self.played_after = self.journal.last
            self.clock.restart()
            if self.scenario is not self.first_scenario:
                swap(self.state, self.first_scenario, self._seed_of(self.first_scenario))

    def _seed_of(self, scenario: Scenario) -> int:
        return scenario.seed if self._given_seed is None else self._given_seed

    @staticmethod
    def _match(request: Request) -> tuple[Request, Match | None]:
        path = origin_form(request.path)
        if path is not request.path:
            request = request._replace(path=path)
        return request, OPERATIONS.match(path)

    def _call(self, request: Request, found: Match) -> Call:
        keys = request.api_keys
        api_key = keys[0].strip() if len(keys) == 1 else ", ".join(key.strip() for key in keys)
        operation = found.operations[request.method]
        now_ns = self.clock.now_ns()
        caller = self.state.issued.caller(api_key)
        return Call(request, operation, found.parameters, now_ns, api_key, caller)

    def _answer(self, call: Call) -> Outcome:
        outcome, element = self._before_act(call)
        if outcome is not None:
            return outcome
        act = self._act(call)
        return act() if element is None else element_outcome(self.state, call, element, act)

    def _act(self, call: Call) -> Callable[[], Outcome]:
        return lambda: HANDLERS[call.operation.name].act(self.state, call)

    def _before_act(self, call: Call) -> tuple[Outcome | None, CallProgramStep | None]:
        """Go from the key to the act: return what answers before it, or the element that it meets."""
        state, handler = self.state, HANDLERS[call.operation.name]
        if (refused := self._admit(call, handler)) is not None:
            return refused, None
        if state.injected and (failure := take_injected(state, call)) is not None:
            self.changes.note("next", call.now_ns)
            if call.operation.body != "none":
                return injected(
                    state, call, failure, lambda: Outcome(example_of(call.operation), "")
                ), None
            return injected(state, call, failure, self._act(call)), None
        if state.limiter is not None and call.operation.name in state.scenario_limit_on:
            if left_ns := state.limiter.wait(call.caller.name, call.now_ns):
                return self._too_many(call, left_ns), None
        found = handler.find(state, call)
        if isinstance(found, Refusal):
            return state.refuse(found, call), None
        if found is not None or call.operation == RETRAIN_STATUS_CHECK:
            return found, None
        element = state.calls.meet(
            state.directory, call.operation, call.caller, call.job, call.now_ns
        )
        return None, element

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
        if refused is None:
            return None
        first = state.scenario.assumptions.checked_first
        if first == "job" and call.job_id is not None and state.directory.find(call.job_id) is None:
            refused = Refusal("not_found_retrain_job", state.scenario.name)
        return state.refuse(refused, call)

    def _poll(self, request: Request, job: JobState, now_ns: int) -> Reply | Fault:
        """Answer a poll whose path and key lead straight to its job."""
        outcome = retrain_status_check.see(self.state, job, now_ns, request.base_url)
        self.journal.add(poll_entry(self.journal.number(), request, job, outcome))
        return outcome.reply

    def _too_many(self, call: Call, left_ns: int) -> Outcome:
        """Answer a call over the scenario's limit; nothing else sees it."""
        retry = RetryAfter(left_ns)
        reply = retry.on(too_many(), self.clock, call.now_ns)
        source = self.scenario.where("rate_limit")
        return Outcome(reply, source, retry_after_ns=retry.asks_for_ns)

    def _unexpected(self, request: Request, answer: Unexpected) -> Reply:
        with self.lock:
            now_ns, number = self.clock.now_ns(), self.journal.number()
            caller = self.state.issued.caller(", ".join(request.api_keys))
            entry = unexpected_entry(
                number, now_ns, request, caller, answer.reply.status, answer.why
            )
            self.journal.add(entry._replace(source=self.scenario.name))
        return answer.reply.to(request.method)


@dataclass(slots=True)
class _Upload:
    """The end of one upload: what the engine does when its file has come, or has not."""

    engine: Engine
    call: Call
    element: CallProgramStep | None

    @property
    def strikes_midway(self) -> bool:
        """Whether a fault strikes before the act."""
        step = self.element.step if self.element else None
        return isinstance(step, FaultCall) and not step.done

    @staticmethod
    def nothing() -> Outcome:
        """Do nothing: the element strikes before the act."""
        return Outcome(example_of(FILE_UPLOAD), "")

    def complete(self, size: int, kept: KeptFile) -> Reply | Fault:
        """Do the act, and answer."""
        engine, call = self.engine, self.call
        with engine.lock:
            state = engine.state
            call.now_ns = engine.clock.now_ns()
            outcome = file_upload.find(state, call)  # again: another file may have come meanwhile
            taken = outcome is None

            def act() -> Outcome:
                return file_upload.act(state, call, kept)

            if isinstance(outcome, Outcome):
                pass
            elif self.element is None:
                outcome = act()
            else:
                outcome = element_outcome(state, call, self.element, act)
            return self._note(outcome, size, kept if taken else None)

    def broken_off(self, size: int) -> None:
        """Note how much has come."""
        with self.engine.lock:
            self.call.notes.append(
                f"the client broke off after {size:,} bytes; the job still waits for its file"
            )
            outcome = Outcome(Fault("broken_off", "close"), self.engine.scenario.name)
            self._note(outcome, size, None)

    def failed(self, size: int, reply: Reply | Fault | None) -> Reply | Fault:
        """Answer a file that is not taken, or let the fault strike that waits midway."""
        with self.engine.lock:
            if reply is not None:
                outcome = Outcome(reply, self.engine.scenario.name)
            else:
                outcome = self._struck()
            return self._note(outcome, size, None)

    def _struck(self) -> Outcome:
        """Let the fault strike that waits midway."""
        if self.element is None or not isinstance(self.element.step, FaultCall):
            raise LookupError(self.call.operation.name)
        self.call.notes.append(BEFORE)
        fault = self.element.step.fault
        return Outcome(script(fault, example_of(FILE_UPLOAD)), self.element.source, fault=fault)

    def _note(self, outcome: Outcome, size: int, kept: KeptFile | None) -> Reply | Fault:
        """Write the journal and the list of uploads; the lock is held."""
        engine = self.engine
        number = engine.journal.number()
        self.call.notes.append(f"{size:,} bytes came")
        file_upload.note(engine.state, self.call, number, size, kept)
        engine.journal.add(call_entry(number, self.call, outcome))
        return outcome.reply


def swap(state: MockState, scenario: Scenario, seed: int) -> tuple[int, int]:
    """Let a mock play another scenario; return how many job states were kept and how many lost."""
    before, limit = state.directory, state.scenario.rate_limit
    state.play(scenario, seed)
    after, keyring = state.directory, state.keyring
    same: dict[tuple[int, int], bool] = {}  # thousands of jobs may share a program

    def program_of(job: JobState) -> Program | None:
        secret = job.caller.name.partition("\n")[0]
        by_secret = "\n" in job.caller.name
        if keyring.secret_refusal(secret, state.issued) if by_secret else keyring.refusal(secret):
            return None
        program = after.created(job.job_id) if job.created else None
        if program is None and (hit := after.find(job.job_id)) is not None:
            program = hit.value
        if program is None or not (job.created or program.open_to(job.api_key or secret)):
            return None
        pair = id(job.program), id(program)
        if pair not in same:
            same[pair] = program.does_the_same(job.program)
        return program if same[pair] else None

    def unchanged(job_id: str) -> bool:
        old, new = before.find(job_id), after.find(job_id)
        return old is not None and new is not None and new.value.does_the_same(old.value)

    counts = state.jobs.adopt(program_of, unchanged)
    for link in [link for link in state.failed_downloads if not unchanged(link[1])]:
        del state.failed_downloads[link]
    if scenario.rate_limit != limit:
        state.limiter = limiter_for(scenario.rate_limit)
    kept = [each for each in state.injected if each.job_id is None or after.find(each.job_id)]
    state.injected.clear()
    state.injected.extend(kept)
    return counts
