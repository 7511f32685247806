"""Answers of the permission store, remembered for less than a second: for pages that ask the same many times."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from airside.core.clock import Clock
from airside.core.errors import Misconfigured
from airside.sdk.permissions import Permissions, TupleKey

LONGEST: Final = 1.0
"""Seconds: what is taken away takes hold within one, as with tokens."""
MOST: Final = 10_000
"""Answers that are held."""


class RememberedPermissions:
    """As `Permissions`, whose answers hold for `seconds`. A question with `at_least` is never answered from memory, and
    a write through this object forgets everything: whoever writes sees what they wrote."""

    def __init__(self, permissions: Permissions, *, clock: Clock, seconds: float = 0.5, most: int = MOST) -> None:
        if not 0 < seconds <= LONGEST or most <= 0:
            raise Misconfigured("seconds", f"are above 0 and at most {LONGEST}")
        self._permissions = permissions
        self._clock = clock
        self._seconds = seconds
        self._most = most
        self._held: OrderedDict[TupleKey, tuple[float, bool]] = OrderedDict()
        self._writes = 0

    async def check(self, user: str, relation: str, object: str, *, at_least: str | None = None) -> bool:
        """As `Permissions.check`."""
        key = TupleKey(user, relation, object)
        held = self._held.get(key)
        if at_least is None and held is not None and self._clock.monotonic() < held[0]:
            return held[1]
        # It holds from when it was asked for: what is written while it is under way isn't in it, perhaps.
        asked, writes = self._clock.monotonic(), self._writes
        allowed = await self._permissions.check(user, relation, object, at_least=at_least)
        if writes == self._writes:
            self._held[key] = (asked + self._seconds, allowed)
            self._held.move_to_end(key)
            if len(self._held) > self._most:
                self._held.popitem(last=False)
        return allowed

    async def write(self, writes: Sequence[TupleKey] = (), deletes: Sequence[TupleKey] = ()) -> str:
        """As `Permissions.write`."""
        self._forget()
        try:
            return await self._permissions.write(writes, deletes)
        finally:
            self._forget()

    def _forget(self) -> None:
        self._writes += 1
        self._held.clear()
