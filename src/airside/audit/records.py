"""The audit log's rows ↔ its values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec.structs import astuple

from airside.audit.model import AuditKey, Bounds, Head, Loose, Node, Pending, Record, Tree
from airside.audit.tree import Frontier
from airside.store.arrays import bytea_array, moment_array, text_array, uuid_array
from airside.store.context import RequestContext, Statement

_INSERT_RECORD: Final = """
    insert into airside.audit_record (tenant_id, record_id, at, event, actor, subject, outcome, reason, request_id,
                                      origin, details, person, personal_sealed, leaf_hash)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_INSERT_RECORD_ONCE: Final = """
    insert into airside.audit_record (tenant_id, record_id, at, event, actor, subject, outcome, reason, request_id,
                                      origin, details, person, personal_sealed, leaf_hash)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    on conflict (tenant_id, record_id) do nothing
"""
# Unnested among what is selected, row by row: in `from`, each array would be copied into a store of its own first.
_INSERT_RECORDS: Final = """
    insert into airside.audit_record (tenant_id, record_id, at, event, actor, subject, outcome, reason, request_id,
                                      origin, details, person, personal_sealed, leaf_hash)
    select %s, unnest(%s::uuid[]), unnest(%s::timestamptz[]), unnest(%s::text[]), unnest(%s::text[]),
           unnest(%s::text[]), unnest(%s::text[]), unnest(%s::text[]), unnest(%s::text[]), unnest(%s::text[]),
           unnest(%s::text[]), unnest(%s::text[]), unnest(%s::bytea[]), unnest(%s::bytea[])
    returning tenant_id
"""
_INSERT_ALL_PENDING: Final = """
    insert into airside.audit_pending (tenant_id, record_id, leaf_hash)
    select %s, unnest(%s::uuid[]), unnest(%s::bytea[])
    returning tenant_id
"""
MAX_JOINED: Final = 500
"""Records of one statement."""
_INSERT_PENDING: Final = "insert into airside.audit_pending (tenant_id, record_id, leaf_hash) values (%s, %s, %s)"

_WORK: Final = """
    select (exists (select 1 from airside.audit_pending where tenant_id = %s)
         or exists (select 1 from airside.audit_tree where tenant_id = %s and head_size < tree_size)) as waits
"""
_BACKLOG: Final = """
    select (select r.at from airside.audit_pending p
            join airside.audit_record r on r.tenant_id = p.tenant_id and r.record_id = p.record_id
            where p.tenant_id = %s order by p.record_id limit 1) as unplaced_since,
           (select r.at from airside.audit_tree t
            join airside.audit_leaf l on l.tenant_id = t.tenant_id and l.seq = t.head_size
            join airside.audit_record r on r.tenant_id = l.tenant_id and r.record_id = l.record_id
            where t.tenant_id = %s and t.head_size < t.tree_size) as unsigned_since
"""
_MAKE_TREE: Final = """
    insert into airside.audit_tree (tenant_id, tree_size, frontier, head_size) values (%s, 0, '', 0)
    on conflict (tenant_id) do nothing
"""
_LOCK_TREE: Final = """
    select tree_size, frontier, head_size, head_at from airside.audit_tree where tenant_id = %s for update
"""
# Up to the last one wanted, and not by a list of them: the table is mostly empty, and a plan that was made for an empty
# table compares each row with each of such a list.
_TAKE: Final = """
    delete from airside.audit_pending
    where tenant_id = %s and record_id <= (
        select wanted.record_id from (
            select record_id from airside.audit_pending where tenant_id = %s order by record_id limit %s) wanted
        order by wanted.record_id desc limit 1)
    returning record_id, leaf_hash
"""
_INSERT_LEAVES: Final = """
    insert into airside.audit_leaf (tenant_id, seq, record_id, leaf_hash)
    select %s, seq, record_id, leaf_hash
    from unnest(%s::bigint[], %s::uuid[], %s::bytea[]) as new (seq, record_id, leaf_hash)
    returning seq
"""
_INSERT_NODES: Final = """
    insert into airside.audit_node (tenant_id, level, number, hash)
    select %s, level, number, hash
    from unnest(%s::smallint[], %s::bigint[], %s::bytea[]) as new (level, number, hash)
    returning number
"""
_UPDATE_TREE: Final = """
    update airside.audit_tree set tree_size = %s, frontier = %s, head_size = %s, head_at = %s where tenant_id = %s
"""
_INSERT_HEAD: Final = "insert into airside.audit_head (tenant_id, tree_size, root, at, jws) values (%s, %s, %s, %s, %s)"
_INSERT_KEY: Final = """
    insert into airside.audit_key (tenant_id, key_id, public_jwk, private_sealed, created_at)
    values (%s, %s, %s, %s, %s)
"""
_SELECT_KEYS: Final = """
    select key_id, public_jwk, private_sealed, created_at from airside.audit_key
    where tenant_id = %s order by created_at, key_id
"""

