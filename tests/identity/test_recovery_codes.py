"""Each code of the sheet stands in for a lost factor once."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Forbidden, Inconsistent, LimitExceeded, NotFound, Unauthenticated
from airside.core.ids import uuid7
from airside.core.principal import Origin
from airside.core.proof import Mint
from airside.core.secret import Secret
from airside.identity import (
    IdentityPolicy,
    RecoveryCodeAnswer,
    RecoveryCodeAuthenticator,
    RecoveryCodeProof,
)
from airside.vault import Vault
from tests.identity.attempts import Login, Other
from tests.identity.factor_kit import Second, make_second
from tests.identity.kit import HOME, Kit, MakeTenant


async def _renew(second: Second, user_id: UUID) -> list[str]:
    async with second.kit.open_ctx(second.kit.tenant_id) as ctx:
        return [code.reveal() for code in await second.recovery_codes.renew(ctx, user_id)]


async def _try(second: Second, user_id: UUID, code: str, origin: Origin = HOME, device_id: UUID | None = None) -> str:
    try:
        async with second.kit.open_ctx(second.kit.tenant_id, origin=origin) as ctx:
            proof = await second.recovery_codes.prove(ctx, user_id, Secret(code), device_id)
    except (Unauthenticated, LimitExceeded) as refusal:
        return refusal.code
    assert proof.user_id == user_id
    return "proven"


async def _remaining(second: Second, user_id: UUID) -> int:
    async with second.kit.open_ctx(second.kit.tenant_id) as ctx:
        return await second.recovery_codes.remaining(ctx, user_id)


async def test_every_code_of_the_sheet_proves_its_owner_once(second: Second) -> None:
    """N14"""
    user = await second.kit.user()
    codes = await _renew(second, user.id)
    assert len(set(codes)) == 10
    assert all(len(code) == 11 and code[5] == "-" for code in codes)
    for left, code in zip(range(9, -1, -1), codes, strict=True):
        assert await _try(second, user.id, code) == "proven"
        assert await _remaining(second, user.id) == left
    assert [await _try(second, user.id, code) for code in codes[:5]] == ["unauthenticated"] * 5


async def test_a_code_is_the_same_however_it_is_typed(second: Second) -> None:
    user = await second.kit.user()
    one, two, three = (await _renew(second, user.id))[:3]
    typed = (one.upper(), two.replace("-", ""), f"  {three.replace('-', ' – ').replace('1', 'l').replace('0', 'O')} ")
    assert [await _try(second, user.id, code) for code in typed] == ["proven"] * 3


async def test_a_new_sheet_makes_the_old_one_worthless(second: Second) -> None:
    """N19"""
    user = await second.kit.user()
    old, new = await _renew(second, user.id), await _renew(second, user.id)
    assert await _remaining(second, user.id) == 10
    assert await _try(second, user.id, old[0]) == "unauthenticated"
    assert await _try(second, user.id, new[0]) == "proven"


async def test_a_changed_code_proves_nothing(second: Second) -> None:
    """N38: corrupted, truncated, extended, oversized, empty, another alphabet."""
    user = await second.kit.user()
    code = (await _renew(second, user.id))[0]
    other = "z" if code[0] != "z" else "y"
    for wrong in (other + code[1:], code[:-1], code + "0", code * 1000, "", "\0", "\ud800"):
        assert await _try(second, user.id, wrong) == "unauthenticated"
    assert await _try(second, user.id, code) == "proven"


async def test_anothers_code_proves_nothing(second: Second, make_tenant: MakeTenant) -> None:
    """N12, N20: wrong context."""
    ada, bob = await second.kit.user(), await second.kit.user("bob@example.com")
    code = (await _renew(second, ada.id))[0]
    assert await _try(second, bob.id, code) == "unauthenticated"
    async with second.kit.open_ctx(await make_tenant()) as ctx:
        with pytest.raises(Unauthenticated):
            await second.recovery_codes.prove(ctx, ada.id, Secret(code))
    assert await _try(second, ada.id, code) == "proven"


async def test_a_disabled_users_code_proves_nothing_and_is_kept(second: Second) -> None:
    """N18"""
    user = await second.kit.user()
    code = (await _renew(second, user.id))[0]
    async with second.kit.open_ctx(second.kit.tenant_id) as ctx:
        await second.kit.users.set_state(ctx, user.id, "disabled")
    assert await _try(second, user.id, code) == "unauthenticated"
    assert await _remaining(second, user.id) == 10


@dataclass(frozen=True)
class _Hash:
    code_hash: bytes


async def test_nothing_of_a_code_is_stored_that_could_be_searched(second: Second) -> None:
    """N37: keyed hashes only, which differ for each person: 128 bits, none of them the code's or its plain hash's."""
    ada = await second.kit.user()
    codes = await _renew(second, ada.id)
    select = "select code_hash from airside.recovery_code where tenant_id = %s and user_id = %s"
    async with second.kit.open_ctx(second.kit.tenant_id) as ctx:
        stored = {row.code_hash for row in await ctx.tx.all(_Hash, select, (ctx.tenant_id, ada.id))}
    assert {len(value) for value in stored} == {16}
    assert not any(code.replace("-", "").encode() in value for code in codes for value in stored)


async def test_ten_wrong_codes_an_hour_from_one_origin_close_no_other(second: Second) -> None:
    """N13: nobody is locked out by a stranger's guesses: neither another origin nor a known device at the same one."""
    user = await second.kit.user()
    codes = await _renew(second, user.id)
    device = await second.known_device(user.id)
    answers = [await _try(second, user.id, "00000-00000") for _ in range(11)]
    assert answers == ["unauthenticated"] * 10 + ["limit_exceeded"]
    assert await _try(second, user.id, codes[0]) == "limit_exceeded"
    assert await _try(second, user.id, codes[0], Origin("198.51.100.7")) == "proven"
    assert await _try(second, user.id, codes[1], HOME, device) == "proven"


