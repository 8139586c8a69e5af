"""docs/one-clock.md is true: each wait and clock in its tables is tried."""

from __future__ import annotations

import asyncio
import queue
import re
import sched
import select
import selectors
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from time import monotonic, sleep

import pytest
from helpers.real_time import real_seconds
from urllib3 import HTTPResponse, Retry

from mock_p1 import mocked

PAGE = (Path(__file__).parents[2] / "docs" / "one-clock.md").read_text(encoding="utf-8")
TABLES = re.split(r"^\|---\|---\|$", PAGE, flags=re.MULTILINE)[1:]
MOVES, SHOWS, REAL = (re.findall(r"^\| `(.+?)` \|", table, re.MULTILINE) for table in TABLES)
NEEDS_POLL = pytest.mark.skipif(not hasattr(select, "poll"), reason="Windows has no poll")
MOVES, REAL = (
    [pytest.param(code, marks=NEEDS_POLL) if ".poll(" in code else code for code in table]
    for table in (MOVES, REAL)
)


def waits_by_scheduler():
    """Wait as the module sched does."""
    scheduler = sched.scheduler()
    scheduler.enter(30, 1, int)
    scheduler.run()


def locked():
    """Return a lock that somebody has taken, made by the client just now."""
    lock = threading.Lock()
    lock.acquire()
    return lock


def waits_in_a_queue():
    """Wait for what does not come."""
    with suppress(queue.Empty):
        queue.SimpleQueue().get(timeout=30)


def waits_by_a_selector():
    """Wait for no file at all."""
    with selectors.DefaultSelector() as selector:
        selector.select(30)


def watch():
    """Return what watches files, made by the client just now."""
    return select.poll()


NAMES = {
    "from_before": getattr(select, "poll", object)(),
    "watch": watch,
    "locked": locked,
    "lock_from_before": locked(),
    "waits_in_a_queue": waits_in_a_queue,
    "asyncio": asyncio,
    "busy": HTTPResponse(status=503, headers={"Retry-After": "30"}),
    "datetime": datetime,
    "in_a_partial": partial(time.sleep, 0.01),
    "monotonic": monotonic,
    "Retry": Retry,
    "select": select,
    "sleep": sleep,
    "subprocess": subprocess,
    "sys": sys,
    "threading": threading,
    "time": time,
    "waits_by_a_selector": waits_by_a_selector,
    "waits_by_scheduler": waits_by_scheduler,
}


def mock_now(mock):
    """Return the mock's time in seconds."""
    return mock._engine.clock.now_ns() / 1e9  # noqa: SLF001 -- no request is made


def run(code, kept=()):
    """Evaluate a cell of the page as a client's module would; there may be a list it has kept."""
    here = {
        name: globals().get(name, value) for name, value in NAMES.items()
    }  # by name: as the mock left it
    if kept:
        here["kept"] = kept[0]
    return eval(code, here | {"__name__": "client"})  # noqa: S307 -- what the page says is what is tried


def test_there_are_rows():
    """Each table has some, or nothing would be tried."""
    assert (len(MOVES), len(SHOWS), len(REAL)) == (12, 6, 5)


@pytest.mark.slow
@pytest.mark.parametrize("code", MOVES)
def test_what_moves_the_clock(request, code):
    """The wait is over at once, and the mock's clock has moved by as much."""
    if "scheduler" in code:  # a module that was imported has kept default arguments
        request.getfixturevalue("every_object")
    kept = [time.sleep]
    with mocked("stuck", instant_sleep=True) as mock:
        began = real_seconds()
        run(code, kept)
        assert mock_now(mock) == 30
        assert real_seconds() - began < 15


@pytest.mark.parametrize("code", SHOWS)
def test_what_shows_the_mocks_time(code):
    """It goes with the mock's clock, and only with it."""
    with mocked("stuck", instant_sleep=True) as mock:
        before = run(code)
        assert run(code) == before
        mock.advance("1d")
        assert run(code) > before


@pytest.mark.parametrize("code", REAL)
def test_what_stays_real(code):
    """It moves nothing, and does not jump with the mock's clock."""
    with mocked("stuck", instant_sleep=True) as mock:
        before = run(code)
        assert mock_now(mock) == 0
        mock.advance("1d")
        if isinstance(before, float):
            assert run(code) - before < 60
