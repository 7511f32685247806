"""Who may have a connection, where there aren't enough for everybody: no tenant has them all, and those who wait wait
in lines, one a tenant, which take turns."""

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass
from itertools import takewhile
from typing import Final, TypeAlias
from uuid import UUID

from psycopg_pool import PoolTimeout

Holder: TypeAlias = int
"""A tenant, by its number: to compare UUIDs costs more than the rest of a loan."""
NOBODY: Final = 0
"""Holds what is done outside every tenant, and has no share: it is the server's own work."""


def holder_of(tenant_id: UUID | None) -> Holder:
    """Who holds what is done for this tenant, or for none."""
    return NOBODY if tenant_id is None else tenant_id.int


@dataclass(frozen=True, slots=True, eq=False)
class _Waiter:
    place: asyncio.Future[None]
    limit: int
    beside: bool


class Places:
    """`most` places, of which a quarter is always left to others.

    Whoever has one already and wants another can't give the first back before that. So half of that quarter is for
    these, and they come first in their line: else those who wait would wait for each other.

    Attributes:
        waiting: how many wait, of all tenants.
    """

    def __init__(self, most: int) -> None:
        left = most // 4
        self._most = most
        self._share = most - left
        self._share_beside = most - left // 2
        self._holders: list[Holder] = []
        """One for each place that is taken: a handful, in which each is looked for at once."""
        self._lines: OrderedDict[Holder, deque[_Waiter]] = OrderedDict()
        """None is empty; the one whose turn it is comes first. Each place that is free is barred to all who wait."""
        self.waiting = 0

    def enter(self, holder: Holder, *, beside: bool = False) -> bool:
        """Take a place, if there is one for `holder` now. `beside`: somebody waits for it who has one."""
        taken = len(self._holders)
        if taken >= self._share and (taken >= self._most or self._is_full(holder, self._limit(holder, beside=beside))):
            return False
        self._holders.append(holder)
        return True

    async def wait(self, holder: Holder, patience: float, *, beside: bool = False) -> None:
        """Take a place when it is there.

        Raises:
            PoolTimeout: not within `patience` seconds.
        """
        loop = asyncio.get_running_loop()
        waiter = _Waiter(loop.create_future(), self._limit(holder, beside=beside), beside)
        line = self._lines.setdefault(holder, deque())
        line.insert(sum(1 for _ in takewhile(lambda ahead: ahead.beside, line)) if beside else len(line), waiter)
        self.waiting += 1
        refusal = loop.call_later(patience, _refuse, waiter.place, patience)
        try:
            await waiter.place
        except BaseException:
            if _is_called(waiter):  # and cancelled in the same turn of the loop
                self.leave(holder)
            else:
                self._leave_line(holder, waiter)
            raise
        finally:
            refusal.cancel()
            self.waiting -= 1

    def leave(self, holder: Holder) -> None:
        """A place of `holder`'s is free: it is the next one's whose turn it is."""
        self._holders.remove(holder)
        if self._lines:
            self._call_next()

    def _limit(self, holder: Holder, *, beside: bool) -> int:
        if holder == NOBODY:
            return self._most
        return self._share_beside if beside else self._share

    def _is_full(self, holder: Holder, limit: int) -> bool:
        return self._holders.count(holder) >= limit

    def _call_next(self) -> None:
        for holder, line in self._lines.items():
            # Who was refused or cancelled in this turn of the loop hasn't left the line yet.
            waiter = next((waiter for waiter in line if not waiter.place.done()), None)
            if waiter is not None and not self._is_full(holder, waiter.limit):
                self._leave_line(holder, waiter)
                if line:
                    self._lines.move_to_end(holder)
                self._holders.append(holder)
                waiter.place.set_result(None)
                return

    def _leave_line(self, holder: Holder, waiter: _Waiter) -> None:
        line = self._lines[holder]
        line.remove(waiter)
        if not line:
            del self._lines[holder]


def _refuse(place: asyncio.Future[None], patience: float) -> None:
    if not place.done():
        place.set_exception(PoolTimeout(f"no connection within {patience:.2f} sec"))


def _is_called(waiter: _Waiter) -> bool:
    place = waiter.place
    return place.done() and not place.cancelled() and place.exception() is None
