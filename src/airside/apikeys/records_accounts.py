"""Rows of `service_account` ↔ `ServiceAccount`."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from airside.apikeys.model import AccountState, ServiceAccount
from airside.store.context import RequestContext

INSERT: Final = """
insert into airside.service_account (tenant_id, account_id, name, state, created_at) values (%s, %s, %s, %s, %s)
"""
SELECT: Final = """
select account_id, name, state, created_at from airside.service_account where tenant_id = %s and account_id = %s
"""
LIST: Final = """
select account_id, name, state, created_at from airside.service_account
where tenant_id = %s and (%s::uuid is null or account_id > %s::uuid)
order by account_id
limit %s
"""
COUNT: Final = "select count(*) as count from airside.service_account where tenant_id = %s"
SET_STATE: Final = """
update airside.service_account set state = %s where tenant_id = %s and account_id = %s and state <> %s
"""


@dataclass(frozen=True, slots=True)
class _Count:
    count: int


async def insert(ctx: RequestContext, account: ServiceAccount) -> None:
    """Write a new account."""
    await ctx.tx.run(INSERT, (ctx.tenant_id, account.account_id, account.name, account.state, account.created_at))


async def find(ctx: RequestContext, account_id: UUID) -> ServiceAccount | None:
    return await ctx.tx.one(ServiceAccount, SELECT, (ctx.tenant_id, account_id))


async def page(ctx: RequestContext, after: UUID | None, limit: int) -> list[ServiceAccount]:
    """In the order of their making, after one."""
    return await ctx.tx.all(ServiceAccount, LIST, (ctx.tenant_id, after, after, limit))


async def count(ctx: RequestContext) -> int:
    """How many the tenant has."""
    found = await ctx.tx.one(_Count, COUNT, (ctx.tenant_id,))
    return 0 if found is None else found.count


async def set_state(ctx: RequestContext, account_id: UUID, state: AccountState) -> bool:
    """Whether it was in another state until now."""
    return await ctx.tx.run(SET_STATE, (state, ctx.tenant_id, account_id, state)) == 1
