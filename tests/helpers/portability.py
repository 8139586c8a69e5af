"""Another machine, acted out for a whole run of pytest: ``PYTEST_PLUGINS=helpers.portability``.

Event loops are Windows', without uvloop; ``monotonic`` and short waits go in steps of 15.6 ms;
``os`` has less, and there is no ``/proc``. ``nox -s portability`` runs so what is about servers,
transports, clocks and fixtures.
"""

import asyncio
import os
import sys
import time
from types import SimpleNamespace

from helpers.proactor_like import ProactorLikePolicy

TICK_NS = 15_625_000
POSIX_ALONE = (
    *("fork", "forkpty", "sched_getaffinity", "sched_setaffinity", "getloadavg", "nice"),
    *("fchmod", "fchown", "lchown", "chroot", "mkfifo", "mknod", "pread", "pwrite"),
    *("killpg", "setsid", "setpgid", "getpgid", "getpgrp", "setuid", "setgid"),
)
"""Of these no library that the tests load asks at all; ``getuid``, for one, pytest itself needs."""


def fine_clock_in_steps(fine_ns):
    """Return what stands in for ``monotonic`` and ``monotonic_ns``."""

    def monotonic_ns():
        return fine_ns() // TICK_NS * TICK_NS

    def monotonic():
        return monotonic_ns() / 1e9

    return {"monotonic": monotonic, "monotonic_ns": monotonic_ns}


def tick():
    """Let Python's clock go in steps, wherever a module keeps it already, and say so."""
    stand_ins = fine_clock_in_steps(time.perf_counter_ns)
    by_id = {id(getattr(time, name)): new for name, new in stand_ins.items()}
    for module in tuple(sys.modules.values()):
        names = getattr(module, "__dict__", {})
        for name in [name for name, value in tuple(names.items()) if id(value) in by_id]:
            names[name] = by_id[id(names[name])]
    own = time.get_clock_info
    time.get_clock_info = lambda name: (
        SimpleNamespace(**{**vars(own(name)), "resolution": TICK_NS / 1e9})
        if name == "monotonic"
        else own(name)
    )


def install():
    """Begin; before anything of ours, which keeps Python's clocks, is imported."""
    assert "mock_p1.oneclock" not in sys.modules
    sys.modules["uvloop"] = None
    asyncio.set_event_loop_policy(ProactorLikePolicy())
    tick()
    if hasattr(os, "process_cpu_count"):  # since Python 3.13, by sched_getaffinity
        os.process_cpu_count = os.cpu_count
    for name in POSIX_ALONE:
        if hasattr(os, name):
            delattr(os, name)


def pytest_configure():
    """Let threads be looked at in such steps too, by a system that does not say which it runs."""
    from mock_p1.oneclock import sleep_coordinator, thread_activity  # noqa: PLC0415 -- see install

    sleep_coordinator._LOOK = TICK_NS / 1e9  # noqa: SLF001 -- as long as the shortest wait there
    thread_activity._is_run = lambda _: False  # noqa: SLF001 -- there is no /proc


install()
