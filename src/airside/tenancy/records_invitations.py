"""Rows of `airside.invitation` ↔ `Invitation`. An open one whose time is over is an expired one: told here, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from airside.store import RequestContext
from airside.tenancy.model import Invitation
from airside.vault import Keyset, Place

INSERT: Final = """
insert into airside.invitation (
    tenant_id, invitation_id, link_id, email_sealed, email_index, name_sealed, roles, inviter, state, created_at,
    expires_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, 'open', %s, %s)
"""

FIND: Final = """
select invitation_id, link_id, email_sealed, name_sealed, roles, inviter, state, accepted_by, created_at, expires_at
from airside.invitation
where tenant_id = %s and invitation_id = %s
"""

LIST: Final = """
select invitation_id, link_id, email_sealed, name_sealed, roles, inviter, state, accepted_by, created_at, expires_at
from airside.invitation
where tenant_id = %s and (%s::uuid is null or invitation_id > %s::uuid)
order by invitation_id
limit %s
"""

OPEN: Final = """
select count(*) as total, count(*) filter (where email_index = any(%s)) as same
from airside.invitation
where tenant_id = %s and state = 'open' and expires_at > %s
"""

RENEW: Final = """
update airside.invitation
set link_id = %s, inviter = %s, expires_at = %s
where tenant_id = %s and invitation_id = %s and link_id = %s and state = 'open'
"""

REVOKE: Final = """
update airside.invitation
set state = 'revoked'
where tenant_id = %s and invitation_id = %s and state = 'open'
"""

FORGET: Final = "delete from airside.invitation where tenant_id = %s and accepted_by = %s"
ACCEPT: Final = """
update airside.invitation
set state = 'accepted', accepted_by = %s
where tenant_id = %s and invitation_id = %s and link_id = %s and state = 'open' and expires_at > %s
"""

SWEEP: Final = """
delete from airside.invitation
where tenant_id = %s and expires_at < %s
"""


@dataclass(frozen=True, slots=True)
class _Row:
    invitation_id: UUID
    link_id: UUID
    email_sealed: bytes
    name_sealed: bytes
    roles: list[str]
    inviter: str
    state: Literal["open", "accepted", "revoked"]
    accepted_by: UUID | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many invitations wait for an answer, and how many of them at one address."""

    total: int
    same: int


async def insert(ctx: RequestContext, keyset: Keyset, invitation: Invitation, email_index: bytes) -> None:
    row_id = invitation.invitation_id
    params = (
        *(ctx.tenant_id, row_id, invitation.link_id),
        keyset.seal(_place("email_sealed", row_id), invitation.email.encode()),
        email_index,
        keyset.seal(_place("name_sealed", row_id), invitation.name.encode()),
        *(list(invitation.roles), invitation.inviter, invitation.created_at, invitation.expires_at),
    )
    await ctx.tx.run(INSERT, params)


async def find(ctx: RequestContext, keyset: Keyset, invitation_id: UUID) -> Invitation | None:
    row = await ctx.tx.one(_Row, FIND, (ctx.tenant_id, invitation_id))
    return None if row is None else _invitation(ctx, keyset, row)


async def page(ctx: RequestContext, keyset: Keyset, after: UUID | None, limit: int) -> list[Invitation]:
    """In order of creation, after one."""
    rows = await ctx.tx.all(_Row, LIST, (ctx.tenant_id, after, after, limit))
    return [_invitation(ctx, keyset, row) for row in rows]


async def waiting(ctx: RequestContext, indexes: Sequence[bytes]) -> Waiting:
    row = await ctx.tx.one(Waiting, OPEN, (list(indexes), ctx.tenant_id, ctx.now))
    return row or Waiting(0, 0)


async def renew(ctx: RequestContext, before: Invitation, after: Invitation) -> bool:
    """False where it was answered, revoked or renewed meanwhile."""
    place = (ctx.tenant_id, before.invitation_id, before.link_id)
    return await ctx.tx.run(RENEW, (after.link_id, after.inviter, after.expires_at, *place)) == 1


async def revoke(ctx: RequestContext, invitation_id: UUID) -> bool:
    return await ctx.tx.run(REVOKE, (ctx.tenant_id, invitation_id)) == 1


async def accept(ctx: RequestContext, invitation: Invitation, user_id: UUID) -> bool:
    """True for exactly one caller."""
    place = (ctx.tenant_id, invitation.invitation_id, invitation.link_id, ctx.now)
    return await ctx.tx.run(ACCEPT, (user_id, *place)) == 1


async def forget(ctx: RequestContext, user_id: UUID) -> None:
    await ctx.tx.run(FORGET, (ctx.tenant_id, user_id))


async def sweep(ctx: RequestContext, before: datetime) -> int:
    return await ctx.tx.run(SWEEP, (ctx.tenant_id, before))


def _invitation(ctx: RequestContext, keyset: Keyset, row: _Row) -> Invitation:
    return Invitation(
        invitation_id=row.invitation_id,
        link_id=row.link_id,
        email=keyset.open(_place("email_sealed", row.invitation_id), row.email_sealed).decode(),
        name=keyset.open(_place("name_sealed", row.invitation_id), row.name_sealed).decode(),
        roles=tuple(row.roles),
        inviter=row.inviter,
        state="expired" if row.state == "open" and row.expires_at <= ctx.now else row.state,
        accepted_by=row.accepted_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


def _place(column: str, invitation_id: UUID) -> Place:
    return Place("invitation", column, invitation_id)
