"""Rows of `tenant_key` ↔ `TenantKey`."""

from collections.abc import Sequence
from typing import Final

from airside.core.errors import Inconsistent
from airside.store.context import RequestContext
from airside.vault.model import PURPOSES, TenantKey

MAX_KEYS: Final = 1000
"""Keys of one tenant: far more than any rotation leaves behind."""

_INSERT: Final = """
    insert into airside.tenant_key (tenant_id, key_id, purpose, wrapped, kek_id, created_at, state)
    values (%s, %s, %s, %s, %s, %s, %s)
"""

_SELECT: Final = """
    select key_id, purpose, wrapped, kek_id, created_at, state
    from airside.tenant_key
    where tenant_id = %s
    order by created_at, key_id
    limit %s
"""


async def insert(ctx: RequestContext, keys: Sequence[TenantKey]) -> None:
    """Store `keys`, in one flush.

    Raises:
        UniqueViolation: the tenant has an active key of one of their purposes already.
    """
    await ctx.tx.run_many(
        [
            (_INSERT, (ctx.tenant_id, key.key_id, key.purpose, key.wrapped, key.kek_id, key.created_at, key.state))
            for key in keys
        ]
    )


async def load(ctx: RequestContext) -> list[TenantKey]:
    """Every key of the tenant, oldest first.

    Raises:
        Inconsistent: no active key for one of the purposes, or more keys than any history explains.
    """
    keys = await ctx.tx.all(TenantKey, _SELECT, (ctx.tenant_id, MAX_KEYS + 1))
    active = sorted(key.purpose for key in keys if key.state == "active")
    if active != sorted(PURPOSES) or len(keys) > MAX_KEYS:
        raise Inconsistent("tenant without its keys", tenant=str(ctx.tenant_id))
    return keys
