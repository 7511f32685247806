"""N30, N36: a cursor is what we made, for the tenant and the list that we made it for."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from uuid import UUID

import pytest

from airside.api.cursors import MAX_CURSOR, Cursors
from airside.core.errors import InvalidInput
from airside.store import RequestContext
from airside.vault import Vault
from tests.makers import MakeTenant

OpenContext = Callable[..., AbstractAsyncContextManager[RequestContext]]


@pytest.fixture
def cursors(vault: Vault) -> Cursors:
    return Cursors(vault=vault)


@pytest.mark.parametrize("position", [b"", b"x", b'["user:anne","viewer","doc:1"]', bytes(1000)])
async def test_position_comes_back(cursors: Cursors, open_ctx: OpenContext, tenant_id: UUID, position: bytes) -> None:
    async with open_ctx(tenant_id) as ctx:
        assert await cursors.verify(ctx, "list", await cursors.sign(ctx, "list", position)) == position


async def test_cursor_of_another_tenant_or_list_is_refused(
    cursors: Cursors, open_ctx: OpenContext, make_tenant: MakeTenant, tenant_id: UUID
) -> None:
    async with open_ctx(await make_tenant()) as ctx:
        foreign = await cursors.sign(ctx, "list", b"here")
    async with open_ctx(tenant_id) as ctx:
        other = await cursors.sign(ctx, "list of others", b"here")
        shifted = await cursors.sign(ctx, "lis", b"there")
        for cursor in (foreign, other, shifted):
            with pytest.raises(InvalidInput):
                await cursors.verify(ctx, "list", cursor)


async def test_changed_cursor_is_refused(cursors: Cursors, open_ctx: OpenContext, tenant_id: UUID) -> None:
    """Every single character, one less, one more, padding, and no cursor at all."""
    async with open_ctx(tenant_id) as ctx:
        cursor = await cursors.sign(ctx, "list", b"position")
        changed = {cursor[:place] + other + cursor[place + 1 :] for place in range(len(cursor)) for other in "A_="}
        changed |= {
            cursor[:-1],
            cursor + "A",
            cursor + "=",
            cursor + "\n",
            " " + cursor,
            "",
            "é",
            "A" * (MAX_CURSOR + 4),
        }
        for each in changed - {cursor}:
            with pytest.raises(InvalidInput):
                await cursors.verify(ctx, "list", each)
            with pytest.raises(InvalidInput):
                await cursors.read(ctx, "list", each)


async def test_cursor_that_names_no_row_is_refused_where_a_row_is_wanted(
    cursors: Cursors, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    async with open_ctx(tenant_id) as ctx:
        assert await cursors.read(ctx, "list", await cursors.make(ctx, "list", tenant_id)) == tenant_id
        short = await cursors.sign(ctx, "list", b"short")
        with pytest.raises(InvalidInput):
            await cursors.read(ctx, "list", short)
