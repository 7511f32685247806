"""Bringing a backup back, into an empty database, in one transaction; and holding it against what it should be."""

import hashlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from airside.audit import verify_tenant
from airside.core.errors import Conflict
from airside.custody import records_backup as records
from airside.custody.backup import DATA_KIND, Backups, silent
from airside.custody.backup_frames import unpack, unseal
from airside.custody.backup_keys import ArchivedKeys
from airside.custody.backup_model import KEY_TABLES, Damaged, End, Event, Manifest, Name, Progress
from airside.custody.backup_store import DATA
from airside.custody.backup_taking import Taking
from airside.store import Engine


@dataclass(frozen=True, slots=True)
class Restored:
    """What was brought back, and the tenants whose keys are gone: theirs stays shut."""

    manifest: Manifest
    shut: tuple[UUID, ...]


async def restore(
    backups: Backups, keys: ArchivedKeys, name: Name, owner_dsn: str, progress: Progress = silent
) -> Restored:
    """Everything of that backup, and its keys as far as they weren't shredded since: a tenant without keys leads
    nowhere. Killed or refused halfway it leaves nothing, and can begin again.

    Args:
        owner_dsn: of the role that owns the migrated, empty database.

    Raises:
        Conflict: the database isn't empty, or of another schema than the backup.
        NotFound: there is no such backup, or no archive of keys.
        Damaged: it isn't what was written.
        Unavailable: the database or the key encryption key is away.
    """
    manifest = await backups.manifest(name)
    async with records.connected(owner_dsn) as connection:
        shape = await records.shape(connection)
        if await records.tenants(connection):
            raise Conflict("the database isn't empty: restore into one that was only migrated")
        if shape.schema != manifest.schema:
            raise Conflict(
                f"the backup is of migration {manifest.schema}, the database of {shape.schema}: restore with the "
                "version that made it, then migrate"
            )
        taking = _Taking(connection, shape, manifest, progress)
        try:
            await taking.data(_data(backups, manifest, name))
            await taking.keys(keys.events())
        except (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError) as error:
            raise Damaged("rows that don't fit their tables") from error
        if unguarded := await records.unguarded(connection):
            raise Conflict(f"row-level security isn't forced on {', '.join(unguarded)}: `airside migrate`")
        shut = taking.shut()
        await records.lead_nowhere(connection, shut)
        await records.number_on(connection, manifest.at)
        return Restored(manifest, tuple(shut))


async def audited(engine: Engine, manifest: Manifest) -> dict[UUID, str]:
    """Tenants whose audit log isn't what it was when the backup was made, each with its first fault."""
    faults: dict[UUID, str] = {}
    for tenant_id in manifest.tenants:
        async with engine.begin(tenant_id, snapshot=True) as ctx:
            report = await verify_tenant(ctx, trusted_head=manifest.heads.get(tenant_id.hex))
        if not report.sound:
            problem = report.problems[0]
            faults[tenant_id] = f"{problem.kind} {problem.where}: {problem.what}"
    return faults


class _Taking(Taking):
    """What the manifest counts, and the keys of whom it names."""

    def __init__(
        self, connection: AsyncConnection[Any], shape: records.Shape, manifest: Manifest, progress: Progress
    ) -> None:
        super().__init__(connection, shape, progress)
        self._manifest = manifest
        self._known = frozenset(manifest.tenants)
        self._with_keys: set[UUID] = set()

    async def data(self, events: AsyncIterator[Event]) -> None:
        """Everything but keys: every row that the manifest counts, no other."""
        rows: Counter[str] = Counter()
        async for event in events:
            begin = self.lawful(event)
            if begin.table in KEY_TABLES or (begin.tenant is not None and begin.tenant not in self._known):
                raise Damaged("a section that has no place here")
            end, moved = await self.section(begin, events)
            if moved != end.rows:
                raise Damaged("a section of another length than it says")
            rows[begin.table] += moved
        if dict(rows) != self._manifest.rows:
            raise Damaged("not the rows that the manifest counts")

    async def keys(self, events: AsyncIterator[Event]) -> None:
        """Keys of the tenants that the backup has."""
        async for event in events:
            begin = self.lawful(event)
            if begin.table not in KEY_TABLES or begin.tenant is None:
                raise Damaged("a section that has no place here")
            if begin.tenant not in self._known:
                await _passed_over(events)
                continue
            _, moved = await self.section(begin, events)
            if begin.table == "tenant_key" and moved:
                self._with_keys.add(begin.tenant)

    def shut(self) -> list[UUID]:
        """Tenants that have no keys any more."""
        return [tenant for tenant in self._manifest.tenants if tenant not in self._with_keys]


async def _passed_over(events: AsyncIterator[Event]) -> None:
    async for event in events:
        if isinstance(event, End):
            return


async def _data(backups: Backups, manifest: Manifest, name: Name) -> AsyncIterator[Event]:
    digest, size = hashlib.sha256(), 0

    async def read() -> AsyncIterator[bytes]:
        nonlocal size
        async for piece in backups.store.get(name.text + DATA):
            digest.update(piece)
            size += len(piece)
            yield piece

    async for event in unpack(unseal(read(), kek=backups.kek, kind=DATA_KIND, backup_id=name.backup_id)):
        yield event
    if (size, digest.hexdigest()) != (manifest.size, manifest.sha256):
        raise Damaged("not the data that the manifest is of")
