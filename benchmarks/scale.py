"""Whether a poll costs more where there is more: of jobs, keys, patterns, connections, held polls.

In the engine, by processor time: polls of one job, and of a few hundred jobs or keys out of many.
"""

from __future__ import annotations

import gc
import json
import random
import subprocess
import sys
import time
import tracemalloc
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from benchmarks.clients import API_KEY, HEADERS
from benchmarks.measure import in_turns, ratios, row
from benchmarks.processes import ROOT, mock, running
from benchmarks.scenarios import ONE, ONE_ID, generated, path_of, written
from mock_p1.base.messages import Request
from mock_p1.engine.engine import Engine
from mock_p1.scenario.parser import parse

try:
    import resource
except ImportError:  # Windows, where there is no such limit
    resource = None

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from benchmarks.clients import Client
    from benchmarks.measure import Row, Scale

TITLE = "scale: what a poll costs where there is much, against where there is little"
JOBS = 1_000_000
KEYS = 100_000
PATTERNS = 20_000
POLLED = 500
TURNS = 20
TOUCHED = 20_000
CONNECTIONS = 10_000
FEW_CONNECTIONS = 16
HELD = 5_000
RATE = 500.0
FLAT = ("<=", 1.2)

_TIMELINE = "{timeline: [{status: job_running, for: 1000000000 polls}, {status: job_finished}]}"
_HELD = "jobs: {held: {timeline: [{status: job_running, delay: 1h}]}}\n"


def run(scale: Scale, _client: Client) -> list[Row]:
    """Measure the engine, then the server."""
    return [*_in_engine(scale), *_on_wire(scale)]


def _in_engine(scale: Scale) -> list[Row]:
    jobs, keys, patterns = scale.of(JOBS), scale.of(KEYS), scale.of(PATTERNS)
    many_keys = "".join(f"  key-{number}: active\n" for number in range(keys))
    many_patterns = "".join(f"  'p{number}-*': {_TIMELINE}\n" for number in range(patterns))
    few = "one job"
    sides = {
        few: _Polls(generated(1, prefix=True)),
        f"{POLLED:,} jobs": _Polls(generated(POLLED, prefix=True)),
        f"{jobs:,} jobs": _Polls(generated(jobs, prefix=True)),
        f"{keys:,} keys of one job": _Polls(
            f"api_keys:\n{many_keys}jobs:\n  {ONE_ID}: {_TIMELINE}\n",
            [(ONE_ID, f"key-{number}") for number in range(keys)],
        ),
        f"{patterns:,} patterns": _Polls(
            f"jobs:\n{many_patterns}", [(f"p{number}-1", API_KEY) for number in range(patterns)]
        ),
    }
    times = in_turns({name: side.again for name, side in sides.items()}, scale.rounds)
    return [
        *(row(f"engine: {name}", "us a poll", found, 2) for name, found in times.items()),
        *(
            row(f"engine: {name} / {few}", "times", ratios(found, times[few]), 2, FLAT)
            for name, found in times.items()
            if name != few
        ),
        row("memory of a job that was polled", "bytes", [_bytes_of_a_job(scale.of(TOUCHED))]),
    ]


class _Polls:
    """An engine, and polls of a few of its jobs, or of pairs of job and key, drawn at random.

    All others were polled too, as far as they are no more than TOUCHED.
    """

    def __init__(self, text: str, pairs: Sequence[tuple[str, str]] = ()) -> None:
        self._engine = Engine(parse(text))
        pairs = pairs or [(job_id, API_KEY) for job_id in self._engine.state.directory.ids()]
        chance = random.Random(0)  # noqa: S311 -- nothing secret
        asked = [_request(*pair) for pair in chance.sample(pairs, min(TOUCHED, len(pairs)))]
        for request in asked:
            self._engine.handle(request)
        self._requests = chance.choices(asked, k=POLLED)

    def again(self) -> float:
        """Poll some of them; return the microseconds of the processor that a poll takes."""
        began = time.process_time()
        for request in self._requests * TURNS:
            self._engine.handle(request)
        return (time.process_time() - began) / len(self._requests) / TURNS * 1e6


def _request(job_id: str, key: str) -> Request:
    return Request("GET", path_of(job_id), "", (key,), "http://127.0.0.1:8191")


def _bytes_of_a_job(count: int) -> float:
    """Return what an engine holds more for each job that was polled once."""
    engine = Engine(parse(generated(count, prefix=True)))
    ids = [*engine.state.directory.ids()]
    engine.handle(_request(ids[0], API_KEY))
    gc.collect()
    tracemalloc.start()
    for job_id in ids:
        engine.handle(_request(job_id, API_KEY))
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held / count


def _on_wire(scale: Scale) -> list[Row]:
    files = _open_files() - 100
    many, held = min(scale.of(CONNECTIONS), files), min(scale.of(HELD), files)
    options = {"rate": RATE, "seconds": 4 * scale.seconds}
    with written(ONE) as one, written(_HELD) as waits:
        sides: dict[str, Callable[[], float]] = {
            "few": partial(_crowd, one, FEW_CONNECTIONS, path_of(ONE_ID), options),
            "many": partial(_crowd, one, many, path_of(ONE_ID), options),
            "held": partial(_crowd, waits, held, path_of("held"), {"advance": "1h"}),
        }
        found = in_turns(sides, min(scale.rounds, 5))
    few_name = f"server: polls at a steady rate, {FEW_CONNECTIONS} connections"
    return [
        row(few_name, "ms, 99 %", found["few"], 2),
        row(f"server: the same, {many:,} connections", "ms, 99 %", found["many"], 2),
        row("server: many / few", "times", ratios(found["many"], found["few"]), 2, ("<=", 3)),
        row(f"server: {held:,} held polls, woken", "ms", found["held"], 0, ("<=", 1000)),
    ]


def _open_files() -> int:
    """Return how many files a process may have open, after asking for all that it may ask for."""
    if resource is None:
        return CONNECTIONS * 2
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = CONNECTIONS * 2 if hard == resource.RLIM_INFINITY else min(hard, CONNECTIONS * 2)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


def _crowd(scenario: Path, count: int, path: str, options: dict[str, object]) -> float:
    """Let a process have so many connections to a server; return what it prints, see crowd.py."""
    with running(mock(scenario)) as server:
        parts = urlsplit(server.url)
        address = [parts.hostname, parts.port]
        order = {"address": address, "path": path, "headers": HEADERS, "connections": count}
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.crowd"],
            input=json.dumps(order | options), capture_output=True, check=False, cwd=ROOT,
            encoding="utf-8",
        )  # fmt: skip
    if done.returncode:
        sys.exit(f"the crowd at {server.url} failed: {done.stderr.strip()}")
    return float(done.stdout)
