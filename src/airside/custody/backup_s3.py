"""Backups in a bucket of an S3-compatible store.

A file is uploaded in parts while it is made, and appears when all of them are there; it is read range by range. At most
two parts are in memory. Nobody locks a bucket: the archive of keys is put whole, in one request, on the condition that
it is still what it was, and whoever is overtaken begins anew.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from tempfile import SpooledTemporaryFile
from typing import Final
from uuid import UUID

from airside.core.clock import Clock
from airside.core.errors import Misconfigured, NotFound, Refusal
from airside.custody.backup_address import S3Address
from airside.custody.backup_bucket import GONE, Bucket
from airside.custody.backup_model import Name
from airside.custody.backup_store import (
    DATA,
    FORGOTTEN,
    KEYS,
    MANIFEST,
    SETTING,
    UNKNOWN,
    KeyFiles,
    Overtaken,
    Written,
    is_part_of_one,
    whole,
)

PART_BYTES: Final = 32 * 1024 * 1024
"""Bytes in a part. A store takes ten thousand of them: 320 GB, deflated."""
RANGE_BYTES: Final = 4 * 1024 * 1024
IN_MEMORY: Final = 8 * 1024 * 1024
"""Bytes of the archive of keys that wait in memory to be put; more wait in the temporary folder, sealed as they are."""
LEFT_BEHIND: Final = timedelta(days=7)
"""After which a backup that was begun and isn't whole is one of a process that died."""
_PROBE: Final = "conditions"


class S3Store:
    """Implements `BackupStore` in a bucket."""

    def __init__(self, address: S3Address, *, clock: Clock, part_bytes: int = PART_BYTES) -> None:
        """Raises: Misconfigured: boto3 isn't installed."""
        self._address = address
        self._bucket = Bucket(address.bucket, address.prefix, endpoint=address.endpoint, region=address.region)
        self._clock = clock
        self._part_bytes = part_bytes
        self._alone = asyncio.Lock()

    async def names(self) -> list[Name]:
        """As `BackupStore.names`."""
        return whole(await self._bucket.listed())

    async def put(self, file: str, source: AsyncIterable[bytes]) -> Written:
        """As `BackupStore.put`. Whatever goes wrong, nothing of the upload stays."""
        digest, size, tags = hashlib.sha256(), 0, list[str]()
        upload = await self._bucket.begin(file)
        try:
            async for part in _parts(source, self._part_bytes):
                digest.update(part)
                size += len(part)
                tags.append(await self._bucket.part(file, upload, len(tags) + 1, part))
            await self._bucket.complete(file, upload, tags)
        except BaseException:
            with suppress(Refusal):
                await self._bucket.abort(file, upload)
            raise
        return Written(size, digest.hexdigest())

    def get(self, file: str) -> AsyncIterator[bytes]:
        """As `BackupStore.get`. What is replaced meanwhile is refused as `Overtaken`."""
        return _ranges(self._bucket, file, None)

    async def remove(self, name: Name) -> None:
        """As `BackupStore.remove`."""
        for file in (name.text + MANIFEST, name.text + DATA):
            await self._bucket.delete(file)

    @asynccontextmanager
    async def creating(self) -> AsyncGenerator[None]:
        """As `BackupStore.creating`. Several may be made at once: each has names of its own.

        Raises:
            Misconfigured: a bucket that keeps versions, or a store that knows no conditions.
        """
        await self._refuse_versions()
        await self._prove_conditions()
        await self._sweep()
        yield

    @asynccontextmanager
    async def keeping_keys(self) -> AsyncGenerator[KeyFiles]:
        """As `BackupStore.keeping_keys`. What one process does takes turns by itself.

        Raises:
            Misconfigured: a bucket that keeps versions.
        """
        async with self._alone:
            await self._refuse_versions()
            yield _Conditional(self._bucket, {file: await self._bucket.tag(file) for file in (KEYS, FORGOTTEN)})

    async def _refuse_versions(self) -> None:
        """A key that was taken out of the archive would stay in the archive's older version."""
        if await self._bucket.keeps_versions():
            remedy = "keeps old versions, out of which nothing can be shredded: name one that never kept any"
            raise Misconfigured(SETTING, f"bucket {self._address.bucket} {remedy}")

    async def _prove_conditions(self) -> None:
        """A store that ignores conditions would let two processes overwrite each other's archive of keys."""
        with suppress(Overtaken):
            await self._bucket.put(_PROBE, b"", over=None)
        for over in (None, f'"{"0" * 32}"'):
            try:
                await self._bucket.put(_PROBE, b"", over=over)
            except Overtaken:
                continue
            raise Misconfigured(SETTING, "the store ignores If-Match or If-None-Match of a PUT: name another")

    async def _sweep(self) -> None:
        until = Name.new(self._clock.now() - LEFT_BEHIND, UUID(int=0)).text  # names begin with the time: older are less
        for file, upload in await self._bucket.uploads():
            if is_part_of_one(file) and file < until:
                await self._bucket.abort(file, upload)
        listed = frozenset(await self._bucket.listed())
        for file in listed:
            name = file.removesuffix(DATA)
            if is_part_of_one(file) and name != file and name + MANIFEST not in listed and file < until:
                await self._bucket.delete(file)


class _Conditional:
    """Implements `KeyFiles`: reads and writes what was there at the beginning, or refuses."""

    def __init__(self, bucket: Bucket, tags: dict[str, str | None]) -> None:
        self._bucket = bucket
        self._tags = tags

    async def has(self, file: str) -> bool:
        """As `KeyFiles.has`."""
        return self._tags[file] is not None

    async def get(self, file: str) -> AsyncIterator[bytes]:
        """As `KeyFiles.get`."""
        tag = self._tags[file]
        if tag is None:
            raise NotFound(UNKNOWN)
        try:
            async for content in _ranges(self._bucket, file, tag):
                yield content
        except NotFound:
            raise Overtaken(GONE) from None

    async def put(self, file: str, source: AsyncIterable[bytes]) -> Written:
        """As `KeyFiles.put`, in one request."""
        digest, size = hashlib.sha256(), 0
        with SpooledTemporaryFile(IN_MEMORY) as body:
            async for piece in source:
                digest.update(piece)
                size += len(piece)
                body.write(piece)
            body.seek(0)
            self._tags[file] = await self._bucket.put(file, body, over=self._tags[file])
        return Written(size, digest.hexdigest())


async def _ranges(bucket: Bucket, file: str, tag: str | None) -> AsyncIterator[bytes]:
    at, size = 0, 1
    while at < size:
        found = await bucket.read(file, at, RANGE_BYTES, tag)
        tag, size = found.tag, found.size
        at += len(found.content)
        yield found.content


async def _parts(source: AsyncIterable[bytes], length: int) -> AsyncIterator[bytes]:
    """The same bytes, `length` at a time; at least one part, be it empty."""
    held, any_yet = bytearray(), False
    async for piece in source:
        held += piece
        while len(held) >= length:
            yield bytes(memoryview(held)[:length])
            any_yet = True
            del held[:length]
    if held or not any_yet:
        yield bytes(held)
