"""Rows of `scim_group` and `scim_member`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from airside.core.strict_json import dumps
from airside.federation.scim.model import Content, Position, Stored
from airside.protocols.scim import GROUP
from airside.store.context import RequestContext
from airside.vault import Keyset, Place

TABLE: Final = "scim_group"
INSERT: Final = """
insert into airside.scim_group (
    tenant_id, connection_id, group_id, name_index, external_id_index, content_sealed, version, created_at, modified_at)
values (%s, %s, %s, %s, %s, %s, 1, %s, %s)
"""
UPDATE: Final = """
update airside.scim_group
set name_index = %s, external_id_index = %s, content_sealed = %s, version = %s, modified_at = %s
where tenant_id = %s and connection_id = %s and group_id = %s and version = %s
"""
DELETE: Final = """
delete from airside.scim_group where tenant_id = %s and connection_id = %s and group_id = %s and version = %s
"""
DELETE_ALL_MEMBERS: Final = """
delete from airside.scim_member where tenant_id = %s and connection_id = %s and group_id = %s
"""
GET: Final = """
select group_id, content_sealed, version, created_at, modified_at from airside.scim_group
where tenant_id = %s and connection_id = %s and group_id = any(%s::uuid[])
order by group_id
"""
PAGE: Final = """
select group_id, content_sealed, version, created_at, modified_at from airside.scim_group
where tenant_id = %s and connection_id = %s
order by group_id limit %s offset %s
"""
AFTER: Final = """
select group_id, content_sealed, version, created_at, modified_at from airside.scim_group
where tenant_id = %s and connection_id = %s and group_id > %s
order by group_id limit %s
"""
BEFORE: Final = """
select group_id, content_sealed, version, created_at, modified_at from airside.scim_group
where tenant_id = %s and connection_id = %s and group_id < %s
order by group_id desc limit %s
"""
COUNT: Final = "select count(*) as number from airside.scim_group where tenant_id = %s and connection_id = %s"
SOME: Final = """
select group_id from airside.scim_group where tenant_id = %s and connection_id = %s order by group_id limit %s
"""
BY_NAME: Final = """
select group_id from airside.scim_group
where tenant_id = %s and connection_id = %s and name_index = any(%s)
order by group_id limit %s
"""
BY_EXTERNAL_ID: Final = """
select group_id from airside.scim_group
where tenant_id = %s and connection_id = %s and external_id_index = any(%s)
order by group_id limit %s
"""
BY_MEMBER: Final = """
select group_id from airside.scim_member
where tenant_id = %s and connection_id = %s and user_id = %s
order by group_id limit %s
"""
# Only users of the connection become members: how many rows were touched tells whether all of them were.
INSERT_MEMBERS: Final = """
insert into airside.scim_member (tenant_id, connection_id, group_id, user_id)
select u.tenant_id, u.connection_id, %s, u.user_id
from airside.scim_user u
where u.tenant_id = %s and u.connection_id = %s and u.user_id = any(%s::uuid[])
on conflict do nothing
"""
DELETE_MEMBERS: Final = """
delete from airside.scim_member
where tenant_id = %s and connection_id = %s and group_id = %s and user_id = any(%s::uuid[])
"""
MEMBERS: Final = """
select group_id, user_id from airside.scim_member
where tenant_id = %s and connection_id = %s and group_id = any(%s::uuid[])
order by group_id, user_id limit %s
"""
MEMBERSHIPS: Final = """
select m.user_id, m.group_id, g.content_sealed
from airside.scim_member m
join airside.scim_group g
  on g.tenant_id = m.tenant_id and g.connection_id = m.connection_id and g.group_id = m.group_id
where m.tenant_id = %s and m.connection_id = %s and m.user_id = any(%s::uuid[])
order by m.user_id, m.group_id
"""


# Whether the directory says what the user is in: they are its, and it keeps groups at all.
KEEPS: Final = """
select u.user_id from airside.scim_user u
where u.tenant_id = %s and u.connection_id = %s and u.user_id = %s
  and exists (
    select from airside.scim_group g where g.tenant_id = u.tenant_id and g.connection_id = u.connection_id)
"""


@dataclass(frozen=True, slots=True)
class Found:
    """The blind indexes of a group."""

    name: bytes
    external_id: bytes | None


@dataclass(frozen=True, slots=True)
class _Id:
    group_id: UUID


@dataclass(frozen=True, slots=True)
class _Count:
    number: int


@dataclass(frozen=True, slots=True)
class _Row:
    group_id: UUID
    content_sealed: bytes
    version: int
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class _Member:
    group_id: UUID
    user_id: UUID


@dataclass(frozen=True, slots=True)
class _User:
    user_id: UUID


@dataclass(frozen=True, slots=True)
class _Membership:
    user_id: UUID
    group_id: UUID
    content_sealed: bytes


@dataclass(frozen=True, slots=True)
class Membership:
    """That a user is in a group; `external_id` is what its directory calls it."""

    group_id: UUID
    name: str
    external_id: str | None = None

    @property
    def names(self) -> frozenset[str]:
        """By what a mapping may name it."""
        return frozenset({self.name} if self.external_id is None else {self.name, self.external_id})


async def insert(ctx: RequestContext, keyset: Keyset, connection_id: UUID, group: Stored, found: Found) -> None:
    row = (
        *(ctx.tenant_id, connection_id, group.id, found.name, found.external_id),
        *(_seal(keyset, group.id, group.content), ctx.now, ctx.now),
    )
    await ctx.tx.run(INSERT, row)


async def update(
    ctx: RequestContext, keyset: Keyset, connection_id: UUID, group: Stored, found: Found, version: int
) -> bool:
    """False where it isn't at `version` any more."""
    row = (
        *(found.name, found.external_id, _seal(keyset, group.id, group.content), group.version, ctx.now),
        *(ctx.tenant_id, connection_id, group.id, version),
    )
    return await ctx.tx.run(UPDATE, row) == 1


