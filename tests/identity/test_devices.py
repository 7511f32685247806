"""A device is named by its cookie alone, and known to a person once they have signed in with it."""

import asyncio
import base64
import hmac
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

import pytest

from airside.audit import Journal
from airside.core.entropy import Entropy, SystemEntropy
from airside.core.errors import NotFound
from airside.core.ids import uuid7
from airside.core.principal import Origin
from airside.core.secret import Secret
from airside.identity import DevicePolicy, Devices, FixedPolicies, IdentityPolicy
from airside.identity.addresses import email_indexes
from airside.identity.devices import COOKIE_CHARACTERS
from airside.identity.records_devices import ADMITTED_FOR
from airside.vault import Vault
from tests.identity.kit import HOME, Kit, MakeTenant

REMEMBERED = timedelta(days=DevicePolicy().remember_days)
NOW = timedelta(0)


async def _mint(kit: Kit) -> tuple[UUID, Secret[str]]:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        return await kit.devices.mint(ctx)


async def _recognise(kit: Kit, cookie: Secret[str] | None) -> UUID | None:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        return await kit.devices.recognise(ctx, cookie)


async def _remember(kit: Kit, user_id: UUID, device_id: UUID, later: timedelta = NOW) -> bool:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        now = ctx.now + later
    async with kit.open_ctx(kit.tenant_id, now=now, origin=HOME) as ctx:
        return await kit.devices.remember(ctx, user_id, device_id)


async def _knows(kit: Kit, user_id: UUID, device_id: UUID, later: timedelta = NOW) -> bool:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        now = ctx.now + later
    async with kit.open_ctx(kit.tenant_id, now=now) as ctx:
        return await kit.devices.knows(ctx, user_id, device_id)


async def _admits(kit: Kit, vault: Vault, email: str, device_id: UUID, later: timedelta = NOW) -> bool:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        now = ctx.now + later
    async with kit.open_ctx(kit.tenant_id, now=now) as ctx:
        return await kit.devices.admits(ctx, email_indexes(await vault.keyset(ctx), email), device_id)


async def test_a_cookie_names_the_device_that_it_was_minted_for(kit: Kit) -> None:
    """Round trip."""
    device_id, cookie = await _mint(kit)
    other_id, other = await _mint(kit)
    assert await _recognise(kit, cookie) == device_id
    assert await _recognise(kit, other) == other_id != device_id
    assert await _recognise(kit, None) is None


async def test_a_foreign_tenants_cookie_names_nothing(kit: Kit, make_tenant: MakeTenant) -> None:
    """N20: wrong context."""
    _, cookie = await _mint(kit)
    assert await _recognise(replace(kit, tenant_id=await make_tenant()), cookie) is None


async def test_a_cookie_altered_anywhere_names_nothing(kit: Kit) -> None:
    """N38: corrupted."""
    _, cookie = await _mint(kit)
    text = cookie.reveal()
    for place, letter in enumerate(text):
        altered = text[:place] + ("B" if letter != "B" else "C") + text[place + 1 :]
        assert await _recognise(kit, Secret(altered)) is None, place


async def test_a_cookie_cut_anywhere_names_nothing(kit: Kit) -> None:
    """N38: truncated."""
    _, cookie = await _mint(kit)
    for length in range(COOKIE_CHARACTERS):
        assert await _recognise(kit, Secret(cookie.reveal()[:length])) is None, length


async def test_a_cookie_grown_or_spelt_otherwise_names_nothing(kit: Kit) -> None:
    """N38: oversized, and every other spelling of the same bytes."""
    _, cookie = await _mint(kit)
    text = cookie.reveal()
    last = text[:-1] + chr(ord(text[-1]) + 1)
    for wrong in (text + "A", text + "==", f" {text}", text + "\n", text * 1000, "é" * 66, last, f"{text[:-2]}=="):
        assert await _recognise(kit, Secret(wrong)) is None


async def test_the_cookie_is_version_id_and_mac_in_base64url(kit: Kit, vault: Vault) -> None:
    """Wire format, put together here by hand; another version with a right MAC is refused."""
    device_id, cookie = await _mint(kit)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        key = (await vault.keyset(ctx)).derive("device")

    def signed(version: bytes) -> str:
        body = version + device_id.bytes
        return base64.urlsafe_b64encode(body + hmac.digest(key, body, sha256)).decode().rstrip("=")

    assert cookie.reveal() == signed(b"\x01")
    assert len(cookie.reveal()) == COOKIE_CHARACTERS
    assert await _recognise(kit, Secret(signed(b"\x02"))) is None
    assert await _recognise(kit, Secret(signed(b"\x00"))) is None


