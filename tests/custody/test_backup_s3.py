"""Backups in a bucket: what only a bucket can do, or have done to it."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from airside.core.clock import Clock, FixedClock
from airside.core.entropy import Entropy, SystemEntropy
from airside.core.errors import Misconfigured, NotFound, Refusal, Unavailable
from airside.custody import ArchivedKeys, S3Address, S3Store, read_target
from airside.custody.backup_bucket import Bucket
from airside.custody.backup_frames import pack, seal, unpack, unseal
from airside.custody.backup_model import Begin, End, Event, Name
from airside.custody.backup_store import DATA, FORGOTTEN, KEYS, MANIFEST, KeyFiles, Overtaken, once
from airside.vault.kms.local import LocalKek
from tests.custody.stores import S3, BucketOf
from tests.vault.kms.wire import wire

MIB = 1024 * 1024
SMALL = 5 * MIB
"""Bytes of the smallest part that a store takes."""
NAME = Name("20261129T042000Z-" + "1" * 32)
NOTHING = UUID(int=0)


@pytest.fixture
def bucket(s3_service: S3) -> BucketOf:
    return s3_service.bucket()


def store(bucket: BucketOf, clock: Clock, *, endpoint: str | None = None, name: str | None = None) -> S3Store:
    address = S3Address(name or bucket.name, bucket.prefix, endpoint or bucket.server.endpoint)
    return S3Store(address, clock=clock, part_bytes=SMALL)


def pieces_of(content: bytes, length: int = 300_001) -> AsyncIterator[bytes]:
    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(content), length):
            yield content[at : at + length]

    return pieces()


async def whole_of(source: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in source])


@pytest.mark.parametrize("size", [0, 1, SMALL - 1, SMALL, SMALL + 1, 13 * MIB])
async def test_file_of_any_size_comes_back(bucket: BucketOf, clock: Clock, size: int) -> None:
    content = SystemEntropy().bytes(size)
    kept = store(bucket, clock)
    written = await kept.put(NAME.text + DATA, pieces_of(content))
    assert (written.size, written.sha256) == (size, hashlib.sha256(content).hexdigest())
    assert await whole_of(kept.get(NAME.text + DATA)) == content
    assert bucket.unfinished() == []


async def test_file_appears_when_all_of_it_is_there_and_parts_go_while_it_is_made(
    bucket: BucketOf, clock: Clock
) -> None:
    kept, seen = store(bucket, clock), list[int]()

    async def watched() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield bytes(3 * MIB)
            assert bucket.files() == []
            uploads = bucket.server.client().list_multipart_uploads(Bucket=bucket.name).get("Uploads", [])
            found = bucket.server.client().list_parts(
                Bucket=bucket.name, Key=uploads[0].get("Key", ""), UploadId=uploads[0].get("UploadId", "")
            )
            seen.append(len(found.get("Parts", [])))

    await kept.put(NAME.text + DATA, watched())
    assert seen == [0, 1, 1, 2]
    assert bucket.files() == [NAME.text + DATA]


async def test_upload_that_fails_or_is_cancelled_is_aborted(bucket: BucketOf, clock: Clock) -> None:
    kept, begun = store(bucket, clock), asyncio.Event()

    async def failing() -> AsyncIterator[bytes]:
        yield bytes(6 * MIB)
        raise Unavailable("the database")

    async def hanging() -> AsyncIterator[bytes]:
        yield bytes(6 * MIB)
        begun.set()
        await asyncio.Event().wait()

    with pytest.raises(Unavailable, match="the database"):
        await kept.put(NAME.text + DATA, failing())
    assert bucket.unfinished() == []
    task = asyncio.create_task(_put(kept, hanging()))
    await begun.wait()
    assert bucket.unfinished() == [NAME.text + DATA]
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert bucket.unfinished() == []
    assert bucket.files() == []


async def _put(kept: S3Store, source: AsyncIterator[bytes]) -> None:
    await kept.put(NAME.text + DATA, source)


async def test_what_died_goes_away_after_a_week_and_nothing_else(bucket: BucketOf, clock: Clock) -> None:
    """Neither a whole backup, nor a backup that is being made beside, nor what isn't ours."""
    whole, dead, lively = (Name.new(clock.now() - timedelta(days=days), NOTHING) for days in (9, 8, 6))
    foreign = ["!.data", "1.data", "2.manifest", dead.text, "deeper/" + dead.text + DATA]
    mine = [whole.text + DATA, whole.text + MANIFEST, lively.text + DATA, KEYS, FORGOTTEN]
    for file in (*mine, *foreign, dead.text + DATA):
        bucket.write(file, b"x")
    client = bucket.server.client()
    for file in (dead.text + DATA, dead.text + MANIFEST, lively.text + MANIFEST, "1.data"):
        client.create_multipart_upload(Bucket=bucket.name, Key=bucket.prefix + file)
    async with store(bucket, FixedClock(clock.now() - timedelta(days=2))).creating():
        assert len(bucket.unfinished()) == 4
        assert dead.text + DATA in bucket.files()
    async with store(bucket, clock).creating():
        assert sorted(bucket.unfinished()) == ["1.data", lively.text + MANIFEST]
        assert set(bucket.files()) == {*mine, *foreign, "conditions"}
    assert await store(bucket, clock).names() == [whole]


