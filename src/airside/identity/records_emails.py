"""Rows of `user_account` by their address alone: whose it is, and that it is theirs. Nothing is opened here, so that an
answer takes the same time whether there is somebody or not."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from airside.identity.model import UserState
from airside.store.context import RequestContext

FIND: Final = """
select user_id, state
from airside.user_account
where tenant_id = %s and email_index = %s
"""

VERIFY: Final = """
update airside.user_account
set email_verified_at = %s
where tenant_id = %s and user_id = %s and email_verified_at is null
"""


@dataclass(frozen=True, slots=True)
class Known:
    """That an address is a user's."""

    user_id: UUID
    state: UserState


async def find(ctx: RequestContext, email_index: bytes) -> Known | None:
    return await ctx.tx.one(Known, FIND, (ctx.tenant_id, email_index))


async def verify(ctx: RequestContext, user_id: UUID) -> bool:
    """False where it was verified already, or there is no such user."""
    return await ctx.tx.run(VERIFY, (ctx.now, ctx.tenant_id, user_id)) == 1