async def test_a_device_is_known_to_whom_it_was_remembered_for_and_to_nobody_else(
    kit: Kit, make_tenant: MakeTenant
) -> None:
    """N20"""
    ada, bob = await kit.user(), await kit.user("bob@example.com")
    device_id, _ = await _mint(kit)
    assert not await _knows(kit, ada.id, device_id)
    assert await _remember(kit, ada.id, device_id)
    assert await _knows(kit, ada.id, device_id)
    assert not await _knows(kit, bob.id, device_id)
    assert not await _knows(kit, ada.id, (await _mint(kit))[0])
    assert not await _knows(replace(kit, tenant_id=await make_tenant()), ada.id, device_id)


async def test_a_device_is_new_once(kit: Kit) -> None:
    user = await kit.user()
    device_id, _ = await _mint(kit)
    assert [await _remember(kit, user.id, device_id) for _ in range(3)] == [True, False, False]


async def test_fifty_sign_ins_at_once_with_a_new_device_one_finds_it_new(kit: Kit) -> None:
    user = await kit.user()
    device_id, _ = await _mint(kit)
    answers = await asyncio.gather(*(_remember(kit, user.id, device_id) for _ in range(50)))
    assert answers.count(True) == 1


async def test_a_device_unused_for_too_long_is_new_again(kit: Kit) -> None:
    user = await kit.user()
    device_id, _ = await _mint(kit)
    day = timedelta(days=1)
    assert await _remember(kit, user.id, device_id)
    assert await _knows(kit, user.id, device_id, REMEMBERED - day)
    assert not await _remember(kit, user.id, device_id, REMEMBERED - day)
    assert await _knows(kit, user.id, device_id, 2 * REMEMBERED - 2 * day)
    assert not await _knows(kit, user.id, device_id, 2 * REMEMBERED)
    assert await _remember(kit, user.id, device_id, 2 * REMEMBERED)


async def test_how_long_is_the_tenants_to_say(kit: Kit, vault: Vault, entropy: Entropy) -> None:
    policies = FixedPolicies(IdentityPolicy(devices=DevicePolicy(remember_days=1)))
    journal = Journal(vault=vault, entropy=entropy)
    kit = replace(kit, devices=Devices(vault=vault, entropy=entropy, journal=journal, policies=policies))
    user = await kit.user()
    device_id, _ = await _mint(kit)
    await _remember(kit, user.id, device_id)
    assert await _knows(kit, user.id, device_id, timedelta(hours=23))
    assert not await _knows(kit, user.id, device_id, timedelta(hours=25))


async def test_a_forgotten_device_is_a_strangers(kit: Kit) -> None:
    """Of fifty who forget it at once, one does."""
    user = await kit.user()
    device_id, _ = await _mint(kit)
    await _remember(kit, user.id, device_id)

    async def forget() -> bool:
        async with kit.open_ctx(kit.tenant_id) as ctx:
            try:
                await kit.devices.forget(ctx, user.id, device_id)
            except NotFound:
                return False
        return True

    assert (await asyncio.gather(*(forget() for _ in range(50)))).count(True) == 1
    assert not await _knows(kit, user.id, device_id)
    assert await _remember(kit, user.id, device_id)


async def test_nobody_forgets_anothers_device(kit: Kit, make_tenant: MakeTenant) -> None:
    """N20: another user's, another tenant's and a made-up one are the same NotFound."""
    ada, bob = await kit.user(), await kit.user("bob@example.com")
    device_id, _ = await _mint(kit)
    await _remember(kit, ada.id, device_id)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        for user_id, wanted in ((bob.id, device_id), (ada.id, uuid7(ctx.now, SystemEntropy()))):
            with pytest.raises(NotFound):
                await kit.devices.forget(ctx, user_id, wanted)
    async with kit.open_ctx(await make_tenant()) as ctx:
        with pytest.raises(NotFound):
            await kit.devices.forget(ctx, ada.id, device_id)
        assert await kit.devices.forget_all(ctx, ada.id) == 0
        assert await kit.devices.list(ctx, ada.id) == []
    assert await _knows(kit, ada.id, device_id)


async def test_all_are_forgotten_at_once_and_nobody_elses(kit: Kit) -> None:
    ada, bob = await kit.user(), await kit.user("bob@example.com")
    mine = [(await _mint(kit))[0] for _ in range(3)]
    for device_id in mine:
        await _remember(kit, ada.id, device_id)
    await _remember(kit, bob.id, mine[0])
    async with kit.open_ctx(kit.tenant_id) as ctx:
        assert await kit.devices.forget_all(ctx, ada.id) == 3
    assert [await _knows(kit, ada.id, device_id) for device_id in mine] == [False] * 3
    assert await _knows(kit, bob.id, mine[0])


