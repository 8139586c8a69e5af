"""A scenario of 100,000 generated jobs against a scenario of one.

Loading it, and polling one of its jobs, a few, or all of them, in random order; and the one job by
as many keys.

A job's first poll starts its timeline and writes its reply, which later polls of the same step give
again. So first polls are compared with first polls (of the one job, each by another key), and later
ones with later ones. A few jobs tell what it costs that a client asks for another one each time,
all of them what it costs, too, that none is in the processor's caches.
"""

from __future__ import annotations

import random
import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.clients import API_KEY, exactly
from benchmarks.measure import in_turns, ratios, row
from benchmarks.processes import get, mock, running
from benchmarks.scenarios import ONE, ONE_ID, generated, path_of, written
from mock_p1.base.messages import Request
from mock_p1.engine.engine import Engine
from mock_p1.scenario.files import load_scenario

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.clients import Client
    from benchmarks.measure import Row, Scale

TITLE = "many: 100,000 generated jobs against one job, ids at random"
JOBS = 100_000
POLLS = 10_000
FEW = 16
TARGET = ("<=", 1.2)


class Side(NamedTuple):
    """A scenario to poll, and the paths of its jobs in a random order; each by a key, or one."""

    name: str
    file: Path
    paths: list[str]
    has_keys: bool = False

    def requests(self) -> list[Request]:
        """Return a request of each path."""
        keys = (f"{API_KEY}-{n}" if self.has_keys else API_KEY for n in range(len(self.paths)))
        return [
            Request("GET", path, "", (key,), "http://127.0.0.1:8191")
            for path, key in zip(self.paths, keys, strict=True)
        ]


def run(scale: Scale, client: Client) -> list[Row]:
    """Load each scenario, then poll each through the engine and through the server."""
    count, polls = scale.of(JOBS), scale.of(POLLS)
    texts = {
        "one job": ONE,
        "prefix": generated(count, prefix=True),
        "UUIDs": generated(count, prefix=False),
    }
    with ExitStack() as stack:
        one, *many = (
            _side(name, stack.enter_context(written(text)), count) for name, text in texts.items()
        )
        known = many[0].paths
        alone = many[0]._replace(name="one of them", paths=known[:1] * count)
        few = many[0]._replace(name="a few of them", paths=(known[:FEW] * count)[:count])
        keys = one._replace(name="by keys", has_keys=True)
        rounds, seconds = scale.rounds, scale.seconds
        loaded = _turns(many, rounds, lambda side: partial(_load, side))
        tables = {
            "engine": _turns(
                [one, alone, few, *many, keys], rounds, lambda side: _in_engine(side, polls)
            ),
            "engine, first polls": _turns(
                [one._replace(has_keys=True), *many],
                rounds,
                lambda side: partial(_first_in_engine, side, polls),
            ),
            "server": _turns(
                [one, alone, few, *many],
                rounds,
                lambda side: _on_wire(stack, side, client, seconds),
            ),
            "server, first polls": _turns(
                many, rounds, lambda side: partial(_first_on_wire, side, client, seconds)
            ),
        }
    return [
        *(
            row(f"loaded, an id looked up: {name}", "s", times, 2, ("<=", 3))
            for name, times in loaded.items()
        ),
        *(
            row(f"{where}: {name}", "us a poll", cost, 1)
            for where, costs in tables.items()
            for name, cost in costs.items()
        ),
        *(
            row(f"{where}: {name} / one job", "times", ratios(cost, costs["one job"]), 2, TARGET)
            for where, costs in tables.items()
            for name, cost in costs.items()
            if "one job" in costs and name != "one job"
        ),
    ]


def _turns(
    sides: list[Side], rounds: int, measured: Callable[[Side], Callable[[], float]]
) -> dict[str, list[float]]:
    return in_turns({side.name: measured(side) for side in sides}, rounds)


def _side(name: str, file: Path, count: int) -> Side:
    ids = (
        [ONE_ID] * count
        if name == "one job"
        else list(Engine(load_scenario(file)).state.directory.ids())
    )
    random.Random(0).shuffle(ids)  # noqa: S311 -- nothing secret
    return Side(name, file, [path_of(job_id) for job_id in ids])


def _load(side: Side) -> float:
    began = time.perf_counter()
    Engine(load_scenario(side.file)).state.directory.find("no-such-job")
    return time.perf_counter() - began


def _in_engine(side: Side, count: int) -> Callable[[], float]:
    """Return a function that polls the next jobs, each of which was polled before.

    Microseconds a poll.
    """
    engine = Engine(load_scenario(side.file))
    requests = side.requests()
    _poll(engine, requests)
    at = 0

    def next_block() -> float:
        nonlocal at
        block = (requests * 2)[at : at + count]
        at = (at + count) % len(requests)
        return _poll(engine, block)

    return next_block


def _first_in_engine(side: Side, count: int) -> float:
    """Poll jobs that were not polled before.

    The one job with keys that have not polled it before.
    """
    return _poll(Engine(load_scenario(side.file)), side.requests()[:count])


def _poll(engine: Engine, requests: list[Request]) -> float:
    began = time.perf_counter()
    for request in requests:
        engine.handle(request)
    return (time.perf_counter() - began) / len(requests) * 1e6


def _on_wire(stack: ExitStack, side: Side, client: Client, seconds: float) -> Callable[[], float]:
    """Return a function that polls on, on a server where each job was polled before.

    Microseconds a poll.
    """
    url = stack.enter_context(running(mock(side.file))).url
    exactly(url, side.paths, len(side.paths))
    polled = 0

    def next_block() -> float:
        nonlocal polled
        load = client.burst(url, side.paths, seconds, polled)
        polled += load.replies
        return 1e6 / load.rate

    return next_block


def _first_on_wire(side: Side, client: Client, seconds: float) -> float:
    with running(mock(side.file)) as server:
        get(server.url, side.paths[-1])
        return 1e6 / client.burst(server.url, side.paths[:-1], seconds).rate
