"""Rows of who a foreign subject is here, and of subjects that nobody is yet."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from airside.core.errors import Inconsistent
from airside.federation.model import REQUEST_LIFETIME, ExternalClaims, ExternalIdentity, PendingLink
from airside.store.context import RequestContext
from airside.vault import Keyset, Place, Seals, Vault

INSERT: Final = """
insert into airside.external_identity (tenant_id, identity_id, connection_id, subject_index, subject_sealed, user_id,
    created_at, last_used_at)
values (%s, %s, %s, %s, %s, %s, %s, %s)
on conflict (tenant_id, connection_id, subject_index) do nothing
"""

BY_SUBJECT: Final = """
select i.identity_id, i.connection_id, i.subject_sealed, i.user_id, i.created_at, i.last_used_at, k.wrapped
from airside.external_identity i
left join airside.person_key k on k.tenant_id = i.tenant_id and k.user_id = i.user_id
where i.tenant_id = %s and i.connection_id = %s and i.subject_index = any(%s)
"""

BY_ID: Final = """
select i.identity_id, i.connection_id, i.subject_sealed, i.user_id, i.created_at, i.last_used_at, k.wrapped
from airside.external_identity i
left join airside.person_key k on k.tenant_id = i.tenant_id and k.user_id = i.user_id
where i.tenant_id = %s and i.identity_id = %s
"""

STANDS: Final = """
select user_id from airside.external_identity where tenant_id = %s and identity_id = %s and user_id = %s for share
"""

OF_USER: Final = """
select i.identity_id, i.connection_id, i.subject_sealed, i.user_id, i.created_at, i.last_used_at, k.wrapped
from airside.external_identity i
left join airside.person_key k on k.tenant_id = i.tenant_id and k.user_id = i.user_id
where i.tenant_id = %s and i.user_id = %s order by i.identity_id limit %s
"""

USED: Final = """
update airside.external_identity set last_used_at = %s where tenant_id = %s and identity_id = %s
"""

DELETE: Final = """
delete from airside.external_identity where tenant_id = %s and identity_id = %s and user_id = %s
"""

DELETE_OF_USER: Final = """
delete from airside.external_identity where tenant_id = %s and connection_id = %s and user_id = %s
"""

FORGET_PENDING: Final = "delete from airside.pending_link where tenant_id = %s and flow_id = %s"

INSERT_PENDING: Final = """
insert into airside.pending_link (tenant_id, flow_id, connection_id, claims_sealed, expires_at)
values (%s, %s, %s, %s, %s)
"""

PENDING: Final = """
select connection_id, claims_sealed from airside.pending_link
where tenant_id = %s and flow_id = %s and expires_at > %s
"""

TAKE_PENDING: Final = """
delete from airside.pending_link where tenant_id = %s and flow_id = %s and expires_at > %s
returning connection_id, claims_sealed
"""

SWEEP_PENDING: Final = "delete from airside.pending_link where tenant_id = %s and expires_at <= %s"


@dataclass(frozen=True, slots=True)
class _Row:
    identity_id: UUID
    connection_id: UUID
    subject_sealed: bytes
    user_id: UUID
    created_at: datetime
    last_used_at: datetime
    wrapped: bytes | None


@dataclass(frozen=True, slots=True)
class _Standing:
    user_id: UUID


@dataclass(frozen=True, slots=True)
class _Pending:
    connection_id: UUID
    claims_sealed: bytes


async def insert(ctx: RequestContext, keyset: Keyset, seals: Seals, identity: ExternalIdentity) -> bool:
    """False where the subject is somebody already. `keyset`: by `Vault.indexing`; `seals`: its user's."""
    index, *others = _indexes(keyset, identity.connection_id, identity.subject)
    # A unique key doesn't see what stands under another index key.
    if others and await ctx.tx.one(_Row, BY_SUBJECT, (ctx.tenant_id, identity.connection_id, others)) is not None:
        return False
    sealed = seals.seal(_place(identity.id), identity.subject.encode())
    ids = (ctx.tenant_id, identity.id, identity.connection_id, index, sealed, identity.user_id)
    return await ctx.tx.run(INSERT, (*ids, identity.created_at, identity.last_used_at)) == 1


