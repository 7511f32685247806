"""Erasing somebody: out of use as long as it can be cancelled; then all that they could prove themselves with goes at
once, their name and address when the last mail is out."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.ids import USER, format_id
from airside.identity import records as users
from airside.identity import records_erasure as records
from airside.identity import records_links, records_waiting
from airside.identity.erasure_model import MAX_GRACE, Certifier, ErasedPerson, PersonErasure
from airside.store import Outbox
from airside.store.context import RequestContext
from airside.vault import KeyArchive, Vault

LETTER: Final = "account_deleted"
"""What tells them; while it waits in the outbox, their address is needed."""
NOTICE: Final = "erasure_requested"
"""What tells them that it waits."""
KEPT: Final = "erasure_cancelled"
"""What tells them that it doesn't happen."""
MAX_ERASED: Final = 100
"""Accounts of one sweep."""
MAX_DUE: Final = 1_000
"""Ids that one sweep looks at."""


class Erasure:
    """Closes accounts, and forgets closed ones: in the end the person's own key is destroyed, and with it what is
    sealed under it wherever a copy of it lies, the audit log and backups included."""

    def __init__(
        self, *, vault: Vault, archive: KeyArchive, journal: Journal, outbox: Outbox, certifier: Certifier
    ) -> None:
        self._certifier = certifier
        self._archive = archive
        self._vault = vault
        self._journal = journal
        self._outbox = outbox

    async def request(self, ctx: RequestContext, user_id: UUID, grace: timedelta) -> PersonErasure:
        """Erase them when `grace` has passed: until then the account is disabled and stays whole, and a mail tells
        them. Sessions and tokens are the caller's to end, before.

        Raises:
            InvalidInput: a grace of nothing, which is `close`, or over `MAX_GRACE`.
            NotFound: no such user.
            Conflict: they are to be erased already.
        """
        if not timedelta(0) < grace <= MAX_GRACE:
            raise InvalidInput(f"1 to {MAX_GRACE.days} days", pointer="days")
        former = await records_waiting.take(ctx, user_id)
        if former is None:
            raise NotFound
        by = ctx.principal.subject or ctx.principal.kind
        wanted = PersonErasure(ctx.now, by, ctx.now + grace, "waiting", None)
        if not await records_waiting.insert(ctx, user_id, wanted.due_at, by, former):
            raise Conflict("the user is to be erased already")
        await users.set_user_state(ctx, user_id, "disabled")
        await records_links.revoke_all(ctx, user_id)
        await self._outbox.put(ctx, NOTICE, subject=user_id)
        await self._record(ctx, Event.USER_ERASURE_REQUESTED, user_id, days=grace.days)
        return wanted

    async def cancel(self, ctx: RequestContext, user_id: UUID) -> None:
        """They stay, as active or disabled as they were, and a mail tells them.

        Raises:
            NotFound: no such user, or they aren't to be erased.
            Conflict: it is due.
        """
        await records_waiting.take(ctx, user_id)
        former = await records_waiting.cancel(ctx, user_id)
        if former is None:
            if await records.find(ctx, user_id) is None:
                raise NotFound("erasure")
            raise Conflict("the erasure is due: it can't be cancelled any more")
        await users.set_user_state(ctx, user_id, former)
        await self._outbox.put(ctx, KEPT, subject=user_id)
        await self._record(ctx, Event.USER_ERASURE_CANCELLED, user_id)

    async def due(self, ctx: RequestContext) -> list[UUID]:
        """Whose grace is over, the longest first, up to `MAX_DUE`."""
        return await records_waiting.due(ctx, MAX_DUE)

    async def begin(self, ctx: RequestContext, user_id: UUID) -> bool:
        """Nobody cancels it any more, and whoever is told True closes the account in this transaction; False where it
        isn't due, or another process was quicker."""
        await records_waiting.take(ctx, user_id)
        return await records_waiting.begin(ctx, user_id)

    async def close(self, ctx: RequestContext, user_id: UUID, *, told: bool = True) -> None:
        """From now on nothing proves that somebody is this user, and a mail tells them if they are to be `told`.
        Sessions and tokens are the caller's to end, before.

        Raises:
            NotFound: no such user.
        """
        if not await records.close(ctx, user_id, ctx.principal.subject or ctx.principal.kind):
            raise NotFound
        if told:
            await self._outbox.put(ctx, LETTER, subject=user_id)
        await self._record(ctx, Event.USER_CLOSED, user_id)

    async def keyless(self, ctx: RequestContext) -> list[UUID]:
        """Up to `MAX_ERASED` people whose key was destroyed after the backup was made that they came back with."""
        return await records.keyless(ctx, MAX_ERASED)

    async def sweep(self, ctx: RequestContext) -> int:
        """Erase closed accounts whose mail is out or was given up, for a timer; how many. There is a certificate for
        each exactly if their key is gone.

        Raises:
            Unavailable: the archive of keys can't be reached. Nothing is erased; the next sweep tries again.
        """
        erased: list[UUID] = []
        for account in await records.closed(ctx, MAX_ERASED):
            user_id = account.user_id
            if await self._outbox.waits(ctx, LETTER, user_id) or not await records.claim(ctx, user_id):
                continue
            had_key = await self._vault.persons.destroy(ctx, user_id)
            await records.erase(ctx, user_id)
            lost = ErasedPerson(user_id, account.requested_at, had_key)
            await records.certified(ctx, account, await self._certifier.certify(ctx, lost))
            await self._record(ctx, Event.USER_ERASED, user_id)
            erased.append(user_id)
        if erased:
            await self._archive.forget(ctx.tenant_id, erased)  # or nobody is erased: it rolls back
        return len(erased)

    async def find(self, ctx: RequestContext, user_id: UUID) -> PersonErasure | None:
        """Where it stands with somebody, who may be gone; None where they aren't to be erased."""
        return await records.find(ctx, user_id)

    async def _record(self, ctx: RequestContext, event: Event, user_id: UUID, **details: int) -> None:
        await self._journal.record(ctx, event, subject=format_id(USER, user_id), details=dict(details))
