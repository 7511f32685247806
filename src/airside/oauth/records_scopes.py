"""Rows of a tenant's own scopes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from airside.core.errors import Inconsistent
from airside.store import RequestContext
from airside.tenancy.policy import Language

LIST: Final = """
select name, descriptions, offered from airside.oauth_scope where tenant_id = %s order by name
"""
FIND: Final = """
select name, descriptions, offered from airside.oauth_scope where tenant_id = %s and name = any(%s)
"""
COUNT: Final = "select count(*) as number from airside.oauth_scope where tenant_id = %s and name <> %s"
STORE: Final = """
insert into airside.oauth_scope (tenant_id, name, descriptions, offered, created_at, updated_at)
values (%s, %s, %s, %s, %s, %s)
on conflict (tenant_id, name) do update set descriptions = excluded.descriptions, offered = excluded.offered,
    updated_at = excluded.updated_at
"""
DELETE: Final = "delete from airside.oauth_scope where tenant_id = %s and name = %s"


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope of the tenant's own.

    Attributes:
        name: as requests and tokens spell it.
        descriptions: what it allows, for the people who are asked, by language; English at least.
        offered: whether clients that nobody of the tenant registered may have it.
    """

    name: str
    descriptions: dict[Language, str]
    offered: bool = False


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    descriptions: str
    offered: bool


@dataclass(frozen=True, slots=True)
class _Count:
    number: int


async def list_scopes(ctx: RequestContext) -> list[Scope]:
    """Every scope of the tenant's own, by name."""
    return [_scope(row) for row in await ctx.tx.all(_Row, LIST, (ctx.tenant_id,))]


async def find_scopes(ctx: RequestContext, names: Iterable[str]) -> list[Scope]:
    """Those of `names` that are the tenant's own."""
    return [_scope(row) for row in await ctx.tx.all(_Row, FIND, (ctx.tenant_id, list(names)))]


async def count_others(ctx: RequestContext, name: str) -> int:
    """How many scopes of the tenant's own have another name."""
    found = await ctx.tx.one(_Count, COUNT, (ctx.tenant_id, name))
    return 0 if found is None else found.number


async def store_scope(ctx: RequestContext, scope: Scope) -> None:
    """Write a scope, or over what it was."""
    text = msgspec.json.encode(scope.descriptions, order="sorted").decode()
    await ctx.tx.run(STORE, (ctx.tenant_id, scope.name, text, scope.offered, ctx.now, ctx.now))


async def delete_scope(ctx: RequestContext, name: str) -> bool:
    """Whether it was there."""
    return await ctx.tx.run(DELETE, (ctx.tenant_id, name)) == 1


def _scope(row: _Row) -> Scope:
    try:
        descriptions = msgspec.json.decode(row.descriptions, type=dict[Language, str])
    except msgspec.DecodeError:
        raise Inconsistent("a scope with descriptions of another build") from None
    return Scope(row.name, descriptions, row.offered)
