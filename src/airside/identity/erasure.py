"""Erasing somebody: all that they could prove themselves with at once, their name and address when the last mail is
out."""

from typing import Final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.errors import NotFound
from airside.core.ids import USER, format_id
from airside.identity import records_erasure as records
from airside.identity.erasure_model import Certifier, ErasedPerson, PersonErasure
from airside.store import Outbox
from airside.store.context import RequestContext
from airside.vault import KeyArchive, Vault

LETTER: Final = "account_deleted"
"""What tells them; while it waits in the outbox, their address is needed."""
MAX_ERASED: Final = 100
"""Accounts of one sweep."""


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

    async def close(self, ctx: RequestContext, user_id: UUID) -> None:
        """From now on nothing proves that somebody is this user, and a mail tells them. Sessions and tokens are the
        caller's to end, before.

        Raises:
            NotFound: no such user.
        """
        if not await records.close(ctx, user_id, ctx.principal.subject or ctx.principal.kind):
            raise NotFound
        await self._outbox.put(ctx, LETTER, subject=user_id)
        await self._journal.record(ctx, Event.USER_CLOSED, subject=format_id(USER, user_id))

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
            await self._journal.record(ctx, Event.USER_ERASED, subject=format_id(USER, user_id))
            erased.append(user_id)
        if erased:
            await self._archive.forget(ctx.tenant_id, erased)  # or nobody is erased: it rolls back
        return len(erased)

    async def find(self, ctx: RequestContext, user_id: UUID) -> PersonErasure | None:
        """Where it stands with somebody, who may be gone; None where they aren't to be erased."""
        return await records.find(ctx, user_id)
