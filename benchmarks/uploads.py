"""Uploads of 90 MB: their rate, what memory they take, and what polls beside them feel.

The limit is an ASGI app that only counts the bytes, under the same uvicorn. The mock also hashes
and keeps them; how fast this machine hashes is among the figures, since processors with SHA
instructions do it several times as fast as others.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from functools import partial
from http.client import HTTPConnection
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from benchmarks.clients import HEADERS
from benchmarks.measure import in_turns, ratios, row
from benchmarks.memory import resident
from benchmarks.processes import ROOT, beside, get, mock, running
from benchmarks.scenarios import ANY, ONE_ID, path_of, written
from mock_p1.contract.operations import RETRAIN_DATA_UPLOAD

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.clients import Client
    from benchmarks.measure import Row, Scale
    from benchmarks.processes import Server

TITLE = "uploads: 90 MB over loopback, kept on disk and hashed, against an app that only counts"
SIZE = 90_000_000
POLLS_A_SECOND = 200
POLL_SECONDS = 5
GZIP = b"\x1f\x8b"
LINE = b"12345,abc,1.5,2026-01-01\r\n"


class File(NamedTuple):
    """What is uploaded, and its hash."""

    content: bytes
    sha256: str

    @classmethod
    def of(cls, content: bytes) -> File:
        """Return a file of this content."""
        return cls(content, hashlib.sha256(content).hexdigest())


def run(scale: Scale, _client: Client) -> list[Row]:
    """Upload to each server in turn; then poll the mock, without and with uploads beside it.

    Beside polls a table is uploaded, which the mock looks into; that must not be felt either. Rates
    are those of a file that it does not look into: else it would still do so in the other's turn.
    What a busy machine does to any poll shows at a second mock, which has nothing to do but polls.
    """
    table = (b"a,b,c,d\r\n" + LINE * (scale.of(SIZE) // len(LINE) + 1))[: scale.of(SIZE)]
    file = File.of(GZIP + table[len(GZIP) :])
    with ExitStack() as stack:
        scenario = stack.enter_context(written(ANY))
        ours, idle, fresh = (stack.enter_context(running(mock(scenario))) for _ in range(3))
        limit = stack.enter_context(running(beside("counting")))
        return [
            *_rates(ours.url, limit.url, file, scale),
            row("memory at the most, over before", "MB", [_growth(fresh, file)], 1, ("<=", 30)),
            *_waits(ours.url, idle.url, File.of(table), scale),
        ]


def _rates(ours: str, limit: str, file: File, scale: Scale) -> list[Row]:
    sides = {
        "ours": partial(_to_mock, ours, file),
        "limit": partial(_to_limit, limit, file),
        "hash": partial(hashlib.sha256, file.content),
    }
    rates = in_turns(
        {name: partial(_rate, upload, file) for name, upload in sides.items()}, scale.rounds
    )
    return [
        row("mock-p1 serve", "MB/s", rates["ours"], better="more"),
        row("an app that counts, same uvicorn", "MB/s", rates["limit"]),
        row("SHA-256 alone", "MB/s", rates["hash"]),
        row("serve / counting", "times", ratios(rates["ours"], rates["limit"]), 2, (">=", 0.5)),
    ]


def _waits(ours: str, idle: str, table: File, scale: Scale) -> list[Row]:
    seconds = POLL_SECONDS * min(1.0, scale.seconds)
    sides = {
        "alone": partial(_polls, ours, seconds),
        "beside": partial(_polls_beside, ours, ours, table, seconds),
        "idle": partial(_polls_beside, idle, ours, table, seconds),
    }
    waits = in_turns(sides, scale.rounds)
    slower, than_idle = (ratios(waits["beside"], waits[other]) for other in ("alone", "idle"))
    return [
        row("200 polls a second", "ms, 99 %", waits["alone"], 2),
        row("beside uploads", "ms, 99 %", waits["beside"], 2),
        row("beside uploads / without", "times", slower, 2, ("<=", 2)),
        row("of an idle mock, beside them", "ms, 99 %", waits["idle"], 2),
        row("beside uploads / of an idle mock", "times", than_idle, 2),
    ]


def _rate(upload: Callable[[], object], file: File) -> float:
    began = time.perf_counter()
    upload()
    return len(file.content) / 1e6 / (time.perf_counter() - began)


def _to_mock(url: str, file: File) -> None:
    """Upload as a client does, and see that all of it has come."""
    path = f"{RETRAIN_DATA_UPLOAD.url_path()}?filename=train.csv"
    target = urlsplit(json.loads(get(url, path))["upload_url"])
    _, etag = _put(url, target.path, file.content)
    if etag.strip('"') != file.sha256[:32]:
        sys.exit(f"what was uploaded is not what came: {etag!r}, not {file.sha256[:32]}")


def _to_limit(url: str, file: File) -> None:
    body, _ = _put(url, "/", file.content)
    if int(body) != len(file.content):
        sys.exit(f"{len(file.content)} bytes were uploaded, {body!r} came")


def _put(url: str, path: str, content: bytes) -> tuple[bytes, str]:
    """Return the answer's body and its ETag."""
    parts = urlsplit(url)
    connection = HTTPConnection(str(parts.hostname), parts.port, timeout=60)
    try:
        connection.request("PUT", path, content)
        reply = connection.getresponse()
        body = reply.read()
    finally:
        connection.close()
    if reply.status != 200:
        sys.exit(f"PUT {path} answered {reply.status}: {body[:300]!r}")
    return body, reply.headers.get("ETag", "")


def _polls(url: str, seconds: float) -> float:
    """Return the 99th percentile of the latency of polls, in milliseconds."""
    parts = urlsplit(url)
    order = {
        "address": [parts.hostname, parts.port], "path": path_of(ONE_ID), "headers": HEADERS,
        "rate": POLLS_A_SECOND, "seconds": seconds,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.paced"],
        input=json.dumps(order), capture_output=True, check=False, encoding="utf-8", cwd=ROOT,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"polls of {url} failed: {done.stderr.strip()}")
    return float(done.stdout)


def _polls_beside(url: str, uploaded_to: str, file: File, seconds: float) -> float:
    """Return the same, while one upload to a mock follows the other."""
    ended = threading.Event()

    def upload() -> None:
        while not ended.is_set():
            _to_mock(uploaded_to, file)

    uploading = threading.Thread(target=upload)
    uploading.start()
    try:
        return _polls(url, seconds)
    finally:
        ended.set()
        uploading.join()


def _growth(server: Server, file: File) -> float:
    """Return how many MB more the server held at the most during an upload than before.

    A small upload goes before, which loads whatever an upload needs.
    """
    pid = server.process.pid
    _to_mock(server.url, File.of(file.content[:1000]))
    sizes = [resident(pid)]
    uploading = threading.Thread(target=_to_mock, args=(server.url, file))
    uploading.start()
    while uploading.is_alive():
        sizes.append(resident(pid))
        uploading.join(0.005)
    sizes.append(resident(pid))
    return max(sizes) - sizes[0]
