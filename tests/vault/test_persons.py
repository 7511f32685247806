"""A person's own key."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import TooLarge
from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.store import Listener
from airside.vault import (
    Keyset,
    PersonKey,
    Place,
    Unopenable,
    Vault,
    envelope,
    open_personal,
    person_of,
    records_persons,
)
from airside.vault.kms.local import LocalKek
from tests.makers import MakeTenant, OpenContext

TENANT, ALICE, BOB = UUID(int=1), UUID(int=2), UUID(int=3)
PLACE = Place("user_account", "profile_sealed", ALICE)

NEW_USER = """
insert into airside.user_account (
    tenant_id, user_id, profile_sealed, email_index, email_domain_index, state, created_at)
values (%s, %s, '', %s, '', 'active', now())
"""


@dataclass(frozen=True)
class Wrapped:
    wrapped: bytes


@pytest.fixture
async def alice(vault: Vault, open_ctx: OpenContext, tenant_id: UUID, entropy: Entropy) -> UUID:
    return await new_user(vault, open_ctx, tenant_id, entropy)


async def new_user(vault: Vault, open_ctx: OpenContext, tenant_id: UUID, entropy: Entropy) -> UUID:
    async with open_ctx(tenant_id) as ctx:
        user_id = uuid7(ctx.now, entropy)
        drawn = await vault.persons.draw(ctx, user_id)
        await ctx.tx.run(NEW_USER, (tenant_id, user_id, user_id.bytes))
        vault.persons.keep(ctx, drawn)
    return user_id


def key(entropy: Entropy, user_id: UUID = ALICE, tenant_id: UUID = TENANT) -> PersonKey:
    return PersonKey(tenant_id=tenant_id, user_id=user_id, key=Secret(bytes(32)), entropy=entropy)


def test_round_trip(entropy: Entropy) -> None:
    assert key(entropy).open(PLACE, key(entropy).seal(PLACE, b"alice@example.org")) == b"alice@example.org"


@pytest.mark.parametrize(
    "place", [Place("other", "profile_sealed", ALICE), Place("user_account", "profile_sealed", BOB)]
)
def test_wrong_context_is_refused(entropy: Entropy, place: Place) -> None:
    """N34: another table, row, person or tenant, with the very same key."""
    sealed = key(entropy).seal(PLACE, b"x")
    for stranger in (key(entropy, BOB), key(entropy, ALICE, BOB)):
        with pytest.raises(Unopenable):
            stranger.open(PLACE, sealed)
    with pytest.raises(Unopenable):
        key(entropy).open(place, sealed)


def test_corrupted_and_truncated_are_refused(entropy: Entropy) -> None:
    sealed = key(entropy).seal(PLACE, b"alice@example.org")
    for at in range(len(sealed)):
        changed = bytes([*sealed[:at], sealed[at] ^ 1, *sealed[at + 1 :]])
        for spoiled in (changed, sealed[:at]):
            with pytest.raises(Unopenable):
                key(entropy).open(PLACE, spoiled)


def test_oversized_is_refused(entropy: Entropy) -> None:
    with pytest.raises(TooLarge):
        key(entropy).seal(PLACE, bytes(envelope.MAX_PLAINTEXT + 1))
    with pytest.raises(Unopenable):
        key(entropy).open(PLACE, bytes([2]) + bytes(envelope.MAX_PLAINTEXT + envelope.OVERHEAD))


def test_wire_format(entropy: Entropy) -> None:
    """Version 2, the person's id, nonce, ciphertext, tag; told apart from what the tenant's key sealed."""
    sealed = key(entropy).seal(PLACE, b"abc")
    assert sealed[:17] == bytes([2]) + ALICE.bytes
    assert len(sealed) == 17 + 12 + 3 + 16
    assert person_of(sealed) == ALICE
    with pytest.raises(Unopenable):
        person_of(bytes([3]) + sealed[1:])


async def test_what_the_tenant_s_key_sealed_before_stays_readable(
    vault: Vault, open_ctx: OpenContext, tenant_id: UUID, alice: UUID
) -> None:
    async with open_ctx(tenant_id) as ctx:
        keyset, person = await vault.keyset(ctx), await vault.persons.of(ctx, alice)
    assert person is not None
    assert open_personal(keyset, person, PLACE, keyset.seal(PLACE, b"old")) == b"old"
    assert open_personal(keyset, person, PLACE, person.seal(PLACE, b"new")) == b"new"


async def test_keys_of_many_are_read_by_one_statement_and_nobody_else_s(
    kek: LocalKek,
    clock: Clock,
    entropy: Entropy,
    vault: Vault,
    open_ctx: OpenContext,
    tenant_id: UUID,
    make_tenant: MakeTenant,
) -> None:
    """N20: another tenant finds none of them."""
    people = [await new_user(vault, open_ctx, tenant_id, entropy) for _ in range(5)]
    other = Vault(kek=kek, entropy=entropy, clock=clock)
    async with open_ctx(tenant_id) as ctx:
        assert (await other.persons.several(ctx, [*people, BOB])).keys() == set(people)
    async with open_ctx(await make_tenant()) as ctx:
        assert await other.persons.several(ctx, people) == {}


async def test_rows_that_trade_keys_open_nothing(
    kek: LocalKek, clock: Clock, entropy: Entropy, vault: Vault, open_ctx: OpenContext, tenant_id: UUID, alice: UUID
) -> None:
    bob = await new_user(vault, open_ctx, tenant_id, entropy)
    async with open_ctx(tenant_id) as ctx:
        sql = "select wrapped from airside.person_key where tenant_id = %s and user_id = %s"
        row = await ctx.tx.one(Wrapped, sql, (tenant_id, alice))
        assert row is not None
        update = "update airside.person_key set wrapped = %s where tenant_id = %s and user_id = %s"
        await ctx.tx.run(update, (row.wrapped, tenant_id, bob))
    async with open_ctx(tenant_id) as ctx:
        with pytest.raises(Unopenable):
            await Vault(kek=kek, entropy=entropy, clock=clock).persons.of(ctx, bob)


async def test_destroyed_key_is_gone_from_another_process_within_moments(
    kek: LocalKek,
    clock: Clock,
    entropy: Entropy,
    vault: Vault,
    open_ctx: OpenContext,
    tenant_id: UUID,
    alice: UUID,
    make_listener: Callable[[], Listener],
) -> None:
    """Not when it has grown old in memory: at once."""
    other, listener = Vault(kek=kek, entropy=entropy, clock=clock), make_listener()
    other.listen(listener)
    await listener.start()
    try:
        async with open_ctx(tenant_id) as ctx:
            assert await other.persons.of(ctx, alice) is not None
        async with open_ctx(tenant_id) as ctx:
            assert await vault.persons.destroy(ctx, alice)
        async with asyncio.timeout(2):
            while True:
                async with open_ctx(tenant_id) as ctx:
                    if await other.persons.of(ctx, alice) is None:
                        break
                await asyncio.sleep(0.01)
    finally:
        await listener.stop()


async def test_keys_live_and_die_with_their_transaction(
    vault: Vault, open_ctx: OpenContext, tenant_id: UUID, alice: UUID
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with open_ctx(tenant_id) as ctx:
            await vault.persons.destroy(ctx, alice)
            raise ZeroDivisionError
    async with open_ctx(tenant_id) as ctx:
        assert [row.user_id for row in await records_persons.several(ctx, [alice])] == [alice]
        assert isinstance(await vault.keyset(ctx), Keyset)
