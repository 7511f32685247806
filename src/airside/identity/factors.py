"""Everything that somebody can prove themselves with, seen together; and all of it beyond the password taken away."""

from uuid import UUID

from airside.audit import Event, Journal
from airside.core.errors import NotFound
from airside.core.ids import USER, format_id
from airside.identity import records, records_factors
from airside.identity.model import Enrolled
from airside.store.context import RequestContext
from airside.vault import Vault


class Factors:
    """Reads what somebody has, at every login, and resets it for an administrator."""

    def __init__(self, *, vault: Vault, journal: Journal) -> None:
        self._vault = vault
        self._journal = journal

    async def of(self, ctx: RequestContext, user_id: UUID) -> Enrolled:
        """What the person has; nothing of anything for who isn't there."""
        return await records_factors.enrolled(ctx, await self._vault.persons.seals(ctx, user_id), user_id)

    async def reset(self, ctx: RequestContext, user_id: UUID) -> None:
        """Take every second factor from the person: generators, recovery codes and passkeys, and whatever of them was
        begun and isn't finished. The password and the sessions stay: what becomes of those is the caller's to say.

        Raises:
            NotFound: no such user.
        """
        if not await records.take_user(ctx, user_id):
            raise NotFound
        removed = await records_factors.remove_all(ctx, user_id)
        details = {
            "totp": removed.totp,
            "recovery_codes": removed.recovery_codes,
            "passkeys": removed.passkeys,
        }
        await self._journal.record(ctx, Event.FACTORS_RESET, subject=format_id(USER, user_id), details=details)
