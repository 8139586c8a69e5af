"""The mock's own part of a served poll, in this process: a connection with no socket behind it."""

# ruff: noqa: SLF001 -- what stands inside of the mock is what is measured

from __future__ import annotations

import asyncio
import time
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING, Any, Final

from benchmarks.clients import API_KEY
from benchmarks.contenders import PATH
from benchmarks.load import request as head_of
from benchmarks.scenarios import ANY, path_of
from mock_p1.engine.engine import Engine
from mock_p1.engine.journal import poll_row
from mock_p1.engine.retrain_status_check import count_poll
from mock_p1.scenario.files import load_scenario
from mock_p1.server.http_protocol import Connections, HttpProtocol
from mock_p1.server.server import _date
from mock_p1.transports.asgi import AsgiApp

if TYPE_CHECKING:
    from collections.abc import Callable

    Poll = Callable[[], object]

TOGETHER: Final = 2_000
"""Polls that come in one piece: as many as one reading of a socket brings."""

OTHER: Final = path_of("job-000002")


class Nowhere:
    """A transport that sends nothing."""

    def __init__(self) -> None:
        self.write: Callable[[bytes], None] = lambda _: None

    def get_extra_info(self, name: str) -> Any:
        """Say who speaks to whom."""
        return ("127.0.0.1", 8191) if name in ("peername", "sockname") else None

    def is_closing(self) -> bool:
        """Stay."""
        return False

    def set_write_buffer_limits(self, _high: int) -> None:
        """Take all."""

    def pause_reading(self) -> None:
        """There is nothing to pause."""

    resume_reading = pause_reading


class InProcess:
    """A mock whose connection is handed what a client sends, and whose answers go nowhere."""

    def __init__(self) -> None:
        self.engine = Engine(load_scenario(ANY))
        app = AsgiApp(self.engine, self._nothing_else)
        self.shared = Connections(app, at_once=app)
        date = _date(self.engine.clock)
        self.shared.date = lambda: date
        self.connection = HttpProtocol(self.shared)
        self.connection.connection_made(Nowhere())
        headers = {"x-api-key": API_KEY}
        self.heads = [head_of(path, "127.0.0.1:8191", headers) for path in (PATH, OTHER)]
        for head in (*self.heads, self.heads[0]):
            self.connection.data_received(head)

    @staticmethod
    async def _nothing_else(*_: object) -> None:
        raise AssertionError("a poll is answered at once")

    def same(self) -> Poll:
        """Return what polls one job."""
        return partial(self.connection.data_received, self.heads[0])

    def turns(self) -> Poll:
        """Return what polls two jobs in turn."""
        take = cycle(self.heads).__next__
        return lambda: self.connection.data_received(take())

    def new(self) -> Poll:
        """Return what polls as if over a new connection."""

        def poll() -> None:
            self.connection._known = None
            self.connection.data_received(self.heads[0])

        return poll

    def parts(self) -> dict[str, Poll]:
        """Return what does each part of a poll, and what does the parts that hold others."""
        engine, state = self.engine, self.engine.state
        request = self.connection._known.request
        job = state.jobs.by_path(request.path, request.api_keys, 0)
        reply, step = count_poll(state, job, engine.clock.now_ns(), request.base_url)
        journal = engine.journal

        def row_of_journal() -> None:
            row = poll_row(journal.number(), request, job, step, reply.delay_ns)
            journal.keep(row)
            journal.keep_answer((row[0], reply))
            job.tally.requests += 1

        now_ns = engine.clock.now_ns()
        return {
            "all": self.same(),
            "engine": partial(engine.handle, request),
            "finding": partial(state.jobs.by_path, request.path, request.api_keys, 0),
            "timeline": partial(count_poll, state, job, now_ns, request.base_url),
            "journal": row_of_journal,
            "composing": partial(self.connection._answer, reply),
        }

    def unread(self) -> bytes:
        """Return what has come and waits for its turn."""
        return bytes(self.connection._buffer)

    async def longest_turn(self) -> float:
        """Return for how many ms others wait when one client sends many polls at once."""
        longest, began = 0.0, time.thread_time()
        self.connection.data_received(self.heads[0] * TOGETHER)
        while True:
            longest = max(longest, time.thread_time() - began)
            if not self.unread():
                return longest * 1000
            began = time.thread_time()
            await asyncio.sleep(0)
