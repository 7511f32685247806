"""Rows that a write of tuples finds under its store's lock, and those it leaves.

What is written one by one has statements of its own: for one row, arrays cost the database more than the row does.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

import msgspec

from airside.permissions.model import NO_TERMS, Grant, Store, Terms, TupleKey
from airside.permissions.records import ADVANCE, INSERT_CHANGE, LOCK_STORE, TupleRow, parts, queue_for_store, terms_of
from airside.permissions.words import check_relation
from airside.store.arrays import moment_array, text_array
from airside.store.context import RequestContext, Statement

STORED_TUPLE: Final = """
select object_type, object_id, relation, subject_type, subject_id, subject_relation,
    condition_name, condition_context, expires_at, created_at
from airside.permission_tuple
where tenant_id = %s and store_id = %s and object_type = %s and object_id = %s and relation = %s
    and subject_type = %s and subject_id = %s and subject_relation = %s
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

INSERT_TUPLE: Final = """
insert into airside.permission_tuple
    (tenant_id, store_id, object_type, object_id, relation, subject_type, subject_id, subject_relation,
     condition_name, condition_context, expires_at, created_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

INSERT_TUPLES: Final = """
insert into airside.permission_tuple
    (tenant_id, store_id, object_type, object_id, relation, subject_type, subject_id, subject_relation,
     condition_name, condition_context, expires_at, created_at)
select %s, %s, *, %s::timestamptz
from unnest(
    %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[]
)
returning created_at
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
returning revision
"""

DELETE_TUPLE: Final = """
delete from airside.permission_tuple
where tenant_id = %s and store_id = %s and object_type = %s and object_id = %s and relation = %s
    and subject_type = %s and subject_id = %s and subject_relation = %s
"""

DELETE_TUPLES: Final = """
delete from airside.permission_tuple
where tenant_id = %s and store_id = %s
    and (object_type, object_id, relation, subject_type, subject_id, subject_relation) in (
        select * from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
    )
"""

Parts: TypeAlias = tuple[str, str, str, str, str, str]
"""A key as its row has it: type, id and relation of the object, then of the subject."""


class Entry(msgspec.Struct, frozen=True):
    """A tuple to be written, or one to be deleted (`terms` None), with the parts of its key."""

    key: TupleKey
    parts: Parts
    terms: Terms | None = None


def written(grant: Grant) -> Entry:
    """Raises:
    InvalidQuestion: misspelt.
    """
    check_relation(grant.key.relation)
    return Entry(grant.key, parts(grant.key), grant.terms)


def deleted(key: TupleKey) -> Entry:
    """Raises:
    InvalidQuestion: misspelt.
    """
    check_relation(key.relation)
    return Entry(key, parts(key))


async def lock_tuples(
    ctx: RequestContext, store_id: str, entries: Sequence[Entry]
) -> tuple[Store | None, dict[Parts, Terms]]:
    """The store, locked as `lock_store` does, and what it holds under the keys of `entries`, expired or not: nobody
    changes that until the transaction ends, for whoever writes tuples locks their store first."""
    place = (ctx.tenant_id, store_id)
    keys = [entry.parts for entry in entries]
    stored = (
        (TupleRow, STORED_TUPLE, (*place, *keys[0]))
        if len(keys) == 1
        else (TupleRow, STORED_TUPLES, (*_columns(keys), *place))
    )
    queue_for_store(ctx, store_id)
    locked, rows = await ctx.tx.two((Store, LOCK_STORE, place), stored)
    return (locked[0] if locked else None), {_parts(row): terms_of(row) for row in rows}


def write(ctx: RequestContext, locked: Store, entries: Sequence[Entry], replaced: Sequence[Parts]) -> None:
    """Write and delete, log both in the order of `entries` and advance the revision. `replaced`: what is still there
    of those to be written.

    The caller knows from `lock_tuples` what is there, so nobody waits for this: it leaves with the commit, and the
    store's other writers wait for one flush less."""
    place = (ctx.tenant_id, locked.id)
    gone = [*replaced, *(entry.parts for entry in entries if entry.terms is None)]
    statements: list[Statement] = [(ADVANCE, (len(entries), *place))]
    if len(gone) == 1:
        statements.append((DELETE_TUPLE, (*place, *gone[0])))
    elif gone:
        statements.append((DELETE_TUPLES, (*place, *_columns(gone))))
    if len(entries) == 1:
        statements += _one(ctx, locked, entries[0])
    else:
        statements += _many(ctx, locked, entries)
    ctx.tx.put_off(statements)


def _one(ctx: RequestContext, locked: Store, entry: Entry) -> list[Statement]:
    place = (ctx.tenant_id, locked.id)
    terms = entry.terms or NO_TERMS
    values = (*entry.parts, terms.condition, terms.context.decode(), terms.expires_at)
    operation = "delete" if entry.terms is None else "write"
    change = (INSERT_CHANGE, (*place, locked.revision + 1, operation, *values, "", ctx.now))
    return [change] if entry.terms is None else [change, (INSERT_TUPLE, (*place, *values, ctx.now))]


def _many(ctx: RequestContext, locked: Store, entries: Sequence[Entry]) -> list[Statement]:
    place = (ctx.tenant_id, locked.id)
    writes = [entry for entry in entries if entry.terms is not None]
    columns = _all_columns(entries)
    operations = text_array(["delete" if entry.terms is None else "write" for entry in entries])
    statements: list[Statement] = [(INSERT_CHANGES, (*place, locked.revision, ctx.now, operations, *columns))]
    if writes:
        own = columns if len(writes) == len(entries) else _all_columns(writes)
        statements.append((INSERT_TUPLES, (*place, ctx.now, *own)))
    return statements


def _columns(keys: Sequence[Parts]) -> list[str]:
    """The six parts of each key, as six arrays."""
    return [text_array([key[number] for key in keys]) for number in range(6)]


def _all_columns(entries: Sequence[Entry]) -> list[str]:
    """The parts of each key and of its terms, as nine arrays."""
    terms = [entry.terms or NO_TERMS for entry in entries]
    return [
        *_columns([entry.parts for entry in entries]),
        text_array([each.condition for each in terms]),
        text_array([each.context.decode() for each in terms]),
        moment_array([each.expires_at for each in terms]),
    ]


def _parts(row: TupleRow) -> Parts:
    return (
        row.object_type,
        row.object_id,
        row.relation,
        row.subject_type,
        row.subject_id,
        row.subject_relation,
    )
