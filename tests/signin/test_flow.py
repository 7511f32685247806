"""The login as a stored value: bound to its browser, spent once, never further than what was proven."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar

import pytest

from airside.core.entropy import SystemEntropy, token
from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import uuid7
from airside.core.principal import Origin
from airside.core.secret import Secret
from airside.identity import Answer, PasswordAnswer
from airside.signin import Ask, Done, Limited, StartedFlow, Step
from airside.signin.model import LIFETIME
from tests.identity.kit import HOME, PASSWORD, Kit, MakeTenant

EMAIL = "ada@example.com"
ACCOUNT = "/t/acme/account"
RIGHT = PasswordAnswer(EMAIL, Secret(PASSWORD))
WRONG = PasswordAnswer(EMAIL, Secret("wrong"))
EMPTY = PasswordAnswer("", Secret(""))
FIRST = Ask("first", ("password", "passkey"))
FAILED = replace(FIRST, failed=True)


@dataclass(frozen=True)
class OtherAnswer:
    """An answer to a step that isn't due."""

    kind: ClassVar[str] = "totp"


@dataclass(frozen=True)
class NamelessAnswer:
    """An answer to no step at all."""

    kind: ClassVar[str] = ""


async def _flow(kit: Kit, continue_to: str = ACCOUNT) -> StartedFlow:
    async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
        return await kit.flows.start(ctx, continue_to)


async def _submit(kit: Kit, flow: StartedFlow, answer: Answer | None, later: timedelta = timedelta(0)) -> Step:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        now = ctx.now + later
    async with kit.open_ctx(kit.tenant_id, origin=HOME, now=now) as ctx:
        return await kit.flows.submit(ctx, flow.flow_id, flow.browser, answer)


async def _sessions(kit: Kit) -> int:
    @dataclass(frozen=True)
    class Count:
        count: int

    async with kit.open_ctx(kit.tenant_id) as ctx:
        row = await ctx.tx.one(
            Count, "select count(*) from airside.user_session where tenant_id = %s", (kit.tenant_id,)
        )
    assert row is not None
    return row.count


async def test_the_right_password_ends_the_flow_in_a_session(kit: Kit) -> None:
    user = await kit.user()
    step = await _submit(kit, await _flow(kit, "/t/acme/oauth2/authorize?x=1"), RIGHT)
    assert isinstance(step, Done)
    assert step.continue_to == "/t/acme/oauth2/authorize?x=1"
    assert (step.session.session.user_id, step.session.session.assurance) == (user.id, "aal1")


async def test_a_wrong_password_is_a_step_and_the_flow_goes_on(kit: Kit) -> None:
    await kit.user()
    flow = await _flow(kit)
    assert await _submit(kit, flow, WRONG) == FAILED
    assert isinstance(await _submit(kit, flow, RIGHT), Done)


async def test_a_wrong_password_and_an_unknown_user_are_the_same_step(kit: Kit) -> None:
    """N15"""
    await kit.user()
    flow = await _flow(kit)
    unknown = PasswordAnswer("bob@example.com", Secret(PASSWORD))
    assert await _submit(kit, flow, WRONG) == await _submit(kit, flow, unknown)


async def test_the_sixth_guess_is_limited_and_says_how_long(kit: Kit) -> None:
    """N13: and a new flow is no new budget."""
    await kit.user()
    flow = await _flow(kit)
    for _ in range(5):
        assert await _submit(kit, flow, WRONG) == FAILED
    for tried in (flow, await _flow(kit)):
        step = await _submit(kit, tried, RIGHT)
        assert isinstance(step, Limited)
        assert 0 < step.retry_after <= 12


@pytest.mark.parametrize("answer", [None, EMPTY, OtherAnswer(), NamelessAnswer()])
async def test_an_empty_or_skipped_step_starts_no_session(kit: Kit, answer: Answer | None) -> None:
    """N12: empty POST, skipped step, other pathway."""
    await kit.user()
    flow = await _flow(kit)
    assert await _submit(kit, flow, answer) in (FIRST, FAILED)
    assert await _sessions(kit) == 0


async def test_a_finished_flow_is_spent(kit: Kit) -> None:
    """N14: replayed, it is not there, for any answer."""
    await kit.user()
    flow = await _flow(kit)
    assert isinstance(await _submit(kit, flow, RIGHT), Done)
    for answer in (RIGHT, WRONG, None):
        with pytest.raises(NotFound):
            await _submit(kit, flow, answer)
    assert await _sessions(kit) == 1


