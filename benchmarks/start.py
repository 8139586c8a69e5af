"""From starting ``mock-p1 serve --port 0`` to the first reply; how much any uvicorn needs."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.measure import bests, in_turns, ratios, row
from benchmarks.processes import beside, get, mock, running
from benchmarks.scenarios import ONE, ONE_ID, path_of, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.clients import Client
    from benchmarks.measure import Row, Scale

TITLE = "start: from starting the process to the first reply"


def run(scale: Scale, _client: Client) -> list[Row]:
    """Start each server, in turns."""
    with written(ONE) as scenario:
        _first_reply(mock(scenario))  # from now on it is kept
        times = in_turns(
            {
                "ours": partial(_first_reply, mock(scenario)),
                "first": partial(_first_reply, [*mock(scenario), "--no-cache"]),
                "limit": partial(_first_reply, beside("constant", "{}")),
                "flask": partial(_first_reply, beside("flask_route", "{}")),
            },
            scale.rounds,
        )
    return [
        row("mock-p1 serve --port 0", "s", bests(times["ours"]), 2, ("<=", 0.7)),
        row("  of a scenario that is not kept yet", "s", bests(times["first"]), 2),
        row("constant reply, uvicorn", "s", bests(times["limit"]), 2),
        row("bare Flask route, waitress", "s", bests(times["flask"]), 2),
        row("serve / constant reply", "times", ratios(times["ours"], times["limit"]), 2),
    ]


def _first_reply(command: Sequence[str]) -> float:
    with running(command) as server:
        get(server.url, path_of(ONE_ID))
        return time.perf_counter() - server.started
