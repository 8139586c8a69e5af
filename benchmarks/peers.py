"""The server against others that answer the same poll with the same body.

Those that are there, see peers.md.
"""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from benchmarks.measure import bests, in_turns, ratios, row
from benchmarks.processes import beside, get, mock, running
from benchmarks.scenarios import ONE, ONE_ID, path_of, written

if TYPE_CHECKING:
    from benchmarks.clients import Client
    from benchmarks.measure import Row, Scale

TITLE = "peers: polls a second"


def run(scale: Scale, client: Client) -> list[Row]:
    """Put the same load on each server in turn."""
    paths = [path_of(ONE_ID)]
    with ExitStack() as stack:
        scenario = stack.enter_context(written(ONE))
        ours = stack.enter_context(running(mock(scenario))).url
        body = get(ours, paths[0])
        urls = {"mock-p1 serve": ours, **client.against}
        if find_spec("pytest_httpserver"):
            url = stack.enter_context(running(beside("httpserver", body.decode()))).url
            urls["pytest-httpserver"] = url
        for name, url in urls.items():
            if json.loads(get(url, paths[0])) != json.loads(body):
                sys.exit(f"{name} at {url} gives another body than {body.decode()}")
        sides = {
            name: partial(client.burst, url, paths, scale.seconds) for name, url in urls.items()
        }
        loads = in_turns(sides, scale.rounds)
    rates = {name: [load.rate for load in found] for name, found in loads.items()}
    waits = {name: [load.p99 for load in found] for name, found in loads.items()}
    return [
        *(row(name, "replies/s", bests(found, max)) for name, found in rates.items()),
        *(row(name, "ms, 99 %", bests(found), 2) for name, found in waits.items()),
        *(
            row(f"mock-p1 serve / {name}", "times", ratios(rates["mock-p1 serve"], found, max), 1)
            for name, found in rates.items()
            if name != "mock-p1 serve"
        ),
    ]
