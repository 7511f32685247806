"""Rows that say through which identity a session was proven."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.federation.model import FederatedSession
from airside.store.context import RequestContext
from airside.vault import Keyset, Place, Seals, Vault, person_of

INSERT: Final = """
insert into airside.federated_session (tenant_id, session_id, identity_id, connection_id, user_id, foreign_index,
    foreign_sealed, hint_sealed, created_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
on conflict (tenant_id, session_id, identity_id) do nothing
"""

TAKE_OF_CONNECTION: Final = """
delete from airside.federated_session where tenant_id = %s and connection_id = %s returning session_id
"""

TAKE_OF_IDENTITY: Final = """
delete from airside.federated_session
where tenant_id = %s and identity_id = %s and (%s::bytea[] is null or foreign_index = any(%s::bytea[]))
returning session_id
"""

TAKE_OF_FOREIGN: Final = """
delete from airside.federated_session
where tenant_id = %s and connection_id = %s and foreign_index = any(%s)
returning session_id
"""

OF_SESSION: Final = """
select session_id, identity_id, connection_id, user_id, foreign_sealed, hint_sealed
from airside.federated_session where tenant_id = %s and session_id = %s
order by created_at, identity_id
"""

SWEEP: Final = "delete from airside.federated_session where tenant_id = %s and created_at < %s"


@dataclass(frozen=True, slots=True)
class _Ended:
    session_id: UUID


@dataclass(frozen=True, slots=True)
class _Row:
    session_id: UUID
    identity_id: UUID
    connection_id: UUID
    user_id: UUID
    foreign_sealed: bytes | None
    hint_sealed: bytes | None


async def insert(ctx: RequestContext, vault: Vault, began: FederatedSession, user_id: UUID) -> None:
    """Twice is the same as once."""
    seals = await vault.persons.seals(ctx, user_id)
    index = _indexes(await vault.keyset(ctx), began.foreign)[0] if began.foreign else None
    sealed = seals.seal(_place(began.session_id), began.foreign.encode()) if began.foreign else None
    ids = (ctx.tenant_id, began.session_id, began.identity_id, began.connection_id, user_id)
    await ctx.tx.run(INSERT, (*ids, index, sealed, began.hint or None, ctx.now))


async def take_of_connection(ctx: RequestContext, connection_id: UUID) -> list[UUID]:
    """Forget which sessions began through it; those that did."""
    rows = await ctx.tx.all(_Ended, TAKE_OF_CONNECTION, (ctx.tenant_id, connection_id))
    return [row.session_id for row in rows]


async def take_of_identity(ctx: RequestContext, keyset: Keyset, identity_id: UUID, foreign: str = "") -> list[UUID]:
    """As `take_of_connection`, of one identity; with `foreign`, only the session that its provider calls so."""
    indexes = _indexes(keyset, foreign) if foreign else None
    rows = await ctx.tx.all(_Ended, TAKE_OF_IDENTITY, (ctx.tenant_id, identity_id, indexes, indexes))
    return [row.session_id for row in rows]


async def take_of_foreign(ctx: RequestContext, keyset: Keyset, connection_id: UUID, foreign: str) -> list[UUID]:
    """As `take_of_connection`, of the session that the provider calls so, whoever's it is."""
    rows = await ctx.tx.all(_Ended, TAKE_OF_FOREIGN, (ctx.tenant_id, connection_id, _indexes(keyset, foreign)))
    return [row.session_id for row in rows]


async def of_session(ctx: RequestContext, vault: Vault, session_id: UUID) -> list[FederatedSession]:
    """How the session was proven, the earliest first."""
    rows = await ctx.tx.all(_Row, OF_SESSION, (ctx.tenant_id, session_id))
    return [_read(await vault.persons.seals(ctx, row.user_id), row) for row in rows]


async def sweep(ctx: RequestContext, before: datetime) -> int:
    """Forget those of before; how many."""
    return await ctx.tx.run(SWEEP, (ctx.tenant_id, before))


def seal_hint(seals: Seals, identity_id: UUID, token: str) -> bytes:
    """The ID token as a login carries it until there is a session, and its row keeps it. `seals`: the identity's
    user's."""
    return seals.seal(_hint_place(identity_id), token.encode())


async def open_hint(ctx: RequestContext, vault: Vault, identity_id: UUID, sealed: bytes) -> str:
    """What `seal_hint` sealed."""
    owner = person_of(sealed)
    person = None if owner is None else await vault.persons.of(ctx, owner)
    return Seals(await vault.keyset(ctx), person).open(_hint_place(identity_id), sealed).decode()


def _read(seals: Seals, row: _Row) -> FederatedSession:
    sealed = row.foreign_sealed
    foreign = "" if sealed is None else seals.open(_place(row.session_id), sealed).decode()
    return FederatedSession(row.session_id, row.identity_id, row.connection_id, foreign, row.hint_sealed or b"")


def _indexes(keyset: Keyset, foreign: str) -> list[bytes]:
    return keyset.blind_indexes("federated_session", "foreign_index", foreign.encode("utf-8", "replace"))


def _hint_place(identity_id: UUID) -> Place:
    # The session isn't there yet when it is sealed.
    return Place("federated_session", "hint_sealed", identity_id)


def _place(session_id: UUID) -> Place:
    return Place("federated_session", "foreign_sealed", session_id)