async def test_other_prefix_is_another_store(bucket: BucketOf, clock: Clock) -> None:
    for prefix in ("", "eu/", "eu/more/", "europe/"):
        other = S3Store(S3Address(bucket.name, prefix, bucket.server.endpoint), clock=clock)
        assert await other.names() == []
        for file in (DATA, MANIFEST):
            await other.put(NAME.text + file, once(prefix.encode()))
        assert await whole_of(other.get(NAME.text + DATA)) == prefix.encode()
    await store(bucket, clock).remove(NAME)
    assert await store(bucket, clock).names() == []
    assert await S3Store(S3Address(bucket.name, "europe/", bucket.server.endpoint), clock=clock).names() == [NAME]


async def _every_verb(kept: S3Store) -> list[Refusal]:
    """How each refuses."""

    async def creating() -> None:
        async with kept.creating():
            pass

    async def keeping() -> None:
        async with kept.keeping_keys() as files:
            await files.put(KEYS, once(b"x"))

    refusals: list[Refusal] = []
    for verb in (_put(kept, pieces_of(b"x")), whole_of(kept.get(NAME.text + DATA)), creating(), keeping()):
        with pytest.raises(Refusal) as refusal:
            await verb
        refusals.append(refusal.value)
    return refusals


async def test_bucket_that_is_missing_is_named(bucket: BucketOf, clock: Clock) -> None:
    refusals = await _every_verb(store(bucket, clock, name="no-such-bucket"))
    with pytest.raises(Misconfigured) as listing:
        await store(bucket, clock, name="no-such-bucket").names()
    for refusal in (*refusals, listing.value):
        assert isinstance(refusal, Misconfigured)
        assert "AIRSIDE_BACKUP_TARGET: there is no bucket no-such-bucket" in str(refusal)


