"""Rows of passwords and of former ones. Their hashes open here and nowhere else in the room."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.identity.kept import Kept, close, credential_place, history_place, read
from airside.identity.model import Credential, UserState
from airside.store.context import RequestContext
from airside.vault import Keyset

CREDENTIAL: Final = """
select u.user_id, u.state, c.hash, c.changed_at
from airside.user_account u
left join airside.password_credential c on c.tenant_id = u.tenant_id and c.user_id = u.user_id
where u.tenant_id = %s and u.email_index = any(%s)
"""

CREDENTIAL_OF: Final = """
select user_id, hash, changed_at
from airside.password_credential
where tenant_id = %s and user_id = %s
"""

DUE: Final = """
select changed_at, change_demanded
from airside.password_credential
where tenant_id = %s and user_id = %s
"""

SET: Final = """
insert into airside.password_credential (tenant_id, user_id, hash, changed_at, change_demanded)
values (%s, %s, %s, %s, false)
on conflict (tenant_id, user_id) do update
set hash = excluded.hash, changed_at = excluded.changed_at, change_demanded = false
"""

CHANGE: Final = """
update airside.password_credential
set hash = %s, changed_at = %s, change_demanded = false
where tenant_id = %s and user_id = %s and changed_at = %s
"""

REPLACE: Final = """
update airside.password_credential
set hash = %s
where tenant_id = %s and user_id = %s and hash = %s
"""

DEMAND: Final = """
update airside.password_credential
set change_demanded = true
where tenant_id = %s and user_id = %s
"""

FORMER: Final = """
select history_id, hash
from airside.password_history
where tenant_id = %s and user_id = %s
order by history_id desc
limit %s
"""

REMEMBER: Final = """
insert into airside.password_history (tenant_id, history_id, user_id, hash)
values (%s, %s, %s, %s)
"""

FORGET: Final = """
delete from airside.password_history
where tenant_id = %s and user_id = %s and history_id not in (
    select h.history_id
    from airside.password_history h
    where h.tenant_id = %s and h.user_id = %s
    order by h.history_id desc
    limit %s)
"""

STALE: Final = """
select user_id, hash
from airside.password_credential
where tenant_id = %s and substring(hash from 1 for 17) <> %s
order by user_id
limit %s
"""

STALE_HISTORY: Final = """
select history_id, hash
from airside.password_history
where tenant_id = %s and substring(hash from 1 for 17) <> %s
order by history_id
limit %s
"""

REPLACE_FORMER: Final = """
update airside.password_history
set hash = %s
where tenant_id = %s and history_id = %s and hash = %s
"""


@dataclass(frozen=True, slots=True)
class _CredentialRow:
    user_id: UUID
    state: UserState
    hash: bytes | None
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Stored:
    user_id: UUID
    hash: bytes
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class _Due:
    changed_at: datetime
    change_demanded: bool


@dataclass(frozen=True, slots=True)
class _Former:
    history_id: UUID
    hash: bytes


@dataclass(frozen=True, slots=True)
class _Stale:
    user_id: UUID
    hash: bytes


async def credential(ctx: RequestContext, keyset: Keyset, indexes: Sequence[bytes]) -> Credential | None:
    """What a guess is compared with; None for no such user, a disabled one, or one without a password."""
    row = await ctx.tx.one(_CredentialRow, CREDENTIAL, (ctx.tenant_id, list(indexes)))
    if row is None or row.state != "active" or row.hash is None or row.changed_at is None:
        return None
    return _credential(keyset, row.user_id, row.hash, row.changed_at)


async def credential_of(ctx: RequestContext, keyset: Keyset, user_id: UUID) -> Credential | None:
    """The user's password, whatever their state; None where there is none."""
    row = await ctx.tx.one(_Stored, CREDENTIAL_OF, (ctx.tenant_id, user_id))
    return None if row is None else _credential(keyset, row.user_id, row.hash, row.changed_at)


async def due(ctx: RequestContext, user_id: UUID) -> tuple[datetime, bool] | None:
    """When the password was set and whether another is demanded; None where there is none."""
    row = await ctx.tx.one(_Due, DUE, (ctx.tenant_id, user_id))
    return None if row is None else (row.changed_at, row.change_demanded)


async def set_password(ctx: RequestContext, keyset: Keyset, user_id: UUID, kept: Kept) -> None:
    """Store it in place of whatever was there."""
    row = close(keyset, credential_place(user_id), kept)
    await ctx.tx.run(SET, (ctx.tenant_id, user_id, row, ctx.now))


async def change_password(ctx: RequestContext, keyset: Keyset, before: Credential, kept: Kept) -> bool:
    """Store it in place of `before`; False where that has changed meanwhile."""
    row = close(keyset, credential_place(before.user_id), kept)
    return await ctx.tx.run(CHANGE, (row, ctx.now, ctx.tenant_id, before.user_id, before.changed_at)) == 1


async def replace_hash(ctx: RequestContext, keyset: Keyset, user_id: UUID, row: bytes, kept: Kept) -> bool:
    """The same password hashed or sealed anew; False where `row` isn't the stored one any more."""
    fresh = close(keyset, credential_place(user_id), kept)
    return await ctx.tx.run(REPLACE, (fresh, ctx.tenant_id, user_id, row)) == 1


async def demand_change(ctx: RequestContext, user_id: UUID) -> bool:
    """False where the user has no password."""
    return await ctx.tx.run(DEMAND, (ctx.tenant_id, user_id)) == 1


async def former(ctx: RequestContext, keyset: Keyset, user_id: UUID, limit: int) -> list[Kept]:
    """The last `limit` passwords before the present one, latest first."""
    rows = await ctx.tx.all(_Former, FORMER, (ctx.tenant_id, user_id, limit))
    return [read(keyset, history_place(row.history_id), row.hash) for row in rows]


async def remember(
    ctx: RequestContext, keyset: Keyset, history_id: UUID, user_id: UUID, kept: Kept | None, limit: int
) -> None:
    """Add `kept` to the user's former passwords, and forget all but the last `limit`."""
    if kept is not None and limit:
        row = close(keyset, history_place(history_id), kept)
        await ctx.tx.run(REMEMBER, (ctx.tenant_id, history_id, user_id, row))
    key = (ctx.tenant_id, user_id)
    await ctx.tx.run(FORGET, (*key, *key, limit))


async def reseal(ctx: RequestContext, keyset: Keyset, limit: int) -> int:
    """Seal up to `limit` hashes with today's key that aren't; how many were looked at. What changes meanwhile is
    left alone."""
    stale = (ctx.tenant_id, keyset.seal_header, limit)
    present = await ctx.tx.all(_Stale, STALE, stale)
    for row in present:
        kept = read(keyset, credential_place(row.user_id), row.hash)
        await replace_hash(ctx, keyset, row.user_id, row.hash, kept)
    past = await ctx.tx.all(_Former, STALE_HISTORY, stale)
    for row in past:
        place = history_place(row.history_id)
        fresh = close(keyset, place, read(keyset, place, row.hash))
        await ctx.tx.run(REPLACE_FORMER, (fresh, ctx.tenant_id, row.history_id, row.hash))
    return len(present) + len(past)


def _credential(keyset: Keyset, user_id: UUID, row: bytes, changed_at: datetime) -> Credential:
    return Credential(user_id, read(keyset, credential_place(user_id), row), row, changed_at)
