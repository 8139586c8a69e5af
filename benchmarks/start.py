"""From starting each server to its first right reply, and the memory that it then holds.

And what a person at a shell waits for: a help page, and a completion.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Final

from benchmarks.contenders import CONTENDERS, FIRST_START, LOGGED, OURS, UVICORN
from benchmarks.measure import in_turns, ratios, row
from benchmarks.plugin import processor_seconds
from benchmarks.processes import ROOT
from benchmarks.report import say
from benchmarks.started import all_started, started

if TYPE_CHECKING:
    from benchmarks.clients import Client
    from benchmarks.contenders import Contender
    from benchmarks.measure import Row, Scale

TITLE = "start: until the first right reply, and the memory then"
TARGETS: Final = {"s": ("<=", 0.15), "MB": ("<=", 40)}
AT_A_SHELL: Final = ("<=", 80)
HELP: Final = "mock-p1 --help"
BEGUN: Final = (
    "mock-p1 ", "mock-p1 serve ", "mock-p1 check ", "mock-p1 explain --", "mock-p1 openapi --spec ",
    "mock-p1 poll --", "mock-p1 verify --", "mock-p1 healthcheck --",
)  # fmt: skip
"""Lines at whose end a shell asks how they could go on."""


def run(scale: Scale, _client: Client) -> list[Row]:
    """Start each server, in turns."""
    with ExitStack() as stack:  # only to see which of them there are
        running = all_started(stack, (*CONTENDERS, FIRST_START))
        there = [each.contender for each in running]
    sides = {each.name: partial(_start, each) for each in there if each.name != LOGGED}
    found = in_turns(sides, scale.rounds)
    seconds = {name: [each[0] for each in starts] for name, starts in found.items()}
    sizes = {name: [each[1] for each in starts] for name, starts in found.items()}
    return [
        *(
            row(name, unit, values, digits, TARGETS[unit] if name == OURS else None)
            for unit, digits, figures in (("s", 2, seconds), ("MB", 0, sizes))
            for name, values in figures.items()
        ),
        row(
            f"{OURS} / {UVICORN}", "times", ratios(seconds[OURS], seconds[UVICORN]), 2,
            better="less",
        ),
        *_at_a_shell(scale.rounds),
    ]  # fmt: skip


def _at_a_shell(rounds: int) -> list[Row]:
    try:
        took = in_turns({line: partial(_processor_ms, line) for line in (HELP, *BEGUN)}, rounds)
    except subprocess.CalledProcessError:  # an older package
        say("  left out: completion, which it has not")
        return []
    slowest = max((took[line] for line in BEGUN), key=median)
    return [
        row(f"{what}, ms", "ms of processor", values, 0, AT_A_SHELL)
        for what, values in ((HELP, took[HELP]), ("mock-p1, the slowest completion", slowest))
    ]


def _processor_ms(line: str) -> float:
    """Run a line, or have it completed."""
    words = line.split(" ")
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    env = {**os.environ, **asked, "_MOCK_P1_COMPLETE": "" if line == HELP else "bash_complete"}
    before = processor_seconds()
    subprocess.run(
        [sys.executable, "-m", "mock_p1", *words[1:]], env=env, cwd=ROOT,
        capture_output=True, check=True,
    )  # fmt: skip
    return (processor_seconds() - before) * 1000


def _start(contender: Contender) -> tuple[float, float]:
    with started(contender) as running:
        return running.ready_seconds, running.megabytes()
