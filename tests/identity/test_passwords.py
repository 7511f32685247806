"""A password proves its user; everything else costs and says the same nothing."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import pytest
from msgspec import structs

from airside.core.clock import Clock, SystemClock
from airside.core.entropy import Entropy, SystemEntropy
from airside.core.errors import InvalidInput, LimitExceeded, NotFound, Unauthenticated
from airside.core.ids import uuid7
from airside.core.principal import Origin
from airside.core.proof import Mint
from airside.core.secret import Secret
from airside.identity import HashPool, PasswordAnswer, PasswordProof
from airside.store import Engine
from airside.store.context import Joined, Other, Params, Query, Row, Statement, Transaction
from airside.vault import Vault
from tests.identity.kit import HOME, PASSWORD, Kit, MakeTenant, make_passwords

EMAIL = "ada@example.com"


async def _guess(kit: Kit, email: str, password: str, origin: Origin = HOME) -> str:
    async with kit.open_ctx(kit.tenant_id, origin=origin) as ctx:
        try:
            await kit.passwords.prove(ctx, email, Secret(password))
        except (Unauthenticated, LimitExceeded) as refusal:
            return refusal.code
    return "proven"


async def test_the_right_password_proves_its_user(kit: Kit) -> None:
    user = await kit.user()
    proof = await kit.proof(" ADA@example.com ")
    assert proof.user_id == user.id
    assert (proof.kind, proof.amr) == ("password", ("pwd",))


async def test_a_password_typed_on_another_keyboard_is_the_same(kit: Kit) -> None:
    await kit.user(password="ma\u0301s que nada")
    assert await _guess(kit, EMAIL, "más que nada") == "proven"


@pytest.mark.parametrize(
    "guess", ["", PASSWORD[:-1], PASSWORD + " ", PASSWORD.upper(), PASSWORD + "\0", "x" * 100_000, "\ud800"]
)
async def test_a_wrong_password_proves_nothing(kit: Kit, guess: str) -> None:
    """N38: corrupted, truncated, extended, oversized."""
    await kit.user()
    assert await _guess(kit, EMAIL, guess) == "unauthenticated"


@pytest.mark.parametrize("email", ["bob@example.com", "", "no address", "\x00", "x" * 10_000, "\ud800@example.com"])
async def test_nobodys_address_proves_nothing(kit: Kit, email: str) -> None:
    """N15: unknown and impossible addresses are refused like a wrong password."""
    await kit.user()
    assert await _guess(kit, email, PASSWORD) == "unauthenticated"


async def test_a_disabled_user_proves_nothing(kit: Kit) -> None:
    """N18: and is proven again once brought back."""
    user = await kit.user()
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.users.set_state(ctx, user.id, "disabled")
    assert await _guess(kit, EMAIL, PASSWORD) == "unauthenticated"
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.users.set_state(ctx, user.id, "active")
    assert await _guess(kit, EMAIL, PASSWORD) == "proven"


async def test_a_user_without_a_password_proves_nothing(kit: Kit) -> None:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.users.create(ctx, EMAIL, "Ada")
    assert await _guess(kit, EMAIL, "") == "unauthenticated"


async def test_a_foreign_tenants_password_proves_nothing(kit: Kit, make_tenant: MakeTenant) -> None:
    """N20: wrong context."""
    await kit.user()
    assert await _guess(replace(kit, tenant_id=await make_tenant()), EMAIL, PASSWORD) == "unauthenticated"


async def test_a_new_password_replaces_the_old(kit: Kit) -> None:
    user = await kit.user()
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.passwords.set(ctx, user.id, Secret("another password"))
    assert await _guess(kit, EMAIL, PASSWORD) == "unauthenticated"
    assert await _guess(kit, EMAIL, "another password") == "proven"


@pytest.mark.parametrize("password", ["", "1234567", "x" * 257, "é" * 129, "pass\ud800word"])
async def test_a_password_out_of_bounds_is_refused_before_hashing(kit: Kit, password: str) -> None:
    user = await kit.user()
    async with kit.open_ctx(kit.tenant_id) as ctx:
        with pytest.raises(InvalidInput):
            await kit.passwords.set(ctx, user.id, Secret(password))
    assert await _guess(kit, EMAIL, PASSWORD) == "proven"


async def test_nobody_cant_have_a_password(kit: Kit) -> None:
    with pytest.raises(NotFound):
        async with kit.open_ctx(kit.tenant_id) as ctx:
            await kit.passwords.set(ctx, uuid7(ctx.now, SystemEntropy()), Secret(PASSWORD))


async def test_five_a_minute_for_one_account_from_one_origin(kit: Kit) -> None:
    """N13: neither case nor a right guess in between opens the sixth."""
    await kit.user()
    answers = [await _guess(kit, email, "wrong") for email in (EMAIL, "ADA@example.com", "Ada@EXAMPLE.com")]
    answers += [await _guess(kit, EMAIL, PASSWORD), await _guess(kit, EMAIL, "wrong")]
    assert answers == ["unauthenticated"] * 3 + ["proven", "unauthenticated"]
    assert await _guess(kit, EMAIL, PASSWORD) == "limit_exceeded"
    assert await _guess(kit, EMAIL, PASSWORD, Origin("192.0.2.99")) == "proven"


async def test_parallel_guesses_are_counted_like_those_in_a_row(kit: Kit) -> None:
    """N13"""
    await kit.user()
    answers = await asyncio.gather(*(_guess(kit, EMAIL, "wrong") for _ in range(20)))
    assert answers.count("unauthenticated") == 5


async def test_unknown_accounts_are_limited_like_known_ones(kit: Kit) -> None:
    """N15: the limit's answer says nothing about the account either."""
    answers = [await _guess(kit, "bob@example.com", "wrong") for _ in range(6)]
    assert answers == ["unauthenticated"] * 5 + ["limit_exceeded"]


