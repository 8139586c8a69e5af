"""``mocked()`` against the stub that people write by hand with ``responses``, in one process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import requests
import responses

from benchmarks.clients import HEADERS
from benchmarks.measure import in_turns, ratios, row
from benchmarks.scenarios import ONE, ONE_ID, path_of, written
from mock_p1 import mocked

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.clients import Client
    from benchmarks.measure import Row, Scale

TITLE = "mocked: a poll in-process, against a hand-written `responses` stub of the same reply"
POLLS = 300


def run(scale: Scale, _client: Client) -> list[Row]:
    """Poll in blocks, in turns; as `requests.get` does it, and over a session, which costs less."""
    count = scale.of(POLLS)
    with written(ONE) as scenario:
        mock = mocked(scenario)
        with mock as handle:
            url = handle.url + path_of(ONE_ID)
            reply = requests.get(url, headers=HEADERS, timeout=10)

        def ours(get: Callable[..., requests.Response]) -> float:
            with mock:
                return _timed(get, url, count)

        def stub(get: Callable[..., requests.Response]) -> float:
            with responses.RequestsMock() as by_hand:
                by_hand.get(url, body=reply.content, content_type="application/json")
                return _timed(get, url, count)

        with requests.Session() as session:
            times = in_turns(
                {
                    "ours": lambda: ours(requests.get),
                    "stub": lambda: stub(requests.get),
                    "ours, session": lambda: ours(session.get),
                    "stub, session": lambda: stub(session.get),
                },
                scale.rounds * 2,
            )
    return [
        row("mocked(), requests.get", "us a poll", times["ours"]),
        row("stub, requests.get", "us a poll", times["stub"]),
        row("mocked(), Session.get", "us a poll", times["ours, session"]),
        row("stub, Session.get", "us a poll", times["stub, session"]),
        row("mocked() / stub", "times", ratios(times["ours"], times["stub"]), 3, ("<=", 1.15)),
        row(
            "mocked() / stub, over a session", "times",
            ratios(times["ours, session"], times["stub, session"]), 3,
            ("<=", 1.15),
        ),
    ]  # fmt: skip


def _timed(get: Callable[..., requests.Response], url: str, count: int) -> float:
    began = time.perf_counter()
    for _ in range(count):
        get(url, headers=HEADERS, timeout=10)
    return (time.perf_counter() - began) / count * 1e6
