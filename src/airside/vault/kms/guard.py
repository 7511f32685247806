"""In front of a key service: whoever waits for one that hangs holds a connection to the database, which others need.

| the service | what is asked of it |
|---|---|
| answers | everything, `MAX_AT_ONCE` at a time; the others wait `QUEUE_SECONDS` at most |
| hasn't answered a question for `SLOW_SECONDS` | nothing more until it answers or the question's time is over |
| didn't answer in time, or failed `FAILURES` times in a row | nothing for `PAUSE_SECONDS`; then one question decides |

Whoever isn't let through is refused at once with `Unavailable`. `Unopenable` and `TooLarge` are answers.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from airside.core.clock import Clock
from airside.core.errors import Unavailable
from airside.vault.aead import Kek
from airside.vault.kms.remote import CALL_SECONDS, away

MAX_AT_ONCE: Final = 8
QUEUE_SECONDS: Final = 0.5
SLOW_SECONDS: Final = 1.0
FAILURES: Final = 3
PAUSE_SECONDS: Final = 5.0


class Guarded:
    """The same `Kek`, asked only as the table above says."""

    def __init__(self, kek: Kek, *, clock: Clock) -> None:
        self._kek = kek
        self._clock = clock
        self._slots = asyncio.Semaphore(MAX_AT_ONCE)
        self._asked: dict[int, float] = {}
        self._count = 0
        self._failures = 0
        self._paused_until: float | None = None

    @property
    def key_id(self) -> str:
        """The key's own."""
        return self._kek.key_id

    @property
    def tag(self) -> UUID:
        """The key's own."""
        return self._kek.tag

    async def seal(self, plaintext: bytes, aad: bytes) -> bytes:
        """As `Aead.seal`; `Unavailable` at once where the service is known to be away."""
        return await self._through(lambda: self._kek.seal(plaintext, aad))

    async def open(self, ciphertext: bytes, aad: bytes) -> bytes:
        """As `Aead.open`; `Unavailable` at once where the service is known to be away."""
        return await self._through(lambda: self._kek.open(ciphertext, aad))

    async def _through(self, ask: Callable[[], Awaitable[bytes]]) -> bytes:
        self._refuse_while_away()
        try:
            # Its own short while: in a crowd, nobody waits for long with a connection in hand.
            async with asyncio.timeout(QUEUE_SECONDS):
                await self._slots.acquire()
        except TimeoutError:
            raise away("too many questions at once", 1.0) from None
        try:
            self._refuse_while_away()  # much may have happened while waiting
            if self._paused_until is not None:
                # One goes to see; for as long as that takes, the others don't.
                self._paused_until = self._clock.monotonic() + max(PAUSE_SECONDS, CALL_SECONDS)
            return await self._asking(ask)
        finally:
            self._slots.release()

    async def _asking(self, ask: Callable[[], Awaitable[bytes]]) -> bytes:
        self._count += 1
        number, began = self._count, self._clock.monotonic()
        self._asked[number] = began
        try:
            answer = await ask()
        except Unavailable:
            self._failed(slow=self._clock.monotonic() - began >= SLOW_SECONDS)
            raise
        except asyncio.CancelledError:
            # Whoever asked has gone; a question that had gone on for long says as much as one that ran out of time.
            if self._clock.monotonic() - began >= SLOW_SECONDS:
                self._failed(slow=True)
            raise
        except Exception:
            self._answered()
            raise
        else:
            self._answered()
            return answer
        finally:
            del self._asked[number]

    def _refuse_while_away(self) -> None:
        now = self._clock.monotonic()
        if self._paused_until is not None and now < self._paused_until:
            raise away("it has failed just now", self._paused_until - now)
        if any(now - began >= SLOW_SECONDS for began in self._asked.values()):
            raise away("it hasn't answered for a while", 1.0)

    def _failed(self, *, slow: bool) -> None:
        self._failures += 1
        if slow or self._failures >= FAILURES or self._paused_until is not None:
            self._paused_until = self._clock.monotonic() + PAUSE_SECONDS

    def _answered(self) -> None:
        self._failures = 0
        self._paused_until = None
