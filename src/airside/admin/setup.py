"""Managing who is asked to set a connection up from outside.

Whoever is invited says whom a connection believes and for which domains it speaks: an administrator's to hand on (N21).
"""

from uuid import UUID

from airside.access import Issuers
from airside.access.authorise import Authorise
from airside.admin import users
from airside.admin.connections import READ, TRUSTING, WRITE
from airside.admin.verb import Verbs, requires
from airside.core.errors import NotFound
from airside.core.secret import Secret
from airside.federation import Setup, SetupDraft, SetupEndings, Setups
from airside.identity import normalise
from airside.limits import INVITATION_MAILBOX, Limiter
from airside.store import Lookup, RequestContext


class SetupAdmin(Verbs):
    """Invite somebody to set a connection up, see how far they are, take it back."""

    def __init__(
        self,
        *,
        authorise: Authorise,
        setups: Setups,
        endings: SetupEndings,
        limiter: Limiter,
        lookup: Lookup,
        issuers: Issuers,
    ) -> None:
        super().__init__(authorise)
        self._setups = setups
        self._endings = endings
        self._limiter = limiter
        self._lookup = lookup
        self._issuers = issuers

    @requires(WRITE)
    async def create(self, ctx: RequestContext, draft: SetupDraft) -> tuple[Setup, Secret[str]]:
        """A new invitation, mailed; and its link, for whoever hands it over by another way.

        Raises:
            InvalidInput: no e-mail address, a name that can't be one, or a time out of range; `pointer` names it.
            Conflict: the tenant has too many open.
            LimitExceeded: too many mails to this address.
            Forbidden: the caller is no administrator; or it is to make users, by sign-in or by a directory, which they
                may not.
        """
        hands_on_users = draft.creates_users or draft.provisions
        await self.authorise.exactly(ctx, (*TRUSTING, users.WRITE) if hands_on_users else TRUSTING)
        setup = await self._setups.create(ctx, draft, ctx.principal.subject)
        await self._limiter.spend(ctx, [(INVITATION_MAILBOX, normalise(setup.email))])
        address = await self._lookup.by_tenant(ctx.tenant_id)
        if address is None:
            raise NotFound("tenant")
        token = (await self._setups.token(ctx, setup)).reveal()
        return setup, Secret(f"{self._issuers.of(address)}/setup?token={token}")

    @requires(READ)
    async def get(self, ctx: RequestContext, setup_id: UUID) -> Setup:
        """Raises: NotFound."""
        return await self._setups.get(ctx, setup_id)

    @requires(READ)
    async def list(self, ctx: RequestContext, after: UUID | None = None, limit: int = 50) -> list[Setup]:
        """Up to `limit` invitations in order of creation, after the one named; settled ones too."""
        return await self._setups.list(ctx, after, limit)

    @requires(WRITE)
    async def revoke(self, ctx: RequestContext, setup_id: UUID) -> None:
        """It opens nothing any more. What was made by it goes: the connection, unless the sign-in page shows it or a
        domain leads to it by now; the SCIM tokens that it made in any case; domains that lead nowhere.

        Raises:
            NotFound: no such invitation.
            Conflict: it is settled already.
        """
        await self._endings.revoke(ctx, setup_id)
