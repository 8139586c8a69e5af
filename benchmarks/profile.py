"""Where a poll's microseconds go, and what each trick has bought: it is switched off.

The server's processor time is that of a burst of load. What of it is ours is measured beside it, in
this process, by its processor time too: the same bytes are read by the same code, with nothing
behind it that sends them.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from benchmarks.contenders import BY_NAME, OURS, without
from benchmarks.in_process import InProcess
from benchmarks.measure import differences, in_turns, row
from benchmarks.report import say
from benchmarks.serve import burst_on
from benchmarks.started import TELLS_CPU, all_started
from benchmarks.tricks import SERVED, SHARED_WRITE, TRICKS
from mock_p1.server.server import _loop_factory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.clients import Client
    from benchmarks.in_process import Poll
    from benchmarks.measure import Row, Scale
    from benchmarks.serve import Burst
    from benchmarks.tricks import Trick

    Figures = dict[str, list[float]]

TITLE = "profile: where a poll's processor time goes, and what each trick saves of it"
POLLS = 20_000
BLOCKS = 10

TOGETHER = 32
SHARE: Final = "% of a poll without it"
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


def run(scale: Scale, client: Client) -> list[Row]:
    """Measure the whole, the parts and the tricks, in turns."""
    if not TELLS_CPU:
        say("  left out: this system does not tell the processor time of other processes")
        return []
    count = scale.of(POLLS)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        parts, found = _in_turns(client, scale, runner.run(_made()))
        saved = {trick.what: runner.run(_saved(trick, count, scale.rounds)) for trick in TRICKS}
    whole = [burst.cost for burst in found[OURS]]
    for name in SERVED:
        saved[name] = differences([burst.cost for burst in found[name]], whole)
    of_a_poll = dict.fromkeys(saved, median(whole))
    if client.tool == "wrk":
        together, saved[SHARED_WRITE] = _pipelined(client, scale)
        of_a_poll[SHARED_WRITE] = median(together)
    return [
        row(WHOLE, "us", whole, 1, better="less"),
        *(row(what, "us", values, 2) for what, values in _shares(found[OURS], parts).items()),
        *(row(what, "us saved", values, 2) for what, values in saved.items()),
        *(
            row(what, SHARE, [_share(each, of_a_poll[what]) for each in values], 1)
            for what, values in saved.items()
        ),
    ]


def _share(saved: float, left: float) -> float:
    """Return what percentage of a poll without a trick the trick saves.

    A quick run on a busy machine may measure no time at all.
    """
    return saved / (saved + left) * 100 if saved + left else 0.0


def _pipelined(client: Client, scale: Scale) -> tuple[list[float], list[float]]:
    """Return what one of many polls takes that are sent together, and what their trick saves."""
    with ExitStack() as stack:
        found = in_turns(
            {
                each.contender.name: burst_on(each, client, scale.seconds, TOGETHER)
                for each in all_started(stack, [BY_NAME[OURS], without(SHARED_WRITE)])
            },
            scale.rounds,
        )
    on, off = ([burst.cost for burst in found[name]] for name in (OURS, SHARED_WRITE))
    return on, differences(off, on)


async def _made() -> InProcess:
    return InProcess()


def _in_turns(
    client: Client, scale: Scale, mock: InProcess
) -> tuple[Figures, dict[str, list[Burst]]]:
    """Return the parts of a poll; and bursts, of the server as it is and without each trick."""
    contenders = [BY_NAME[OURS], *map(without, SERVED)]
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
