"""What is remarkable about a sign-in is worked out from the person's earlier ones."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from airside.core.principal import Origin
from airside.core.secret import Secret
from airside.identity import DevicePolicy, FixedPolicies, SignalReader, Signals, attributes
from airside.vault import Vault
from tests.identity.kit import PASSWORD, PLACES, Kit, MakeTenant

NL, JP, BR, NOWHERE, IPV6 = "193.0.6.139", "133.11.0.1", "200.160.2.3", "192.0.2.1", "2a00:1450:4001::1"
EMAIL = "ada@example.com"


@dataclass
class _Person:
    """Somebody who signs in from place to place."""

    kit: Kit
    reader: SignalReader
    user_id: UUID
    now: datetime

    async def signals(self, address: str, device_id: UUID | None = None) -> Signals:
        async with self.kit.open_ctx(self.kit.tenant_id, now=self.now, origin=Origin(address)) as ctx:
            return await self.reader.of(ctx, self.user_id, device_id)

    async def sign_in(self, address: str, device_id: UUID | None = None) -> None:
        async with self.kit.open_ctx(self.kit.tenant_id, now=self.now, origin=Origin(address)) as ctx:
            proof = await self.kit.passwords.prove(ctx, EMAIL, Secret(PASSWORD))
            await self.kit.sessions.start(ctx, [proof], device_id)
            if device_id is not None:
                await self.kit.devices.remember(ctx, self.user_id, device_id)

    async def device(self) -> UUID:
        async with self.kit.open_ctx(self.kit.tenant_id) as ctx:
            return (await self.kit.devices.mint(ctx))[0]

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
async def person(kit: Kit, vault: Vault) -> _Person:
    user = await kit.user()
    async with kit.open_ctx(kit.tenant_id) as ctx:
        now = ctx.now
    reader = SignalReader(vault=vault, devices=kit.devices, places=PLACES, policies=FixedPolicies())
    return _Person(kit, reader, user.id, now)


async def test_the_first_sign_in_has_a_new_device_and_nothing_to_compare_with(person: _Person) -> None:
    expected = Signals("NL", new_country=False, impossible_travel=False, new_device=True)
    assert await person.signals(NL) == expected
    assert await person.signals(NL, await person.device()) == expected


async def test_the_same_place_and_device_are_unremarkable(person: _Person) -> None:
    device_id = await person.device()
    await person.sign_in(NL, device_id)
    person.later(minutes=1)
    assert await person.signals(NL, device_id) == Signals("NL", False, False, False)


async def test_another_continent_an_hour_later_is_impossible_and_a_day_later_only_new(person: _Person) -> None:
    device_id = await person.device()
    await person.sign_in(NL, device_id)
    person.later(hours=1)
    assert await person.signals(JP, device_id) == Signals("JP", True, True, False)
    person.later(hours=23)
    assert await person.signals(JP, device_id) == Signals("JP", True, False, False)


async def test_a_country_once_visited_is_not_new(person: _Person) -> None:
    await person.sign_in(NL)
    person.later(days=2)
    await person.sign_in(BR)
    person.later(days=2)
    assert await person.signals(BR) == Signals("BR", False, False, True)
    assert await person.signals(NL) == Signals("NL", False, False, True)
    assert (await person.signals(JP)).new_country


async def test_an_impossible_journey_is_found_behind_an_unremarkable_one(person: _Person) -> None:
    """A thief and the owner take turns: the last sign-in is not the only one compared with."""
    await person.sign_in(JP)
    await person.sign_in(NL)
    person.later(hours=1)
    assert (await person.signals(NL)).impossible_travel


async def test_an_ended_session_still_tells_where_the_person_was(person: _Person) -> None:
    """Signing out hides no journey."""
    await person.sign_in(NL)
    async with person.kit.open_ctx(person.kit.tenant_id) as ctx:
        await person.kit.sessions.end_all(ctx, person.user_id)
    person.later(hours=1)
    assert (await person.signals(JP)).impossible_travel


async def test_a_country_is_new_again_after_as_long_as_a_device_is_remembered(person: _Person) -> None:
    await person.sign_in(NL)
    person.later(days=2)
    await person.sign_in(BR)
    person.later(days=DevicePolicy().remember_days - 1)
    assert (await person.signals(NL)).new_country
    assert not (await person.signals(BR)).new_country


@pytest.mark.parametrize("address", [NOWHERE, IPV6, "-"])
async def test_an_address_without_a_country_raises_no_signal_of_places(person: _Person, address: str) -> None:
    await person.sign_in(NL)
    assert await person.signals(address) == Signals(None, False, False, True)
    await person.sign_in(address)
    assert not (await person.signals(NL)).impossible_travel


async def test_nobody_elses_journeys_count(person: _Person, make_tenant: MakeTenant) -> None:
    """N20"""
    await person.sign_in(NL)
    bob = await person.kit.user("bob@example.com")
    async with person.kit.open_ctx(person.kit.tenant_id, now=person.now, origin=Origin(JP)) as ctx:
        assert await person.reader.of(ctx, bob.id, None) == Signals("JP", False, False, True)
    tenant_id = await make_tenant()
    async with person.kit.open_ctx(tenant_id, now=person.now, origin=Origin(JP)) as ctx:
        assert await person.reader.of(ctx, person.user_id, None) == Signals("JP", False, False, True)


async def test_a_list_of_sessions_says_where_each_began(person: _Person) -> None:
    device_id = await person.device()
    await person.sign_in(NL, device_id)
    await person.sign_in(IPV6)
    async with person.kit.open_ctx(person.kit.tenant_id) as ctx:
        listed = await person.kit.sessions.list(ctx, person.user_id)
        assert [await person.kit.sessions.live(ctx, session.id) for session in listed] == listed
    assert {(session.country, session.device_id) for session in listed} == {("NL", device_id), (None, None)}


def test_attributes_are_named_as_policies_and_conditions_name_them() -> None:
    assert attributes(Signals("JP", True, False, True)) == {
        "country": "JP",
        "new_country": True,
        "impossible_travel": False,
        "new_device": True,
    }
    assert attributes(Signals(None, False, False, False))["country"] == ""
