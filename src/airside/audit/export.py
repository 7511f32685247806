"""A tenant's log as a stream of entries, and as NDJSON: an opening line, leaves with their records and heads between
them, records not yet in the tree, a closing line."""

from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from struct import Struct
from typing import Final, cast
from uuid import UUID

import msgspec

from airside.audit import records, records_expiry
from airside.audit.model import Closing, Cut, Entry, Head, Leaf, Loose, Opening, Record
from airside.core.errors import InvalidInput, TooLarge
from airside.core.strict_json import Json, dumps, loads_object
from airside.store.context import RequestContext

PAGE: Final = 500
MAX_LINE: Final = 64 * 1024
"""Bytes of one exported line."""
_KINDS: Final[dict[str, type[Entry]]] = {
    "opening": Opening,
    "cut": Cut,
    "leaf": Leaf,
    "head": Head,
    "loose": Loose,
    "closing": Closing,
}
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}
LEAF: Final = b'{"kind":"leaf",'
_SORTED: Final = msgspec.json.Encoder(order="sorted")
_LEAVES: Final = msgspec.json.Decoder(Leaf)
_NIL: Final = UUID(int=0)
_PACKED: Final = Struct(">BQQQQ16s")


def write_entry(entry: Entry) -> bytes:
    """One line of canonical JSON, with its newline."""
    if isinstance(entry, Leaf):
        return _leaf_line(entry)
    fields = cast("dict[str, Json]", msgspec.to_builtins(entry))
    return dumps({"kind": _NAMES[type(entry)], **fields}) + b"\n"


def read_entry(line: bytes) -> Entry:
    """The entry that `write_entry` wrote: exactly its bytes, no other spelling of the same.

    Raises:
        InvalidInput: anything else.
        TooLarge: over `MAX_LINE`.
    """
    if line.startswith(LEAF):
        return read_leaf(line)
    try:
        entry = _other(line)
        same = _in_utc(entry) and write_entry(entry) == line
    except ValueError:
        raise InvalidInput("not a line of an audit export") from None
    if not same:
        raise InvalidInput("not a line of an audit export")
    return entry


def read_leaf(line: bytes) -> Leaf:
    """As `read_entry`, for a line that begins with `LEAF`."""
    if len(line) > MAX_LINE:
        raise TooLarge("line over its cap", max_bytes=MAX_LINE)
    try:
        leaf = _LEAVES.decode(b"{" + line[len(LEAF) :])
    except (ValueError, RecursionError):  # the latter where msgspec skips a member that it doesn't know
        raise InvalidInput("not a line of an audit export") from None
    record = leaf.record
    if (record is not None and record.at.tzinfo is not UTC) or _leaf_line(leaf) != line:
        raise InvalidInput("not a line of an audit export")
    return leaf


def _leaf_line(leaf: Leaf) -> bytes:
    """The same bytes as of any other entry, for "kind" sorts before all its fields; most lines are a leaf's."""
    return LEAF + _SORTED.encode(leaf)[1:] + b"\n"


def _other(line: bytes) -> Entry:
    fields = loads_object(line, max_bytes=MAX_LINE)
    kind = _KINDS.get(str(fields.pop("kind", "")))
    if kind is None:
        raise InvalidInput("not a line of an audit export")
    return msgspec.convert(fields, kind)


def _in_utc(entry: Entry) -> bool:
    match entry:
        case Cut(before=at) | Head(at=at) | Loose(record=Record(at=at)):
            return at.tzinfo is UTC
        case _:
            return True


@dataclass(frozen=True, slots=True)
class Position:
    """How far an export has come. It tells of the first `reach` leaves, as many as there were when it began, and of
    what lay outside them.

    Attributes:
        part: which of `PARTS` comes next.
        seq: the next leaf. head: the size of the last head told. after: the last record told of its part.
        entries: how many entries went before.
    """

    reach: int
    part: int = 0
    seq: int = 0
    head: int = 0
    after: UUID = _NIL
    entries: int = 0

    def pack(self) -> bytes:
        """As bytes of one length."""
        return _PACKED.pack(self.part, self.reach, self.seq, self.head, self.entries, self.after.bytes)

    @classmethod
    def unpack(cls, data: bytes) -> "Position":
        """What `pack` wrote.

        Raises:
            InvalidInput: anything else.
        """
        if len(data) != _PACKED.size:
            raise InvalidInput("not a position in an export")
        part, reach, seq, head, count, after = _PACKED.unpack(data)
        if part > len(PARTS):
            raise InvalidInput("not a position in an export")
        return cls(reach, part, seq, head, UUID(bytes=after), count)


Page = tuple[list[Entry], Position]


async def entries(ctx: RequestContext) -> AsyncIterator[Entry]:
    """The tenant's whole log, page by page, as of now: the tree, then what lies outside it."""
    async for found, _ in pages(ctx):
        for entry in found:
            yield entry


async def pages(
    ctx: RequestContext, position: Position | None = None
) -> AsyncIterator[tuple[list[Entry], Position | None]]:
    """The pages of a log from `position`, or from its beginning, each with where the next one begins: None after the
    last. All pages together, whichever transactions they were read in, are one export."""
    if position is None:
        bounds, keys = await records.bounds(ctx), await records.keys(ctx)
        opening = Opening(ctx.tenant_id, bounds.tree_size, tuple(key.public_jwk for key in keys))
        cut = await records_expiry.last_cut(ctx)
        begun: list[Entry] = [opening] if cut is None else [opening, cut]
        position = Position(bounds.reach, entries=len(begun))
        yield begun, position
    while position.part < len(PARTS):
        found, following = await PARTS[position.part](ctx, position)
        position = replace(following, entries=position.entries + len(found))
        if found:
            yield found, position
    yield [Closing(position.entries)], None


async def _leaves(ctx: RequestContext, position: Position) -> Page:
    """Leaves with the heads among them: each head stands before the first leaf that it doesn't cover."""
    rows = await records.leaves(ctx, start=position.seq, end=position.reach, limit=PAGE)
    found = await records.records(ctx, [row.record_id for row in rows]) if rows else {}
    end = rows[-1].seq + 1 if rows else position.reach
    heads = [head async for head in _heads(ctx, position.head, end)]
    told: list[Entry] = []
    waiting = deque(heads)
    for row in rows:
        while waiting and waiting[0].tree_size <= row.seq:
            told.append(waiting.popleft())
        told.append(Leaf(row.seq, row.record_id, row.leaf_hash, found.get(row.record_id)))
    told += waiting
    head = heads[-1].tree_size if heads else position.head
    return told, replace(position, seq=end, head=head) if rows else replace(position, part=position.part + 1)


async def _heads(ctx: RequestContext, after: int, end: int) -> AsyncIterator[Head]:
    while page := await records.heads(ctx, after=after, end=end, limit=PAGE):
        for head in page:
            yield head
        after = page[-1].tree_size


async def _loose(ctx: RequestContext, position: Position) -> Page:
    """Records that lie outside the leaves."""
    return _after(position, await records.loose(ctx, after=position.after, reach=position.reach, limit=PAGE))


async def _bereft(ctx: RequestContext, position: Position) -> Page:
    """Hashes that wait for the tree, their records gone."""
    return _after(position, await records.bereft(ctx, after=position.after, limit=PAGE))


def _after(position: Position, rows: Sequence[Loose]) -> Page:
    if not rows:
        return [], replace(position, part=position.part + 1, after=_NIL)
    return list(rows), replace(position, after=rows[-1].record_id)


PARTS: Final = (_leaves, _loose, _bereft)
"""What an export is made of between its opening and its closing, in this order."""
