"""``python -m benchmarks.soak``.

Ten minutes of everything at once, on loopback: polls, uploads, listeners, slow and hostile clients.
Exit status 1 if a promise is broken: a good client met an error or waited at its 99th percentile
for more than three times what it waits in quiet, or the server's memory grew.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import requests

from benchmarks.clients import API_KEY, HEADERS
from benchmarks.flooding import listen, say_nothing, send_slowly
from benchmarks.memory import resident
from benchmarks.processes import ROOT, mock, running
from benchmarks.report import say
from benchmarks.scenarios import path_of, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.processes import Server

SCENARIO = f"""
api_keys: {{{API_KEY}: active}}
new_jobs: {{timeline: [{{status: job_finished, result: generated}}]}}
jobs: {{"*": {{timeline: [{{status: job_running}}]}}}}
"""
QUIET_SECONDS = 10.0
RATE = 50
"""Polls of the good client in a second."""

PARTS = 5
"""The soak is told apart by time: does the mock get slower?"""

SLOWER = 3.0
LEAST_MS = 20.0
"""What a wait may be in any case: a shared machine has pauses of its own."""

GROWTH = 1.2
"""From a fifth of the time to its end, the memory grows by no more than this."""

UPLOAD = b"age,left\n31,no\n" * 10_000
HOSTILE_PAUSE = 0.02


class Outcome(NamedTuple):
    """The good client's p99 in quiet and in each part of the soak (ms), sizes (MB), and counts."""

    quiet_ms: float
    soaked_ms: list[float]
    sizes: list[float]
    counts: Counter[str]


async def soak(server: Server, seconds: float) -> Outcome:
    """Measure in quiet, then with everything at once."""
    port, counts = urlsplit(server.url).port or 0, Counter[str]()
    quiet = await _good_client(port, min(QUIET_SECONDS, seconds))
    tasks = [
        asyncio.create_task(say_nothing(port, 50, counts)),
        *(asyncio.create_task(listen(port, number, counts)) for number in range(4)),
        *(asyncio.create_task(send_slowly(port, number, counts)) for number in range(8)),
        asyncio.create_task(_ask_oddly(port, counts)),
        asyncio.create_task(_upload(server.url, counts)),
    ]
    sizes: list[float] = []

    async def weigh() -> None:
        await asyncio.sleep(seconds / 5)
        while True:
            sizes.append(resident(server.process.pid))
            await asyncio.sleep(1)

    tasks.append(asyncio.create_task(weigh()))
    soaked = [await _good_client(port, seconds / PARTS) for _ in range(PARTS)]
    for task in tasks:
        task.cancel()
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(ended, Exception):
            counts[f"error: {ended!r}"] += 1
    return Outcome(quiet, soaked, sizes, counts)


def broken(outcome: Outcome) -> list[str]:
    """Return the promises that were not kept, in words."""
    found = [what for what in outcome.counts if what.startswith("error")]
    most = max(SLOWER * outcome.quiet_ms, LEAST_MS)
    if (worst := max(outcome.soaked_ms)) > most:
        found.append(f"a good client's p99 is {worst:.2f} ms, beyond {most:.2f}")
    if outcome.sizes and max(outcome.sizes) > GROWTH * outcome.sizes[0]:
        found.append(f"{outcome.sizes[0]:.1f} MB became {max(outcome.sizes):.1f}")
    return found


async def _good_client(port: int, seconds: float) -> float:
    """Poll at a steady rate in a process of its own; return the 99th percentile of the waits."""
    order = {
        "address": ["127.0.0.1", port],
        "path": path_of("good"),
        "headers": HEADERS,
        "rate": RATE,
        "seconds": seconds,
    }
    client = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.paced"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    told, _ = await client.communicate(json.dumps(order).encode())
    if client.returncode:
        sys.exit("the good client met an error")
    return float(told)


async def _ask_oddly(port: int, counts: Counter[str]) -> None:
    """Ask for what is none, with keys that are none, and break off."""
    odd = (
        b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03%s\r\n\r\n",
        b"PUT /uploads/%s HTTP/1.1\r\n",
    )
    while True:
        for text in odd:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with suppress(ConnectionError, TimeoutError):
                writer.write(text % secrets.token_hex(8).encode())
                async with asyncio.timeout(1):
                    await reader.read(100)
            writer.transport.abort()
            counts["odd requests"] += 1
            await asyncio.sleep(HOSTILE_PAUSE)


async def _upload(url: str, counts: Counter[str]) -> None:
    """Upload a file, poll its job and fetch the result, again and again."""
    api = f"{url}/v1/external/retrain_jobs"

    def once() -> None:
        with requests.Session() as client:
            client.trust_env = False
            wanted = client.get(f"{api}/upload_url?filename=a.csv", headers=HEADERS, timeout=10)
            made = wanted.json()
            client.put(made["upload_url"], UPLOAD, timeout=10).raise_for_status()
            job = f"{api}/{made['retrain_job_id']}"
            link = client.get(job, headers=HEADERS, timeout=10).json()["download_url"]
            client.get(link, timeout=10).raise_for_status()

    while True:
        await asyncio.to_thread(once)
        counts["uploads"] += 1
        await asyncio.sleep(1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak, show what came of it, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak")
    parser.add_argument("--seconds", type=float, default=600.0, help="default: 600")
    seconds = parser.parse_args(arguments).seconds
    with written(SCENARIO) as scenario, running(mock(scenario)) as server:
        outcome = asyncio.run(soak(server, seconds))
    lines = [f"{count:>10,}  {what}" for what, count in sorted(outcome.counts.items())]
    lines += [
        f"{outcome.quiet_ms:>10.2f}  ms, p99 of a good client in quiet",
        f"{outcome.soaked_ms[0]:>10.2f}  ms, with everything at once, in the first fifth",
        f"{outcome.soaked_ms[-1]:>10.2f}  ms, in the last",
        f"{outcome.soaked_ms[-1] / outcome.soaked_ms[0]:>10.2f}  of the last to the first",
        f"{outcome.sizes[0]:>10.1f}  MB after a fifth of the time",
        f"{outcome.sizes[len(outcome.sizes) // 2]:>10.1f}  MB after three fifths",
        f"{max(outcome.sizes):>10.1f}  MB at the most",
    ]
    say("\n".join(lines))
    problems = broken(outcome)
    say("\n".join(f"BROKEN: {problem}" for problem in problems) or "every promise was kept")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
