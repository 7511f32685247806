"""A way out that is shut: nothing is tried for a while, and for longer each time that it is found shut again."""

from typing import Final

from airside.core.clock import Clock

MAX_PAUSE: Final = 60.0
"""Seconds at most between two tries; the first pause is one."""


class Pause:
    """Of one way out.

    Attributes:
        seconds: how long the last one is; 0 while the way is open.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends = clock.monotonic()
        self.seconds = 0.0

    def over(self, now: float) -> bool:
        """Whether it may be tried at `now`, of the monotonic clock."""
        return now >= self._ends

    def begin(self) -> bool:
        """The way was found shut; whether that begins a pause. Those that were under way together make one."""
        now = self._clock.monotonic()
        if not self.over(now):
            return False
        self.seconds = min(max(self.seconds * 2, 1.0), MAX_PAUSE)
        self._ends = now + self.seconds
        return True

    def end(self) -> None:
        """The way is open."""
        self.seconds = 0.0
