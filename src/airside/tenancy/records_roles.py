"""Rows of `airside.tenant_role`: what a tenant's own roles are called."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.store import RequestContext
from airside.tenancy.model import CustomRole

INSERT: Final = """
insert into airside.tenant_role (tenant_id, role_id, name, description, created_at, updated_at)
values (%s, %s, %s, %s, %s, %s)
on conflict (tenant_id, name) do nothing
"""
SELECT: Final = """
select role_id, name, description, created_at, updated_at
from airside.tenant_role where tenant_id = %s and role_id = %s
"""
LIST: Final = """
select role_id, name, description, created_at, updated_at
from airside.tenant_role
where tenant_id = %s and (%s::uuid is null or role_id > %s::uuid)
order by role_id
limit %s
"""
NAMED: Final = """
select role_id, name, description, created_at, updated_at
from airside.tenant_role
where tenant_id = %s and role_id = any(%s::uuid[])
order by name
"""
COUNT: Final = "select count(*) as count from airside.tenant_role where tenant_id = %s"
UPDATE: Final = """
update airside.tenant_role set description = %s, updated_at = %s where tenant_id = %s and role_id = %s
"""
DELETE: Final = "delete from airside.tenant_role where tenant_id = %s and role_id = %s"


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role without its permissions, which are tuples."""

    role_id: UUID
    name: str
    description: str
    created_at: datetime
    updated_at: datetime

    def with_permissions(self, permissions: frozenset[str]) -> CustomRole:
        """The whole role."""
        return CustomRole(self.role_id, self.name, self.description, permissions, self.created_at, self.updated_at)


@dataclass(frozen=True, slots=True)
class _Count:
    count: int


async def insert(ctx: RequestContext, role: CustomRole) -> bool:
    """Whether the name was free."""
    params = (ctx.tenant_id, role.role_id, role.name, role.description, role.created_at, role.updated_at)
    return await ctx.tx.run(INSERT, params) == 1


async def find(ctx: RequestContext, role_id: UUID) -> RoleRow | None:
    return await ctx.tx.one(RoleRow, SELECT, (ctx.tenant_id, role_id))


async def page(ctx: RequestContext, after: UUID | None, limit: int) -> list[RoleRow]:
    """In order of creation, after one."""
    return await ctx.tx.all(RoleRow, LIST, (ctx.tenant_id, after, after, limit))


async def named(ctx: RequestContext, role_ids: Sequence[UUID]) -> list[RoleRow]:
    """Those of the ids that are roles, by name."""
    return await ctx.tx.all(RoleRow, NAMED, (ctx.tenant_id, list(role_ids)))


async def count(ctx: RequestContext) -> int:
    """How many the tenant has."""
    found = await ctx.tx.one(_Count, COUNT, (ctx.tenant_id,))
    return 0 if found is None else found.count


async def update(ctx: RequestContext, role_id: UUID, description: str) -> None:
    await ctx.tx.run(UPDATE, (description, ctx.now, ctx.tenant_id, role_id))


async def delete(ctx: RequestContext, role_id: UUID) -> None:
    await ctx.tx.run(DELETE, (ctx.tenant_id, role_id))
