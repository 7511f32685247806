"""Rows of `user_account` by their address alone: whose it is, and that it is theirs. Nothing is opened here, so that an
answer takes the same time whether there is somebody or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from airside.identity import records_profiles as profiles
from airside.identity.model import User, UserState
from airside.identity.records import EmailIndexes
from airside.store.context import RequestContext
from airside.vault import PersonKey

FIND: Final = """
select user_id, state
from airside.user_account
where tenant_id = %s and email_index = any(%s)
"""

VERIFY: Final = """
update airside.user_account
set email_verified_at = %s
where tenant_id = %s and user_id = %s and email_verified_at is null
"""


# That an address was proven goes with it; the same in another spelling stays proven.
CHANGE: Final = """
update airside.user_account
set profile_sealed = %s, email_index = %s, email_domain_index = %s,
    email_verified_at = case when email_index = %s then coalesce(email_verified_at, %s) else %s end
where tenant_id = %s and user_id = %s
"""

RELEASE: Final = """
update airside.user_account
set email_index = %s, email_domain_index = ''
where tenant_id = %s and user_id = %s
"""


@dataclass(frozen=True, slots=True)
class Known:
    """That an address is a user's."""

    user_id: UUID
    state: UserState


async def find(ctx: RequestContext, indexes: Sequence[bytes]) -> Known | None:
    return await ctx.tx.one(Known, FIND, (ctx.tenant_id, list(indexes)))


async def is_free(ctx: RequestContext, indexes: EmailIndexes, *, but: UUID | None = None) -> bool:
    """Whether nobody, `but` that one, has the address under another index key: what no unique key can tell. It stays
    so: whoever writes has the index key that counts."""
    found = await find(ctx, indexes.others) if indexes.others else None
    return found is None or found.user_id == but


async def verify(ctx: RequestContext, user_id: UUID) -> bool:
    """False where it was verified already, or there is no such user."""
    return await ctx.tx.run(VERIFY, (ctx.now, ctx.tenant_id, user_id)) == 1


async def change(ctx: RequestContext, person: PersonKey, user: User, indexes: EmailIndexes) -> bool:
    """Their address and name as `user` has them; False where there is no such user.

    Raises:
        UniqueViolation: the address is another's.
    """
    verified_at = ctx.now if user.email_verified else None
    row = (
        *(profiles.seal(person, user), indexes.address, indexes.domain, indexes.address),
        *(verified_at, verified_at, ctx.tenant_id, user.id),
    )
    return await ctx.tx.run(CHANGE, row) == 1


async def release(ctx: RequestContext, user_id: UUID, index: bytes) -> None:
    """Nobody is found by their address any more, and another may have it; `index` is one that no address has."""
    await ctx.tx.run(RELEASE, (index, ctx.tenant_id, user_id))
