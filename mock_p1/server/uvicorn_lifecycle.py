"""How the server begins and ends.

Uvicorn's, which here ends at once when told, and by a signal without an error.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

import uvicorn
from uvicorn.server import HANDLED_SIGNALS

from mock_p1.server.doorstep import Doorstep
from mock_p1.server.uvicorn_protocol import HttpProtocol

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from types import FrameType

TICK_SECONDS: Final = 0.1
"""How often uvicorn looks around; its ``on_tick`` counts on this."""

SWEEP_TICKS: Final = 5
"""How many ticks pass from one look for slow clients to the next."""

FINISH_SECONDS: Final = 0.2
"""How long answers under way may take to go out once the server has been told to end."""

CANCEL_SECONDS: Final = 0.3
"""How long what is under way then may take to stop."""


class UvicornServer(uvicorn.Server):
    """A uvicorn server that can be stopped from any thread, and whose ``run`` returns when a signal stops it."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.when_started: Callable[[], None] = lambda: None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told: asyncio.Event | None = None

    def stop(self) -> None:
        """Ask the server to end; safe from any thread, and from a signal handler."""
        self.should_exit = True
        if self._loop is not None and self._told is not None:
            with suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(self._told.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and say so."""
        self._told, self._loop = asyncio.Event(), asyncio.get_running_loop()
        await super().startup(sockets)
        self.when_started()

    async def main_loop(self) -> None:
        """Tick until told to end; unlike uvicorn's, being told ends the wait for the next tick."""
        ticks = 0
        while self._told is not None and not await self.on_tick(ticks):
            ticks += 1
            if ticks % SWEEP_TICKS == 0:
                self._give_up_on_the_slow()
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await self._told.wait()

    def _give_up_on_the_slow(self) -> None:
        now = asyncio.get_running_loop().time()
        for connection in list(self.server_state.connections):
            if isinstance(connection, HttpProtocol | Doorstep):
                connection.give_up(now)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let what is being written go out, then hang up.

        Whatever the mock holds back will never be sent.
        """
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        with suppress(TimeoutError):
            async with asyncio.timeout(FINISH_SECONDS):
                # a client may have all of its answer, and hang up, before the Flask app's thread is
                # done with it
                while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110 -- sets tell nobody
                    await asyncio.sleep(0.001)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(
            0
        )  # the connections are lost now, so that uvicorn answers no 500 for what is cancelled
        if tasks := list(self.server_state.tasks):
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=CANCEL_SECONDS)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let signals end the server. uvicorn would raise them again afterwards.

        Here the caller goes on.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in HANDLED_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End, as ``stop`` does."""
        del sig, frame
        self.stop()
