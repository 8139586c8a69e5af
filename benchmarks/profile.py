"""Where a poll's microseconds go, and what each trick has bought: it is switched off.

The server's processor time is that of a burst of load. What of it is ours is measured beside it, in
this process, by its processor time too: the same bytes are read by the same code, with nothing
behind it that sends them.
"""

# ruff: noqa: SLF001 -- what stands inside of the mock is what is measured

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from functools import partial
from itertools import cycle
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from benchmarks.clients import API_KEY
from benchmarks.contenders import CONTENDERS, OURS, PATH, without
from benchmarks.load import request as head_of
from benchmarks.measure import differences, in_turns, row
from benchmarks.scenarios import ANY, path_of
from benchmarks.serve import burst_on
from benchmarks.started import all_started
from benchmarks.tricks import SERVED, TRICKS, one_client_goes_on
from mock_p1.engine.engine import Engine
from mock_p1.engine.journal import poll_entry
from mock_p1.engine.retrain_status_check import count_poll
from mock_p1.scenario.files import load_scenario
from mock_p1.server.http_protocol import Connections, HttpProtocol
from mock_p1.server.server import _date, _loop_factory
from mock_p1.transports.asgi import AsgiApp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.clients import Client
    from benchmarks.measure import Row, Scale
    from benchmarks.serve import Burst
    from benchmarks.tricks import Trick

    Poll = Callable[[], object]
    Figures = dict[str, list[float]]

TITLE = "profile: where a poll's processor time goes, and what each trick saves of it"
POLLS = 20_000
BLOCKS = 10
TOGETHER: Final = 2_000
"""Polls that come in one piece: as many as one reading of a socket brings."""

WHOLE: Final = "a poll, served"
PARTS: Final = ("all", "engine", "finding", "timeline", "journal", "composing")
SHARES: Final = (
    "reading: the same head again",
    "engine: finding the job",
    "engine: timeline and reply",
    "engine: journal and counts",
    "engine: lock, clock, limits",
    "composing: head, Date, body",
    "event loop, and colder caches",
    "kernel: waiting, receiving, sending",
)
OTHER: Final = path_of("job-000002")


class Nowhere:
    """A transport that sends nothing."""

    def __init__(self) -> None:
        self.write: Callable[[bytes], None] = lambda _: None

    def get_extra_info(self, name: str) -> Any:
        """Say who speaks to whom."""
        return ("127.0.0.1", 8191) if name in ("peername", "sockname") else None

    def is_closing(self) -> bool:
        """Stay."""
        return False

    def set_write_buffer_limits(self, _high: int) -> None:
        """Take all."""

    def pause_reading(self) -> None:
        """There is nothing to pause."""

    resume_reading = pause_reading


class InProcess:
    """A mock whose connection is handed what a client sends, and whose answers go nowhere."""

    def __init__(self) -> None:
        self.engine = Engine(load_scenario(ANY))
        app = AsgiApp(self.engine, self._nothing_else)
        self.shared = Connections(app, at_once=app)
        date = _date(self.engine.clock)
        self.shared.date = lambda: date
        self.connection = HttpProtocol(self.shared)
        self.connection.connection_made(Nowhere())
        headers = {"x-api-key": API_KEY}
        self.heads = [head_of(path, "127.0.0.1:8191", headers) for path in (PATH, OTHER)]
        for head in (*self.heads, self.heads[0]):
            self.connection.data_received(head)

    @staticmethod
    async def _nothing_else(*_: object) -> None:
        raise AssertionError("a poll is answered at once")

    def same(self) -> Poll:
        """Return what polls one job."""
        return partial(self.connection.data_received, self.heads[0])

    def turns(self) -> Poll:
        """Return what polls two jobs in turn."""
        take = cycle(self.heads).__next__
        return lambda: self.connection.data_received(take())

    def new(self) -> Poll:
        """Return what polls as if over a new connection."""

        def poll() -> None:
            self.connection._known = None
            self.connection.data_received(self.heads[0])

        return poll

    def parts(self) -> dict[str, Poll]:
        """Return what does each part of a poll, and what does the parts that hold others."""
        engine, state = self.engine, self.engine.state
        request = self.connection._known.request
        job = state.jobs.by_path(request.path, request.api_keys)
        reply, step = count_poll(state, job, engine.clock.now_ns(), request.base_url)
        journal = engine.journal

        def row_of_journal() -> None:
            entry = poll_entry(journal.number(), request, job, step, reply)
            journal.keep(entry)
            journal.keep_answer((entry.number, reply))
            job.tally[0] += 1

        now_ns = engine.clock.now_ns()
        return {
            "all": self.same(),
            "engine": partial(engine.handle, request),
            "finding": partial(state.jobs.by_path, request.path, request.api_keys),
            "timeline": partial(count_poll, state, job, now_ns, request.base_url),
            "journal": row_of_journal,
            "composing": partial(self.connection._answer, reply),
        }

    async def longest_turn(self) -> float:
        """Return for how many ms others wait when one client sends many polls at once."""
        longest, began = 0.0, time.thread_time()
        self.connection.data_received(self.heads[0] * TOGETHER)
        while True:
            longest = max(longest, time.thread_time() - began)
            if not self.connection._buffer:
                return longest * 1000
            began = time.thread_time()
            await asyncio.sleep(0)


