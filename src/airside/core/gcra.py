"""GCRA, the generic cell rate algorithm (ITU-T I.371, virtual scheduling form), as a pure rule.

State is one number: the theoretical arrival time (TAT). A limit of `count` in `period` seconds lets a burst
of `count` through and then one every `period / count` seconds.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

_ROUNDING: Final = 1e-6
"""Seconds by which sums of floating point may be off."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` events in `period` seconds; `interval` is the seconds between two of them at the steady rate."""

    count: int
    period: float
    interval: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "interval", self.period / self.count if self.count else float("inf"))


class Decision(NamedTuple):
    """Whether the event may happen; the state after it; seconds until one more may; how many are left now."""

    allowed: bool
    tat: float
    retry_after: float
    remaining: int


def advance(rate: Rate, tat: float | None, now: float, cost: int = 1) -> tuple[float, float]:
    """The state after an event of `cost` at `now` (seconds) on the stored `tat`, and the seconds until it may happen: 0
    where it may now. An event that may not changes nothing: its state isn't stored."""
    after = (now if tat is None or tat < now else tat) + cost * rate.interval
    wait = after - now - rate.period
    return after, wait if wait > _ROUNDING else 0.0


def spend(rate: Rate, tat: float | None, now: float, cost: int = 1) -> Decision:
    """As `advance`, with all that a caller may be told."""
    after, wait = advance(rate, tat, now, cost)
    if wait:
        return Decision(False, now if tat is None or tat < now else tat, wait, 0)
    return Decision(True, after, 0.0, int((rate.period - (after - now)) / rate.interval + _ROUNDING))


def refund(rate: Rate, tat: float, cost: int = 1) -> float:
    """The state as if an event of `cost` had not happened."""
    return tat - cost * rate.interval
