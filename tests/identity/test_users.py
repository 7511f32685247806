"""People of a tenant, found by one spelling, stored sealed."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

import pytest

from airside.core.entropy import SystemEntropy
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.ids import uuid7
from airside.identity import User
from airside.identity.model import MAX_PAGE
from airside.vault import Unopenable, Vault
from tests.conftest import OpenContext
from tests.identity.kit import Kit, MakeTenant


async def test_a_created_user_is_found_by_id_and_by_any_spelling(kit: Kit) -> None:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        made = await kit.users.create(ctx, "Ada@Example.com", " Ada Lovelace ")
    async with kit.open_ctx(kit.tenant_id) as ctx:
        assert await kit.users.get(ctx, made.id) == made
        assert await kit.users.find_by_email(ctx, " ADA@EXAMPLE.COM") == made
    assert (made.email, made.name, made.state) == ("Ada@example.com", "Ada Lovelace", "active")


async def test_an_address_in_another_spelling_is_in_use(kit: Kit) -> None:
    await kit.user("ada@example.com")
    async with kit.open_ctx(kit.tenant_id) as ctx:
        with pytest.raises(Conflict):
            await kit.users.create(ctx, "ＡDA@example.com", "Other")


async def test_fifty_at_once_one_gets_the_address(kit: Kit) -> None:
    async def create() -> User | None:
        async with kit.open_ctx(kit.tenant_id) as ctx:
            try:
                return await kit.users.create(ctx, "ada@example.com", "Ada")
            except Conflict:
                return None

    made = await asyncio.gather(*(create() for _ in range(50)))
    assert len([user for user in made if user]) == 1


async def test_a_foreign_tenants_user_is_not_there(kit: Kit, make_tenant: MakeTenant) -> None:
    """N20: a foreign id is the same as none, and an address is free in each tenant."""
    user = await kit.user()
    async with kit.open_ctx(await make_tenant()) as ctx:
        with pytest.raises(NotFound):
            await kit.users.get(ctx, user.id)
        with pytest.raises(NotFound):
            await kit.users.set_state(ctx, user.id, "disabled")
        assert await kit.users.find_by_email(ctx, user.email) is None
        assert await kit.users.list(ctx) == []
        await kit.users.create(ctx, user.email, "Another Ada")


async def test_pages_follow_each_other_without_gap_or_overlap(kit: Kit) -> None:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        made = [(await kit.users.create(ctx, f"u{number}@example.com", "")).id for number in range(7)]
    async with kit.open_ctx(kit.tenant_id) as ctx:
        first = await kit.users.list(ctx, None, 4)
        second = await kit.users.list(ctx, first[-1].id, 4)
    assert [user.id for user in first + second] == sorted(made)


@pytest.mark.parametrize("limit", [0, -1, MAX_PAGE + 1])
async def test_a_page_out_of_range_is_refused(kit: Kit, limit: int) -> None:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        with pytest.raises(InvalidInput):
            await kit.users.list(ctx, None, limit)


@pytest.mark.parametrize("name", ["x" * 201, "Ada\nBcc: eve", "Ada\x00", "\ud800"])
async def test_a_name_that_could_break_a_line_is_refused(kit: Kit, name: str) -> None:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        with pytest.raises(InvalidInput):
            await kit.users.create(ctx, "ada@example.com", name)


async def test_an_unknown_user_cant_be_disabled(kit: Kit) -> None:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        with pytest.raises(NotFound):
            await kit.users.set_state(ctx, uuid7(ctx.now, SystemEntropy()), "disabled")


@dataclass(frozen=True)
class _Row:
    profile_sealed: bytes
    email_index: bytes


async def test_neither_address_nor_name_stands_in_the_row(open_ctx: OpenContext, kit: Kit, tenant_id: UUID) -> None:
    """N37: what a dump of the table shows."""
    await kit.user("canary@example.com", "Canary")
    async with open_ctx(tenant_id) as ctx:
        rows = await ctx.tx.all(
            _Row,
            "select profile_sealed, email_index from airside.user_account where tenant_id = %s",
            (tenant_id,),
        )
    (row,) = rows
    assert b"anary" not in row.profile_sealed + row.email_index


async def test_whose_key_is_destroyed_is_neither_read_nor_changed(kit: Kit, vault: Vault) -> None:
    """Nobody gives them another key."""
    user = await kit.user()
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await vault.persons.destroy(ctx, user.id)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        with pytest.raises(Unopenable):
            await kit.users.get(ctx, user.id)
        with pytest.raises(Unopenable):
            await kit.users.change(ctx, user.id, "bob@example.com", "Bob", verified=False)
        assert await vault.persons.of(ctx, user.id) is None


@pytest.mark.parametrize("known", [True, False], ids=["keys in memory", "keys read"])
async def test_rows_that_trade_profiles_make_no_page(kit: Kit, vault: Vault, known: bool) -> None:
    """N34: one person's name under another's id."""
    ada, bob = await kit.user("ada@example.com"), await kit.user("bob@example.com")
    async with kit.open_ctx(kit.tenant_id) as ctx:
        swap = """update airside.user_account u set profile_sealed = o.profile_sealed from airside.user_account o
                  where u.tenant_id = %s and o.tenant_id = u.tenant_id and u.user_id = %s and o.user_id = %s"""
        await ctx.tx.run(swap, (kit.tenant_id, ada.id, bob.id))
    if not known:
        vault.forget(kit.tenant_id)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        with pytest.raises(Unopenable):
            await kit.users.list(ctx)


async def test_a_page_is_shut_where_a_person_s_key_is_gone(kit: Kit, vault: Vault) -> None:
    """N37: their row alone, from an older copy, say, shows nothing."""
    user = await kit.user()
    async with kit.open_ctx(kit.tenant_id) as ctx:
        assert await kit.users.list(ctx) == [user]
        await vault.persons.destroy(ctx, user.id)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        with pytest.raises(Unopenable):
            await kit.users.list(ctx)
