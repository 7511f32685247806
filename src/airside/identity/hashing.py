"""Argon2id off the event loop, in a bounded pool with a bounded queue, of which each tenant waits for its share only.

Parameters: OWASP's floor, m = 19 MiB, t = 2, p = 1 (RFC 9106). argon2-cffi releases the GIL while it works; more
threads than cores gain nothing, and one core is left to everything else.
"""

import os
from collections.abc import Callable
from typing import Final, TypeVar
from uuid import UUID

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Inconsistent, LimitExceeded, Unavailable
from airside.core.measures import Tally
from airside.identity.turns import Turns

Result = TypeVar("Result")

MEMORY_KIB: Final = 19 * 1024
PASSES: Final = 2
LANES: Final = 1
SALT_BYTES: Final = 16
HASH_BYTES: Final = 32

MAX_WAIT: Final = 0.5
"""Seconds that a tenant's next would wait for its turn, beyond which unknown origins are turned away."""
MAX_WAIT_KNOWN: Final = 2.0
"""Seconds beyond which everybody of the tenant is."""
MAX_WAIT_ALL: Final = 20.0
"""Seconds of queued work, of all tenants together, beyond which everybody is, for what waits takes memory. One tenant
alone gets no further than a tenth of it."""
PART: Final = "password hashing"
QUEUE: Final = "hash_queue"
_FIRST_GUESS: Final = 0.02
_LEAST: Final = 0.001
_WEIGHT: Final = 0.1


class HashPool:
    """Hashes and verifies. `threads` defaults to one less than the cores, at least one.

    Attributes:
        refusals: how often `QUEUE` turned somebody away.
    """

    def __init__(self, *, clock: Clock, entropy: Entropy, threads: int | None = None) -> None:
        self._turns = Turns(threads or max(1, (os.cpu_count() or 1) - 1), PART)
        self._clock = clock
        self._entropy = entropy
        self._hasher = PasswordHasher(
            time_cost=PASSES,
            memory_cost=MEMORY_KIB,
            parallelism=LANES,
            hash_len=HASH_BYTES,
            salt_len=SALT_BYTES,
            type=Type.ID,
        )
        self.refusals = Tally()
        self._cost = _FIRST_GUESS
        self._dummy = self._hasher.hash(entropy.bytes(HASH_BYTES), salt=entropy.bytes(SALT_BYTES))

    @property
    def dummy(self) -> str:
        """A hash of nothing anybody knows, at the same cost: what a guess at nobody is compared with."""
        return self._dummy

    def admit(self, tenant_id: UUID, *, known: bool = False) -> None:
        """Return if there is room for one more of the tenant's. Another's full queue leaves it its own.

        Raises:
            LimitExceeded: it would wait over `MAX_WAIT` and the caller isn't `known`.
            Unavailable: it would wait over `MAX_WAIT_KNOWN`, or over `MAX_WAIT_ALL` is queued.
        """
        wait, whole = self._seconds(self._turns.ahead(tenant_id)), self._seconds(self._turns.waiting)
        if wait > MAX_WAIT_KNOWN or whole > MAX_WAIT_ALL:
            raise Unavailable(PART, max(wait, MAX_WAIT))
        if wait > MAX_WAIT and not known:
            self.refusals.add(QUEUE)
            raise LimitExceeded(QUEUE, wait)

    async def hash(self, tenant_id: UUID, password: bytes) -> str:
        """The PHC string of `password` under a fresh salt.

        Raises:
            Unavailable: the queue is full.
        """
        salt = self._entropy.bytes(SALT_BYTES)
        return await self.work(tenant_id, lambda: self._hasher.hash(password, salt=salt))

    async def verify(self, tenant_id: UUID, stored: str, password: bytes) -> bool:
        """Whether `password` is the one that `stored` was made of.

        Raises:
            Unavailable: the queue is full.
            Inconsistent: `stored` isn't an Argon2 hash.
        """
        return await self.work(tenant_id, lambda: self._matches(stored, password))

    def is_outdated(self, stored: str) -> bool:
        """Whether `stored` was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    async def work(self, tenant_id: UUID, work: Callable[[], Result]) -> Result:
        """What `work` returns, done in one of the threads: another hash to verify, a password to judge.

        Raises:
            Unavailable: the queue is full.
        """
        self.admit(tenant_id, known=True)
        result, seconds = await self._turns.do(tenant_id, lambda: self._timed(work))
        self._cost += _WEIGHT * (max(seconds, _LEAST) - self._cost)
        return result

    def close(self) -> None:
        """Refuse what is queued and end the threads."""
        self._turns.close()

    def _seconds(self, jobs: int) -> float:
        return jobs * self._cost / self._turns.threads

    def _matches(self, stored: str, password: bytes) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except InvalidHashError:
            raise Inconsistent("stored password hash is not Argon2") from None
        except VerificationError:
            return False

    def _timed(self, work: Callable[[], Result]) -> tuple[Result, float]:
        started = self._clock.monotonic()
        return work(), self._clock.monotonic() - started
