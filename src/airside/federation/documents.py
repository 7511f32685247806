"""What foreign providers publish (discovery documents and key sets), remembered for the whole process.

Whoever asks gets what is at hand while it is fresh, as HTTP says and within our bounds. An unknown `kid` is worth a
look for newer keys, but one fetch goes out per address every `FETCH_EVERY`, successful or not, whatever tokens name
(N27, G36); what is at hand goes on holding while the provider's server is away, for `MAX_STALE`. Documents belong to
addresses
and not to tenants: what an address says is the same for all.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Generic, TypeVar

import structlog

from airside.core.clock import Clock
from airside.core.errors import Refusal, Unavailable
from airside.fetch import Fetcher, Freshness
from airside.store.context import RequestContext

FETCH_EVERY: Final = 30.0
"""Seconds between two fetches of one address."""
FRESHNESS: Final = Freshness(timedelta(minutes=5), timedelta(hours=1), timedelta(hours=1))
"""How long a document is used without asking again: a key that the provider took away lives no longer."""
MAX_STALE: Final = 86_400.0
"""Seconds for which a document holds while its server is away; then nothing goes by it."""
TIMEOUT: Final = 3.0
"""Seconds for one fetch."""
MAX_DOCUMENTS: Final = 1000
"""Documents that are held; the longest unused go first."""
MAX_HELD: Final = 32 * 1024 * 1024
"""Bytes of all of them."""

_PART: Final = "the identity provider"
_log = structlog.get_logger("airside.federation")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reader(Generic[T]):
    """Makes a value of a document's bytes. Readers of one `name` read the same from the same bytes."""

    name: str
    read: Callable[[bytes], T]
    max_bytes: int


class ProviderAway(Unavailable):
    """What the provider publishes can't be had; `reason` says why."""

    def __init__(self, reason: str, retry_after: float) -> None:
        super().__init__(_PART, retry_after)
        self.reason = reason


@dataclass
class _Held(Generic[T]):
    """What one reader made of one address. `lock` is held while it is fetched."""

    url: str
    reader: Reader[T]
    value: T | None = None
    size: int = 0
    fetched_at: float = 0.0
    fresh_until: float = float("-inf")
    next_fetch: float = float("-inf")
    failure: str = "not_fetched"
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Documents:
    """Fetches go out through `fetcher` alone, which reaches no private address (N28).

    Readers of other names are kept apart at the same address: who can't read what another tenant reads there must not
    be able to keep it from being fetched (N20).
    """

    def __init__(self, *, fetcher: Fetcher, clock: Clock) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._held: OrderedDict[tuple[str, str], _Held[Any]] = OrderedDict()

    async def current(self, ctx: RequestContext, url: str, reader: Reader[T]) -> T:
        """What `url` says, fetched anew where it isn't fresh any more. What was done before is committed then: nobody
        waits for a stranger's server with a connection in hand.

        Raises:
            ProviderAway: it can't be had, and there is none at hand that is young enough.
        """
        held = self._of(url, reader)
        if held.value is None or self._clock.monotonic() >= held.fresh_until:
            await self._fetch(ctx, held)
        return self._young(held)

    async def newest(self, ctx: RequestContext, url: str, reader: Reader[T]) -> T:
        """As `current`, after a fetch if one is allowed now."""
        held = self._of(url, reader)
        await self._fetch(ctx, held)
        return self._young(held)

    def _of(self, url: str, reader: Reader[T]) -> _Held[T]:
        key = (url, reader.name)
        held = self._held.setdefault(key, _Held(url, reader))
        self._held.move_to_end(key)
        self._make_room()
        return held

    def _young(self, held: _Held[T]) -> T:
        now = self._clock.monotonic()
        if held.value is None or now >= held.fetched_at + MAX_STALE:
            raise ProviderAway(held.failure, max(held.next_fetch - now, 1.0))
        return held.value

    async def _fetch(self, ctx: RequestContext, held: _Held[T]) -> None:
        """One attempt, if it is time for one; whoever comes meanwhile waits for it. What is at hand survives a
        failure."""
        if not held.lock.locked() and self._clock.monotonic() < held.next_fetch:
            return
        await ctx.tx.checkpoint()
        async with held.lock:
            if self._clock.monotonic() < held.next_fetch:
                return
            held.next_fetch = self._clock.monotonic() + FETCH_EVERY
            try:
                answer = await self._fetcher.get(held.url, max_bytes=held.reader.max_bytes, timeout=TIMEOUT)
                if answer.status != 200:
                    raise Unavailable(_PART)
                value = held.reader.read(answer.body)
            except Refusal as refusal:
                held.failure = refusal.reason
                _log.warning("provider_document_not_fetched", reason=refusal.reason)
                return
            now = self._clock.monotonic()
            held.value, held.size = value, len(answer.body)
            held.fetched_at, held.fresh_until = now, now + FRESHNESS.of(answer).total_seconds()
            self._make_room()

    def _make_room(self) -> None:
        total = sum(held.size for held in self._held.values())
        while len(self._held) > MAX_DOCUMENTS or (total > MAX_HELD and len(self._held) > 1):
            _, dropped = self._held.popitem(last=False)
            total -= dropped.size
