"""A password is changed by who knows it, into one that is good enough, and once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import TypeVar
from uuid import UUID

import pytest
from msgspec import structs

from airside.core.clock import SystemClock
from airside.core.entropy import Entropy
from airside.core.errors import Inconsistent, InvalidInput, NotFound, Refusal, Unauthenticated, Unavailable
from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.identity import (
    HashPool,
    NewPasswordAnswer,
    NewPasswordAuthenticator,
    PasswordAnswer,
    PasswordPolicy,
    Passwords,
)
from airside.limits import Demand
from airside.store import RequestContext
from airside.vault import Vault
from tests.identity.attempts import Login
from tests.identity.kit import HOME, PASSWORD, Kit, MakeTenant, make_passwords

Result = TypeVar("Result")
NEW = "quite another sentence"
EMAIL = "ada@example.com"


async def _change(kit: Kit, user_id: UUID, old: str, new: str, passwords: Passwords | None = None) -> str:
    """ "changed", or why not."""
    try:
        async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
            await (passwords or kit.passwords).change(ctx, user_id, Secret(old), Secret(new))
    except InvalidInput as refusal:
        return str(refusal.data["weakness"])
    except Refusal as refusal:
        return refusal.code
    return "changed"


async def _guess(kit: Kit, user_id: UUID, old: str) -> str:
    """As `_change`, by somebody who asks again when too much is waiting to be hashed."""
    while (answer := await _change(kit, user_id, old, NEW)) == "unavailable":  # noqa: ASYNC110 - no event tells when the queue is shorter
        await asyncio.sleep(0.2)
    return answer


async def _proves(kit: Kit, password: str) -> bool:
    try:
        await kit.proof(EMAIL, password)
    except Unauthenticated:
        return False
    return True


async def test_a_changed_password_proves_and_the_old_one_does_not(kit: Kit) -> None:
    user = await kit.user()
    assert await _change(kit, user.id, PASSWORD, NEW) == "changed"
    assert await _proves(kit, NEW)
    assert not await _proves(kit, PASSWORD)


async def test_the_proof_of_a_change_starts_a_session_and_the_one_before_it_none(kit: Kit) -> None:
    """N12: a proof of the old password has no worth after the change."""
    user = await kit.user()
    before = await kit.proof()
    async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
        after = await kit.passwords.change(ctx, user.id, Secret(PASSWORD), Secret(NEW))
        assert (after.user_id, after.at, after.kind) == (user.id, ctx.now, "password")
        await kit.sessions.start(ctx, [after])
    async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
        with pytest.raises(Unauthenticated):
            await kit.sessions.start(ctx, [before])


@pytest.mark.parametrize(
    "old", ["", "wrong", PASSWORD.upper(), PASSWORD[:-1], PASSWORD + "\0", "x" * 100_000, "\ud800"]
)
async def test_without_the_old_password_nothing_changes(kit: Kit, old: str) -> None:
    """N38: corrupted, truncated, extended, oversized."""
    user = await kit.user()
    assert await _change(kit, user.id, old, NEW) == "unauthenticated"
    assert await _proves(kit, PASSWORD)


async def test_nobody_and_who_has_none_and_the_disabled_and_a_foreign_user_change_nothing(
    kit: Kit, make_tenant: MakeTenant, entropy: Entropy
) -> None:
    """N18, N20: refused like a wrong password."""
    async with kit.open_ctx(kit.tenant_id) as ctx:
        nobody = uuid7(ctx.now, entropy)
        bare = (await kit.users.create(ctx, "bare@example.com", "")).id
    disabled = (await kit.user("disabled@example.com")).id
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.users.set_state(ctx, disabled, "disabled")
    foreign = replace(kit, tenant_id=await make_tenant())
    for where, user_id in ((kit, nobody), (kit, bare), (kit, disabled), (foreign, (await kit.user()).id)):
        assert await _change(where, user_id, PASSWORD, NEW) == "unauthenticated"


async def test_a_stolen_session_guesses_ten_times_a_day(kit: Kit) -> None:
    """N13: in parallel, and with the right one afterwards; the person's own sign-in goes on."""
    user = await kit.user()
    answers = await asyncio.gather(*(_guess(kit, user.id, f"guess {number}") for number in range(14)))
    assert sorted(answers) == ["limit_exceeded"] * 4 + ["unauthenticated"] * 10
    assert await _change(kit, user.id, PASSWORD, NEW) == "limit_exceeded"
    assert await _proves(kit, PASSWORD)


