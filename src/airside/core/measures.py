"""Plain numbers that a room keeps of its own work. A room only adds; whoever wants to know reads them (`wiring/metrics`
does, when it is asked), so that counting costs what adding does and nothing leaves by itself.

Words are from a closed set: the name of a limit, of a grant, of an answer. Never what somebody typed, and never whose
it was: what is counted is shown to whoever runs the machine.
"""

from bisect import bisect_left
from typing import Final

BOUNDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Seconds: how long something took is told by which of these it didn't exceed."""


class Tally:
    """How often each of several things happened."""

    __slots__ = ("counts",)

    def __init__(self) -> None:
        self.counts: dict[tuple[str, ...], int] = {}

    def add(self, *words: str) -> None:
        """Once more, by these words."""
        self.counts[words] = self.counts.get(words, 0) + 1


class Durations:
    """How long something took: `counts[n]` times no longer than `BOUNDS[n]` and longer than the one before, and the
    last one longer than all of them; `total` is the sum in seconds."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        """Once more, and it took so long."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds
