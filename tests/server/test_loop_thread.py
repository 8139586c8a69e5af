"""The thread whose loop servers stand in."""

import asyncio
import threading
from contextvars import ContextVar

import pytest

from mock_p1.server.loop_thread import LoopThread

VARIABLE = ContextVar("variable", default="of the thread")


def test_nothing_of_the_caller_goes_along():
    """A test's context, such as whose mock answers it, is not the next test's."""
    thread, seen, done = LoopThread(), [], threading.Event()

    async def look():
        seen.append(VARIABLE.get())
        done.set()

    VARIABLE.set("of the caller")
    thread.begin(look())
    assert done.wait(10)
    thread.close()
    assert seen == ["of the thread"]


def test_what_runs_in_it_ends_with_it():
    """Whatever it waits for."""
    thread, begun, ended = LoopThread(), threading.Event(), threading.Event()

    async def wait_for_ever():
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    thread.begin(wait_for_ever())
    assert begun.wait(10)
    thread.close()
    assert ended.is_set()
    assert not thread.is_alive
    thread.close()  # twice is harmless


def test_a_loop_that_cannot_be_made_is_told_to_who_starts_it():
    """And not only in a thread where nobody looks."""

    def fail():
        raise OSError("no more files")

    with pytest.raises(OSError, match="no more files"):
        LoopThread(fail)
