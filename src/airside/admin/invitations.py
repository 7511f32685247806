"""Managing who is asked to join the tenant."""

from collections.abc import Sequence
from uuid import UUID

from airside.access.authorise import Authorise, Right
from airside.access.rights import ADMINISTRATOR
from airside.admin import members, users
from airside.admin.verb import Verbs, requires
from airside.core.errors import Conflict
from airside.federation import Enforcement
from airside.identity import Users, normalise
from airside.limits import INVITATION_MAILBOX, Limiter
from airside.store import RequestContext
from airside.tenancy import Invitation, Invitations, name_of


class InvitationAdmin(Verbs):
    """Invite people, ask again, take it back. Whoever invites makes a user and gives roles, so they hold both rights;
    and nobody touches an invitation that gives more than they may at that moment (N21)."""

    def __init__(
        self,
        *,
        authorise: Authorise,
        invitations: Invitations,
        users: Users,
        limiter: Limiter,
        enforcement: Enforcement,
    ) -> None:
        super().__init__(authorise)
        self._invitations = invitations
        self._users = users
        self._limiter = limiter
        self._enforcement = enforcement

    @requires(members.WRITE)
    async def create(self, ctx: RequestContext, email: str, name: str, roles: Sequence[str]) -> Invitation:
        """Mail an invitation. `roles` are words: `administrator`, `member`, or ids of the tenant's own.

        Raises:
            InvalidInput: no e-mail address, a name that can't be one, or roles that can't be given.
            NotFound: a role that isn't there.
            Forbidden: the caller doesn't hold what the roles give, or may not make users.
            Conflict: the address has a user or an open invitation already, the tenant has too many, or people of that
                domain come only through their connection.
            LimitExceeded: too many mails to this address.
        """
        await self._demand_not_above(ctx, roles)
        if await self._users.known(ctx, email) is not None:
            raise Conflict("e-mail address in use")
        if await self._enforcement.closes(ctx, email):
            raise Conflict("people of this domain sign in through their connection")
        invitation = await self._invitations.create(ctx, email, name, roles, ctx.principal.subject)
        await self._count(ctx, invitation)
        return invitation

    @requires(members.READ)
    async def get(self, ctx: RequestContext, invitation_id: UUID) -> Invitation:
        """Raises: NotFound."""
        return await self._invitations.get(ctx, invitation_id)

    @requires(members.READ)
    async def list(self, ctx: RequestContext, after: UUID | None = None, limit: int = 50) -> list[Invitation]:
        """Up to `limit` invitations in order of creation, after the one named; settled ones too."""
        return await self._invitations.list(ctx, after, limit)

    @requires(members.WRITE)
    async def revoke(self, ctx: RequestContext, invitation_id: UUID) -> None:
        """Nobody can accept it any more. Raises: NotFound, Conflict: it is settled already; Forbidden: as `create`."""
        await self._invitations.revoke(ctx, await self._taken(ctx, invitation_id))

    @requires(members.WRITE)
    async def resend(self, ctx: RequestContext, invitation_id: UUID) -> Invitation:
        """Mail an open or expired one again, with a new link; it is the caller's invitation from here on.

        Raises:
            NotFound: no such invitation in this tenant, or a role of it is gone.
            Conflict: it is settled already.
            Forbidden, LimitExceeded: as `create`.
        """
        invitation = await self._taken(ctx, invitation_id)
        await self._count(ctx, invitation)
        return await self._invitations.renew(ctx, invitation, ctx.principal.subject)

    async def _taken(self, ctx: RequestContext, invitation_id: UUID) -> Invitation:
        """The invitation, which stays as it is until this transaction ends, if the caller may touch it."""
        await self._demand_not_above(ctx, (await self._invitations.get(ctx, invitation_id)).roles)
        return await self._invitations.get(ctx, invitation_id)

    async def _count(self, ctx: RequestContext, invitation: Invitation) -> None:
        await self._limiter.spend(ctx, [(INVITATION_MAILBOX, normalise(invitation.email))])

    async def _demand_not_above(self, ctx: RequestContext, roles: Sequence[str]) -> None:
        given = sorted(await self._invitations.relations(ctx, roles))
        rights = [Right(members.WRITE.scope if each == ADMINISTRATOR else name_of(each), each) for each in given]
        await self.authorise.exactly(ctx, [members.WRITE, users.WRITE, *rights])
