"""Contenders in processes of their own, on the servers' core, and what they use of the machine."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.clients import HEADERS
from benchmarks.contenders import CONTENDERS, LOGGED, OURS, Place
from benchmarks.cores import ON_SERVER_CORE
from benchmarks.memory import resident
from benchmarks.processes import ROOT
from benchmarks.report import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benchmarks.contenders import Contender

START_SECONDS = 30.0
LEFT_OUT: Final[dict[str, str]] = {}
"""Contenders that did not start, and why."""

TELLS_CPU: Final = Path("/proc/self/stat").exists()
"""Whether this system tells what processor time a process and its children have used: Linux."""


class Started(NamedTuple):
    """A contender that runs: its process, its port, and after how many seconds it was right."""

    contender: Contender
    process: subprocess.Popen[bytes]
    port: int
    ready_seconds: float

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def megabytes(self) -> float:
        """Return what it holds now, its workers too."""
        return sum(resident(pid) for pid in _with_children(self.process.pid))

    def cpu_seconds(self) -> tuple[float, float]:
        """Return what it has used so far, of its own and in the kernel; see ``TELLS_CPU``."""
        own = kernel = 0
        for pid in _with_children(self.process.pid):
            fields = (
                Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            )
            own, kernel = own + int(fields[11]), kernel + int(fields[12])
        ticks = os.sysconf("SC_CLK_TCK") if TELLS_CPU else 1
        return own / ticks, kernel / ticks


@contextmanager
def started(contender: Contender) -> Iterator[Started]:
    """Start a contender and wait for its first right reply; stop it at the end.

    Raises LookupError where it is not installed, or never answers right.
    """
    with TemporaryDirectory() as folder, TemporaryFile("w+b") as said:
        place = Place(Path(folder), *_free_ports())
        for name, text in contender.files.items():
            path = place.folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(place.with_ports(text), encoding="utf-8")
        command = [*ON_SERVER_CORE, *contender.command(place)]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        began = time.perf_counter()
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=folder, env=env
        ) as process:
            try:
                while not _is_right(contender, place.port):
                    time.sleep(0.001)
                    if process.poll() is not None or time.perf_counter() - began > START_SECONDS:
                        said.seek(0)
                        text = said.read().decode(errors="replace").strip()
                        raise LookupError(f"does not answer as it should: {text[-300:]}")
                yield Started(contender, process, place.port, time.perf_counter() - began)
            finally:
                process.terminate()
                process.wait(10)


def all_started(stack: ExitStack, contenders: Iterable[Contender] = CONTENDERS) -> list[Started]:
    """Start all that are installed; name those that are not. Without ours there is no measuring."""
    running = []
    for contender in contenders:
        try:
            running.append(stack.enter_context(started(contender)))
        except LookupError as missing:
            if contender.name in (OURS, LOGGED):
                sys.exit(f"{contender.name}: {missing}")
            LEFT_OUT[contender.name] = str(missing)
            say(f"  left out: {contender.name}: {missing}")
    return running


def _is_right(contender: Contender, port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", contender.path, headers=HEADERS)
        reply = connection.getresponse()
        body = reply.read()
        right = contender.body is None or json.loads(body) == json.loads(contender.body)
    except (OSError, HTTPException, ValueError):
        return False
    else:
        return right and reply.status == 200
    finally:
        connection.close()


def _free_ports() -> tuple[int, int]:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as other,
    ):
        return int(one.getsockname()[1]), int(other.getsockname()[1])


def _with_children(pid: int) -> list[int]:
    """Return a process and all that it has started, and so on; where there is no telling, it."""
    found = [pid]
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError):  # a thread that has ended meanwhile
            for child in listed.read_text(encoding="ascii").split():
                found += _with_children(int(child))
    return found