async def test_bucket_that_is_closed_is_named_and_nothing_is_lost(bucket: BucketOf, clock: Clock) -> None:
    bucket.write(KEYS, b"as it was")
    bucket.write(NAME.text + DATA, b"as it was")
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{bucket.name}/*"}
    client = bucket.server.client()
    client.put_bucket_policy(Bucket=bucket.name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    for refusal in await _every_verb(store(bucket, clock)):
        assert isinstance(refusal, Misconfigured)
        assert f"bucket {bucket.name} isn't open to these credentials" in str(refusal)
    client.delete_bucket_policy(Bucket=bucket.name)
    assert bucket.read(KEYS) == bucket.read(NAME.text + DATA) == b"as it was"


async def test_missing_credentials_are_named(bucket: BucketOf, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    with pytest.raises(Misconfigured, match="no credentials"):
        await store(bucket, clock).names()


async def test_file_that_is_missing_is_not_found(bucket: BucketOf, clock: Clock) -> None:
    with pytest.raises(NotFound):
        await whole_of(store(bucket, clock).get(NAME.text + DATA))


@pytest.mark.parametrize("status", ["Enabled", "Suspended"])
async def test_bucket_that_keeps_versions_is_refused(bucket: BucketOf, clock: Clock, status: str) -> None:
    """G29: what is taken out of the archive of keys would stay in the archive's older version."""
    versions = {"Status": status}
    bucket.server.client().put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration=versions)  # pyright: ignore[reportArgumentType]
    kept = store(bucket, clock)
    for opened in (kept.creating(), kept.keeping_keys()):
        with pytest.raises(Misconfigured, match="keeps old versions"):
            async with opened:
                raise AssertionError
    assert bucket.files() == []


async def test_object_that_is_replaced_while_it_is_read_is_refused(bucket: BucketOf, clock: Clock) -> None:
    """N41: never the beginning of one and the end of another."""
    bucket.write(NAME.text + DATA, bytes(9 * MIB))
    reading = store(bucket, clock).get(NAME.text + DATA)
    await anext(reading)
    bucket.write(NAME.text + DATA, b"\1" * 9 * MIB)
    with pytest.raises(Overtaken):
        await whole_of(reading)


async def test_store_that_goes_away_is_unavailable_and_nothing_is_listed(bucket: BucketOf, clock: Clock) -> None:
    async with wire(urlsplit(bucket.server.endpoint).port or 0) as between:
        kept = store(bucket, clock, endpoint=between.origin)
        await kept.put(NAME.text + DATA, once(bytes(9 * MIB)))
        reading = kept.get(NAME.text + DATA)
        assert await anext(reading)

        async def cut_off() -> AsyncIterator[bytes]:
            yield bytes(6 * MIB)
            await between.cut()
            yield bytes(6 * MIB)

        with pytest.raises(Unavailable) as refusal:
            await kept.put(NAME.text + MANIFEST, cut_off())
        assert refusal.value.part == "the backup store"
        with pytest.raises(Unavailable):
            await anext(reading)
        await between.mend()
        assert await kept.names() == []
        assert len(await whole_of(kept.get(NAME.text + DATA))) == 9 * MIB


async def test_whoever_is_overtaken_puts_nothing(bucket: BucketOf, clock: Clock) -> None:
    for file in (KEYS, FORGOTTEN):
        for before in (None, b"before"):
            if before is not None:
                bucket.write(file, before)
            async with store(bucket, clock).keeping_keys() as files:
                assert await files.has(file) == (before is not None)
                bucket.write(file, b"between")
                with pytest.raises(Overtaken):
                    await files.put(file, once(b"mine"))
            assert bucket.read(file) == b"between"
    async with store(bucket, clock).keeping_keys() as files:
        bucket.server.client().delete_object(Bucket=bucket.name, Key=bucket.prefix + KEYS)
        with pytest.raises(Overtaken):
            await whole_of(files.get(KEYS))
        with pytest.raises(Overtaken):
            await files.put(KEYS, once(b"mine"))
    assert KEYS not in bucket.files()


async def _archive(ids: list[UUID], tenant: UUID, kek: LocalKek, entropy: Entropy, files: KeyFiles) -> None:
    async def events() -> AsyncIterator[Event]:
        rows = b"".join(f"{tenant}\t{each}\tsealed\n".encode() for each in ids)
        yield Begin(tenant, "person_key", ["tenant_id", "user_id", "sealed"])
        yield rows
        yield End(len(ids), hashlib.sha256(rows).hexdigest())

    await files.put(KEYS, seal(pack(events()), kek=kek, kind="keys", backup_id=NOTHING, entropy=entropy))


async def test_fifty_forgotten_at_once_by_five_processes_are_all_gone(
    bucket: BucketOf, clock: Clock, kek: LocalKek, entropy: Entropy
) -> None:
    """G29: no shredding undoes another; who isn't forgotten stays."""
    tenant = UUID(bytes=entropy.bytes(16))
    ids = [UUID(bytes=entropy.bytes(16)) for _ in range(60)]
    async with store(bucket, clock).keeping_keys() as files:
        await _archive(ids, tenant, kek, entropy, files)
    archives = [ArchivedKeys(store(bucket, clock), kek=kek, clock=clock, entropy=entropy) for _ in range(5)]
    await asyncio.gather(*(archives[at % 5].forget(tenant, [each]) for at, each in enumerate(ids[:50])))
    held = b"".join([event async for event in archives[0].events() if isinstance(event, bytes)]).decode()
    assert [each for each in ids if str(each) in held] == ids[50:]
    assert len(bucket.read(FORGOTTEN).splitlines()) == 50


async def test_first_archive_written_while_somebody_is_forgotten_is_refused(
    bucket: BucketOf, clock: Clock, kek: LocalKek, entropy: Entropy
) -> None:
    """G29: also where there is none yet that could be changed, whoever still has the key notices."""
    tenant, person = UUID(bytes=entropy.bytes(16)), UUID(bytes=entropy.bytes(16))
    async with store(bucket, clock).keeping_keys() as files:
        await ArchivedKeys(store(bucket, clock), kek=kek, clock=clock, entropy=entropy).forget(tenant, [person])
        with pytest.raises(Overtaken):
            await _archive([person], tenant, kek, entropy, files)
    sealed = store(bucket, clock).get(KEYS)
    assert [event async for event in unpack(unseal(sealed, kek=kek, kind="keys", backup_id=NOTHING))] == []


def test_address_names_bucket_prefix_endpoint_and_region() -> None:
    assert read_target("s3://bucket") == read_target("s3://bucket/") == S3Address("bucket")
    assert read_target("s3://my.bucket-1/a/b_c?endpoint=https://S3.example.com&region=eu-central-1") == S3Address(
        "my.bucket-1", "a/b_c/", "https://s3.example.com", "eu-central-1"
    )


@pytest.mark.parametrize(
    "word",
    [
        "",
        " ",
        "s3://",
        "s3:///prefix",
        "s3://UPPER/x",
        "s3://a..b/x",
        "s3://bucket/../other",
        "s3://bucket/a//b",
        "s3://bucket/a b",
        "s3://bucket/.hidden",
        "s3://bucket/" + "a/" * 300,
        "s3://key:secret@bucket/x",
        "s3://bucket/x?endpoint=http://s3.example.com",
        "s3://bucket/x?endpoint=https://user:secret@s3.example.com",
        "s3://bucket/x?endpoint=https://s3.example.com/path",
        "s3://bucket/x?endpoint=",
        "s3://bucket/x?region=a&region=b",
        "s3://bucket/x?region=EU!",
        "s3://bucket/x?profile=other",
        "gs://bucket/x",
        "https://bucket.example.com",
    ],
)
def test_address_that_is_none_is_refused(word: str) -> None:
    """N41."""
    with pytest.raises(ValueError, match=" ") as problem:
        read_target(word)
    assert "secret" not in str(problem.value)


def test_nothing_of_the_environment_leads_elsewhere(s3_service: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://attacker.example.com")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://attacker.example.com")
    asked = Bucket("bucket", "", endpoint=None, region="eu-central-1")
    assert asked.endpoint == "https://s3.eu-central-1.amazonaws.com"
