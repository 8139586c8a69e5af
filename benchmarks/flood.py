"""``python -m benchmarks.flood``.

Floods a server of its own while a well-behaved client polls a job to its end.

Random ids, random keys, paths that are none, clients that send a byte a second, connections that
say nothing, listeners to events. Loopback only, bounded in count and in time, and it ends by
itself. Exit status 1 if a promise is broken: a client met an error, the server's memory grew to
more than one and a half times what it was, or the flood was not what it should be.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from benchmarks.flooding import WRONG, attack, listen, say_nothing, send_slowly
from benchmarks.memory import resident
from benchmarks.processes import ROOT, get, mock, running
from benchmarks.report import say
from benchmarks.scenarios import path_of, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.processes import Server

GROWTH = 1.5
"""The server may come to hold so many times the memory that it held at the start."""

REMEMBERED = 1000
"""The journal may come to hold so many requests."""

JOB = "well-behaved"
STATUSES = ["job_waiting", "job_running", "job_finished"]
PATIENCE = 60.0
"""Seconds that the well-behaved client may take beyond the flood's time."""


class Size(NamedTuple):
    """How long the flood lasts, in seconds, and how many of each there are."""

    seconds: float
    idle: int
    listeners: int
    slow: int
    attackers: int
    requests: int


FULL = Size(seconds=20, idle=2000, listeners=50, slow=150, attackers=24, requests=200_000)


class Outcome(NamedTuple):
    """What was sent, sizes of the server in MB, and what the client says of itself."""

    sent: Counter[str]
    sizes: list[float]
    client: dict[str, Any]
    remembered: int


def flood(size: Size) -> Outcome:
    """Start a server, flood it, and return what came of that."""
    allow_many_files()
    with ExitStack() as stack:
        scenario = stack.enter_context(written(_scenario(size.seconds)))
        server = stack.enter_context(running(mock(scenario)))
        if urlsplit(server.url).hostname != "127.0.0.1":
            sys.exit(f"{server.url} is not on loopback; nothing else is flooded here")
        for path in (path_of("first-1"), "/__admin/jobs", "/__admin/metrics", "/v2/nothing"):
            _warm(server.url, path)
        sizes = [resident(server.process.pid)]
        client = stack.enter_context(_client(server.url, size.seconds))
        sent = asyncio.run(_flooded(server, size, sizes))
        try:
            told, _ = client.communicate(timeout=PATIENCE)
            said = json.loads(told)
        except (subprocess.TimeoutExpired, ValueError):
            client.kill()
            sys.exit("the well-behaved client did not say what it met")
        sizes.append(resident(server.process.pid))
        remembered = get(server.url, "/__admin/requests/export?limit=10000").count(b"\n")
    return Outcome(sent, sizes, said, remembered)


def broken(outcome: Outcome, size: Size) -> list[str]:
    """Return the promises that were not kept, in words."""
    start, peak = outcome.sizes[0], max(outcome.sizes)
    found = [f"the client met an error: {error}" for error in outcome.client["errors"]]
    if outcome.client["statuses"] != STATUSES:
        found.append(f"the client saw {outcome.client['statuses']}")
    if peak > GROWTH * start:
        times = f"{peak / start:.2f} times the {start:.1f} MB of its start"
        found.append(f"the server came to {peak:.1f} MB, {times}")
    if outcome.remembered > REMEMBERED:
        found.append(
            f"the journal has {outcome.remembered:,} rows where {REMEMBERED:,} are the most"
        )
    found += [
        f"{count:,} of the flood: {what}"
        for what, count in outcome.sent.items()
        if what.startswith(WRONG)
    ]
    found += [
        f"only {outcome.sent[what]:,} {what}, where {wanted:,} were to be had"
        for what, wanted in _least(size).items()
        if outcome.sent[what] < wanted
    ]
    return found


