"""A thread that runs an event loop, for servers that start and end in it."""

from __future__ import annotations

import asyncio
import threading
from contextvars import Context
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Future

CLOSE_SECONDS: Final = 10.0
"""How long the end of the thread is waited for."""


class LoopThread:
    """A thread and its event loop, for as long as it is not closed. Safe to use from any thread."""

    def __init__(self, loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None) -> None:
        """Start. Without ``loop_factory`` the loop is asyncio's own."""
        self._loop_factory = loop_factory
        self._ready, self._end = threading.Event(), asyncio.Event()
        self._error: BaseException | None = None
        self.thread: threading.Thread = threading.Thread(
            target=self._run, name="mock-p1:server", daemon=True
        )
        self.thread.start()
        self._ready.wait()
        if self._error is not None:
            raise self._error

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs here: not any more, or not in a process that was forked."""
        return self.thread.is_alive()

    def begin(self, coroutine: Coroutine[None, None, None]) -> Future[None]:
        """Run a coroutine in the loop, which nothing of who calls goes along with."""
        return Context().run(asyncio.run_coroutine_threadsafe, coroutine, self.loop)

    def close(self) -> None:
        """End the loop with all that runs in it, and wait for the thread. Twice is harmless."""
        if self.is_alive:
            self.loop.call_soon_threadsafe(self._end.set)
            self.thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=self._loop_factory) as runner:
                runner.run(self._until_closed())
        except BaseException as error:  # noqa: BLE001 -- kept for the thread that waits
            self._error = error
        finally:
            self._ready.set()

    async def _until_closed(self) -> None:
        self.loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        self._ready.set()
        await self._end.wait()
