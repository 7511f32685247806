"""A tenant's log as a stream of entries, and as NDJSON: an opening line, leaves with their records and heads between
them, records not yet in the tree, a closing line."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final, cast
from uuid import UUID

import msgspec

from airside.audit import records
from airside.audit.model import Closing, Entry, Head, Leaf, Loose, Opening, Record
from airside.core.errors import InvalidInput
from airside.core.strict_json import Json, dumps, loads_object
from airside.store.context import RequestContext

PAGE: Final = 500
MAX_LINE: Final = 64 * 1024
"""Bytes of one exported line."""
_KINDS: Final[dict[str, type[Entry]]] = {
    "opening": Opening,
    "leaf": Leaf,
    "head": Head,
    "loose": Loose,
    "closing": Closing,
}
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}
_NIL: Final = UUID(int=0)


def write_entry(entry: Entry) -> bytes:
    """One line of canonical JSON, with its newline."""
    fields = cast("dict[str, Json]", msgspec.to_builtins(entry))
    return dumps({"kind": _NAMES[type(entry)], **fields}) + b"\n"


def read_entry(line: bytes) -> Entry:
    """The entry that `write_entry` wrote: exactly its bytes, no other spelling of the same.

    Raises:
        InvalidInput: anything else.
        TooLarge: over `MAX_LINE`.
    """
    fields = loads_object(line, max_bytes=MAX_LINE)
    kind = _KINDS.get(str(fields.pop("kind", "")))
    if kind is None:
        raise InvalidInput("not a line of an audit export")
    try:
        entry = msgspec.convert(fields, kind)
        same = _in_utc(entry) and write_entry(entry) == line
    except ValueError:
        raise InvalidInput("not a line of an audit export") from None
    if not same:
        raise InvalidInput("not a line of an audit export")
    return entry


def _in_utc(entry: Entry) -> bool:
    match entry:
        case Head(at=at) | Leaf(record=Record(at=at)) | Loose(record=Record(at=at)):
            return at.utcoffset() == timedelta(0)
        case _:
            return True


async def entries(ctx: RequestContext) -> AsyncIterator[Entry]:
    """The tenant's whole log, page by page, as of now: the tree, then what lies outside it."""
    count = 0
    async for entry in _all_but_the_closing(ctx):
        count += 1
        yield entry
    yield Closing(count)


async def _all_but_the_closing(ctx: RequestContext) -> AsyncIterator[Entry]:
    bounds = await records.bounds(ctx)
    keys = await records.keys(ctx)
    yield Opening(ctx.tenant_id, bounds.tree_size, tuple(key.public_jwk for key in keys))
    heads = _heads(ctx, bounds.reach)
    head = await anext(heads, None)
    async for leaf in _leaves(ctx, bounds.reach):
        while head is not None and head.tree_size <= leaf.seq:
            yield head
            head = await anext(heads, None)
        yield leaf
    while head is not None:
        yield head
        head = await anext(heads, None)
    async for loose in _loose(ctx, bounds.reach):
        yield loose


async def _leaves(ctx: RequestContext, end: int) -> AsyncIterator[Leaf]:
    start = 0
    while page := await records.leaves(ctx, start=start, end=end, limit=PAGE):
        found = await records.records(ctx, [row.record_id for row in page])
        for row in page:
            yield Leaf(row.seq, row.record_id, row.leaf_hash, found.get(row.record_id))
        start = page[-1].seq + 1


async def _heads(ctx: RequestContext, end: int) -> AsyncIterator[Head]:
    after = 0
    while page := await records.heads(ctx, after=after, end=end, limit=PAGE):
        for head in page:
            yield head
        after = page[-1].tree_size


async def _loose(ctx: RequestContext, reach: int) -> AsyncIterator[Loose]:
    after = _NIL
    while page := await records.loose(ctx, after=after, reach=reach, limit=PAGE):
        for loose in page:
            yield loose
        after = page[-1].record_id
    after = _NIL
    while page := await records.bereft(ctx, after=after, limit=PAGE):
        for loose in page:
            yield loose
        after = page[-1].record_id