_BOUNDS: Final = """
    select coalesce((select tree_size from airside.audit_tree where tenant_id = %s), 0) as tree_size,
           greatest((select max(seq) + 1 from airside.audit_leaf where tenant_id = %s),
                    (select max(tree_size) from airside.audit_head where tenant_id = %s), 0) as reach
"""
_SELECT_LEAVES: Final = """
    select seq, record_id, leaf_hash from airside.audit_leaf
    where tenant_id = %s and seq >= %s and seq < %s order by seq limit %s
"""
_SELECT_RECORDS: Final = """
    select tenant_id, record_id, at, event, actor, subject, outcome, reason, request_id, origin, details, person,
           personal_sealed, leaf_hash
    from airside.audit_record where tenant_id = %s and record_id = any(%s)
"""
_SELECT_HEADS: Final = """
    select tree_size, root, at, jws from airside.audit_head
    where tenant_id = %s and tree_size > %s and tree_size <= %s order by tree_size limit %s
"""
_SELECT_LAST_HEAD: Final = """
    select tree_size, root, at, jws from airside.audit_head where tenant_id = %s order by tree_size desc limit 1
"""
_SELECT_LOOSE: Final = """
    select r.record_id, coalesce(p.leaf_hash, l.leaf_hash) as queued
    from airside.audit_record r
    left join airside.audit_pending p on p.tenant_id = r.tenant_id and p.record_id = r.record_id
    left join airside.audit_leaf l on l.tenant_id = r.tenant_id and l.record_id = r.record_id
    where r.tenant_id = %s and r.record_id > %s and (l.seq is null or l.seq >= %s)
    order by r.record_id limit %s
"""
_SELECT_BEREFT: Final = """
    select p.record_id, p.leaf_hash as queued
    from airside.audit_pending p
    left join airside.audit_record r on r.tenant_id = p.tenant_id and r.record_id = p.record_id
    where p.tenant_id = %s and p.record_id > %s and r.record_id is null
    order by p.record_id limit %s
"""

_SELECT_PLACE: Final = """
    select seq, record_id, leaf_hash from airside.audit_leaf where tenant_id = %s and record_id = %s
"""
_SELECT_LEAF_NODES: Final = """
    select 0 as level, seq as number, leaf_hash as hash from airside.audit_leaf
    where tenant_id = %s and seq = any(%s)
"""
_SELECT_NODES: Final = """
    select n.level, n.number, n.hash
    from airside.audit_node n
    join unnest(%s::smallint[], %s::bigint[]) as wanted (level, number)
      on n.level = wanted.level and n.number = wanted.number
    where n.tenant_id = %s
"""


@dataclass(frozen=True, slots=True)
class LeafRow:
    """A leaf without its record."""

    seq: int
    record_id: UUID
    leaf_hash: bytes


@dataclass(frozen=True, slots=True)
class Backlog:
    """Of when the first record is that has no place in the tree yet, and the first that no head covers."""

    unplaced_since: datetime | None
    unsigned_since: datetime | None


@dataclass(frozen=True, slots=True)
class _Work:
    waits: bool


