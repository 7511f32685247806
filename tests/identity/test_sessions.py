"""Sessions: started by proofs alone, opened by the right secret alone, over when over."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from airside.core.clock import epoch
from airside.core.entropy import SystemEntropy, token
from airside.core.errors import AssuranceTooLow, NotFound, Unauthenticated
from airside.core.ids import SESSION, format_id, uuid7
from airside.core.principal import Origin
from airside.core.secret import Secret
from airside.identity import Cookie, Session, SessionPolicy, StartedSession
from airside.identity.model import PROOF_LIFETIME
from tests.identity.kit import HOME, Kit, MakeTenant
from tests.identity.test_proofs import Hardware, Multi, Second, given

IDLE = timedelta(minutes=SessionPolicy().idle_minutes)
ABSOLUTE = timedelta(hours=SessionPolicy().absolute_hours)
COOKIES: tuple[Cookie, ...] = ("sso", "account")


async def _start(kit: Kit, email: str = "ada@example.com") -> StartedSession:
    proof = await kit.proof(email)
    async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
        return await kit.sessions.start(ctx, [proof])


async def _find(kit: Kit, secret: Secret[str], cookie: Cookie, later: timedelta = timedelta(0)) -> Session | None:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        now = ctx.now + later
    async with kit.open_ctx(kit.tenant_id, now=now) as ctx:
        return await kit.sessions.find(ctx, secret, cookie)


async def test_each_secret_opens_the_session_through_its_own_cookie(kit: Kit) -> None:
    await kit.user()
    started = await _start(kit)
    assert await _find(kit, started.sso, "sso") == started.session
    assert await _find(kit, started.account, "account") == started.session
    assert started.session.assurance == "aal1"
    assert started.session.origin == HOME


async def test_one_cookies_secret_is_not_the_others(kit: Kit) -> None:
    """N06: the Lax cookie, which rides on cross-site navigation, opens nothing that changes state."""
    await kit.user()
    started = await _start(kit)
    assert await _find(kit, started.sso, "account") is None
    assert await _find(kit, started.account, "sso") is None


@pytest.mark.parametrize("cookie", COOKIES)
async def test_a_secret_altered_cut_or_grown_opens_nothing(kit: Kit, cookie: Cookie) -> None:
    """N38: corrupted, truncated, oversized, and what isn't ASCII."""
    await kit.user()
    secret = (await _start(kit))._asdict()[cookie].reveal()
    altered = ("B" if secret[0] == "A" else "A") + secret[1:]
    for wrong in ("", secret[:-1], secret + "A", altered, secret.swapcase(), "é" * 43, "A" * 100_000):
        assert await _find(kit, Secret(wrong), cookie) is None


async def test_a_foreign_tenant_finds_nothing(kit: Kit, make_tenant: MakeTenant) -> None:
    """N20: wrong context."""
    await kit.user()
    started = await _start(kit)
    other = replace(kit, tenant_id=await make_tenant())
    assert await _find(other, started.sso, "sso") is None
    async with other.open_ctx(other.tenant_id) as ctx:
        with pytest.raises(NotFound):
            await other.sessions.end(ctx, started.session.id)
        assert await other.sessions.list(ctx, started.session.user_id) == []


async def test_a_foreign_tenants_proof_starts_nothing(kit: Kit, make_tenant: MakeTenant) -> None:
    """N20"""
    await kit.user()
    proof = await kit.proof()
    async with kit.open_ctx(await make_tenant(), now=proof.at) as ctx:
        with pytest.raises(Unauthenticated):
            await kit.sessions.start(ctx, [proof])


async def test_no_proofs_start_nothing(kit: Kit) -> None:
    """N12"""
    async with kit.open_ctx(kit.tenant_id) as ctx:
        with pytest.raises(AssuranceTooLow):
            await kit.sessions.start(ctx, [])


async def test_a_second_factor_alone_starts_nothing(kit: Kit) -> None:
    """N12"""
    user = await kit.user()
    async with kit.open_ctx(kit.tenant_id) as ctx:
        with pytest.raises(AssuranceTooLow):
            await kit.sessions.start(ctx, [given(Second, user.id, ctx.now)])


@pytest.mark.parametrize("shift", [PROOF_LIFETIME + timedelta(seconds=1), timedelta(seconds=-1)])
async def test_a_stale_proof_or_one_of_the_future_starts_nothing(kit: Kit, shift: timedelta) -> None:
    """N12: stale assurance."""
    await kit.user()
    proof = await kit.proof()
    async with kit.open_ctx(kit.tenant_id, now=proof.at + shift) as ctx:
        with pytest.raises(AssuranceTooLow):
            await kit.sessions.start(ctx, [proof])


