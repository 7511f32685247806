"""Stores: made, found, listed, deleted; the system's own are apart."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from uuid import UUID

import pytest

from airside.permissions import Permissions, is_public
from airside.permissions.refusals import InvalidQuestion, StoreNotFound
from airside.store import RequestContext

OpenContext = Callable[..., AbstractAsyncContextManager[RequestContext]]


async def test_store_is_found_listed_and_gone_after_deletion(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    async with open_ctx(tenant_id) as ctx:
        made = await permissions.stores.create(ctx, "notes")
        assert (await permissions.stores.get(ctx, made.id)).name == "notes"
        assert [each.id for each in await permissions.stores.list(ctx, limit=10)] == [made.id]
        assert await permissions.stores.list(ctx, name="other", limit=10) == []
        await permissions.stores.delete(ctx, made.id)
    async with open_ctx(tenant_id) as ctx:
        assert await permissions.stores.list(ctx, limit=10) == []
        for verb in (permissions.stores.get, permissions.stores.delete):
            with pytest.raises(StoreNotFound):
                await verb(ctx, made.id)


async def test_system_store_is_usable_but_neither_listed_nor_publicly_named(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    async with open_ctx(tenant_id) as ctx:
        system = await permissions.stores.create(ctx, "airside", system=True)
        public = await permissions.stores.create(ctx, "notes")
        assert [each.id for each in await permissions.stores.list(ctx, limit=10)] == [public.id]
        assert (await permissions.stores.get(ctx, system.id)).system
    assert not is_public(system.id)
    assert is_public(public.id)


@pytest.mark.parametrize("name", ["", "ab", "x" * 65, "a\x00bc", "<b>no</b>", "naïve"])
async def test_name_outside_the_rule_is_refused(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, name: str
) -> None:
    async with open_ctx(tenant_id) as ctx:
        with pytest.raises(InvalidQuestion):
            await permissions.stores.create(ctx, name)


@pytest.mark.parametrize(
    "text", ["", "x", "01m83tc4y6gzqs01z3pf7z6vv6", "81M83TC4Y6GZQS01Z3PF7Z6VV6", "0" * 27, "I" * 26]
)
def test_what_is_not_an_upper_case_ulid_is_not_public(text: str) -> None:
    assert not is_public(text)