async def test_an_expired_flow_is_not_there(kit: Kit) -> None:
    """N12"""
    await kit.user()
    flow = await _flow(kit)
    with pytest.raises(NotFound):
        await _submit(kit, flow, RIGHT, LIFETIME + timedelta(seconds=1))
    assert await _sessions(kit) == 0


async def test_another_browser_cant_go_on_with_a_flow(kit: Kit) -> None:
    """N11: neither with its own flow's secret nor with a made-up, altered or cut one."""
    await kit.user()
    victim, attacker = await _flow(kit), await _flow(kit)
    mine = victim.browser.reveal()
    for browser in (attacker.browser.reveal(), token(SystemEntropy()), mine[:-1], mine + "A", "", "x" * 10_000):
        with pytest.raises(NotFound):
            await _submit(kit, victim._replace(browser=Secret(browser)), RIGHT)
    assert await _sessions(kit) == 0
    assert isinstance(await _submit(kit, victim, RIGHT), Done)


async def test_a_foreign_tenant_doesnt_have_the_flow(kit: Kit, make_tenant: MakeTenant) -> None:
    """N20"""
    await kit.user()
    flow = await _flow(kit)
    with pytest.raises(NotFound):
        await _submit(replace(kit, tenant_id=await make_tenant()), flow, RIGHT)


async def test_an_unknown_flow_is_not_there(kit: Kit) -> None:
    flow = await _flow(kit)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        with pytest.raises(NotFound):
            await kit.flows.load(ctx, uuid7(ctx.now, SystemEntropy()), flow.browser)


async def test_four_at_once_one_gets_the_session(kit: Kit) -> None:
    """N14: four, for the fifth and further would meet the limit of guesses instead."""
    await kit.user()
    flow = await _flow(kit)

    async def submit() -> bool:
        try:
            return isinstance(await _submit(kit, flow, RIGHT), Done)
        except NotFound:
            return False

    assert sum(await asyncio.gather(*(submit() for _ in range(4)))) == 1
    assert await _sessions(kit) == 1


async def test_fifty_at_once_from_fifty_origins_one_gets_the_session(kit: Kit) -> None:
    """N14"""
    await kit.user()
    flow = await _flow(kit)

    async def submit(number: int) -> bool:
        origin = Origin(f"198.51.100.{number}")
        async with kit.open_ctx(kit.tenant_id, origin=origin) as ctx:
            return isinstance(await kit.flows.submit(ctx, flow.flow_id, flow.browser, RIGHT), Done)

    answers = await asyncio.gather(*(submit(number) for number in range(50)), return_exceptions=True)
    assert answers.count(True) == 1
    assert await _sessions(kit) == 1


async def test_each_sign_in_makes_new_secrets(kit: Kit) -> None:
    """N11: nothing that a browser held before names the session after."""
    await kit.user()
    seen: set[str] = set()
    for _ in range(2):
        flow = await _flow(kit)
        step = await _submit(kit, flow, RIGHT)
        assert isinstance(step, Done)
        seen |= {flow.browser.reveal(), step.session.sso.reveal(), step.session.account.reveal()}
    assert len(seen) == 6


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "account", "/\t/evil"],
)
async def test_a_flow_leads_nowhere_but_to_a_path_on_this_origin(kit: Kit, target: str) -> None:
    """N10"""
    with pytest.raises(InvalidInput):
        await _flow(kit, target)


async def test_what_a_failed_step_cost_is_committed_and_journalled_once_a_minute(kit: Kit) -> None:
    @dataclass(frozen=True)
    class Record:
        event: str
        reason: str

    await kit.user()
    flow = await _flow(kit)
    for _ in range(3):
        await _submit(kit, flow, WRONG)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        rows = await ctx.tx.all(
            Record,
            "select event, reason from airside.audit_record where tenant_id = %s and outcome = 'refused'",
            (kit.tenant_id,),
        )
    assert 1 <= len(rows) <= 2
    assert set(rows) == {Record("signin:user:refused", "wrong_credentials")}


async def test_sweep_forgets_expired_flows_only(kit: Kit) -> None:
    await _flow(kit)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        assert await kit.flows.sweep(ctx) == 0
        later = ctx.now + LIFETIME + timedelta(minutes=1)
    async with kit.open_ctx(kit.tenant_id, now=later) as ctx:
        assert await kit.flows.sweep(ctx) == 1
