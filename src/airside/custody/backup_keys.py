"""The one archive of wrapped keys beside the backups. No backup opens without it, and what is taken out of it is gone
from them all."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Unavailable
from airside.custody import records_backup as records
from airside.custody.backup_frames import pack, seal, unpack, unseal
from airside.custody.backup_model import KEY_TABLES, Begin, Damaged, End, Event
from airside.custody.backup_store import FORGOTTEN, KEYS, PART, BackupStore, KeyFiles, Overtaken, once
from airside.vault.aead import Aead

KIND: Final = "keys"
SETTLED: Final = 600.0
"""Seconds after which whoever forgot has committed or rolled back: the server ends idle transactions far sooner."""
TRIES: Final = 40
"""How often the archive is written anew where others come between."""
PAUSE: Final = 0.2
"""Seconds at most between two tries."""
_NO_BACKUP: Final = UUID(int=0)
_KEY_COLUMN: Final = {"tenant_key": "key_id", "person_key": "user_id"}


class ArchivedKeys:
    """Implements `KeyArchive`."""

    def __init__(self, store: BackupStore, *, kek: Aead, clock: Clock, entropy: Entropy) -> None:
        self._store = store
        self._kek = kek
        self._clock = clock
        self._entropy = entropy

    async def replace(self, dsn: str) -> None:
        """The keys of now in the place of those of before. Whoever shreds after this has read takes theirs out of the
        new archive: they wait until it stands, or it isn't put and is read anew.

        Raises:
            Misconfigured: the store can't be written.
            Unavailable: the database, the store or the key encryption key is away.
        """

        async def write(files: KeyFiles) -> None:
            async with records.connected(dsn) as connection:
                await records.begin_snapshot(connection)
                await self._write(files, _without(self._of(connection), await self._lately(files)))

        await self._alone(write)

    async def forget(self, tenant_id: UUID, key_ids: Collection[UUID]) -> None:
        """Keep none of those keys of the tenant any more; a person's key has the person's id. Twice is as
        once.

        Raises:
            Misconfigured: the store can't be written.
            Damaged: the archive isn't what was written.
            Unavailable: the store or the key encryption key is away.
        """

        async def write(files: KeyFiles) -> None:
            gone = await self._lately(files) | {
                (tenant_id, key_id): self._clock.now().timestamp() for key_id in key_ids
            }
            lines = [f"{at:.0f} {tenant} {key}\n" for (tenant, key), at in gone.items()]
            await files.put(FORGOTTEN, once("".join(lines).encode()))
            # Even where there was none: a first one that is just being written has to notice.
            held = self._events(files.get(KEYS)) if await files.has(KEYS) else _nothing()
            await self._write(files, _without(held, gone))

        await self._alone(write)

    async def _alone(self, work: Callable[[KeyFiles], Awaitable[None]]) -> None:
        """`work` as if nobody else were there."""
        for _ in range(TRIES):
            try:
                async with self._store.keeping_keys() as files:
                    return await work(files)
            except Overtaken:
                await asyncio.sleep(PAUSE * self._entropy.bytes(1)[0] / 255)
        raise Unavailable(PART)

    async def _lately(self, files: KeyFiles) -> dict[tuple[UUID, UUID], float]:
        """What was forgotten a moment ago, tenant and key. Whoever forgets may not have committed yet, and until
        then the database still shows the key."""
        if not await files.has(FORGOTTEN):
            return {}
        text = b"".join([piece async for piece in files.get(FORGOTTEN)]).decode("ascii", "replace")
        try:
            rows = [(float(at), UUID(tenant), UUID(key)) for at, tenant, key in map(str.split, text.splitlines())]
        except ValueError:
            raise Damaged("the list of what was forgotten isn't what was written") from None
        now = self._clock.now().timestamp()
        return {(tenant, key): at for at, tenant, key in rows if now - at < SETTLED}

    def events(self) -> AsyncIterator[Event]:
        """What is in the archive.

        Raises:
            NotFound: there is none.
            Damaged: it isn't what was written.
        """
        return self._events(self._store.get(KEYS))

    def _events(self, sealed: AsyncIterator[bytes]) -> AsyncIterator[Event]:
        return unpack(unseal(sealed, kek=self._kek, kind=KIND, backup_id=_NO_BACKUP))

    async def _of(self, connection: AsyncConnection) -> AsyncIterator[Event]:
        shape = await records.shape(connection)
        for tenant in await records.tenants(connection):
            await records.enter(connection, tenant)
            for table in KEY_TABLES:
                async for event in records.section(connection, Begin(tenant, table, shape.columns[table]), Counter()):
                    yield event

    async def _write(self, files: KeyFiles, events: AsyncIterator[Event]) -> None:
        sealed = seal(pack(events), kek=self._kek, kind=KIND, backup_id=_NO_BACKUP, entropy=self._entropy)
        await files.put(KEYS, sealed)


async def _nothing() -> AsyncIterator[Event]:
    for event in ():
        yield event


async def _without(events: AsyncIterator[Event], gone: Collection[tuple[UUID, UUID]]) -> AsyncIterator[Event]:
    """The sections, but for the keys of those tenants and ids."""
    place, mine = 0, frozenset[UUID]()
    rows, digest = 0, hashlib.sha256()
    async for event in events:
        match event:
            case Begin(tenant=tenant, table=table, columns=columns):
                if table not in _KEY_COLUMN or _KEY_COLUMN[table] not in columns:
                    raise Damaged("a table that holds no keys")
                place, mine = columns.index(_KEY_COLUMN[table]), frozenset(key for of, key in gone if of == tenant)
                rows, digest = 0, hashlib.sha256()
                yield event
            case bytes():
                lines = event.splitlines(keepends=True)
                if mine:
                    lines = [line for line in lines if UUID(line.split(b"\t")[place].strip().decode()) not in mine]
                rows += len(lines)
                kept = b"".join(lines)
                digest.update(kept)
                if kept:
                    yield kept
            case End():
                yield End(rows, digest.hexdigest())
