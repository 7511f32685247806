"""Rows of devices that wait for approval."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from airside.core.errors import Inconsistent
from airside.oauth.device_model import (
    DEVICE_LIFETIME,
    POLL_SECONDS,
    ApprovedDevice,
    DeviceApproval,
    DeviceRequest,
    DeviceState,
)
from airside.oauth.model import RequestDetails
from airside.store import RequestContext

INSERT: Final = """
insert into airside.device_authorization (tenant_id, device_hash, user_code_hash, client_id, scopes, details, state,
    wait_seconds, next_poll_at, hasty, created_at, expires_at)
values (%s, %s, %s, %s, %s, %s, 'pending', %s, %s, false, %s, %s)
on conflict (tenant_id, user_code_hash) do nothing
"""

PENDING: Final = """
select client_id, scopes, details from airside.device_authorization
where tenant_id = %s and user_code_hash = %s and state = 'pending' and expires_at > %s
"""

APPROVE: Final = """
update airside.device_authorization
set state = 'approved', user_id = %s, session_id = %s, family_id = %s, auth_time = %s, acr = %s, amr = %s
where tenant_id = %s and user_code_hash = %s and client_id = %s and state = 'pending' and expires_at > %s
"""

DENY: Final = """
update airside.device_authorization set state = 'denied'
where tenant_id = %s and user_code_hash = %s and state = 'pending' and expires_at > %s
"""

SPEND: Final = """
update airside.device_authorization set spent_at = %s
where tenant_id = %s and device_hash = %s and client_id = %s and state = 'approved' and expires_at > %s
    and spent_at is null
returning client_id, scopes, details, user_id, session_id, family_id, auth_time, acr, amr
"""

# One statement: a poll before its time costs the device five seconds more, now and for good (RFC 8628 §3.5).
POLL: Final = """
update airside.device_authorization
set hasty = next_poll_at > %s,
    wait_seconds = wait_seconds + case when next_poll_at > %s then %s else 0 end,
    next_poll_at = %s + (wait_seconds + case when next_poll_at > %s then %s else 0 end) * interval '1 second'
where tenant_id = %s and device_hash = %s and client_id = %s and state = 'pending' and expires_at > %s
returning hasty
"""

FIND: Final = """
select state, expires_at, family_id, spent_at from airside.device_authorization
where tenant_id = %s and device_hash = %s and client_id = %s
"""

FAMILIES_OF_USER: Final = """
select family_id from airside.device_authorization
where tenant_id = %s and client_id = %s and user_id = %s and state = 'approved' and expires_at > %s
"""

DELETE_OF_CLIENT: Final = "delete from airside.device_authorization where tenant_id = %s and client_id = %s"
SWEEP: Final = "delete from airside.device_authorization where tenant_id = %s and expires_at < %s"


@dataclass(frozen=True, slots=True)
class _PendingRow:
    client_id: UUID
    scopes: list[str]
    details: str


@dataclass(frozen=True, slots=True)
class _SpentRow:
    client_id: UUID
    scopes: list[str]
    details: str
    user_id: UUID
    session_id: UUID
    family_id: UUID
    auth_time: datetime
    acr: str
    amr: list[str]


@dataclass(frozen=True, slots=True)
class _PollRow:
    hasty: bool


@dataclass(frozen=True, slots=True)
class _FamilyRow:
    family_id: UUID


@dataclass(frozen=True, slots=True)
class _StateRow:
    state: Literal["pending", "approved", "denied"]
    expires_at: datetime
    family_id: UUID | None
    spent_at: datetime | None


async def insert(ctx: RequestContext, device_hash: bytes, user_code_hash: bytes, request: DeviceRequest) -> bool:
    """Write a device that waits; False where the user code is another's: draw again."""
    touched = await ctx.tx.run(
        INSERT,
        (
            ctx.tenant_id,
            device_hash,
            user_code_hash,
            request.client_id,
            sorted(request.scopes),
            msgspec.json.encode(request.details).decode(),
            POLL_SECONDS,
            ctx.now,
            ctx.now,
            ctx.now + DEVICE_LIFETIME,
        ),
    )
    return touched == 1


async def pending(ctx: RequestContext, user_code_hash: bytes) -> DeviceRequest | None:
    """What the device of that code asks for, if nobody has answered and it hasn't run out."""
    row = await ctx.tx.one(_PendingRow, PENDING, (ctx.tenant_id, user_code_hash, ctx.now))
    return None if row is None else DeviceRequest(row.client_id, frozenset(row.scopes), _details(row.details))


async def approve(ctx: RequestContext, user_code_hash: bytes, client_id: UUID, approval: DeviceApproval) -> bool:
    """Single use: whether it was this caller who answered."""
    who = (approval.user_id, approval.session_id, approval.family_id)
    proven = (approval.auth_time, approval.acr, list(approval.amr))
    place = (ctx.tenant_id, user_code_hash, client_id, ctx.now)
    return await ctx.tx.run(APPROVE, (*who, *proven, *place)) == 1


async def deny(ctx: RequestContext, user_code_hash: bytes) -> bool:
    """Single use: whether it was this caller who answered."""
    return await ctx.tx.run(DENY, (ctx.tenant_id, user_code_hash, ctx.now)) == 1


async def spend(ctx: RequestContext, device_hash: bytes, client_id: UUID) -> ApprovedDevice | None:
    """Single use: what an approved device stands for, for the one caller who spent it; None for everybody else."""
    row = await ctx.tx.one(_SpentRow, SPEND, (ctx.now, ctx.tenant_id, device_hash, client_id, ctx.now))
    if row is None:
        return None
    return ApprovedDevice(
        DeviceRequest(row.client_id, frozenset(row.scopes), _details(row.details)),
        DeviceApproval(row.user_id, row.session_id, row.family_id, row.auth_time, row.acr, tuple(row.amr)),
    )


async def poll(ctx: RequestContext, device_hash: bytes, client_id: UUID) -> bool | None:
    """Note that the device asks while nobody has answered; whether that was too soon. None where it doesn't wait."""
    now, more = ctx.now, POLL_SECONDS
    place = (ctx.tenant_id, device_hash, client_id, now)
    row = await ctx.tx.one(_PollRow, POLL, (now, now, more, now, now, more, *place))
    return None if row is None else row.hasty


async def find(ctx: RequestContext, device_hash: bytes, client_id: UUID) -> DeviceState | None:
    """How a device of this client stands, changing nothing."""
    row = await ctx.tx.one(_StateRow, FIND, (ctx.tenant_id, device_hash, client_id))
    if row is None:
        return None
    return DeviceState(row.state, row.expires_at, row.family_id if row.spent_at is not None else None)


async def families_of_user(ctx: RequestContext, user_id: UUID, client_id: UUID, since: datetime) -> list[UUID]:
    """The families of the client's devices that the user said yes to, which ended waiting after `since`."""
    rows = await ctx.tx.all(_FamilyRow, FAMILIES_OF_USER, (ctx.tenant_id, client_id, user_id, since))
    return [row.family_id for row in rows]


async def delete_of_client(ctx: RequestContext, client_id: UUID) -> int:
    """Take a client's devices away with it; how many."""
    return await ctx.tx.run(DELETE_OF_CLIENT, (ctx.tenant_id, client_id))


async def sweep(ctx: RequestContext, before: datetime) -> int:
    """Forget devices that ran out before then; how many."""
    return await ctx.tx.run(SWEEP, (ctx.tenant_id, before))


def _details(text: str) -> RequestDetails:
    try:
        return msgspec.json.decode(text, type=RequestDetails)
    except msgspec.DecodeError:
        raise Inconsistent("a device with details of another build") from None
