"""A stored hash is sealed for its row: the pepper (decision 0012)."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from psycopg import AsyncConnection

from airside.core.clock import Clock, SystemClock
from airside.core.entropy import Entropy, SystemEntropy
from airside.core.errors import Inconsistent, NotFound, TooLarge, Unauthenticated
from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.identity import HashPool
from airside.identity.kept import Kept, close, credential_place, history_place, read
from airside.vault import Keyset, Place, Unopenable, Vault
from airside.vault.fields import tenant_key_context
from airside.vault.kms.local import LocalKek
from tests.identity.kit import HOME, PASSWORD, Kit, make_passwords

ENTROPY = SystemEntropy()
ADA, BOB, TENANT = (uuid7(SystemClock().now(), ENTROPY) for _ in range(3))
OLD_KEY, NEW_KEY = (uuid7(SystemClock().now(), ENTROPY) for _ in range(2))
TEXT = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"
KEYS = {key: Secret(ENTROPY.bytes(32)) for key in (OLD_KEY, NEW_KEY)}
INDEX, DERIVE = Secret(ENTROPY.bytes(32)), Secret(ENTROPY.bytes(32))

CHANGES: list[Callable[[bytes], bytes]] = [
    lambda row: row[:-1],
    lambda row: row[:20],
    lambda row: b"",
    lambda row: row + b"\0",
    lambda row: row[:-1] + bytes([row[-1] ^ 1]),
    lambda row: row[:40] + bytes([row[40] ^ 1]) + row[41:],
    lambda row: b"\2" + row[1:],
    lambda row: b"$argon2i$" + row,
]


def keyset(active: UUID, *held: UUID, tenant_id: UUID = TENANT) -> Keyset:
    data = {key: KEYS[key] for key in (active, *held)}
    return Keyset(tenant_id=tenant_id, data=data, active=active, index=INDEX, derive=DERIVE, entropy=ENTROPY)


@pytest.mark.parametrize("imported", [False, True])
def test_what_was_closed_opens_as_it_was(imported: bool) -> None:
    row = close(keyset(NEW_KEY), credential_place(ADA), Kept(TEXT, imported))
    assert TEXT.encode() not in row
    assert read(keyset(NEW_KEY), credential_place(ADA), row) == Kept(TEXT, imported)


@pytest.mark.parametrize("place", [credential_place(BOB), history_place(ADA)])
def test_a_hash_moved_to_another_row_opens_nowhere(place: Place) -> None:
    """N38, wrong context: nobody gets in by copying their own hash over somebody else's."""
    row = close(keyset(NEW_KEY), credential_place(ADA), Kept(TEXT))
    with pytest.raises(Unopenable):
        read(keyset(NEW_KEY), place, row)


def test_another_tenants_hash_opens_nowhere() -> None:
    row = close(keyset(NEW_KEY), credential_place(ADA), Kept(TEXT))
    with pytest.raises(Unopenable):
        read(keyset(NEW_KEY, tenant_id=BOB), credential_place(ADA), row)


@pytest.mark.parametrize("change", CHANGES)
def test_a_corrupted_or_truncated_row_is_refused(change: Callable[[bytes], bytes]) -> None:
    """N38"""
    row = close(keyset(NEW_KEY), credential_place(ADA), Kept(TEXT))
    with pytest.raises(Unopenable):
        read(keyset(NEW_KEY), credential_place(ADA), change(row))


def test_an_oversized_hash_is_not_sealed() -> None:
    with pytest.raises(TooLarge):
        close(keyset(NEW_KEY), credential_place(ADA), Kept("x" * 70_000))


def test_a_seal_over_something_else_is_an_inconsistency() -> None:
    """Wire format: what it seals says what it is."""
    row = keyset(NEW_KEY).seal(credential_place(ADA), TEXT.encode())
    with pytest.raises(Inconsistent):
        read(keyset(NEW_KEY), credential_place(ADA), row)


def test_a_row_from_before_sealing_is_read_and_stale() -> None:
    assert read(keyset(NEW_KEY), credential_place(ADA), TEXT.encode()) == Kept(TEXT, stale=True)


def test_a_hash_under_the_key_before_is_read_and_stale_and_without_that_key_not_at_all() -> None:
    row = close(keyset(OLD_KEY), credential_place(ADA), Kept(TEXT))
    assert read(keyset(NEW_KEY, OLD_KEY), credential_place(ADA), row) == Kept(TEXT, stale=True)
    with pytest.raises(Unopenable):
        read(keyset(NEW_KEY), credential_place(ADA), row)


def test_a_hash_prints_nothing() -> None:
    """N37"""
    assert "argon2" not in repr(Kept(TEXT))


async def _rotate(superuser_dsn: str, kit: Kit, kek: LocalKek) -> UUID:
    """Retire the tenant's data key for a new one, as an operator with the key encryption key would; the new one."""
    key_id = uuid7(SystemClock().now(), ENTROPY)
    wrapped = await kek.seal(ENTROPY.bytes(32), tenant_key_context(kit.tenant_id, key_id, "data"))
    async with await AsyncConnection.connect(superuser_dsn) as connection:
        retire = "update airside.tenant_key set state = 'retired' where tenant_id = %s and purpose = 'data'"
        await connection.execute(retire, (kit.tenant_id,))
        create = (
            "insert into airside.tenant_key (tenant_id, key_id, purpose, wrapped, kek_id, created_at, state)"
            " values (%s, %s, 'data', %s, %s, %s, 'active')"
        )
        row = (kit.tenant_id, key_id, wrapped, kek.key_id, SystemClock().now())
        await connection.execute(create, row)
    return key_id


