"""What can't be exported, and files that are refused and leave nothing."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator

import pytest
from psycopg import AsyncConnection

from airside.admin import OPERATOR
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.custody import (
    TenantManifest,
    export_tenant,
    write_new,
)
from airside.custody.backup_frames import pack, seal, unpack, unseal
from airside.custody.backup_model import Begin, Damaged, End, Event
from airside.custody.backup_store import once
from airside.custody.transfer import ROWS
from airside.custody.transfer_model import HEAD_BYTES, read_head
from airside.vault.kms.local import LocalKek
from tests.custody.databases import is_empty, rows_of
from tests.custody.transfer_world import Elsewhere, World, brought, elsewhere, with_another_tenant
from tests.makers import MakeDatabase


@pytest.fixture(scope="module")
async def nowhere(
    migrated: MakeDatabase, tmp_path_factory: pytest.TempPathFactory, clock: Clock, entropy: Entropy
) -> AsyncIterator[Elsewhere]:
    """An installation that stays empty, whatever is brought."""
    async with elsewhere(migrated, tmp_path_factory.mktemp("nowhere"), clock, entropy) as there:
        yield there


async def test_file_is_its_owners_and_never_over_another(leaving: World) -> None:
    file = await leaving.export()
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Conflict, match="is there already"):
        await leaving.export()
    assert sorted(path.name for path in leaving.folder.iterdir() if path.is_file()) == ["acme.tenant"]


@pytest.mark.parametrize(
    "what", ["flipped head", "flipped manifest", "flipped rows", "cut", "short", "longer", "foreign"]
)
async def test_changed_file_is_refused_and_leaves_nothing(leaving: World, nowhere: Elsewhere, what: str) -> None:
    """N41: corrupted, truncated, oversized, and never an export."""
    file = await leaving.export()
    content = file.read_bytes()
    match what:
        case "cut":
            content = content[:-17]
        case "short":
            content = content[:10]
        case "longer":
            content += b"\0" * 40
        case "foreign":
            content = b"PGDMP" + content
        case _:
            place = {"flipped head": 2, "flipped manifest": 300, "flipped rows": len(content) // 2}[what]
            content = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
    file.write_bytes(content)
    with pytest.raises(Damaged):
        await brought(leaving, nowhere, file)
    assert await is_empty(nowhere.database)


async def test_another_key_is_refused_by_name(
    leaving: World, migrated: MakeDatabase, clock: Clock, entropy: Entropy
) -> None:
    file = await leaving.export()
    stranger = LocalKek.create(leaving.folder / "stranger.key", development=False, entropy=entropy)
    async with elsewhere(migrated, leaving.folder, clock, entropy) as there:
        with pytest.raises(Conflict, match="another key"):
            await brought(leaving, there, file, stranger)
        head = bytearray(file.read_bytes())
        head[4:20] = stranger.tag.bytes
        file.write_bytes(head)
        with pytest.raises(Damaged, match="doesn't open"):
            await brought(leaving, there, file, stranger)
        assert await is_empty(there.database)


async def test_another_version_is_refused_by_name(
    leaving: World, migrated: MakeDatabase, clock: Clock, entropy: Entropy
) -> None:
    """The database that it comes to is of a later migration."""
    file = await leaving.export()
    async with elsewhere(migrated, leaving.folder, clock, entropy) as there:
        async with await AsyncConnection.connect(there.database.superuser) as connection:
            await connection.execute("update airside.migration set version = 9999 where version = 1")
        with pytest.raises(Conflict, match="the database of 9999"):
            await brought(leaving, there, file)
        assert await is_empty(there.database)


async def test_tenant_or_slug_that_is_there_is_refused_by_name(
    leaving: World, migrated: MakeDatabase, clock: Clock, entropy: Entropy
) -> None:
    file = await leaving.export()
    async with elsewhere(migrated, leaving.folder, clock, entropy) as there:
        with pytest.raises(InvalidInput, match="a slug is of"):
            await brought(leaving, there, file, slug="Not A Slug")
        await brought(leaving, there, file, slug="renamed")
        before = await rows_of(there.database)
        with pytest.raises(Conflict, match="this very tenant"):
            await brought(leaving, there, file)
        with pytest.raises(Conflict, match="with the slug renamed"):
            await brought(leaving, there, file, slug="renamed")
        assert await rows_of(there.database) == before
        assert [row.split(",")[0] for row in before["tenant_address"]] == ["(renamed"]


async def test_two_imports_at_once_make_one_tenant(
    leaving: World, migrated: MakeDatabase, clock: Clock, entropy: Entropy
) -> None:
    file = await leaving.export()
    async with elsewhere(migrated, leaving.folder, clock, entropy) as there:
        done = await asyncio.gather(*(brought(leaving, there, file) for _ in range(5)), return_exceptions=True)
        assert sum(isinstance(each, TenantManifest) for each in done) == 1
        assert sum(isinstance(each, Conflict) for each in done) == 4


@pytest.mark.parametrize("what", ["session", "neighbour", "no keys", "twice", "foreign table", "digest", "count"])
async def test_well_sealed_file_with_other_rows_is_refused(leaving: World, nowhere: Elsewhere, what: str) -> None:
    """N20: whoever has a key can seal a file; what they can bring in is one whole tenant, nothing beside it."""
    whole = [event async for event in _events(leaving)]
    file = leaving.folder / "crafted.tenant"
    await write_new(file, _crafted(leaving, _bent(whole, what, leaving)))
    with pytest.raises(Damaged):
        await brought(leaving, nowhere, file)
    assert await is_empty(nowhere.database)


def _bent(whole: list[Event], what: str, leaving: World) -> list[Event]:
    first = next(event for event in whole if isinstance(event, Begin) and event.table == "tenant")
    at = whole.index(first)
    section = whole[at : at + 3]
    end = section[2]
    assert isinstance(end, End)
    match what:
        case "session":
            return [*whole, Begin(first.tenant, "user_session", first.columns), *section[1:]]
        case "neighbour":
            return _of_the_neighbour(whole, leaving)
        case "no keys":
            return section
        case "twice":
            return [*whole, *section]
        case "foreign table":
            return [*whole, Begin(None, "migration", first.columns), *section[1:]]
        case "digest":
            return [*whole[: at + 2], End(end.rows, "0" * 64), *whole[at + 3 :]]
        case _:
            return [*whole[: at + 2], End(end.rows + 1, end.sha256), *whole[at + 3 :]]


def _of_the_neighbour(whole: list[Event], leaving: World) -> list[Event]:
    """One section's rows made the neighbour's, and in order otherwise."""
    at = next(n for n, event in enumerate(whole) if isinstance(event, Begin) and event.table == "permission_store")
    begin, rows, end = whole[at : at + 3]
    assert isinstance(begin, Begin)
    assert isinstance(rows, bytes)
    assert isinstance(end, End)
    theirs = rows.replace(leaving.place.tenant_id.bytes, leaving.neighbour.tenant_id.bytes)
    section = [
        Begin(leaving.neighbour.tenant_id, begin.table, begin.columns),
        theirs,
        End(end.rows, hashlib.sha256(theirs).hexdigest()),
    ]
    return [*whole[:at], *section, *whole[at + 3 :]]


async def _events(leaving: World) -> AsyncIterator[Event]:
    """What is in a true export."""
    source = leaving.made(leaving.transfer)
    content = b"".join([piece async for piece in source])
    rest = content[HEAD_BYTES + read_head(content[:HEAD_BYTES], leaving.transfer.tag) :]
    async for event in unpack(unseal(once(rest), kek=leaving.transfer, kind=ROWS, backup_id=leaving.transfer.tag)):
        yield event


async def _crafted(leaving: World, events: list[Event]) -> AsyncGenerator[bytes]:
    """A file of these sections, whose manifest is in order."""
    content = b"".join([piece async for piece in leaving.made(leaving.transfer)])
    end = HEAD_BYTES + read_head(content[:HEAD_BYTES], leaving.transfer.tag)
    yield content[:end]

    async def given() -> AsyncIterator[Event]:
        for event in events:
            yield event

    tag = leaving.transfer.tag
    async for piece in seal(pack(given()), kek=leaving.transfer, kind=ROWS, backup_id=tag, entropy=leaving.entropy):
        yield piece


async def test_nobody_and_the_shredded_are_not_exported(leaving: World) -> None:
    with pytest.raises(NotFound):
        await anext(
            export_tenant(
                leaving.database.app, "nobody", kek=leaving.kek, transfer=leaving.transfer, entropy=leaving.entropy
            )
        )
    leaving = await with_another_tenant(leaving)
    services = leaving.server.services
    platform = await services.platform.bootstrap()
    async with services.engine.begin(platform, principal=OPERATOR) as ctx:
        await services.platform.shred_tenant(ctx, leaving.place.slug, 0)
    await services.shredder.turn(leaving.place.tenant_id, platform)
    with pytest.raises(NotFound):
        await leaving.export()
    assert not (leaving.folder / "acme.tenant").exists()
    assert not (leaving.folder / ".acme.tenant.part").exists()
