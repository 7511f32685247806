"""A code of a generator proves its owner once; anything else proves nothing."""

import re
from datetime import datetime, timedelta
from uuid import UUID
from xml.etree import ElementTree

import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy, SystemEntropy
from airside.core.errors import Conflict, Forbidden, Inconsistent, NotFound, Unauthenticated
from airside.core.ids import uuid7
from airside.core.proof import Mint
from airside.core.secret import Secret
from airside.identity import Attempt, IdentityPolicy, TotpAnswer, TotpAuthenticator, TotpEnrolment, TotpProof
from airside.identity.totp import ENROLMENT, MAX_TOTP
from airside.limits import InProcessLimiter
from airside.protocols import otp
from airside.vault import Vault
from tests.identity.attempts import Login, Other
from tests.identity.factor_kit import Second, make_second, secret_of
from tests.identity.kit import Kit, MakeTenant

MINUTE = timedelta(minutes=1)


@pytest.fixture
def now(clock: Clock) -> datetime:
    """A moment in the middle of a time step."""
    return datetime.fromtimestamp(int(clock.now().timestamp()) // 30 * 30 + 15, clock.now().tzinfo)


async def _begin(second: Second, user_id: UUID, now: datetime | None = None) -> TotpEnrolment:
    async with second.kit.open_ctx(second.kit.tenant_id, now=now) as ctx:
        return await second.totp.begin(ctx, user_id, "ada@example.com", "Acme")


async def _confirm(
    second: Second, user_id: UUID, begun: TotpEnrolment, now: datetime | None = None, *, code: str = ""
) -> TotpProof:
    async with second.kit.open_ctx(second.kit.tenant_id, now=now) as ctx:
        right = otp.code_at(secret_of(begun.secret), otp.step_at(ctx.now))
        return await second.totp.confirm(ctx, user_id, begun.factor_id, Secret(code or right))


def _code(secret: bytes, now: datetime, away: int = 0) -> str:
    return otp.code_at(secret, otp.step_at(now) + away)


async def _is_refused(second: Second, user_id: UUID, code: str, now: datetime | None = None) -> bool:
    try:
        await second.prove(user_id, code, now)
    except Unauthenticated:
        return True
    return False


async def test_a_confirmed_generators_code_proves_its_owner(second: Second, now: datetime) -> None:
    user = await second.kit.user()
    _, secret = await second.enrol(user.id, now)
    proof = await second.prove(user.id, _code(secret, now), now)
    assert (proof.user_id, proof.at) == (user.id, now)
    assert (proof.kind, proof.amr, proof.contribution) == ("totp", ("otp",), "second")


async def test_a_code_typed_with_a_gap_is_the_code(second: Second, now: datetime) -> None:
    user = await second.kit.user()
    _, secret = await second.enrol(user.id, now)
    code = _code(secret, now)
    assert (await second.prove(user.id, f" {code[:3]} {code[3:]}", now)).user_id == user.id


async def test_what_begins_is_shown_as_text_address_and_picture(second: Second, entropy: Entropy) -> None:
    """160 bits; the picture has no style, script, size or link, as the contract's CSP demands."""
    user = await second.kit.user()
    begun = await _begin(second, user.id)
    assert len(secret_of(begun.secret)) == 20
    assert begun.uri.reveal().startswith("otpauth://totp/Acme:ada%40example.com?")
    assert begun.secret.reveal() in begun.uri.reveal()
    svg = ElementTree.fromstring(begun.svg.reveal())
    names = {name for element in svg.iter() for name in element.attrib}
    assert names == {"viewBox", "class", "d", "fill", "stroke"}
    assert {element.tag.rpartition("}")[2] for element in svg.iter()} == {"svg", "path"}
    assert re.search(r"\*\*\*", repr(begun)) is not None
    assert begun.secret.reveal() not in repr(begun)


async def test_long_names_still_make_a_picture(second: Second) -> None:
    user = await second.kit.user()
    async with second.kit.open_ctx(second.kit.tenant_id) as ctx:
        begun = await second.totp.begin(ctx, user.id, "é" * 10_000, "\U0001f600" * 10_000)
    assert ElementTree.fromstring(begun.svg.reveal()) is not None


async def test_a_generator_is_worth_nothing_until_it_is_confirmed(second: Second, now: datetime) -> None:
    """N12"""
    user = await second.kit.user()
    begun = await _begin(second, user.id, now)
    assert await _is_refused(second, user.id, _code(secret_of(begun.secret), now), now)
    async with second.kit.open_ctx(second.kit.tenant_id) as ctx:
        assert (await second.factors.of(ctx, user.id)).second == frozenset()


async def test_a_wrong_code_confirms_nothing_and_the_right_one_still_does(second: Second, now: datetime) -> None:
    user = await second.kit.user()
    begun = await _begin(second, user.id, now)
    wrong = next(c for c in ("000000", "111111", "222222", "333333") if not _matches(begun, now, c))
    with pytest.raises(Unauthenticated):
        await _confirm(second, user.id, begun, now, code=wrong)
    assert (await _confirm(second, user.id, begun, now)).user_id == user.id


def _matches(begun: TotpEnrolment, now: datetime, code: str) -> bool:
    return bool(otp.matching_steps(secret_of(begun.secret), otp.step_at(now), code))


async def test_the_confirming_code_proves_nothing_again(second: Second, now: datetime) -> None:
    """N14"""
    user = await second.kit.user()
    begun = await _begin(second, user.id, now)
    await _confirm(second, user.id, begun, now)
    assert await _is_refused(second, user.id, _code(secret_of(begun.secret), now), now)


@pytest.mark.parametrize("away", [-2, 2])
async def test_a_code_of_another_time_proves_nothing(second: Second, now: datetime, away: int) -> None:
    user = await second.kit.user()
    _, secret = await second.enrol(user.id, now - timedelta(hours=1))
    assert await _is_refused(second, user.id, _code(secret, now, away), now)


async def test_codes_prove_once_and_only_forwards(second: Second, now: datetime) -> None:
    """N14: neither the same again nor an older one after a newer."""
    user = await second.kit.user()
    _, secret = await second.enrol(user.id, now - timedelta(hours=1))
    assert not await _is_refused(second, user.id, _code(secret, now), now)
    assert await _is_refused(second, user.id, _code(secret, now), now)
    assert await _is_refused(second, user.id, _code(secret, now, -1), now)
    assert not await _is_refused(second, user.id, _code(secret, now, 1), now)


async def test_nothing_is_taken_twice_when_the_clock_goes_back(
    second: Second, vault: Vault, entropy: Entropy, now: datetime
) -> None:
    """N14, and G06's share: an hour backwards, every code of that hour was or could have been used. The limits are
    away here: they too take a clock that goes back for too many tries."""
    user = await second.kit.user()
    _, secret = await second.enrol(user.id, now - timedelta(days=1))
    assert not await _is_refused(second, user.id, _code(secret, now), now)
    for back in (timedelta(seconds=30), timedelta(hours=1)):
        unlimited = make_second(second.kit, vault, entropy, limiter=InProcessLimiter())
        earlier = now - back
        assert await _is_refused(unlimited, user.id, _code(secret, earlier), earlier)
    assert not await _is_refused(second, user.id, _code(secret, now, 1), now)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "٣٤٥٦٧٨", "\0" * 6, "0" * 100_000, "\ud800"])
