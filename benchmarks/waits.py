"""What keeps one client from waiting for others: each is switched off, and the wait is measured."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import time
from contextlib import ExitStack, nullcontext
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.clients import API_KEY, HEADERS
from benchmarks.contenders import BY_NAME, OURS, PATH, without
from benchmarks.in_process import InProcess
from benchmarks.load import request as head_of
from benchmarks.measure import in_turns, row
from benchmarks.scenarios import generated, path_of
from benchmarks.started import all_started
from benchmarks.tricks import ONE_LISTENER, one_client_goes_on
from mock_p1.base.messages import Request
from mock_p1.cli.process import rare_garbage_collection
from mock_p1.engine.engine import Engine
from mock_p1.scenario.files import load_scenario

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from benchmarks.clients import Client
    from benchmarks.measure import Row, Scale
    from benchmarks.started import Started

TITLE = "waits: for a client that sends much, for garbage, for others that connect"
JOBS = 100_000
CROWD = 800
"""So many clients connect at once: fewer than the files that a process may have open anywhere."""


def run(scale: Scale, _client: Client) -> list[Row]:
    """Measure each wait, and what it would be."""
    return [
        *asyncio.run(_turns(scale.rounds)),
        *_collections(scale),
        *_newcomers(scale.rounds),
    ]


async def _turns(rounds: int) -> list[Row]:
    fair = [await InProcess().longest_turn() for _ in range(rounds)]
    with one_client_goes_on():
        unfair = [await InProcess().longest_turn() for _ in range(rounds)]
    return [
        row("others wait for 2,000 polls in one piece", "ms", fair, 2, better="less"),
        row("the same, if no turn ended after 32", "ms", unfair, 2),
    ]


def _collections(scale: Scale) -> list[Row]:
    count = scale.of(JOBS)
    longest = in_turns(
        {
            "rare": partial(_longest_first_poll, count, rare_garbage_collection),
            "ordinary": partial(_longest_first_poll, count, nullcontext),
        },
        scale.rounds,
    )
    return [
        row(f"longest of {count:,} first polls", "ms", longest["rare"], 2, better="less"),
        row("the same, if garbage were collected as ever", "ms", longest["ordinary"], 2),
    ]


def _longest_first_poll(count: int, collected: Callable[[], AbstractContextManager[None]]) -> float:
    """Return the milliseconds of processor time of the one poll that took the longest."""
    engine = Engine(load_scenario(generated(count, prefix=True)))
    paths = [path_of(job_id) for job_id in engine.state.directory.ids()]
    requests = [Request("GET", path, "", (API_KEY,), "http://127.0.0.1:8191") for path in paths]
    longest = 0.0
    gc.collect()
    with collected():
        for request in requests:
            began = time.thread_time()
            engine.handle(request)
            longest = max(longest, time.thread_time() - began)
    return longest * 1000


def _newcomers(rounds: int) -> list[Row]:
    if not hasattr(signal, "SIGSTOP"):  # Windows
        return []
    with ExitStack() as stack:
        running = all_started(stack, [BY_NAME[OURS], without(ONE_LISTENER)])
        sides = {each.contender.name: partial(_newcomer, each) for each in running}
        waits = in_turns(sides, rounds)
    return [
        row(f"a newcomer's poll behind {CROWD} that connect", "ms", waits[OURS], 1, better="less"),
        row("the same, with one listening socket", "ms", waits[ONE_LISTENER], 1),
    ]


def _newcomer(running: Started) -> float:
    """Return the milliseconds until a client has its reply that connects behind many others.

    The server is held while they do, so that it meets all of them at once.
    """
    address = ("127.0.0.1", running.port)
    running.process.send_signal(signal.SIGSTOP)
    with ExitStack() as stack:
        for _ in range(CROWD):
            stack.enter_context(socket.create_connection(address))
        newcomer = stack.enter_context(socket.create_connection(address))
        newcomer.sendall(head_of(PATH, "127.0.0.1", HEADERS))
        running.process.send_signal(signal.SIGCONT)
        began = time.perf_counter()
        newcomer.recv(1)
        return (time.perf_counter() - began) * 1000
