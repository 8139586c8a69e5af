"""The server, quiet and with its log, against yardsticks and other mock servers.

All give the same reply to the same poll. Each has one core and the load another, and they take
turns.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.contenders import (
    CONSTANT,
    LOGGED,
    NGINX,
    OURS,
    PATH,
    UVICORN,
    WIREMOCK,
    WIREMOCK_JOURNAL,
)
from benchmarks.measure import in_turns, ratios, row
from benchmarks.started import all_started

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.clients import Client, Load
    from benchmarks.measure import Row, Scale, Target
    from benchmarks.started import Started

TITLE = "serve: polls a second, journal on, one core for the server and one for the load"
RATIOS: Final[tuple[tuple[str, str, Target | None], ...]] = (
    (OURS, NGINX, (">=", 0.4)),
    (OURS, CONSTANT, None),
    (OURS, UVICORN, (">=", 1.6)),
    (OURS, WIREMOCK, (">=", 7)),
    (OURS, WIREMOCK_JOURNAL, (">=", 25)),
    (LOGGED, OURS, (">=", 0.9)),
)
"""What is divided by what; the target is the one of the project."""


class Burst(NamedTuple):
    """A burst of load, and the microseconds of processor time that a reply took."""

    load: Load
    own: float
    kernel: float


def run(scale: Scale, client: Client) -> list[Row]:
    """Put the same load on each server in turn."""
    with ExitStack() as stack:
        running = all_started(stack)
        for each in running:
            client.burst(each.url, [PATH], each.contender.warm_up * scale.seconds)
        sides = {each.contender.name: burst_on(each, client, scale.seconds) for each in running}
        bursts = in_turns(sides, scale.rounds)
    return [
        *_of_each(bursts, "replies/s", lambda burst: burst.load.rate),
        *_of_each(bursts, "ms, 50 %", lambda burst: burst.load.p50, 2),
        *_of_each(bursts, "ms, 99 %", lambda burst: burst.load.p99, 2),
        *_of_each(bursts, "us of processor", lambda burst: burst.own + burst.kernel, 1),
        *_of_each(bursts, "us in the kernel", lambda burst: burst.kernel, 1),
        *_ratios(bursts),
    ]


def burst_on(running: Started, client: Client, seconds: float) -> Callable[[], Burst]:
    """Return what puts a burst of load on a server."""

    def burst() -> Burst:
        own_before, kernel_before = running.cpu_seconds()
        load = client.burst(running.url, [PATH], seconds)
        own, kernel = running.cpu_seconds()
        return Burst(
            load,
            (own - own_before) / load.replies * 1e6,
            (kernel - kernel_before) / load.replies * 1e6,
        )

    return burst


def _of_each(
    bursts: dict[str, list[Burst]], unit: str, figure: Callable[[Burst], float], digits: int = 0
) -> list[Row]:
    ours = "more" if unit == "replies/s" else "less"
    return [
        row(
            name, unit, [figure(burst) for burst in found], digits,
            better=ours if name in (OURS, LOGGED) else None,
        )
        for name, found in bursts.items()
    ]  # fmt: skip


def _ratios(bursts: dict[str, list[Burst]]) -> list[Row]:
    """Return the ratios of rates; and of processor times, which hold on a busy machine too."""
    rates = {name: [burst.load.rate for burst in found] for name, found in bursts.items()}
    costs = {name: [each.own + each.kernel for each in found] for name, found in bursts.items()}
    there = [each for each in RATIOS if each[1] in rates]
    return [
        *(
            row(f"{one} / {other}", "times", ratios(rates[one], rates[other]), 2, target,
                better="more")
            for one, other, target in there
        ),
        *(
            row(f"{one} / {other}", "times, by processor", ratios(costs[other], costs[one]), 2,
                better="more")
            for one, other, _ in there
        ),
    ]  # fmt: skip
