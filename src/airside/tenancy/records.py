"""Rows of `airside.tenant` ↔ `Tenant`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.core.errors import Inconsistent
from airside.store import RequestContext
from airside.tenancy.model import Tenant
from airside.vault import Keyset, Place

INSERT_ADDRESS: Final = "insert into airside.tenant_address (slug, tenant_id) values (%s, %s)"
INSERT: Final = """
insert into airside.tenant (tenant_id, name_sealed, state, system_store_id, default_store_id, created_at)
values (%s, %s, 'active', %s, %s, %s)
"""
SELECT: Final = """
select tenant_id, name_sealed, state, system_store_id, default_store_id, created_at
from airside.tenant where tenant_id = %s
"""
SET_STATE: Final = "update airside.tenant set state = %s where tenant_id = %s"
LOCK: Final = "select tenant_id from airside.tenant where tenant_id = %s for no key update"


@dataclass(frozen=True, slots=True)
class _Locked:
    tenant_id: UUID


@dataclass(frozen=True, slots=True)
class _Row:
    tenant_id: UUID
    name_sealed: bytes
    state: str
    system_store_id: str
    default_store_id: str
    created_at: datetime


async def insert(ctx: RequestContext, keys: Keyset, slug: str, tenant: Tenant) -> None:
    """Write the tenant and the address that leads to it.

    Raises:
        UniqueViolation: the slug is taken.
    """
    sealed = keys.seal(_name_place(tenant.tenant_id), tenant.name.encode())
    await ctx.tx.run(INSERT_ADDRESS, (slug, tenant.tenant_id))
    await ctx.tx.run(
        INSERT, (tenant.tenant_id, sealed, tenant.system_store_id, tenant.default_store_id, tenant.created_at)
    )


async def find(ctx: RequestContext, keys: Keyset) -> Tenant | None:
    """The context's own tenant."""
    row = await ctx.tx.one(_Row, SELECT, (ctx.tenant_id,))
    if row is None:
        return None
    name = keys.open(_name_place(row.tenant_id), row.name_sealed).decode()
    if row.state not in ("active", "suspended"):
        raise Inconsistent("tenant state", state=row.state)
    return Tenant(row.tenant_id, name, row.state, row.system_store_id, row.default_store_id, row.created_at)


async def set_state(ctx: RequestContext, state: str) -> None:
    """Suspend the context's own tenant, or let people in again."""
    await ctx.tx.run(SET_STATE, (state, ctx.tenant_id))


async def lock(ctx: RequestContext) -> None:
    """Nobody else who locks goes on until this transaction ends."""
    await ctx.tx.one(_Locked, LOCK, (ctx.tenant_id,))


def _name_place(tenant_id: UUID) -> Place:
    return Place("tenant", "name_sealed", tenant_id)
