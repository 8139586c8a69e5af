"""What the pytest plugin costs every run of every project, and what ``import mock_p1`` loads.

Counted is processor time, where the system tells it of child processes (Windows does not): half a
second of starting Python, measured by the clock, varies by more than the plugin costs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import partial
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.measure import differences, in_turns, row
from benchmarks.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.clients import Client
    from benchmarks.measure import Row, Scale

TITLE = "plugin: what it adds to `pytest --version`"
try:
    import resource
except ImportError:  # Windows
    resource = None

TARGET = ("<=", 15)
IMPORTING = "importing our plugin, by the clock"
HEAVY = ("flask", "responses", "faker", "pydantic")

# A single --version is answered by newer pytests before any plugin is loaded; the second makes it
# load them.
_VERSION = [sys.executable, "-m", "pytest", "--version", "--version"]
_IMPORT = (
    "import time, pytest; began = time.perf_counter(); import mock_p1.testing.plugin; "
    "print((time.perf_counter() - began) * 1000)"
)
_LOADED = (
    "import sys, mock_p1; "
    f"loaded = [name for name in {HEAVY!r} if name in sys.modules]; "
    "print(len(loaded)); loaded and print('import mock_p1 loads', *loaded, file=sys.stderr)"
)


def run(scale: Scale, _client: Client) -> list[Row]:
    """Start pytest with and without the plugin.

    No other plugin is loaded, so that none pays for what ours imports.
    """
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    sides = {
        "without": partial(_milliseconds, _VERSION, alone),
        "with": partial(_milliseconds, [*_VERSION, "-p", "mock_p1.testing.plugin"], alone),
        "import": partial(_answer, _IMPORT),
    }
    times = in_turns(sides, scale.rounds)
    return [
        row("pytest --version, no plugins", "ms", times["without"]),
        row("pytest --version, our plugin", "ms", times["with"]),
        row(IMPORTING, "ms", times["import"], 1, ("<=", 1.4)),
        row("our plugin alone adds", "ms", differences(times["with"], times["without"]), 1, TARGET),
        row(
            f"of {', '.join(HEAVY)}, import mock_p1 loads",
            "modules",
            [_answer(_LOADED)],
            0,
            ("<=", 0),
        ),
    ]


def _milliseconds(command: list[str], environment: Mapping[str, str]) -> float:
    """Run a command in an empty folder, where pytest finds no conftest.py of ours."""
    path = os.pathsep.join(filter(None, (str(ROOT), environment.get("PYTHONPATH"))))
    with TemporaryDirectory() as folder:
        before = processor_seconds()
        subprocess.run(
            command, env={**environment, "PYTHONPATH": path}, cwd=folder,
            capture_output=True, check=True,
        )  # fmt: skip
        return (processor_seconds() - before) * 1000


def processor_seconds() -> float:
    """Return the processor seconds of all child processes so far.

    Where there is no telling, the clock's.
    """
    if resource is None:
        return time.perf_counter()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _answer(code: str) -> float:
    """Return the number that a program in a process of its own prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, encoding="utf-8"
    )
    sys.stderr.write(done.stderr)
    return float(done.stdout)
