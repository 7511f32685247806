"""The public keys of a client: from `jwks` in its settings, or from behind its `jwks_uri`.

What it signs (assertions, request objects) is verified with these and no others. An unknown `kid` is worth a look for
newer keys, but at most one fetch goes out per client every `FETCH_EVERY`, however many tokens name unknown ones (N27,
G36); keys at hand go on verifying while the client's server is away.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import structlog

from airside.core.clock import Clock
from airside.core.errors import Refusal, Unavailable
from airside.fetch import Fetched, Fetcher
from airside.oauth.model import Client
from airside.protocols.jose import KeySet, UnknownKey, VerifiedJws, verify_compact
from airside.protocols.oauth import MAX_CLIENT_JWKS, RsaAlgorithm, client_keyset, parse_client_jwks
from airside.store import RequestContext

FETCH_EVERY: Final = 30.0
"""Seconds between two fetches for one client, successful or not."""
REFRESH_AFTER: Final = 600.0
"""Seconds after which keys are fetched again before they are used: one that the client took away lives no longer."""
MAX_AGE: Final = 86_400.0
"""Seconds for which fetched keys hold while the client's server is away; then nothing it signs verifies."""
TIMEOUT: Final = 3.0
"""Seconds for one fetch."""
MAX_CLIENTS: Final = 10_000
"""Clients whose keys are held; the longest unused go first."""

_PART: Final = "the client's keys"
_log = structlog.get_logger("airside.oauth")


@dataclass
class _Remote:
    """The keys behind one `jwks_uri`. `lock` is held while they are fetched."""

    uri: str
    rsa: RsaAlgorithm
    keys: KeySet | None = None
    fetched_at: float = 0.0
    next_fetch: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True)
class _Registered:
    """The keys that `jwks` spells, read once."""

    jwks: object
    rsa: RsaAlgorithm
    keys: KeySet


class ClientKeys:
    """Finds clients' keys. Fetches go out through `fetcher` alone, which reaches no private address (N28)."""

    def __init__(self, *, fetcher: Fetcher, clock: Clock) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._held: OrderedDict[tuple[UUID, UUID], _Remote | _Registered] = OrderedDict()

    async def verify(self, ctx: RequestContext, client: Client, token: str) -> VerifiedJws:
        """The payload of `token`, which this client signed with the key that its `kid` names, or with the only one that
        it has. What the payload says is for the caller to judge.

        A fetch doesn't hold a connection to the database: the transaction is committed before.

        Raises:
            UnknownKey: the client has no such key.
            TokenRefused: anything else wrong with the signature.
            Unavailable: the keys are away, and none at hand are young enough.
        """
        keys = await self.current(ctx, client)
        try:
            return verify_compact(token, keys, nameless=True)
        except UnknownKey:
            newer = await self.newest(ctx, client)
            if newer.fingerprint == keys.fingerprint:
                raise
        return verify_compact(token, newer, nameless=True)

    async def current(self, ctx: RequestContext, client: Client) -> KeySet:
        """The client's keys; empty where it registered none.

        Raises:
            KeyRefused: those it registered aren't keys; registration refuses such.
            Unavailable: as `verify`.
        """
        held = self._of(ctx, client)
        if isinstance(held, _Registered):
            return held.keys
        if held.keys is None or self._age(held) >= REFRESH_AFTER:
            await self._fetch(ctx, held)
        return self._young(held)

    async def newest(self, ctx: RequestContext, client: Client) -> KeySet:
        """As `current`, after a fetch if one is allowed now."""
        held = self._of(ctx, client)
        if isinstance(held, _Registered):
            return held.keys
        await self._fetch(ctx, held)
        return self._young(held)

    def _of(self, ctx: RequestContext, client: Client) -> _Remote | _Registered:
        key, settings = (ctx.tenant_id, client.client_id), client.settings
        rsa: RsaAlgorithm = "PS256" if settings.profile == "fapi2" else "RS256"
        held = self._held.get(key)
        if settings.jwks_uri is not None:
            if not isinstance(held, _Remote) or (held.uri, held.rsa) != (settings.jwks_uri, rsa):
                held = _Remote(settings.jwks_uri, rsa)
        elif not isinstance(held, _Registered) or held.jwks is not settings.jwks or held.rsa != rsa:
            keys = KeySet(()) if settings.jwks is None else client_keyset(settings.jwks, rsa=rsa)
            held = _Registered(settings.jwks, rsa, keys)
        self._held[key] = held
        self._held.move_to_end(key)
        if len(self._held) > MAX_CLIENTS:
            self._held.popitem(last=False)
        return held

    def _age(self, held: _Remote) -> float:
        return self._clock.monotonic() - held.fetched_at

    def _young(self, held: _Remote) -> KeySet:
        if held.keys is None or self._age(held) >= MAX_AGE:
            raise Unavailable(_PART, max(held.next_fetch - self._clock.monotonic(), 1.0))
        return held.keys

    async def _fetch(self, ctx: RequestContext, held: _Remote) -> None:
        """One attempt, if it is time for one; whoever comes meanwhile waits for it. A failure leaves the keys as they
        are."""
        if not held.lock.locked() and self._clock.monotonic() < held.next_fetch:
            return
        await ctx.tx.checkpoint()  # nobody waits for a stranger's server with a connection in hand
        async with held.lock:
            if self._clock.monotonic() < held.next_fetch:
                return
            held.next_fetch = self._clock.monotonic() + FETCH_EVERY
            try:
                answer = await self._fetcher.get(held.uri, max_bytes=MAX_CLIENT_JWKS, timeout=TIMEOUT)
                keys = _read(answer, held.rsa)
            except Refusal as refusal:
                _log.warning("client_keys_not_fetched", reason=refusal.reason)
                return
            held.keys, held.fetched_at = keys, self._clock.monotonic()


def _read(answer: Fetched, rsa: RsaAlgorithm) -> KeySet:
    if answer.status != 200:
        raise Unavailable(_PART)
    return parse_client_jwks(answer.body, rsa=rsa)
