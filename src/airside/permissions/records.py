"""Rows of the four permission tables ↔ stores, models, tuples and changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

import msgspec

from airside.core.errors import Inconsistent
from airside.permissions.language import from_json
from airside.permissions.model import (
    NO_TERMS,
    Change,
    Grant,
    Operation,
    Store,
    StoredModel,
    StoredTuple,
    Terms,
    TupleKey,
)
from airside.permissions.refusals import InvalidModel
from airside.permissions.words import split_object, split_subject
from airside.store.context import Params, RequestContext

INSERT_STORE: Final = """
insert into airside.permission_store
    (tenant_id, store_id, name, system, revision, model_id, created_at, updated_at)
values (%s, %s, %s, %s, 0, '', %s, %s)
"""

STORE: Final = """
select store_id as id, name, system, revision, model_id, created_at, updated_at
from airside.permission_store
where tenant_id = %s and store_id = %s and deleted_at is null
"""

STORES: Final = """
select store_id as id, name, system, revision, model_id, created_at, updated_at
from airside.permission_store
where tenant_id = %s and store_id > %s and deleted_at is null and not system and (%s = '' or name = %s)
order by store_id
limit %s
"""

COUNT_STORES: Final = """
select count(*) as count
from (select store_id from airside.permission_store
      where tenant_id = %s and deleted_at is null and not system limit %s) as counted
"""

COUNT_TUPLES: Final = """
select count(*) as count
from (select t.store_id
      from airside.permission_tuple as t
          join airside.permission_store as s on s.tenant_id = t.tenant_id and s.store_id = t.store_id
      where t.tenant_id = %s and s.tenant_id = %s and s.deleted_at is null and not s.system limit %s) as counted
"""

# Where many wait for one row, each commit wakes them all to look for its newest version; this queue wakes one.
QUEUE_FOR_STORE: Final = "select pg_advisory_xact_lock(hashtextextended(%s, 0))"

LOCK_STORE: Final = """
select store_id as id, name, system, revision, model_id, created_at, updated_at
from airside.permission_store
where tenant_id = %s and store_id = %s and deleted_at is null
for update
"""

ADVANCE: Final = """
update airside.permission_store set revision = revision + %s
where tenant_id = %s and store_id = %s and deleted_at is null
"""

SET_MODEL: Final = """
update airside.permission_store set revision = revision + 1, model_id = %s
where tenant_id = %s and store_id = %s and deleted_at is null
"""

DROP_STORE: Final = """
update airside.permission_store set revision = revision + 1, deleted_at = %s, updated_at = %s
where tenant_id = %s and store_id = %s and deleted_at is null
"""

INSERT_MODEL: Final = """
insert into airside.permission_model (tenant_id, store_id, model_id, body, created_at)
values (%s, %s, %s, %s, %s)
"""

MODEL: Final = """
select model_id, body, created_at from airside.permission_model
where tenant_id = %s and store_id = %s and model_id = %s
"""

MODELS: Final = """
select model_id, body, created_at from airside.permission_model
where tenant_id = %s and store_id = %s and model_id < %s
order by model_id desc
limit %s
"""

READ_TUPLES: Final = """
select object_type, object_id, relation, subject_type, subject_id, subject_relation,
    condition_name, condition_context, expires_at, created_at
from airside.permission_tuple
where tenant_id = %s and store_id = %s and (expires_at is null or expires_at > %s)
    and (%s = '' or object_type = %s) and (%s = '' or object_id = %s) and (%s = '' or relation = %s)
    and (%s = '' or (subject_type = %s and subject_id = %s and subject_relation = %s))
    and (object_type, object_id, relation, subject_type, subject_id, subject_relation) > (%s, %s, %s, %s, %s, %s)
order by object_type, object_id, relation, subject_type, subject_id, subject_relation
limit %s
"""

TUPLES_OF_SUBJECTS: Final = """
select object_type, object_id, relation, subject_type, subject_id, subject_relation,
    condition_name, condition_context, expires_at, created_at
from airside.permission_tuple
where tenant_id = %s and store_id = %s and (expires_at is null or expires_at > %s)
    and subject_type = %s and subject_id = any(%s::text[]) and subject_relation = ''
