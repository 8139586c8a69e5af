"""``python -m benchmarks.earlier FOLDER``: what a poll costs now, against a checkout of before.

By processor time, in turns: a poll of the server, one in-process (``mocked``), and of the engine.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks.clients import Client
from benchmarks.contenders import BY_NAME, OURS
from benchmarks.cores import ON_SERVER_CORE
from benchmarks.measure import FULL, in_turns, ratios, row
from benchmarks.processes import ROOT
from benchmarks.report import say, table
from benchmarks.serve import burst_on
from benchmarks.started import all_started

BEFORE = "mock-p1 serve, before"
_FROM = "import sys; sys.path.insert(0, {folder!r}); "
_SERVE = "import runpy; runpy.run_module('mock_p1', run_name='__main__')"
_POLL = """
import time, requests
from mock_p1 import mocked
with mocked("slow-training") as mock:
    url = f"{mock.url}/v1/external/retrain_jobs/{mock.job_id}"
    blocks = []
    for _ in range(30):
        began = time.thread_time()
        for _ in range(50):
            requests.get(url, headers={"x-api-key": mock.api_key}, timeout=5).json()
        blocks.append(time.thread_time() - began)
print(min(blocks) / 50 * 1e6)
"""
_ENGINE = """
import time
from mock_p1.base.messages import Request
from mock_p1.engine.engine import Engine
from mock_p1.scenario.parser import parse
steps = "[{status: job_running, for: 1000000000 polls}, {status: job_finished}]"
engine = Engine(parse(f"jobs: {{'*': {{timeline: {steps}}}}}"))
asked = Request("GET", "/v1/external/retrain_jobs/j", "", ("k",), "http://127.0.0.1:8191")
blocks = []
for _ in range(40):
    began = time.process_time()
    for _ in range(5000):
        engine.handle(asked)
    blocks.append(time.process_time() - began)
print(min(blocks) / 5000 * 1e6)
"""


def main() -> None:
    """Measure all, and show what they cost of before."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.earlier")
    parser.add_argument("folder", type=Path, help="a checkout of before, as by git worktree add")
    parser.add_argument("--rounds", type=int, default=FULL.rounds)
    options = parser.parse_args()
    folder = str(options.folder.absolute())
    now = BY_NAME[OURS]

    def serve(place: object) -> list[str]:
        _, _, _, *arguments = now.command(place)  # type: ignore[arg-type]  # -- a Place
        return [sys.executable, "-c", _FROM.format(folder=folder) + _SERVE, *arguments]

    client = Client(None)
    with ExitStack() as stack:
        running = all_started(stack, [now, now._replace(name=BEFORE, command=serve)])
        served = in_turns(
            {each.contender.name: burst_on(each, client, FULL.seconds) for each in running},
            options.rounds,
        )
    inside, engine = (
        in_turns({where: partial(_cost, code, where) for where in (str(ROOT), folder)}, rounds)
        for code, rounds in ((_POLL, options.rounds), (_ENGINE, 2 * options.rounds))
    )
    costs = {name: [burst.cost for burst in found] for name, found in served.items()}
    rows = [
        row("a poll, served: now / before", "times", ratios(costs[OURS], costs[BEFORE]), 2),
        row("in-process: now / before", "times", ratios(inside[str(ROOT)], inside[folder]), 2),
        row("the engine: now / before", "times", ratios(engine[str(ROOT)], engine[folder]), 2),
    ]
    say(table("earlier: processor time of a poll", rows, {}))


def _cost(code: str, folder: str) -> float:
    """Return the microseconds of processor time of a poll, as code of ours prints it."""
    command = [*ON_SERVER_CORE, sys.executable, "-c", _FROM.format(folder=folder) + code]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=True)
    return float(done.stdout)


if __name__ == "__main__":
    main()