async def test_the_list_says_when_and_as_what_a_device_was_last_seen(kit: Kit) -> None:
    user = await kit.user()
    old, new = (await _mint(kit))[0], (await _mint(kit))[0]
    await _remember(kit, user.id, old)
    await _remember(kit, user.id, new, timedelta(minutes=1))
    async with kit.open_ctx(kit.tenant_id) as ctx:
        listed = await kit.devices.list(ctx, user.id)
    assert [device.id for device in listed] == [new, old]
    assert [device.origin for device in listed] == [HOME, HOME]
    later = Origin("192.0.2.77", "Another/1.0")
    async with kit.open_ctx(kit.tenant_id, now=listed[0].last_seen_at + timedelta(minutes=1), origin=later) as ctx:
        await kit.devices.remember(ctx, user.id, old)
        (first, _) = await kit.devices.list(ctx, user.id)
    assert (first.id, first.origin) == (old, later)
    assert first.first_seen_at < listed[0].last_seen_at < first.last_seen_at


async def test_an_admitted_device_may_guess_for_an_hour_and_is_not_known(kit: Kit, vault: Vault) -> None:
    """What a mailed link opens: the door to the password, and nothing that a known device has besides."""
    user = await kit.user()
    device_id, _ = await _mint(kit)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.devices.admit(ctx, user.id, device_id)
        assert await kit.devices.list(ctx, user.id) == []
    assert not await _knows(kit, user.id, device_id)
    assert await _admits(kit, vault, user.email, device_id)
    assert not await _admits(kit, vault, "bob@example.com", device_id)
    assert not await _admits(kit, vault, user.email, device_id, ADMITTED_FOR + timedelta(seconds=1))
    assert await _remember(kit, user.id, device_id), "it is new all the same"
    assert await _knows(kit, user.id, device_id)


async def test_admitting_a_known_device_takes_nothing_from_it(kit: Kit, vault: Vault) -> None:
    user = await kit.user()
    device_id, _ = await _mint(kit)
    await _remember(kit, user.id, device_id)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.devices.admit(ctx, user.id, device_id)
    assert await _knows(kit, user.id, device_id)
    assert await _admits(kit, vault, user.email, device_id, ADMITTED_FOR * 2)


async def test_sweep_deletes_what_is_too_old_and_nothing_else(kit: Kit) -> None:
    user = await kit.user()
    kept, admitted, old = [(await _mint(kit))[0] for _ in range(3)]
    await _remember(kit, user.id, old, -REMEMBERED - timedelta(minutes=1))
    await _remember(kit, user.id, kept)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        past = ctx.now - ADMITTED_FOR - timedelta(minutes=1)
    async with kit.open_ctx(kit.tenant_id, now=past) as ctx:
        await kit.devices.admit(ctx, user.id, admitted)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        assert await kit.devices.sweep(ctx) == 2
    assert await _knows(kit, user.id, kept)


@dataclass(frozen=True)
class _Row:
    origin_sealed: bytes
    agent_sealed: bytes


async def test_where_a_device_was_seen_stands_sealed(kit: Kit) -> None:
    """N37; and a row's fields open in no other row, of another person with the same device neither."""
    ada, bob = await kit.user(), await kit.user("bob@example.com")
    device_id, _ = await _mint(kit)
    await _remember(kit, ada.id, device_id)
    await _remember(kit, bob.id, device_id)
    select = "select origin_sealed, agent_sealed from airside.known_device where tenant_id = %s and user_id = %s"
    swap = "update airside.known_device set origin_sealed = %s where tenant_id = %s and user_id = %s"
    async with kit.open_ctx(kit.tenant_id) as ctx:
        row = await ctx.tx.one(_Row, select, (kit.tenant_id, ada.id))
        assert row is not None
        assert HOME.address.encode() not in row.origin_sealed
        assert b"Mozilla" not in row.agent_sealed
        await ctx.tx.run(swap, (row.origin_sealed, kit.tenant_id, bob.id))
    with pytest.raises(Exception, match="unopenable"):
        async with kit.open_ctx(kit.tenant_id) as ctx:
            await kit.devices.list(ctx, bob.id)


async def test_an_endless_user_agent_is_cut(kit: Kit) -> None:
    user = await kit.user()
    device_id, _ = await _mint(kit)
    async with kit.open_ctx(kit.tenant_id, origin=Origin("192.0.2.1", "x" * 10_000)) as ctx:
        await kit.devices.remember(ctx, user.id, device_id)
        (device,) = await kit.devices.list(ctx, user.id)
    assert len(device.origin.user_agent) == 256
