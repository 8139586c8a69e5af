"""One core for the servers, another for the load, where the system can tell processes theirs."""

from __future__ import annotations

import os
import shutil
from typing import Final


def _commands() -> tuple[list[str], list[str]]:
    """Return what a server's command begins with, and that of a load."""
    taskset = shutil.which("taskset")
    if taskset is None or not hasattr(os, "sched_getaffinity"):
        return [], []
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return [], []
    return [taskset, "-c", str(cores[0])], [taskset, "-c", str(cores[-1])]


ON_SERVER_CORE: Final
ON_LOAD_CORE: Final
ON_SERVER_CORE, ON_LOAD_CORE = _commands()
