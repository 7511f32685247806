"""In front of the key encryption key: how often it is asked, how that ends, and how long it takes."""

from collections.abc import Awaitable
from typing import Literal

from airside.core.clock import Clock
from airside.core.errors import Unavailable
from airside.core.measures import Durations, Tally
from airside.core.spans import Spans
from airside.vault.aead import Aead


class Measured:
    """The same `Aead`.

    Attributes:
        answers: by what was asked ("seal", "open") and how it ended: "ok", "unavailable", or "refused" (`Unopenable`,
            `TooLarge`, and whoever asked having gone).
        took: how long each took, however it ended.
    """

    def __init__(self, inner: Aead, *, clock: Clock, spans: Spans | None = None) -> None:
        """`spans` hears of each question."""
        self._spans = spans
        self._inner = inner
        self._clock = clock
        self.answers = Tally()
        self.took = Durations()

    @property
    def key_id(self) -> str:
        """The key's own."""
        return self._inner.key_id

    async def seal(self, plaintext: bytes, aad: bytes) -> bytes:
        """As `Aead.seal`."""
        return await self._asked("seal", self._inner.seal(plaintext, aad))

    async def open(self, ciphertext: bytes, aad: bytes) -> bytes:
        """As `Aead.open`."""
        return await self._asked("open", self._inner.open(ciphertext, aad))

    async def _asked(self, verb: Literal["seal", "open"], answer: Awaitable[bytes]) -> bytes:
        began, ended = self._clock.monotonic(), "refused"
        span = None if self._spans is None else self._spans.begin(f"kms {verb}")
        try:
            found = await answer
            ended = "ok"
        except Unavailable:
            ended = "unavailable"
            raise
        finally:
            self.answers.add(verb, ended)
            self.took.add(self._clock.monotonic() - began)
            if span is not None:
                span.end("" if ended == "ok" else ended)
        return found
