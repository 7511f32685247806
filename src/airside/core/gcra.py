"""GCRA, the generic cell rate algorithm (ITU-T I.371, virtual scheduling form), as a pure rule.

State is one number: the theoretical arrival time (TAT). A limit of `count` in `period` seconds lets a burst
of `count` through and then one every `period / count` seconds.
"""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` events in `period` seconds."""

    count: int
    period: float

    @property
    def interval(self) -> float:
        """Seconds between two events at the steady rate."""
        return self.period / self.count


class Decision(NamedTuple):
    """Whether the event may happen; the state after it; seconds until one more may; how many are left now."""

    allowed: bool
    tat: float
    retry_after: float
    remaining: int


def spend(rate: Rate, tat: float | None, now: float, cost: int = 1) -> Decision:
    """Decide one event of `cost` at `now` (seconds) on the stored `tat`; a refused event changes nothing."""
    start = now if tat is None else max(tat, now)
    after = start + cost * rate.interval
    if after - now > rate.period + 1e-6:
        return Decision(False, start, after - now - rate.period, 0)
    return Decision(True, after, 0.0, int((rate.period - (after - now)) / rate.interval + 1e-6))


def refund(rate: Rate, tat: float, cost: int = 1) -> float:
    """The state as if an event of `cost` had not happened."""
    return tat - cost * rate.interval
