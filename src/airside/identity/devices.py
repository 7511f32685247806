"""Devices: a browser names itself by a signed cookie, and is known to a person once they have signed in with it.

A device is no credential. It opens nothing; being known it has a budget of guesses of its own, so that strangers who
use up theirs keep nobody out, and it isn't announced as new.
"""

import base64
import binascii
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.entropy import Entropy
from airside.core.errors import NotFound
from airside.core.ids import DEVICE, USER, format_id, uuid7
from airside.core.principal import Origin
from airside.core.secret import Secret
from airside.identity import records_devices as records
from airside.identity.model import MAX_USER_AGENT, Device
from airside.identity.policy import Policies
from airside.identity.records_devices import State
from airside.store.context import RequestContext
from airside.vault import Vault

COOKIE_CHARACTERS: Final = 66
"""A version byte, 16 bytes of id and 32 of HMAC-SHA256, in base64url without padding."""
_VERSION: Final = b"\x01"
_KEY: Final = "device"
_SIGNED: Final = 17


class Devices:
    """Recognises browsers, and remembers by which of them a person is known."""

    def __init__(self, *, vault: Vault, entropy: Entropy, journal: Journal, policies: Policies) -> None:
        self._vault = vault
        self._entropy = entropy
        self._journal = journal
        self._policies = policies

    async def mint(self, ctx: RequestContext) -> tuple[UUID, Secret[str]]:
        """The id and cookie of a browser that has none. Nothing is stored."""
        device_id = uuid7(ctx.now, self._entropy)
        signed = _VERSION + device_id.bytes
        return device_id, Secret(_encode(signed + await self._mac(ctx, signed)))

    async def recognise(self, ctx: RequestContext, cookie: Secret[str] | None) -> UUID | None:
        """The device that `cookie` names; None for anything that `mint` didn't make for this tenant, in any other
        spelling too. The database isn't asked: whose device it is, is another question."""
        raw = None if cookie is None else _decode(cookie.reveal())
        if raw is None or raw[:1] != _VERSION:
            return None
        signed, mac = raw[:_SIGNED], raw[_SIGNED:]
        if not hmac.compare_digest(mac, await self._mac(ctx, signed)):
            return None
        return UUID(bytes=signed[1:])

    async def knows(self, ctx: RequestContext, user_id: UUID, device_id: UUID | None) -> bool:
        """Whether the person has signed in with the device, and not too long ago (`devices.remember_days`)."""
        return device_id is not None and await records.knows(ctx, user_id, device_id, await self._since(ctx))

    async def admits(self, ctx: RequestContext, indexes: Sequence[bytes], device_id: UUID | None) -> bool:
        """Whether the person whose address has one of `indexes` may guess on the device's own budget: it is known to
        them, or was lately admitted. One statement, the same for an address that is nobody's (N15); none without a
        device."""
        return device_id is not None and await records.admits(ctx, indexes, device_id, await self._since(ctx))

    async def remember(self, ctx: RequestContext, user_id: UUID, device_id: UUID) -> bool:
        """Make the device known to the person, who has just wholly signed in with it. True once if it was new to
        them, however many sign-ins end there at one moment; False if it was known: then it was seen again."""
        seals, since = await self._vault.persons.seals(ctx, user_id), await self._since(ctx)
        device = _seen(ctx, user_id, device_id)
        if await records.seen_again(ctx, seals, device, since):
            return False
        if not await records.put(ctx, seals, device, "known", since):
            return False
        await self._record(ctx, Event.DEVICE_REMEMBERED, user_id, device_id)
        return True

    async def admit(self, ctx: RequestContext, user_id: UUID, device_id: UUID) -> None:
        """Let the person, who has just shown that they read their mail, sign in with the device within
        `ADMITTED_FOR`, whatever strangers have done to their account's budget. It isn't known by that: it is
        still announced, and still asked for what a tenant asks of new devices."""
        state: State = "admitted"
        device = _seen(ctx, user_id, device_id)
        if await records.put(ctx, await self._vault.persons.seals(ctx, user_id), device, state, await self._since(ctx)):
            await self._record(ctx, Event.DEVICE_ADMITTED, user_id, device_id)

    async def list(self, ctx: RequestContext, user_id: UUID) -> list[Device]:
        """The person's known devices, most lately used first, at most `MAX_DEVICES`."""
        return await records.devices_of(
            ctx, await self._vault.persons.seals(ctx, user_id), user_id, await self._since(ctx)
        )

    async def forget(self, ctx: RequestContext, user_id: UUID, device_id: UUID) -> None:
        """The device is a stranger's to the person again. Sessions that were started there live on.

        Raises:
            NotFound: it isn't known to the person, or was forgotten already.
        """
        if not await records.forget(ctx, user_id, device_id):
            raise NotFound
        await self._record(ctx, Event.DEVICE_FORGOTTEN, user_id, device_id)

    async def forget_all(self, ctx: RequestContext, user_id: UUID) -> int:
        """Every device is a stranger's to the person again: after a recovery, and where the account ends. How many."""
        count = await records.forget_all(ctx, user_id)
        if count:
            subject = format_id(USER, user_id)
            await self._journal.record(ctx, Event.DEVICE_FORGOTTEN, subject=subject, details={"devices": count})
        return count

    async def sweep(self, ctx: RequestContext) -> int:
        """Delete the tenant's devices that are too long unused to be known, for a timer; how many."""
        return await records.sweep(ctx, await self._since(ctx))

    async def _since(self, ctx: RequestContext) -> datetime:
        policy = await self._policies.identity(ctx)
        return ctx.now - timedelta(days=policy.devices.remember_days)

    async def _mac(self, ctx: RequestContext, signed: bytes) -> bytes:
        # The key is the tenant's own (HKDF info names it): what one tenant signed is noise to another.
        return hmac.digest((await self._vault.keyset(ctx)).derive(_KEY), signed, sha256)

    async def _record(self, ctx: RequestContext, event: Event, user_id: UUID, device_id: UUID) -> None:
        details = {"device": format_id(DEVICE, device_id)}
        await self._journal.record(ctx, event, subject=format_id(USER, user_id), details=details)


def _seen(ctx: RequestContext, user_id: UUID, device_id: UUID) -> Device:
    origin = Origin(ctx.origin.address, ctx.origin.user_agent[:MAX_USER_AGENT])
    return Device(device_id, user_id, ctx.now, ctx.now, origin)


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes | None:
    """The bytes that `text` is the one spelling of."""
    if len(text) != COOKIE_CHARACTERS or not text.isascii():
        return None
    try:
        raw = base64.urlsafe_b64decode(text + "==")
    except (ValueError, binascii.Error):
        return None
    return raw if hmac.compare_digest(_encode(raw), text) else None
