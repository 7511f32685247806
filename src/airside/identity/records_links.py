"""Rows of `action_link`: one mailed link each.

One rule says which are open, and both statements carry it: not spent, not revoked, not expired; where it is for
somebody, they are active and it is their newest of its purpose; and no password was set since a recovery was asked for.
So a newer link ends the older ones without a write, and whoever is disabled has none (N18).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.store.context import RequestContext
from airside.vault import Place, Seals, Vault, person_of

INSERT: Final = """
insert into airside.action_link (tenant_id, link_id, purpose, user_id, payload_sealed, created_at, expires_at)
values (%s, %s, %s, %s, %s, %s, %s)
"""

OPEN: Final = """
select l.link_id, l.purpose, l.user_id, l.payload_sealed, l.created_at, l.expires_at
from airside.action_link l
where l.tenant_id = %s and l.link_id = %s and l.purpose = any(%s::text[])
  and l.spent_at is null and l.revoked_at is null and l.expires_at > %s
  and (l.user_id is null
       or exists (select from airside.user_account u
                  where u.tenant_id = l.tenant_id and u.user_id = l.user_id and u.state = 'active')
          and not exists (select from airside.action_link n
                          where n.tenant_id = l.tenant_id and n.user_id = l.user_id and n.purpose = l.purpose
                            and n.link_id > l.link_id)
          and (l.purpose <> 'recovery'
               or not exists (select from airside.password_credential p
                              where p.tenant_id = l.tenant_id and p.user_id = l.user_id
                                and p.changed_at > l.created_at)))
"""

SPEND: Final = """
update airside.action_link l
set spent_at = %s
where l.tenant_id = %s and l.link_id = %s and l.purpose = any(%s::text[])
  and l.spent_at is null and l.revoked_at is null and l.expires_at > %s
  and (l.user_id is null
       or exists (select from airside.user_account u
                  where u.tenant_id = l.tenant_id and u.user_id = l.user_id and u.state = 'active')
          and not exists (select from airside.action_link n
                          where n.tenant_id = l.tenant_id and n.user_id = l.user_id and n.purpose = l.purpose
                            and n.link_id > l.link_id)
          and (l.purpose <> 'recovery'
               or not exists (select from airside.password_credential p
                              where p.tenant_id = l.tenant_id and p.user_id = l.user_id
                                and p.changed_at > l.created_at)))
returning l.link_id, l.purpose, l.user_id, l.payload_sealed, l.created_at, l.expires_at
"""

REVOKE: Final = """
update airside.action_link
set revoked_at = %s
where tenant_id = %s and link_id = %s and spent_at is null and revoked_at is null
"""

REVOKE_ALL: Final = """
update airside.action_link
set revoked_at = %s
where tenant_id = %s and user_id = %s and spent_at is null and revoked_at is null and expires_at > %s
"""

SWEEP: Final = """
delete from airside.action_link
where tenant_id = %s and expires_at < %s
"""


@dataclass(frozen=True, slots=True)
class _Row:
    link_id: UUID
    purpose: str
    user_id: UUID | None
    payload_sealed: bytes
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """An open link, or one just spent, with its payload opened."""

    link_id: UUID
    purpose: str
    user_id: UUID | None
    payload: bytes
    created_at: datetime
    expires_at: datetime


async def insert(ctx: RequestContext, vault: Vault, link: Found) -> None:
    """What it carries is sealed under the key of whoever it is for. Where it carries nothing nobody's key is asked for:
    it may be for nobody, and takes the same time."""
    person = await vault.persons.of(ctx, link.user_id) if link.user_id is not None and link.payload else None
    sealed = Seals(await vault.keyset(ctx), person).seal(_place(link.link_id), link.payload)
    row = (link.link_id, link.purpose, link.user_id, sealed, link.created_at, link.expires_at)
    await ctx.tx.run(INSERT, (ctx.tenant_id, *row))


async def find(ctx: RequestContext, vault: Vault, link_id: UUID, purposes: Collection[str]) -> Found | None:
    """The link if it is open, and for one of `purposes`."""
    row = await ctx.tx.one(_Row, OPEN, (ctx.tenant_id, link_id, list(purposes), ctx.now))
    return None if row is None else await _found(ctx, vault, row)


async def spend(ctx: RequestContext, vault: Vault, link_id: UUID, purpose: str) -> Found | None:
    """The link, for exactly one caller."""
    row = await ctx.tx.one(_Row, SPEND, (ctx.now, ctx.tenant_id, link_id, [purpose], ctx.now))
    return None if row is None else await _found(ctx, vault, row)


async def revoke(ctx: RequestContext, link_id: UUID) -> bool:
    return await ctx.tx.run(REVOKE, (ctx.now, ctx.tenant_id, link_id)) == 1


async def revoke_all(ctx: RequestContext, user_id: UUID) -> int:
    """Every open link of the user."""
    return await ctx.tx.run(REVOKE_ALL, (ctx.now, ctx.tenant_id, user_id, ctx.now))


async def sweep(ctx: RequestContext) -> int:
    return await ctx.tx.run(SWEEP, (ctx.tenant_id, ctx.now))


async def _found(ctx: RequestContext, vault: Vault, row: _Row) -> Found:
    owner = None if person_of(row.payload_sealed) is None else row.user_id
    person = None if owner is None else await vault.persons.of(ctx, owner)
    payload = Seals(await vault.keyset(ctx), person).open(_place(row.link_id), row.payload_sealed)
    return Found(row.link_id, row.purpose, row.user_id, payload, row.created_at, row.expires_at)


def _place(link_id: UUID) -> Place:
    return Place("action_link", "payload_sealed", link_id)