class _Crowded(HashPool):
    """The real pool, which others fill between the question whether there is room and the work."""

    crowded = True

    async def work(self, tenant_id: UUID, work: Callable[[], Result]) -> Result:
        if self.crowded:
            raise Unavailable("password hashing", 1.0)
        return await super().work(tenant_id, work)


async def test_what_found_no_room_to_be_compared_was_no_guess(kit: Kit, vault: Vault, entropy: Entropy) -> None:
    user = await kit.user()
    pool = _Crowded(clock=SystemClock(), entropy=entropy)
    passwords = make_passwords(vault, entropy, pool)
    for _ in range(12):
        assert await _change(kit, user.id, "wrong", NEW, passwords) == "unavailable"
        with pytest.raises(Unavailable):
            async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
                await passwords.prove(ctx, EMAIL, Secret("wrong"))
    pool.crowded = False
    assert [await _change(kit, user.id, "wrong", NEW, passwords) for _ in range(11)] == [
        *["unauthenticated"] * 10,
        "limit_exceeded",
    ]
    async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
        assert (await passwords.prove(ctx, EMAIL, Secret(PASSWORD))).user_id == user.id
    pool.close()


async def test_who_knows_the_old_one_spends_nothing_on_weak_new_ones(kit: Kit) -> None:
    user = await kit.user()
    for _ in range(12):
        assert await _change(kit, user.id, PASSWORD, "password1") == "common"
    assert await _change(kit, user.id, PASSWORD, NEW) == "changed"


@pytest.mark.parametrize(
    ("new", "weakness"),
    [("short", "too_short"), ("12345678", "common"), (EMAIL, "personal"), ("aaaaaaaaaaa", "guessable")],
)
async def test_a_change_into_a_weak_password_is_refused(kit: Kit, new: str, weakness: str) -> None:
    user = await kit.user()
    assert await _change(kit, user.id, PASSWORD, new) == weakness
    assert await _proves(kit, PASSWORD)


@pytest.mark.parametrize("same", ["más que nada solo", "ma\u0301s que nada solo"])
async def test_a_change_into_the_same_password_is_refused_in_any_spelling(kit: Kit, same: str) -> None:
    user = await kit.user(password="más que nada solo")
    assert await _change(kit, user.id, "más que nada solo", same) == "used_before"


class _Unlimited:
    """Implements `Limiter`: counts nothing, so that all of fifty get as far as the race."""

    async def spend(self, ctx: RequestContext, demands: Sequence[Demand], *, cost: int = 1) -> None: ...

    async def refund(self, ctx: RequestContext, demands: Sequence[Demand], *, cost: int = 1) -> None: ...

    async def aclose(self) -> None: ...


async def test_fifty_changes_at_once_one_wins(kit: Kit, vault: Vault, entropy: Entropy) -> None:
    """The old password is spent by one statement: who read it before is told so, who came later is wrong."""
    user = await kit.user()
    passwords = make_passwords(vault, entropy, kit.hashes, limiter=_Unlimited())
    answers = await asyncio.gather(*(_change(kit, user.id, PASSWORD, f"{NEW} {n}", passwords) for n in range(50)))
    assert answers.count("changed") == 1, answers
    # `unavailable`: a hundred and fifty hashes are more than the pool lets wait.
    assert set(answers) <= {"changed", "conflict", "unauthenticated", "unavailable"}
    assert "conflict" in answers


class _Interrupted(HashPool):
    """The real pool, in which something happens before a new password is hashed."""

    happens: Callable[[], Awaitable[None]]

    async def hash(self, tenant_id: UUID, password: bytes) -> str:
        await self.happens()
        return await super().hash(tenant_id, password)


