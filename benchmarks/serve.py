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
from benchmarks.started import TELLS_CPU, all_started

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
    """A burst of load, and the microseconds of processor time of a reply, its kernel's apart."""

    load: Load
    own: float
    kernel: float

    @property
    def cost(self) -> float:
        """Both together."""
        return self.own + self.kernel


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
        *_ratios(bursts, "times", lambda burst: burst.load.rate),
        *(_of_processor(bursts) if TELLS_CPU else []),
    ]


def _of_processor(bursts: dict[str, list[Burst]]) -> list[Row]:
    """Return what a reply costs, and ratios of that, which hold on a busy machine too."""
    return [
        *_of_each(bursts, "us of processor", lambda burst: burst.cost, 1),
        *_of_each(bursts, "us in the kernel", lambda burst: burst.kernel, 1),
        *_ratios(bursts, "times, by processor", lambda burst: 1 / max(burst.cost, 1)),
    ]


def burst_on(
    running: Started, client: Client, seconds: float, together: int = 1
) -> Callable[[], Burst]:
    """Return what puts a burst of load on a server; see ``Client.burst``."""

    def burst() -> Burst:
        own_before, kernel_before = running.cpu_seconds()
        load = client.burst(running.url, [PATH], seconds, together=together)
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


def _ratios(
    bursts: dict[str, list[Burst]], unit: str, figure: Callable[[Burst], float]
) -> list[Row]:
    figures = {name: [figure(burst) for burst in found] for name, found in bursts.items()}
    return [
        row(
            f"{one} / {other}", unit, ratios(figures[one], figures[other]), 2,
            target if unit == "times" else None, better="more",
        )
        for one, other, target in RATIOS
        if other in figures
    ]  # fmt: skip
