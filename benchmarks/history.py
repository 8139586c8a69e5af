"""``python -m benchmarks.history --seconds 60``.

Random histories of clients, tests, kills and newcomers at mocks that share a state in a real store,
each held against one mock that has its state alone: played in the store's order, it gives every
client the same answers, and nobody's answer comes before an answer that he already knew.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import threading
import time
from contextlib import ExitStack, suppress
from functools import partial
from itertools import count
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from benchmarks.report import say
from benchmarks.store import running_store
from mock_p1.base.clock import SECOND
from mock_p1.base.messages import Reply, Request
from mock_p1.engine.acts import SharedEngine, StoreDown
from mock_p1.engine.driver import Driver
from mock_p1.engine.receiver import Receiver
from mock_p1.scenario.parser import parse
from mock_p1.server import shared_state
from mock_p1.server.shared_state import SharedState, StoreClock, share
from mock_p1.server.upload_store import UploadStore

if TYPE_CHECKING:
    from collections.abc import Callable

PATH: Final = "/v1/external/retrain_jobs/"
SCENARIO: Final = """
new_jobs: {timeline: [{status: job_waiting, for: upload}, {status: job_finished}]}
calls: {retrain_model_switch: [{error: not_found_retrain_job, for: 2 calls}, ok]}
jobs:
  a: {timeline: [{status: job_waiting, for: 20 polls}, {status: job_finished}]}
  timed: {timeline: [{status: job_waiting, for: 1h}, {status: job_finished}]}
  link: {timeline: [{status: job_finished, result: {rows: 2, fails: 3}}]}
  "p*": {timeline: [{status: job_waiting, for: 2 polls}, {status: job_finished}]}
"""
OTHER: Final = SCENARIO.replace("20 polls", "5 polls")
ACTS: Final = (
    *["poll"] * 8,
    *("create", "put", "download", "switch", "step", "fail", "advance", "reset", "swap"),
)
CLIENTS: Final = 6
LOST: Final = 0.03
"""Of so many acts the store's answer gets lost."""


class WrongHistoryError(AssertionError):
    """What was seen is not what one mock would have shown."""


class Killed(StoreDown):
    """The process is no more."""


class History:
    """One history: mocks on one state, and what their clients saw."""

    def __init__(self, url: str, seed: int, turns: int, stack: ExitStack) -> None:
        self._url, self._name, self._stack = url, uuid4().hex, stack
        self._turns, self._seed = turns, seed
        self.mocks: list[SharedState] = []
        self.seen: dict[str, Any] = {}
        """What each request was answered, by its note."""
        self.when: dict[str, tuple[int, int]] = {}
        """When each was sent and answered, by a clock that ticks at either."""
        self.asked: dict[str, SharedState] = {}
        """Which mock each was sent to."""
        self._ticks = count()
        for _ in range(3):
            self._join()

    def _join(self) -> None:
        options = {"jobs_max": 1000, "journal_max": 100_000, "store": UploadStore()}
        shared = share(parse(SCENARIO, "f.yaml"), self._url, self._name, **options)
        self._stack.callback(shared.close)
        self.mocks.append(shared)
        chance = random.Random(f"{self._seed} lost {len(self.when)}")  # noqa: S311 -- no secret
        append, appended = shared.store.append, shared.store.appended

        adds = False

        def asked(*arguments: Any, **more: Any) -> None:
            nonlocal adds
            adds = bool(arguments[5])
            append(*arguments, **more)

        def lossy() -> Any:
            done = appended()
            if adds and chance.random() < LOST:
                raise StoreDown("its answer was lost")
            return done

        shared.store.append, shared.store.appended = asked, lossy

    def _kill(self, chance: random.Random) -> None:
        """Let a mock reach its store never again, before or after what it asks next is done."""
        victim = self.mocks.pop(chance.randrange(len(self.mocks)))
        append, is_done = victim.store.append, chance.random() < 0.5
        appended = victim.store.appended

        def killed(*arguments: Any, **more: Any) -> Any:
            nonlocal is_done
            if is_done and arguments[5]:
                is_done = False
                append(*arguments, **more)
                appended()
            raise Killed("killed")

        victim.store.append = killed
        self._join()

    def play(self) -> None:
        """Let all clients do what they do."""
        clients = [threading.Thread(target=self._client, args=(n,)) for n in range(CLIENTS)]
        for client in clients:
            client.start()
        chance = random.Random(f"{self._seed} kills")  # noqa: S311 -- no secret
        for _ in range(3):
            time.sleep(0.02 * chance.random())
            self._kill(chance)
        for client in clients:
            client.join()

    def _client(self, number: int) -> None:
        chance = random.Random(f"{self._seed} {number}")  # noqa: S311 -- likewise
        answers: list[Any] = []
        for turn in range(self._turns):
            shared = chance.choice(self.mocks)
            engine = shared.engine
            note = f"{number}/{turn}"

            self.asked[note] = shared

            def ask(
                path: str, *, note: str = note, engine: SharedEngine = engine, **more: Any
            ) -> None:
                request = Request(
                    path=path, api_keys=(chance.choice("kl"),), base_url="http://m", note=note,
                    **{"method": "GET", **more},
                )  # fmt: skip
                began = next(self._ticks)
                if request.has_body:
                    answer = taken(engine, request)
                else:
                    answer = chance.choice((engine.handle, partial(_as_a_loop, engine)))(request)
                self.when[note] = began, next(self._ticks)
                self.seen[note] = None if is_down(answer) else answer
                answers.append(answer)

            with suppress(LookupError, StoreDown):  # no step to move to; it was killed
                _act(chance, answers, ask, Driver(engine))

    def judge(self) -> None:
        """WrongHistoryError where one mock would have shown something else."""
        for shared in self.mocks * 3:  # what one does may lead to notes of another
            shared.engine.refresh()
        client = self.mocks[0].store._client  # noqa: SLF001 -- reads what no mock asks for
        begun_ns = int(client.hget(f"{{{self._name}}}:meta", "begun")) * 1000
        clock = StoreClock(1.0, begun_ns)
        alone = SharedEngine(parse(SCENARIO, "f.yaml"), clock, jobs_max=1000, journal_max=100_000)
        again: dict[str, Any] = {}
        for _, fields in client.xrange(f"{{{self._name}}}:log"):
            clock.set_moment(int(fields[b"t"]) * 1000)
            for act in json.loads(fields[b"a"]):
                answer = None
                with suppress(LookupError):
                    answer = alone.perform(act)
                if act[0] in ("ask", "begin") and again.setdefault(act[-1], answer) is not answer:
                    raise WrongHistoryError(f"{act[-1]} was done twice")
        self._must_be_in_order([*again])
        for note, answer in self.seen.items():
            expected = again.get(note)
            if answer is not None and not isinstance(expected, Receiver) and answer != expected:
                raise WrongHistoryError(f"{note}: {answer}, not {expected}")
        if any([*shared.engine.journal] != [*alone.journal] for shared in self.mocks):
            raise WrongHistoryError("a journal differs from that of one mock")
        for entry in alone.journal:
            note = next(each for each in entry.notes if each in self.asked)
            is_known = self.asked[note] in self.mocks and not isinstance(again[note], Receiver)
            if is_known and (shared_state.COUNTED in entry.notes) != (self.seen[note] is None):
                raise WrongHistoryError(f"{note}: its entry is wrong about whether it was answered")

    def _must_be_in_order(self, notes: list[str]) -> None:
        """Hold the store's order against the clients': what was answered comes before what began.

        Of what was never answered nobody knows when it was done.
        """
        latest = -1
        for note in notes:
            began, ended = self.when.get(note, (-1, -1))
            if self.seen.get(note) is not None and ended < latest:
                raise WrongHistoryError(f"{note} stands behind what began after its answer")
            latest = max(latest, began)


