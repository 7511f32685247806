"""Rows of devices that a person is known by, and of where they have signed in lately."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, Literal, TypeAlias
from uuid import UUID

from airside.core.principal import Origin
from airside.identity.model import MAX_DEVICES, Device
from airside.store.context import RequestContext
from airside.vault import Place, Seals

ADMITTED_FOR: Final = timedelta(hours=1)
"""A device that was admitted and not signed in with by then is unknown again."""
MAX_VISITS: Final = 200
"""Most sign-ins that are looked back at."""

State: TypeAlias = Literal["admitted", "known"]

# One answer for both: what is known to the person, and what was lately admitted for them.
ADMITS: Final = """
select d.device_id
from airside.user_account u
join airside.known_device d on d.tenant_id = u.tenant_id and d.user_id = u.user_id
where u.tenant_id = %s and u.email_index = any(%s) and d.device_id = %s
  and ((d.state = 'known' and d.last_seen_at > %s) or (d.state = 'admitted' and d.last_seen_at > %s))
"""

KNOWN: Final = """
select device_id
from airside.known_device
where tenant_id = %s and user_id = %s and device_id = %s and state = 'known' and last_seen_at > %s
"""

SEEN_AGAIN: Final = """
update airside.known_device
set last_seen_at = %s, origin_sealed = %s, agent_sealed = %s
where tenant_id = %s and user_id = %s and device_id = %s and state = 'known' and last_seen_at > %s
"""

# Whoever finds a live row of a known device, put there meanwhile, changes nothing: the row count says who was first.
PUT: Final = """
insert into airside.known_device as d (
    tenant_id, user_id, device_id, state, first_seen_at, last_seen_at, origin_sealed, agent_sealed)
values (%s, %s, %s, %s, %s, %s, %s, %s)
on conflict (tenant_id, user_id, device_id) do update
set state = excluded.state, first_seen_at = excluded.first_seen_at, last_seen_at = excluded.last_seen_at,
    origin_sealed = excluded.origin_sealed, agent_sealed = excluded.agent_sealed
where not (d.state = 'known' and d.last_seen_at > %s)
"""

DEVICES_OF_USER: Final = """
select device_id, user_id, first_seen_at, last_seen_at, origin_sealed, agent_sealed
from airside.known_device
where tenant_id = %s and user_id = %s and state = 'known' and last_seen_at > %s
order by last_seen_at desc, device_id desc
limit %s
"""

FORGET: Final = """
delete from airside.known_device
where tenant_id = %s and user_id = %s and device_id = %s
"""

FORGET_ALL: Final = """
delete from airside.known_device
where tenant_id = %s and user_id = %s
"""

SWEEP: Final = """
delete from airside.known_device
where tenant_id = %s and (last_seen_at <= %s or (state = 'admitted' and last_seen_at <= %s))
"""

VISITS: Final = """
select session_id, created_at, origin_sealed
from airside.user_session
where tenant_id = %s and user_id = %s and created_at > %s
order by created_at desc
limit %s
"""


@dataclass(frozen=True, slots=True)
class _DeviceId:
    device_id: UUID


@dataclass(frozen=True, slots=True)
class _DeviceRow:
    device_id: UUID
    user_id: UUID
    first_seen_at: datetime
    last_seen_at: datetime
    origin_sealed: bytes
    agent_sealed: bytes


@dataclass(frozen=True, slots=True)
class _VisitRow:
    session_id: UUID
    created_at: datetime
    origin_sealed: bytes


@dataclass(frozen=True, slots=True)
class Visit:
    """A sign-in of the past: when and from which address."""

    at: datetime
    address: str


async def admits(ctx: RequestContext, indexes: Sequence[bytes], device_id: UUID, since: datetime) -> bool:
    """Whether the device is known to the person of that address, or was lately admitted for them."""
    params = (ctx.tenant_id, list(indexes), device_id, since, ctx.now - ADMITTED_FOR)
    return await ctx.tx.one(_DeviceId, ADMITS, params) is not None


async def knows(ctx: RequestContext, user_id: UUID, device_id: UUID, since: datetime) -> bool:
    return await ctx.tx.one(_DeviceId, KNOWN, (ctx.tenant_id, user_id, device_id, since)) is not None


async def seen_again(ctx: RequestContext, seals: Seals, device: Device, since: datetime) -> bool:
    """False where the device isn't known, or was last seen before `since`."""
    key = (ctx.tenant_id, device.user_id, device.id)
    params = (device.last_seen_at, *_sealed(seals, device), *key, since)
    return await ctx.tx.run(SEEN_AGAIN, params) == 1


async def put(ctx: RequestContext, seals: Seals, device: Device, state: State, since: datetime) -> bool:
    """False where it is known already and was seen after `since`."""
    key = (ctx.tenant_id, device.user_id, device.id)
    row = (*key, state, device.first_seen_at, device.last_seen_at, *_sealed(seals, device), since)
    return await ctx.tx.run(PUT, row) == 1


async def devices_of(ctx: RequestContext, seals: Seals, user_id: UUID, since: datetime) -> list[Device]:
    """The person's known devices, most lately used first."""
    rows = await ctx.tx.all(_DeviceRow, DEVICES_OF_USER, (ctx.tenant_id, user_id, since, MAX_DEVICES))
    return [_device(seals, row) for row in rows]


async def forget(ctx: RequestContext, user_id: UUID, device_id: UUID) -> bool:
    return await ctx.tx.run(FORGET, (ctx.tenant_id, user_id, device_id)) == 1


async def forget_all(ctx: RequestContext, user_id: UUID) -> int:
    return await ctx.tx.run(FORGET_ALL, (ctx.tenant_id, user_id))


async def sweep(ctx: RequestContext, since: datetime) -> int:
    return await ctx.tx.run(SWEEP, (ctx.tenant_id, since, ctx.now - ADMITTED_FOR))


async def visits(ctx: RequestContext, seals: Seals, user_id: UUID, since: datetime) -> Sequence[Visit]:
    """The person's sign-ins after `since`, the latest first, ended sessions too."""
    rows = await ctx.tx.all(_VisitRow, VISITS, (ctx.tenant_id, user_id, since, MAX_VISITS))
    return [
        Visit(
            row.created_at,
            seals.open(Place("user_session", "origin_sealed", row.session_id), row.origin_sealed).decode(),
        )
        for row in rows
    ]


def _place(column: str, user_id: UUID, device_id: UUID) -> Place:
    # The row's key is two ids; what is sealed in it is bound to both, so that no two rows can trade places.
    return Place("known_device", column, UUID(bytes=sha256(user_id.bytes + device_id.bytes).digest()[:16]))


def _sealed(seals: Seals, device: Device) -> tuple[bytes, bytes]:
    origin = seals.seal(_place("origin_sealed", device.user_id, device.id), device.origin.address.encode())
    agent = seals.seal(_place("agent_sealed", device.user_id, device.id), device.origin.user_agent.encode())
    return origin, agent


def _device(seals: Seals, row: _DeviceRow) -> Device:
    origin = seals.open(_place("origin_sealed", row.user_id, row.device_id), row.origin_sealed)
    agent = seals.open(_place("agent_sealed", row.user_id, row.device_id), row.agent_sealed)
    return Device(
        id=row.device_id,
        user_id=row.user_id,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        origin=Origin(origin.decode(), agent.decode()),
    )
