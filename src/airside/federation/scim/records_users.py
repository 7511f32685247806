"""Rows of `scim_user` and `scim_email` ↔ `Account`. What a directory said is opened here and nowhere else."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from airside.core.strict_json import dumps
from airside.federation.scim.model import Account, Content, Position, Stored
from airside.identity import UserState
from airside.protocols.scim import USER
from airside.store.context import RequestContext
from airside.vault import PersonKey, Place, Seals, Vault, open_own, open_personal, person_of

CONTENT: Final = ("scim_user", "content_sealed")
INSERT: Final = """
insert into airside.scim_user (
    tenant_id, connection_id, user_id, user_name_index, external_id_index, content_sealed, made, deactivated, version,
    created_at, modified_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, 1, %s, %s)
on conflict do nothing
"""
INSERT_EMAILS: Final = """
insert into airside.scim_email (tenant_id, connection_id, email_index, user_id)
select %s, %s, e.email_index, %s from unnest(%s::bytea[]) as e (email_index)
on conflict do nothing
"""
DELETE_EMAILS: Final = "delete from airside.scim_email where tenant_id = %s and connection_id = %s and user_id = %s"
# Whose erasure waits is to the directory as they were, and as they are again if it is cancelled.
GET: Final = """
select s.user_id, s.content_sealed, s.made, s.deactivated, s.version, s.created_at, s.modified_at,
       coalesce(e.former_state, u.state) as state
from airside.scim_user s
join airside.user_account u on u.tenant_id = s.tenant_id and u.user_id = s.user_id
left join airside.person_erasure e on e.tenant_id = s.tenant_id and e.user_id = s.user_id
where s.tenant_id = %s and s.connection_id = %s and s.user_id = any(%s::uuid[])
order by s.user_id
"""
PAGE: Final = """
select s.user_id, s.content_sealed, s.made, s.deactivated, s.version, s.created_at, s.modified_at,
       coalesce(e.former_state, u.state) as state
from (
    select user_id from airside.scim_user
    where tenant_id = %s and connection_id = %s
    order by user_id limit %s offset %s
) p
join airside.scim_user s on s.tenant_id = %s and s.connection_id = %s and s.user_id = p.user_id
join airside.user_account u on u.tenant_id = s.tenant_id and u.user_id = s.user_id
left join airside.person_erasure e on e.tenant_id = s.tenant_id and e.user_id = s.user_id
order by s.user_id
"""
AFTER: Final = """
select s.user_id, s.content_sealed, s.made, s.deactivated, s.version, s.created_at, s.modified_at,
       coalesce(e.former_state, u.state) as state
from airside.scim_user s
join airside.user_account u on u.tenant_id = s.tenant_id and u.user_id = s.user_id
left join airside.person_erasure e on e.tenant_id = s.tenant_id and e.user_id = s.user_id
where s.tenant_id = %s and s.connection_id = %s and s.user_id > %s
order by s.user_id limit %s
"""
BEFORE: Final = """
select s.user_id, s.content_sealed, s.made, s.deactivated, s.version, s.created_at, s.modified_at,
       coalesce(e.former_state, u.state) as state
from airside.scim_user s
join airside.user_account u on u.tenant_id = s.tenant_id and u.user_id = s.user_id
left join airside.person_erasure e on e.tenant_id = s.tenant_id and e.user_id = s.user_id
where s.tenant_id = %s and s.connection_id = %s and s.user_id < %s
order by s.user_id desc limit %s
"""
COUNT: Final = "select count(*) as number from airside.scim_user where tenant_id = %s and connection_id = %s"
SOME: Final = """
select user_id from airside.scim_user where tenant_id = %s and connection_id = %s order by user_id limit %s
"""
BY_NAME: Final = """
select user_id from airside.scim_user where tenant_id = %s and connection_id = %s and user_name_index = any(%s)
"""
BY_EXTERNAL_ID: Final = """
select user_id from airside.scim_user
where tenant_id = %s and connection_id = %s and external_id_index = any(%s)
order by user_id limit %s
"""
BY_EMAIL: Final = """
select user_id from airside.scim_email
where tenant_id = %s and connection_id = %s and email_index = any(%s)
order by user_id limit %s
"""
UPDATE: Final = """
update airside.scim_user
set user_name_index = %s, external_id_index = %s, content_sealed = %s, deactivated = %s, version = %s, modified_at = %s
where tenant_id = %s and connection_id = %s and user_id = %s and version = %s
"""
DELETE: Final = """
delete from airside.scim_user where tenant_id = %s and connection_id = %s and user_id = %s and version = %s
"""
DELETE_MEMBERSHIPS: Final = """
delete from airside.scim_member where tenant_id = %s and connection_id = %s and user_id = %s
"""


@dataclass(frozen=True, slots=True)
class Found:
    """The blind indexes of a user: what they are found by without opening them. `others`: what another of the same name
    may be found by that is still under another index key."""

    user_name: bytes
    external_id: bytes | None
    emails: tuple[bytes, ...]
    others: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class _Id:
    user_id: UUID


@dataclass(frozen=True, slots=True)
class _Count:
    number: int


@dataclass(frozen=True, slots=True)
class _Row:
    user_id: UUID
    content_sealed: bytes
    made: bool
    deactivated: bool
    version: int
    created_at: datetime
    modified_at: datetime
    state: UserState


async def insert(ctx: RequestContext, seals: Seals, connection_id: UUID, account: Account, found: Found) -> bool:
    """False where the connection has this user, or another of this name, already. `found`: by `Vault.indexing`."""
    stored = account.stored
    if not await is_free(ctx, connection_id, found, stored.id):
        return False
    row = (
        *(ctx.tenant_id, connection_id, stored.id, found.user_name, found.external_id),
        *(_seal(seals, stored.id, account.said), account.made, account.deactivated, ctx.now, ctx.now),
    )
    emails = (ctx.tenant_id, connection_id, stored.id, list(found.emails))
    touched = await ctx.tx.run_many([(INSERT, row), (INSERT_EMAILS, emails)])
    return touched[0] == 1


async def update(
    ctx: RequestContext, seals: Seals, connection_id: UUID, account: Account, found: Found, version: int
) -> bool:
    """False where it isn't at `version` any more.

    Raises:
        UniqueViolation: another user of the connection has this name.
    """
    stored = account.stored
    row = (
        *(found.user_name, found.external_id, _seal(seals, stored.id, account.said), account.deactivated),
        *(stored.version, ctx.now, ctx.tenant_id, connection_id, stored.id, version),
    )
    own = (ctx.tenant_id, connection_id, stored.id)
    touched = await ctx.tx.run_many([(UPDATE, row), (DELETE_EMAILS, own), (INSERT_EMAILS, (*own, list(found.emails)))])
    return touched[0] == 1


async def is_free(ctx: RequestContext, connection_id: UUID, found: Found, user_id: UUID) -> bool:
    """Whether nobody else has this name under another index key: what no unique key can tell."""
    there = await by_name(ctx, connection_id, found.others) if found.others else []
    return set(there) <= {user_id}


async def delete(ctx: RequestContext, connection_id: UUID, user_id: UUID, version: int) -> bool:
    """With addresses and memberships; False where it isn't at `version` any more."""
    own = (ctx.tenant_id, connection_id, user_id)
    statements = [(DELETE, (*own, version)), (DELETE_EMAILS, own), (DELETE_MEMBERSHIPS, own)]
    return (await ctx.tx.run_many(statements))[0] == 1


