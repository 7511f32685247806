"""One tenant out of one installation and into another: two databases, two key encryption keys."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from psycopg import AsyncConnection

from airside.admin import OPERATOR
from airside.audit import Event
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.ids import USER, format_id
from airside.custody import (
    STAYS,
    arrived,
)
from airside.identity import User
from airside.permissions import Question
from airside.store.catalogue import TABLES
from airside.tokens import TokenVerifier
from airside.vault.fields import tenant_key_context
from tests.custody.databases import rows_of
from tests.custody.transfer_world import (
    CANARIES,
    FILLED,
    World,
    brought,
    elsewhere,
    opened_columns,
    with_another_tenant,
)
from tests.makers import Database, MakeDatabase
from tests.running import Place, running
from tests.trips.visitor import refresh, tokens_for


def test_what_stays_is_a_tenants_table_and_has_its_reason() -> None:
    assert all(TABLES[table].scope == "tenant" and reason for table, reason in STAYS.items())


async def test_no_row_that_travels_refers_to_a_table_that_stays(database: Database) -> None:
    async with await AsyncConnection.connect(database.superuser) as connection:
        found = await connection.execute(
            "select distinct conrelid::regclass::text, confrelid::regclass::text from pg_constraint where contype = 'f'"
            " and connamespace = 'airside'::regnamespace"
        )
        pairs = [(child.split(".")[-1], parent.split(".")[-1]) for child, parent in await found.fetchall()]
    assert pairs
    assert [pair for pair in pairs if pair[0] not in STAYS and pair[1] in STAYS] == []


async def test_tenant_lives_on_elsewhere(
    leaving: World, migrated: MakeDatabase, clock: Clock, entropy: Entropy
) -> None:
    """People sign in, tokens of before hold for their issuer, every sealed column opens, roles, permissions and secrets
    are there, and the audit log is the one that was exported."""
    file, place = await leaving.export(), leaving.place
    async with elsewhere(migrated, leaving.folder, clock, entropy) as there:
        manifest = await brought(leaving, there, file)
        assert (manifest.tenant_id, manifest.slug) == (place.tenant_id, place.slug)
        async with running(
            there.database.app, leaving.folder / "2", kek=there.kek, clock=clock, entropy=entropy
        ) as server:
            new, services = Place(server, place.slug, place.tenant_id), server.services
            report = await arrived(services.engine, manifest)
            assert report.sound, report.problems
            counted = await opened_columns(new, there.database)
            empty = [column for column in FILLED if not counted[column]]
            assert empty == []
            async with new.operator() as ctx:
                verifier = TokenVerifier(keys=services.keys, revocations=services.revocations)
                token = leaving.tokens["access_token"]
                found = await verifier.verify(ctx, token, issuer=place.issuer, audience=None)
                assert found.subject == format_id(USER, leaving.user.id)
                roles = await services.role_admin.of(ctx, leaving.user.id)
                assert [role.name for role in roles] == ["readers"]
                question = Question(leaving.store_id, "user:anne", "viewer", "doc:1")
                assert (await services.permissions.engine.check(ctx, question)).allowed
                read = await services.secret_store.read(ctx, "billing/0")
                assert read.value.reveal() == leaving.canaries[1]
            assert (await refresh(new, leaving.client, leaving.tokens["refresh_token"])).status_code == 400
            assert (await tokens_for(new, leaving.client, leaving.user))["access_token"]


async def test_what_travels_is_what_there_was_and_the_rest_stays(
    leaving: World, migrated: MakeDatabase, clock: Clock, entropy: Entropy
) -> None:
    """Row by row; of keys alone, only what wraps them differs, and the log says besides that the tenant arrived."""
    async with leaving.place.operator() as ctx:
        await leaving.server.services.sequencer.sign(ctx)  # nothing is left that the running server would do by itself
    file = await leaving.export()
    before = await rows_of(leaving.database, leaving.place.tenant_id)
    async with elsewhere(migrated, leaving.folder, clock, entropy) as there:
        await brought(leaving, there, file)
        after = await rows_of(there.database)
    different = {table for table in after if after[table] != before[table]}
    assert {table for table in different if table not in STAYS} == {"tenant_key", "audit_record", "audit_pending"}
    (told,) = set(after["audit_record"]) - set(before["audit_record"])
    assert f"{Event.TENANT_IMPORTED},{OPERATOR.subject}," in told
    assert set(after["audit_record"]) == {*before["audit_record"], told}
    assert len(after["audit_pending"]) == len(before["audit_pending"]) + 1
    assert len(after["tenant_key"]) == len(before["tenant_key"])
    assert [table for table in STAYS if after[table]] == []
    assert before["user_session"] != []
    assert before["refresh_token"] != []


async def test_nobody_else_is_held_up_while_a_tenant_leaves_and_arrives(
    leaving: World, migrated: MakeDatabase, clock: Clock, entropy: Entropy
) -> None:
    """A neighbour is written to here while the tenant is exported, and another there while it is imported."""
    async with (
        elsewhere(migrated, leaving.folder, clock, entropy) as there,
        running(there.database.app, leaving.folder / "2", kek=there.kek, clock=clock, entropy=entropy) as server,
    ):
        other = await server.tenant()
        async with _written_to(leaving.neighbour) as made_here:
            file = await leaving.export()
        async with _written_to(other) as made_there:
            await brought(leaving, there, file)
        async with other.operator() as ctx:
            assert len(await server.services.user_admin.list(ctx)) == len(made_there) > 0
        assert len(made_here) > 0
        held = await rows_of(there.database)
        assert [row for row in held["user_account"] if str(leaving.neighbour.tenant_id) in row] == []
        assert len([row for row in held["tenant_key"] if str(other.tenant_id) in row]) == 3


@asynccontextmanager
async def _written_to(place: Place) -> AsyncGenerator[list[User]]:
    """Users are made there for as long as the context is open."""
    stop, grown, made = asyncio.Event(), asyncio.Event(), list[User]()

    async def write() -> None:
        while not stop.is_set():
            made.append(await place.user("member"))
            grown.set()

    writing = asyncio.create_task(write())
    await grown.wait()
    grown.clear()
    yield made
    await grown.wait()
    stop.set()
    await writing


async def test_file_holds_no_canary(leaving: World) -> None:
    """N41, G16: of fifty names and secrets, none is readable in the file; nor is a key, wrapped here, in it."""
    stored = (await leaving.export()).read_bytes()
    assert len(leaving.canaries) == CANARIES
    assert [word for word in leaving.canaries if word.encode() in stored] == []
    async with leaving.place.operator() as ctx:
        for key in await leaving.server.services.vault.keys(ctx):
            assert (
                await leaving.kek.open(key.wrapped, tenant_key_context(ctx.tenant_id, key.key_id, key.purpose))
                not in stored
            )


async def test_tenant_that_waits_for_its_shredding_is_let_in_where_it_arrives(
    leaving: World, migrated: MakeDatabase, clock: Clock, entropy: Entropy
) -> None:
    """A move: suspended at the origin, so that nothing is written after the export."""
    leaving = await with_another_tenant(leaving)
    services = leaving.server.services
    async with services.engine.begin(await services.platform.bootstrap(), principal=OPERATOR) as ctx:
        await services.platform.shred_tenant(ctx, leaving.place.slug, 30)
    file = await leaving.export()
    async with elsewhere(migrated, leaving.folder, clock, entropy) as there:
        assert (await brought(leaving, there, file)).leaving
        async with running(
            there.database.app, leaving.folder / "2", kek=there.kek, clock=clock, entropy=entropy
        ) as server:
            new = Place(server, leaving.place.slug, leaving.place.tenant_id)
            assert (await tokens_for(new, leaving.client, leaving.user))["access_token"]
