"""Users: people of the tenant, found by the one spelling of their e-mail address."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.ids import USER, format_id, uuid7
from airside.identity import records, records_email_domains, records_emails, records_links, records_waiting
from airside.identity.addresses import email_index, email_indexes
from airside.identity.email import Mailbox, domain_of, read, read_domain
from airside.identity.model import MAX_PAGE, User, UserState
from airside.limits import UNBOUNDED, USERS, Quotas
from airside.store.context import RequestContext
from airside.vault import Keyset, Vault

MAX_NAME: Final = 200
MAX_ROUNDS: Final = 5
"""Readings of one page by domain, where other domains share its index."""
_STATE_EVENTS: Final[dict[UserState, Event]] = {
    "active": Event.USER_REACTIVATED,
    "disabled": Event.USER_DEACTIVATED,
}


@dataclass(frozen=True, slots=True)
class DomainPage:
    """Some users at a domain; others may come after the id `after`, where it isn't None."""

    users: Sequence[User]
    after: UUID | None


class Users:
    """The tenant's people. E-mail and name are sealed before they are stored."""

    def __init__(self, *, vault: Vault, entropy: Entropy, journal: Journal, quotas: Quotas = UNBOUNDED) -> None:
        self._quotas = quotas
        self._vault = vault
        self._entropy = entropy
        self._journal = journal

    async def create(self, ctx: RequestContext, email: str, name: str, *, verified: bool = False) -> User:
        """A new active user, without a password. `User.email` is where mail goes: as given, its domain in ASCII.
        `verified`: they have proven that they read what is sent there.

        Raises:
            InvalidInput: no e-mail address, or a name over `MAX_NAME` characters or with control characters.
            Conflict: another user of the tenant has this address in some spelling.
            QuotaExceeded: the tenant's plan has no room for another.
        """
        mailbox = read(email)
        await self._quotas.demand(ctx, USERS, records.count_users)
        user = User(uuid7(ctx.now, self._entropy), mailbox.address, acceptable_name(name), "active", ctx.now, verified)
        drawn = await self._vault.persons.draw(ctx, user.id)
        indexes = _indexes(await self._vault.indexing(ctx), mailbox)
        free = await records_emails.is_free(ctx, indexes)
        if not free or not await records.insert_user(ctx, drawn.key, user, indexes):
            raise Conflict("e-mail address in use")
        self._vault.persons.keep(ctx, drawn)
        subject = format_id(USER, user.id)
        await self._journal.record(
            ctx, Event.USER_CREATED, subject=subject, personal={"email": user.email}, person=subject
        )
        return user

    async def get(self, ctx: RequestContext, user_id: UUID) -> User:
        """The user of that id.

        Raises:
            NotFound: not there, or not this tenant's.
        """
        user = await records.user(ctx, self._vault, user_id)
        if user is None:
            raise NotFound
        return user

    async def state(self, ctx: RequestContext, user_id: UUID) -> UserState | None:
        """Whether they are active or disabled, opening nothing sealed; None for nobody of this tenant."""
        return await records.user_state(ctx, user_id)

    async def leaving(self, ctx: RequestContext, user_id: UUID) -> datetime | None:
        """When they are erased, if that waits and could be cancelled; None otherwise."""
        return await records_waiting.waits(ctx, user_id)

    async def find_by_email(self, ctx: RequestContext, email: str) -> User | None:
        """The user with this address in whatever spelling; None also where `email` is no address."""
        keyset = await self._vault.keyset(ctx)
        return await records.user_by_email(ctx, self._vault, email_indexes(keyset, email))

    async def known(self, ctx: RequestContext, email: str, *, active: bool = False) -> UUID | None:
        """Who has this address in whatever spelling (with `active`, unless they are disabled), by the same work whether
        somebody has it or not: for those who mustn't learn it (N15)."""
        found = await records_emails.find(ctx, email_indexes(await self._vault.keyset(ctx), email))
        if found is None or (active and found.state != "active"):
            return None
        return found.user_id

    async def stays_active(self, ctx: RequestContext, user_id: UUID) -> bool:
        """Whether they are there and active, and stay so until this transaction ends."""
        user = await records.user(ctx, self._vault, user_id, share=True)
        return user is not None and user.state == "active"

    async def verify_email(self, ctx: RequestContext, user_id: UUID) -> None:
        """They have proven that they read what is sent to their address. Twice is the same as once."""
        if await records_emails.verify(ctx, user_id):
            await self._journal.record(ctx, Event.EMAIL_VERIFIED, subject=format_id(USER, user_id))

    async def change(self, ctx: RequestContext, user_id: UUID, email: str, name: str, *, verified: bool) -> User:
        """Another address and name, as who vouches for the user says; whether the address is proven goes with it. Links
        that were mailed to the former one open nothing any more.

        Raises:
            NotFound: not there, or not this tenant's.
            InvalidInput: no e-mail address, or no name.
            Conflict: another user of the tenant has this address in some spelling.
        """
        mailbox, before = read(email), await self.get(ctx, user_id)
        user = replace(before, email=mailbox.address, name=acceptable_name(name), email_verified=verified)
        indexes = _indexes(await self._vault.indexing(ctx), mailbox)
        if not await records_emails.is_free(ctx, indexes, but=user_id):
            raise Conflict("e-mail address in use")
        person = await self._vault.persons.of(ctx, user_id)
        if person is None or not await records_emails.change(ctx, person, user, indexes):
            raise NotFound
        if mailbox.key != read(before.email).key:
            await records_links.revoke_all(ctx, user_id)
        subject = format_id(USER, user_id)
        await self._journal.record(
            ctx, Event.USER_UPDATED, subject=subject, personal={"email": user.email}, person=subject
        )
        return user

    async def release_address(self, ctx: RequestContext, user_id: UUID) -> None:
        """The address of a user who is about to be erased is free for another at once."""
        keyset = await self._vault.keyset(ctx)
        await records_emails.release(ctx, user_id, email_index(keyset, format_id(USER, user_id)))

    async def list(self, ctx: RequestContext, after: UUID | None = None, limit: int = MAX_PAGE) -> list[User]:
        """Users by age, those after the id `after`, at most `limit` (1 to `MAX_PAGE`).

        Raises:
            InvalidInput: a limit out of range.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidInput("page size out of range", pointer="limit", max=MAX_PAGE)
        return await records.users(ctx, self._vault, after, limit)

    async def at_domain(
        self, ctx: RequestContext, domain: str, after: UUID | None = None, limit: int = MAX_PAGE
    ) -> DomainPage:
        """Users whose address is at `domain` in any spelling, by age, those after the id `after`, at most `limit` (1 to
        `MAX_PAGE`). A page may be short and have others behind it: `MAX_ROUNDS` times `limit` rows are opened at most.

        Raises:
            InvalidInput: no domain, or a limit out of range.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidInput("page size out of range", pointer="limit", max=MAX_PAGE)
        wanted, found, last = read_domain(domain), list[User](), after
        for _ in range(MAX_ROUNDS):
            some, last = await records_email_domains.users(ctx, self._vault, wanted, last, limit)
            found += some
            if len(found) > limit or (len(found) == limit and last is not None):
                return DomainPage(found[:limit], found[limit - 1].id)
            if last is None:
                break
        return DomainPage(found, last)

    async def set_state(self, ctx: RequestContext, user_id: UUID, state: UserState) -> None:
        """Disable a user or bring them back. A disabled user's sessions and password stop working at once, and mailed
        links for good; access tokens already out are revoked by whoever calls this. Whose erasure waits is disabled
        already, and then stays so if it is cancelled.

        Raises:
            NotFound: not there, or not this tenant's.
            Conflict: they are to be erased: cancelling that brings them back, nothing else does.
        """
        if await records_waiting.take(ctx, user_id) is None:
            raise NotFound
        if await self.leaving(ctx, user_id) is None:
            await records.set_user_state(ctx, user_id, state)
        elif state == "active":
            raise Conflict("the user is to be erased: cancel that first")
        else:
            await records_waiting.stay_disabled(ctx, user_id)
        if state == "disabled":
            await records_links.revoke_all(ctx, user_id)
        await self._journal.record(ctx, _STATE_EVENTS[state], subject=format_id(USER, user_id))


def _indexes(keyset: Keyset, mailbox: Mailbox) -> records.EmailIndexes:
    domain = records_email_domains.domain_index(keyset, domain_of(mailbox.address))
    address, *others = email_indexes(keyset, mailbox.key)
    return records.EmailIndexes(address, domain, others)


def acceptable_name(name: str) -> str:
    """`name` in its one spelling, which may be empty.

    Raises:
        InvalidInput: over `MAX_NAME` characters, or with control characters.
    """
    text = unicodedata.normalize("NFC", name.strip())
    if len(text) > MAX_NAME:
        raise InvalidInput("name over its cap", pointer="name", max_length=MAX_NAME)
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text):
        raise InvalidInput("name with control characters", pointer="name")
    return text
