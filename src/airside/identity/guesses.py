"""What tries at second factors cost, so that whoever knows a password doesn't guess the rest of the way (N13).

Strangers share one budget for each account. A device that the person is known by has its own, so that no stranger's
guesses keep the person out of it; recovery codes and passkeys don't ask either.
"""

from collections.abc import Sequence
from typing import Final, Protocol
from uuid import UUID

from airside.core.ids import DEVICE, USER, format_id
from airside.limits import (
    EMAIL_CODE_SENT,
    RECOVERY_CODE,
    SECOND_FACTOR_ACCOUNT,
    SECOND_FACTOR_DEVICE,
    SECOND_FACTOR_PACE,
    Demand,
    Limiter,
    origin_key,
)
from airside.store.context import RequestContext

MAX_COST: Final = 5
"""Most units that one try costs: as many as there are generators whose codes it could be."""

_ENROLMENT: Final = "enrolment"


class Known(Protocol):
    """Who knows which devices a person has signed in with; `Devices` does."""

    async def knows(self, ctx: RequestContext, user_id: UUID, device_id: UUID) -> bool:
        """Whether the person is known by that device."""
        ...


class Guesses:
    """Spends the limits of second factors. Each verb commits what it spent before it returns, and with it whatever was
    done in `ctx` before, so that no refusal gives it back."""

    def __init__(self, *, limiter: Limiter, devices: Known) -> None:
        self._limiter = limiter
        self._devices = devices

    async def spend(
        self, ctx: RequestContext, user_id: UUID, device_id: UUID | None, *, cost: int = 1
    ) -> Sequence[Demand]:
        """Pay for one try at a code of six digits; `cost` is how many secrets it is compared with. What comes back
        is what a right code gives back with `refund`: its own units, never another's.

        Raises:
            LimitExceeded: too many tries.
            Unavailable: they can't be counted.
        """
        user = format_id(USER, user_id)
        if device_id is not None and await self._devices.knows(ctx, user_id, device_id):
            key = f"{user} {format_id(DEVICE, device_id)}"
            return await self._spend(ctx, (SECOND_FACTOR_PACE, key), (SECOND_FACTOR_DEVICE, key), cost)
        return await self._spend(ctx, (SECOND_FACTOR_PACE, user), (SECOND_FACTOR_ACCOUNT, user), cost)

    async def spend_recovery(self, ctx: RequestContext, user_id: UUID, device_id: UUID | None) -> Sequence[Demand]:
        """Pay for one try at a recovery code. Raises as `spend`."""
        demands = [(RECOVERY_CODE, await self._key(ctx, user_id, device_id, origin_key(ctx.origin.address)))]
        await self._limiter.spend(ctx, demands)
        await ctx.tx.checkpoint()
        return demands

    async def spend_enrolment(self, ctx: RequestContext, user_id: UUID) -> None:
        """Pay for one try at confirming a generator, which isn't a guess: whoever began it has seen its secret.
        Raises as `spend`."""
        await self._limiter.spend(ctx, [(SECOND_FACTOR_PACE, f"{format_id(USER, user_id)} {_ENROLMENT}")])
        await ctx.tx.checkpoint()

    async def spend_mail(self, ctx: RequestContext, user_id: UUID, device_id: UUID | None) -> Sequence[Demand]:
        """Pay for one mail with a code; committed with the mail, by the caller. Raises as `spend`."""
        demands = [(EMAIL_CODE_SENT, await self._key(ctx, user_id, device_id, ""))]
        await self._limiter.spend(ctx, demands)
        return demands

    async def refund(self, ctx: RequestContext, spent: Sequence[Demand]) -> None:
        """Give back what one try cost, for it was right."""
        await self._limiter.refund(ctx, spent)

    async def _key(self, ctx: RequestContext, user_id: UUID, device_id: UUID | None, otherwise: str) -> str:
        known = device_id is not None and await self._devices.knows(ctx, user_id, device_id)
        place = format_id(DEVICE, device_id) if known and device_id is not None else otherwise
        return f"{format_id(USER, user_id)} {place}"

    async def _spend(self, ctx: RequestContext, pace: Demand, failures: Demand, cost: int) -> Sequence[Demand]:
        spent = [failures] * min(max(cost, 1), MAX_COST)
        await self._limiter.spend(ctx, [pace, *spent])
        await ctx.tx.checkpoint()
        return spent
