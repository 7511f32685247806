"""N13: what tries at second factors cost, and whom they keep out."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import LimitExceeded, Unauthenticated, Unavailable
from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.identity import User
from airside.limits import InProcessLimiter
from airside.protocols import otp
from airside.vault import Vault
from tests.identity.factor_kit import Second, make_second
from tests.identity.kit import Kit, MakeTenant

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
WRONG = "no code"


@pytest.fixture
def now(clock: Clock) -> datetime:
    return clock.now()


async def _looked_at(second: Second, user: User, now: datetime, minutes: int, device_id: UUID | None = None) -> int:
    """How many of one guess a minute are compared."""
    count = 0
    for minute in range(minutes):
        count += await _guess(second, user, now + minute * MINUTE, device_id)
    return count


async def _guess(second: Second, user: User, now: datetime, device_id: UUID | None = None) -> bool:
    try:
        await second.prove(user.id, WRONG, now, device_id)
    except Unauthenticated:
        return True
    except LimitExceeded:
        return False
    raise AssertionError("proven by no code")


async def test_strangers_guess_thirty_times_a_day_wherever_the_day_begins(second: Second, now: datetime) -> None:
    """Fifteen at once, then one every 96 minutes: 30 within 24 hours, and no more in any other 24."""
    user = await second.kit.user()
    await second.enrol(user.id, now - DAY)
    assert await _looked_at(second, user, now, 20) == 15
    looked = [await _guess(second, user, now + 20 * MINUTE + quarter * 15 * MINUTE) for quarter in range(2 * 96)]
    assert sum(looked[:95]) <= 15
    assert max(sum(looked[start : start + 96]) for start in range(96)) <= 15 + 1


async def test_a_guess_costs_as_much_as_there_are_generators_that_it_could_be_of(second: Second, now: datetime) -> None:
    """Whoever has three is no easier to guess than whoever has one."""
    user = await second.kit.user()
    for _ in range(3):
        await second.enrol(user.id, now - DAY)
    assert await _looked_at(second, user, now, 20) == 5


async def test_mailed_codes_and_generators_are_guessed_on_one_budget(
    second: Second, now: datetime, entropy: Entropy
) -> None:
    user = await second.kit.user()
    await second.enrol(user.id, now - DAY)
    assert await _looked_at(second, user, now, 20) == 15
    async with second.kit.open_ctx(second.kit.tenant_id, now=now + 20 * MINUTE) as ctx:
        with pytest.raises(LimitExceeded):
            await second.email_codes.prove(ctx, uuid7(now, entropy), user.id, Secret(WRONG))


async def test_a_right_code_gives_back_its_own_unit_and_no_guess(second: Second, now: datetime) -> None:
    """Nobody's guesses are washed away by the owner's success."""
    user = await second.kit.user()
    _, secret = await second.enrol(user.id, now - DAY)
    assert await _looked_at(second, user, now, 10) == 10
    for minute in range(10, 14):
        moment = now + minute * MINUTE
        await second.prove(user.id, otp.code_at(secret, otp.step_at(moment)), moment)
    assert await _looked_at(second, user, now + 14 * MINUTE, 20) == 5


async def test_right_codes_are_as_many_as_anybody_needs(second: Second, now: datetime) -> None:
    user = await second.kit.user()
    _, secret = await second.enrol(user.id, now - DAY)
    for minute in range(20):
        moment = now + minute * MINUTE
        await second.prove(user.id, otp.code_at(secret, otp.step_at(moment)), moment)


async def test_a_known_device_gets_in_while_strangers_are_refused(second: Second, now: datetime) -> None:
    """Lockout is no denial of service; and a device that another person is known by is a stranger's here."""
    ada, bob = await second.kit.user(), await second.kit.user("bob@example.com")
    _, secret = await second.enrol(ada.id, now - DAY)
    mine, theirs = await second.known_device(ada.id), await second.known_device(bob.id)
    await _looked_at(second, ada, now, 20)
    moment = now + 20 * MINUTE
    code = otp.code_at(secret, otp.step_at(moment))
    for device_id in (None, theirs):
        with pytest.raises(LimitExceeded):
            await second.prove(ada.id, code, moment, device_id)
    assert (await second.prove(ada.id, code, moment, mine)).user_id == ada.id


async def test_a_known_device_guesses_twenty_times_an_hour(second: Second, now: datetime) -> None:
    user = await second.kit.user()
    await second.enrol(user.id, now - DAY)
    device = await second.known_device(user.id)
    assert await _looked_at(second, user, now, 60, device_id=device) == 19
    assert await _looked_at(second, user, now + 60 * MINUTE, 1) == 1


async def test_what_a_guess_cost_stays_spent_when_its_request_fails(second: Second, now: datetime) -> None:
    """The refusal doesn't roll the limit back."""
    user = await second.kit.user()
    await second.enrol(user.id, now - DAY)
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            await second.prove(user.id, WRONG, now)
    with pytest.raises(LimitExceeded):
        await second.prove(user.id, WRONG, now)


async def test_another_tenants_person_of_the_same_id_has_another_budget(
    second: Second, now: datetime, make_tenant: MakeTenant
) -> None:
    """N20"""
    user = await second.kit.user()
    await _looked_at(second, user, now, 20)
    async with second.kit.open_ctx(await make_tenant(), now=now) as ctx:
        with pytest.raises(Unauthenticated):
            await second.totp.prove(ctx, user.id, Secret(WRONG))


async def test_where_nothing_can_be_counted_nobody_is_let_in(
    kit: Kit, vault: Vault, entropy: Entropy, now: datetime
) -> None:
    """N04: not even with the right code, which stays good."""
    second = make_second(kit, vault, entropy)
    full = make_second(kit, vault, entropy, limiter=InProcessLimiter(max_counters=0))
    user = await kit.user()
    _, secret = await second.enrol(user.id, now - DAY)
    code = otp.code_at(secret, otp.step_at(now))
    with pytest.raises(Unavailable):
        await full.prove(user.id, code, now)
    async with kit.open_ctx(kit.tenant_id, now=now) as ctx:
        (recovery, *_) = await second.recovery_codes.renew(ctx, user.id)
    async with kit.open_ctx(kit.tenant_id, now=now) as ctx:
        with pytest.raises(Unavailable):
            await full.recovery_codes.prove(ctx, user.id, recovery)
    assert (await second.prove(user.id, code, now)).user_id == user.id
