"""One state of many processes: all do the same acts in the same order, which the store keeps.

The acts of this process go to the store, all that wait in one round trip, and what has come back is
done: first what others did before, then its own. It is a thread that does so, or, while the store
is fast, who asks: one at a time. An answer goes out when its act stands in the store. So the store
decides the order and the time, and every process has all of the state, journal and counts included.
"""

from __future__ import annotations

import json
import math
import os
import threading
import time
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import accumulate
from queue import SimpleQueue
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from weakref import WeakSet
from zlib import compress, decompress

from mock_p1.base.clock import SECOND, RealClock
from mock_p1.base.messages import json_reply
from mock_p1.engine.acts import SharedEngine, StoreDown, plain_scenario, scenario_of, to_nobody
from mock_p1.engine.limits import DEFAULT_JOBS_MAX, DEFAULT_MAX
from mock_p1.engine.saved_state import digests, no_garbage, restore, saved
from mock_p1.server.redis_store import (
    KEPT_BATCHES,
    KEPT_BYTES,
    MOST_BATCHES,
    TIMEOUT_SECONDS,
    Batch,
    BehindState,
    LostState,
    RedisStore,
)
from mock_p1.server.store_url import CannotShareState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mock_p1.base.messages import Reply
    from mock_p1.engine.acts import Act
    from mock_p1.scenario.model import Scenario
    from mock_p1.server.redis_store import Begun

FORM: Final = "3"
"""The form of what stands in the store; processes that write another one cannot share it."""

IDLE_SECONDS: Final = 0.05
"""How often it is looked for what others have done, while nothing is asked here."""

LENT_SECONDS: Final = 0.002
"""So long a loop waits for the store in its own thread, and then no more for PAUSE_SECONDS."""

PAUSE_SECONDS: Final = 0.05

LENT_BYTES: Final = 128 * 1024
"""More a loop does not send: for what a system does not take at once, it would have to wait."""

MOST_ACTS: Final = 500
"""So many acts go to the store in one round trip."""

RECENT_BATCHES: Final = 200
RECENT_BYTES: Final = 32_000_000
"""So many are kept here too: where the store has lost its end, others may be a little behind."""

ACT_BYTES: Final = 2048
"""A longer act counts as several where it is counted when to save the state: a client decides how
long it is, and until then the store keeps it."""

SNAPSHOT_ACTS: Final = 10_000
"""After so many acts, and as many as there are job states, the state is saved in the store: for
processes that come later, which do all acts since."""

SAVED_AT_THE_END: Final = 100_000
"""With more job states, a process does not save at its end, which must come within a second."""

QUIET_SECONDS: Final = 1.0
QUIET_ACTS: Final = 1000
"""Where nothing was done for so long, and at the end of a process, it is saved after so many."""

END_SECONDS: Final = 0.3
"""So long the end of a process waits for a store that does not answer."""

