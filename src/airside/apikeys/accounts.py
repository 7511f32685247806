"""Service accounts: programs of the tenant's, that own keys. What they may is said by roles, in the graph."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from airside.apikeys import records_accounts
from airside.apikeys.model import MAX_ACCOUNTS, MAX_PAGE, AccountState, ServiceAccount, acceptable_name
from airside.audit import Event, Journal
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.ids import uuid7
from airside.revocation import Revocations
from airside.store.context import RequestContext
from airside.store.queues import queue_for

TOLD: Final = timedelta(hours=1)
"""How long the news is kept that one was disabled: nobody remembers what they read of its keys for longer."""
_OVERLAP: Final = timedelta(seconds=1)


class ServiceAccounts:
    """Make, find, disable and enable them."""

    def __init__(self, *, entropy: Entropy, journal: Journal, revocations: Revocations) -> None:
        self._entropy = entropy
        self._journal = journal
        self._revocations = revocations

    async def create(self, ctx: RequestContext, name: str) -> ServiceAccount:
        """A new one, that may nothing yet.

        Raises:
            InvalidInput: no name.
            Conflict: the tenant has `MAX_ACCOUNTS`.
        """
        called = acceptable_name(name)
        await queue_for(ctx, "service account")
        if await records_accounts.count(ctx) >= MAX_ACCOUNTS:
            raise Conflict("too many service accounts", max_accounts=MAX_ACCOUNTS)
        account = ServiceAccount(uuid7(ctx.now, self._entropy), called, "active", ctx.now)
        await records_accounts.insert(ctx, account)
        await self._journal.record(ctx, Event.SERVICE_ACCOUNT_CREATED, subject=account.word)
        return account

    async def get(self, ctx: RequestContext, account_id: UUID) -> ServiceAccount:
        """Raises:
        NotFound: not there, or not this tenant's.
        """
        found = await records_accounts.find(ctx, account_id)
        if found is None:
            raise NotFound("service account")
        return found

    async def list(self, ctx: RequestContext, after: UUID | None = None, limit: int = MAX_PAGE) -> list[ServiceAccount]:
        """In the order of their making, after the one named, at most `limit` (1 to `MAX_PAGE`).

        Raises:
            InvalidInput: a limit out of range.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidInput("page size out of range", pointer="limit", max=MAX_PAGE)
        return await records_accounts.page(ctx, after, limit)

    async def set_state(self, ctx: RequestContext, account_id: UUID, state: AccountState) -> None:
        """Disable: no key of it opens anything any more, here from the commit, elsewhere within a second. Enable: those
        that aren't over work again.

        Raises:
            NotFound: not there, or not this tenant's.
        """
        account = await self.get(ctx, account_id)
        if not await records_accounts.set_state(ctx, account_id, state):
            return
        before = ctx.now + _OVERLAP
        await self._revocations.revoke(ctx, "sub", account.word, before=before, expires_at=before + TOLD)
        event = Event.SERVICE_ACCOUNT_DEACTIVATED if state == "disabled" else Event.SERVICE_ACCOUNT_REACTIVATED
        await self._journal.record(ctx, event, subject=account.word)
