"""Verification: that a user reads what is sent to their address."""

from uuid import UUID

from airside.audit import Event, Journal
from airside.core.errors import Inconsistent, NotFound
from airside.core.ids import LINK, USER, format_id
from airside.core.secret import Secret
from airside.identity import VERIFY_LIFETIME, Link, Links, User, Users
from airside.identity.charging import spend
from airside.limits import VERIFY_ACCOUNT, Limiter
from airside.store import Outbox, RequestContext


class Verification:
    """Mails a link to a user's address, and takes its coming back for the proof."""

    def __init__(self, *, limiter: Limiter, journal: Journal, links: Links, users: Users, outbox: Outbox) -> None:
        self._limiter = limiter
        self._journal = journal
        self._links = links
        self._users = users
        self._outbox = outbox

    async def request(self, ctx: RequestContext, user_id: UUID) -> None:
        """Mail a link to the user's address, for whoever is signed in as them; nothing where it is verified already.

        Raises:
            NotFound: no such user.
            LimitExceeded: too many mails of this kind. What was done in `ctx` before is committed with the row that
                tells of it.
        """
        user = await self._users.get(ctx, user_id)
        if user.email_verified:
            return
        subject = format_id(USER, user_id)
        await spend(ctx, self._limiter, self._journal, [(VERIFY_ACCOUNT, subject)])
        payload = user.email.encode()
        link_id = await self._links.create(
            ctx, "verify_email", user_id=user_id, payload=payload, lifetime=VERIFY_LIFETIME
        )
        word = format_id(LINK, link_id)
        await self._outbox.put(ctx, "verify_email", subject=user_id, about={"link": word})
        await self._journal.record(ctx, Event.VERIFICATION_REQUESTED, subject=subject, details={"link": word})

    async def look(self, ctx: RequestContext, token: Secret[str]) -> str:
        """The address that the link verifies. Spends nothing. Raises: NotFound: as `confirm`."""
        return (await self._user(ctx, await self._links.look(ctx, "verify_email", token))).email

    async def confirm(self, ctx: RequestContext, token: Secret[str]) -> UUID:
        """Spend the link; the user's address is verified. Who that is.

        Raises:
            NotFound: the link isn't open, or was mailed to another address than the user now has.
        """
        link = await self._links.spend(ctx, "verify_email", token)
        user = await self._user(ctx, link)
        await self._users.verify_email(ctx, user.id)
        return user.id

    async def _user(self, ctx: RequestContext, link: Link) -> User:
        if link.user_id is None:
            raise Inconsistent("a verification of nobody")
        user = await self._users.get(ctx, link.user_id)
        if user.email.encode() != link.payload:
            raise NotFound("link")
        return user
