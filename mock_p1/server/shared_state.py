"""One state of many processes: all do the same acts in the same order, which the store keeps.

A thread hands the acts of this process to the store, all that wait in one round trip, and does
what has come back: first what others did before, then its own. An answer goes out when its act
stands in the store. So the store decides the order and the time, and every process has all of the
state, journal and counts included.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mock_p1.base.clock import SECOND, RealClock
from mock_p1.base.messages import json_reply
from mock_p1.engine.acts import SharedEngine, StoreDown, plain_scenario, scenario_of
from mock_p1.engine.saved_state import digests, restore, saved
from mock_p1.server.redis_store import (
    MOST_BATCHES,
    Appended,
    BehindState,
    CannotShareState,
    LostState,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_p1.base.messages import Reply
    from mock_p1.engine.acts import Act
    from mock_p1.scenario.model import Scenario
    from mock_p1.server.redis_store import Begun, RedisStore

FORM: Final = "1"
"""The form of what stands in the store; processes that write another one cannot share it."""

IDLE_SECONDS: Final = 0.05
"""How often it is looked for what others have done, while nothing is asked here."""

MOST_ACTS: Final = 500
"""So many acts go to the store in one round trip."""

SNAPSHOT_BATCHES: Final = 20_000
"""After so many batches the state is saved in the store, for processes that come later."""

TOO_SLOW: Final = "it is too slow"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
COUNTED: Final = "counted, but its client was answered 503: the mock's store did not say so in time"


class StoreClock(RealClock):
    """A clock that runs by the store's: whoever does an act does it at the act's moment."""

    def __init__(self, speed: float, begun_ns: int) -> None:
        self._moment_ns = begun_ns
        self._ahead_ns = begun_ns - time.perf_counter_ns()
        self.at_work: int | None = threading.get_ident()
        """The thread that does acts."""
        super().__init__(speed, source=self.store_ns, start=None)

    def store_ns(self) -> int:
        """Return the store's time, as far as it is known: nanoseconds since 1970."""
        if threading.get_ident() == self.at_work:
            return self._moment_ns
        return max(self._moment_ns, time.perf_counter_ns() + self._ahead_ns)

    def store_time(self, ours_ns: int) -> int:
        """Return what time it is in the store at a moment of our own clock."""
        return ours_ns + self._ahead_ns

    def at(self, moment_ns: int) -> None:
        """Let the moment of an act be now, in the thread that does it."""
        self._moment_ns = moment_ns

    def heard(self, moment_ns: int, asked_ns: int) -> None:
        """Learn what time it was in the store when it was asked at a moment of our own."""
        self._ahead_ns = moment_ns - (asked_ns + time.perf_counter_ns()) // 2

    def _today(self) -> datetime:
        return _EPOCH + timedelta(microseconds=self.store_ns() // 1000)


class _Waiting(NamedTuple):
    """An act that is to be done, until when somebody waits for it, and who is told."""

    act: Act
    until: float
    tell: Callable[[Any, BaseException | None], None]


class SharedState:
    """The part of one process in a shared state, and the thread that plays it."""

    def __init__(
        self, engine: SharedEngine, clock: StoreClock, store: RedisStore, begun: Begun
    ) -> None:
        self.engine: SharedEngine = engine
        self.store: RedisStore = store
        self._clock, self._begun = clock, begun
        self._seq = 0
        self._waiting: deque[_Waiting] = deque()
        self._news = threading.Condition()
        self._closed = False
        self.down: str | None = None
        """Why the store does not do what it is asked; None while it does."""
        self.writer: str = token_hex(6)
        engine.name = self.writer
        self._thread = threading.Thread(target=self._work, name="mock-p1:state", daemon=True)
        self._doubtful: set[str] = set()  # batches of ours of which nobody knows if they were added
        self._batches = 0
        self.ended: Callable[[str], None] = _to_nobody
        """Is told why this process cannot go on."""

    def start(self) -> None:
        """Read what others have done before, then begin; StoreDown where that cannot be read."""
        self._catch_up()
        self.engine.hand_over, self.engine.later = self.do, self.do_later
        self.engine.store_state = lambda: "ok" if self.down is None else f"down: {self.down}"
        self.engine.performing = lambda: threading.get_ident() == self._thread.ident
        self._clock.at_work = None
        self._thread.start()

    def close(self) -> None:
        """End, once what waits is done; what the engine is asked from now on, it does alone."""
        with self._news:
            self._closed = True
            self._news.notify()
        self._thread.join()
        self.store.close()
        self.engine.hand_over, self.engine.performing = self.engine.perform, lambda: True

    def submit(self, act: Act, tell: Callable[[Any, BaseException | None], None]) -> None:
        """Have an act done; ``tell`` learns in another thread what came of it, or went wrong."""
        with self._news:
            if self._closed:
                tell(None, StoreDown("this process ends"))
                return
            self._waiting.append(_Waiting(act, time.monotonic() + self.store.timeout_seconds, tell))
            self._news.notify()

    def do(self, act: Act) -> Any:  # noqa: ANN401 -- what the act returns
        """Have an act done, and wait for it; a request is always answered."""
        done: list[Any] = []
        came = threading.Event()

        def tell(found: object, error: BaseException | None) -> None:
            done[:] = found, error
            came.set()

        self.submit(act, tell)
        came.wait()
        found, error = done
        if isinstance(error, StoreDown) and act[0] in ("ask", "begin", "end", "unexpected"):
            return store_is_down(str(error))
        if error is not None:
            raise error
        return found

    def do_later(self, act: Act, tell: Callable[[Any], None]) -> None:
        """Have a request answered; ``tell`` is handed the answer, in another thread."""

        def answer(found: Any, error: BaseException | None) -> None:  # noqa: ANN401 -- an answer
            tell(store_is_down(str(error)) if isinstance(error, StoreDown) else error or found)

        self.submit(act, answer)

    # In the thread

    def _work(self) -> None:
        self._clock.at_work = threading.get_ident()
        while True:
            with self._news:
                if not self._waiting and not self._closed:
                    self._news.wait(IDLE_SECONDS)
                taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_ACTS))]
                if self._closed and not taken:
                    return
            try:
                self._do(taken)
            except Exception as error:  # noqa: BLE001 -- told to whoever waits, and the end
                _tell_all(taken, repr(error))
                self.ended(repr(error))

    def _do(self, taken: list[_Waiting]) -> None:
        now = time.monotonic()
        alive = [each for each in taken if each.until > now]
        _tell_all([each for each in taken if each.until <= now], self.down or TOO_SLOW)
        acts = [each.act for each in alive if each.act[0] != "refresh"]
        text = json.dumps(acts) if acts else ""
        self._batches += bool(acts)
        writer = f"{self.writer}/{self._batches}"
        try:
            appended = self._append(writer, min((e.until for e in alive), default=now) - now, text)
        except StoreDown as error:
            self._failed(error, writer if text else None)
            _tell_all(alive, str(error))
            return
        self.down = None
        if appended.number < 0:
            _tell_all(alive, TOO_SLOW)
            return
        if appended.number:
            self._seq = appended.number
        self._clock.at(appended.moment_ns)
        for each in alive:
            each.tell(*self._perform(each.act))
        if appended.number and appended.number % SNAPSHOT_BATCHES == 0:  # of one process alone
            self._save()

    def _failed(self, error: StoreDown, writer: str | None) -> None:
        self.down = str(error)
        if isinstance(error, LostState):
            self._revive()
        elif isinstance(error, BehindState):
            self.ended(str(error))
        elif writer is not None:
            self._doubtful.add(writer)

    def _append(self, writer: str, seconds: float, text: str) -> Appended:
        """Do what others have done, then add a batch."""
        while True:
            asked_ns = time.perf_counter_ns()
            deadline_ns = self._clock.store_time(asked_ns) + int(seconds * SECOND)
            appended = self.store.append(self._begun.run, self._seq, writer, deadline_ns, text)
            self._clock.heard(appended.moment_ns, asked_ns)
            for batch in appended.others:
                self._clock.at(batch.moment_ns)
                self._seq = batch.number
                self._do_batch(batch.writer, json.loads(batch.acts))
            if appended.number or (not text and len(appended.others) < MOST_BATCHES):
                return appended

    def _do_batch(self, writer: str, acts: list[Act]) -> None:
        was_ours = writer in self._doubtful
        self._doubtful.discard(writer)
        for act in acts:
            before = self.engine.journal.last
            self._perform(act)
            if was_ours and self.engine.journal.last > before:
                self.submit(["note", before + 1, COUNTED], _to_nobody)
            elif was_ours and act[0] == "begin":  # its client has been answered 503
                self.submit(["end", act[1], ["broken_off", 0, ""], None], _to_nobody)

    def _perform(self, act: Act) -> tuple[Any, BaseException | None]:
        try:
            return self.engine.perform(act), None
        except Exception as error:  # noqa: BLE001 -- told to whoever asked for it
            return None, error

    def _catch_up(self) -> None:
        self._clock.at_work = threading.get_ident()
        found = self.store.snapshot()
        if found is not None:
            self._seq, text = found
            self._restore(json.loads(text))
        self._append(self.writer, 0, "")

    def _restore(self, state: dict[str, Any]) -> None:
        engine = self.engine
        if (played := state["played"]) is not None:
            engine.play_at_first(scenario_of(played))
        restore(engine, state["saved"])
        engine.restore_receivers(state["under_way"])

    def _save(self) -> None:
        """Keep a snapshot; who waits meanwhile may wait for longer."""
        begun = time.monotonic()
        try:
            self.store.keep_snapshot(self._begun.run, self._seq, self._state())
        except StoreDown as error:
            self.down = str(error)
        took = time.monotonic() - begun
        with self._news:
            waiting = [each._replace(until=each.until + took) for each in self._waiting]
            self._waiting.clear()
            self._waiting.extend(waiting)

    def _state(self) -> str:
        engine = self.engine
        is_first = engine.scenario is engine.first_scenario
        played = None if is_first else plain_scenario(engine.scenario)
        under_way = engine.saved_receivers()
        return json.dumps({"played": played, "saved": saved(engine), "under_way": under_way})

    def _revive(self) -> None:
        """Give the store back what it has lost: every process has all of it."""
        moment_ns = self._clock.store_ns()
        try:
            if not self.store.revive(FORM, self._begun, self._seq, self._state(), moment_ns):
                self.ended("the store was emptied, and another mock began in it meanwhile")
        except StoreDown as error:
            self.down = str(error)


