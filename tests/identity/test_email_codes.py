"""A mailed code is worth something in one login of one browser, once, for ten minutes and five tries."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Forbidden, Inconsistent, LimitExceeded, NotFound, Unauthenticated, Unavailable
from airside.core.ids import FACTOR, parse_id, uuid7
from airside.core.proof import Mint
from airside.core.secret import Secret
from airside.identity import (
    EmailCodeAnswer,
    EmailCodeAuthenticator,
    EmailCodeProof,
    IdentityPolicy,
    assurance_of,
)
from airside.identity.email_codes import LIFETIME
from airside.limits import InProcessLimiter
from airside.vault import Vault
from tests.identity.attempts import Login, Other
from tests.identity.factor_kit import Second, make_second
from tests.identity.kit import HOME, Kit, MakeTenant


@pytest.fixture
def now(clock: Clock) -> datetime:
    return clock.now()


@pytest.fixture
def flow_id(now: datetime, entropy: Entropy) -> UUID:
    return uuid7(now, entropy)


async def _send(second: Second, flow_id: UUID, user_id: UUID, now: datetime, device_id: UUID | None = None) -> None:
    async with second.kit.open_ctx(second.kit.tenant_id, now=now) as ctx:
        await second.email_codes.send(ctx, flow_id, user_id, device_id)


async def _try(second: Second, flow_id: UUID, user_id: UUID, code: str, now: datetime) -> str:
    try:
        async with second.kit.open_ctx(second.kit.tenant_id, now=now, origin=HOME) as ctx:
            proof = await second.email_codes.prove(ctx, flow_id, user_id, Secret(code))
    except (Unauthenticated, LimitExceeded) as refusal:
        return refusal.code
    assert proof.user_id == user_id
    return "proven"


def _wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


async def test_a_mailed_code_proves_once_that_somebody_reads_the_mail(
    second: Second, flow_id: UUID, now: datetime
) -> None:
    """N14; it confirms and adds no assurance."""
    user = await second.kit.user()
    await _send(second, flow_id, user.id, now)
    code = await second.mailed_code(now)
    async with second.kit.open_ctx(second.kit.tenant_id, now=now) as ctx:
        proof = await second.email_codes.prove(ctx, flow_id, user.id, Secret(f"{code[:3]} {code[3:]}"))
    assert (proof.user_id, proof.at) == (user.id, now)
    assert (proof.kind, proof.amr, proof.contribution) == ("email_code", (), "confirmation")
    assert assurance_of([await second.kit.proof(), proof]) == "aal1"
    assert await _try(second, flow_id, user.id, code, now) == "unauthenticated"


async def test_the_mail_is_asked_for_by_ids_alone(second: Second, flow_id: UUID, now: datetime) -> None:
    """N37: neither the code nor an address lies in the outbox."""
    user = await second.kit.user()
    await _send(second, flow_id, user.id, now)
    (item,) = await second.mails(now)
    assert (item.kind, item.subject, list(item.about)) == ("email_code", user.id, ["code"])
    assert item.about["code"].startswith("fac_")


async def test_a_page_that_is_loaded_again_sends_no_second_mail(second: Second, flow_id: UUID, now: datetime) -> None:
    user = await second.kit.user()
    door, login = EmailCodeAuthenticator(second.email_codes), Login(flow_id, user.id)
    for _ in range(5):
        async with second.kit.open_ctx(second.kit.tenant_id, now=now) as ctx:
            assert await door.challenge(ctx, login) == {}
    code = await second.mailed_code(now)
    later = now + LIFETIME
    async with second.kit.open_ctx(second.kit.tenant_id, now=later) as ctx:
        await door.challenge(ctx, login)
    assert await _try(second, flow_id, user.id, code, later) == "unauthenticated"
    assert await _try(second, flow_id, user.id, await second.mailed_code(later), later) == "proven"


async def test_another_code_makes_the_one_before_worthless(second: Second, flow_id: UUID, now: datetime) -> None:
    """N14: and it isn't sent any more either."""
    user = await second.kit.user()
    await _send(second, flow_id, user.id, now)
    (item,) = await second.mails(now)
    old = parse_id(FACTOR, item.about["code"])
    async with second.kit.open_ctx(second.kit.tenant_id, now=now) as ctx:
        before = (await second.email_codes.code(ctx, old)).reveal()
    await _send(second, flow_id, user.id, now)
    async with second.kit.open_ctx(second.kit.tenant_id, now=now) as ctx:
        with pytest.raises(NotFound):
            await second.email_codes.code(ctx, old)
    after = await second.mailed_code(now)
    assert await _try(second, flow_id, user.id, before, now) == ("proven" if before == after else "unauthenticated")
    assert await _try(second, flow_id, user.id, after, now) in ("proven", "unauthenticated")


async def test_five_tries_and_it_is_dead(second: Second, flow_id: UUID, now: datetime) -> None:
    """N13: the sixth isn't looked at, right or not."""
    user = await second.kit.user()
    await _send(second, flow_id, user.id, now)
    code = await second.mailed_code(now)
    for _ in range(5):
        assert await _try(second, flow_id, user.id, _wrong(code), now) == "unauthenticated"
    later = now + timedelta(minutes=1)
    assert await _try(second, flow_id, user.id, code, later) == "unauthenticated"


async def test_the_fifth_try_can_be_right(second: Second, flow_id: UUID, now: datetime) -> None:
    user = await second.kit.user()
    await _send(second, flow_id, user.id, now)
    code = await second.mailed_code(now)
    answers = [await _try(second, flow_id, user.id, guess, now) for guess in [*[_wrong(code)] * 4, code]]
    assert answers == ["unauthenticated"] * 4 + ["proven"]


