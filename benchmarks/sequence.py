"""The whole sequence by one client, upload and download included, beside another server of files.

The other is moto, whose objects of S3 are put and got as our uploads and results are.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import ExitStack
from functools import partial
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from benchmarks.contenders import MOTO, OUR_SEQUENCE, OURS
from benchmarks.measure import in_turns, ratios, row
from benchmarks.started import all_started

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.clients import Client
    from benchmarks.measure import Row, Scale

    Times = dict[str, float]

TITLE = "sequence: all six calls by one client, a file of 100 kB; PUT and GET of a file beside moto"
SEQUENCES = 100
FILE: Final = b"a,b\r\n" + b"12345,67890\r\n" * 7692
API: Final = "/v1/external"
PUT, GET, ALL = "PUT of a file", "GET of a file", "whole sequence, 8 requests"
_SIGNED: Final = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request"
}
"""Moto looks at no signature, but wants to be told of one."""


class Caller:
    """A client with one connection, which knows how long its calls took, by their name."""

    def __init__(self, url: str) -> None:
        self._connection = HTTPConnection(urlsplit(url).netloc, timeout=30)
        self.times: Times = {}

    def call(
        self, name: str, method: str, path: str, headers: dict[str, str], body: bytes | None = None
    ) -> bytes:
        """Return the body of an answer; anything but success ends the run."""
        began = time.perf_counter()
        self._connection.request(method, path, body, headers)
        reply = self._connection.getresponse()
        got = reply.read()
        self.times[name] = self.times.get(name, 0.0) + time.perf_counter() - began
        if reply.status != 200:
            sys.exit(f"{method} {path} answered {reply.status}: {got[:300]!r}")
        return got


def run(scale: Scale, _client: Client) -> list[Row]:
    """Let a client play the sequence, and put and get its files, in turns."""
    count = scale.of(SEQUENCES)
    with ExitStack() as stack:
        ours, *others = all_started(stack, (OUR_SEQUENCE, MOTO))
        caller = Caller(ours.url)
        result = _sequence(caller)
        sides = {OURS: partial(_average, caller, count, _sequence)}
        for other in others:
            objects = Caller(other.url)
            objects.call("", "PUT", "/bucket", _SIGNED)
            objects.call("", "PUT", "/bucket/result.zip", _SIGNED, result)
            sides[MOTO.name] = partial(_average, objects, count, _objects)
        found = in_turns(sides, scale.rounds)
    rows = [
        row(f"{name}, {call}", "ms", [times[call] for times in rounds], 2,
            better="less" if name == OURS else None)
        for name, rounds in found.items()
        for call in (ALL, PUT, GET)
        if call in rounds[0]
    ]  # fmt: skip
    return rows + [
        row(f"{name} / {OURS}, {call}", "times",
            ratios([each[call] for each in rounds], [each[call] for each in found[OURS]]), 1,
            better="more")
        for name, rounds in found.items()
        if name != OURS
        for call in (PUT, GET)
    ]  # fmt: skip


def _average(caller: Caller, count: int, play: Callable[[Caller], object]) -> Times:
    """Return the milliseconds of each call, and of all together."""
    caller.times.clear()
    for _ in range(count):
        play(caller)
    times = {name: seconds / count * 1000 for name, seconds in caller.times.items()}
    return {**times, ALL: sum(times.values())} if "key" in times else times


def _sequence(caller: Caller) -> bytes:
    """Get a key, upload, poll to the end, download, switch; return what was downloaded."""
    secret = {"x-api-key": "bench-secret"}
    asked = caller.call("key", "GET", f"{API}/api-key?credential_type=retrain&model_id=1", secret)
    key = {"x-api-key": json.loads(asked)["api_key"]}
    jobs = f"{API}/retrain_jobs"
    issued = json.loads(caller.call("URL", "GET", f"{jobs}/upload_url?filename=train.csv", key))
    caller.call(PUT, "PUT", _path(issued["upload_url"]), {}, FILE)
    job = f"{jobs}/{issued['retrain_job_id']}"
    polled = [json.loads(caller.call("polls", "GET", job, key)) for _ in range(3)][-1]
    result = caller.call(GET, "GET", _path(polled["download_url"]), {})
    caller.call("switch", "PUT", f"{job}/update_model", key)
    return result


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _objects(caller: Caller) -> None:
    kind = {**_SIGNED, "Content-Type": "application/octet-stream"}
    caller.call(PUT, "PUT", "/bucket/train.csv", kind, FILE)
    caller.call(GET, "GET", "/bucket/result.zip", _SIGNED)