async def get(ctx: RequestContext, vault: Vault, connection_id: UUID, ids: Sequence[UUID]) -> list[Account]:
    """Those of `ids` that the connection has, by age."""
    rows = await ctx.tx.all(_Row, GET, (ctx.tenant_id, connection_id, list(ids)))
    return await _accounts(ctx, vault, rows)


async def page(
    ctx: RequestContext, vault: Vault, connection_id: UUID, position: Position, limit: int
) -> tuple[int, list[Account]]:
    """How many there are, and up to `limit` of them from `position`, by age."""
    own: tuple[Any, ...] = (ctx.tenant_id, connection_id)
    sql, params = PAGE, (*own, limit, position.offset, *own)
    if position.anchor is not None:
        sql, params = BEFORE if position.backwards else AFTER, (*own, position.anchor, limit)
    counted, rows = await ctx.tx.two((_Count, COUNT, own), (_Row, sql, params))
    accounts = await _accounts(ctx, vault, rows)
    return counted[0].number, accounts[::-1] if position.backwards else accounts


async def some(ctx: RequestContext, connection_id: UUID, limit: int) -> list[UUID]:
    return [row.user_id for row in await ctx.tx.all(_Id, SOME, (ctx.tenant_id, connection_id, limit))]


async def by_name(ctx: RequestContext, connection_id: UUID, indexes: Sequence[bytes]) -> list[UUID]:
    return [row.user_id for row in await ctx.tx.all(_Id, BY_NAME, (ctx.tenant_id, connection_id, list(indexes)))]


async def by_external_id(ctx: RequestContext, connection_id: UUID, indexes: Sequence[bytes], limit: int) -> list[UUID]:
    rows = await ctx.tx.all(_Id, BY_EXTERNAL_ID, (ctx.tenant_id, connection_id, list(indexes), limit))
    return [row.user_id for row in rows]


async def by_email(ctx: RequestContext, connection_id: UUID, indexes: Sequence[bytes], limit: int) -> list[UUID]:
    rows = await ctx.tx.all(_Id, BY_EMAIL, (ctx.tenant_id, connection_id, list(indexes), limit))
    return [row.user_id for row in rows]


def shown(said: Content, state: UserState) -> Content:
    """What a directory said, with the account's own state, unless the directory says nothing of it."""
    return {**said, "active": state == "active"} if "active" in said else said


def _seal(seals: Seals, user_id: UUID, said: Content) -> bytes:
    return seals.seal(Place(*CONTENT, user_id), dumps(dict(said)))


async def _accounts(ctx: RequestContext, vault: Vault, rows: Sequence[_Row]) -> list[Account]:
    """Those of `rows`, each by its person's key: one query, where some of those aren't in memory."""
    keys, sealed = await vault.persons.each(ctx, [row.user_id for row in rows]), [row.content_sealed for row in rows]
    if any(person_of(each) is None for each in sealed):
        contents = await _among_former(ctx, vault, rows, keys)
    else:
        contents = open_own(CONTENT, keys, sealed)
    return [_account(row, content) for row, content in zip(rows, contents, strict=True)]


async def _among_former(
    ctx: RequestContext, vault: Vault, rows: Sequence[_Row], keys: Sequence[PersonKey | None]
) -> list[bytes]:
    """Where the tenant's key still seals some."""
    keyset = await vault.keyset(ctx)
    return [
        open_personal(keyset, key, Place(*CONTENT, row.user_id), row.content_sealed)
        for row, key in zip(rows, keys, strict=True)
    ]


def _account(row: _Row, opened: bytes) -> Account:
    said: dict[str, Any] = json.loads(opened)
    content = shown(said, row.state)
    stored = Stored(USER, row.user_id, row.version, row.created_at, row.modified_at, content)
    return Account(stored, row.state, row.made, row.deactivated, said)
