"""Invitations: who was asked to join as what. Who may ask is `admin`'s to say, and whether they still may when the
answer comes is asked again by `signin`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.ids import LINK, ROLE, USER, format_id, parse_id, uuid7
from airside.identity import INVITATION_LIFETIME, Link, Links
from airside.identity.addresses import email_key
from airside.identity.email import read
from airside.identity.users import acceptable_name
from airside.store import Outbox, RequestContext
from airside.store.queues import queue_for
from airside.tenancy import records_invitations as records
from airside.tenancy.catalogue import relation_of
from airside.tenancy.members import Members
from airside.tenancy.model import MAX_OPEN_INVITATIONS, ROLES, Invitation, check_roles
from airside.tenancy.roles import Roles
from airside.vault import Vault

MAX_PAGE: Final = 200
"""Most invitations in one answer."""
KEPT: Final = timedelta(days=90)
"""How long an invitation stays listed after its time is over; the audit log knows it for ever."""


class Invitations:
    """Makes, renews, revokes and settles invitations. Callers lock the tenant's grants first. A link is good for as
    long as the invitation names it, so that whoever revokes one waits for nobody who is spending its link."""

    def __init__(
        self,
        *,
        vault: Vault,
        entropy: Entropy,
        links: Links,
        roles: Roles,
        members: Members,
        outbox: Outbox,
        journal: Journal,
    ) -> None:
        self._vault = vault
        self._entropy = entropy
        self._links = links
        self._roles = roles
        self._members = members
        self._outbox = outbox
        self._journal = journal

    async def relations(self, ctx: RequestContext, roles: Sequence[str]) -> frozenset[str]:
        """What `roles` give: relations to the tenant, which stay so until this transaction ends.

        Raises:
            InvalidInput: as `check_roles`.
            NotFound: a role of the tenant's own that isn't there.
        """
        check_roles(tuple(roles))
        found: set[str] = set()
        for word in roles:
            if word in ROLES:
                found.add(word)
            else:
                role = await self._roles.take(ctx, parse_id(ROLE, word))
                found.update(relation_of(name) for name in role.permissions)
        return frozenset(found - {"member"})

    async def create(
        self, ctx: RequestContext, email: str, name: str, roles: Sequence[str], inviter: str
    ) -> Invitation:
        """A new invitation, and its mail.

        Raises:
            InvalidInput: no e-mail address, a name that can't be one, or roles that can't be given.
            Conflict: the address has an open one already, or the tenant `MAX_OPEN_INVITATIONS`.
        """
        check_roles(tuple(roles))
        mailbox, name = read(email), acceptable_name(name)
        keyset = await self._vault.keyset(ctx)
        index, *others = keyset.blind_indexes("invitation", "email_index", email_key(mailbox.key))
        await queue_for(ctx, "invitation")
        waiting = await records.waiting(ctx, [index, *others])
        if waiting.same:
            raise Conflict("invited already")
        if waiting.total >= MAX_OPEN_INVITATIONS:
            raise Conflict("too many open invitations", max_open=MAX_OPEN_INVITATIONS)
        invitation_id = uuid7(ctx.now, self._entropy)
        invitation = Invitation(
            invitation_id=invitation_id,
            link_id=await self._link(ctx, invitation_id),
            email=mailbox.address,
            name=name,
            roles=tuple(roles),
            inviter=inviter,
            state="open",
            accepted_by=None,
            created_at=ctx.now,
            expires_at=ctx.now + INVITATION_LIFETIME,
        )
        await records.insert(ctx, keyset, invitation, index)
        await self._mail(ctx, invitation)
        await self._record(ctx, Event.INVITATION_CREATED, invitation)
        return invitation

    async def get(self, ctx: RequestContext, invitation_id: UUID) -> Invitation:
        """The invitation in whatever state. Raises: NotFound: not there, or not this tenant's."""
        found = await records.find(ctx, await self._vault.keyset(ctx), invitation_id)
        if found is None:
            raise NotFound("invitation")
        return found

    async def of(self, ctx: RequestContext, link: Link) -> Invitation:
        """The open invitation that `link` was mailed for.

        Raises:
            NotFound: it has been accepted, revoked or renewed, or its time is over.
        """
        found = await self.get(ctx, UUID(bytes=link.payload))
        if found.state != "open" or found.link_id != link.id:
            raise NotFound("invitation")
        return found

    async def list(self, ctx: RequestContext, after: UUID | None = None, limit: int = MAX_PAGE) -> list[Invitation]:
        """Invitations by age, those after the id `after`, at most `limit` (1 to `MAX_PAGE`).

        Raises:
            InvalidInput: a limit out of range.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidInput("page size out of range", pointer="limit", max=MAX_PAGE)
        return await records.page(ctx, await self._vault.keyset(ctx), after, limit)

    async def renew(self, ctx: RequestContext, invitation: Invitation, inviter: str) -> Invitation:
        """Mail an open or expired invitation once more, with a link of its own: the old one is dead. It is `inviter`'s
        from here on.

        Raises:
            Conflict: it is accepted or revoked.
        """
        renewed = replace(
            invitation,
            link_id=await self._link(ctx, invitation.invitation_id),
            inviter=inviter,
            state="open",
            expires_at=ctx.now + INVITATION_LIFETIME,
        )
        if not await records.renew(ctx, invitation, renewed):
            raise Conflict("invitation is settled")
        await self._mail(ctx, renewed)
        await self._record(ctx, Event.INVITATION_RESENT, renewed)
        return renewed

    async def revoke(self, ctx: RequestContext, invitation: Invitation) -> None:
        """Nobody can accept it any more. Raises: Conflict: it is settled already."""
        if not await records.revoke(ctx, invitation.invitation_id):
            raise Conflict("invitation is settled")
        await self._record(ctx, Event.INVITATION_REVOKED, invitation)

    async def settle(self, ctx: RequestContext, invitation: Invitation, user_id: UUID) -> None:
        """Give `user_id`, who accepted, what the invitation gives, once.

        Raises:
            NotFound: it was accepted by another, revoked or renewed meanwhile, or a role of it is gone.
        """
        if not await records.accept(ctx, invitation, user_id):
            raise NotFound("invitation")
        subject = f"user:{format_id(USER, user_id)}"
        for word in invitation.roles:
            if word in ROLES:
                await self._members.grant(ctx, subject, word)
            else:
                await self._roles.assign(ctx, await self._roles.take(ctx, parse_id(ROLE, word)), user_id)
        await self._record(ctx, Event.INVITATION_ACCEPTED, invitation, user=format_id(USER, user_id))

    async def forget(self, ctx: RequestContext, user_id: UUID) -> None:
        """Forget what a user accepted: their name and address stand there."""
        await records.forget(ctx, user_id)

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget the tenant's invitations whose time was over `KEPT` ago, for a timer; how many."""
        return await records.sweep(ctx, ctx.now - KEPT)

    async def _link(self, ctx: RequestContext, invitation_id: UUID) -> UUID:
        return await self._links.create(ctx, "invitation", payload=invitation_id.bytes, lifetime=INVITATION_LIFETIME)

    async def _mail(self, ctx: RequestContext, invitation: Invitation) -> None:
        about = {"link": format_id(LINK, invitation.link_id)}
        await self._outbox.put(ctx, "invitation", subject=None, about=about)

    async def _record(self, ctx: RequestContext, event: Event, invitation: Invitation, **more: str) -> None:
        details = {"inviter": invitation.inviter, "roles": " ".join(invitation.roles), **more}
        await self._journal.record(ctx, event, subject=invitation.word, details=details)
