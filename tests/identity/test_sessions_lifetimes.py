"""A session lives as long as its tenant says."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from airside.audit import Journal
from airside.core.entropy import Entropy
from airside.core.secret import Secret
from airside.identity import FixedPolicies, IdentityPolicy, Session, SessionPolicy, Sessions, StartedSession
from airside.tokens import RefreshFamilies
from airside.vault import Vault
from tests.identity.kit import HOME, PLACES, Kit
from tests.identity.test_proofs import Second, given

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def _sessions(kit: Kit, vault: Vault, entropy: Entropy, policy: SessionPolicy) -> Sessions:
    journal = Journal(vault=vault, entropy=entropy)
    return Sessions(
        vault=vault,
        entropy=entropy,
        journal=journal,
        revocations=kit.revocations,
        families=RefreshFamilies(entropy=entropy, revocations=kit.revocations, journal=journal),
        policies=FixedPolicies(IdentityPolicy(sessions=policy)),
        places=PLACES,
    )


@pytest.fixture
def short(kit: Kit, vault: Vault, entropy: Entropy) -> Kit:
    """A tenant that lets a session be idle for 15 minutes, and live for two hours."""
    policy = SessionPolicy(idle_minutes=15, absolute_hours=2)
    return replace(kit, sessions=_sessions(kit, vault, entropy, policy))


async def _start(kit: Kit) -> StartedSession:
    await kit.user()
    proof = await kit.proof()
    async with kit.open_ctx(kit.tenant_id, now=proof.at, origin=HOME) as ctx:
        return await kit.sessions.start(ctx, [proof])


async def _find(kit: Kit, token: Secret[str], now: datetime) -> Session | None:
    async with kit.open_ctx(kit.tenant_id, now=now) as ctx:
        return await kit.sessions.find(ctx, token, "sso")


async def test_an_unused_session_is_over_after_the_tenants_idle_time(short: Kit) -> None:
    started = await _start(short)
    began = started.session.created_at
    assert await _find(short, started.sso, began + 14 * MINUTE) is not None
    assert await _find(short, started.sso, began + 28 * MINUTE) is not None
    assert await _find(short, started.sso, began + 43 * MINUTE) is None


async def test_a_busy_session_is_over_after_the_tenants_absolute_time(short: Kit) -> None:
    started = await _start(short)
    began = started.session.created_at
    assert started.session.expires_at == began + 2 * HOUR
    for turn in range(1, 12):
        assert await _find(short, started.sso, began + turn * 10 * MINUTE) is not None
    assert await _find(short, started.sso, began + 2 * HOUR) is None


async def test_a_risen_session_is_idle_no_longer_than_the_tenant_says(short: Kit) -> None:
    started = await _start(short)
    now = started.session.created_at + MINUTE
    async with short.open_ctx(short.tenant_id, now=now) as ctx:
        risen = await short.sessions.rotate(ctx, started.session, [given(Second, started.session.user_id, now)])
    assert await _find(short, risen.sso, now + 16 * MINUTE) is None


async def test_a_shorter_idle_time_holds_from_the_next_use(kit: Kit, vault: Vault, entropy: Entropy) -> None:
    started = await _start(kit)
    began = started.session.created_at
    tightened = replace(kit, sessions=_sessions(kit, vault, entropy, SessionPolicy(idle_minutes=5)))
    assert await _find(tightened, started.sso, began + HOUR) is not None
    assert await _find(tightened, started.sso, began + HOUR + 6 * MINUTE) is None
