"""Bearer tokens of connections: made by an administrator, shown once, two at a time, over by themselves (RFC 6750)."""

from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.entropy import Entropy, token
from airside.core.errors import Conflict, InvalidInput, NotFound, Unauthenticated
from airside.core.ids import TOKEN, format_id, uuid7
from airside.core.secret import Secret
from airside.federation.scim import records_tokens
from airside.federation.scim.model import MAX_LIFETIME, MAX_TOKENS, PREFIX, SEEN_EVERY, ScimToken, Source
from airside.identity.charging import spend
from airside.limits import SCIM_FAILURES, SCIM_REQUESTS, Limiter, origin_key
from airside.store.context import RequestContext

LENGTH: Final = len(PREFIX) + 43


class ScimTokens:
    """The tokens of the tenant's connections. `pace` counts what each asks, in the memory of one process: a directory
    asks hundreds of times a second, and a row that all of them wait for would be slower than what it guards."""

    def __init__(self, *, entropy: Entropy, journal: Journal, limiter: Limiter, pace: Limiter) -> None:
        self._entropy = entropy
        self._journal = journal
        self._limiter = limiter
        self._pace = pace

    async def create(
        self, ctx: RequestContext, connection_id: UUID, *, lifetime: timedelta, setup_id: UUID | None = None
    ) -> tuple[ScimToken, Secret[str]]:
        """A new token of the connection, shown this once; `setup_id` names the invitation that makes it.

        Raises:
            NotFound: no such connection.
            InvalidInput: a lifetime out of range.
            Conflict: the connection has `MAX_TOKENS` live ones.
        """
        if not timedelta() < lifetime <= MAX_LIFETIME:
            raise InvalidInput(f"1 to {MAX_LIFETIME.days} days are expected", pointer="days")
        if not await records_tokens.take_connection(ctx, connection_id):
            raise NotFound("connection")
        if len(await records_tokens.live(ctx, connection_id)) >= MAX_TOKENS:
            raise Conflict("SCIM tokens over their cap", max=MAX_TOKENS)
        secret = Secret(PREFIX + token(self._entropy))
        made = ScimToken(uuid7(ctx.now, self._entropy), connection_id, setup_id, ctx.now, ctx.now + lifetime, None)
        await records_tokens.insert(ctx, made, hash_of(secret.reveal()))
        source = Source(connection_id, made.token_id)
        await self._journal.record(
            ctx,
            Event.SCIM_TOKEN_CREATED,
            subject=source.principal.subject,
            details={"id": made.word, "days": lifetime.days},
        )
        return made, secret

    async def list(self, ctx: RequestContext, connection_id: UUID) -> list[ScimToken]:
        """The live ones, oldest first."""
        return await records_tokens.live(ctx, connection_id)

    async def made_by(self, ctx: RequestContext, connection_id: UUID, setup_id: UUID) -> Sequence[ScimToken]:
        """Those of them that the setup invitation made."""
        return [each for each in await records_tokens.live(ctx, connection_id) if each.setup_id == setup_id]

    async def revoke(self, ctx: RequestContext, connection_id: UUID, token_id: UUID) -> None:
        """It opens nothing from the moment this commits.

        Raises:
            NotFound: not there, of another connection, or not this tenant's.
        """
        if not await records_tokens.delete(ctx, connection_id, token_id):
            raise NotFound("SCIM token")
        source = Source(connection_id, token_id)
        await self._journal.record(
            ctx, Event.SCIM_TOKEN_REVOKED, subject=source.principal.subject, details={"id": format_id(TOKEN, token_id)}
        )

    async def revoke_all(self, ctx: RequestContext, connection_id: UUID) -> int:
        """None of the connection's opens anything from the moment this commits; how many did."""
        found = await records_tokens.live(ctx, connection_id)
        for each in found:
            await self.revoke(ctx, connection_id, each.token_id)
        return len(found)

    async def authenticate(self, ctx: RequestContext, headers: Sequence[str]) -> Source:
        """Whose token the Authorization headers bring (RFC 6750 §2.1): one header, one token, nowhere else. That it
        failed, or came too often, is journalled and committed.

        Raises:
            Unauthenticated: none, unknown, over, revoked, another tenant's, or of a connection that is disabled.
            LimitExceeded: too many requests of this token, or too many failures from this origin.
        """
        presented = _token(headers)
        found = None if presented is None else await records_tokens.find(ctx, hash_of(presented))
        if found is None:
            await spend(ctx, self._limiter, self._journal, [(SCIM_FAILURES, origin_key(ctx.origin.address))])
            await self._journal.refused(ctx, Event.SCIM_REFUSED, reason="token")
            await ctx.tx.checkpoint()
            raise Unauthenticated("SCIM token", presented=bool(headers))
        await spend(ctx, self._pace, self._journal, [(SCIM_REQUESTS, found.word)])
        if found.last_used_at is None or ctx.now - found.last_used_at >= SEEN_EVERY:
            records_tokens.seen(ctx, found.token_id, ctx.now - SEEN_EVERY)
        return Source(found.connection_id, found.token_id)

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget those that are over; how many."""
        return await records_tokens.sweep(ctx)


def _token(headers: Sequence[str]) -> str | None:
    if len(headers) != 1:
        return None
    scheme, _, rest = headers[0].partition(" ")
    word = rest.strip()
    return word if scheme.lower() == "bearer" and len(word) == LENGTH and word.startswith(PREFIX) else None


def hash_of(text: str) -> bytes:
    """How tokens are stored: 256 random bits need no slow hash."""
    return sha256(text.encode("utf-8", "replace")).digest()
