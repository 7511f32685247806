"""Judges a key that is presented. On warm caches it touches no database."""

from hashlib import sha256
from typing import ClassVar, Final, final
from uuid import UUID

from msgspec import Struct

from airside.apikeys.last_use import LastUse
from airside.apikeys.memory import Held, KeyMemory
from airside.apikeys.model import ApiKey
from airside.apikeys.networks import holds, network_of
from airside.audit import Event, Journal
from airside.audit.alerts import Tallies
from airside.core.entropy import equal
from airside.core.errors import LimitExceeded, Unauthenticated
from airside.core.proof import Mint
from airside.limits import API_KEY_FAILURES, Demand, InProcessLimiter, origin_key
from airside.protocols.apikey import PresentedKey
from airside.revocation import Revocations, RevokedSet
from airside.store.context import RequestContext

_MINT: Final = Mint("VerifiedKey")
_LABEL: Final = b"airside/api-key\x00"


class KeyRefused(Unauthenticated):
    """Spelt like a key, and opens nothing here: which of the reasons it is stays inside."""

    code: ClassVar[str] = "unauthenticated"

    def __init__(self, reason: str) -> None:
        super().__init__(f"API key: {reason}", presented=True)


@final
class VerifiedKey(Struct, frozen=True, gc=False):
    """A key of the tenant that was presented and is good. Only `KeyVerifier` hands one out."""

    tenant_id: UUID
    key: ApiKey
    mint: Mint | None = None

    def __post_init__(self) -> None:
        _MINT.strike(self, self.mint)


class KeyVerifier:
    """Verifies keys. `pace` counts in the memory of this process: how often a key comes, and how often an origin
    fails."""

    def __init__(
        self,
        *,
        memory: KeyMemory,
        revocations: Revocations,
        journal: Journal,
        pace: InProcessLimiter,
        last_use: LastUse,
        tallies: Tallies,
    ) -> None:
        self._memory = memory
        self._revocations = revocations
        self._journal = journal
        self._pace = pace
        self._last_use = last_use
        self._tallies = tallies

    async def verify(self, ctx: RequestContext, presented: PresentedKey) -> VerifiedKey:
        """What `presented` proves at `ctx.now` in `ctx.tenant_id`, coming from `ctx.origin`. That it failed, or came
        too often, is journalled and committed.

        Raises:
            KeyRefused: unknown, another tenant's, altered, expired, revoked, of an owner who is disabled or gone, or
                from a network that it isn't for.
            LimitExceeded: too many requests with it, or too many failures from this origin.
            Unavailable: what is revoked isn't known just now.
        """
        revoked = await self._revocations.current(ctx)
        held = self._memory.known(ctx, presented.lookup, revoked)
        failure = _failure(ctx)
        charged = held is None
        if held is None:
            await self._spend(ctx, failure)  # before anything is read
            held = await self._memory.load(ctx, presented.lookup, revoked)
        reason = "unknown" if held is None else _fault(ctx, held, presented, revoked)
        if held is None or reason is not None:
            if not charged:
                await self._spend(ctx, failure)
            await self._journal.refused(ctx, Event.API_KEY_REFUSED, reason=str(reason))
            await ctx.tx.checkpoint()
            raise KeyRefused(str(reason))
        if charged:
            await self.refund(ctx)
        await self._spend(ctx, (held.limit, held.word))
        return self._passed(ctx, held)

    def verify_at_once(self, ctx: RequestContext, presented: PresentedKey) -> VerifiedKey | None:
        """As `verify`, without a wait; None where it would take one, or refuse."""
        revoked = self._revocations.known(ctx)
        held = None if revoked is None else self._memory.known(ctx, presented.lookup, revoked)
        if held is None or revoked is None or _fault(ctx, held, presented, revoked) is not None:
            return None
        try:
            self._pace.take(ctx, [(held.limit, held.word)])
        except LimitExceeded:
            return None
        return self._passed(ctx, held)

    def charge(self, ctx: RequestContext) -> None:
        """Take a failure from the origin beforehand, where it isn't known yet whose key it is.

        Raises:
            LimitExceeded: it has failed too often.
        """
        self._pace.take(ctx, [_failure(ctx)])

    async def refund(self, ctx: RequestContext) -> None:
        """It was none."""
        await self._pace.refund(ctx, [_failure(ctx)])

    def _passed(self, ctx: RequestContext, held: Held) -> VerifiedKey:
        address = ctx.origin.address
        if self._last_use.note(ctx, held) or held.address != address:
            held.address = address
            if held.key.kind == "secret":  # what anybody can read comes from anywhere
                self._tallies.note(ctx, "key_used", held.key.word, network_of(address))
        return VerifiedKey(ctx.tenant_id, held.key, _MINT)

    async def _spend(self, ctx: RequestContext, demand: Demand) -> None:
        try:
            self._pace.take(ctx, [demand])
        except LimitExceeded as refusal:
            await self._journal.refused(ctx, Event.LIMIT_EXCEEDED, reason=refusal.limit)
            await ctx.tx.checkpoint()
            raise


def _failure(ctx: RequestContext) -> Demand:
    return API_KEY_FAILURES, origin_key(ctx.origin.address)


def _fault(ctx: RequestContext, held: Held, presented: PresentedKey, revoked: RevokedSet) -> str | None:
    """Why the key opens nothing; None: it does. Whether it is the key at all comes first."""
    key = held.key
    if not equal(key_hash(ctx.tenant_id, presented.text.reveal()), held.key_hash):
        return "another"
    if key.revoked_at is not None or revoked.until("key", held.word) is not None:
        return "revoked"
    if key.expires_at <= ctx.now:
        return "expired"
    if not held.stands:
        return "owner"
    if key.networks is not None and not holds(key.networks, ctx.origin.address):
        return "network"
    return None


def key_hash(tenant_id: UUID, text: str) -> bytes:
    """What is stored of a key: SHA-256 of tenant and spelling. 256 random bits need no slow hash, and it is found in no
    other tenant and no other spelling (N38)."""
    return sha256(_LABEL + tenant_id.bytes + text.encode("ascii")).digest()
