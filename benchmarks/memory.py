"""How much memory the server holds at the start, and after many polls.

Of one job, and of ids it has never heard of.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.clients import exactly
from benchmarks.measure import row
from benchmarks.processes import get, mock, running
from benchmarks.scenarios import ANY, ONE_ID, path_of, written

if TYPE_CHECKING:
    from benchmarks.clients import Client
    from benchmarks.measure import Row, Scale

TITLE = "memory: resident size of the server, journal on"
POLLS = 200_000


def run(scale: Scale, _client: Client) -> list[Row]:
    """Poll one job, then as many different ids.

    What the second half of each adds shows whether it is bounded.
    """
    half = scale.of(POLLS) // 2
    with written(ANY) as scenario:
        first, *sizes = _sizes(scenario, half)
    start, half_one, one, half_other, other = sizes
    return [
        row("at the first start of a scenario", "MB", [first], 1),
        row("at the start", "MB", [start], 1),
        row(f"after {2 * half:,} polls of one job", "MB", [one], 1),
        row("  of which the second half added", "MB", [one - half_one], 1),
        row(f"after {2 * half:,} polls of as many ids", "MB", [other], 1),
        row("  of which the second half added", "MB", [other - half_other], 1),
    ]


def _sizes(scenario: Path, half: int) -> list[float]:
    """Return the sizes: of a server that checks its scenario, and of one that finds it checked."""
    with running(mock(scenario)) as server:
        get(server.url, path_of(ONE_ID))
        sizes = [resident(server.process.pid)]
    with running(mock(scenario)) as server:
        pid = server.process.pid
        get(server.url, path_of(ONE_ID))
        sizes.append(resident(pid))
        for _ in range(2):
            exactly(server.url, [path_of(ONE_ID)], half)
            sizes.append(resident(pid))
        for part in range(2):
            ids = range(half * part, half * (part + 1))
            exactly(server.url, [path_of(f"unheard-of-{number}") for number in ids], half)
            sizes.append(resident(pid))
    return sizes


def resident(pid: int) -> float:
    """Return the resident size of a process in MB."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text(encoding="ascii"))
        return int(found[1]) / 1024 if found else sys.exit(f"{status} has no VmRSS")
    if sys.platform == "win32":
        listed = _output("tasklist", "/FI", f"PID eq {pid}", "/FO", "CSV", "/NH")
        return int(re.sub(r"\D", "", listed.strip().rsplit('","', 1)[-1])) / 1024
    return int(_output("ps", "-o", "rss=", "-p", str(pid))) / 1024


def _output(*command: str) -> str:
    return subprocess.run(
        command, capture_output=True, check=True, encoding="utf-8", errors="replace"
    ).stdout