async def by_subject(ctx: RequestContext, vault: Vault, connection_id: UUID, subject: str) -> ExternalIdentity | None:
    params = (ctx.tenant_id, connection_id, _indexes(await vault.keyset(ctx), connection_id, subject))
    row = await ctx.tx.one(_Row, BY_SUBJECT, params)
    return None if row is None else await _identity(ctx, vault, row)


async def by_id(ctx: RequestContext, vault: Vault, identity_id: UUID) -> ExternalIdentity | None:
    row = await ctx.tx.one(_Row, BY_ID, (ctx.tenant_id, identity_id))
    return None if row is None else await _identity(ctx, vault, row)


async def stands(ctx: RequestContext, identity_id: UUID, user_id: UUID) -> bool:
    """Whether it is the user's, and stays so until this transaction ends."""
    return await ctx.tx.one(_Standing, STANDS, (ctx.tenant_id, identity_id, user_id)) is not None


async def of_user(ctx: RequestContext, vault: Vault, user_id: UUID, limit: int) -> list[ExternalIdentity]:
    rows = await ctx.tx.all(_Row, OF_USER, (ctx.tenant_id, user_id, limit))
    return [await _identity(ctx, vault, row) for row in rows]


async def used(ctx: RequestContext, identity_id: UUID) -> None:
    await ctx.tx.run(USED, (ctx.now, ctx.tenant_id, identity_id))


async def delete(ctx: RequestContext, identity_id: UUID, user_id: UUID) -> bool:
    return await ctx.tx.run(DELETE, (ctx.tenant_id, identity_id, user_id)) == 1


async def delete_of_user(ctx: RequestContext, connection_id: UUID, user_id: UUID) -> None:
    """Every subject of the connection that is the user."""
    await ctx.tx.run(DELETE_OF_USER, (ctx.tenant_id, connection_id, user_id))


async def replace_pending(ctx: RequestContext, keyset: Keyset, flow_id: UUID, pending: PendingLink) -> None:
    """One for each login: the last."""
    sealed = keyset.seal(_pending_place(flow_id), msgspec.json.encode(pending.claims))
    await ctx.tx.run(FORGET_PENDING, (ctx.tenant_id, flow_id))
    row = (ctx.tenant_id, flow_id, pending.connection_id, sealed, ctx.now + REQUEST_LIFETIME)
    await ctx.tx.run(INSERT_PENDING, row)


async def pending(ctx: RequestContext, keyset: Keyset, flow_id: UUID, *, take: bool = False) -> PendingLink | None:
    """With `take`, for the one caller who takes it."""
    row = await ctx.tx.one(_Pending, TAKE_PENDING if take else PENDING, (ctx.tenant_id, flow_id, ctx.now))
    if row is None:
        return None
    try:
        claims = msgspec.json.decode(keyset.open(_pending_place(flow_id), row.claims_sealed), type=ExternalClaims)
    except msgspec.MsgspecError:
        raise Inconsistent("kept claims that no version wrote") from None
    return PendingLink(row.connection_id, claims)


async def sweep(ctx: RequestContext) -> int:
    return await ctx.tx.run(SWEEP_PENDING, (ctx.tenant_id, ctx.now))


def subject_value(connection_id: UUID, subject: bytes) -> bytes:
    """What a subject of a connection is found by. The same subject of another connection isn't it."""
    return connection_id.bytes + subject


def _indexes(keyset: Keyset, connection_id: UUID, subject: str) -> list[bytes]:
    value = subject_value(connection_id, subject.encode("utf-8", "replace"))
    return keyset.blind_indexes("external_identity", "subject_index", value)


async def _identity(ctx: RequestContext, vault: Vault, row: _Row) -> ExternalIdentity:
    seals = vault.persons.read(ctx, await vault.keyset(ctx), row.user_id, row.wrapped)
    subject = seals.open(_place(row.identity_id), row.subject_sealed).decode()
    return ExternalIdentity(row.identity_id, row.connection_id, row.user_id, subject, row.created_at, row.last_used_at)


def _place(identity_id: UUID) -> Place:
    return Place("external_identity", "subject_sealed", identity_id)


def _pending_place(flow_id: UUID) -> Place:
    return Place("pending_link", "claims_sealed", flow_id)
