"""Servers in processes of their own: started, asked where they are, and stopped."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from benchmarks.clients import HEADERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parent.parent
SERVE = [sys.executable, "-m", "mock_p1", "serve", "--port", "0"]
_URL = re.compile(r"http://127\.0\.0\.1:\d+")


class Server(NamedTuple):
    """A server that runs: its process, its URL, and when it was started (``time.perf_counter``)."""

    process: subprocess.Popen[str]
    url: str
    started: float


@contextmanager
def running(command: Sequence[str]) -> Iterator[Server]:
    """Start a server that prints its URL; stop it at the end."""
    started = time.perf_counter()
    with (
        TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=complaints, cwd=ROOT, encoding="utf-8"
        ) as process,
    ):
        try:
            url = _url(process)
            if url is None:
                complaints.seek(0)
                sys.exit(
                    f"{' '.join(command)} ended before it said where it is:\n{complaints.read()}"
                )
            yield Server(process, url, started)
        finally:
            process.terminate()
            process.wait(10)


def mock(scenario: Path) -> list[str]:
    """Return the command that serves a scenario as a user does, without a log of requests."""
    return [*SERVE, "--quiet", str(scenario)]


def beside(module: str, *arguments: str) -> list[str]:
    """Return the command of one of our own servers to compare with."""
    return [sys.executable, "-m", f"benchmarks.servers.{module}", *arguments]


def get(url: str, path: str) -> bytes:
    """Return the body of one reply; ends the run if it is no 200."""
    parts = urlsplit(url)
    connection = HTTPConnection(str(parts.hostname), parts.port, timeout=10)
    try:
        connection.request("GET", path, headers=HEADERS)
        reply = connection.getresponse()
        body = reply.read()
    finally:
        connection.close()
    if reply.status != 200:
        sys.exit(f"{url}{path} answered {reply.status}: {body[:300]!r}")
    return body


def _url(process: subprocess.Popen[str]) -> str | None:
    for line in process.stdout or ():
        if found := _URL.search(line):
            return found[0]
    return None