async def test_an_origin_fails_ten_times_at_once_whatever_the_accounts(kit: Kit) -> None:
    """N13: one password tried at many accounts."""
    answers = [await _guess(kit, f"user{number}@example.com", "wrong") for number in range(11)]
    assert answers == ["unauthenticated"] * 10 + ["limit_exceeded"]


async def test_successes_spend_none_of_the_origins_failures(kit: Kit) -> None:
    """An office behind one address signs in more often than it may fail."""
    for number in range(12):
        email = f"user{number}@example.com"
        await kit.user(email)
        assert await _guess(kit, email, PASSWORD) == "proven"


async def test_what_a_guess_spent_stays_spent_when_the_caller_fails(kit: Kit) -> None:
    """N13: the refusal doesn't roll the limit back."""
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            await kit.proof(EMAIL, "wrong")
    with pytest.raises(LimitExceeded):
        await kit.proof(EMAIL, "wrong")


@dataclass
class _Counting:
    """A transaction that counts what goes through it, on its way to the real one."""

    inner: Transaction
    log: list[str]

    async def one(self, row: type[Row], sql: str, params: Params = ()) -> Row | None:
        self.log.append(sql)
        return await self.inner.one(row, sql, params)

    async def all(self, row: type[Row], sql: str, params: Params = ()) -> list[Row]:
        self.log.append(sql)
        return await self.inner.all(row, sql, params)

    async def two(self, first: Query[Row], second: Query[Other]) -> tuple[list[Row], list[Other]]:
        self.log += [first[1], second[1]]
        return await self.inner.two(first, second)

    async def run(self, sql: str, params: Params = ()) -> int:
        self.log.append(sql)
        return await self.inner.run(sql, params)

    async def run_many(self, statements: Sequence[Statement]) -> list[int]:
        self.log.extend(sql for sql, _ in statements)
        return await self.inner.run_many(statements)

    def put_off(self, statements: Sequence[Statement]) -> None:
        self.log.extend(sql for sql, _ in statements)
        self.inner.put_off(statements)

    def put_off_row(self, joined: Joined, row: Params) -> None:
        self.inner.put_off_row(joined, row)

    async def notify(self, channel: str, payload: str) -> None:
        await self.inner.notify(channel, payload)

    async def checkpoint(self) -> None:
        self.log.append("checkpoint")
        await self.inner.checkpoint()

    def after_commit(self, action: Callable[[], None]) -> None:
        self.inner.after_commit(action)