async def test_the_pepper_is_rotated_at_sign_in_and_for_everybody_else_without_them(
    kit: Kit, superuser_dsn: str, kek: LocalKek, clock: Clock, entropy: Entropy, hashes: HashPool
) -> None:
    ada, bob = await kit.user(), await kit.user("bob@example.com")
    new = await _rotate(superuser_dsn, kit, kek)
    vault = Vault(kek=kek, entropy=entropy, clock=clock)  # another process, or this one five minutes later
    passwords = make_passwords(vault, entropy, hashes)
    async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
        with pytest.raises(Unauthenticated):
            await passwords.prove(ctx, ada.email, Secret("wrong"))
        assert (await passwords.prove(ctx, ada.email, Secret(PASSWORD))).user_id == ada.id
    assert (await _row(kit, ada.id))[1:17] == new.bytes
    assert (await _row(kit, bob.id))[1:17] != new.bytes
    async with kit.open_ctx(kit.tenant_id) as ctx:
        assert await passwords.reseal(ctx) == 1
    assert (await _row(kit, bob.id))[1:17] == new.bytes
    async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
        assert (await passwords.prove(ctx, bob.email, Secret(PASSWORD))).user_id == bob.id


@dataclass(frozen=True)
class _Hash:
    hash: bytes


async def _row(kit: Kit, user_id: UUID) -> bytes:
    select = "select hash from airside.password_credential where tenant_id = %s and user_id = %s"
    async with kit.open_ctx(kit.tenant_id) as ctx:
        row = await ctx.tx.one(_Hash, select, (kit.tenant_id, user_id))
    assert row is not None
    return row.hash


async def _write(kit: Kit, user_id: UUID, row: bytes) -> None:
    update = "update airside.password_credential set hash = %s where tenant_id = %s and user_id = %s"
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await ctx.tx.run(update, (row, kit.tenant_id, user_id))


async def _exported(kit: Kit, user_id: UUID) -> str:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        found = await kit.passwords.export_hash(ctx, user_id)
    assert found is not None
    return found.reveal()


async def test_nothing_of_a_hash_stands_in_the_database(kit: Kit) -> None:
    user = await kit.user()
    row, text = await _row(kit, user.id), await _exported(kit, user.id)
    assert text.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert not any(part.encode() in row for part in text.split("$") if part)


async def test_a_hash_copied_to_another_user_lets_nobody_in(kit: Kit) -> None:
    """N38"""
    ada, bob = await kit.user(), await kit.user("bob@example.com", password="bobs very own words")
    await _write(kit, ada.id, await _row(kit, bob.id))
    with pytest.raises(Unopenable):
        await kit.proof(password="bobs very own words")


async def test_a_plain_hash_with_old_parameters_is_renewed_and_sealed_at_sign_in(kit: Kit) -> None:
    user = await kit.user()
    await _write(kit, user.id, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD).encode())
    with pytest.raises(Unauthenticated):
        await kit.proof(password="wrong")
    assert (await _row(kit, user.id)).startswith(b"$argon2id$")
    await kit.proof()
    assert (await _exported(kit, user.id)).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert not (await _row(kit, user.id)).startswith(b"$")
    await kit.proof()


async def test_a_plain_hash_of_today_is_sealed_as_it_is_at_sign_in(kit: Kit) -> None:
    user = await kit.user()
    text = await _exported(kit, user.id)
    await _write(kit, user.id, text.encode())
    await kit.proof()
    assert not (await _row(kit, user.id)).startswith(b"$")
    assert await _exported(kit, user.id) == text


async def test_resealing_needs_no_password(kit: Kit) -> None:
    """Present and former hashes alike; a second time there is nothing left to do."""
    people = [await kit.user(f"user{number}@example.com") for number in range(3)]
    for user in people:
        await _write(kit, user.id, (await _exported(kit, user.id)).encode())
    async with kit.open_ctx(kit.tenant_id) as ctx:
        assert await kit.passwords.reseal(ctx) == 3
    async with kit.open_ctx(kit.tenant_id) as ctx:
        assert await kit.passwords.reseal(ctx) == 0
    for number, user in enumerate(people):
        assert not (await _row(kit, user.id)).startswith(b"$")
        await kit.proof(f"user{number}@example.com")


async def test_an_unreadable_row_is_loud_and_lets_nobody_in(kit: Kit) -> None:
    user = await kit.user()
    await _write(kit, user.id, b"\xff" + PASSWORD.encode())
    with pytest.raises(Unopenable):
        await kit.proof()


async def test_nobodys_hash_is_not_exported(kit: Kit, entropy: Entropy) -> None:
    async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
        assert await kit.passwords.export_hash(ctx, uuid7(ctx.now, entropy)) is None
        with pytest.raises(NotFound):
            await kit.passwords.demand_change(ctx, uuid7(ctx.now, entropy))
