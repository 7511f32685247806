"""N14: fifty at once, on two nodes, and one of them wins."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, LimitExceeded, NotFound, Unauthenticated, Unavailable
from airside.core.gcra import Rate
from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.identity.totp import MAX_TOTP
from airside.limits import Demand, PostgresLimiter
from airside.protocols import otp
from airside.store import RequestContext
from airside.vault import Vault
from tests.conftest import EngineFactory
from tests.identity.factor_kit import Second, make_second, secret_of
from tests.identity.kit import Kit

PARALLEL = 50


@dataclass(frozen=True)
class _Generous:
    """Implements `Limiter`: the real one, a thousand times as patient, so that what is left is the spending."""

    inner: PostgresLimiter

    async def spend(self, ctx: RequestContext, demands: Sequence[Demand], *, cost: int = 1) -> None:
        await self.inner.spend(ctx, _more(demands), cost=cost)

    async def refund(self, ctx: RequestContext, demands: Sequence[Demand], *, cost: int = 1) -> None:
        await self.inner.refund(ctx, _more(demands), cost=cost)

    async def aclose(self) -> None:
        await self.inner.aclose()


def _more(demands: Sequence[Demand]) -> list[Demand]:
    return [(replace(limit, rate=Rate(limit.rate.count * 1000, limit.rate.period)), key) for limit, key in demands]


@pytest.fixture
async def nodes(
    kit: Kit, vault: Vault, entropy: Entropy, engine_factory: EngineFactory
) -> AsyncIterator[tuple[Second, Second]]:
    """Two processes' worth of services, each with connections of its own."""
    async with engine_factory() as one, engine_factory() as two:
        first, other = (
            make_second(
                replace(kit, open_ctx=engine.begin), vault, entropy, limiter=_Generous(PostgresLimiter(vault=vault))
            )
            for engine in (one, two)
        )
        yield first, other


@pytest.fixture
def now(clock: Clock) -> datetime:
    return clock.now()


async def _at_once(
    nodes: tuple[Second, Second], use: Callable[[Second, RequestContext], Awaitable[object]], now: datetime
) -> int:
    """How many of fifty uses in requests of their own, on both nodes, were taken."""

    async def one(second: Second) -> bool:
        for _ in range(20):
            try:
                async with second.kit.open_ctx(second.kit.tenant_id, now=now) as ctx:
                    await use(second, ctx)
            except Unavailable:  # too many wait for a connection: the client tries again
                continue
            except (Unauthenticated, NotFound, Conflict):
                return False
            return True
        raise AssertionError("never had its turn")

    return sum(await asyncio.gather(*(one(nodes[number % 2]) for number in range(PARALLEL))))


async def test_one_of_fifty_uses_of_one_totp_code_wins(nodes: tuple[Second, Second], now: datetime) -> None:
    user = await nodes[0].kit.user()
    _, secret = await nodes[0].enrol(user.id, now)
    code = Secret(otp.code_at(secret, otp.step_at(now)))
    assert await _at_once(nodes, lambda second, ctx: second.totp.prove(ctx, user.id, code), now) == 1


async def test_one_of_fifty_confirmations_wins(nodes: tuple[Second, Second], now: datetime) -> None:
    user = await nodes[0].kit.user()
    async with nodes[0].kit.open_ctx(nodes[0].kit.tenant_id, now=now) as ctx:
        begun = await nodes[0].totp.begin(ctx, user.id, "ada@example.com", "Acme")
    code = Secret(otp.code_at(secret_of(begun.secret), otp.step_at(now)))
    assert await _at_once(nodes, lambda second, ctx: second.totp.confirm(ctx, user.id, begun.factor_id, code), now) == 1


async def test_one_of_fifty_uses_of_one_recovery_code_wins(nodes: tuple[Second, Second], now: datetime) -> None:
    user = await nodes[0].kit.user()
    async with nodes[0].kit.open_ctx(nodes[0].kit.tenant_id, now=now) as ctx:
        code = (await nodes[0].recovery_codes.renew(ctx, user.id))[0]
    assert await _at_once(nodes, lambda second, ctx: second.recovery_codes.prove(ctx, user.id, code), now) == 1


