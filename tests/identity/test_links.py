"""Action links: what a mail carries, good for one purpose, once."""

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from typing import get_args
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from airside.audit import Journal
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import NotFound, TooLarge
from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.identity import RECOVERY_LIFETIME, VERIFY_LIFETIME, Link, Links
from airside.identity.links import MAX_PAYLOAD, PURPOSES, TOKEN_LENGTH, Purpose
from airside.vault import Vault
from tests.identity.kit import Kit
from tests.makers import MakeTenant

HOUR = timedelta(hours=1)


@pytest.fixture
def links(vault: Vault, entropy: Entropy) -> Links:
    return Links(vault=vault, entropy=entropy, journal=Journal(vault=vault, entropy=entropy))


async def _made(
    kit: Kit, links: Links, purpose: Purpose = "recovery", user_id: UUID | None = None, payload: bytes = b"kept"
) -> tuple[UUID, Secret[str]]:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        link_id = await links.create(ctx, purpose, user_id=user_id, payload=payload, lifetime=HOUR)
        return link_id, await links.token(ctx, link_id)


async def _spend(kit: Kit, links: Links, token: Secret[str], purpose: Purpose = "recovery") -> Link:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        return await links.spend(ctx, purpose, token)


async def _is_open(kit: Kit, links: Links, token: Secret[str], purpose: Purpose = "recovery") -> bool:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        try:
            await links.look(ctx, purpose, token)
        except NotFound:
            return False
    return True


async def test_token_leads_back_to_its_link(kit: Kit, links: Links) -> None:
    user = await kit.user()
    link_id, token = await _made(kit, links, user_id=user.id)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        link = await links.look(ctx, "recovery", token)
    assert (link.id, link.user_id, link.purpose, link.payload) == (link_id, user.id, "recovery", b"kept")
    assert link.expires_at - link.created_at == HOUR
    spent = await _spend(kit, links, token)
    assert spent.id == link_id
    assert spent.payload == b"kept"


async def test_token_is_the_same_each_time_it_is_mailed(kit: Kit, links: Links) -> None:
    link_id, token = await _made(kit, links)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        assert (await links.token(ctx, link_id)).reveal() == token.reveal()


@pytest.mark.parametrize("made", get_args(Purpose))
async def test_token_of_one_purpose_is_none_of_another(kit: Kit, links: Links, made: Purpose) -> None:
    """N06: an invitation's link resets no password, and so for each pair."""
    _, token = await _made(kit, links, made)
    for asked in PURPOSES:
        assert await _is_open(kit, links, token, asked) == (asked == made)
        if asked != made:
            with pytest.raises(NotFound):
                await _spend(kit, links, token, asked)
    await _spend(kit, links, token, made)


async def test_token_of_another_tenant_is_refused(kit: Kit, links: Links, make_tenant: MakeTenant) -> None:
    """N20: its key is the tenant's own."""
    _, token = await _made(kit, links)
    async with kit.open_ctx(await make_tenant()) as ctx:
        with pytest.raises(NotFound):
            await links.look(ctx, "recovery", token)


async def test_corrupted_token_is_refused(kit: Kit, links: Links) -> None:
    """N38: each byte counts."""
    _, token = await _made(kit, links)
    raw = urlsafe_b64decode(token.reveal())
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1
        assert not await _is_open(kit, links, Secret(urlsafe_b64encode(changed).decode()))
    assert await _is_open(kit, links, token)


async def test_id_of_a_link_under_a_tag_of_another_is_refused(kit: Kit, links: Links) -> None:
    """N38."""
    _, one = await _made(kit, links)
    _, other = await _made(kit, links)
    mixed = urlsafe_b64decode(one.reveal())[:16] + urlsafe_b64decode(other.reveal())[16:]
    assert not await _is_open(kit, links, Secret(urlsafe_b64encode(mixed).decode()))


async def test_truncated_token_is_refused(kit: Kit, links: Links) -> None:
    """N38: no prefix of a token is one."""
    _, token = await _made(kit, links)
    for length in range(TOKEN_LENGTH):
        assert not await _is_open(kit, links, Secret(token.reveal()[:length]))


