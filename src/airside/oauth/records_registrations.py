"""Rows of registrations that clients manage themselves, and of the tokens that administrators give for them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.core.ids import REGISTRATION, format_id
from airside.store import RequestContext

INSERT: Final = """
insert into airside.client_registration (tenant_id, client_id, token_hash, changed_at) values (%s, %s, %s, %s)
"""
FIND: Final = """
select client_id from airside.client_registration where tenant_id = %s and client_id = %s and token_hash = %s
"""
ROTATE: Final = """
update airside.client_registration set token_hash = %s, changed_at = %s
where tenant_id = %s and client_id = %s and token_hash = %s
"""
REMOVE: Final = """
delete from airside.client_registration where tenant_id = %s and client_id = %s and token_hash = %s
"""
TOKEN_INSERT: Final = """
insert into airside.registration_token (tenant_id, token_id, token_hash, name, uses_left, created_at, expires_at)
values (%s, %s, %s, %s, %s, %s, %s)
"""
TOKEN_SPEND: Final = """
update airside.registration_token set uses_left = uses_left - 1
where tenant_id = %s and token_hash = %s and expires_at > %s and uses_left > 0
"""
TOKEN_LIST: Final = """
select token_id, name, uses_left, created_at, expires_at from airside.registration_token
where tenant_id = %s and expires_at > %s and uses_left > 0 order by token_id
"""
TOKEN_COUNT: Final = """
select count(*) as number from airside.registration_token where tenant_id = %s and expires_at > %s and uses_left > 0
"""
TOKEN_DELETE: Final = "delete from airside.registration_token where tenant_id = %s and token_id = %s"
TOKEN_SWEEP: Final = """
delete from airside.registration_token where tenant_id = %s and (expires_at <= %s or uses_left = 0)
"""


@dataclass(frozen=True, slots=True)
class RegistrationToken:
    """A token for so many more registrations, until then. What it is spelt like was shown once."""

    token_id: UUID
    name: str
    uses_left: int
    created_at: datetime
    expires_at: datetime

    @property
    def word(self) -> str:
        """`reg_…`, its name in lists: no secret."""
        return format_id(REGISTRATION, self.token_id)


@dataclass(frozen=True, slots=True)
class _Found:
    client_id: UUID


@dataclass(frozen=True, slots=True)
class _Count:
    number: int


async def insert_registration(ctx: RequestContext, client_id: UUID, token_hash: bytes) -> None:
    """The token by which a client manages itself."""
    await ctx.tx.run(INSERT, (ctx.tenant_id, client_id, token_hash, ctx.now))


async def holds(ctx: RequestContext, client_id: UUID, token_hash: bytes) -> bool:
    """Whether that is the client's token now."""
    return await ctx.tx.one(_Found, FIND, (ctx.tenant_id, client_id, token_hash)) is not None


async def rotate(ctx: RequestContext, client_id: UUID, old: bytes, new: bytes) -> bool:
    """Single use: whether it was this caller who put `new` in the place of `old`."""
    return await ctx.tx.run(ROTATE, (new, ctx.now, ctx.tenant_id, client_id, old)) == 1


async def remove(ctx: RequestContext, client_id: UUID, token_hash: bytes) -> bool:
    """Single use: whether it was this caller who took it away."""
    return await ctx.tx.run(REMOVE, (ctx.tenant_id, client_id, token_hash)) == 1


async def insert_token(ctx: RequestContext, token: RegistrationToken, token_hash: bytes) -> None:
    """Write a new token."""
    values = (token.name, token.uses_left, token.created_at, token.expires_at)
    await ctx.tx.run(TOKEN_INSERT, (ctx.tenant_id, token.token_id, token_hash, *values))


async def spend_token(ctx: RequestContext, token_hash: bytes) -> bool:
    """Whether there was a use left, and this caller had it."""
    return await ctx.tx.run(TOKEN_SPEND, (ctx.tenant_id, token_hash, ctx.now)) == 1


async def list_tokens(ctx: RequestContext) -> list[RegistrationToken]:
    """Those that are good for anything, oldest first."""
    return await ctx.tx.all(RegistrationToken, TOKEN_LIST, (ctx.tenant_id, ctx.now))


async def count_tokens(ctx: RequestContext) -> int:
    """How many are good for anything."""
    found = await ctx.tx.one(_Count, TOKEN_COUNT, (ctx.tenant_id, ctx.now))
    return 0 if found is None else found.number


async def delete_token(ctx: RequestContext, token_id: UUID) -> bool:
    """Whether it was there."""
    return await ctx.tx.run(TOKEN_DELETE, (ctx.tenant_id, token_id)) == 1


async def sweep_tokens(ctx: RequestContext) -> int:
    """Forget those that are good for nothing; how many."""
    return await ctx.tx.run(TOKEN_SWEEP, (ctx.tenant_id, ctx.now))
