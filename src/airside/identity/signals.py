"""What is remarkable about a sign-in: a new device, a new country, a journey that nobody can have made.

Signals say "look twice", never "no": they are for a policy to ask for more, and for conditions of permissions. All of
them are worked out from what is stored of earlier sign-ins; nothing is asked over the network.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from airside.identity import records_devices as records
from airside.identity.countries import EARTH_RADIUS, apart
from airside.identity.devices import Devices
from airside.identity.places import Places
from airside.identity.policy import Policies
from airside.store.context import RequestContext
from airside.vault import Vault

MAX_SPEED: Final = 1000.0
"""Kilometres an hour that nobody travels faster than, door to door."""
_LOOK_BACK: Final = timedelta(hours=3.1416 * EARTH_RADIUS / MAX_SPEED)
"""Half round the earth at that speed: what lies longer ago was no impossible journey."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What is remarkable about one sign-in. `country` is None where the address has none that is known."""

    country: str | None
    new_country: bool
    impossible_travel: bool
    new_device: bool


class SignalReader:
    """Compares a sign-in with the person's earlier ones."""

    def __init__(self, *, vault: Vault, devices: Devices, places: Places, policies: Policies) -> None:
        self._vault = vault
        self._devices = devices
        self._places = places
        self._policies = policies

    async def of(self, ctx: RequestContext, user_id: UUID, device_id: UUID | None) -> Signals:
        """The signals of the sign-in that `ctx` is. Asked before its session is started and its device remembered:
        afterwards nothing is new any more.

        A country is new where none of the person's sign-ins within the policy's `devices.remember_days`, and none of
        their known devices, was there; with nothing to compare with, or no country, it isn't.
        """
        country = self._places.country(ctx.origin.address)
        new_device = not await self._devices.knows(ctx, user_id, device_id)
        if country is None:
            return Signals(None, new_country=False, impossible_travel=False, new_device=new_device)
        days = (await self._policies.identity(ctx)).devices.remember_days
        seals = await self._vault.persons.seals(ctx, user_id)
        visits = await records.visits(ctx, seals, user_id, ctx.now - timedelta(days=days))
        seen = [(visit.at, at) for visit in visits if (at := self._places.country(visit.address)) is not None]
        devices = await self._devices.list(ctx, user_id)
        places = [device.origin.address for device in devices]
        been = {at for _, at in seen} | {at for address in places if (at := self._places.country(address))}
        return Signals(
            country,
            new_country=bool(been) and country not in been,
            impossible_travel=is_impossible(seen, ctx.now, country),
            new_device=new_device,
        )


def attributes(signals: Signals) -> dict[str, bool | str]:
    """The signals as attributes of the request, as policies and conditions of permissions name them; `country` is
    empty where it isn't known."""
    return {
        "country": signals.country or "",
        "new_country": signals.new_country,
        "impossible_travel": signals.impossible_travel,
        "new_device": signals.new_device,
    }


def is_impossible(seen: Iterable[tuple[datetime, str]], now: datetime, country: str) -> bool:
    """Whether nobody who was `seen` (when, and in which country) can be in `country` now."""
    lately = [(now - at, where) for at, where in seen if now - at <= _LOOK_BACK]
    return any(apart(where, country) > MAX_SPEED * max(ago, timedelta(0)) / timedelta(hours=1) for ago, where in lately)
