"""Named keys in the database: made, rotated, destroyed, and heard of."""

import asyncio
from uuid import UUID

import psycopg
import pytest

from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.protocols.envelope import Unreadable
from airside.secrets import AppKeys
from airside.vault import Unopenable
from tests.makers import MakeTenant, OpenContext


async def test_key_seals_opens_rotates_and_goes_on_opening(
    app_keys: AppKeys, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    async with open_ctx(tenant_id) as ctx:
        made = await app_keys.create(ctx, "notes", "seal")
    assert [(each.version, each.state) for each in made.versions] == [(1, "active")]
    async with open_ctx(tenant_id) as ctx:
        text = (await app_keys.ring(ctx, "notes")).seal(b"x", b"")
        rotated = await app_keys.rotate(ctx, "notes")
    assert [(each.version, each.state) for each in rotated.versions] == [(1, "retired"), (2, "active")]
    async with open_ctx(tenant_id) as ctx:
        assert (await app_keys.ring(ctx, "notes")).open(text, b"") == b"x"
        assert (await app_keys.list(ctx)) == [rotated]


@pytest.mark.parametrize("name", ["", "Notes", "a b", "-a", "a-", "a/b", "a" * 65, "ä", "a\n"])
async def test_names_that_no_key_has_are_refused(
    app_keys: AppKeys, open_ctx: OpenContext, tenant_id: UUID, name: str
) -> None:
    async with open_ctx(tenant_id) as ctx:
        with pytest.raises(InvalidInput):
            await app_keys.create(ctx, name, "seal")
        for verb in (app_keys.get, app_keys.ring, app_keys.rotate, app_keys.destroy):
            with pytest.raises(NotFound):
                await verb(ctx, name)


async def test_destroyed_version_opens_nothing(app_keys: AppKeys, open_ctx: OpenContext, tenant_id: UUID) -> None:
    """N18."""
    async with open_ctx(tenant_id) as ctx:
        await app_keys.create(ctx, "notes", "seal")
    async with open_ctx(tenant_id) as ctx:
        text = (await app_keys.ring(ctx, "notes")).seal(b"x", b"")
        with pytest.raises(Conflict):
            await app_keys.destroy_version(ctx, "notes", 1)
        await app_keys.rotate(ctx, "notes")
        await app_keys.destroy_version(ctx, "notes", 1)
    async with open_ctx(tenant_id) as ctx:
        with pytest.raises(Unreadable):
            (await app_keys.ring(ctx, "notes")).open(text, b"")
        for version in (1, 3):
            with pytest.raises(NotFound):
                await app_keys.destroy_version(ctx, "notes", version)


async def test_destroyed_key_is_gone_and_its_name_stays_taken(
    app_keys: AppKeys, open_ctx: OpenContext, tenant_id: UUID, superuser_dsn: str
) -> None:
    async with open_ctx(tenant_id) as ctx:
        await app_keys.create(ctx, "notes", "seal")
    async with open_ctx(tenant_id) as ctx:
        await app_keys.ring(ctx, "notes")
    async with open_ctx(tenant_id) as ctx:
        await app_keys.destroy(ctx, "notes")
    async with open_ctx(tenant_id) as ctx:
        for verb in (app_keys.ring, app_keys.rotate, app_keys.destroy):
            with pytest.raises(NotFound):
                await verb(ctx, "notes")
        with pytest.raises(Conflict):
            await app_keys.create(ctx, "notes", "seal")
    with psycopg.connect(superuser_dsn) as connection:
        rows = connection.execute(
            "select wrapped from airside.app_key_version where tenant_id = %s", (tenant_id,)
        ).fetchall()
    assert rows == [(None,)]


async def test_of_fifty_rotations_at_once_one_wins(app_keys: AppKeys, open_ctx: OpenContext, tenant_id: UUID) -> None:
    async with open_ctx(tenant_id) as ctx:
        await app_keys.create(ctx, "notes", "seal")
    ready = asyncio.Barrier(50)

    async def rotate() -> bool:
        async with open_ctx(tenant_id) as ctx:
            key = await app_keys.get(ctx, "notes")
            await ctx.tx.checkpoint()
            await ready.wait()
            try:
                return (await app_keys.rotate_from(ctx, key)).active == 2
            except Conflict:
                return False

    assert sum(await asyncio.gather(*(rotate() for _ in range(50)))) == 1


async def test_other_tenants_key_of_the_same_name_is_another(
    app_keys: AppKeys, open_ctx: OpenContext, make_tenant: MakeTenant
) -> None:
    """N20."""
    one, other = await make_tenant(), await make_tenant()
    for tenant in (one, other):
        async with open_ctx(tenant) as ctx:
            await app_keys.create(ctx, "notes", "seal")
    async with open_ctx(one) as ctx:
        text = (await app_keys.ring(ctx, "notes")).seal(b"x", b"")
    async with open_ctx(other) as ctx:
        with pytest.raises(Unreadable):
            (await app_keys.ring(ctx, "notes")).open(text, b"")


async def test_rows_that_trade_places_open_nothing(
    app_keys: AppKeys, open_ctx: OpenContext, tenant_id: UUID, superuser_dsn: str
) -> None:
    async with open_ctx(tenant_id) as ctx:
        await app_keys.create(ctx, "one", "seal")
        await app_keys.create(ctx, "two", "seal")
    with psycopg.connect(superuser_dsn) as connection:
        connection.execute(
            "update airside.app_key_version v set wrapped = o.wrapped from airside.app_key_version o"
            " where v.tenant_id = %s and o.tenant_id = v.tenant_id and o.key_id <> v.key_id",
            (tenant_id,),
        )
    async with open_ctx(tenant_id) as ctx:
        with pytest.raises(Unopenable):
            await app_keys.ring(ctx, "one")