def _least(size: Size) -> dict[str, int]:
    """Return what a flood of a size has at least: all that is opened, and some of what is asked."""
    asked = dict.fromkeys(
        ("random ids", "random keys", "unknown keys", "paths of nothing"), min(1, size.attackers)
    )
    return {
        "silent connections": size.idle,
        "listeners": size.listeners,
        "slow requests": size.slow,
        **asked,
    }


async def _flooded(server: Server, size: Size, sizes: list[float]) -> Counter[str]:
    """Flood the server for as long as it is to last; add its size to ``sizes`` again and again."""
    port = urlsplit(server.url).port or 0
    sent: Counter[str] = Counter()
    tasks = [
        asyncio.create_task(say_nothing(port, size.idle, sent)),
        *(asyncio.create_task(listen(port, number, sent)) for number in range(size.listeners)),
        *(asyncio.create_task(send_slowly(port, number, sent)) for number in range(size.slow)),
        *(asyncio.create_task(attack(port, number, size.requests // size.attackers, sent))
          for number in range(size.attackers)),
    ]  # fmt: skip
    with suppress(TimeoutError):
        async with asyncio.timeout(size.seconds):
            while True:
                await asyncio.sleep(0.25)
                sizes.append(resident(server.process.pid))
    for task in tasks:
        task.cancel()
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(ended, Exception):
            sent[f"{WRONG}: {ended!r}"] += 1
    return sent


def allow_many_files() -> None:
    """Raise the limit of open files, for this process and those it starts.

    Where there is none, do nothing.
    """
    try:
        import resource  # noqa: PLC0415 -- there is none on Windows
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 20_000 if hard == resource.RLIM_INFINITY else min(hard, 20_000)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _scenario(seconds: float) -> str:
    """Return a scenario whose job takes two thirds of the flood to its end.

    Every other id leads somewhere too.

    However slow the answers are, no status passes between two polls.
    """
    return f"""
api_keys: {{bench-key: active, "transient-*": active}}
jobs:
  {JOB}:
    timeline:
      - {{status: job_waiting, for: 5 polls}}
      - {{status: job_running, for: 5 polls}}
      - {{status: job_running, for: {max(1, round(seconds * 2000 / 3))}ms}}
      - {{status: job_finished, result: generated}}
  "*": {{timeline: [{{status: job_running}}]}}
"""


def _warm(url: str, path: str) -> None:
    """Let the server load whatever it loads when it is first asked for."""
    with suppress(SystemExit):  # one of the paths is answered 404, as it should be
        get(url, path)


def _client(url: str, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.well_behaved", url, JOB, str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8", cwd=ROOT)


def main(arguments: Sequence[str] | None = None) -> int:
    """Flood, show what came of it, and return the exit status."""
    size = _size(arguments)
    outcome = flood(size)
    start, end, peak = outcome.sizes[0], outcome.sizes[-1], max(outcome.sizes)
    client = outcome.client
    longest, middle = client["worst"] * 1000, client["median"] * 1000
    lines = [
        *(f"{count:>12,}  {what}" for what, count in sorted(outcome.sent.items())),
        f"{start:>12.1f}  MB at the start",
        f"{peak:>12.1f}  MB at the most, {peak / start:.2f} times that (at most {GROWTH})",
        f"{end:>12.1f}  MB at the end, {end / start:.2f} times",
        f"{client['polls']:>12,}  polls by the well-behaved client, {len(client['errors'])} errors",
        f"{longest:>12.1f}  ms, its longest wait for an answer; {middle:.1f} ms in the middle",
    ]
    say("\n".join(lines))
    problems = broken(outcome, size)
    say("\n".join(f"BROKEN: {problem}" for problem in problems) or "every promise was kept")
    return 1 if problems else 0


def _size(arguments: Sequence[str] | None) -> Size:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.flood", description=__doc__.partition("\n")[0]
    )
    for name, default in FULL._asdict().items():
        parser.add_argument(
            f"--{name}", type=type(default), default=default, help=f"default: {default}"
        )
    return Size(**vars(parser.parse_args(arguments)))


if __name__ == "__main__":
    sys.exit(main())