async def test_a_user_disabled_after_the_proof_starts_nothing_and_opens_nothing(kit: Kit) -> None:
    """N18"""
    user = await kit.user()
    started = await _start(kit)
    proof = await kit.proof()
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.users.set_state(ctx, user.id, "disabled")
    async with kit.open_ctx(kit.tenant_id) as ctx:
        with pytest.raises(Unauthenticated):
            await kit.sessions.start(ctx, [proof])
    assert await _find(kit, started.sso, "sso") is None


async def test_an_idle_session_is_over(kit: Kit) -> None:
    await kit.user()
    started = await _start(kit)
    assert await _find(kit, started.sso, "sso", IDLE - timedelta(minutes=1)) is not None
    assert await _find(kit, started.sso, "sso", 2 * IDLE - timedelta(minutes=2)) is not None
    assert await _find(kit, started.sso, "sso", 3 * IDLE) is None


async def test_a_busy_session_is_over_after_its_absolute_life(kit: Kit) -> None:
    await kit.user()
    started = await _start(kit)
    hours = timedelta(hours=10)
    for turn in range(1, int(ABSOLUTE / hours) + 1):
        assert await _find(kit, started.sso, "sso", turn * hours) is not None
    assert await _find(kit, started.sso, "sso", ABSOLUTE) is None


async def test_an_ended_session_is_over_and_so_are_its_tokens(kit: Kit) -> None:
    """N19: ending writes the revocation that access tokens are checked against."""
    await kit.user()
    started = await _start(kit)
    sid = format_id(SESSION, started.session.id)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.sessions.end(ctx, started.session.id)
    assert await _find(kit, started.sso, "sso") is None
    assert await _find(kit, started.account, "account") is None
    async with kit.open_ctx(kit.tenant_id) as ctx:
        revoked = await kit.revocations.current(ctx)
        assert revoked.covers(jti="", sid=sid, fam=None, sub="", client_id="", issued_at=epoch(ctx.now))


async def test_fifty_at_once_one_ends_it(kit: Kit) -> None:
    await kit.user()
    started = await _start(kit)

    async def end() -> bool:
        async with kit.open_ctx(kit.tenant_id) as ctx:
            try:
                await kit.sessions.end(ctx, started.session.id)
            except NotFound:
                return False
        return True

    assert sum(await asyncio.gather(*(end() for _ in range(50)))) == 1


async def test_all_of_a_users_sessions_end_and_nobody_elses(kit: Kit) -> None:
    ada = await kit.user()
    await kit.user("bob@example.com")
    mine = [await _start(kit) for _ in range(3)]
    other = await _start(kit, "bob@example.com")
    async with kit.open_ctx(kit.tenant_id) as ctx:
        listed = await kit.sessions.list(ctx, ada.id)
        assert {session.id for session in listed} == {started.session.id for started in mine}
        assert await kit.sessions.end_all(ctx, ada.id) == 3
    assert [await _find(kit, started.sso, "sso") for started in mine] == [None] * 3
    assert await _find(kit, other.sso, "sso") is not None


async def test_rising_assurance_changes_both_secrets_and_the_old_are_dead(kit: Kit) -> None:
    """N11: session fixation ends at every rise."""
    user = await kit.user()
    started = await _start(kit)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        risen = await kit.sessions.rotate(ctx, started.session, [given(Second, user.id, ctx.now)])
    assert (risen.session.assurance, risen.session.amr) == ("aal2", ("pwd", "otp", "mfa"))
    assert risen.session.id == started.session.id
    assert risen.session.auth_time > started.session.auth_time
    assert await _find(kit, started.sso, "sso") is None
    assert await _find(kit, started.account, "account") is None
    assert await _find(kit, risen.sso, "sso") == risen.session
    assert await _find(kit, risen.account, "account") == risen.session


async def test_what_adds_nothing_or_is_anothers_doesnt_raise(kit: Kit) -> None:
    """N12"""
    user = await kit.user()
    bob = await kit.user("bob@example.com")
    started = await _start(kit)
    again = await kit.proof()
    async with kit.open_ctx(kit.tenant_id) as ctx:
        for proofs in ([], [again], [given(Hardware, user.id, ctx.now - 2 * PROOF_LIFETIME)]):
            with pytest.raises(AssuranceTooLow):
                await kit.sessions.rotate(ctx, started.session, proofs)
        with pytest.raises(Unauthenticated):
            await kit.sessions.rotate(ctx, started.session, [given(Multi, bob.id, ctx.now)])
    assert await _find(kit, started.sso, "sso") == started.session


