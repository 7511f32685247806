"""Somebody who needs a second factor gets one on the way in: the same page shows the same generator, no other does."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, Inconsistent, NotFound, Unauthenticated
from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.identity import EnrolTotpAnswer, EnrolTotpAuthenticator, TotpAnswer
from airside.identity.totp import ENROLMENT, MAX_TOTP
from airside.protocols import otp
from airside.store import RequestContext
from tests.identity.attempts import Login
from tests.identity.factor_kit import Second, secret_of


@dataclass(frozen=True)
class _Acme:
    """Implements `Named`."""

    async def name(self, ctx: RequestContext) -> str:
        return "Acme Instruments"


@pytest.fixture
def door(second: Second) -> EnrolTotpAuthenticator:
    return EnrolTotpAuthenticator(second.totp, second.kit.users, _Acme())


@pytest.fixture
def now(clock: Clock) -> datetime:
    return clock.now()


@pytest.fixture
def flow_id(now: datetime, entropy: Entropy) -> UUID:
    return uuid7(now, entropy)


async def _shown(second: Second, door: EnrolTotpAuthenticator, login: Login, now: datetime) -> dict[str, str]:
    async with second.kit.open_ctx(second.kit.tenant_id, now=now) as ctx:
        return dict(await door.challenge(ctx, login))


async def _answer(
    second: Second, door: EnrolTotpAuthenticator, login: Login, shown: dict[str, str], now: datetime, away: int = 0
) -> bool:
    code = otp.code_at(secret_of(Secret(shown["secret"])), otp.step_at(now) + away)
    try:
        async with second.kit.open_ctx(second.kit.tenant_id, now=now) as ctx:
            proof = await door.prove(ctx, login, EnrolTotpAnswer(Secret(code)))
    except Unauthenticated:
        return False
    assert (proof.user_id, proof.kind) == (login.user_id, "totp")
    return True


async def test_the_first_code_enrols_and_proves(
    second: Second, door: EnrolTotpAuthenticator, flow_id: UUID, now: datetime
) -> None:
    user = await second.kit.user()
    login = Login(flow_id, user.id)
    shown = await _shown(second, door, login, now)
    assert shown["uri"].startswith("otpauth://totp/Acme%20Instruments:ada%40example.com?")
    assert shown["svg"].startswith("<svg")
    assert await _answer(second, door, login, shown, now)
    async with second.kit.open_ctx(second.kit.tenant_id) as ctx:
        assert (await second.factors.of(ctx, user.id)).second == {"totp"}


async def test_after_a_wrong_code_the_same_generator_is_shown(
    second: Second, door: EnrolTotpAuthenticator, flow_id: UUID, now: datetime
) -> None:
    user = await second.kit.user()
    login = Login(flow_id, user.id)
    shown = await _shown(second, door, login, now)
    assert not await _answer(second, door, login, shown, now, away=5)
    assert await _shown(second, door, login, now) == shown
    assert await _answer(second, door, login, shown, now)


async def test_another_login_is_shown_another_generator(
    second: Second, door: EnrolTotpAuthenticator, flow_id: UUID, now: datetime, entropy: Entropy
) -> None:
    """N11: whoever began before and has seen that secret doesn't know this one."""
    user = await second.kit.user()
    before, login = Login(flow_id, user.id), Login(uuid7(now, entropy), user.id)
    old, new = await _shown(second, door, before, now), await _shown(second, door, login, now)
    assert old["secret"] != new["secret"]
    assert not await _answer(second, door, before, old, now)
    assert await _answer(second, door, login, new, now)


async def test_an_enrolment_is_done_once_and_in_time(
    second: Second, door: EnrolTotpAuthenticator, flow_id: UUID, now: datetime, entropy: Entropy
) -> None:
    """N14"""
    user = await second.kit.user()
    login, late = Login(flow_id, user.id), Login(uuid7(now, entropy), user.id)
    shown = await _shown(second, door, login, now)
    assert await _answer(second, door, login, shown, now)
    assert not await _answer(second, door, login, shown, now, away=1)
    shown = await _shown(second, door, late, now)
    assert not await _answer(second, door, late, shown, now + ENROLMENT)


async def test_nobody_unproven_enrols_anything(
    second: Second, door: EnrolTotpAuthenticator, flow_id: UUID, now: datetime
) -> None:
    """N12: a skipped step, an answer of another kind."""
    user = await second.kit.user()
    async with second.kit.open_ctx(second.kit.tenant_id, now=now) as ctx:
        with pytest.raises(Unauthenticated):
            await door.challenge(ctx, Login(flow_id, None))
        with pytest.raises(Unauthenticated):
            await door.prove(ctx, Login(flow_id, None), EnrolTotpAnswer(Secret("123456")))
        with pytest.raises(Inconsistent):
            await door.prove(ctx, Login(flow_id, user.id), TotpAnswer(Secret("123456")))
        with pytest.raises(Inconsistent):
            door.recall(user.id, now, "second")


async def test_whoever_has_five_is_shown_no_sixth(
    second: Second, door: EnrolTotpAuthenticator, flow_id: UUID, now: datetime
) -> None:
    user = await second.kit.user()
    for _ in range(MAX_TOTP):
        await second.enrol(user.id, now)
    with pytest.raises(Conflict):
        await _shown(second, door, Login(flow_id, user.id), now)


async def test_a_page_resumes_only_what_its_person_began(second: Second, now: datetime) -> None:
    """N20: by an id that is theirs."""
    ada, bob = await second.kit.user(), await second.kit.user("bob@example.com")
    async with second.kit.open_ctx(second.kit.tenant_id, now=now) as ctx:
        begun = await second.totp.begin(ctx, ada.id, ada.email, "Acme")
        again = await second.totp.resume(ctx, ada.id, begun.factor_id, ada.email, "Acme")
        assert (again.factor_id, again.svg.reveal()) == (begun.factor_id, begun.svg.reveal())
        with pytest.raises(NotFound):
            await second.totp.resume(ctx, bob.id, begun.factor_id, bob.email, "Acme")
    async with second.kit.open_ctx(second.kit.tenant_id, now=now + ENROLMENT) as ctx:
        with pytest.raises(NotFound):
            await second.totp.resume(ctx, ada.id, begun.factor_id, ada.email, "Acme")
