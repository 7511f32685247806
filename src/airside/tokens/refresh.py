"""Refresh families: each use rotates, a re-use ends the family (RFC 9700 §4.14.2), a lost answer doesn't. Clients that
prove themselves by keys may keep theirs instead (`prolong`).

What happens to a presented token:

| the token is | and | then |
|---|---|---|
| unspent, in force, its client's | | spent; a successor is born |
| spent | successor unused; for public clients without a bound key within 30 s | the *same* successor again |
| spent | successor used, or too late for such a client | family revoked, alert |
| bound to a key | brought without it | refused, nothing changes: stolen from somebody who still has the key |
| anybody's | brought by another client | family revoked, alert: it has leaked |
| expired, of a revoked family, unknown | | refused, nothing changes |
"""

from dataclasses import replace
from datetime import datetime
from typing import Final, NoReturn
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.entropy import Entropy
from airside.core.errors import Inconsistent
from airside.core.ids import FAMILY, TENANT, format_id, uuid7
from airside.core.secret import Secret
from airside.revocation import Kind, Revocations
from airside.store import RequestContext
from airside.tokens import records
from airside.tokens.model import (
    ACCESS_TOKEN_LIFETIME,
    ENDING_OVERLAP,
    PUBLIC_RETRY,
    REFRESH_ABSOLUTE,
    REFRESH_IDLE,
    AccessGrant,
    Confirmation,
    FoundRefresh,
    RefreshExpired,
    RefreshFamily,
    RefreshMisbound,
    RefreshReused,
    RefreshRevoked,
    RefreshUnknown,
    Rotation,
    StoredToken,
)
from airside.tokens.records import Successor
from airside.tokens.sealing import new_token, open_successor, seal_successor, token_hash

_SPENT_AGAIN: Final = "spent_token_presented_again"
_OTHER_CLIENT: Final = "presented_by_another_client"