def _as_a_loop(engine: SharedEngine, request: Request) -> Any:
    """Return the answer to a request as the loop of a server gets it."""
    told: SimpleQueue[Any] = SimpleQueue()
    engine.handle_later([(request, told.put)])
    return told.get()


def _act(
    chance: random.Random, answers: list[Any], ask: Callable[..., None], driver: Driver
) -> None:
    job = chance.choice(["a", "timed", "link", f"p{chance.randrange(9)}"])
    doings: dict[str, Callable[[], object]] = {
        "poll": partial(ask, PATH + job),
        "create": partial(ask, f"{PATH}upload_url", query="filename=a.csv"),
        "put": partial(_follow, answers, b"upload_url", ask, method="PUT", has_body=True),
        "download": partial(_follow, answers, b"download_url", ask),
        "switch": partial(ask, f"{PATH}{job}/update_model", method="PUT"),
        "step": partial(driver.step, job),
        "fail": partial(driver.fail_next, "job_may_be_deleted", job_id=job),
        "advance": partial(driver.advance, chance.randrange(SECOND)),
        "swap": partial(driver.load, parse(chance.choice([SCENARIO, OTHER]), "f.yaml")),
        "reset": partial(driver.reset, *chance.choice([(), (job,), (job,), (job,)])),
    }
    doings[chance.choice(ACTS)]()


def _follow(answers: list[Any], kind: bytes, ask: Callable[..., None], **more: Any) -> None:
    """Ask for the newest link of a kind, if the client has one."""
    known = b"".join(each.body for each in answers[-5:] if isinstance(each, Reply))
    if links := re.findall(rb'"%b": "http://m([^"]+)' % kind, known):
        ask(links[-1].decode(), **more)


def taken(engine: SharedEngine, request: Request) -> Any:
    """Send a file."""
    receiver = engine.receive(request, 8)
    if not isinstance(receiver, Receiver):
        return receiver
    receiver.write(b"a,b\n1,2\n")
    return receiver.finish()


def is_down(answer: object) -> bool:
    """Tell whether an answer is that the store does not answer."""
    return isinstance(answer, Reply) and b"MOCK_P1_STORE" in answer.body


def play(url: str, seed: int, turns: int = 25) -> int:
    """Play a history in a store, or raise WrongHistoryError; return how many had an answer."""
    before = shared_state.SNAPSHOT_ACTS
    shared_state.SNAPSHOT_ACTS = 40  # so that newcomers read one
    try:
        with ExitStack() as stack:
            history = History(url, seed, turns, stack)
            history.play()
            history.judge()
            return sum(answer is not None for answer in history.seen.values())
    finally:
        shared_state.SNAPSHOT_ACTS = before  # likewise


def main() -> None:
    """Play one history after the other; end with the first that is wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.history")
    parser.add_argument("--seconds", type=float, default=60, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the first history")
    options = parser.parse_args()
    until, seed, answered = time.monotonic() + options.seconds, options.seed, 0
    with running_store() as store:
        while time.monotonic() < until:
            try:
                answered += play(store.url, seed, 100)
            except WrongHistoryError as wrong:
                sys.exit(f"seed {seed}: {wrong}")
            seed += 1
    say(f"{seed - options.seed} histories, {answered:,} answers: as of one mock")


if __name__ == "__main__":
    main()
