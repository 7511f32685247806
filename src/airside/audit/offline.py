"""A log in a file, verified by as many processes as are given: each looks at pieces of the file and finds which records
are what was hashed; order, tree and heads are one verifier's."""

from collections.abc import Generator, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID

from msgspec import Struct
from msgspec.json import Decoder, Encoder

from airside.audit import export
from airside.audit.canonical import FORMAT
from airside.audit.events import Event
from airside.audit.model import Opening, Report
from airside.audit.tree import hash_leaf
from airside.audit.verify import Verifier
from airside.core.errors import Refusal

PIECE: Final = 4 * 1024 * 1024
"""Bytes of the file that a process looks at at once."""
_EXPIRED: Final = Event.AUDIT_EXPIRED.value
_COVERED_INSTEAD: Final = b',"format":%d,' % FORMAT
"""What the hash of a record covers where its line says the hash."""


class Run(NamedTuple):
    """Leaves whose numbers follow each other, each with the record that its hash is of."""

    first: int
    hashes: list[bytes]


class _Record(Struct, gc=False):
    """As `Record`, in the order of a line's keys, so that it is read and written as it stands."""

    actor: str
    at: datetime
    details: str
    event: str
    leaf_hash: bytes
    origin: str
    outcome: str
    person: str
    personal_sealed: bytes | None
    reason: str
    record_id: UUID
    request_id: str
    subject: str
    tenant_id: UUID


class _Line(Struct, tag_field="kind", tag="leaf", gc=False):
    """As `Leaf`, likewise."""

    leaf_hash: bytes
    record: _Record | None
    record_id: UUID
    seq: int


class Piece(NamedTuple):
    """A piece of a file, by its bytes: it begins with a line and, unless a line is overlong, ends with one."""

    start: int
    end: int


_LINES: Final = Decoder(_Line)
_ENCODER: Final = Encoder()


def verify_file(path: Path, trusted_head: str | None = None, *, processes: int = 1) -> Report:
    """Verify an exported log (NDJSON, as `export.write_entry` writes it).

    Args:
        processes: how many look at records. More than one are started by `spawn`: whoever asks for them has a main
            module that can be imported.

    Raises:
        InvalidInput: `trusted_head` isn't a signed head.
        OSError: the file can't be read.
    """
    verifier = Verifier(trusted_head)
    number = 0
    with _looked_at(path, processes) as looked_at:
        for found in (each for piece in looked_at for each in piece):
            if isinstance(found, Run):
                number += len(found.hashes)
                verifier.take_run(found.first, found.hashes)
                continue
            number += 1
            try:
                verifier.take(export.read_entry(found))
            except Refusal:
                verifier.malformed(number, found)
                if not found.endswith(b"\n"):
                    break
    return verifier.report()


@contextmanager
def _looked_at(path: Path, processes: int) -> Generator[Iterator[list[Run | bytes]]]:
    pieces, look = _pieces(path), partial(_look, path, _tenant(path))
    workers = min(processes, len(pieces))
    if workers <= 1:
        yield map(look, pieces)
        return
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    try:
        yield pool.map(look, pieces)
    finally:
        pool.shutdown(cancel_futures=True)


def _tenant(path: Path) -> UUID | None:
    """Whose log its first line says it is. Where it doesn't say, no line is looked at quickly."""
    with path.open("rb") as file:
        first = file.readline(export.MAX_LINE + 1)
    try:
        opening = export.read_entry(first)
    except Refusal:
        return None
    return opening.tenant_id if isinstance(opening, Opening) else None


def _pieces(path: Path) -> list[Piece]:
    ends = [0]
    size = path.stat().st_size
    with path.open("rb") as file:
        while ends[-1] < size:
            file.seek(ends[-1] + PIECE)
            file.readline(export.MAX_LINE + 1)
            ends.append(min(file.tell(), size))
    return [Piece(*each) for each in pairwise(ends)]


def _look(path: Path, tenant_id: UUID | None, piece: Piece) -> list[Run | bytes]:
    """The piece's runs of whole leaves, and every other line as it is. Nothing comes after a line without an end."""
    found: list[Run | bytes] = []
    run = Run(0, [])
    with path.open("rb") as file:
        file.seek(piece.start)
        left = piece.end - piece.start
        while left > 0 and (line := file.readline(export.MAX_LINE + 1)):
            left -= len(line)
            leaf = _whole(line, tenant_id)
            if leaf is None:
                found.append(line)
                run = Run(0, [])
            elif run.hashes and leaf.seq == run.first + len(run.hashes):
                run.hashes.append(leaf.leaf_hash)
            else:
                run = Run(leaf.seq, [leaf.leaf_hash])
                found.append(run)
            if not line.endswith(b"\n"):
                break
    return found


def _whole(line: bytes, tenant_id: UUID | None) -> _Line | None:
    """The leaf of the line, if its record is whole, of this line and this tenant, and tells the verifier nothing else.
    What is unusual the verifier looks at itself, as closely as at every other line.

    The line spells the record as its hash covers it, but for one member (`canonical.covered`): so it is hashed as it
    stands, and not written once more.
    """
    if len(line) > export.MAX_LINE:
        return None
    try:
        leaf = _LINES.decode(line)
    except (ValueError, RecursionError):
        return None
    record = leaf.record
    if record is None or record.record_id != leaf.record_id or record.tenant_id != tenant_id:
        return None
    # A whole second is hashed in another spelling than its line has (`canonical.covered`).
    if record.event == _EXPIRED or record.at.tzinfo is not UTC or not record.at.microsecond:
        return None
    if _ENCODER.encode(leaf) + b"\n" != line:
        return None
    # None of these three is found within a string, whose quotes are escaped.
    begins, ends = line.index(b"{", 1), line.rindex(b'},"record_id":"') + 1
    before, _, own = line[begins:ends].partition(b',"leaf_hash":"')
    covered = before + _COVERED_INSTEAD + own.partition(b'",')[2]
    return leaf if leaf.leaf_hash == record.leaf_hash == hash_leaf(covered) else None
