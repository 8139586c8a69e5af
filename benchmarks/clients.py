"""Load on a server from a process of its own.

``wrk`` where it is installed, else our generator in plain Python.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from benchmarks.cores import ON_LOAD_CORE

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).parent
CONNECTIONS = 16
API_KEY = "bench-key"
HEADERS = {"x-api-key": API_KEY}


class Load(NamedTuple):
    """What one burst of load met.

    Replies a second, the median and the 99th percentile of their latency in ms, and how many.
    """

    rate: float
    p50: float
    p99: float
    replies: int


class Client:
    """A way to put load on servers.

    ``tool`` is ``wrk``, ``python``, or None for the first of them that there is.
    """

    def __init__(self, tool: str | None = None) -> None:
        self._wrk = shutil.which("wrk")
        if tool == "wrk" and self._wrk is None:
            sys.exit("wrk is not installed; leave --load out, or say --load python")
        self.tool = tool or ("wrk" if self._wrk else "python")

    def burst(  # noqa: PLR0913 -- what a load is
        self,
        url: str,
        paths: Sequence[str],
        seconds: float,
        first: int = 0,
        together: int = 1,
        *,
        connections: int = CONNECTIONS,
    ) -> Load:
        """Ask for the paths in turn, from number ``first`` on, for so many seconds.

        Wrk knows whole ones only, and alone can send several requests ``together``.
        """
        if self.tool == "wrk":
            how = connections, str(first), str(together)
            return self._with_wrk(url, paths, seconds, *how)
        paths = [*paths[first % len(paths) :], *paths[: first % len(paths)]]
        return _with_python(url, paths, seconds=seconds, connections=connections)

    def _with_wrk(
        self, url: str, paths: Sequence[str], seconds: float, connections: int, *how: str
    ) -> Load:
        whole = max(1, round(seconds))
        with tempfile.TemporaryDirectory() as folder:
            listed = Path(folder) / "paths.txt"
            listed.write_text("\n".join(paths) + "\n", encoding="ascii")
            done = subprocess.run(
                [
                    *ON_LOAD_CORE, str(self._wrk), "-t1", f"-c{connections}", f"-d{whole}s",
                    "--timeout", "30s", "-s", str(HERE / "wrk.lua"),
                    *(f"-H{name}: {value}" for name, value in HEADERS.items()),
                    url, "--", str(listed), *how,
                ],
                capture_output=True, check=True, encoding="utf-8",
            )  # fmt: skip
        line = next(line for line in done.stdout.splitlines() if line.startswith("result "))
        replies, rate, p50, p99, wrong = line.split()[1:]
        if int(wrong):
            sys.exit(f"wrk met {wrong} errors:\n{done.stdout}")
        return Load(float(rate), float(p50), float(p99), int(replies))


def exactly(url: str, paths: Sequence[str], count: int) -> Load:
    """Ask for the paths in turn until there were ``count`` replies.

    Always in plain Python, since wrk cannot count.
    """
    return _with_python(url, paths, count=count)


def _with_python(
    url: str,
    paths: Sequence[str],
    *,
    seconds: float | None = None,
    count: int | None = None,
    connections: int = CONNECTIONS,
) -> Load:
    parts = urlsplit(url)
    order = {
        "address": [parts.hostname, parts.port], "paths": paths,
        "headers": HEADERS, "connections": connections,
        "seconds": seconds, "count": count,
    }  # fmt: skip
    done = subprocess.run(
        [*ON_LOAD_CORE, sys.executable, str(HERE / "load.py")],
        input=json.dumps(order), capture_output=True, check=False, encoding="utf-8",
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"load on {url} failed: {done.stderr.strip()}")
    return Load(**json.loads(done.stdout))
