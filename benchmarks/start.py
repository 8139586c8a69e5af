"""From starting each server to its first right reply, and the memory that it then holds."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Final

from benchmarks.contenders import CONTENDERS, FIRST_START, LOGGED, OURS, UVICORN
from benchmarks.measure import in_turns, ratios, row
from benchmarks.started import all_started, started

if TYPE_CHECKING:
    from benchmarks.clients import Client
    from benchmarks.contenders import Contender
    from benchmarks.measure import Row, Scale

TITLE = "start: until the first right reply, and the memory then"
TARGETS: Final = {"s": ("<=", 0.15), "MB": ("<=", 40)}


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
    ]  # fmt: skip


def _start(contender: Contender) -> tuple[float, float]:
    with started(contender) as running:
        return running.ready_seconds, running.megabytes()
