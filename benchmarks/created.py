"""Ten thousand jobs that a client created by upload: their memory, the last beside the first."""

from __future__ import annotations

import json
import time
import tracemalloc
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.measure import in_turns, ratios, row
from benchmarks.scenarios import path_of
from mock_p1.base.messages import Reply, Request
from mock_p1.engine.engine import Engine
from mock_p1.engine.receiver import Receiver
from mock_p1.scenario.files import load_scenario

if TYPE_CHECKING:
    from benchmarks.clients import Client
    from benchmarks.measure import Row, Scale

TITLE = "created: 10,000 jobs that a client has created, in the engine"
JOBS = 10_000
POLLS = 20_000
SCENARIO = """
new_jobs: {timeline: [{status: job_waiting, for: upload}, {status: job_running}]}
"""
BASE = "http://mock"


class Created(NamedTuple):
    """An engine, the ids of the jobs in it, and the bytes that they take."""

    engine: Engine
    ids: list[str]
    taken_bytes: int


def run(scale: Scale, _client: Client) -> list[Row]:
    """Create the jobs, each with its file; then poll the first and the last in turns."""
    created = _create(scale.of(JOBS))
    polls = scale.of(POLLS)
    sides = {
        name: partial(_poll, created.engine, job_id, polls)
        for name, job_id in (("first", created.ids[0]), ("last", created.ids[-1]))
    }
    times = in_turns(sides, scale.rounds)
    return [
        row(f"{len(created.ids):,} created jobs", "MB", [created.taken_bytes / 1e6], 1, ("<=", 30)),
        *(row(f"a poll of the {name}", "us", times[name], 2) for name in sides),
        row("last / first", "times", ratios(times["last"], times["first"]), 2, ("<=", 1.1)),
    ]


def _create(count: int) -> Created:
    engine = Engine(load_scenario(SCENARIO))
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    ids = []
    for _ in range(count):
        asked = engine.handle(_request("GET", path_of("upload_url"), "filename=train.csv"))
        issued = json.loads(asked.body) if isinstance(asked, Reply) else {}
        put = _request("PUT", issued["upload_url"].removeprefix(BASE))
        taken = engine.receive(put, 2)
        if isinstance(taken, Receiver):
            taken.write(b"a,")
            taken.finish()
        ids.append(issued["retrain_job_id"])
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return Created(engine, ids, after - before)


def _poll(engine: Engine, job_id: str, polls: int) -> float:
    """Return the microseconds of a poll."""
    request = _request("GET", path_of(job_id))
    began = time.perf_counter()
    for _ in range(polls):
        engine.handle(request)
    return (time.perf_counter() - began) / polls * 1e6


def _request(method: str, path: str, query: str = "") -> Request:
    return Request(method, path, query, ("key",), BASE)