@dataclass(frozen=True, slots=True)
class _Queued:
    record_id: UUID
    queued: bytes | None


def insert(ctx: RequestContext, record: Record) -> None:
    """Store a record and queue it for the tree. Nobody waits for it: it leaves with what the transaction does next,
    at the latest with its commit."""
    ctx.tx.put_off_row(_insert_all, _row(record))


async def backlog(ctx: RequestContext) -> Backlog:
    """What waits of the tenant."""
    found = await ctx.tx.one(Backlog, _BACKLOG, (ctx.tenant_id, ctx.tenant_id))
    return found or Backlog(None, None)


async def insert_once(ctx: RequestContext, record: Record) -> bool:
    """Store and queue a record unless its id is there already; whether this call did it."""
    if not await ctx.tx.run(_INSERT_RECORD_ONCE, _row(record)):
        return False
    await ctx.tx.run(_INSERT_PENDING, _queue(record))
    return True


async def work_waits(ctx: RequestContext) -> bool:
    """Whether there is anything to sequence or to sign; takes no lock."""
    work = await ctx.tx.one(_Work, _WORK, (ctx.tenant_id, ctx.tenant_id))
    return work is not None and work.waits


async def lock_tree(ctx: RequestContext) -> Tree:
    """Where the tree stands, held until the transaction ends: this lock is what makes the sequencer one."""
    tree = await ctx.tx.one(Tree, _LOCK_TREE, (ctx.tenant_id,))
    while tree is None:
        await ctx.tx.run(_MAKE_TREE, (ctx.tenant_id,))
        tree = await ctx.tx.one(Tree, _LOCK_TREE, (ctx.tenant_id,))
    return tree


async def take(ctx: RequestContext, limit: int) -> list[Pending]:
    """Take the oldest waiting records out of the queue, in the order of their ids."""
    taken = await ctx.tx.all(Pending, _TAKE, (ctx.tenant_id, ctx.tenant_id, limit))
    return sorted(taken, key=lambda pending: pending.record_id)


async def append(
    ctx: RequestContext,
    *,
    before: Tree,
    taken: Sequence[Pending],
    after: Frontier,
    nodes: Sequence[Node],
    head: Head | None,
) -> None:
    """Store what the tree grew by, where it stands now and its new head, in one flush."""
    statements: list[Statement] = []
    if taken:
        seqs = list(range(before.tree_size, after.size))
        leaves = (ctx.tenant_id, seqs, [leaf.record_id for leaf in taken], [leaf.leaf_hash for leaf in taken])
        statements.append((_INSERT_LEAVES, leaves))
    if nodes:
        columns = ([n.level for n in nodes], [n.number for n in nodes], [n.hash for n in nodes])
        statements.append((_INSERT_NODES, (ctx.tenant_id, *columns)))
    if head is not None:
        statements.append((_INSERT_HEAD, (ctx.tenant_id, head.tree_size, head.root, head.at, head.jws)))
    signed = (before.head_size, before.head_at) if head is None else (head.tree_size, head.at)
    statements.append((_UPDATE_TREE, (after.size, b"".join(after.hashes), *signed, ctx.tenant_id)))
    await ctx.tx.run_many(statements)


async def insert_key(ctx: RequestContext, key: AuditKey) -> None:
    """Store a key for signing heads."""
    row = (ctx.tenant_id, key.key_id, key.public_jwk, key.private_sealed, key.created_at)
    await ctx.tx.run(_INSERT_KEY, row)


async def keys(ctx: RequestContext) -> list[AuditKey]:
    """The tenant's keys for heads, oldest first."""
    return await ctx.tx.all(AuditKey, _SELECT_KEYS, (ctx.tenant_id,))


async def bounds(ctx: RequestContext) -> Bounds:
    """The tree's size and its reach, at one moment."""
    found = await ctx.tx.one(Bounds, _BOUNDS, (ctx.tenant_id,) * 3)
    return found or Bounds(0, 0)


