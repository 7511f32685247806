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
from airside.store.context import RequestContext, Statement

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

INSERT_TUPLES: Final = """
insert into airside.permission_tuple
    as kept (tenant_id, store_id, object_type, object_id, relation, subject_type, subject_id, subject_relation,
    condition_name, condition_context, expires_at, created_at)
select %s, %s, *, %s::timestamptz
from unnest(
    %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[]
)
on conflict (tenant_id, store_id, object_type, object_id, relation, subject_type, subject_id, subject_relation)
do update set condition_name = excluded.condition_name, condition_context = excluded.condition_context,
    expires_at = excluded.expires_at, created_at = excluded.created_at
where kept.expires_at <= excluded.created_at
"""

DELETE_TUPLES: Final = """
delete from airside.permission_tuple
where tenant_id = %s and store_id = %s
    and (object_type, object_id, relation, subject_type, subject_id, subject_relation) in (
        select * from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
    )
"""

# `limit 1` keeps it a search for each key: planned as a join while the table was small, it would read the whole store
# once that has grown. `(select …)` hides how many keys there are, which would have it planned anew for each write.
STORED_TUPLES: Final = """
select found.object_type, found.object_id, found.relation,
    found.subject_type, found.subject_id, found.subject_relation,
    found.condition_name, found.condition_context, found.expires_at, found.created_at
from unnest((select %s::text[]), %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
    as u (object_type, object_id, relation, subject_type, subject_id, subject_relation),
lateral (
    select object_type, object_id, relation, subject_type, subject_id, subject_relation,
        condition_name, condition_context, expires_at, created_at
    from airside.permission_tuple as kept
    where kept.tenant_id = %s and kept.store_id = %s
        and kept.object_type = u.object_type and kept.object_id = u.object_id and kept.relation = u.relation
        and kept.subject_type = u.subject_type and kept.subject_id = u.subject_id
        and kept.subject_relation = u.subject_relation
    limit 1
) as found
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

INSERT_CHANGES: Final = """
insert into airside.permission_change
    (tenant_id, store_id, revision, operation, object_type, object_id, relation,
     subject_type, subject_id, subject_relation, condition_name, condition_context, expires_at, model_id, created_at)
select %s, %s, %s + place, operation, object_type, object_id, relation,
    subject_type, subject_id, subject_relation, condition_name, condition_context, expires_at, '', %s::timestamptz
from unnest(
    %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::text[], %s::text[], %s::timestamptz[]
) with ordinality as u
    (operation, object_type, object_id, relation, subject_type, subject_id, subject_relation,
     condition_name, condition_context, expires_at, place)
on conflict do nothing
"""

INSERT_CHANGE: Final = """
insert into airside.permission_change
    (tenant_id, store_id, revision, operation, object_type, object_id, relation,
     subject_type, subject_id, subject_relation, model_id, created_at)
values (%s, %s, %s, %s, '', '', '', '', '', '', %s, %s)
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

Columns = tuple[list[str], list[str], list[str], list[str], list[str], list[str]]
TermColumns = tuple[list[str], list[str], list[datetime | None]]


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


async def stores(ctx: RequestContext, *, after: str, name: str, limit: int) -> list[Store]:
    return await ctx.tx.all(Store, STORES, (ctx.tenant_id, after, name, name, limit))


async def lock_store(ctx: RequestContext, store_id: str) -> Store | None:
    """The store, and nobody else writes to it until this transaction ends."""
    return await ctx.tx.one(Store, LOCK_STORE, (ctx.tenant_id, store_id))


async def drop_store(ctx: RequestContext, locked: Store) -> None:
    await ctx.tx.run_many(
        [
            (DROP_STORE, (ctx.now, ctx.now, ctx.tenant_id, locked.id)),
            (INSERT_CHANGE, (ctx.tenant_id, locked.id, locked.revision + 1, "drop", "", ctx.now)),
        ]
    )


async def insert_model(ctx: RequestContext, locked: Store, model_id: str, body: str) -> None:
    await ctx.tx.run_many(
        [
            (INSERT_MODEL, (ctx.tenant_id, locked.id, model_id, body, ctx.now)),
            (SET_MODEL, (model_id, ctx.tenant_id, locked.id)),
            (INSERT_CHANGE, (ctx.tenant_id, locked.id, locked.revision + 1, "model", model_id, ctx.now)),
        ]
    )


