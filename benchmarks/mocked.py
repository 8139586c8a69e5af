"""``mocked()`` against the stub that people write by hand with ``responses``, in one process."""

from __future__ import annotations

import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import requests
import responses

from benchmarks.clients import HEADERS
from benchmarks.measure import in_turns, ratios, row
from benchmarks.scenarios import ONE, ONE_ID, path_of, written
from mock_p1 import mocked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from benchmarks.clients import Client
    from benchmarks.measure import Row, Scale

TITLE = "mocked: a poll in-process, against a hand-written `responses` stub of the same reply"
POLLS = 300
TARGET = ("<=", 1.15)


def run(scale: Scale, _client: Client) -> list[Row]:
    """Poll in blocks, in turns; as `requests.get` does it, and over a session, which costs less."""
    count = scale.of(POLLS)
    with written(ONE) as scenario, requests.Session() as session:
        mock = mocked(scenario)
        with mock as handle:
            url = handle.url + path_of(ONE_ID)
            stub = partial(_stub, url, requests.get(url, headers=HEADERS, timeout=10).content)
        ways = {"requests.get": requests.get, "Session.get": session.get}
        sides = {
            f"{name}, {way}": partial(_timed, active, get, url, count)
            for way, get in ways.items()
            for name, active in (("mocked()", lambda: mock), ("stub", stub))
        }
        times = in_turns(sides, scale.rounds * 2)
    return [
        *(row(side, "us a poll", found) for side, found in times.items()),
        *(
            row(
                f"mocked() / stub, {way}", "times",
                ratios(times[f"mocked(), {way}"], times[f"stub, {way}"]), 3, TARGET,
            )
            for way in ways
        ),
    ]  # fmt: skip


@contextmanager
def _stub(url: str, body: bytes) -> Iterator[None]:
    with responses.RequestsMock() as by_hand:
        by_hand.get(url, body=body, content_type="application/json")
        yield


def _timed(
    active: Callable[[], AbstractContextManager[object]],
    get: Callable[..., requests.Response],
    url: str,
    count: int,
) -> float:
    with active():
        began = time.perf_counter()
        for _ in range(count):
            get(url, headers=HEADERS, timeout=10)
        return (time.perf_counter() - began) / count * 1e6
