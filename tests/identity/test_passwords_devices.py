"""N13: strangers who use up their guesses keep nobody out of a device that they are known by."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from airside.core.errors import LimitExceeded, Unauthenticated
from airside.core.principal import Origin
from airside.core.secret import Secret
from airside.identity import PasswordAnswer, PasswordAuthenticator
from airside.limits import SIGNIN_ACCOUNT, SIGNIN_DEVICE, SIGNIN_ORIGIN
from airside.signin import Flow
from tests.identity.kit import HOME, PASSWORD, Kit, MakeTenant

EMAIL = "ada@example.com"
SPELLINGS = (EMAIL, "ADA@example.com", " Ada@EXAMPLE.com", "ａｄａ@example.com")


async def _device(kit: Kit) -> UUID:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        return (await kit.devices.mint(ctx))[0]


async def _known(kit: Kit, user_id: UUID) -> UUID:
    device_id = await _device(kit)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.devices.remember(ctx, user_id, device_id)
    return device_id


async def _guess(
    kit: Kit,
    email: str,
    password: str,
    device_id: UUID | None = None,
    origin: Origin = HOME,
    now: datetime | None = None,
) -> str:
    async with kit.open_ctx(kit.tenant_id, origin=origin, now=now) as ctx:
        try:
            await kit.passwords.prove(ctx, email, Secret(password), device_id)
        except Unauthenticated:
            return "wrong"
        except LimitExceeded as refusal:
            return refusal.limit
    return "proven"


async def _now(kit: Kit) -> datetime:
    async with kit.open_ctx(kit.tenant_id) as ctx:
        return ctx.now


async def _exhaust_account(kit: Kit, email: str = EMAIL) -> None:
    """As strangers from many addresses do, in many spellings."""
    for number in range(SIGNIN_ACCOUNT.rate.count):
        spelling = SPELLINGS[number % len(SPELLINGS)] if email == EMAIL else email
        assert await _guess(kit, spelling, "wrong", origin=Origin(f"198.51.100.{number}")) == "wrong"


async def test_known_device_gets_in_while_strangers_have_used_up_account_and_origin(kit: Kit) -> None:
    """Lockout as denial of service; the attacker sits in the victim's own office."""
    user = await kit.user()
    device_id = await _known(kit, user.id)
    await _exhaust_account(kit)
    for number in range(SIGNIN_ORIGIN.rate.count):
        await _guess(kit, f"u{number}@example.com", "wrong")
    assert await _guess(kit, EMAIL, PASSWORD) in ("signin_account", "signin_origin")
    assert await _guess(kit, EMAIL, PASSWORD, device_id) == "proven"
    assert await _guess(kit, EMAIL, "wrong", device_id) == "wrong"


async def test_strangers_get_fifty_guesses_at_an_account_in_whatever_spelling(kit: Kit) -> None:
    """Case, diacritics' forms and width open no second account."""
    await kit.user()
    await _exhaust_account(kit)
    for spelling in SPELLINGS:
        assert await _guess(kit, spelling, "wrong", origin=Origin("203.0.113.9")) == "signin_account"


async def test_diacritics_written_in_two_ways_are_one_account(kit: Kit) -> None:
    """Composed, decomposed, upper case: one budget. Without its accent it is another mailbox."""
    await kit.user("josé@example.com")
    spellings = ("josé@example.com", "jose\u0301@example.com", "JOSÉ@example.com", "JOSE\u0301@EXAMPLE.com")
    answers = [await _guess(kit, spelling, "wrong") for spelling in (*spellings, spellings[0])]
    assert answers == ["wrong"] * 5
    assert [await _guess(kit, spelling, PASSWORD) for spelling in spellings] == ["signin_pair"] * 4
    assert await _guess(kit, "jose@example.com", PASSWORD) == "wrong"


async def test_a_device_known_to_somebody_else_is_a_strangers(kit: Kit) -> None:
    """An attacker's own device, known to their own account, opens no budget at others'."""
    mallory = await kit.user("mallory@example.com")
    await kit.user()
    device_id = await _known(kit, mallory.id)
    await _exhaust_account(kit)
    assert await _guess(kit, EMAIL, PASSWORD, device_id, Origin("203.0.113.9")) == "signin_account"


async def test_a_made_up_device_is_a_strangers_and_new_ones_open_no_budget(kit: Kit) -> None:
    """Devices are minted for whoever asks: only being known counts."""
    await kit.user()
    answers = [await _guess(kit, EMAIL, "wrong", await _device(kit)) for _ in range(6)]
    assert answers == ["wrong"] * 5 + ["signin_pair"]


