"""Refresh tokens that stay what they are (FAPI 2.0 Security Profile §5.3.2.1)."""

import asyncio
from dataclasses import replace

import pytest

from airside.core.ids import FAMILY, parse_id
from airside.tokens import Confirmation, RefreshExpired, RefreshMisbound, RefreshReused, RefreshRevoked, RefreshUnknown
from tests.conftest import MakeTenant
from tests.tokens.kit import CLIENT, GRANT, Kit

DAY = 24 * 3600.0
KEY = Confirmation(jkt="k" * 43)


async def prolong(kit: Kit, token: str, seconds: float, proven: Confirmation | None = None) -> str:
    async with kit.at(seconds) as ctx:
        return (await kit.families.prolong(ctx, token, CLIENT, proven=proven)).family.word


async def test_token_stays_and_stands_for_the_same(kit: Kit) -> None:
    token = await kit.family()
    async with kit.at(60) as ctx:
        kept = await kit.families.prolong(ctx, token, CLIENT)
    grant = kept.family.grant
    assert (kept.token.reveal(), kept.repeated) == (token, False)
    assert (grant.subject, grant.scope, grant.audience, grant.session_id) == (
        *("usr_ada", GRANT.scope, GRANT.audience),
        "ses_one",
    )


async def test_each_use_gives_another_seven_days_and_never_more_than_ninety(kit: Kit) -> None:
    token = await kit.family()
    for day in range(6, 90, 6):
        await prolong(kit, token, day * DAY)
    with pytest.raises(RefreshExpired):
        await prolong(kit, token, 90 * DAY)


async def test_idle_token_is_refused(kit: Kit) -> None:
    token = await kit.family()
    with pytest.raises(RefreshExpired):
        await prolong(kit, token, 7 * DAY)


async def test_fifty_at_once_all_keep_it(kit: Kit) -> None:
    """It isn't spent, so that nobody loses."""
    token = await kit.family()
    connections = asyncio.Semaphore(15)

    async def use() -> str:
        async with connections:
            return await prolong(kit, token, 1)

    assert len(set(await asyncio.gather(*(use() for _ in range(50))))) == 1


async def test_another_client_ends_the_family(kit: Kit) -> None:
    """N07: it has leaked."""
    token = await kit.family()
    with pytest.raises(RefreshReused):
        async with kit.at(1) as ctx:
            await kit.families.prolong(ctx, token, "cli_other")
    with pytest.raises(RefreshRevoked):
        await prolong(kit, token, 2)


async def test_bound_family_is_prolonged_for_its_key_alone(kit: Kit) -> None:
    """N07: RFC 9449 §5; and nothing ends."""
    token = await kit.family(replace(GRANT, confirmation=KEY))
    for proven in (None, Confirmation(jkt="o" * 43)):
        with pytest.raises(RefreshMisbound):
            await prolong(kit, token, 1, proven)
    assert await prolong(kit, token, 2, KEY)


async def test_spent_token_of_a_client_that_rotated_before_is_still_a_reuse(kit: Kit) -> None:
    """N07: RFC 9700 §4.14.2; a client that comes under the profile takes no licence along."""
    first = await kit.family()
    second = await kit.rotate(first, 1)
    assert await prolong(kit, second, 2)
    third = await kit.rotate(second, 3)
    with pytest.raises(RefreshReused):
        await prolong(kit, first, 4)
    with pytest.raises(RefreshRevoked):
        await prolong(kit, third, 5)


async def test_revoked_family_is_not_prolonged(kit: Kit) -> None:
    """N19"""
    token = await kit.family()
    word = await prolong(kit, token, 1)
    async with kit.at(2) as ctx:
        await kit.families.revoke(ctx, parse_id(FAMILY, word), "test")
    with pytest.raises(RefreshRevoked):
        await prolong(kit, token, 3)


async def test_token_of_another_tenant_and_what_is_none_are_unknown(kit: Kit, make_tenant: MakeTenant) -> None:
    """N20: wrong context; corrupted, truncated, longer."""
    token = await kit.family()
    other = replace(kit, tenant_id=await make_tenant())
    with pytest.raises(RefreshUnknown):
        await prolong(other, token, 1)
    for bent in (token[:-1], token + "A", token[:-1] + ("A" if token[-1] != "A" else "B"), ""):
        with pytest.raises(RefreshUnknown):
            await prolong(kit, bent, 1)
    assert await prolong(kit, token, 2)