def run(scale: Scale, client: Client) -> list[Row]:
    """Measure the whole, the parts and the tricks, in turns."""
    count = scale.of(POLLS)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        parts, found = _in_turns(client, scale, runner.run(_made()))
        saved = {trick.what: runner.run(_saved(trick, count, scale.rounds)) for trick in TRICKS}
        turns = [runner.run(_longest_turn(scale.rounds))]
        with one_client_goes_on():
            turns.append(runner.run(_longest_turn(scale.rounds)))
    whole = [burst.own + burst.kernel for burst in found[OURS]]
    poll = median(whole)
    for name in SERVED:
        bursts = zip(found[name], whole, strict=True)
        saved[name] = [burst.own + burst.kernel - ours for burst, ours in bursts]
    return [
        row(WHOLE, "us", whole, 1, better="less"),
        *(row(what, "us", values, 2) for what, values in _shares(found[OURS], parts).items()),
        *(row(what, "us saved", values, 2) for what, values in saved.items()),
        *(
            row(what, "% of a poll without it", [each / (poll + each) * 100 for each in values], 1)
            for what, values in saved.items()
        ),
        row("others wait for 2,000 polls in one piece", "ms", turns[0], 2, better="less"),
        row("the same, without turns of 32", "ms", turns[1], 2),
    ]


async def _made() -> InProcess:
    return InProcess()


def _in_turns(
    client: Client, scale: Scale, mock: InProcess
) -> tuple[Figures, dict[str, list[Burst]]]:
    """Return the parts of a poll; and bursts, of the server as it is and without each trick."""
    contenders = [each for each in CONTENDERS if each.name == OURS] + [*map(without, SERVED)]
    parts = {name: partial(_cost, part, scale.of(POLLS)) for name, part in mock.parts().items()}
    with ExitStack() as stack:
        running = all_started(stack, contenders)
        sides: dict[str, Callable[[], Any]] = {
            each.contender.name: burst_on(each, client, scale.seconds) for each in running
        }
        found = in_turns({**sides, **parts}, scale.rounds)
    return {name: found.pop(name) for name in parts}, found


def _shares(bursts: Sequence[Burst], parts: Figures) -> Figures:
    """Return what of a poll goes where; together they are the whole."""
    rows = zip(bursts, *(parts[name] for name in PARTS), strict=True)
    shares: Figures = {name: [] for name in SHARES}
    for burst, whole, engine, finding, timeline, journal, composing in rows:
        values = (
            whole - engine - composing, finding, timeline, journal,
            engine - finding - timeline - journal, composing, burst.own - whole, burst.kernel,
        )  # fmt: skip
        for name, value in zip(SHARES, values, strict=True):
            shares[name].append(value)
    return shares


async def _longest_turn(rounds: int) -> list[float]:
    return [await InProcess().longest_turn() for _ in range(rounds)]


async def _saved(trick: Trick, count: int, rounds: int) -> list[float]:
    """Return the microseconds of a poll that a trick saves, round by round.

    Each turn has a mock of its own: where its objects lie in memory is felt too.
    """

    def on() -> float:
        return _cost(getattr(InProcess(), trick.polls)(), count)

    def off() -> float:
        with trick.off():
            return on()

    costs = in_turns({"on": on, "off": off}, rounds)
    return differences(costs["off"], costs["on"])


def _cost(poll: Poll, count: int) -> float:
    """Return the microseconds of this thread's processor time that a poll takes.

    Those of the quickest of a few blocks: what else the machine does only ever slows one down.
    """
    blocks = []
    for _ in range(BLOCKS):
        began = time.thread_time()
        for _ in range(count // BLOCKS + 1):
            poll()
        blocks.append((time.thread_time() - began) / (count // BLOCKS + 1) * 1e6)
    return min(blocks)