def _tell_all(waiting: list[_Waiting], why: str) -> None:
    for each in waiting:
        each.tell(None, StoreDown(why))


def _to_nobody(*_: object) -> None:
    """Tell nobody."""


def facts_of(scenario: Scenario, **numbers: Any) -> dict[str, Any]:  # noqa: ANN401 -- what JSON knows
    """Return what all processes that share a state must agree on."""
    text = None if scenario.text is None else plain_scenario(scenario)
    return {"name": scenario.name, "parts": digests(scenario), "text": text, **numbers}


def store_is_down(why: str) -> Reply:
    """Answer what cannot be decided: 503, by the mock, never one of the API's errors."""
    body = {
        "error": "MOCK_P1_STORE",
        "message": f"the mock's store does not answer as it should ({why}); this is no answer of "
        "the imitated API",
    }
    return json_reply(503, body, {"X-Mock-P1-Store": "down", "Retry-After": "1"})


def share(  # noqa: PLR0913 -- each is a choice of its own
    scenario: Scenario,
    shared_by: RedisStore,
    *,
    speed: float = 1.0,
    seed: int | None = None,
    take_shared: bool = False,
    jobs_max: int,
    journal_max: int,
    **options: Any,  # noqa: ANN401 -- those of an engine
) -> SharedState:
    """Join a shared state, or begin it; CannotShareState says why that cannot be.

    Where another scenario is shared, it is taken if ``take_shared`` says so.
    """
    numbers = {"speed": speed, "seed": seed, "jobs_max": jobs_max, "journal_max": journal_max}
    numbers["upload_max"] = options["store"].limit_bytes
    ours = facts_of(scenario, **numbers)
    begun = shared_by.begin(FORM, token_hex(8), json.dumps(ours))
    if begun.form != FORM:
        raise CannotShareState(
            f"{shared_by.shown}: was written by another version of the mock, in form {begun.form}; "
            f"this one writes form {FORM}; give another --state-name, or delete it"
        )
    theirs = json.loads(begun.facts)
    if theirs["parts"] != ours["parts"]:
        if not take_shared or theirs["text"] is None:
            differs = f"{theirs['name']} is played there, not {scenario.name} as it is here"
            if theirs["name"] == scenario.name:
                differs = f"{scenario.name} has changed since its state was begun there"
            raise CannotShareState(
                f"{shared_by.shown}: {differs}; begin anew by another --state-name, or play on "
                "what is played there by --state-scenario shared"
            )
        scenario = scenario_of(theirs["text"])
    for name, value in numbers.items():
        if theirs[name] != value:
            raise CannotShareState(
                f"{shared_by.shown}: its processes were started with {name} {theirs[name]}, "
                f"not {value}; take that, or begin anew by another --state-name"
            )
    clock = StoreClock(speed, begun.begun_ns)
    engine = SharedEngine(
        scenario, clock, seed=seed, jobs_max=jobs_max, journal_max=journal_max, **options
    )
    shared = SharedState(engine, clock, shared_by, begun)
    try:
        shared.start()
    except StoreDown as error:
        raise CannotShareState(f"{shared_by.shown}: {error}") from None
    return shared