class _Watched(HashPool):
    """The real pool, saying what it was asked for and at what cost."""

    log: list[str]

    async def verify(self, tenant_id: UUID, stored: str, password: bytes) -> bool:
        self.log.append(f"verify {stored.rpartition('$')[0].rpartition('$')[0]}")
        return await super().verify(tenant_id, stored, password)


async def test_wrong_unknown_disabled_and_passwordless_do_the_same_work(
    kit: Kit, vault: Vault, clock: Clock, entropy: Entropy
) -> None:
    """N15: the same statements and one hash of the same parameters are what makes the time the same."""
    pool = _Watched(clock=clock, entropy=entropy)
    passwords = make_passwords(vault, entropy, pool, devices=kit.devices)
    await kit.user()
    disabled = await kit.user("disabled@example.com")
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.users.set_state(ctx, disabled.id, "disabled")
        await kit.users.create(ctx, "bare@example.com", "")
    logs: list[list[str]] = []
    for email in (EMAIL, "unknown@example.com", "disabled@example.com", "bare@example.com", "no address"):
        pool.log = []
        async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
            with pytest.raises(Unauthenticated):
                await passwords.prove(structs.replace(ctx, tx=_Counting(ctx.tx, pool.log)), email, Secret("wrong"))
        logs.append(pool.log)
    pool.close()
    assert all(log == logs[0] for log in logs)
    assert logs[0][-2:] == ["checkpoint", "verify $argon2id$v=19$m=19456,t=2,p=1"]


async def test_no_connection_is_held_while_hashing(kit: Kit) -> None:
    """Forty guesses wait for the pool; the database's twenty connections stay free for others (G43)."""
    guesses = [_guess(kit, f"u{n}@example.com", "wrong", Origin(f"192.0.2.{n}")) for n in range(20)]
    answers = await asyncio.gather(*guesses)
    assert set(answers) <= {"unauthenticated", "limit_exceeded"}


async def test_no_connection_is_held_while_a_password_is_set(
    kit: Kit, engine: Engine, vault: Vault, clock: Clock, entropy: Entropy
) -> None:
    user, go = await kit.user(), threading.Event()
    pool = HashPool(clock=clock, entropy=entropy, threads=1)
    passwords = make_passwords(vault, entropy, pool)

    async def set_anew() -> None:
        async with kit.open_ctx(kit.tenant_id) as ctx:
            await passwords.set(ctx, user.id, Secret("another password"))

    async def choose() -> None:
        async with kit.open_ctx(kit.tenant_id) as ctx:
            assert await kit.users.find_by_email(ctx, "nobody@example.com") is None
            await passwords.choose(ctx, Secret("another password"))

    async with asyncio.TaskGroup() as group:
        group.create_task(pool.work(kit.tenant_id, go.wait))
        hashing = [group.create_task(set_anew()), group.create_task(choose())]
        await asyncio.sleep(0.3)
        waiting, connections = [not task.done() for task in hashing], engine.lender.state()
        go.set()
    pool.close()
    assert all(waiting)
    assert connections.free == connections.open
    assert await _guess(kit, EMAIL, "another password") == "proven"


def test_nobody_else_makes_a_password_proof(tenant_id: UUID) -> None:
    """N12: a proof can't be made up."""
    with pytest.raises(TypeError):
        PasswordProof(tenant_id, SystemClock().now(), Mint("PasswordProof"))


def test_an_answer_prints_no_password() -> None:
    """N37"""
    assert PASSWORD not in repr(PasswordAnswer(EMAIL, Secret(PASSWORD)))
