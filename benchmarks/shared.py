"""Polls where the state is in a store: beside a mock that has it alone, and what a start costs.

Store, mocks and load share the machine. Three processes are measured where it has five cores.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

from benchmarks.clients import CONNECTIONS, HEADERS, exactly
from benchmarks.cores import ON_LOAD_CORE
from benchmarks.measure import in_turns, ratios, row
from benchmarks.processes import get, mock, running
from benchmarks.report import say
from benchmarks.scenarios import ANY, path_of, written
from benchmarks.started import TELLS_CPU
from benchmarks.store import running_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.clients import Client
    from benchmarks.measure import Row, Scale
    from benchmarks.processes import Server
    from benchmarks.store import Store

TITLE = "shared: polls with the state in a store, on one machine with the store and the load"
PATH: Final = path_of("job-000001")
JOBS: Final = 100_000
MOST: Final = 6000
"""More polls a second make the load in Python wait for itself."""

PROCESSES: Final = 3
CORES: Final = 5
"""So many are needed by a store, three mocks and a load."""


class Burst(NamedTuple):
    """Polls a second, and for each poll: round trips to the store, and microseconds of processor.

    ``others`` is the time of a process that is not asked.
    """

    rate: float
    calls: float
    asked: float
    store: float
    others: float


def run(scale: Scale, client: Client) -> list[Row]:
    """Measure polls, waits and starts."""
    with ExitStack() as stack:
        scenario = stack.enter_context(written(ANY))
        store = stack.enter_context(running_store())
        rows = _polls(scale, client, scenario, store)
        rows += _together(scale, client, scenario, store)
        return [*rows, *_starts(scale, scenario, store)]


def sharing(scenario: Path, store: Store, name: str) -> list[str]:
    """Return the command of a mock that shares a state."""
    return [*mock(scenario), "--state", store.url, "--state-name", name]


def _polls(scale: Scale, client: Client, scenario: Path, store: Store) -> list[Row]:
    with ExitStack() as stack:
        alone = stack.enter_context(running(mock(scenario)))
        one = stack.enter_context(running(sharing(scenario, store, "polls")))
        for server in (alone, one):
            client.burst(server.url, [PATH], scale.seconds)
        sides = {
            f"{where}, {connections} connection{'s' * (connections > 1)}": partial(
                _burst, client, server, server, store, connections, scale.seconds
            )
            for where, server in (("in memory", alone), ("shared", one))
            for connections in (CONNECTIONS, 1)
        }
        found = in_turns(sides, scale.rounds)
        rate = statistics.median(burst.rate for burst in found["shared, 16 connections"]) / 2
        rate = min(rate, MOST)
        at_half = {
            where: partial(_p99, server, rate, scale.seconds)
            for where, server in (("in memory", alone), ("shared", one))
        }
        waits = in_turns(at_half, scale.rounds)
        other = stack.enter_context(running(sharing(scenario, store, "polls")))
        beside = partial(_burst, client, one, other, store, CONNECTIONS, scale.seconds)
        others = [burst.others for burst in in_turns({"": beside}, scale.rounds)[""]]
    shared, memory = found["shared, 16 connections"], found["in memory, 16 connections"]
    rows = [row(what, "replies/s", [b.rate for b in bursts]) for what, bursts in found.items()]
    times = ratios([b.rate for b in shared], [b.rate for b in memory])
    rows.append(row("shared / in memory, 16 connections", "times", times, 2, (">=", 0.25)))
    for what in ("shared, 1 connection", "shared, 16 connections"):
        calls = [burst.calls for burst in found[what]]
        rows.append(row(f"{what}: round trips for a poll", "", calls, 2, ("<=", 1.3)))
        if TELLS_CPU:
            asked, stores = ([getattr(b, who) for b in found[what]] for who in ("asked", "store"))
            rows.append(row(f"{what}: the process", "us of processor", asked, 1))
            rows.append(row(f"{what}: the store", "us of processor", stores, 1))
    if TELLS_CPU:
        what = "shared, 16 connections: a process that is not asked"
        rows.append(row(what, "us of processor", others, 1))
    rows.append(
        row(f"shared, at half load: {rate:,.0f}/s", "ms, 99 %", waits["shared"], 2, ("<=", 5))
    )
    return [*rows, row("in memory, as many polls", "ms, 99 %", waits["in memory"], 2)]


def _burst(  # noqa: PLR0913, PLR0917 -- the parts of an arrangement
    client: Client, server: Server, other: Server, store: Store, connections: int, seconds: float
) -> Burst:
    pids = server.process.pid, other.process.pid, store.process.pid
    calls, before = store.round_trips(), [_cpu_seconds(pid) for pid in pids]
    load = client.burst(server.url, [PATH], seconds, connections=connections)
    used = [_cpu_seconds(pid) - was for pid, was in zip(pids, before, strict=True)]
    asked, others, of_store = (each * 1_000_000 / load.replies for each in used)
    made = (store.round_trips() - calls) / load.replies
    return Burst(load.rate, made, asked, of_store, others)


def _cpu_seconds(pid: int) -> float:
    if not TELLS_CPU:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _p99(server: Server, rate: float, seconds: float) -> float:
    """Return the 99th percentile of waits at so many polls a second, in milliseconds."""
    parts = urlsplit(server.url)
    order = {
        "address": [parts.hostname, parts.port], "path": PATH, "headers": HEADERS,
        "rate": rate, "seconds": 3 * seconds, "connections": CONNECTIONS,
    }  # fmt: skip
    done = subprocess.run(
        [*ON_LOAD_CORE, sys.executable, "-m", "benchmarks.paced"],
        input=json.dumps(order), capture_output=True, check=False, encoding="utf-8",
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"load on {server.url} failed: {done.stderr.strip()}")
    return float(done.stdout)


def _together(scale: Scale, client: Client, scenario: Path, store: Store) -> list[Row]:
    """Measure three processes on one port beside one, where there are cores for them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if (cores or 1) < CORES:
        say(f"  not measured: three processes, which need {CORES} cores; here are {cores}")
        return []
    with ExitStack() as stack:
        commands = {
            "one": sharing(scenario, store, "one"),
            "three": [*sharing(scenario, store, "three"), "--workers", str(PROCESSES)],
        }
        servers = {name: stack.enter_context(running(each)) for name, each in commands.items()}
        sides = {
            name: partial(client.burst, server.url, [PATH], scale.seconds)
            for name, server in servers.items()
        }
        found = in_turns(sides, scale.rounds)
    rates = {name: [load.rate for load in loads] for name, loads in found.items()}
    times = ratios(rates["three"], rates["one"])
    return [
        row("three processes", "replies/s", rates["three"]),
        row("three processes / one", "times", times, 2, (">=", 1.5)),
    ]


