"""Rows of `person_key`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from airside.store.context import RequestContext

INSERT: Final = """
insert into airside.person_key (tenant_id, user_id, wrapped, created_at)
values (%s, %s, %s, %s)
"""
SELECT: Final = "select user_id, wrapped from airside.person_key where tenant_id = %s and user_id = any(%s)"
DELETE: Final = "delete from airside.person_key where tenant_id = %s and user_id = %s"


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A person's key as it stands in its row."""

    user_id: UUID
    wrapped: bytes


def put(ctx: RequestContext, key: WrappedKey) -> None:
    """Store the key of a person who is new. Nobody waits for it."""
    ctx.tx.put_off([(INSERT, (ctx.tenant_id, key.user_id, key.wrapped, ctx.now))])


async def several(ctx: RequestContext, user_ids: Sequence[UUID]) -> list[WrappedKey]:
    """Those that are there."""
    return await ctx.tx.all(WrappedKey, SELECT, (ctx.tenant_id, list(user_ids)))


async def delete(ctx: RequestContext, user_id: UUID) -> bool:
    """False where there is none."""
    return await ctx.tx.run(DELETE, (ctx.tenant_id, user_id)) == 1