async def test_another_login_another_person_and_another_tenant_have_another_code(
    second: Second, flow_id: UUID, now: datetime, entropy: Entropy, make_tenant: MakeTenant
) -> None:
    """N11, N12, N20: wrong context; none of them costs the code a try."""
    ada, bob = await second.kit.user(), await second.kit.user("bob@example.com")
    await _send(second, flow_id, ada.id, now)
    code = await second.mailed_code(now)
    assert await _try(second, uuid7(now, entropy), ada.id, code, now) == "unauthenticated"
    assert await _try(second, flow_id, bob.id, code, now) == "unauthenticated"
    foreign = replace(second, kit=replace(second.kit, tenant_id=await make_tenant()))
    assert await _try(foreign, flow_id, ada.id, code, now) == "unauthenticated"
    assert await _try(second, flow_id, ada.id, code, now) == "proven"


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "\0", "0" * 100_000, "\ud800"])
async def test_what_is_no_code_proves_nothing(second: Second, flow_id: UUID, now: datetime, code: str) -> None:
    """N38: empty, truncated, extended, oversized."""
    user = await second.kit.user()
    await _send(second, flow_id, user.id, now)
    assert await _try(second, flow_id, user.id, code, now) == "unauthenticated"


async def test_after_ten_minutes_it_is_worth_nothing_and_swept(second: Second, flow_id: UUID, now: datetime) -> None:
    """N14"""
    user = await second.kit.user()
    await _send(second, flow_id, user.id, now)
    code = await second.mailed_code(now)
    assert await _try(second, flow_id, user.id, code, now + LIFETIME) == "unauthenticated"
    async with second.kit.open_ctx(second.kit.tenant_id, now=now + LIFETIME) as ctx:
        assert await second.email_codes.sweep(ctx) == 1


async def test_a_disabled_users_code_proves_nothing(second: Second, flow_id: UUID, now: datetime) -> None:
    """N18"""
    user = await second.kit.user()
    await _send(second, flow_id, user.id, now)
    code = await second.mailed_code(now)
    async with second.kit.open_ctx(second.kit.tenant_id) as ctx:
        await second.kit.users.set_state(ctx, user.id, "disabled")
    assert await _try(second, flow_id, user.id, code, now) == "unauthenticated"


async def test_five_mails_an_hour_at_most_and_known_devices_have_their_own(
    second: Second, now: datetime, entropy: Entropy
) -> None:
    """N13: a stranger's flood of mails, in whatever logins, leaves the owner's device its own."""
    user = await second.kit.user()
    sent = 0
    for minute in range(61):
        moment = now + timedelta(minutes=minute)
        try:
            await _send(second, uuid7(moment, entropy), user.id, moment)
        except LimitExceeded:
            continue
        sent += 1
    assert sent == 5
    device = await second.known_device(user.id)
    await _send(second, uuid7(now, entropy), user.id, now + timedelta(hours=1), device)


async def test_a_tenant_that_takes_no_mailed_codes_takes_none(
    kit: Kit, vault: Vault, entropy: Entropy, flow_id: UUID, now: datetime
) -> None:
    """N12"""
    second = make_second(kit, vault, entropy)
    user = await kit.user()
    await _send(second, flow_id, user.id, now)
    code = await second.mailed_code(now)
    strict = make_second(kit, vault, entropy, policy=IdentityPolicy(factors=frozenset({"password", "totp"})))
    assert await _try(strict, flow_id, user.id, code, now) == "unauthenticated"
    with pytest.raises(Forbidden):
        await _send(strict, flow_id, user.id, now)


async def test_where_nothing_can_be_counted_nothing_is_looked_at(
    kit: Kit, vault: Vault, entropy: Entropy, flow_id: UUID, now: datetime
) -> None:
    """N04, N13: a limiter that is full refuses, and the code keeps its tries."""
    second = make_second(kit, vault, entropy)
    user = await kit.user()
    await _send(second, flow_id, user.id, now)
    code = await second.mailed_code(now)
    full = make_second(kit, vault, entropy, limiter=InProcessLimiter(max_counters=0))
    for _ in range(6):
        with pytest.raises(Unavailable):
            await _try(full, flow_id, user.id, code, now)
    assert await _try(second, flow_id, user.id, code, now) == "proven"


async def test_the_authenticator_asks_who_it_is_first(second: Second, flow_id: UUID, now: datetime) -> None:
    """N12"""
    user = await second.kit.user()
    door = EmailCodeAuthenticator(second.email_codes)
    async with second.kit.open_ctx(second.kit.tenant_id, now=now) as ctx:
        with pytest.raises(Unauthenticated):
            await door.challenge(ctx, Login(flow_id, None))
        await door.challenge(ctx, Login(flow_id, user.id))
    answer = EmailCodeAnswer(Secret(await second.mailed_code(now)))
    async with second.kit.open_ctx(second.kit.tenant_id, now=now) as ctx:
        with pytest.raises(Unauthenticated):
            await door.prove(ctx, Login(flow_id, None), answer)
        with pytest.raises(Inconsistent):
            await door.prove(ctx, Login(flow_id, user.id), Other())
        assert (await door.prove(ctx, Login(flow_id, user.id), answer)).user_id == user.id
    with pytest.raises(Inconsistent):
        door.recall(user.id, now, "second")
    assert door.recall(user.id, now, "confirmation").user_id == user.id


def test_nobody_else_makes_an_email_code_proof(tenant_id: UUID, now: datetime) -> None:
    """N12"""
    with pytest.raises(TypeError):
        EmailCodeProof(tenant_id, now, Mint("EmailCodeProof"))


def test_an_answer_prints_no_code() -> None:
    """N37"""
    assert "123456" not in repr(EmailCodeAnswer(Secret("123456")))