TOO_SLOW: Final = "it is too slow"
NO_ANSWER: Final = "no answer in time"
ENDS: Final = "this process ends"
FORKED: Final = (
    "this process is a fork of the one that has joined the shared state, and a fork has no "
    "threads; let each worker make the app itself, as gunicorn does without --preload"
)
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

    def set_moment(self, moment_ns: int) -> None:
        """Let the moment of an act be now, in the thread that does it."""
        self._moment_ns = moment_ns

    def heard(self, moment_ns: int, asked_ns: int) -> None:
        """Learn what time it was in the store when it was asked at a moment of our own."""
        self._ahead_ns = moment_ns - (asked_ns + time.perf_counter_ns()) // 2

    @property
    def anchor(self) -> tuple[int, int, float]:
        """A moment of the store, ours at it, and the pace since: by it all go on alike."""
        return self._anchor

    @anchor.setter
    def anchor(self, anchor: tuple[int, int, float]) -> None:
        self._anchor = anchor

    def _today(self) -> datetime:
        return _EPOCH + timedelta(microseconds=self.store_ns() // 1000)


class _Waiting(NamedTuple):
    """An act that is to be done, until when somebody waits for it, and who is told.

    What ``to_nobody`` is told is done whenever it can be, in its order.
    """

    act: Act
    until: float
    tell: Callable[[Any, BaseException | None], None]


class _Sent(NamedTuple):
    """Acts that were sent to the store as a batch, and who waits for them."""

    alive: list[_Waiting]
    acts: list[str]
    text: str
    writer: str


class SharedState:
    """The part of one process in a shared state, and the thread that plays it."""

    def __init__(
        self, engine: SharedEngine, clock: StoreClock, store: RedisStore, begun: Begun
    ) -> None:
        self.engine: SharedEngine = engine
        self.store: RedisStore = store
        self._clock, self._begun = clock, begun
        self._seq, self._epoch = 0, begun.epoch
        self._recent: deque[Batch] = deque()
        self._recent_bytes = 0
        self._sizes: deque[int] = deque(maxlen=KEPT_BATCHES)  # of the newest batches, in bytes
        self._waiting: deque[_Waiting] = deque()  # that somebody waits for
        self._unawaited: deque[_Waiting] = deque()  # the others, as notes
        self._news = threading.Condition()
        self._turn = threading.Lock()  # of who plays the part: the thread, or a loop at once
        self._left: _Sent | None = None  # what a loop has sent, and not waited for
        self._sent: _Sent | None = None  # what the store is asked now
        self._lends_from = 0.0  # when a loop may play again
        self._asked_ns = 0  # when the store was asked last
        self._closed, self._why_closed = False, ENDS
        self.down: str | None = None
        """Why the store does not do what it is asked; None while it does."""
        self.writer: str = token_hex(6)
        engine.name = self.writer
        self._thread = threading.Thread(target=self._work, name="mock-p1:state", daemon=True)
        # batches of ours of which nobody knows if they were added, and until when they may be
        self._doubtful: dict[str, tuple[int, list[_Waiting]]] = {}
        self._deadline_ns = 0  # of what the store was asked last
        self._batches = 0
        self._unsaved = 0  # acts since a snapshot
        self._is_due = False  # whether the thread is to make one
        self._last_ours = False
        self._last_at = time.monotonic()
        self.ended: Callable[[str], None] = to_nobody
        """Is told why this process cannot go on."""
        self.left_aside: str | None = None
        """The name of the scenario that was given, where another one is shared and taken."""

    def start(self) -> None:
        """Read what others have done before, then begin; StoreDown where that cannot be read."""
        self._catch_up()
        self.engine.hand_over, self.engine.later = self.do, self.do_later
        self.engine.cut_off, self.engine.let_go = self.cut_off, self.let_go
        self.engine.store_state = lambda: "ok" if self.down is None else f"down: {self.down}"
        self.engine.performing = lambda: threading.get_ident() == self._clock.at_work
        self._thread.start()
        _parts.add(self)

    def close(self) -> None:
        """End, once what waits is done; what the engine is asked from now on, it does alone."""
        if self._why_closed == FORKED:  # it is for the process that has joined
            return
        with self._news:
            self._closed = True
            self._news.notify()
        self._thread.join(END_SECONDS)
        while self._thread.is_alive():
            if self._sent is not None:  # the store does not answer; the thread ends with us
                self.cut_off()
                break
            self._thread.join(END_SECONDS)
        self.engine.hand_over, self.engine.performing = self.engine.perform, lambda: True

    def let_go(self) -> None:
        """End soon, in whatever thread it is said: nobody asks anything any more."""
        self._closed = True

    def cut_off(self) -> None:
        """Let nobody wait any more: the server has hung up. What nobody waits for is still done."""
        self._refuse_all(ENDS)
        for sent in (self._sent, self._left):
            if sent is not None:
                left = [*sent.alive]
                sent.alive[:] = [each._replace(tell=to_nobody) for each in left]
                _tell_all(left, ENDS)

    def submit(self, act: Act, tell: Callable[[Any, BaseException | None], None]) -> None:
        """Have an act done; ``tell`` learns in another thread what came of it, or went wrong."""
        until = math.inf if tell is to_nobody else time.monotonic() + self.store.timeout_seconds
        self._submit([_Waiting(act, until, tell)])

    def _submit(self, waiting: list[_Waiting]) -> None:
        with self._news:
            if not self._closed:
                for each in waiting:
                    queue = self._unawaited if each.tell is to_nobody else self._waiting
                    queue.append(each)
                self._news.notify()
                return
        _tell_all(waiting, self._why_closed)

    def do(self, act: Act) -> Any:  # noqa: ANN401 -- what the act returns
        """Have an act done, and wait for it; a request is always answered."""
        answers: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
        self.submit(act, lambda *done: answers.put(done))
        found, error = answers.get()
        if isinstance(error, StoreDown) and act[0] in ("ask", "begin", "end", "unexpected"):
            return store_is_down(error.why)
        if error is not None:
            raise error
        return found

    def do_later(self, asked: list[tuple[Act, Callable[[Any], None]]]) -> None:
        """Have done what came together; each ``tell`` is handed an answer.

        While the store is fast, the thread that asks does so itself: to wake another one, and to be
        woken by it, takes longer than a round trip.
        """
        now = time.monotonic()
        until = now + self.store.timeout_seconds
        waiting = [
            _Waiting(act, math.inf, tell)
            if tell is to_nobody
            else _Waiting(act, until, partial(_answer, tell))
            for act, tell in asked
        ]
        size = sum(len(act[2]) for act, *_ in waiting if act[0] == "asked")
        is_lent = now >= self._lends_from and size <= LENT_BYTES
        if is_lent and self._turn.acquire(blocking=False):
            try:
                is_behind = self._waiting or self._unawaited or self._left or self._holds()
                if not (is_behind or self._closed or self.down):
                    taken, waiting = waiting[:MOST_ACTS], waiting[MOST_ACTS:]
                    self._play(taken, LENT_SECONDS)
            finally:
                self._turn.release()
        if waiting or self._left:
            self._submit(waiting)

    def leave(self) -> None:
        """Refuse everything, in a fork: the thread that plays the part is not there."""
        self._news, self._turn = (
            threading.Condition(),
            threading.Lock(),
        )  # those may be held for ever
        self._closed, self._why_closed, self.down = True, FORKED, FORKED
        self.engine.performing = lambda: False

    # In the thread

    def _work(self) -> None:
        try:
            self._go_on()
            if self.engine.job_states.count <= SAVED_AT_THE_END:
                self._save_if(QUIET_ACTS)
            self.store.close()
        except Exception as error:  # noqa: BLE001 -- told to whoever can end the process
            self.ended(repr(error))
        finally:  # whatever ends it, nobody waits for ever
            with self._news:
                self._closed = True
                left = [*self._waiting]
                self._waiting.clear()
            _tell_all(left, ENDS)

    def _go_on(self) -> None:
        while True:
            with self._news:
                is_held = not self._unawaited or self.down or self._holds()
                if is_held and not (self._left or self._closed or self._waiting):
                    self._news.wait(IDLE_SECONDS)
            with self._turn:
                with self._news:
                    taken = self._taken()
                if self._closed and not taken and not self._left:
                    return
                self._play(taken)
                is_quiet = (
                    not (taken or self._waiting)
                    and time.monotonic() - self._last_at > QUIET_SECONDS
                )
                if self._is_due or is_quiet:
                    self._save_if(QUIET_ACTS)

    def _holds(self) -> bool:
        """Tell whether acts that nobody waits for wait until others before them are known of."""
        return any(acts for _, acts in [*self._doubtful.values()])  # a loop may change it now

    def _taken(self) -> list[_Waiting]:
        """Take the acts that are to be sent now; a store that is down is asked nothing."""
        taken: list[_Waiting] = []
        if not (self._left or self.down):
            is_held = self._holds() and not self._closed
            for queue in (deque() if is_held else self._unawaited, self._waiting):
                while queue and len(taken) < MOST_ACTS:
                    taken.append(queue.popleft())
        return taken

    def _play(self, taken: list[_Waiting], lent_seconds: float | None = None) -> None:
        """Do acts, or hear first what has come of those that a loop has left.

        A loop leaves them to the thread where the store takes longer.
        """
        self._clock.at_work = threading.get_ident()
        left, self._left = self._left, None
        sent = self._sent = left or self._batch_of(taken)
        try:
            if left is None:
                self._ask(sent)
            if lent_seconds is None:
                self._wait_for(sent)
                self._hear(sent)
            elif self.store.has_answered(lent_seconds):
                self._hear(sent)
            else:
                self._lends_from, self._left = time.monotonic() + PAUSE_SECONDS, sent
        except StoreDown as error:
            _tell_all(sent.alive, error.why)
            self._failed(error, sent)
        except Exception as error:  # noqa: BLE001 -- told to whoever waits, and the end
            self.store.hang_up()
            _tell_all(sent.alive, repr(error))
            self.ended(repr(error))
        except BaseException as error:  # a loop is interrupted, as by Ctrl-C
            self.store.hang_up()  # else the next act would be handed the answer to this one
            _tell_all(sent.alive, repr(error))
            self._failed(StoreDown(repr(error)), sent)
            raise
        finally:
            self._sent = self._clock.at_work = None

    def _wait_for(self, sent: _Sent) -> None:
        """Wait for the store for as long as those may wait whose acts it has been sent."""
        if not sent.alive:
            return
        if not self.store.has_answered(max(self._seconds_left(sent), 0)):
            self.store.hang_up()
            raise StoreDown(NO_ANSWER)

    def _seconds_left(self, sent: _Sent) -> float:
        until = min((each.until for each in sent.alive), default=0)
        return min(until - time.monotonic(), self.store.timeout_seconds)

    def _batch_of(self, taken: list[_Waiting]) -> _Sent:
        """Return what is to be sent of acts; who has waited for too long is told so."""
        now = time.monotonic()
        _tell_all([each for each in taken if each.until <= now], self.down or TOO_SLOW)
        alive = [each for each in taken if each.until > now]
        acts = [
            str(act[2]) if act[0] == "asked" else json.dumps(act)
            for act, *_ in alive
            if act[0] != "refresh"
        ]
        self._batches += bool(acts)
        text = f"[{', '.join(acts)}]" if acts else ""
        return _Sent(alive, acts, text, f"{self.writer}/{self._batches}")

    def _ask(self, sent: _Sent) -> None:
        """Have the store say what others have done, and add a batch."""
        self._asked_ns = time.perf_counter_ns()
        left_ns = int(self._seconds_left(sent) * SECOND)
        self._deadline_ns = self._clock.store_time(self._asked_ns) + left_ns
        known = self._begun.run, self._seq, self._epoch
        batch = sent.writer, self._deadline_ns, sent.text
        self.store.append(*known, *batch, must_take=self.down is not None)

    def _hear(self, sent: _Sent) -> None:
        """Do what others have done, then what was sent, once the store has it."""
        while True:
            appended = self.store.appended()
            self._epoch = appended.epoch
            self._clock.heard(appended.moment_ns, self._asked_ns)
            for batch in appended.others:
                self._clock.set_moment(batch.moment_ns)
                self._seq = batch.number
                acts = json.loads(batch.acts)
                self._do_batch(batch.writer, acts)
                self._count(batch, len(acts), ours=False)
            is_late = appended.number < 0 and self._seconds_left(sent) <= 0  # else its clock jumped
            is_all = not (sent.acts or len(appended.others) >= MOST_BATCHES)
            if appended.number > 0 or is_late or is_all:
                break
            self._ask(sent)
            self._wait_for(sent)
        self.down = None
        if appended.number < 0:
            self._doubt(sent)
        self._give_up(appended.moment_ns)
        if appended.number < 0:
            _tell_all(sent.alive, TOO_SLOW)
            return
        if appended.number:
            self._seq = appended.number
        self._clock.set_moment(appended.moment_ns)
        done = [self._perform(each.act) for each in sent.alive]
        for each, came_of_it in zip(sent.alive, done, strict=True):  # who is told goes on in turn
            each.tell(*came_of_it)
        if appended.number:
            batch = Batch(self._seq, sent.writer, appended.moment_ns, sent.text)
            self._count(batch, len(sent.acts), ours=True)

    def _count(self, batch: Batch, acts: int, *, ours: bool) -> None:
        """Keep a batch, and count its acts; who has added the one that was one too many saves.

        It is the thread that does so: a loop would serve nobody meanwhile.
        """
        size = len(batch.acts)
        self._recent.append(batch)
        self._recent_bytes += size
        while len(self._recent) > RECENT_BATCHES or self._recent_bytes > RECENT_BYTES:
            self._recent_bytes -= len(self._recent.popleft().acts)
        self._sizes.append(size)
        self._unsaved += max(acts, size // ACT_BYTES)
        self._last_ours, self._last_at = ours, time.monotonic()
        if self._unsaved >= max(SNAPSHOT_ACTS, self.engine.job_states.count):
            self._unsaved = 0
            self._is_due |= ours

    def _failed(self, error: StoreDown, sent: _Sent) -> None:
        self.down = error.why
        self._refuse_all(error.why)
        if sent.acts:
            self._doubt(sent)
        if isinstance(error, LostState):
            self._revive()
        elif isinstance(error, BehindState):
            self.ended(error.why)

    def _doubt(self, sent: _Sent) -> None:
        acts = [each for each in sent.alive if each.tell is to_nobody]
        self._doubtful[sent.writer] = self._deadline_ns, acts

    def _give_up(self, moment_ns: int) -> None:
        """Do anew what is no more in doubt: it was not added in time, and never will be."""
        for writer, (deadline_ns, acts) in [*self._doubtful.items()]:
            if moment_ns > deadline_ns:
                del self._doubtful[writer]
                with self._news:
                    self._unawaited.extendleft(reversed(acts))

    def _refuse_all(self, why: str) -> None:
        """Tell all who wait that the store is down: it has been waited for since they came."""
        with self._news:
            left = [*self._waiting]
            self._waiting.clear()
        _tell_all(left, why)

    def _do_batch(self, writer: str, acts: list[Act]) -> None:
        was_ours = self._doubtful.pop(writer, None) is not None
        for act in acts:
            before = self.engine.journal.last
            self._perform(act)
            if was_ours and self.engine.journal.last > before:
                self.submit(["note", before + 1, COUNTED], to_nobody)
            elif was_ours and act[0] == "begin":  # its client has been answered 503
                self.submit(["end", act[1], ["broken_off", 0, ""], None], to_nobody)

    def _perform(self, act: Act) -> tuple[Any, BaseException | None]:
        try:
            return self.engine.perform(act), None
        except Exception as error:  # noqa: BLE001 -- told to whoever asked for it
            return None, error

    def _catch_up(self) -> None:
        self._clock.at_work = threading.get_ident()
        found = self.store.snapshot()
        if found is not None:
            self._seq, parts = found
            with no_garbage():
                self._restore(json.loads(decompress(parts.pop("about"))), parts)
        nothing = self._batch_of([])
        self._ask(nothing)
        self._hear(nothing)
        self._clock.at_work = None

    def _restore(self, state: dict[str, Any], aside: Mapping[str, bytes]) -> None:
        engine = self.engine
        if (played := state["played"]) is not None:
            engine.play_at_first(scenario_of(played))
        restore(engine, state["saved"], aside)
        self._clock.anchor = tuple(state["anchor"])
        engine.restore_receivers(state["under_way"])
        engine.repeats.restore(state["broken"])

    def _save_if(self, acts: int) -> None:
        """Keep a snapshot that is due, or after so many acts; who waits may wait for longer."""
        are_many = self._last_ours and self._unsaved >= max(acts, 1)
        if not (self._is_due or are_many) or self.down is not None:
            return
        self._is_due, self._unsaved, begun = False, 0, time.monotonic()
        try:
            self.store.keep_snapshot(self._begun.run, self._seq, self._state(), self._kept())
        except StoreDown as error:
            self.down = error.why
            self._refuse_all(error.why)
        took = time.monotonic() - begun
        with self._news:
            waiting = [each._replace(until=each.until + took) for each in self._waiting]
            self._waiting.clear()
            self._waiting.extend(waiting)

    def _kept(self) -> int:
        """Return how many batches are to stay in the store for who is a little behind."""
        sizes = accumulate(reversed(self._sizes))
        too_much = (kept for kept, size in enumerate(sizes) if size > KEPT_BYTES)
        return next(too_much, KEPT_BATCHES)  # older ones are not known here

    def _state(self) -> dict[str, bytes]:
        """Return all of the state, in parts; only ``about`` need be read to go on from it."""
        engine = self.engine
        is_first = engine.scenario is engine.first_scenario
        played = None if is_first else plain_scenario(engine.scenario)
        under_way = engine.saved_receivers()
        aside: dict[str, bytes] = {}
        about = {"played": played, "saved": saved(engine, aside), "under_way": under_way}
        more = {"anchor": self._clock.anchor, "broken": engine.repeats.saved()}
        text = json.dumps({**about, **more})
        return {"about": compress(text.encode(), 1), **aside}

    def _revive(self) -> None:
        """Give the store back what it has lost: every process has all of it."""
        try:
            claim = self.store.claim(self._begun.run, self._seq)
            if claim == "give":
                known = self._begun, self._epoch, self._seq
                self.store.revive(*known, self._state(), self._recent, self._clock.store_ns())
            elif claim == "other":
                self.ended("the store was emptied, and another mock began in it meanwhile")
        except StoreDown as error:
            self.down = error.why
            self._refuse_all(error.why)


_parts: Final[WeakSet[SharedState]] = WeakSet()
"""The parts that are played in this process."""


def _leave_all() -> None:
    for part in tuple(_parts):
        part.leave()


if hasattr(os, "register_at_fork"):  # Windows has no forks
    os.register_at_fork(after_in_child=_leave_all)


def _answer(tell: Callable[[Any], None], found: Any, error: BaseException | None) -> None:  # noqa: ANN401 -- an answer
    tell(store_is_down(error.why) if isinstance(error, StoreDown) else error or found)


def _tell_all(waiting: list[_Waiting], why: str) -> None:
    for each in waiting:
        each.tell(None, StoreDown(why))


def facts_of(scenario: Scenario, **numbers: Any) -> dict[str, Any]:  # noqa: ANN401 -- what JSON knows
    """Return what all processes that share a state must agree on."""
    text = None
    with suppress(ValueError):  # who joins must have it then
        text = plain_scenario(scenario)
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
    url: str,
    name: str,
    *,
    timeout_seconds: float = TIMEOUT_SECONDS,
    speed: float = 1.0,
    seed: int | None = None,
    take_shared: bool = False,
    jobs_max: int = DEFAULT_JOBS_MAX,
    journal_max: int = DEFAULT_MAX,
    **options: Any,  # noqa: ANN401 -- those of an engine
) -> SharedState:
    """Join the state of this name in a store, or begin it; CannotShareState says why not.

    The scenario must be the one that the state was begun with, or that is played there now; any is
    taken over if ``take_shared`` says so.
    """
    shared_by = RedisStore(url, name, timeout_seconds)
    numbers: dict[str, float | None] = {"speed": speed, "seed": seed, "jobs_max": jobs_max}
    numbers |= {"journal_max": journal_max, "upload_max": options["store"].limit_bytes}
    ours = facts_of(scenario, **numbers)
    begun = shared_by.begin(FORM, token_hex(8), json.dumps(ours))
    if begun.form != FORM:
        raise CannotShareState(
            f"{shared_by.shown}: was written by another version of the mock, in form {begun.form}; "
            f"this one writes form {FORM}; give another --state-name, or delete it"
        )
    theirs = json.loads(begun.facts)
    is_first = theirs["parts"] == ours["parts"]
    if not is_first and theirs["text"] is None:
        raise _plays_another(
            *(shared_by, scenario, theirs["name"], theirs["name"]),
            "start with just that, variables included: it is not in the store, as it is of several "
            "files, has variables or was made in Python",
        )
    first = scenario if is_first else scenario_of(theirs["text"])
    for what, value in numbers.items():
        before, now = theirs[what], value
        if what == "seed" and before != now:  # one not given is the scenario's
            before, now = (first.seed if each is None else each for each in (before, now))
        if before != now:
            option = f"--{what.replace('_', '-')}"
            was, given = (str(each).removesuffix(".0") for each in (before, now))
            raise CannotShareState(
                f"{shared_by.shown}: its processes were started with {option} {was}, "
                f"not {given}; take that, or begin anew by another --state-name"
            )
    clock = StoreClock(speed, begun.begun_ns)
    engine = SharedEngine(
        first, clock, seed=theirs["seed"], jobs_max=jobs_max, journal_max=journal_max, **options
    )
    shared = SharedState(engine, clock, shared_by, begun)
    try:
        shared.start()
    except StoreDown as error:
        raise CannotShareState(f"{shared_by.shown}: {error.why}") from None
    if not is_first and digests(engine.scenario) != ours["parts"]:
        if not take_shared:
            shared.close()
            raise _plays_another(shared_by, scenario, theirs["name"], engine.scenario.name)
        shared.left_aside = scenario.name
    return shared


def _plays_another(
    store: RedisStore,
    ours: Scenario,
    begun_with: str,
    played: str,
    remedy: str = "play on what is played there by --state-scenario shared",
) -> CannotShareState:
    if ours.name == played:
        differs = f"{ours.name} has changed since it was first played there"
    elif begun_with == played:
        differs = f"its state was begun with {begun_with}, not with {ours.name} as here"
    else:
        differs = f"its state was begun with {begun_with}, and plays {played}, not {ours.name}"
    return CannotShareState(
        f"{store.shown}: {differs}; begin anew by another --state-name, or {remedy}"
    )
