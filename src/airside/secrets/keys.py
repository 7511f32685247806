"""Named keys: made, rotated, destroyed, and handed to whoever seals with them.

They are held in memory (`store.Memory`), so that sealing costs no query; a destroyed key opens nothing a few seconds
later on any node (N18).
"""

from typing import Final

from airside.audit import Event, Journal
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.ids import uuid7
from airside.secrets import records_keys
from airside.secrets.model import MAX_KEYS, MAX_VERSIONS, PURPOSES, AppKey, Purpose, checked_name, is_name
from airside.secrets.ring import KEY_BYTES, KeyRing
from airside.store import Listener, Memory, RequestContext
from airside.store.queues import queue_for
from airside.vault import Vault

CHANNEL: Final = "airside_app_keys"
REMEMBERED: Final = 10.0
"""Seconds."""


class AppKeys:
    """The named keys of the context's tenant, each version wrapped by the tenant's data key."""

    def __init__(self, *, vault: Vault, entropy: Entropy, journal: Journal, listener: Listener, clock: Clock) -> None:
        self._vault = vault
        self._entropy = entropy
        self._journal = journal
        self._memory: Memory[KeyRing] = Memory(listener, clock, channel=CHANNEL, seconds=REMEMBERED)

    async def create(self, ctx: RequestContext, name: str, purpose: Purpose) -> AppKey:
        """A new key with its first version.

        Raises:
            InvalidInput: a name that no key can have, or an unknown purpose.
            Conflict: the tenant has, or had, a key of that name; or as many keys as it can have.
        """
        checked_name(name)
        if purpose not in PURPOSES:
            raise InvalidInput("seal or token is expected", pointer="purpose")
        await queue_for(ctx, "named key")
        if await records_keys.count(ctx) >= MAX_KEYS:
            raise Conflict(f"a tenant has at most {MAX_KEYS} keys")
        key = AppKey(uuid7(ctx.now, self._entropy), name, purpose, ctx.now, ())
        if not await records_keys.insert(ctx, key):
            raise Conflict("there is, or was, a key of that name")
        await self._add_version(ctx, key, 1)
        await self._journal.record(ctx, Event.APP_KEY_CREATED, subject=name, details={"purpose": purpose})
        return await self.get(ctx, name)

    async def list(self, ctx: RequestContext) -> list[AppKey]:
        """Every key, by name; destroyed ones too."""
        return await records_keys.list_keys(ctx)

    async def get(self, ctx: RequestContext, name: str) -> AppKey:
        """Raises: NotFound."""
        key = await records_keys.find(ctx, name) if is_name(name) else None
        if key is None:
            raise NotFound("key")
        return key

    async def rotate(self, ctx: RequestContext, name: str) -> AppKey:
        """A new version seals from now on; the one before goes on opening.

        Raises:
            NotFound: no such key, or it is destroyed.
            Conflict: somebody rotated it at the same time, or it has as many versions as it can have.
        """
        return await self.rotate_from(ctx, await self.get(ctx, name))

    async def rotate_from(self, ctx: RequestContext, key: AppKey) -> AppKey:
        """As `rotate`, of a key as it was found. Raises: as `rotate`."""
        active = key.active
        if active is None:
            raise NotFound("key")
        if len(key.versions) >= MAX_VERSIONS:
            raise Conflict(f"a key has at most {MAX_VERSIONS} versions")
        await records_keys.lock(ctx, key.key_id)
        if not await records_keys.retire(ctx, key.key_id, active):
            raise Conflict("the key has been rotated meanwhile")
        version = key.versions[-1].version + 1
        await self._add_version(ctx, key, version)
        await self._memory.changed(ctx, key.name)
        await self._journal.record(ctx, Event.APP_KEY_ROTATED, subject=key.name, details={"version": version})
        return await self.get(ctx, key.name)

    async def destroy_version(self, ctx: RequestContext, name: str, version: int) -> AppKey:
        """What a retired version sealed never opens again.

        Raises:
            NotFound: no such key or version.
            Conflict: the version is the active one: rotate first.
        """
        key = await self.get(ctx, name)
        state = next((each.state for each in key.versions if each.version == version), None)
        if state is None or state == "destroyed":
            raise NotFound("version")
        await records_keys.lock(ctx, key.key_id)
        if not await records_keys.destroy(ctx, key.key_id, version):
            raise Conflict("the active version can't be destroyed alone: rotate the key first")
        await self._memory.changed(ctx, name)
        await self._journal.record(ctx, Event.APP_KEY_DESTROYED, subject=name, details={"version": version})
        return await self.get(ctx, name)

    async def destroy(self, ctx: RequestContext, name: str) -> None:
        """Nothing that the key sealed opens again; its name stays taken.

        Raises:
            NotFound: no such key, or it is destroyed already.
        """
        key = await self.get(ctx, name)
        await records_keys.lock(ctx, key.key_id)
        if not await records_keys.destroy_all(ctx, key.key_id):
            raise NotFound("key")
        await self._memory.changed(ctx, name)
        await self._journal.record(ctx, Event.APP_KEY_DESTROYED, subject=name, details={"version": None})

    async def ring(self, ctx: RequestContext, name: str) -> KeyRing:
        """The key of that name, to seal and open with. Touches the database only when it isn't in memory.

        Raises:
            NotFound: no such key, or nothing is left of it.
        """
        known = self._memory.known(ctx, name)
        if known is not None:
            return known
        if not is_name(name):
            raise NotFound("key")
        reading = self._memory.reading()
        found = await records_keys.material(ctx, await self._vault.keyset(ctx), name)
        if found is None:
            raise NotFound("key")
        ring = KeyRing(
            tenant_id=ctx.tenant_id,
            key_id=found.key_id,
            purpose=found.purpose,
            versions=found.versions,
            active=found.active,
            entropy=self._entropy,
        )
        self._memory.keep(ctx, reading, ring, name)
        return ring

    async def _add_version(self, ctx: RequestContext, key: AppKey, version: int) -> None:
        version_id = uuid7(ctx.now, self._entropy)
        keyset = await self._vault.keyset(ctx)
        wrapped = keyset.seal(records_keys.wrapping(version_id), self._entropy.bytes(KEY_BYTES))
        await records_keys.insert_version(ctx, key.key_id, version, version_id, wrapped)
