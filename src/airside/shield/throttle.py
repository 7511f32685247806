"""How often one client may come, counted in this process: GCRA by client and pattern, and nothing that outlives it.

Several processes each count for themselves; what has to hold for all of them together is a limit of the server.
"""

import math
from threading import Lock
from typing import Final

from airside.core import gcra
from airside.core.clock import Clock
from airside.core.errors import LimitExceeded, Unavailable
from airside.core.origins import origin_key
from airside.shield.paths import PathTable
from airside.shield.policy import Policy

MAX_CLIENTS: Final = 100_000
"""Counters held at once. Full of live ones, newcomers are refused: forgetting one would allow."""
_SWEEP_SECONDS: Final = 1.0
_Counter = tuple[str, str]


class Throttle:
    """Counts for one `Policy`. Safe between threads."""

    def __init__(self, policy: Policy, clock: Clock, *, max_clients: int = MAX_CLIENTS) -> None:
        self._usual = policy.rate
        self._rates = PathTable("rates", {pattern: (pattern, rate) for pattern, rate in policy.rates.items()})
        self._clock = clock
        self._max_clients = max_clients
        self._tat: dict[_Counter, float] = {}
        self._swept = -math.inf
        self._lock = Lock()

    def spend(self, path: str, client: str) -> None:
        """Count one request of `client` (an address) to `path`.

        Raises:
            LimitExceeded: too many came before; nothing is counted.
            Unavailable: there is no room to count a newcomer.
        """
        pattern, rate = self._rates.get(path) or ("", self._usual)
        if rate is None:
            return
        counter, now = (pattern, origin_key(client)), self._clock.monotonic()
        with self._lock:
            tat = self._tat.get(counter)
            if tat is None and len(self._tat) >= self._max_clients:
                self._make_room(now)
            after, wait = gcra.advance(rate, tat, now)
            if not wait:
                self._tat[counter] = after
        if wait:
            raise LimitExceeded("rate", wait)

    def _make_room(self, now: float) -> None:
        """Not for each newcomer: a crowd of them would pay for a look at all the others."""
        if now - self._swept >= _SWEEP_SECONDS:
            self._swept = now
            self._tat = {held: until for held, until in self._tat.items() if until > now}
        if len(self._tat) >= self._max_clients:
            raise Unavailable("throttle")


def throttle_of(policy: Policy, clock: Clock) -> Throttle | None:
    """The throttle that `policy` asks for, if it does."""
    return Throttle(policy, clock) if policy.rate is not None or policy.rates else None