"""

INSERT_CHANGE: Final = """
insert into airside.permission_change
    (tenant_id, store_id, revision, operation, object_type, object_id, relation,
     subject_type, subject_id, subject_relation, condition_name, condition_context, expires_at, model_id, created_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

CHANGES: Final = """
select revision, operation, object_type, object_id, relation,
    subject_type, subject_id, subject_relation, condition_name, condition_context, expires_at, model_id, created_at
from airside.permission_change
where tenant_id = %s and store_id = %s and revision > %s
order by revision
limit %s
"""

TUPLE_CHANGES: Final = """
select revision, operation, object_type, object_id, relation,
    subject_type, subject_id, subject_relation, condition_name, condition_context, expires_at, model_id, created_at
from airside.permission_change
where tenant_id = %s and store_id = %s and revision > %s and operation in ('write', 'delete')
    and (%s = '' or object_type = %s) and created_at >= %s
order by revision
limit %s
"""


@dataclass(frozen=True, slots=True)
class _Count:
    count: int


@dataclass(frozen=True, slots=True)
class _ModelRow:
    model_id: str
    body: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TupleRow:
    """A tuple as it is stored."""

    object_type: str
    object_id: str
    relation: str
    subject_type: str
    subject_id: str
    subject_relation: str
    condition_name: str
    condition_context: str
    expires_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class _ChangeRow:
    revision: int
    operation: str
    object_type: str
    object_id: str
    relation: str
    subject_type: str
    subject_id: str
    subject_relation: str
    condition_name: str
    condition_context: str
    expires_at: datetime | None
    model_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Filter:
    """What `read` looks for; an empty part matches everything."""

    object_type: str = ""
    object_id: str = ""
    relation: str = ""
    subject: tuple[str, str, str] | None = None


async def insert_store(ctx: RequestContext, store_id: str, name: str, *, system: bool) -> None:
    await ctx.tx.run(INSERT_STORE, (ctx.tenant_id, store_id, name, system, ctx.now, ctx.now))


async def store(ctx: RequestContext, store_id: str) -> Store | None:
    return await ctx.tx.one(Store, STORE, (ctx.tenant_id, store_id))


async def count_stores(ctx: RequestContext, most: int) -> int:
    """How many there are that aren't the system's; no further than `most`."""
    row = await ctx.tx.one(_Count, COUNT_STORES, (ctx.tenant_id, most))
    return 0 if row is None else row.count


async def count_tuples(ctx: RequestContext, most: int) -> int:
    """How many there are in the stores that `count_stores` counts; no further than `most`."""
    row = await ctx.tx.one(_Count, COUNT_TUPLES, (ctx.tenant_id, ctx.tenant_id, most))
    return 0 if row is None else row.count


async def stores(ctx: RequestContext, *, after: str, name: str, limit: int) -> list[Store]:
    return await ctx.tx.all(Store, STORES, (ctx.tenant_id, after, name, name, limit))


async def lock_store(ctx: RequestContext, store_id: str) -> Store | None:
    """The store, and nobody else writes to it until this transaction ends."""
    queue_for_store(ctx, store_id)
    return await ctx.tx.one(Store, LOCK_STORE, (ctx.tenant_id, store_id))


def queue_for_store(ctx: RequestContext, store_id: str) -> None:
    """Before the store is locked, always: who holds the row and then queued could wait for one who waits for it."""
    ctx.tx.put_off([(QUEUE_FOR_STORE, (f"{ctx.tenant_id}/{store_id}",))])


async def drop_store(ctx: RequestContext, locked: Store) -> None:
    await ctx.tx.run_many(
        [
            (DROP_STORE, (ctx.now, ctx.now, ctx.tenant_id, locked.id)),
            (INSERT_CHANGE, _other_change(ctx, locked, "drop")),
        ]
    )


async def insert_model(ctx: RequestContext, locked: Store, model_id: str, body: str) -> None:
    await ctx.tx.run_many(
        [
            (INSERT_MODEL, (ctx.tenant_id, locked.id, model_id, body, ctx.now)),
            (SET_MODEL, (model_id, ctx.tenant_id, locked.id)),
            (INSERT_CHANGE, _other_change(ctx, locked, "model", model_id)),
        ]
    )


async def model(ctx: RequestContext, store_id: str, model_id: str) -> StoredModel | None:
    row = await ctx.tx.one(_ModelRow, MODEL, (ctx.tenant_id, store_id, model_id))
    return None if row is None else _model(row)


async def models(ctx: RequestContext, store_id: str, *, before: str, limit: int) -> list[StoredModel]:
    """Newest first."""
    rows = await ctx.tx.all(_ModelRow, MODELS, (ctx.tenant_id, store_id, before, limit))
    return [_model(row) for row in rows]


async def read(
    ctx: RequestContext, store_id: str, wanted: Filter, *, after: TupleKey | None, limit: int
) -> list[StoredTuple]:
    """Tuples that haven't expired, in key order, after one."""
    subject = wanted.subject or ("", "", "")
    start = ("",) * 6 if after is None else parts(after)
    equal = (wanted.object_type, wanted.object_id, wanted.relation)
    pairs = [each for part in equal for each in (part, part)]
    params = (ctx.tenant_id, store_id, ctx.now, *pairs, subject[0], *subject, *start, limit)
    rows = await ctx.tx.all(TupleRow, READ_TUPLES, params)
    return [StoredTuple(_key(row), row.created_at, terms_of(row)) for row in rows]


async def of_subjects(ctx: RequestContext, store_id: str, subject_type: str, ids: Sequence[str]) -> list[TupleKey]:
    """Every tuple that hasn't expired of some subjects of one type, of none of their usersets."""
    params = (ctx.tenant_id, store_id, ctx.now, subject_type, list(ids))
    return [_key(row) for row in await ctx.tx.all(TupleRow, TUPLES_OF_SUBJECTS, params)]


async def changes(ctx: RequestContext, store_id: str, *, after: int, limit: int) -> list[Change]:
    """Every kind of change, in commit order."""
    rows = await ctx.tx.all(_ChangeRow, CHANGES, (ctx.tenant_id, store_id, after, limit))
    return [_change(row) for row in rows]


async def tuple_changes(
    ctx: RequestContext, store_id: str, *, after: int, object_type: str, since: datetime, limit: int
) -> list[Change]:
    """Tuples written and deleted, in commit order."""
    params = (ctx.tenant_id, store_id, after, object_type, object_type, since, limit)
    return [_change(row) for row in await ctx.tx.all(_ChangeRow, TUPLE_CHANGES, params)]


def _other_change(ctx: RequestContext, locked: Store, operation: Operation, model_id: str = "") -> Params:
    """An entry of the change log that is of no tuple."""
    place = (ctx.tenant_id, locked.id, locked.revision + 1)
    return (*place, operation, *("",) * 8, None, model_id, ctx.now)


def parts(key: TupleKey) -> tuple[str, str, str, str, str, str]:
    """A key as its row has it."""
    return (*split_object(key.object), key.relation, *split_subject(key.user))


def grant_of(row: TupleRow) -> Grant:
    """The tuple and its terms."""
    return Grant(_key(row), terms_of(row))


def _model(row: _ModelRow) -> StoredModel:
    try:
        found = from_json(msgspec.json.decode(row.body))
    except (msgspec.DecodeError, InvalidModel) as error:
        raise Inconsistent("a stored authorization model can't be read", model_id=row.model_id) from error
    return StoredModel(row.model_id, found, row.created_at)


def _key(row: TupleRow | _ChangeRow) -> TupleKey:
    suffix = f"#{row.subject_relation}" if row.subject_relation else ""
    return TupleKey(f"{row.subject_type}:{row.subject_id}{suffix}", row.relation, f"{row.object_type}:{row.object_id}")


def terms_of(row: TupleRow | _ChangeRow) -> Terms:
    if not row.condition_name and row.expires_at is None:
        return NO_TERMS
    return Terms(row.condition_name, row.condition_context.encode(), row.expires_at)


def _change(row: _ChangeRow) -> Change:
    key = _key(row) if row.object_type else None
    return Change(row.revision, cast("Operation", row.operation), key, row.model_id, row.created_at, terms_of(row))