async def test_what_is_no_code_proves_nothing(second: Second, now: datetime, code: str) -> None:
    """N12, N38: empty, truncated, extended, oversized, other digits."""
    user = await second.kit.user()
    await second.enrol(user.id, now)
    assert await _is_refused(second, user.id, code, now)


async def test_a_changed_code_proves_nothing(second: Second, now: datetime) -> None:
    """N38: corrupted in one digit, or cut by it."""
    user = await second.kit.user()
    _, secret = await second.enrol(user.id, now)
    right = {_code(secret, now, away) for away in (-1, 0, 1)}
    code = _code(secret, now)
    changed = next(c for c in (f"{digit}{code[1:]}" for digit in "0123456789") if c not in right)
    assert await _is_refused(second, user.id, changed, now)
    assert await _is_refused(second, user.id, code[:-1], now)


async def test_anothers_code_proves_nothing(second: Second, now: datetime) -> None:
    """N12: wrong context."""
    ada, bob = await second.kit.user(), await second.kit.user("bob@example.com")
    _, secret = await second.enrol(ada.id, now)
    await second.enrol(bob.id, now)
    assert await _is_refused(second, bob.id, _code(secret, now), now)


async def test_a_foreign_tenants_generator_is_nobodys(second: Second, now: datetime, make_tenant: MakeTenant) -> None:
    """N20"""
    user = await second.kit.user()
    factor_id, secret = await second.enrol(user.id, now)
    foreign = await make_tenant()
    async with second.kit.open_ctx(foreign, now=now) as ctx:
        with pytest.raises(Unauthenticated):
            await second.totp.prove(ctx, user.id, Secret(_code(secret, now)))
    async with second.kit.open_ctx(foreign, now=now) as ctx:
        with pytest.raises(NotFound):
            await second.totp.remove(ctx, user.id, factor_id)
        with pytest.raises(NotFound):
            await second.totp.begin(ctx, user.id, "ada@example.com", "Acme")