async def test_a_change_that_another_overtakes_is_refused(kit: Kit, vault: Vault, entropy: Entropy) -> None:
    user = await kit.user()
    pool = _Interrupted(clock=SystemClock(), entropy=entropy)

    async def overtake() -> None:
        async with kit.open_ctx(kit.tenant_id) as ctx:
            await kit.passwords.set(ctx, user.id, Secret("faster than the other one"))

    pool.happens = overtake
    assert await _change(kit, user.id, PASSWORD, NEW, make_passwords(vault, entropy, pool)) == "conflict"
    pool.close()
    assert await _proves(kit, "faster than the other one")


async def test_a_sign_in_that_renews_the_hash_meanwhile_is_no_other_change(
    kit: Kit, vault: Vault, entropy: Entropy
) -> None:
    user = await kit.user()
    async with kit.open_ctx(kit.tenant_id) as ctx:
        exported = await kit.passwords.export_hash(ctx, user.id)
        assert exported is not None
        await ctx.tx.run(
            "update airside.password_credential set hash = %s where tenant_id = %s and user_id = %s",
            (exported.reveal().encode(), kit.tenant_id, user.id),
        )
    pool = _Interrupted(clock=SystemClock(), entropy=entropy)

    async def renew() -> None:
        await kit.proof()

    pool.happens = renew
    assert await _change(kit, user.id, PASSWORD, NEW, make_passwords(vault, entropy, pool)) == "changed"
    pool.close()


@pytest.fixture
def remembering(kit: Kit, vault: Vault, entropy: Entropy) -> Passwords:
    """Of a tenant that refuses the last three former passwords."""
    return make_passwords(vault, entropy, kit.hashes, policy=PasswordPolicy(history=3))


WORDS = [f"sentence number {number} of several" for number in ("one", "two", "three", "four", "five", "six")]


async def test_the_last_passwords_are_refused_and_the_one_before_them_is_not(kit: Kit, remembering: Passwords) -> None:
    user = await kit.user(password=WORDS[0])
    for old, new in pairwise(WORDS[:5]):
        assert await _change(kit, user.id, old, new, remembering) == "changed"
    for former in WORDS[1:4]:
        assert await _change(kit, user.id, WORDS[4], former, remembering) == "used_before"
    assert await _change(kit, user.id, WORDS[4], WORDS[0], remembering) == "changed"


@dataclass(frozen=True)
class _Count:
    count: int


async def _remembered(kit: Kit, user_id: UUID) -> int:
    sql = "select count(*) as count from airside.password_history where tenant_id = %s and user_id = %s"
    async with kit.open_ctx(kit.tenant_id) as ctx:
        row = await ctx.tx.one(_Count, sql, (kit.tenant_id, user_id))
    assert row is not None
    return row.count


async def test_no_more_is_remembered_than_is_refused(kit: Kit, remembering: Passwords) -> None:
    """And nothing any more once the tenant asks for none."""
    user = await kit.user(password=WORDS[0])
    for old, new in pairwise(WORDS):
        assert await _change(kit, user.id, old, new, remembering) == "changed"
    assert await _remembered(kit, user.id) == 3
    assert await _change(kit, user.id, WORDS[5], NEW) == "changed"
    assert await _remembered(kit, user.id) == 0


async def test_a_password_set_by_its_owner_is_compared_with_former_ones_and_an_administrators_is_not(
    kit: Kit, remembering: Passwords
) -> None:
    """Recovery is no way around the history; what an administrator sets answers no guess at it."""
    user = await kit.user(password=WORDS[0])
    assert await _change(kit, user.id, WORDS[0], WORDS[1], remembering) == "changed"
    for former in WORDS[:2]:
        with pytest.raises(InvalidInput) as refusal:
            async with kit.open_ctx(kit.tenant_id) as ctx:
                await remembering.choose_for(ctx, user.id, Secret(former), refuse_former=True)
        assert refusal.value.data["weakness"] == "used_before"
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await remembering.set(ctx, user.id, Secret(WORDS[0]))
    assert await _proves(kit, WORDS[0])