def _starts(scale: Scale, scenario: Path, store: Store) -> list[Row]:
    """Measure from a start to the first right reply, with and without very many job states."""
    count, name = scale.of(JOBS), uuid4().hex
    what = f"with {count:,} job states"
    with running(sharing(scenario, store, name)) as server:
        exactly(server.url, [path_of(f"job-{number}") for number in range(count)], count)
    sides = {
        what: partial(_first_reply, scenario, store, name),
        "without": lambda: _first_reply(scenario, store, uuid4().hex),
    }
    found = in_turns(sides, scale.rounds)
    with _killed(scenario, store, name) as server:
        paths = [path_of(f"job-{number}") for number in range(count)]
        exactly(server.url, paths, scale.of(JOBS // 2))
    killed = _first_reply(scenario, store, name)[0]
    (with_states, without), by_cpu = (
        [[each[n] for each in found[side]] for side in (what, "without")] for n in (0, 1)
    )
    rows = [
        row(f"first reply, {what}", "s", with_states, 2),
        row("first reply, without", "s", without, 2),
        row("first reply, with job states / without", "times", ratios(with_states, without), 2),
        row(f"the same, {count // 2:,} polls after a snapshot, all killed", "s", [killed], 2),
    ]
    if TELLS_CPU:
        times = ratios(*by_cpu)
        rows.append(row("the same ratio, of processor time", "times", times, 2, better="less"))
    return rows


@contextmanager
def _killed(scenario: Path, store: Store, name: str) -> Iterator[Server]:
    with running(sharing(scenario, store, name)) as server:
        yield server
        server.process.send_signal(signal.SIGKILL)


def _first_reply(scenario: Path, store: Store, name: str) -> tuple[float, float]:
    """Return how long a start takes to its first right reply, and its processor time so far."""
    with running(sharing(scenario, store, name)) as server:
        get(server.url, PATH)
        return time.perf_counter() - server.started, _cpu_seconds(server.process.pid)
