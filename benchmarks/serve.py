"""The server against the limit.

A constant reply of the same bytes, by uvicorn at its fastest.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.measure import bests, in_turns, ratios, row
from benchmarks.processes import SERVE, beside, get, mock, running
from benchmarks.scenarios import ONE, ONE_ID, path_of, written

if TYPE_CHECKING:
    from benchmarks.clients import Client
    from benchmarks.measure import Row, Scale

TITLE = "serve: polls a second, journal on, against uvicorn's constant reply"


def run(scale: Scale, client: Client) -> list[Row]:
    """Put the same load on each server in turn."""
    paths = [path_of(ONE_ID)]
    with ExitStack() as stack:
        scenario = stack.enter_context(written(ONE))
        ours = stack.enter_context(running(mock(scenario))).url
        body = get(ours, paths[0]).decode()
        urls = {
            "ours": ours,
            "logged": stack.enter_context(running([*SERVE, str(scenario)])).url,
            "limit": stack.enter_context(running(beside("constant", body))).url,
            "flask": stack.enter_context(running(beside("flask_route", body))).url,
        }
        sides = {
            name: partial(client.burst, url, paths, scale.seconds) for name, url in urls.items()
        }
        loads = in_turns(sides, scale.rounds)
    rates = {name: [load.rate for load in found] for name, found in loads.items()}
    best = {name: bests(found, max) for name, found in rates.items()}
    waits = {name: [load.p99 for load in found] for name, found in loads.items()}
    return [
        row("mock-p1 serve", "replies/s", best["ours"]),
        row("mock-p1 serve, requests logged", "replies/s", best["logged"]),
        row("constant reply, uvicorn", "replies/s", best["limit"]),
        row("bare Flask route, waitress", "replies/s", best["flask"]),
        row("mock-p1 serve", "ms, 99 %", bests(waits["ours"]), 2),
        row("mock-p1 serve, requests logged", "ms, 99 %", bests(waits["logged"]), 2),
        row("constant reply, uvicorn", "ms, 99 %", bests(waits["limit"]), 2),
        row("bare Flask route, waitress", "ms, 99 %", bests(waits["flask"]), 2),
        row(
            "serve / constant reply",
            "times",
            ratios(rates["ours"], rates["limit"], max),
            3,
            (">=", 0.7),
        ),
        row(
            "serve, logged / constant reply",
            "times",
            ratios(rates["logged"], rates["limit"], max),
            3,
        ),
        row("serve / Flask route", "times", ratios(rates["ours"], rates["flask"], max), 1),
    ]
