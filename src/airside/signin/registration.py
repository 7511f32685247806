"""Sign-up: a mailbox, a name and a password, then one link that proves the mailbox.

Whether an address has an account is told to nobody but its mailbox: every request hashes, asks, writes and mails the
same (N15), to the new person or to the one who is there. Who confirms types the password once more: otherwise somebody
could choose it, and the owner of the mailbox, clicking, would verify an account that is another's (N16).
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct

from airside.audit import Event, Journal
from airside.core.errors import InvalidInput, LimitExceeded, NotFound, Unauthenticated
from airside.core.ids import LINK, USER, format_id
from airside.core.secret import Secret
from airside.federation import Enforcement
from airside.identity import SIGNUP_LIFETIME, HashPool, Link, Links, Mailbox, Passwords, User, Users
from airside.identity.addresses import account_word
from airside.identity.candidate import candidate
from airside.identity.email import domain_of, read
from airside.identity.kept import Kept
from airside.identity.users import acceptable_name
from airside.limits import SIGNUP_ADDRESS, SIGNUP_CONFIRM, SIGNUP_ORIGIN, Limiter, origin_key
from airside.limits.model import Demand
from airside.store import Outbox, RequestContext
from airside.tenancy import Members, TenantPolicies
from airside.vault import Vault


class Applicant(NamedTuple):
    """Whom a sign-up's link is for."""

    email: str
    name: str


class _Draft(Struct, frozen=True, forbid_unknown_fields=True):
    """What the link carries, sealed."""

    email: str
    name: str
    hash: str


class Registration:
    """Takes sign-ups and makes members of those who confirm them. Starts no session."""

    def __init__(
        self,
        *,
        vault: Vault,
        limiter: Limiter,
        hashes: HashPool,
        journal: Journal,
        links: Links,
        users: Users,
        passwords: Passwords,
        members: Members,
        outbox: Outbox,
        policies: TenantPolicies,
        enforcement: Enforcement,
    ) -> None:
        self._vault = vault
        self._limiter = limiter
        self._hashes = hashes
        self._journal = journal
        self._links = links
        self._users = users
        self._passwords = passwords
        self._members = members
        self._outbox = outbox
        self._policies = policies
        self._enforcement = enforcement

    async def request(self, ctx: RequestContext, email: str, name: str, password: Secret[str]) -> None:
        """Mail a link to `email`, or, where it is a user's already, tell them so. Nobody else learns which. What was
        done in `ctx` before is committed, for limits are spent before anything is looked at.

        Raises:
            NotFound: the tenant takes no sign-ups.
            InvalidInput: no address, one of a domain that the tenant doesn't take, a name or a password that can't be
                one.
            LimitExceeded: too many from this origin or with this address, or too much waiting to be hashed.
            Unavailable: no room to hash or to count.
        """
        mailbox = await self._admitted(ctx, email)
        name = acceptable_name(name)
        self._hashes.admit(ctx.tenant_id)
        await self._spend(ctx, [(SIGNUP_ORIGIN, origin_key(ctx.origin.address))])
        await self._passwords.check(ctx, password, (mailbox.address, name))
        word = account_word(await self._vault.keyset(ctx), mailbox.key)
        await self._spend(ctx, [(SIGNUP_ADDRESS, word)])
        draft = _Draft(mailbox.address, name, await self._hashes.hash(ctx.tenant_id, candidate(password)))
        await self._write(ctx, draft, await self._users.known(ctx, mailbox.key))

    async def look(self, ctx: RequestContext, token: Secret[str]) -> Applicant:
        """Whom the link is for. Spends nothing. Raises: NotFound: as `Links.look`, or sign-up is closed by now."""
        draft = await self._draft(ctx, await self._links.look(ctx, "signup", token))
        return Applicant(draft.email, draft.name)

    async def confirm(self, ctx: RequestContext, token: Secret[str], password: Secret[str]) -> User:
        """Spend the link and make its user, a member of the tenant whose address is verified and whose password is the
        one that they chose and have now typed again.

        Raises:
            NotFound: the link isn't open, or sign-up is closed by now.
            Unauthenticated: another password than the one chosen; the link stays open.
            LimitExceeded: too many passwords tried.
            InvalidInput: the tenant demands more of a password by now; nothing has been done, the link stays open.
            Conflict: the address has become a user's meanwhile: for a page, the same as a link that was spent.
            Whoever catches another refusal than `InvalidInput` undoes what was done.
        """
        link = await self._links.look(ctx, "signup", token)
        draft = await self._draft(ctx, link)
        await self._spend(ctx, [(SIGNUP_CONFIRM, str(link.id))])
        if not await self._hashes.verify(ctx.tenant_id, draft.hash, candidate(password)):
            raise Unauthenticated("wrong password")
        await self._passwords.check(ctx, password, (draft.email, draft.name))
        await self._links.spend(ctx, "signup", token)
        user = await self._users.create(ctx, draft.email, draft.name, verified=True)
        await self._passwords.give(ctx, user.id, Kept(draft.hash))
        subject = format_id(USER, user.id)
        await self._members.grant(ctx, f"user:{subject}", "member")
        await self._journal.record(
            ctx, Event.SIGNUP_CONFIRMED, subject=subject, details={"link": format_id(LINK, link.id)}
        )
        return user

    async def _admitted(self, ctx: RequestContext, email: str) -> Mailbox:
        policy = await self._policies.current(ctx)
        if policy.signup != "open":
            raise NotFound("sign-up")
        mailbox = read(email)
        closed = await self._enforcement.closes(ctx, mailbox.key)
        if closed or not policy.admits_domain(domain_of(mailbox.key)):
            raise InvalidInput("no address of a domain that may sign up", pointer="email")
        return mailbox

    async def _write(self, ctx: RequestContext, draft: _Draft, there: UUID | None) -> None:
        """The same rows whether somebody is `there` or not. The link of one who is is mailed to nobody."""
        payload = msgspec.json.encode(draft)
        link_id = await self._links.create(ctx, "signup", payload=payload, lifetime=SIGNUP_LIFETIME)
        word = format_id(LINK, link_id)
        if there is None:
            await self._outbox.put(ctx, "signup", subject=None, about={"link": word})
        else:
            await self._outbox.put(ctx, "signup_exists", subject=there)
        await self._journal.record(ctx, Event.SIGNUP_REQUESTED, subject=word)

    async def _draft(self, ctx: RequestContext, link: Link) -> _Draft:
        draft = msgspec.json.decode(link.payload, type=_Draft)
        try:
            await self._admitted(ctx, draft.email)
        except InvalidInput:
            raise NotFound("link") from None
        return draft

    async def _spend(self, ctx: RequestContext, demands: Sequence[Demand]) -> None:
        try:
            await self._limiter.spend(ctx, demands)
        except LimitExceeded as refusal:
            await self._journal.refused(ctx, Event.SIGNUP_LIMITED, reason=refusal.limit)
            raise
        finally:
            await ctx.tx.checkpoint()