async def model(ctx: RequestContext, store_id: str, model_id: str) -> StoredModel | None:
    row = await ctx.tx.one(_ModelRow, MODEL, (ctx.tenant_id, store_id, model_id))
    return None if row is None else _model(row)


async def models(ctx: RequestContext, store_id: str, *, before: str, limit: int) -> list[StoredModel]:
    """Newest first."""
    rows = await ctx.tx.all(_ModelRow, MODELS, (ctx.tenant_id, store_id, before, limit))
    return [_model(row) for row in rows]


async def lock_tuples(
    ctx: RequestContext, store_id: str, keys: Sequence[TupleKey]
) -> tuple[Store | None, dict[TupleKey, Terms]]:
    """The store, locked as `lock_store` does, and those of `keys` that it holds, expired ones too, with their terms:
    nobody changes that until the transaction ends, for whoever writes tuples locks their store first."""
    locked, rows = await ctx.tx.two(
        (Store, LOCK_STORE, (ctx.tenant_id, store_id)),
        (TupleRow, STORED_TUPLES, (*columns(keys), ctx.tenant_id, store_id)),
    )
    return (locked[0] if locked else None), {_key(row): _terms(row) for row in rows}


def write(ctx: RequestContext, locked: Store, writes: Sequence[Grant], deletes: Sequence[TupleKey]) -> None:
    """Delete, then write, log both and advance the revision. What has expired is overwritten.

    The caller knows from `lock_tuples` what is there, so nobody waits for this: it leaves with the commit, and the
    store's other writers wait for one flush less."""
    place = (ctx.tenant_id, locked.id)
    statements: list[Statement] = [(ADVANCE, (len(writes) + len(deletes), *place))]
    changed = (*columns([*deletes, *(grant.key for grant in writes)]), *_term_columns(writes, before=len(deletes)))
    operations = ["delete"] * len(deletes) + ["write"] * len(writes)
    statements.append((INSERT_CHANGES, (*place, locked.revision, ctx.now, operations, *changed)))
    if deletes:
        statements.append((DELETE_TUPLES, (*place, *columns(deletes))))
    if writes:
        written = (*columns([grant.key for grant in writes]), *_term_columns(writes))
        statements.append((INSERT_TUPLES, (*place, ctx.now, *written)))
    ctx.tx.put_off(statements)


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
    return [StoredTuple(_key(row), row.created_at, _terms(row)) for row in rows]


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


def columns(keys: Sequence[TupleKey]) -> Columns:
    """The six parts of each key, as six lists."""
    rows = [parts(key) for key in keys]
    return cast("Columns", tuple([row[place] for row in rows] for place in range(6)))


def parts(key: TupleKey) -> tuple[str, str, str, str, str, str]:
    """A key as its row has it."""
    return (*split_object(key.object), key.relation, *split_subject(key.user))


def grant_of(row: TupleRow) -> Grant:
    """The tuple and its terms."""
    return Grant(_key(row), _terms(row))


def _model(row: _ModelRow) -> StoredModel:
    try:
        found = from_json(msgspec.json.decode(row.body))
    except (msgspec.DecodeError, InvalidModel) as error:
        raise Inconsistent("a stored authorization model can't be read", model_id=row.model_id) from error
    return StoredModel(row.model_id, found, row.created_at)


def _key(row: TupleRow | _ChangeRow) -> TupleKey:
    suffix = f"#{row.subject_relation}" if row.subject_relation else ""
    return TupleKey(f"{row.subject_type}:{row.subject_id}{suffix}", row.relation, f"{row.object_type}:{row.object_id}")


def _terms(row: TupleRow | _ChangeRow) -> Terms:
    if not row.condition_name and row.expires_at is None:
        return NO_TERMS
    return Terms(row.condition_name, row.condition_context.encode(), row.expires_at)


def _term_columns(grants: Sequence[Grant], *, before: int = 0) -> TermColumns:
    """The three parts of each grant's terms, as three lists; `before` rows without any come first."""
    terms = [NO_TERMS] * before + [grant.terms for grant in grants]
    contexts = [each.context.decode() for each in terms]
    return [each.condition for each in terms], contexts, [each.expires_at for each in terms]


def _change(row: _ChangeRow) -> Change:
    key = _key(row) if row.object_type else None
    return Change(row.revision, cast("Operation", row.operation), key, row.model_id, row.created_at, _terms(row))