async def test_one_of_fifty_uses_of_one_mailed_code_wins(
    nodes: tuple[Second, Second], now: datetime, entropy: Entropy
) -> None:
    user, flow_id = await nodes[0].kit.user(), uuid7(now, entropy)
    async with nodes[0].kit.open_ctx(nodes[0].kit.tenant_id, now=now) as ctx:
        await nodes[0].email_codes.send(ctx, flow_id, user.id)
    code = Secret(await nodes[0].mailed_code(now))
    assert await _at_once(nodes, lambda second, ctx: second.email_codes.prove(ctx, flow_id, user.id, code), now) == 1


async def test_five_of_fifty_wrong_mailed_codes_are_looked_at(
    nodes: tuple[Second, Second], now: datetime, entropy: Entropy
) -> None:
    """N13: tries in parallel are counted like those in a row, so the right one comes too late."""
    user, flow_id = await nodes[0].kit.user(), uuid7(now, entropy)
    async with nodes[0].kit.open_ctx(nodes[0].kit.tenant_id, now=now) as ctx:
        await nodes[0].email_codes.send(ctx, flow_id, user.id)
    right = await nodes[0].mailed_code(now)
    wrong = Secret(f"{(int(right) + 1) % 10**6:06d}")
    assert await _at_once(nodes, lambda second, ctx: second.email_codes.prove(ctx, flow_id, user.id, wrong), now) == 0
    async with nodes[1].kit.open_ctx(nodes[1].kit.tenant_id, now=now) as ctx:
        with pytest.raises(Unauthenticated):
            await nodes[1].email_codes.prove(ctx, flow_id, user.id, Secret(right))


async def test_one_of_fifty_challenges_sends_a_mail(
    nodes: tuple[Second, Second], now: datetime, entropy: Entropy
) -> None:
    user, flow_id = await nodes[0].kit.user(), uuid7(now, entropy)
    await _at_once(nodes, lambda second, ctx: second.email_codes.ensure(ctx, flow_id, user.id), now)
    assert len(await nodes[0].mails(now)) == 1


async def test_sheets_renewed_at_once_leave_ten_codes(nodes: tuple[Second, Second], now: datetime) -> None:
    user = await nodes[0].kit.user()
    await _at_once(nodes, lambda second, ctx: second.recovery_codes.renew(ctx, user.id), now)
    async with nodes[0].kit.open_ctx(nodes[0].kit.tenant_id) as ctx:
        assert await nodes[0].recovery_codes.remaining(ctx, user.id) == 10


async def test_people_who_enrol_many_at_once_keep_to_the_cap(nodes: tuple[Second, Second], now: datetime) -> None:
    user = await nodes[0].kit.user()
    step = otp.step_at(now)

    async def enrol(second: Second, ctx: RequestContext) -> None:
        begun = await second.totp.begin(ctx, user.id, "ada@example.com", "Acme")
        await ctx.tx.checkpoint()
        await second.totp.confirm(ctx, user.id, begun.factor_id, Secret(otp.code_at(secret_of(begun.secret), step)))

    for _ in range(3):
        await _at_once(nodes, enrol, now)
    async with nodes[0].kit.open_ctx(nodes[0].kit.tenant_id) as ctx:
        assert 1 <= len((await nodes[0].factors.of(ctx, user.id)).totp) <= MAX_TOTP


async def test_a_guess_pays_before_it_is_compared_however_many_come(
    kit: Kit, vault: Vault, entropy: Entropy, now: datetime
) -> None:
    """N13: fifty in parallel under the real limits: five are looked at, the burst of a minute."""
    second = make_second(kit, vault, entropy)
    user = await kit.user()
    await second.enrol(user.id, now - timedelta(hours=1))

    async def guess() -> str:
        try:
            await second.prove(user.id, "abcdef", now)
        except (Unauthenticated, LimitExceeded, Unavailable) as refusal:
            return refusal.code
        return "proven"

    answers = await asyncio.gather(*(guess() for _ in range(PARALLEL)))
    assert answers.count("unauthenticated") == 5