async def leaves(ctx: RequestContext, *, start: int, end: int, limit: int) -> list[LeafRow]:
    """A page of leaves from `start`, before `end`."""
    return await ctx.tx.all(LeafRow, _SELECT_LEAVES, (ctx.tenant_id, start, end, limit))


async def records(ctx: RequestContext, ids: Sequence[UUID]) -> dict[UUID, Record]:
    """Records by id; those that aren't there are left out."""
    rows = await ctx.tx.all(Record, _SELECT_RECORDS, (ctx.tenant_id, list(ids)))
    return {row.record_id: row for row in rows}


async def heads(ctx: RequestContext, *, after: int, end: int, limit: int) -> list[Head]:
    """A page of heads larger than `after`, up to size `end`."""
    return await ctx.tx.all(Head, _SELECT_HEADS, (ctx.tenant_id, after, end, limit))


async def last_head(ctx: RequestContext) -> Head | None:
    """The newest head."""
    return await ctx.tx.one(Head, _SELECT_LAST_HEAD, (ctx.tenant_id,))


async def loose(ctx: RequestContext, *, after: UUID, reach: int, limit: int) -> list[Loose]:
    """A page of records that lie outside the first `reach` leaves."""
    rows = await ctx.tx.all(_Queued, _SELECT_LOOSE, (ctx.tenant_id, after, reach, limit))
    found = await records(ctx, [row.record_id for row in rows])
    return [Loose(row.record_id, found.get(row.record_id), row.queued) for row in rows]


async def bereft(ctx: RequestContext, *, after: UUID, limit: int) -> list[Loose]:
    """A page of queued hashes whose record is gone."""
    rows = await ctx.tx.all(_Queued, _SELECT_BEREFT, (ctx.tenant_id, after, limit))
    return [Loose(row.record_id, None, row.queued) for row in rows]


async def place(ctx: RequestContext, record_id: UUID) -> tuple[LeafRow | None, Head | None]:
    """The leaf of a record, and the newest head."""
    leaf = (LeafRow, _SELECT_PLACE, (ctx.tenant_id, record_id))
    leaves, heads = await ctx.tx.two(leaf, (Head, _SELECT_LAST_HEAD, (ctx.tenant_id,)))
    return (leaves[0] if leaves else None), (heads[0] if heads else None)


async def nodes(ctx: RequestContext, wanted: Sequence[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """Complete subtrees' roots by (level, number); level 0 are the leaves."""
    low = [number for level, number in wanted if level == 0]
    high = [spot for spot in wanted if spot[0] > 0]
    columns = ([level for level, _ in high], [number for _, number in high])
    leaves = (Node, _SELECT_LEAF_NODES, (ctx.tenant_id, low))
    found, others = await ctx.tx.two(leaves, (Node, _SELECT_NODES, (*columns, ctx.tenant_id)))
    return {(row.level, row.number): row.hash for row in (*found, *others)}


def _insert_all(rows: Sequence[Sequence[Any]]) -> list[Statement]:
    """What stores rows of one tenant and queues them: of many, by columns."""
    if len(rows) == 1:
        return [(_INSERT_RECORD, rows[0]), (_INSERT_PENDING, (rows[0][0], rows[0][1], rows[0][-1]))]
    statements: list[Statement] = []
    for start in range(0, len(rows), MAX_JOINED):
        tenants, ids, at, *texts, sealed, hashes = zip(*rows[start : start + MAX_JOINED], strict=True)
        words, leaves = uuid_array(ids), bytea_array(hashes)
        columns = (words, moment_array(at), *map(text_array, texts), bytea_array(sealed), leaves)
        statements += [(_INSERT_RECORDS, (tenants[0], *columns)), (_INSERT_ALL_PENDING, (tenants[0], words, leaves))]
    return statements


def _row(record: Record) -> tuple[Any, ...]:
    """In the order of the columns above, which is that of the fields."""
    return astuple(record)


def _queue(record: Record) -> tuple[Any, ...]:
    return (record.tenant_id, record.record_id, record.leaf_hash)
