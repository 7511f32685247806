"""Tenants' keys in the database: made once, bound to their row, held in memory for a bounded time."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from uuid import UUID

import psycopg
import pytest

from airside.core.clock import Clock, FixedClock
from airside.core.entropy import Entropy
from airside.core.errors import Inconsistent, Unavailable
from airside.core.ids import uuid7
from airside.store import Engine, RequestContext, UniqueViolation
from airside.vault import Keyset, LocalKek, Place, Unopenable, Vault
from airside.vault.kms.remote import away
from airside.vault.vault import KEYSET_LIFETIME, STALE_LIFETIME

Open = Callable[..., AbstractAsyncContextManager[RequestContext]]


class Change(Exception):
    """Stands for whatever makes a request fail halfway."""


@pytest.fixture
def standing(clock: Clock) -> FixedClock:
    return FixedClock(clock.now())


@pytest.fixture
def own_vault(kek: LocalKek, entropy: Entropy, standing: FixedClock) -> Vault:
    """A vault with nothing in memory and a clock of its own."""
    return Vault(kek=kek, entropy=entropy, clock=standing)


def place(row_id: UUID) -> Place:
    return Place("user_account", "profile_sealed", row_id)


async def test_another_process_opens_what_this_one_sealed(
    open_ctx: Open, tenant_id: UUID, vault: Vault, own_vault: Vault
) -> None:
    async with open_ctx(tenant_id) as ctx:
        sealed = (await vault.keyset(ctx)).seal(place(tenant_id), b"ada@example.org")
        assert (await own_vault.keyset(ctx)).open(place(tenant_id), sealed) == b"ada@example.org"


async def test_keys_in_the_database_are_wrapped(tenant_id: UUID, superuser_dsn: str, kek: LocalKek) -> None:
    async with await psycopg.AsyncConnection.connect(superuser_dsn) as connection:
        cursor = await connection.execute(
            "select purpose, wrapped, kek_id, state from airside.tenant_key where tenant_id = %s", (tenant_id,)
        )
        rows = await cursor.fetchall()
    assert {row[0] for row in rows} == {"data", "index", "derive"}
    assert {(len(row[1]), row[2], row[3]) for row in rows} == {(32 + 45, kek.key_id, "active")}


async def test_second_set_of_keys_is_refused(open_ctx: Open, tenant_id: UUID, vault: Vault) -> None:
    with pytest.raises(UniqueViolation):
        async with open_ctx(tenant_id) as ctx:
            await vault.create(ctx)


async def test_tenant_without_keys_seals_nothing(open_ctx: Open, clock: Clock, entropy: Entropy, vault: Vault) -> None:
    with pytest.raises(Inconsistent):
        async with open_ctx(uuid7(clock.now(), entropy)) as ctx:
            await vault.keyset(ctx)


async def test_two_tenants_in_the_database_open_nothing_of_each_other(
    open_ctx: Open, make_tenant: Callable[[], Awaitable[UUID]], tenant_id: UUID, vault: Vault
) -> None:
    """N20"""
    other_id = await make_tenant()
    keysets: list[Keyset] = []
    for each in (tenant_id, other_id):
        async with open_ctx(each) as ctx:
            keysets.append(await vault.keyset(ctx))
    one, other = keysets
    for here, there in ((one, other), (other, one)):
        with pytest.raises(Unopenable):
            there.open(place(tenant_id), here.seal(place(tenant_id), b"x"))


async def test_wrapped_keys_that_traded_rows_don_t_open(
    open_ctx: Open, tenant_id: UUID, own_vault: Vault, superuser_dsn: str
) -> None:
    """A wrapped key is bound to tenant, id and purpose."""
    async with await psycopg.AsyncConnection.connect(superuser_dsn) as connection:
        await connection.execute(
            "update airside.tenant_key k set wrapped = o.wrapped from airside.tenant_key o"
            " where k.tenant_id = %s and o.tenant_id = k.tenant_id and k.purpose = 'index' and o.purpose = 'derive'",
            (tenant_id,),
        )
    with pytest.raises(Unopenable):
        async with open_ctx(tenant_id) as ctx:
            await own_vault.keyset(ctx)


async def test_another_key_encryption_key_opens_no_tenant(
    open_ctx: Open, tenant_id: UUID, entropy: Entropy, clock: Clock, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("other") / "kek"
    stranger = Vault(kek=LocalKek.create(path, development=False, entropy=entropy), entropy=entropy, clock=clock)
    with pytest.raises(Unopenable):
        async with open_ctx(tenant_id) as ctx:
            await stranger.keyset(ctx)


async def test_keyset_is_held_for_its_lifetime_and_no_longer(
    open_ctx: Open, tenant_id: UUID, own_vault: Vault, standing: FixedClock
) -> None:
    async def now_held() -> Keyset:
        async with open_ctx(tenant_id) as ctx:
            return await own_vault.keyset(ctx)

    first = await now_held()
    standing.advance(KEYSET_LIFETIME - 1)
    assert await now_held() is first
    standing.advance(1)
    assert await now_held() is not first


async def test_keys_of_a_rolled_back_transaction_seal_nothing_later(
    open_ctx: Open, engine: Engine, clock: Clock, entropy: Entropy, own_vault: Vault
) -> None:
    """What was created and never committed is forgotten: the next attempt makes keys that last."""
    tenant_id = uuid7(clock.now(), entropy)

    async def failing() -> Keyset:
        async with open_ctx(tenant_id) as ctx:
            await own_vault.create(ctx)
            lost.append(await own_vault.keyset(ctx))
            raise Change

    lost: list[Keyset] = []
    with pytest.raises(Change):
        await failing()
    async with open_ctx(tenant_id) as ctx:
        await own_vault.create(ctx)
    async with open_ctx(tenant_id) as ctx:
        kept = await own_vault.keyset(ctx)
    with pytest.raises(Unopenable):
        lost[0].open(place(tenant_id), kept.seal(place(tenant_id), b"x"))


async def test_application_role_changes_no_key_of_another_tenant(
    open_ctx: Open, tenant_id: UUID, make_tenant: Callable[[], Awaitable[UUID]]
) -> None:
    """N20: rotation and shredding change keys, of their own tenant alone."""
    other_id = await make_tenant()
    for statement in (
        "update airside.tenant_key set state = 'retired' where tenant_id = %s",
        "delete from airside.tenant_key where tenant_id = %s",
        "delete from airside.seal_block where tenant_id = %s",
    ):
        async with open_ctx(tenant_id) as ctx:
            assert await ctx.tx.run(statement, (other_id,)) == 0


class Failing:
    """A key that is away when it is told to be."""

    def __init__(self, kek: LocalKek) -> None:
        self._kek = kek
        self.away = False

    @property
    def key_id(self) -> str:
        return self._kek.key_id

    async def seal(self, plaintext: bytes, aad: bytes) -> bytes:
        if self.away:
            raise away("test")
        return await self._kek.seal(plaintext, aad)

    async def open(self, ciphertext: bytes, aad: bytes) -> bytes:
        if self.away:
            raise away("test")
        return await self._kek.open(ciphertext, aad)


async def test_keys_in_memory_outlast_a_key_service_that_is_away_for_a_bounded_time(
    open_ctx: Open, tenant_id: UUID, kek: LocalKek, entropy: Entropy, standing: FixedClock
) -> None:
    failing = Failing(kek)
    vault = Vault(kek=failing, entropy=entropy, clock=standing)
    async with open_ctx(tenant_id) as ctx:
        keyset = await vault.keyset(ctx)
    failing.away = True
    standing.advance(STALE_LIFETIME - 1)
    async with open_ctx(tenant_id) as ctx:
        assert await vault.keyset(ctx) is keyset
    standing.advance(1)
    with pytest.raises(Unavailable):
        async with open_ctx(tenant_id) as ctx:
            await vault.keyset(ctx)
    failing.away = False
    async with open_ctx(tenant_id) as ctx:
        assert await vault.keyset(ctx) is not keyset


async def test_keys_that_were_taken_away_in_the_database_don_t_outlast_anything(
    open_ctx: Open, tenant_id: UUID, kek: LocalKek, entropy: Entropy, standing: FixedClock, superuser_dsn: str
) -> None:
    failing = Failing(kek)
    vault = Vault(kek=failing, entropy=entropy, clock=standing)
    async with open_ctx(tenant_id) as ctx:
        await vault.keyset(ctx)
    failing.away = True
    standing.advance(KEYSET_LIFETIME)
    async with await psycopg.AsyncConnection.connect(superuser_dsn) as connection:
        await connection.execute(
            "update airside.tenant_key set wrapped = %s where tenant_id = %s and purpose = 'data'", (b"x", tenant_id)
        )
    with pytest.raises(Unavailable):
        async with open_ctx(tenant_id) as ctx:
            await vault.keyset(ctx)