async def test_a_foreign_tenants_known_device_is_a_strangers(kit: Kit, make_tenant: MakeTenant) -> None:
    """N20: the same device id and address in another tenant."""
    user = await kit.user()
    device_id = await _known(kit, user.id)
    other = replace(kit, tenant_id=await make_tenant())
    await other.user()
    answers = [await _guess(other, EMAIL, "wrong", device_id) for _ in range(6)]
    assert answers == ["wrong"] * 5 + ["signin_pair"]


async def test_a_stolen_known_device_gives_twenty_guesses_an_hour(kit: Kit) -> None:
    """From one address or many; a right guess in between gives back its own unit alone."""
    user = await kit.user()
    device_id = await _known(kit, user.id)
    now, evaluated = await _now(kit), list[datetime]()
    for minute in range(121):
        at = now + timedelta(minutes=minute)
        for number in range(2):
            origin = Origin(f"198.51.100.{(minute * 2 + number) % 250}")
            if await _guess(kit, EMAIL, "wrong", device_id, origin, at) == "wrong":
                evaluated.append(at)
        if minute in (3, 50):
            await _guess(kit, EMAIL, PASSWORD, device_id, now=at)
    most = max(sum(at <= other < at + timedelta(hours=1) for other in evaluated) for at in evaluated)
    assert SIGNIN_DEVICE.rate.count <= most <= 20


async def test_parallel_guesses_of_a_known_device_are_counted_like_those_in_a_row(kit: Kit) -> None:
    user = await kit.user()
    device_id = await _known(kit, user.id)
    answers = await asyncio.gather(*(_guess(kit, EMAIL, "wrong", device_id) for _ in range(20)))
    assert answers.count("wrong") == SIGNIN_DEVICE.rate.count


async def test_a_known_devices_guesses_take_nothing_from_strangers_nor_from_other_devices(kit: Kit) -> None:
    """Nobody locks anybody out: not the thief of one device the owner of the next."""
    user = await kit.user()
    stolen, own = await _known(kit, user.id), await _known(kit, user.id)
    while await _guess(kit, EMAIL, "wrong", stolen) == "wrong":
        pass
    assert await _guess(kit, EMAIL, PASSWORD, stolen) == "signin_device"
    assert await _guess(kit, EMAIL, PASSWORD, own) == "proven"
    assert await _guess(kit, EMAIL, PASSWORD) == "proven"


async def test_a_forgotten_device_loses_its_budget(kit: Kit) -> None:
    """N19"""
    user = await kit.user()
    device_id = await _known(kit, user.id)
    await _exhaust_account(kit)
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.devices.forget(ctx, user.id, device_id)
    assert await _guess(kit, EMAIL, PASSWORD, device_id, Origin("203.0.113.9")) == "signin_account"


async def test_an_admitted_device_gets_in_under_attack(kit: Kit) -> None:
    """The way back for whoever has no known device: a mailed link."""
    user = await kit.user()
    device_id = await _device(kit)
    await _exhaust_account(kit)
    assert await _guess(kit, EMAIL, PASSWORD, device_id, Origin("203.0.113.9")) == "signin_account"
    async with kit.open_ctx(kit.tenant_id) as ctx:
        await kit.devices.admit(ctx, user.id, device_id)
    assert await _guess(kit, EMAIL, PASSWORD, device_id, Origin("203.0.113.9")) == "proven"


async def test_strangers_wait_no_longer_than_half_an_hour_once_an_attack_is_over(kit: Kit) -> None:
    user = await kit.user()
    await _exhaust_account(kit)
    with pytest.raises(LimitExceeded) as refusal:
        async with kit.open_ctx(kit.tenant_id, origin=Origin("203.0.113.9")) as ctx:
            await kit.passwords.prove(ctx, user.email, Secret(PASSWORD))
    assert 0 < refusal.value.retry_after <= 1800


async def test_the_authenticator_hands_the_flows_device_on(kit: Kit) -> None:
    user = await kit.user()
    device_id = await _known(kit, user.id)
    await _exhaust_account(kit)
    door = PasswordAuthenticator(kit.passwords, kit.enforcement)
    now = await _now(kit)
    attempt = Flow(device_id, "/", (), now, device_id)
    async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
        proof = await door.prove(ctx, attempt, PasswordAnswer(EMAIL, Secret(PASSWORD)))
    assert proof.user_id == user.id
    with pytest.raises(LimitExceeded):
        async with kit.open_ctx(kit.tenant_id, origin=HOME) as ctx:
            await door.prove(ctx, replace(attempt, device_id=None), PasswordAnswer(EMAIL, Secret(PASSWORD)))