async def _due(kit: Kit, passwords: Passwords, user_id: UUID, later: timedelta = timedelta(0)) -> bool:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        return await passwords.is_due(structs.replace(ctx, now=ctx.now + later), user_id)


async def test_a_demanded_change_is_due_until_it_is_made(kit: Kit) -> None:
    user = await kit.user()
    assert not await _due(kit, kit.passwords, user.id)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.passwords.demand_change(ctx, user.id)
    assert await _due(kit, kit.passwords, user.id)
    await kit.proof()
    assert await _due(kit, kit.passwords, user.id), "a sign-in is no change"
    assert await _change(kit, user.id, PASSWORD, NEW) == "changed"
    assert not await _due(kit, kit.passwords, user.id)


async def test_a_password_is_due_when_the_tenants_days_are_over(kit: Kit, vault: Vault, entropy: Entropy) -> None:
    aging = make_passwords(vault, entropy, kit.hashes, policy=PasswordPolicy(max_age_days=90))
    user = await kit.user()
    assert not await _due(kit, aging, user.id, timedelta(days=89, hours=23))
    assert await _due(kit, aging, user.id, timedelta(days=90))
    assert not await _due(kit, kit.passwords, user.id, timedelta(days=9000))


async def test_nothing_is_due_or_demanded_of_who_has_no_password(kit: Kit) -> None:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        bare = await kit.users.create(ctx, EMAIL, "Ada")
        assert not await kit.passwords.is_due(ctx, bare.id)
        with pytest.raises(NotFound):
            await kit.passwords.demand_change(ctx, bare.id)


async def test_another_tenants_user_is_nobody(kit: Kit, make_tenant: MakeTenant) -> None:
    """N20"""
    user = await kit.user()
    async with kit.open_ctx(await make_tenant()) as ctx:
        with pytest.raises(NotFound):
            await kit.passwords.demand_change(ctx, user.id)
        with pytest.raises(NotFound):
            await kit.passwords.set(ctx, user.id, Secret(NEW))
        assert await kit.passwords.export_hash(ctx, user.id) is None
    assert not await _due(kit, kit.passwords, user.id)


async def test_the_door_changes_the_password_of_whom_the_flow_has_proven(kit: Kit) -> None:
    user = await kit.user()
    door = NewPasswordAuthenticator(kit.passwords)
    answer = NewPasswordAnswer(Secret(PASSWORD), Secret(NEW))
    async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
        assert await door.challenge(ctx, Login(user.id, user.id)) == {}
        with pytest.raises(Unauthenticated):
            await door.prove(ctx, Login(user.id, None), answer)
        with pytest.raises(Inconsistent):
            await door.prove(ctx, Login(user.id, user.id), PasswordAnswer(EMAIL, Secret(PASSWORD)))
        with pytest.raises(Inconsistent):
            door.recall(user.id, ctx.now, "first")
        proof = await door.prove(ctx, Login(user.id, user.id), answer)
    assert proof.user_id == user.id
    assert PASSWORD not in repr(answer)


@dataclass(frozen=True)
class _Event:
    event: str
    subject: str
    details: str


async def test_each_change_and_each_refusal_is_in_the_journal_without_the_passwords(kit: Kit) -> None:
    """N37"""
    user = await kit.user()
    await _change(kit, user.id, "wrong guess here", NEW)
    await _change(kit, user.id, PASSWORD, NEW)
    sql = "select event, subject, details from airside.audit_record where tenant_id = %s order by record_id"
    async with kit.open_ctx(kit.tenant_id) as ctx:
        rows = await ctx.tx.all(_Event, sql, (kit.tenant_id,))
    events = [row.event for row in rows if row.event.startswith("user:password")]
    assert sorted(events) == ["user:password:refused", "user:password:set", "user:password:set"]
    assert not any(word in str(rows) for word in (PASSWORD, NEW, "wrong guess here"))
