"""What somebody has, in one look; and all of it beyond the password taken away."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import NotFound, Unauthenticated
from airside.core.ids import USER, format_id, uuid7
from airside.core.secret import Secret
from airside.identity import Enrolled, TotpEnrolment
from airside.protocols import otp
from tests.identity.factor_kit import Second, secret_of
from tests.identity.kit import MakeTenant


async def _of(second: Second, user_id: UUID) -> Enrolled:
    async with second.kit.open_ctx(second.kit.tenant_id) as ctx:
        return await second.factors.of(ctx, user_id)


async def test_what_somebody_has_is_seen_together(second: Second, clock: Clock) -> None:
    now = clock.now()
    user = await second.kit.user()
    assert await _of(second, user.id) == Enrolled(True, (), (), 0)
    one, _ = await second.enrol(user.id, now)
    two, _ = await second.enrol(user.id, now)
    key = await second.passkey(user.id)
    async with second.kit.open_ctx(second.kit.tenant_id) as ctx:
        await second.recovery_codes.renew(ctx, user.id)
        await second.totp.begin(ctx, user.id, "ada@example.com", "Acme")
    enrolled = await _of(second, user.id)
    assert {factor.id for factor in enrolled.totp} == {one, two}
    assert {factor.confirmed_at for factor in enrolled.totp} == {now}
    used = datetime.fromtimestamp((otp.step_at(now) - 1) * 30, UTC)
    assert {factor.used_at for factor in enrolled.totp} == {used}
    assert [passkey.id for passkey in enrolled.passkeys] == [key]
    assert enrolled.recovery_codes == 10
    assert enrolled.second == {"totp", "passkey", "recovery_code"}


async def test_recovery_codes_alone_are_no_second_factor(second: Second) -> None:
    user = await second.kit.user()
    async with second.kit.open_ctx(second.kit.tenant_id) as ctx:
        await second.recovery_codes.renew(ctx, user.id)
    assert (await _of(second, user.id)).second == frozenset()
    await second.enrol(user.id)
    assert (await _of(second, user.id)).second == {"totp", "recovery_code"}


async def test_a_passkey_keeps_the_recovery_codes_and_the_last_one_takes_them(second: Second) -> None:
    user = await second.kit.user()
    factor_id, _ = await second.enrol(user.id)
    passkey_id = await second.passkey(user.id)
    async with second.kit.open_ctx(second.kit.tenant_id) as ctx:
        await second.recovery_codes.renew(ctx, user.id)
        await second.totp.remove(ctx, user.id, factor_id)
    assert (await _of(second, user.id)).second == {"passkey", "recovery_code"}
    async with second.kit.open_ctx(second.kit.tenant_id) as ctx:
        await second.kit.passkeys.remove(ctx, user.id, passkey_id)
        assert await second.recovery_codes.remaining(ctx, user.id) == 0


async def test_nobody_and_people_of_other_tenants_have_nothing(
    second: Second, clock: Clock, entropy: Entropy, make_tenant: MakeTenant
) -> None:
    """N20"""
    user = await second.kit.user()
    await second.enrol(user.id)
    nothing = Enrolled(False, (), (), 0)
    assert await _of(second, uuid7(clock.now(), entropy)) == nothing
    foreign = replace(second, kit=replace(second.kit, tenant_id=await make_tenant()))
    assert await _of(foreign, user.id) == nothing


async def test_a_reset_takes_everything_beyond_the_password(second: Second, clock: Clock) -> None:
    """N19: also what was begun and not confirmed; another's stays."""
    now = clock.now()
    ada, bob = await second.kit.user(), await second.kit.user("bob@example.com")
    _, secret = await second.enrol(ada.id, now)
    await second.enrol(bob.id, now)
    await second.passkey(ada.id)
    await second.passkey(ada.id)
    async with second.kit.open_ctx(second.kit.tenant_id, now=now) as ctx:
        (code, *_) = await second.recovery_codes.renew(ctx, ada.id)
        begun = await second.totp.begin(ctx, ada.id, "ada@example.com", "Acme")
        await second.factors.reset(ctx, ada.id)
    assert await _of(second, ada.id) == Enrolled(True, (), (), 0)
    assert (await _of(second, bob.id)).second == {"totp"}
    with pytest.raises(Unauthenticated):
        await second.prove(ada.id, otp.code_at(secret, otp.step_at(now)), now)
    async with second.kit.open_ctx(second.kit.tenant_id, now=now) as ctx:
        with pytest.raises(Unauthenticated):
            await second.recovery_codes.prove(ctx, ada.id, code)
    with pytest.raises(NotFound):
        await _confirm(second, ada.id, begun, now)


async def _confirm(second: Second, user_id: UUID, begun: TotpEnrolment, now: datetime) -> None:
    async with second.kit.open_ctx(second.kit.tenant_id, now=now) as ctx:
        code = otp.code_at(secret_of(begun.secret), otp.step_at(now))
        await second.totp.confirm(ctx, user_id, begun.factor_id, Secret(code))


async def test_nobody_cant_be_reset(second: Second, clock: Clock, entropy: Entropy, make_tenant: MakeTenant) -> None:
    """N20"""
    user = await second.kit.user()
    await second.enrol(user.id)
    for tenant_id, user_id in ((second.kit.tenant_id, uuid7(clock.now(), entropy)), (await make_tenant(), user.id)):
        async with second.kit.open_ctx(tenant_id) as ctx:
            with pytest.raises(NotFound):
                await second.factors.reset(ctx, user_id)
    assert (await _of(second, user.id)).second == {"totp"}


@dataclass(frozen=True)
class _Record:
    event: str
    details: str


async def test_each_change_is_journalled_without_a_secret(second: Second, clock: Clock) -> None:
    """N37"""
    now = clock.now() - timedelta(minutes=5)
    user = await second.kit.user()
    factor_id, secret = await second.enrol(user.id, now)
    async with second.kit.open_ctx(second.kit.tenant_id) as ctx:
        codes = await second.recovery_codes.renew(ctx, user.id)
        await second.recovery_codes.prove(ctx, user.id, codes[0])
        await second.totp.remove(ctx, user.id, factor_id)
        await second.factors.reset(ctx, user.id)
        await ctx.tx.checkpoint()
        select = (
            "select event, details from airside.audit_record where tenant_id = %s and subject = %s order by record_id"
        )
        rows = await ctx.tx.all(_Record, select, (ctx.tenant_id, format_id(USER, user.id)))
    events = [row.event for row in rows if row.event.startswith("factor:")]
    assert sorted(events) == [
        "factor:recovery_code:spent",
        "factor:recovery_codes:removed",
        "factor:recovery_codes:renewed",
        "factor:totp:added",
        "factor:totp:removed",
        "factor:user:reset",
    ]
    text = "".join(row.details for row in rows)
    assert otp.base32(secret) not in text
    assert not any(code.reveal() in text for code in codes)
