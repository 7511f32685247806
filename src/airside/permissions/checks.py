"""What the engines remember of the questions they answered."""

from collections.abc import Callable

from airside.core.clock import SystemClock
from airside.core.measures import Durations

_MOMENT = SystemClock().monotonic


class Checks:
    """Counts answers, whoever asked.

    Attributes:
        allowed, denied: answers.
        at_once: those that were decided without a wait.
        remembered: those that had been decided before.
        decided: how long the others took that were asked one by one, with whatever had to be loaded first.
    """

    __slots__ = ("allowed", "at_once", "decided", "denied", "moment", "remembered")

    def __init__(self, moment: Callable[[], float] = _MOMENT) -> None:
        """`moment`: seconds that never go backwards."""
        self.moment = moment
        self.allowed = self.denied = self.at_once = self.remembered = 0
        self.decided = Durations()

    def answered(self, allowed: bool) -> None:
        """One answer more."""
        if allowed:
            self.allowed += 1
        else:
            self.denied += 1
