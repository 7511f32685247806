"""Rows of what somebody was given and nobody has redeemed yet."""

from typing import Final
from uuid import UUID

from airside.store.context import RequestContext

VOID_CODES: Final = """
delete from airside.authorization_code
where tenant_id = %s and (%s::uuid is null or user_id = %s::uuid) and spent_at is null
"""
VOID_DEVICES: Final = """
delete from airside.device_authorization
where tenant_id = %s and (%s::uuid is null or user_id = %s::uuid) and state = 'approved' and spent_at is null
"""


async def void(ctx: RequestContext, user_id: UUID | None) -> int:
    """Delete them, of a user or of everybody; how many. One that is being redeemed is waited for."""
    row = (ctx.tenant_id, user_id, user_id)
    return sum(await ctx.tx.run_many([(VOID_CODES, row), (VOID_DEVICES, row)]))
