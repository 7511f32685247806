"""Everything that somebody can prove themselves with, seen together; and all of it beyond the password taken away."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.errors import NotFound
from airside.core.ids import USER, format_id
from airside.identity import records, records_factors
from airside.identity.model import TotpFactor
from airside.identity.policy import Factor
from airside.store.context import RequestContext


class HeldPasskey(Protocol):
    """A passkey, as far as it matters here."""

    @property
    def id(self) -> UUID: ...


class HeldPasskeys(Protocol):
    """Where somebody's passkeys are kept; `Passkeys` is one."""

    async def list(self, ctx: RequestContext, user_id: UUID) -> Sequence[HeldPasskey]:
        """Those that the person has."""
        ...

    async def remove(self, ctx: RequestContext, user_id: UUID, passkey_id: UUID) -> None:
        """Take one from the person. Raises: NotFound."""
        ...


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a person has. Whether the tenant takes it is another question."""

    password: bool
    totp: tuple[TotpFactor, ...]
    passkeys: tuple[HeldPasskey, ...]
    recovery_codes: int

    @property
    def second(self) -> frozenset[Factor]:
        """The second factors that may be asked for. Recovery codes stand in for another one and are none alone."""
        held: set[Factor] = set()
        if self.totp:
            held.add("totp")
        if self.passkeys:
            held.add("passkey")
        if held and self.recovery_codes:
            held.add("recovery_code")
        return frozenset(held)


class Factors:
    """Reads what somebody has, at every login, and resets it for an administrator."""

    def __init__(self, *, journal: Journal, passkeys: HeldPasskeys) -> None:
        self._journal = journal
        self._passkeys = passkeys

    async def of(self, ctx: RequestContext, user_id: UUID) -> Enrolled:
        """What the person has; nothing of anything for who isn't there."""
        held = await records_factors.held(ctx, user_id)
        passkeys = tuple(await self._passkeys.list(ctx, user_id))
        return Enrolled(held.password, held.totp, passkeys, held.recovery_codes)

    async def reset(self, ctx: RequestContext, user_id: UUID) -> None:
        """Take every second factor from the person: generators, also one that waits for its first code, recovery codes
        and passkeys. The password and the sessions stay: what becomes of those is the caller's to say.

        Raises:
            NotFound: no such user.
        """
        if not await records.take_user(ctx, user_id):
            raise NotFound
        passkeys = await self._passkeys.list(ctx, user_id)
        for passkey in passkeys:
            await self._passkeys.remove(ctx, user_id, passkey.id)
        totp, codes = await records_factors.remove_all(ctx, user_id)
        details = {"totp": totp, "recovery_codes": codes, "passkeys": len(passkeys)}
        await self._journal.record(ctx, Event.FACTORS_RESET, subject=format_id(USER, user_id), details=details)
