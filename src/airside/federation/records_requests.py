"""Rows of what logins wait for, and of what came back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from airside.core.errors import Inconsistent
from airside.federation.model import ANSWER_LIFETIME, REQUEST_LIFETIME
from airside.store.context import RequestContext
from airside.vault import Keyset, Place

INSERT_REQUEST: Final = """
insert into airside.federation_request (tenant_id, word_hash, request_id, connection_id, flow_id, details_sealed,
    created_at, expires_at)
values (%s, %s, %s, %s, %s, %s, %s, %s)
"""

OPEN_REQUESTS: Final = """
select count(*) as count from airside.federation_request where tenant_id = %s and flow_id = %s
"""

FLOW_OF: Final = """
select flow_id from airside.federation_request
where tenant_id = %s and word_hash = %s and connection_id = %s and expires_at > %s
"""

TAKE_REQUEST: Final = """
delete from airside.federation_request
where tenant_id = %s and word_hash = %s and connection_id = %s and flow_id = %s and expires_at > %s
returning request_id, details_sealed
"""

INSERT_ANSWER: Final = """
insert into airside.federation_answer (tenant_id, word_hash, answer_id, request_hash, connection_id, flow_id,
    fields_sealed, created_at, expires_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
on conflict (tenant_id, request_hash) do nothing
"""

TAKE_ANSWER: Final = """
delete from airside.federation_answer
where tenant_id = %s and word_hash = %s and flow_id = %s and expires_at > %s
returning answer_id, request_hash, connection_id, fields_sealed
"""

SWEEP_REQUESTS: Final = "delete from airside.federation_request where tenant_id = %s and expires_at <= %s"
SWEEP_ANSWERS: Final = "delete from airside.federation_answer where tenant_id = %s and expires_at <= %s"

SPEND_ASSERTION: Final = """
insert into airside.spent_assertion (tenant_id, connection_id, assertion_hash, expires_at) values (%s, %s, %s, %s)
on conflict (tenant_id, connection_id, assertion_hash) do nothing
"""
SWEEP_ASSERTIONS: Final = "delete from airside.spent_assertion where tenant_id = %s and expires_at <= %s"


@dataclass(frozen=True, slots=True)
class _Count:
    count: int


@dataclass(frozen=True, slots=True)
class _Flow:
    flow_id: UUID


@dataclass(frozen=True, slots=True)
class _Request:
    request_id: UUID
    details_sealed: bytes


@dataclass(frozen=True, slots=True)
class _Answer:
    answer_id: UUID
    request_hash: bytes | None
    connection_id: UUID
    fields_sealed: bytes


@dataclass(frozen=True, slots=True)
class Came:
    """What was kept of an answer. `request_hash` is None where nothing asked for it."""

    request_hash: bytes | None
    connection_id: UUID
    fields: Mapping[str, str]


async def insert_request(
    ctx: RequestContext,
    keyset: Keyset,
    request_id: UUID,
    word_hash: bytes,
    connection_id: UUID,
    flow_id: UUID,
    details: Mapping[str, str],
) -> None:
    sealed = keyset.seal(_details_place(request_id), msgspec.json.encode(dict(details)))
    ids = (ctx.tenant_id, word_hash, request_id, connection_id, flow_id)
    await ctx.tx.run(INSERT_REQUEST, (*ids, sealed, ctx.now, ctx.now + REQUEST_LIFETIME))


async def open_requests(ctx: RequestContext, flow_id: UUID) -> int:
    """How many the login has open."""
    row = await ctx.tx.one(_Count, OPEN_REQUESTS, (ctx.tenant_id, flow_id))
    return 0 if row is None else row.count


async def flow_of(ctx: RequestContext, word_hash: bytes, connection_id: UUID) -> UUID | None:
    """Which login waits for an answer of this connection with this word."""
    row = await ctx.tx.one(_Flow, FLOW_OF, (ctx.tenant_id, word_hash, connection_id, ctx.now))
    return None if row is None else row.flow_id


async def take_request(
    ctx: RequestContext, keyset: Keyset, word_hash: bytes, connection_id: UUID, flow_id: UUID
) -> Mapping[str, str] | None:
    """Single use: what was noted with the request, for the one caller who takes it."""
    params = (ctx.tenant_id, word_hash, connection_id, flow_id, ctx.now)
    row = await ctx.tx.one(_Request, TAKE_REQUEST, params)
    return None if row is None else _texts(keyset.open(_details_place(row.request_id), row.details_sealed))


async def insert_answer(
    ctx: RequestContext, keyset: Keyset, answer_id: UUID, word_hash: bytes, came: Came, flow_id: UUID
) -> bool:
    """False where the request has its answer already."""
    sealed = keyset.seal(_fields_place(answer_id), msgspec.json.encode(dict(came.fields)))
    ids = (ctx.tenant_id, word_hash, answer_id, came.request_hash, came.connection_id, flow_id)
    return await ctx.tx.run(INSERT_ANSWER, (*ids, sealed, ctx.now, ctx.now + ANSWER_LIFETIME)) == 1


async def take_answer(ctx: RequestContext, keyset: Keyset, word_hash: bytes, flow_id: UUID) -> Came | None:
    """Single use: what came, for the one caller who takes it into the login that it is for."""
    row = await ctx.tx.one(_Answer, TAKE_ANSWER, (ctx.tenant_id, word_hash, flow_id, ctx.now))
    if row is None:
        return None
    return Came(
        row.request_hash, row.connection_id, _texts(keyset.open(_fields_place(row.answer_id), row.fields_sealed))
    )


async def spend_assertion(ctx: RequestContext, connection_id: UUID, hashed: bytes, expires_at: datetime) -> bool:
    """True for exactly one caller."""
    return await ctx.tx.run(SPEND_ASSERTION, (ctx.tenant_id, connection_id, hashed, expires_at)) == 1


async def sweep(ctx: RequestContext) -> int:
    """Forget what nobody came for, and what can't be replayed any more; how many."""
    params = (ctx.tenant_id, ctx.now)
    return sum(await ctx.tx.run_many([(sql, params) for sql in (SWEEP_REQUESTS, SWEEP_ANSWERS, SWEEP_ASSERTIONS)]))


def _texts(plain: bytes) -> Mapping[str, str]:
    try:
        return msgspec.json.decode(plain, type=dict[str, str])
    except msgspec.MsgspecError:
        raise Inconsistent("kept fields that aren't texts") from None


def _details_place(request_id: UUID) -> Place:
    return Place("federation_request", "details_sealed", request_id)


def _fields_place(answer_id: UUID) -> Place:
    return Place("federation_answer", "fields_sealed", answer_id)