async def test_nobody_has_no_codes(second: Second, clock: Clock, entropy: Entropy) -> None:
    async with second.kit.open_ctx(second.kit.tenant_id) as ctx:
        with pytest.raises(NotFound):
            await second.recovery_codes.renew(ctx, uuid7(clock.now(), entropy))


async def test_a_tenant_that_takes_no_recovery_codes_takes_none(kit: Kit, vault: Vault, entropy: Entropy) -> None:
    """N12"""
    second = make_second(kit, vault, entropy)
    user = await kit.user()
    code = (await _renew(second, user.id))[0]
    strict = make_second(kit, vault, entropy, policy=IdentityPolicy(factors=frozenset({"password", "totp"})))
    assert await _try(strict, user.id, code) == "unauthenticated"
    with pytest.raises(Forbidden):
        await _renew(strict, user.id)


async def test_the_authenticator_asks_who_it_is_first(second: Second, clock: Clock, entropy: Entropy) -> None:
    """N12"""
    user = await second.kit.user()
    answer = RecoveryCodeAnswer(Secret((await _renew(second, user.id))[0]))
    door, flow_id = RecoveryCodeAuthenticator(second.recovery_codes), uuid7(clock.now(), entropy)
    async with second.kit.open_ctx(second.kit.tenant_id) as ctx:
        assert await door.challenge(ctx, Login(flow_id, user.id)) == {}
        with pytest.raises(Unauthenticated):
            await door.prove(ctx, Login(flow_id, None), answer)
        with pytest.raises(Inconsistent):
            await door.prove(ctx, Login(flow_id, user.id), Other())
        proof = await door.prove(ctx, Login(flow_id, user.id), answer)
    assert (proof.kind, proof.amr, proof.contribution) == ("recovery_code", ("otp",), "second")
    with pytest.raises(Inconsistent):
        door.recall(user.id, proof.at, "first")
    assert door.recall(user.id, proof.at, "second").user_id == user.id


def test_nobody_else_makes_a_recovery_code_proof(tenant_id: UUID, clock: Clock) -> None:
    """N12"""
    with pytest.raises(TypeError):
        RecoveryCodeProof(tenant_id, clock.now(), Mint("RecoveryCodeProof"))


def test_an_answer_prints_no_code() -> None:
    """N37"""
    assert "abcde" not in repr(RecoveryCodeAnswer(Secret("abcde-fghjk")))
