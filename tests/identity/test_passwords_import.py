"""A hash of another system signs its owner in once as it is, and as our own from then on."""

import hashlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import bcrypt
import pytest
from argon2 import PasswordHasher

from airside.core.entropy import Entropy
from airside.core.errors import Inconsistent, InvalidInput, NotFound, Unauthenticated
from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.identity import PasswordPolicy
from airside.identity.kept import Kept, close, credential_place
from airside.vault import Vault
from tests.identity.kit import HOME, PASSWORD, Kit, MakeTenant, make_passwords

EMAIL = "ada@example.com"
OURS = "$argon2id$v=19$m=19456,t=2,p=1$"


def b64(raw: bytes) -> str:
    return b64encode(raw).rstrip(b"=").decode()


def of_bcrypt(password: bytes) -> str:
    return bcrypt.hashpw(password[:72], bcrypt.gensalt(8)).decode()


def of_scrypt(password: bytes) -> str:
    made = hashlib.scrypt(password, salt=b"saltsalt", n=2**13, r=8, p=1, dklen=32)
    return f"$scrypt$ln=13,r=8,p=1${b64(b'saltsalt')}${b64(made)}"


def of_django(password: bytes) -> str:
    made = hashlib.pbkdf2_hmac("sha256", password, b"saltsalt", 20_000)
    return f"pbkdf2_sha256$20000$saltsalt${b64encode(made).decode()}"


def of_argon2(password: bytes) -> str:
    return PasswordHasher(time_cost=3, memory_cost=8192, parallelism=1).hash(password)


def of_ours(password: bytes) -> str:
    """With today's parameters, but by another system: of the text as it was typed."""
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1).hash(password)


SYSTEMS = [of_bcrypt, of_scrypt, of_django, of_argon2, of_ours]
System = Callable[[bytes], str]


async def _imported(kit: Kit, stored: str, email: str = EMAIL) -> UUID:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        user = await kit.users.create(ctx, email, "Ada")
        await kit.passwords.import_hash(ctx, user.id, stored)
    return user.id


async def _exported(kit: Kit, user_id: UUID) -> str:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        found = await kit.passwords.export_hash(ctx, user_id)
    assert found is not None
    return found.reveal()


@dataclass(frozen=True)
class _Row:
    hash: bytes


async def _row(kit: Kit, user_id: UUID) -> bytes:
    select = "select hash from airside.password_credential where tenant_id = %s and user_id = %s"
    async with kit.open_ctx(kit.tenant_id) as ctx:
        row = await ctx.tx.one(_Row, select, (kit.tenant_id, user_id))
    assert row is not None
    return row.hash


@pytest.mark.parametrize("system", SYSTEMS)
async def test_an_imported_hash_signs_in_and_becomes_our_own(kit: Kit, system: System) -> None:
    stored = system(PASSWORD.encode())
    user_id = await _imported(kit, stored)
    assert await _exported(kit, user_id) == stored
    assert stored.encode() not in await _row(kit, user_id)
    with pytest.raises(Unauthenticated):
        await kit.proof(EMAIL, PASSWORD + "x")
    assert await _exported(kit, user_id) == stored, "a wrong guess renews nothing"
    assert (await kit.proof(EMAIL)).user_id == user_id
    ours = await _exported(kit, user_id)
    assert ours.startswith(OURS)
    assert ours != stored
    assert (await kit.proof(EMAIL)).user_id == user_id


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("typed", ["ma\u0301s que nada", "más que nada", "ﬁnally unligatured"])
async def test_a_hash_of_text_as_typed_verifies_and_later_any_keyboard_does(
    kit: Kit, system: System, typed: str
) -> None:
    """Other systems normalise nothing; ours does, from the first sign-in on."""
    await _imported(kit, system(typed.encode()))
    await kit.proof(EMAIL, typed)
    await kit.proof(EMAIL, typed.replace("a\u0301", "á").replace("ﬁ", "fi"))


async def test_a_long_password_that_bcrypt_cut_is_whole_from_the_first_sign_in_on(kit: Kit) -> None:
    whole = "a sentence of many words that goes on for quite a while, and then for a while more, truly"
    await _imported(kit, of_bcrypt(whole.encode()))
    await kit.proof(EMAIL, whole)
    with pytest.raises(Unauthenticated):
        await kit.proof(EMAIL, whole[:72])


@pytest.mark.parametrize("guess", ["", PASSWORD.upper(), PASSWORD + "\0", "x" * 100_000, "\ud800", "é" * 300])
async def test_a_wrong_guess_at_an_imported_hash_proves_nothing(kit: Kit, guess: str) -> None:
    """N38"""
    for number, system in enumerate(SYSTEMS):
        await _imported(kit, system(PASSWORD.encode()), f"user{number}@example.com")
        with pytest.raises(Unauthenticated):
            await kit.proof(f"user{number}@example.com", guess)


@pytest.mark.parametrize("stored", ["", PASSWORD, "$argon2id$", "$2b$04$" + "a" * 53, "x" * 10_000, "own:$argon2id$"])
async def test_what_is_no_hash_is_not_taken_over(kit: Kit, stored: str) -> None:
    user = await kit.user()
    async with kit.open_ctx(kit.tenant_id) as ctx:
        with pytest.raises(InvalidInput):
            await kit.passwords.import_hash(ctx, user.id, stored)
    await kit.proof()


async def test_nobodys_and_a_foreign_users_hash_is_not_taken_over(
    kit: Kit, make_tenant: MakeTenant, entropy: Entropy
) -> None:
    """N20"""
    user = await kit.user()
    for tenant_id, user_id in ((await make_tenant(), user.id), (kit.tenant_id, uuid7(user.created_at, entropy))):
        with pytest.raises(NotFound):
            async with kit.open_ctx(tenant_id) as ctx:
                await kit.passwords.import_hash(ctx, user_id, of_bcrypt(b"another password"))
    await kit.proof()


async def test_an_imported_password_counts_in_the_history(kit: Kit, vault: Vault, entropy: Entropy) -> None:
    passwords = make_passwords(vault, entropy, kit.hashes, policy=PasswordPolicy(history=2))
    user_id = await _imported(kit, of_bcrypt(PASSWORD.encode()))
    async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
        await passwords.change(ctx, user_id, Secret(PASSWORD), Secret("quite another sentence"))
    async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
        with pytest.raises(InvalidInput) as refusal:
            await passwords.change(ctx, user_id, Secret("quite another sentence"), Secret(PASSWORD))
    assert refusal.value.data["weakness"] == "used_before"


async def test_an_imported_hash_that_is_none_any_more_is_loud(kit: Kit, vault: Vault) -> None:
    user = await kit.user()
    update = "update airside.password_credential set hash = %s where tenant_id = %s and user_id = %s"
    async with kit.open_ctx(kit.tenant_id) as ctx:
        keyset = await vault.keyset(ctx)
        row = close(keyset, credential_place(user.id), Kept("$2b$04$too-cheap-by-now", imported=True))
        await ctx.tx.run(update, (row, kit.tenant_id, user.id))
    with pytest.raises(Inconsistent):
        await kit.proof()