class RefreshFamilies:
    """Starts, rotates and ends refresh families."""

    def __init__(self, *, entropy: Entropy, revocations: Revocations, journal: Journal) -> None:
        self._entropy = entropy
        self._revocations = revocations
        self._journal = journal

    async def start(self, ctx: RequestContext, grant: AccessGrant, *, family_id: UUID | None = None) -> Rotation:
        """A new family for `grant` and its first token. `family_id` where it was chosen before, with the code.

        Raises:
            UniqueViolation: this family has been started already.
        """
        family_id = family_id or uuid7(ctx.now, self._entropy)
        family = RefreshFamily(family_id, grant, ctx.now, ctx.now + REFRESH_ABSOLUTE, None)
        token = new_token(self._entropy)
        expires_at = ctx.now + REFRESH_IDLE
        await records.insert_family(ctx, family, token_hash(ctx.tenant_id, token), expires_at)
        details = {"client": grant.client_id, "family": family.word}
        await self._journal.record(ctx, Event.FAMILY_STARTED, subject=grant.subject, details=details)
        return Rotation(Secret(token), _named(family), expires_at)

    async def rotate(
        self,
        ctx: RequestContext,
        presented: str,
        client_id: str,
        *,
        public: bool,
        proven: Confirmation | None = None,
    ) -> Rotation:
        """Spend `presented` for its successor. `public` is a client that proves itself by nothing but its name;
        `proven` is the key that it has shown to hold.

        The rotation itself is told to the journal by whoever issues the access token that goes with it, in the same
        transaction: one record a refresh, not two.

        Where a re-use ends the family, that is committed (with whatever the caller has done before in this
        transaction) *before* the refusal is raised, so that the caller's rollback can't undo it.

        Raises:
            RefreshReused: the family has just been revoked.
            RefreshMisbound: its family is bound to a key that isn't `proven`.
            RefreshRevoked: it was revoked before.
            RefreshExpired: seven days unused, or ninety days old.
            RefreshUnknown: none of ours.
        """
        spent = token_hash(ctx.tenant_id, presented)
        token = new_token(self._entropy)
        sealed = seal_successor(ctx.tenant_id, presented, token, self._entropy)
        successor = Successor(token_hash(ctx.tenant_id, token), sealed, ctx.now + REFRESH_IDLE)
        rotated = await records.rotate(ctx, spent, client_id, proven, successor)
        if rotated is None:
            return await self._not_spent(ctx, presented, spent, client_id, public, proven)
        family, expires_at = rotated
        return Rotation(Secret(token), family, expires_at)

    async def prolong(
        self, ctx: RequestContext, presented: str, client_id: str, *, proven: Confirmation | None = None
    ) -> Rotation:
        """`presented` itself, for another seven days: for clients that prove themselves by a key whenever they bring
        it, so that a copy is of no use (FAPI 2.0 Security Profile §5.3.2.1). A token that was spent before its client
        came to be one of these does what `rotate` says.

        Raises:
            RefreshReused, RefreshMisbound, RefreshRevoked, RefreshExpired, RefreshUnknown: as `rotate`.
        """
        kept = token_hash(ctx.tenant_id, presented)
        found = await records.prolong(ctx, kept, client_id, proven, ctx.now + REFRESH_IDLE)
        if found is None:
            return await self._not_spent(ctx, presented, kept, client_id, False, proven)
        family, expires_at = found
        return Rotation(Secret(presented), family, expires_at)

    async def find(self, ctx: RequestContext, presented: str) -> FoundRefresh | None:
        """The token, whatever its state, changing nothing: for revocation and introspection."""
        try:
            stored = await records.find_token(ctx, token_hash(ctx.tenant_id, presented))
        except RefreshUnknown:
            return None
        if stored is None:
            return None
        active = stored.spent is None and ctx.now < stored.expires_at and stored.family.live(ctx.now)
        return FoundRefresh(stored.family, stored.expires_at, active)

    async def revoke(self, ctx: RequestContext, family_id: UUID, reason: str) -> bool:
        """End a family and its access tokens. False where it had ended, or hadn't begun: its access tokens, if
        there are any, are revoked all the same."""
        ended = await records.revoke(ctx, records.REVOKE_FAMILY, family_id, reason)
        await self._cover(ctx, "fam", format_id(FAMILY, family_id))
        if ended:
            await self._tell(ctx, format_id(FAMILY, family_id), reason, ended)
        return ended == 1

    async def revoke_session(self, ctx: RequestContext, session_id: str, reason: str) -> int:
        """End every family of a session (`ses_…`) and all access tokens of it; how many families."""
        return await self._revoke_all(ctx, records.REVOKE_SESSION, "sid", session_id, reason)

    async def revoke_subject(self, ctx: RequestContext, subject: str, reason: str) -> int:
        """End every family of a subject (`usr_…`) and the access tokens issued to it so far, and in the second after;
        how many families."""
        before = ctx.now + ENDING_OVERLAP
        return await self._revoke_all(ctx, records.REVOKE_SUBJECT, "sub", subject, reason, before=before)

    async def revoke_client(self, ctx: RequestContext, client_id: str, reason: str) -> int:
        """End every family of a client (`cli_…`) and the access tokens issued to it so far, and in the second after;
        how many families."""
        before = ctx.now + ENDING_OVERLAP
        return await self._revoke_all(ctx, records.REVOKE_CLIENT, "client", client_id, reason, before=before)

    async def revoke_everybodys(self, ctx: RequestContext, reason: str) -> int:
        """End every family of the tenant and all access tokens issued in it so far, and in the second after; how many
        families."""
        tenant = format_id(TENANT, ctx.tenant_id)
        ended = await records.revoke_everybodys(ctx, reason)
        await self._cover(ctx, "tenant", tenant, ctx.now + ENDING_OVERLAP)
        if ended:
            await self._tell(ctx, tenant, reason, ended)
        return ended

    async def outdate_client(self, ctx: RequestContext, client_id: str) -> None:
        """End the access tokens issued to a client so far, and in the second after. Its families live: their next
        access tokens have what still fits."""
        await self._cover(ctx, "client", client_id, ctx.now + ENDING_OVERLAP)

    async def revoke_grant(self, ctx: RequestContext, subject: str, client_id: str, reason: str) -> int:
        """End every family of a subject (`usr_…`) at one client (`cli_…`), with its access tokens; how many."""
        ended = await records.revoke_grant(ctx, subject, client_id, reason)
        for family_id in ended:
            await self._cover(ctx, "fam", format_id(FAMILY, family_id))
        if ended:
            await self._tell(ctx, subject, reason, len(ended))
        return len(ended)

    async def sweep(self, ctx: RequestContext) -> int:
        """Delete families past their ninety days, with their tokens; how many."""
        return await records.sweep(ctx)

    async def _not_spent(
        self,
        ctx: RequestContext,
        presented: str,
        spent: bytes,
        client_id: str,
        public: bool,
        proven: Confirmation | None,
    ) -> Rotation:
        """Nothing was spent: find out why, and say it, or give the same successor again."""
        stored = await records.find_token(ctx, spent)
        if stored is None:
            raise RefreshUnknown("unknown")
        family = stored.family
        if family.revoked_at is not None:
            raise RefreshRevoked("family revoked", family=family.word)
        if family.grant.client_id != client_id:
            await self._reused(ctx, family, _OTHER_CLIENT)
        if family.grant.confirmation not in (None, proven):
            raise RefreshMisbound("another key", family=family.word)
        if ctx.now >= family.expires_at:
            raise RefreshExpired("absolute", family=family.word)
        return await self._again(ctx, presented, stored, public)

    async def _again(self, ctx: RequestContext, presented: str, stored: StoredToken, public: bool) -> Rotation:
        family, spent = stored.family, stored.spent
        if spent is None:
            if ctx.now >= stored.expires_at:
                raise RefreshExpired("idle", family=family.word)
            raise Inconsistent("refresh token neither spent nor spendable", family=family.word)
        unproven = public and family.grant.confirmation is None
        if spent.sealed is None or (unproven and ctx.now - spent.at > PUBLIC_RETRY):
            await self._reused(ctx, family, _SPENT_AGAIN)
        if ctx.now >= spent.successor_expires_at:
            raise RefreshExpired("idle", family=family.word)
        token = open_successor(ctx.tenant_id, presented, spent.sealed)
        return Rotation(Secret(token), family, spent.successor_expires_at, repeated=True)

    async def _reused(self, ctx: RequestContext, family: RefreshFamily, reason: str) -> NoReturn:
        if await records.revoke(ctx, records.REVOKE_FAMILY, family.family_id, reason):
            await self._cover(ctx, "fam", family.word)
            await self._journal.record(
                ctx,
                Event.FAMILY_REUSED,
                subject=family.grant.subject,
                outcome="refused",
                reason=reason,
                details={"client": family.grant.client_id, "family": family.word},
            )
        await ctx.tx.checkpoint()
        raise RefreshReused(reason, family=family.word)

    async def _revoke_all(
        self,
        ctx: RequestContext,
        statement: str,
        kind: Kind,
        id: str,
        reason: str,
        *,
        before: datetime | None = None,
    ) -> int:
        ended = await records.revoke(ctx, statement, id, reason)
        await self._cover(ctx, kind, id, before)
        if ended:
            await self._tell(ctx, id, reason, ended)
        return ended

    async def _cover(self, ctx: RequestContext, kind: Kind, id: str, before: datetime | None = None) -> None:
        until = (before or ctx.now) + ACCESS_TOKEN_LIFETIME
        await self._revocations.revoke(ctx, kind, id, before=before, expires_at=until)

    async def _tell(self, ctx: RequestContext, subject: str, reason: str, families: int) -> None:
        await self._journal.record(
            ctx, Event.FAMILY_REVOKED, subject=subject, reason=reason, details={"families": families}, ending=True
        )


def _named(family: RefreshFamily) -> RefreshFamily:
    """The family whose grant carries its own name, as it will come back from the database."""
    return replace(family, grant=replace(family.grant, family_id=family.word, roles=()))
