"""``python -m benchmarks.earlier FOLDER``: what a poll costs now, against a checkout of before.

By processor time, in turns: a poll of the server, and one in-process (``mocked``) beside its stub.
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


def main() -> None:
    """Measure both, and show what they cost of before."""
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
    inside = in_turns(
        {where: partial(_in_process, where) for where in (str(ROOT), folder)}, options.rounds
    )
    costs = {name: [burst.cost for burst in found] for name, found in served.items()}
    rows = [
        row("a poll, served: now / before", "times", ratios(costs[OURS], costs[BEFORE]), 2),
        row("in-process: now / before", "times", ratios(inside[str(ROOT)], inside[folder]), 2),
    ]
    say(table("earlier: processor time of a poll", rows, {}))


def _in_process(folder: str) -> float:
    """Return the microseconds of processor time of a poll under ``mocked``."""
    command = [sys.executable, "-c", _FROM.format(folder=folder) + _POLL]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=True)
    return float(done.stdout)


if __name__ == "__main__":
    main()
