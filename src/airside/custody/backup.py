"""Making backups: one consistent snapshot, tenant by tenant, sealed while it is read."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

from psycopg import AsyncConnection

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.ids import uuid7
from airside.custody import records_backup as records
from airside.custody.backup_frames import pack, seal, unseal
from airside.custody.backup_keys import ArchivedKeys
from airside.custody.backup_model import FORMAT, MAX_MANIFEST, Begin, Damaged, Event, Manifest, Name, Progress
from airside.custody.backup_store import DATA, MANIFEST, BackupStore, once
from airside.vault.aead import Aead

DATA_KIND: Final = "data"
MANIFEST_KIND: Final = "manifest"


def silent(_rows: int, _bytes: int) -> None:
    """Tell nobody."""


async def told_section(
    connection: AsyncConnection[Any], begin: Begin, rows: Counter[str], progress: Progress
) -> AsyncIterator[Event]:
    """As `records_backup.section`, and `progress` is told of it."""
    before, carried = rows[begin.table], 0
    async for event in records.section(connection, begin, rows):
        carried += len(event) if isinstance(event, bytes) else 0
        yield event
    progress(rows[begin.table] - before, carried)


@dataclass
class _Counted:
    rows: Counter[str] = field(default_factory=Counter[str])
    heads: dict[str, str] = field(default_factory=dict[str, str])


class Backups:
    """The backups in one store, under one key encryption key."""

    def __init__(self, store: BackupStore, *, kek: Aead, clock: Clock, entropy: Entropy) -> None:
        self.store = store
        self.kek = kek
        self._clock = clock
        self._entropy = entropy

    async def create(self, dsn: str, progress: Progress = silent) -> Manifest:
        """One more backup: of the moment at which its transaction begins. Nobody is held up meanwhile.

        Args:
            dsn: of the application role (it reads every tenant, one after the other, under row-level security).

        Raises:
            Conflict: another is being made there, where one is made at a time.
            Misconfigured: the store can't be written.
            Unavailable: the database, the store or the key encryption key is away.
        """
        async with self.store.creating():
            async with records.connected(dsn) as connection:
                manifest = await self._data(connection, progress)
            # Keys of now, not of the snapshot: what was shredded since stays out.
            keys = ArchivedKeys(self.store, kek=self.kek, clock=self._clock, entropy=self._entropy)
            await keys.replace(dsn)
            name = Name(manifest.name)
            sealed = seal(
                once(manifest.write()),
                kek=self.kek,
                kind=MANIFEST_KIND,
                backup_id=name.backup_id,
                entropy=self._entropy,
            )
            await self.store.put(name.text + MANIFEST, sealed)
            return manifest

    async def list(self, most: int | None = None) -> "list[Manifest]":
        """Every whole backup, or the newest `most` of them, oldest first.

        Raises:
            Damaged: a manifest that doesn't open.
        """
        names = await self.store.names()
        return [await self.manifest(name) for name in (names if most is None else names[-most:])]

    async def manifest(self, name: Name) -> Manifest:
        """What the backup of that name is.

        Raises:
            NotFound: there is none.
            Damaged: its manifest isn't what was written.
        """
        held = bytearray()
        source = self.store.get(name.text + MANIFEST)
        async for piece in unseal(source, kek=self.kek, kind=MANIFEST_KIND, backup_id=name.backup_id):
            held += piece
            if len(held) > MAX_MANIFEST:
                raise Damaged("a manifest over its cap")
        manifest = Manifest.read(bytes(held))
        if manifest.name != name.text:
            raise Damaged("the manifest of another backup")
        return manifest

    async def newest(self) -> Name | None:
        """The newest whole backup."""
        names = await self.store.names()
        return names[-1] if names else None

    async def keep(self, count: int) -> "list[Name]":
        """Only the newest `count` stay; which went."""
        names = await self.store.names()
        gone = names[: max(0, len(names) - count)]
        for name in gone:
            await self.store.remove(name)
        return gone

    async def _data(self, connection: AsyncConnection[Any], progress: Progress) -> Manifest:
        await records.begin_snapshot(connection)
        shape = await records.shape(connection)
        tenants = await records.tenants(connection)
        at = self._clock.now()
        name = Name.new(at, uuid7(at, self._entropy))
        counted = _Counted()

        async def events() -> AsyncIterator[Event]:
            for table in shape.tables("platform"):
                async for event in records.section(connection, Begin(None, table, shape.columns[table]), counted.rows):
                    yield event
            for tenant in tenants:
                await records.enter(connection, tenant)
                head = await records.last_head(connection, tenant)
                if head is not None:
                    counted.heads[tenant.hex] = head
                for table in shape.tables("tenant"):
                    begin = Begin(tenant, table, shape.columns[table])
                    async for event in told_section(connection, begin, counted.rows, progress):
                        yield event

        sealed = seal(pack(events()), kek=self.kek, kind=DATA_KIND, backup_id=name.backup_id, entropy=self._entropy)
        written = await self.store.put(name.text + DATA, sealed)
        return Manifest(
            format=FORMAT,
            name=name.text,
            at=at,
            schema=shape.schema,
            kek_id=self.kek.key_id,
            size=written.size,
            sha256=written.sha256,
            rows={table: rows for table, rows in counted.rows.items() if rows},
            tenants=tenants,
            heads=counted.heads,
        )
