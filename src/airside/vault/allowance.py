"""How often one process may still seal with one data key before it books again. Pure.

With random 96-bit nonces a key may seal 2^32 messages (NIST SP 800-38D §8.3). What was sealed is never counted one by
one in the database: a process books a block of seals there, and seals from the block in memory. What it hadn't used
when it ended counts as used: the booked sum is never less than the truth.
"""

from typing import Final

from airside.core.errors import Unavailable

BLOCK: Final = 2**20
"""Seals that are booked at once."""
ENOUGH: Final = 2**31
"""Booked seals after which the key is rotated: half of what it may."""
MOST: Final = 2**32 - 2**24
"""Booked seals after which nothing more is booked: what many processes book at one moment still fits."""


PATIENCE: Final = 30.0
"""Seconds that a booking may take to commit before it counts as lost, with the transaction it rode in."""


class Allowance:
    """The seals that are left of what this process booked."""

    __slots__ = ("_booking", "_left")

    def __init__(self, left: int) -> None:
        self._left = left
        self._booking: float | None = None

    def spend(self) -> None:
        """One seal.

        Raises:
            Unavailable: nothing is left; the key has to be rotated, or the booking failed.
        """
        if self._left <= 0:
            raise Unavailable("data key without seals left")
        self._left -= 1

    def runs_low(self, now: float) -> bool:
        """Whether the caller is to book the next block, now; the next who asks is told no for a while."""
        if self._left >= BLOCK // 2 or (self._booking is not None and now - self._booking < PATIENCE):
            return False
        self._booking = now
        return True

    def add(self, seals: int) -> None:
        """A block that the database has on its books."""
        self._left += seals
        self._booking = None