async def test_second_factor_renews_what_the_session_had(kit: Kit) -> None:
    user = await kit.user()
    started = await _start(kit)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        risen = await kit.sessions.rotate(ctx, started.session, [given(Second, user.id, ctx.now)])
    async with kit.open_ctx(kit.tenant_id) as ctx:
        again = await kit.sessions.rotate(ctx, risen.session, [given(Second, user.id, ctx.now)])
    assert again.session.assurance == "aal2"
    assert again.session.auth_time > risen.session.auth_time
    assert await _find(kit, risen.account, "account") is None


async def test_what_was_proven_too_long_ago_is_proven_anew_whole(kit: Kit) -> None:
    """N12: stale assurance. A second factor beside a stale session is one factor, and a password alone is less than
    the session says of itself."""
    user = await kit.user()
    started = await _start(kit)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        risen = (await kit.sessions.rotate(ctx, started.session, [given(Second, user.id, ctx.now)])).session
    password = await kit.proof()
    async with kit.open_ctx(kit.tenant_id) as ctx:
        since = ctx.now
        for proofs in ([given(Second, user.id, ctx.now)], [password]):
            with pytest.raises(AssuranceTooLow):
                await kit.sessions.rotate(ctx, risen, proofs, since=since)
        renewed = await kit.sessions.rotate(ctx, risen, [password, given(Second, user.id, ctx.now)], since=since)
    assert (renewed.session.assurance, renewed.session.amr) == ("aal2", ("pwd", "otp", "mfa"))


async def test_disabled_users_session_doesnt_rise(kit: Kit) -> None:
    """N18"""
    user = await kit.user()
    started = await _start(kit)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.users.set_state(ctx, user.id, "disabled")
    async with kit.open_ctx(kit.tenant_id) as ctx:
        assert await kit.sessions.live(ctx, started.session.id) is None
        with pytest.raises(Unauthenticated):
            await kit.sessions.rotate(ctx, started.session, [given(Multi, user.id, ctx.now)])


async def test_fifty_rises_at_once_one_wins_and_an_ended_session_doesnt_rise(kit: Kit) -> None:
    user = await kit.user()
    started = await _start(kit)

    async def rise() -> StartedSession | None:
        async with kit.open_ctx(kit.tenant_id) as ctx:
            try:
                return await kit.sessions.rotate(ctx, started.session, [given(Multi, user.id, ctx.now)])
            except NotFound:
                return None

    won = [one for one in await asyncio.gather(*(rise() for _ in range(50))) if one]
    assert len(won) == 1
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.sessions.end(ctx, started.session.id)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        with pytest.raises(NotFound):
            await kit.sessions.rotate(ctx, won[0].session, [given(Hardware, user.id, ctx.now)])


@dataclass(frozen=True)
class _Row:
    sso_hash: bytes
    account_hash: bytes
    origin_sealed: bytes
    agent_sealed: bytes


async def test_neither_secret_nor_origin_stands_in_the_row(kit: Kit) -> None:
    """N37"""
    await kit.user()
    started = await _start(kit)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        rows = await ctx.tx.all(
            _Row,
            "select sso_hash, account_hash, origin_sealed, agent_sealed from airside.user_session where tenant_id = %s",
            (kit.tenant_id,),
        )
    (row,) = rows
    stored = row.sso_hash + row.account_hash + row.origin_sealed + row.agent_sealed
    for clear in (started.sso.reveal(), started.account.reveal(), HOME.address, "Mozilla"):
        assert clear.encode() not in stored
    assert started.sso.reveal() not in repr(started)


async def test_an_endless_user_agent_is_cut(kit: Kit) -> None:
    await kit.user()
    proof = await kit.proof()
    async with kit.open_ctx(kit.tenant_id, origin=Origin("192.0.2.1", "x" * 10_000)) as ctx:
        started = await kit.sessions.start(ctx, [proof])
    assert len(started.session.origin.user_agent) == 256


async def test_a_made_up_secret_or_id_is_nobodys(kit: Kit) -> None:
    entropy = SystemEntropy()
    assert await _find(kit, Secret(token(entropy)), "sso") is None
    async with kit.open_ctx(kit.tenant_id) as ctx:
        with pytest.raises(NotFound):
            await kit.sessions.end(ctx, uuid7(ctx.now, entropy))
