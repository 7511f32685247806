"""One tenant out of an installation and into another, in one file that a key of its own opens. Nobody else is held up.

The file is `write_head`, then two objects as `backup_frames.seal` writes them: the manifest, and the sections of the
tenant's rows. The rows of `tenant_key` in them are wrapped by the file's key.
"""

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from airside.audit import Event as AuditEvent
from airside.audit import Journal, Report, verify_tenant
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, NotFound
from airside.core.ids import TENANT, format_id
from airside.core.principal import Principal
from airside.custody import records_backup as records
from airside.custody import records_transfer
from airside.custody.backup import silent, told_section
from airside.custody.backup_frames import pack, seal, unpack, unseal
from airside.custody.backup_model import Begin, Damaged, Event, Progress
from airside.custody.backup_store import once
from airside.custody.backup_taking import Taking
from airside.custody.transfer_keys import TABLE, rewrapped
from airside.custody.transfer_model import FORMAT, HEAD_BYTES, STAYS, TenantManifest, read_head, write_head
from airside.store import Engine
from airside.store.catalogue import TABLES
from airside.vault.aead import Aead, Kek

MANIFEST: Final = "tenant-manifest"
ROWS: Final = "tenant-rows"
NEEDED: Final = ("tenant", TABLE)
"""Tables without a row of which there is no tenant."""


async def export_tenant(
    dsn: str, slug: str, *, kek: Aead, transfer: Kek, entropy: Entropy, progress: Progress = silent
) -> AsyncGenerator[bytes]:
    """The file of the tenant at `slug`, as of one moment.

    Args:
        dsn: of the application role.
        transfer: made for this file alone.

    Raises:
        NotFound: no tenant has that slug.
        Conflict: it is being shredded, and its keys are going.
        Unavailable: the database or a key encryption key is away.
    """
    async with records.connected(dsn) as connection:
        await records.begin_snapshot(connection)
        tenant_id = await records_transfer.find(connection, slug)
        if tenant_id is None:
            raise NotFound(f"no tenant has the slug {slug}: `airside tenant list` shows them")
        await records.enter(connection, tenant_id)
        shredding = await records_transfer.shredding(connection, tenant_id)
        if shredding not in (None, "waiting"):
            raise Conflict("the tenant is being shredded")
        shape = await records.shape(connection)
        head = await records.last_head(connection, tenant_id)
        manifest = TenantManifest(FORMAT, shape.schema, tenant_id, slug, shredding is not None, head)
        sealed = b"".join([piece async for piece in _sealed(MANIFEST, once(manifest.write()), transfer, entropy)])
        yield write_head(transfer.tag, len(sealed)) + sealed
        rows = rewrapped(_sections(connection, shape, tenant_id, progress), kek, transfer)
        async for piece in _sealed(ROWS, pack(rows), transfer, entropy):
            yield piece


async def import_tenant(
    dsn: str,
    source: AsyncIterable[bytes],
    *,
    kek: Aead,
    transfer: Kek,
    engine: Engine,
    journal: Journal,
    principal: Principal,
    slug: str | None = None,
    progress: Progress = silent,
) -> TenantManifest:
    """The tenant of that file, and in its audit log that `principal` brought it: whole or not at all.

    Args:
        dsn: of a role that writes tenants' rows and may make temporary tables.
        engine: on the same database.
        slug: that it gets here; without one, its own.

    Raises:
        Conflict: its slug or itself is here already, the database is of another version, or another key opens the file.
        Damaged: the file isn't what was written, or never was an export.
        InvalidInput: not a slug.
        Misconfigured: the role makes no temporary tables.
        Unavailable: the database or the key encryption key is away.
    """
    pieces = aiter(source)
    head, rest = await _cut(pieces, b"", HEAD_BYTES)
    sealed, rest = await _cut(pieces, rest, read_head(head, transfer.tag))
    manifest = TenantManifest.read(await _opened(sealed, transfer))
    async with records.connected(dsn) as connection:
        shape = await records.shape(connection)
        if shape.schema != manifest.schema:
            raise Conflict(
                f"the file is of migration {manifest.schema}, the database of {shape.schema}: bring both "
                "installations to the same version, then export again"
            )
        await records_transfer.demand_stage(connection)
        await records_transfer.give_address(connection, slug or manifest.slug, manifest.tenant_id)
        rows = unpack(unseal(_joined(rest, pieces), kek=transfer, kind=ROWS, backup_id=transfer.tag))
        try:
            await _take(Taking(connection, shape, progress), manifest, rewrapped(rows, transfer, kek))
        except (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError) as error:
            raise Damaged("rows that don't fit their tables") from error
        if manifest.leaving:
            await records_transfer.admit(connection, manifest.tenant_id)
        async with engine.join(connection, manifest.tenant_id, principal=principal) as ctx:
            await journal.record(ctx, AuditEvent.TENANT_IMPORTED, subject=format_id(TENANT, ctx.tenant_id))
    return manifest


async def arrived(engine: Engine, manifest: TenantManifest) -> Report:
    """Whether the audit log that is here is the one that was exported."""
    async with engine.begin(manifest.tenant_id, snapshot=True) as ctx:
        return await verify_tenant(ctx, trusted_head=manifest.audit_head)


async def _sections(
    connection: AsyncConnection[Any], shape: records.Shape, tenant_id: UUID, progress: Progress
) -> AsyncIterator[Event]:
    rows: Counter[str] = Counter()
    for table, columns in shape.columns.items():
        if TABLES[table].scope != "tenant" or table in STAYS:
            continue
        async for event in told_section(connection, Begin(tenant_id, table, columns), rows, progress):
            yield event


async def _take(taking: Taking, manifest: TenantManifest, events: AsyncIterator[Event]) -> None:
    taken: Counter[str] = Counter()
    async for event in events:
        begin = taking.lawful(event)
        if begin.tenant != manifest.tenant_id or begin.table in STAYS or begin.table in taken:
            raise Damaged("a section that has no place here")
        end, moved = await taking.section(begin, events)
        if moved != end.rows:
            raise Damaged("a section of another length than it says")
        taken[begin.table] = moved
    if not all(taken[table] for table in NEEDED):
        raise Damaged("no tenant, or none of its keys")


def _sealed(kind: str, source: AsyncIterable[bytes], transfer: Kek, entropy: Entropy) -> AsyncIterator[bytes]:
    return seal(source, kek=transfer, kind=kind, backup_id=transfer.tag, entropy=entropy)


async def _opened(sealed: bytes, transfer: Kek) -> bytes:
    opening = unseal(once(sealed), kek=transfer, kind=MANIFEST, backup_id=transfer.tag)
    return b"".join([piece async for piece in opening])


async def _cut(pieces: AsyncIterator[bytes], held: bytes, size: int) -> tuple[bytes, bytes]:
    """The next `size` bytes, or what there is, and the rest of what was read."""
    while len(held) < size and (piece := await anext(pieces, None)) is not None:
        held += piece
    return held[:size], held[size:]


async def _joined(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in pieces:
        yield piece
