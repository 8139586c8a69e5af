"""Event loops of asyncio while a clock is shared.

Where one would wait for its next timer, time goes there at once.

A loop is told of time where it asks to wait: in ``_run_once``, which is private, and has been the
same since asyncio came into Python.
"""

# ruff: noqa: SLF001 -- see above

from __future__ import annotations

from asyncio.base_events import BaseEventLoop
from contextlib import suppress
from importlib import import_module
from typing import Any, Final

from mock_p1.base.clock import SECOND
from mock_p1.base.patching import Patch, instead
from mock_p1.oneclock.far_ends import is_elsewhere
from mock_p1.oneclock.shared import CannotShare, SharedClock, current
from mock_p1.oneclock.sleep_coordinator import Job

uvloop: Any = None
with suppress(ImportError):  # Windows and PyPy do without
    uvloop = import_module("uvloop")

_ELSEWHERE_SECONDS: Final = 0.1
"""Real seconds in which another program may answer before time goes on.

Nothing tells whether a loop waits for its answer, or only keeps the connection.
"""

_CLOSE_ENOUGH: Final = 1e-6
"""Seconds by which a timer may be early.

More than floats lose where a machine has been up for years.
"""

_run_once: Final = BaseEventLoop._run_once  # type: ignore[attr-defined]
_shutdown_default_executor: Final = BaseEventLoop.shutdown_default_executor


def _refuse_uvloop(loop: Any) -> None:  # noqa: ANN401 -- a library that need not be there
    """Stand in for ``run_forever`` of uvloop, whose timers are C's."""
    shared = current()
    if shared is not None and shared.has_joined() and not shared.leave():
        raise CannotShare(
            "instant_sleep cannot move the timers of uvloop: run the client on asyncio's own loop "
            "in this test (asyncio.run), or do without instant_sleep"
        )
    super(uvloop.Loop, loop).run_forever()


def _wait_and_run_once(loop: Any) -> None:  # noqa: ANN401 -- its private parts are what this is about
    """Stand in for ``BaseEventLoop._run_once``."""
    shared = current()
    if shared is not None and shared.has_joined():
        _wait(loop, shared)
        # the system's own would let timers on Windows end 15.6 ms before their time
        kept, loop._clock_resolution = loop._clock_resolution, _CLOSE_ENOUGH
        try:
            _run_once(loop)
        finally:
            loop._clock_resolution = kept
    else:
        _run_once(loop)


def _wait(loop: Any, shared: SharedClock) -> None:  # noqa: ANN401 -- likewise
    """Let time go to the loop's next timer, unless there is something to do before."""
    timers = [timer.when() for timer in loop._scheduled if not timer.cancelled()]
    # Windows' proactor keeps what it waits for to itself
    if hasattr(loop._selector, "get_map"):
        heard = [key.fileobj for key in loop._selector.get_map().values()]
    else:
        heard = [entry[2] for entry in loop._selector._cache.values()]
    own_pipe = (loop._ssock, loop._ssock.fileno())
    heard = [file for file in heard if file not in own_pipe]
    listens = bool(heard)
    if listens and shared.leave(heard):
        return
    if loop._ready or loop._stopping or not (timers or (listens and shared.ports)):
        return
    span = min(timers) - loop.time() if timers else None
    if (span is not None and span <= _CLOSE_ENOUGH) or loop._selector.select(0):
        return
    if listens and is_elsewhere(heard, shared.ports):
        patience = _ELSEWHERE_SECONDS if span is None else min(_ELSEWHERE_SECONDS, span)
        if loop._selector.select(patience):
            return
    shared.sleep(
        None if span is None else round(span * SECOND / 1000) * 1000,
        lambda: bool(loop._ready or loop._selector.select(0)),
        everybody=listens,
    )


async def _shut_down(loop: Any, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 -- a time-out since 3.12
    """Stand in for ``BaseEventLoop.shutdown_default_executor``.

    Time waits for its threads, so does its time-out.
    """
    shared = current()
    if shared is None or not shared.has_joined():
        return await _shutdown_default_executor(loop, *arguments, **options)
    job = Job()
    job.pool = loop._default_executor
    shared.sleepers.hand_over(job)
    try:
        await _shutdown_default_executor(loop, *arguments, **options)
    finally:
        shared.sleepers.taken_over(job)


PATCHES: Final = (
    Patch(BaseEventLoop, "_run_once", instead(_wait_and_run_once)),
    Patch(BaseEventLoop, "shutdown_default_executor", instead(_shut_down)),
    *([] if uvloop is None else [Patch(uvloop.Loop, "run_forever", instead(_refuse_uvloop))]),
)