async def delete(ctx: RequestContext, connection_id: UUID, group_id: UUID, version: int) -> bool:
    """With its memberships; False where it isn't at `version` any more."""
    own = (ctx.tenant_id, connection_id, group_id)
    return (await ctx.tx.run_many([(DELETE, (*own, version)), (DELETE_ALL_MEMBERS, own)]))[0] == 1


async def get(ctx: RequestContext, keyset: Keyset, connection_id: UUID, ids: Sequence[UUID]) -> list[Stored]:
    """Those of `ids` that the connection has, without members, by age."""
    rows = await ctx.tx.all(_Row, GET, (ctx.tenant_id, connection_id, list(ids)))
    return [_stored(keyset, row) for row in rows]


async def page(
    ctx: RequestContext, keyset: Keyset, connection_id: UUID, position: Position, limit: int
) -> tuple[int, list[Stored]]:
    """How many there are, and up to `limit` of them from `position`, by age."""
    own: tuple[Any, ...] = (ctx.tenant_id, connection_id)
    sql, params = PAGE, (*own, limit, position.offset)
    if position.anchor is not None:
        sql, params = BEFORE if position.backwards else AFTER, (*own, position.anchor, limit)
    counted, rows = await ctx.tx.two((_Count, COUNT, own), (_Row, sql, params))
    groups = [_stored(keyset, row) for row in rows]
    return counted[0].number, groups[::-1] if position.backwards else groups


async def some(ctx: RequestContext, connection_id: UUID, limit: int) -> list[UUID]:
    return [row.group_id for row in await ctx.tx.all(_Id, SOME, (ctx.tenant_id, connection_id, limit))]


async def by_name(ctx: RequestContext, connection_id: UUID, indexes: Sequence[bytes], limit: int) -> list[UUID]:
    rows = await ctx.tx.all(_Id, BY_NAME, (ctx.tenant_id, connection_id, list(indexes), limit))
    return [row.group_id for row in rows]


async def by_external_id(ctx: RequestContext, connection_id: UUID, indexes: Sequence[bytes], limit: int) -> list[UUID]:
    rows = await ctx.tx.all(_Id, BY_EXTERNAL_ID, (ctx.tenant_id, connection_id, list(indexes), limit))
    return [row.group_id for row in rows]


async def by_member(ctx: RequestContext, connection_id: UUID, user_id: UUID, limit: int) -> list[UUID]:
    rows = await ctx.tx.all(_Id, BY_MEMBER, (ctx.tenant_id, connection_id, user_id, limit))
    return [row.group_id for row in rows]


async def add_members(ctx: RequestContext, connection_id: UUID, group_id: UUID, users: Sequence[UUID]) -> int:
    """How many of `users`, none of whom is a member yet, are users of the connection, and now are members."""
    return await ctx.tx.run(INSERT_MEMBERS, (group_id, ctx.tenant_id, connection_id, list(users)))


async def remove_members(ctx: RequestContext, connection_id: UUID, group_id: UUID, users: Sequence[UUID]) -> None:
    await ctx.tx.run(DELETE_MEMBERS, (ctx.tenant_id, connection_id, group_id, list(users)))


async def members(
    ctx: RequestContext, connection_id: UUID, groups: Sequence[UUID], limit: int
) -> dict[UUID, list[UUID]]:
    """Who is in each of `groups`; at most `limit` rows."""
    found: dict[UUID, list[UUID]] = {group_id: [] for group_id in groups}
    for row in await ctx.tx.all(_Member, MEMBERS, (ctx.tenant_id, connection_id, list(groups), limit)):
        found[row.group_id].append(row.user_id)
    return found


async def memberships(
    ctx: RequestContext, keyset: Keyset, connection_id: UUID, users: Sequence[UUID]
) -> dict[UUID, list[Membership]]:
    """The groups of each of `users`."""
    found: dict[UUID, list[Membership]] = {user_id: [] for user_id in users}
    known: dict[UUID, Membership] = {}
    for row in await ctx.tx.all(_Membership, MEMBERSHIPS, (ctx.tenant_id, connection_id, list(users))):
        if row.group_id not in known:
            content = _open(keyset, row.group_id, row.content_sealed)
            known[row.group_id] = Membership(row.group_id, content.get("displayName", ""), content.get("externalId"))
        found[row.user_id].append(known[row.group_id])
    return found


async def keeps(ctx: RequestContext, connection_id: UUID, user_id: UUID) -> bool:
    """Whether the connection's directory says what the user is in."""
    return bool(await ctx.tx.all(_User, KEEPS, (ctx.tenant_id, connection_id, user_id)))


def _seal(keyset: Keyset, group_id: UUID, content: Content) -> bytes:
    return keyset.seal(Place(TABLE, "content_sealed", group_id), dumps(dict(content)))


def _open(keyset: Keyset, group_id: UUID, sealed: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(keyset.open(Place(TABLE, "content_sealed", group_id), sealed))
    return found


def _stored(keyset: Keyset, row: _Row) -> Stored:
    content = _open(keyset, row.group_id, row.content_sealed)
    return Stored(GROUP, row.group_id, row.version, row.created_at, row.modified_at, content)
