"""Rows of `plan` and `tenant_plan` ↔ `Plan`."""

from dataclasses import dataclass
from typing import Final

import msgspec

from airside.core.errors import Inconsistent, InvalidInput
from airside.limits.plan_model import Plan
from airside.store.context import RequestContext

MAX_LISTED: Final = 1_000

FIND: Final = """
select p.name, p.amounts
from airside.tenant_plan t left join airside.plan p on p.name = t.plan
where t.tenant_id = %s
"""
NAMED: Final = "select name, amounts from airside.plan where name = %s"
LIST: Final = "select name, amounts from airside.plan order by name limit %s"
DEFINE: Final = """
insert into airside.plan (name, amounts, changed_at) values (%s, %s, %s)
on conflict (name) do update set amounts = excluded.amounts, changed_at = excluded.changed_at
"""
ASSIGN: Final = """
insert into airside.tenant_plan (tenant_id, plan, assigned_at, assigned_by) values (%s, %s, %s, %s)
on conflict (tenant_id) do update
set plan = excluded.plan, assigned_at = excluded.assigned_at, assigned_by = excluded.assigned_by
"""
RELEASE: Final = "delete from airside.tenant_plan where tenant_id = %s"


@dataclass(frozen=True, slots=True)
class _Row:
    name: str | None
    amounts: str | None


async def find(ctx: RequestContext) -> Plan | None:
    """The plan that the context's tenant is on; None: none.

    Raises:
        Inconsistent: it is on one that isn't there or can't be read. That isn't taken for no bound.
    """
    row = await ctx.tx.one(_Row, FIND, (ctx.tenant_id,))
    return None if row is None else _plan(row)


async def named(ctx: RequestContext, name: str) -> Plan | None:
    """The plan of that name."""
    row = await ctx.tx.one(_Row, NAMED, (name,))
    return None if row is None else _plan(row)


async def every(ctx: RequestContext) -> list[Plan]:
    """Up to `MAX_LISTED` plans, by name."""
    return [_plan(row) for row in await ctx.tx.all(_Row, LIST, (MAX_LISTED,))]


async def define(ctx: RequestContext, plan: Plan) -> None:
    """Keep it, in the place of what was called so."""
    await ctx.tx.run(DEFINE, (plan.name, msgspec.json.encode(plan.amounts, order="sorted").decode(), ctx.now))


async def assign(ctx: RequestContext, name: str) -> None:
    """The context's tenant is on it from now on."""
    await ctx.tx.run(ASSIGN, (ctx.tenant_id, name, ctx.now, ctx.principal.subject))


async def release(ctx: RequestContext) -> bool:
    """The context's tenant is on none; whether it was on one."""
    return await ctx.tx.run(RELEASE, (ctx.tenant_id,)) == 1


def _plan(row: _Row) -> Plan:
    if row.name is None or row.amounts is None:
        raise Inconsistent("a tenant's plan isn't there")
    try:
        return Plan(row.name, msgspec.json.decode(row.amounts, type=dict[str, int]))
    except (msgspec.ValidationError, msgspec.DecodeError, InvalidInput) as error:
        raise Inconsistent("stored plan", plan=row.name) from error