async def test_a_disabled_user_confirms_nothing(second: Second, now: datetime) -> None:
    """N18: what was begun before isn't there when they are brought back."""
    user = await second.kit.user()
    begun = await _begin(second, user.id, now)
    async with second.kit.open_ctx(second.kit.tenant_id) as ctx:
        await second.kit.users.set_state(ctx, user.id, "disabled")
    with pytest.raises(Conflict):
        await _confirm(second, user.id, begun, now)
    async with second.kit.open_ctx(second.kit.tenant_id) as ctx:
        await second.kit.users.set_state(ctx, user.id, "active")
        assert (await second.factors.of(ctx, user.id)).second == frozenset()


async def test_a_disabled_users_code_proves_nothing(second: Second, now: datetime) -> None:
    """N18"""
    user = await second.kit.user()
    _, secret = await second.enrol(user.id, now)
    async with second.kit.open_ctx(second.kit.tenant_id) as ctx:
        await second.kit.users.set_state(ctx, user.id, "disabled")
    assert await _is_refused(second, user.id, _code(secret, now), now)


async def test_every_generator_of_a_person_is_tried(second: Second, now: datetime) -> None:
    user = await second.kit.user()
    secrets = [(await second.enrol(user.id, now))[1] for _ in range(3)]
    for minute, secret in enumerate(secrets):
        later = now + minute * MINUTE
        assert not await _is_refused(second, user.id, _code(secret, later), later)


async def test_a_person_has_five_generators_at_most(second: Second, now: datetime) -> None:
    user = await second.kit.user()
    for number in range(MAX_TOTP):
        await second.enrol(user.id, now + number * MINUTE)
    with pytest.raises(Conflict):
        await _begin(second, user.id)


async def test_beginning_again_forgets_what_was_begun_before(second: Second, now: datetime) -> None:
    user = await second.kit.user()
    first, then = await _begin(second, user.id, now), await _begin(second, user.id, now)
    with pytest.raises(NotFound):
        await _confirm(second, user.id, first, now)
    assert (await _confirm(second, user.id, then, now)).user_id == user.id


async def test_a_generator_waits_a_quarter_of_an_hour(second: Second, now: datetime) -> None:
    """N14: and is forgotten by the sweep, the confirmed one never."""
    user = await second.kit.user()
    await second.enrol(user.id, now)
    begun = await _begin(second, user.id, now)
    with pytest.raises(NotFound):
        await _confirm(second, user.id, begun, now + ENROLMENT)
    async with second.kit.open_ctx(second.kit.tenant_id, now=now + ENROLMENT) as ctx:
        assert await second.totp.sweep(ctx) == 1
        assert len((await second.factors.of(ctx, user.id)).totp) == 1


