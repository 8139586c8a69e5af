"""How long answers took, kept as a histogram: cheap enough to be noted for every one of them."""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

BOUNDS: Final = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
    300.0,
)  # fmt: skip
"""Upper bounds of the buckets, in seconds; a last bucket takes what is longer."""


class Latency:
    """Counts by bucket, and the sum of all.

    Two threads at once may lose a count; the server's answers have one.
    """

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0

    def note(self, seconds: float) -> None:
        """Count an answer that took so long."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds
