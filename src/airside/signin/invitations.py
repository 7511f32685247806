"""Acceptance of invitations: a link proves the mailbox, and what the inviter may at that moment is the most it gives.

Nobody who has an account is given anything by a link: their roles are given to them by name, by whoever may. Otherwise
whoever reads a mailbox for a moment would widen what a person may without that person (N17, N21).
"""

from typing import Final

from airside.audit import Event, Journal
from airside.core.errors import NotFound
from airside.core.secret import Secret
from airside.federation import Enforcement
from airside.identity import Links, Passwords, User, Users
from airside.identity.users import acceptable_name
from airside.store.context import RequestContext
from airside.tenancy import ClientStates, Invitation, Invitations, Inviters, Members

INVITING: Final = frozenset({"can_write_members", "can_write_users"})
"""What whoever invites must hold besides what the invitation gives."""


class Acceptance:
    """Makes a user of who was invited. Starts no session."""

    def __init__(
        self,
        *,
        journal: Journal,
        links: Links,
        users: Users,
        passwords: Passwords,
        members: Members,
        invitations: Invitations,
        clients: ClientStates,
        enforcement: Enforcement,
    ) -> None:
        self._journal = journal
        self._links = links
        self._users = users
        self._passwords = passwords
        self._invitations = invitations
        self._enforcement = enforcement
        self._inviters = Inviters(users=users, members=members, clients=clients)

    async def look(self, ctx: RequestContext, token: Secret[str]) -> Invitation:
        """The open invitation of the link. Spends nothing. Raises: NotFound: as `accept`."""
        invitation = await self._invitations.of(ctx, await self._links.look(ctx, "invitation", token))
        if await self._enforcement.closes(ctx, invitation.email):
            raise NotFound("invitation")
        return invitation

    async def accept(self, ctx: RequestContext, token: Secret[str], name: str, password: Secret[str]) -> User:
        """Spend the link, and make the user that it invites: their address verified, the password `password`, the roles
        those of the invitation, all or nothing.

        Raises:
            NotFound: the link isn't open, or its domain signs in elsewhere only; or whoever invited is gone or
                disabled, or no longer holds what the invitation gives, or a role of it is gone. What was done in `ctx`
                before is committed with the row that tells of it.
            Conflict: the address has an account already: its owner signs in, and is given roles there.
            InvalidInput: a name or password that can't be one; nothing has been done, and the link stays open.
            Whoever catches any other refusal undoes what was done.
        """
        invitation = await self.look(ctx, token)
        name = acceptable_name(name)
        chosen = await self._passwords.choose(ctx, password, (invitation.email, name))
        invitation = await self.look(ctx, token)  # nothing stood still while it was hashed
        await self._demand_inviter(ctx, invitation)
        await self._links.spend(ctx, "invitation", token)
        user = await self._users.create(ctx, invitation.email, name, verified=True)
        await self._passwords.give(ctx, user.id, chosen)
        await self._invitations.settle(ctx, invitation, user.id)
        return user

    async def _demand_inviter(self, ctx: RequestContext, invitation: Invitation) -> None:
        if not await self._inviter_holds(ctx, invitation):
            await self._journal.refused(ctx, Event.INVITATION_REFUSED, reason="inviter_may_not")
            await ctx.tx.checkpoint()
            raise NotFound("invitation")

    async def _inviter_holds(self, ctx: RequestContext, invitation: Invitation) -> bool:
        """Whether the inviter is there and active and holds what the invitation gives, until this transaction ends."""
        try:
            wanted = INVITING | await self._invitations.relations(ctx, invitation.roles)
        except NotFound:
            return False
        return await self._inviters.hold(ctx, invitation.inviter, wanted)