async def test_nobody_confirms_what_another_began(second: Second, now: datetime) -> None:
    """N17: wrong context."""
    ada, bob = await second.kit.user(), await second.kit.user("bob@example.com")
    begun = await _begin(second, ada.id, now)
    with pytest.raises(NotFound):
        await _confirm(second, bob.id, begun, now)


async def test_a_removed_generator_proves_nothing(second: Second, now: datetime) -> None:
    """N19: only its owner's is removed, and once."""
    ada, bob = await second.kit.user(), await second.kit.user("bob@example.com")
    factor_id, secret = await second.enrol(ada.id, now)
    for user_id in (bob.id, uuid7(now, SystemEntropy())):
        async with second.kit.open_ctx(second.kit.tenant_id) as ctx:
            with pytest.raises(NotFound):
                await second.totp.remove(ctx, user_id, factor_id)
    async with second.kit.open_ctx(second.kit.tenant_id) as ctx:
        await second.totp.remove(ctx, ada.id, factor_id)
        with pytest.raises(NotFound):
            await second.totp.remove(ctx, ada.id, factor_id)
    assert await _is_refused(second, ada.id, _code(secret, now), now)


async def test_recovery_codes_go_with_the_last_generator(second: Second, now: datetime) -> None:
    user = await second.kit.user()
    (one, _), (two, _) = await second.enrol(user.id, now), await second.enrol(user.id, now)
    async with second.kit.open_ctx(second.kit.tenant_id) as ctx:
        await second.recovery_codes.renew(ctx, user.id)
        await second.totp.remove(ctx, user.id, one)
        assert await second.recovery_codes.remaining(ctx, user.id) == 10
        await second.totp.remove(ctx, user.id, two)
        assert await second.recovery_codes.remaining(ctx, user.id) == 0


async def test_a_tenant_that_takes_no_totp_takes_none(kit: Kit, vault: Vault, entropy: Entropy, now: datetime) -> None:
    """N12: neither a new one nor one from before."""
    second = make_second(kit, vault, entropy)
    user = await kit.user()
    _, secret = await second.enrol(user.id, now)
    strict = make_second(kit, vault, entropy, policy=IdentityPolicy(factors=frozenset({"password", "passkey"})))
    assert await _is_refused(strict, user.id, _code(secret, now), now)
    with pytest.raises(Forbidden):
        await _begin(strict, user.id)
    begun = await _begin(second, user.id, now)
    with pytest.raises(Forbidden):
        await _confirm(strict, user.id, begun, now)


async def test_the_authenticator_asks_who_it_is_first(second: Second, now: datetime) -> None:
    """N12: a skipped step, an answer of another kind, a stored proof of another weight."""
    user = await second.kit.user()
    _, secret = await second.enrol(user.id, now)
    door, answer = TotpAuthenticator(second.totp), TotpAnswer(Secret(_code(secret, now)))
    nobody: Attempt = Login(uuid7(now, SystemEntropy()), None)
    somebody: Attempt = Login(uuid7(now, SystemEntropy()), user.id)
    async with second.kit.open_ctx(second.kit.tenant_id, now=now) as ctx:
        assert await door.challenge(ctx, somebody) == {}
        with pytest.raises(Unauthenticated):
            await door.prove(ctx, nobody, answer)
        with pytest.raises(Inconsistent):
            await door.prove(ctx, somebody, Other())
        assert (await door.prove(ctx, somebody, answer)).user_id == user.id
    with pytest.raises(Inconsistent):
        door.recall(user.id, now, "multi")
    assert door.recall(user.id, now, "second").user_id == user.id


def test_nobody_else_makes_a_totp_proof(tenant_id: UUID, now: datetime) -> None:
    """N12"""
    with pytest.raises(TypeError):
        TotpProof(tenant_id, now, Mint("TotpProof"))


def test_an_answer_prints_no_code() -> None:
    """N37"""
    assert "123456" not in repr(TotpAnswer(Secret("123456")))