@pytest.mark.parametrize("more", ["A", "=", "====", " ", "\n", "\0", "A" * 100_000])
async def test_oversized_token_is_refused(kit: Kit, links: Links, more: str) -> None:
    _, token = await _made(kit, links)
    assert not await _is_open(kit, links, Secret(token.reveal() + more))
    assert not await _is_open(kit, links, Secret(more + token.reveal()))


async def test_only_the_one_spelling_is_taken(kit: Kit, links: Links) -> None:
    """N38: what a lenient decoder takes for the same bytes is another text."""
    while True:
        _, token = await _made(kit, links)
        text = token.reveal()
        if "-" in text or "_" in text:
            break
    assert len(text) == TOKEN_LENGTH
    assert urlsafe_b64encode(urlsafe_b64decode(text)).decode() == text
    spellings = [
        text.replace("-", "+").replace("_", "/"),
        text[:-1] + "=",
        text[:-4] + "====",
        text[:-1] + "\n",
        text[:-1] + "é",
        text[:-1] + "\u0661",
        "!" + text[1:],
        text.swapcase(),
    ]
    for spelling in spellings:
        assert not await _is_open(kit, links, Secret(spelling)), spelling


async def test_nothing_of_a_token_is_stored(kit: Kit, links: Links, superuser_dsn: str) -> None:
    """N37: who reads the rows can open nothing."""
    link_id, token = await _made(kit, links, payload=b"ada@example.com")
    async with await AsyncConnection.connect(superuser_dsn) as connection:
        cursor = await connection.execute(
            "select to_jsonb(l)::text from airside.action_link l where tenant_id = %s", (kit.tenant_id,)
        )
        rows = [row[0] for row in await cursor.fetchall()]
    assert str(link_id) in rows[0]
    tag = urlsafe_b64decode(token.reveal())[16:].hex()
    assert tag not in rows[0]
    assert token.reveal() not in rows[0]
    assert b"ada@example.com".hex() not in rows[0]


async def test_looking_spends_nothing(kit: Kit, links: Links) -> None:
    """N14: a scanner that follows the link as often as it likes leaves it to its reader."""
    _, token = await _made(kit, links)
    for _ in range(20):
        assert await _is_open(kit, links, token)
    await _spend(kit, links, token)


async def test_spent_link_is_closed(kit: Kit, links: Links) -> None:
    """N14: replayed, it is the same as one that never was, and its mail can't be written any more."""
    link_id, token = await _made(kit, links)
    await _spend(kit, links, token)
    assert not await _is_open(kit, links, token)
    with pytest.raises(NotFound):
        await _spend(kit, links, token)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        with pytest.raises(NotFound):
            await links.token(ctx, link_id)


@pytest.mark.parametrize("of_somebody", [False, True])
async def test_of_fifty_who_spend_at_once_one_wins(kit: Kit, links: Links, of_somebody: bool) -> None:
    """N14."""
    user = await kit.user()
    _, token = await _made(kit, links, user_id=user.id if of_somebody else None)

    async def spend() -> bool:
        try:
            await _spend(kit, links, token)
        except NotFound:
            return False
        return True

    gate = asyncio.Semaphore(15)  # the pool has twenty connections

    async def gated() -> bool:
        async with gate:
            return await spend()

    assert sum(await asyncio.gather(*(gated() for _ in range(50)))) == 1


async def test_expired_link_is_closed(kit: Kit, links: Links, clock: Clock) -> None:
    async with kit.open_ctx(kit.tenant_id, now=clock.now() - RECOVERY_LIFETIME) as ctx:
        link_id = await links.create(ctx, "recovery", lifetime=RECOVERY_LIFETIME)
        token = await links.token(ctx, link_id)
    assert not await _is_open(kit, links, token)
    with pytest.raises(NotFound):
        await _spend(kit, links, token)


async def test_revoked_link_is_closed(kit: Kit, links: Links) -> None:
    """N18."""
    link_id, token = await _made(kit, links)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await links.revoke(ctx, link_id)
        await links.revoke(ctx, link_id)
    with pytest.raises(NotFound):
        await _spend(kit, links, token)


async def test_newer_link_of_the_same_purpose_ends_the_older(kit: Kit, links: Links) -> None:
    """N14: somebody has one open link of a purpose, whatever becomes of the newer one."""
    user = await kit.user()
    _, old = await _made(kit, links, user_id=user.id)
    _, other = await _made(kit, links, "verify_email", user_id=user.id)
    _, new = await _made(kit, links, user_id=user.id)
    assert not await _is_open(kit, links, old)
    assert await _is_open(kit, links, other, "verify_email")
    await _spend(kit, links, new)
    with pytest.raises(NotFound):
        await _spend(kit, links, old)


async def test_link_of_somebody_disabled_is_closed_for_good(kit: Kit, links: Links) -> None:
    """N18: also once they are enabled again."""
    user = await kit.user()
    _, token = await _made(kit, links, user_id=user.id)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.users.set_state(ctx, user.id, "disabled")
    assert not await _is_open(kit, links, token)
    with pytest.raises(NotFound):
        await _spend(kit, links, token)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        link_id = await links.create(ctx, "recovery", user_id=user.id, lifetime=HOUR)
        with pytest.raises(NotFound):  # no mail is written for it
            await links.token(ctx, link_id)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.users.set_state(ctx, user.id, "active")
    with pytest.raises(NotFound):
        await _spend(kit, links, token)


async def test_spending_waits_for_whoever_is_disabling_its_owner(kit: Kit, links: Links) -> None:
    """N18: it isn't committed yet when the link comes."""
    user = await kit.user()
    _, token = await _made(kit, links, user_id=user.id)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.users.set_state(ctx, user.id, "disabled")
        spending = asyncio.create_task(_spend(kit, links, token))
        await asyncio.sleep(0.2)
        assert not spending.done()
    with pytest.raises(NotFound):
        await spending


async def test_recovery_link_dies_with_the_next_password(kit: Kit, links: Links) -> None:
    """N14, N16: who had the mailbox for a moment has nothing once the owner changed the password."""
    user = await kit.user()
    _, token = await _made(kit, links, user_id=user.id)
    _, verify = await _made(kit, links, "verify_email", user_id=user.id)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.passwords.set(ctx, user.id, Secret("quite another good phrase"))
    assert not await _is_open(kit, links, token)
    assert await _is_open(kit, links, verify, "verify_email")


async def test_link_of_nobody_is_never_open(kit: Kit, links: Links, clock: Clock, entropy: Entropy) -> None:
    """N15: it is a row like any other, and leads nowhere."""
    async with kit.open_ctx(kit.tenant_id) as ctx:
        link_id = await links.create(ctx, "recovery", user_id=uuid7(clock.now(), entropy), lifetime=HOUR)
        with pytest.raises(NotFound):
            await links.token(ctx, link_id)


async def test_payload_over_its_cap_is_refused(kit: Kit, links: Links) -> None:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        with pytest.raises(TooLarge):
            await links.create(ctx, "signup", payload=b"x" * (MAX_PAYLOAD + 1), lifetime=HOUR)


async def test_sweep_forgets_what_expired_and_nothing_else(kit: Kit, links: Links, clock: Clock) -> None:
    _, token = await _made(kit, links)
    async with kit.open_ctx(kit.tenant_id, now=clock.now() - VERIFY_LIFETIME - HOUR) as ctx:
        await links.create(ctx, "verify_email", lifetime=VERIFY_LIFETIME)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        assert await links.sweep(ctx) == 1
        assert await links.sweep(ctx) == 0
    assert await _is_open(kit, links, token)


async def test_only_this_room_makes_a_link(kit: Kit, clock: Clock) -> None:
    """To hold a Link is to have verified its token."""
    now = clock.now()
    with pytest.raises(TypeError):
        Link(kit.tenant_id, "recovery", None, b"", now, now, object())  # pyright: ignore[reportArgumentType]
