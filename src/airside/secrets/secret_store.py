"""Secrets by path: written by check-and-set, read with a record of who and which, leased, rotated, destroyed."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.entropy import Entropy, token
from airside.core.errors import Conflict, InvalidInput, NotFound, TooLarge
from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.secrets import records_leases, records_secrets
from airside.secrets.stored import (
    LEASE_ENDS,
    MAX_LEASE,
    MAX_LEASES,
    MAX_METADATA,
    MAX_ROTATION_DAYS,
    MAX_SECRETS,
    MAX_VALUE,
    Lease,
    ReadSecret,
    SecretVersion,
    StoredSecret,
    checked_path,
)
from airside.store import RequestContext
from airside.store.queues import queue_for
from airside.vault import Vault

RANDOM_BITS: Final = 256


class SecretStore:
    """The secrets of the context's tenant, each value sealed by the tenant's data key."""

    def __init__(self, *, vault: Vault, entropy: Entropy, journal: Journal) -> None:
        self._vault = vault
        self._entropy = entropy
        self._journal = journal

    async def put(
        self,
        ctx: RequestContext,
        path: str,
        value: Secret[str],
        *,
        expected: int | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> int:
        """A new version of the secret at `path`; its number. With `expected`, only if that is the youngest now; 0 is a
        secret that isn't there.

        Raises:
            InvalidInput: no path, or metadata over their cap.
            TooLarge: the value is.
            Conflict: another version is the youngest, or the tenant has as many secrets as it can have.
        """
        checked_path(path)
        if len(value.reveal().encode(errors="replace")) > MAX_VALUE:
            raise TooLarge("secret over its cap", max_bytes=MAX_VALUE)
        if metadata is not None and sum(len(n.encode()) + len(v.encode()) for n, v in metadata.items()) > MAX_METADATA:
            raise InvalidInput(f"{MAX_METADATA} bytes at most", pointer="metadata")
        keyset = await self._vault.keyset(ctx)
        if not expected:
            await self._make_room(ctx, path)
        made = await records_secrets.next_version(ctx, path, expected)
        if made is None:
            raise Conflict("another version is the youngest")
        version_id = uuid7(ctx.now, self._entropy)
        sealed = keyset.seal(records_secrets.value_place(version_id), value.reveal().encode())
        await records_secrets.insert_version(ctx, made, version_id, sealed)
        if metadata is not None:
            await records_secrets.set_metadata(ctx, keyset, made.secret_id, metadata)
        await self._journal.record(ctx, Event.SECRET_WRITTEN, subject=path, details={"version": made.version})
        return made.version

    async def read(
        self, ctx: RequestContext, path: str, *, version: int | None = None, lease: timedelta | None = None
    ) -> ReadSecret:
        """The value of a version, or of the youngest; that it was read is recorded in the same transaction.

        Raises:
            NotFound: no such secret or version, or it is deleted or destroyed.
            InvalidInput: a lease out of range.
            Conflict: the secret has as many leases as it can have.
        """
        found = await records_secrets.read(ctx, checked_path(path), version)
        if found is None:
            raise NotFound("secret")
        opened = (await self._vault.keyset(ctx)).open(records_secrets.value_place(found.version_id), found.value_sealed)
        held = None if lease is None else await self._lease(ctx, found, lease)
        details = {"version": found.version} | ({} if held is None else {"lease": held.word})
        await self._journal.record(ctx, Event.SECRET_READ, subject=path, details=details)
        return ReadSecret(found.version, Secret(opened.decode()), found.created_at, held)

    async def list(
        self, ctx: RequestContext, prefix: str = "", *, after: str = "", limit: int = MAX_SECRETS
    ) -> list[StoredSecret]:
        """Up to `limit` secrets at or below `prefix`, by path, from behind the path `after`; without values.

        Raises:
            InvalidInput: no path.
        """
        if prefix:
            checked_path(prefix)
        return await records_secrets.list_secrets(ctx, await self._vault.keyset(ctx), prefix, after=after, limit=limit)

    async def get(self, ctx: RequestContext, path: str) -> StoredSecret:
        """Raises: NotFound."""
        found = await records_secrets.find(ctx, await self._vault.keyset(ctx), checked_path(path))
        if found is None:
            raise NotFound("secret")
        return found

    async def versions(self, ctx: RequestContext, path: str) -> "tuple[StoredSecret, list[SecretVersion]]":
        """The secret and its versions, youngest first. Raises: NotFound."""
        secret = await self.get(ctx, path)
        return secret, await records_secrets.versions(ctx, secret.secret_id)

    async def delete(self, ctx: RequestContext, path: str, version: int) -> None:
        """It can't be read until it is brought back. Raises: NotFound: no such readable version."""
        secret = await self.get(ctx, path)
        if not await records_secrets.turn(ctx, secret.secret_id, version, "active", "deleted"):
            raise NotFound("version")
        await self._journal.record(ctx, Event.SECRET_DELETED, subject=path, details={"version": version})

    async def restore(self, ctx: RequestContext, path: str, version: int) -> None:
        """It can be read again. Raises: NotFound: no such deleted version."""
        secret = await self.get(ctx, path)
        if not await records_secrets.turn(ctx, secret.secret_id, version, "deleted", "active"):
            raise NotFound("version")
        await self._journal.record(ctx, Event.SECRET_RESTORED, subject=path, details={"version": version})

    async def destroy(self, ctx: RequestContext, path: str, version: int) -> None:
        """Its value is gone for good. Raises: NotFound: no such version, or it is destroyed already."""
        secret = await self.get(ctx, path)
        if not await records_secrets.destroy(ctx, secret.secret_id, version):
            raise NotFound("version")
        await self._journal.record(ctx, Event.SECRET_DESTROYED, subject=path, details={"version": version})

    async def rotate(self, ctx: RequestContext, path: str) -> int:
        """A random value of 256 bits is the youngest version; its number. Raises: NotFound."""
        await self.get(ctx, path)
        version = await self.put(ctx, path, Secret(token(self._entropy, RANDOM_BITS)))
        await self._journal.record(ctx, Event.SECRET_ROTATED, subject=path, details={"version": version})
        return version

    async def schedule(self, ctx: RequestContext, path: str, days: int | None) -> StoredSecret:
        """Rotate it every so many days from now on, or no more.

        Raises:
            NotFound: no such secret.
            InvalidInput: days out of range.
        """
        if days is not None and not 1 <= days <= MAX_ROTATION_DAYS:
            raise InvalidInput(f"1 to {MAX_ROTATION_DAYS} days are expected", pointer="days")
        secret = await self.get(ctx, path)
        at = None if days is None else ctx.now + timedelta(days=days)
        await records_secrets.set_rotation(ctx, secret.secret_id, days, at)
        await self._journal.record(ctx, Event.SECRET_SCHEDULED, subject=path, details={"days": days})
        return await self.get(ctx, path)

    async def renew(self, ctx: RequestContext, path: str, lease_id: UUID, lease: timedelta) -> Lease:
        """The caller's own lease, longer.

        Raises:
            NotFound: no such lease of theirs, it is over, or its version can't be read any more.
            InvalidInput: a lease out of range.
        """
        renewed = await records_leases.renew(ctx, checked_path(path), lease_id, ctx.now + _checked(lease))
        if renewed is None:
            raise NotFound("lease")
        secret = await self.get(ctx, path)
        return Lease(lease_id, renewed.version, renewed.expires_at, renewed.version == secret.version)

    async def revoke(self, ctx: RequestContext, path: str, lease_id: UUID) -> None:
        """A lease of the secret ends now. Raises: NotFound."""
        if not await records_leases.revoke(ctx, checked_path(path), lease_id):
            raise NotFound("lease")
        await self._journal.record(ctx, Event.LEASE_REVOKED, subject=path)

    async def sweep(self, ctx: RequestContext) -> None:
        """Rotate what is due, and forget leases that are over. Of several processes one rotates each."""
        for found in await records_secrets.due(ctx):
            if await records_secrets.take_due(ctx, found, ctx.now + timedelta(days=found.rotate_days)):
                await self.rotate(ctx, found.path)
        await records_leases.sweep(ctx)

    async def _make_room(self, ctx: RequestContext, path: str) -> None:
        keyset = await self._vault.keyset(ctx)
        if await records_secrets.find(ctx, keyset, path) is not None:
            return
        await queue_for(ctx, "secret")
        if await records_secrets.count(ctx) >= MAX_SECRETS:
            raise Conflict(f"a tenant has at most {MAX_SECRETS} secrets")
        await records_secrets.insert(ctx, keyset, uuid7(ctx.now, self._entropy), path)

    async def _lease(self, ctx: RequestContext, found: records_secrets.Found, lease: timedelta) -> Lease:
        until = ctx.now + _checked(lease)
        if await records_leases.count(ctx, found.secret_id) >= MAX_LEASES:
            raise Conflict(f"a secret has at most {MAX_LEASES} leases")
        lease_id = uuid7(ctx.now, self._entropy)
        ends_at = ctx.now + LEASE_ENDS
        await records_leases.insert(ctx, lease_id, found.secret_id, found.version, expires_at=until, ends_at=ends_at)
        return Lease(lease_id, found.version, until, found.version == found.latest)


def _checked(lease: timedelta) -> timedelta:
    if not timedelta(seconds=1) <= lease <= MAX_LEASE:
        raise InvalidInput("a lease of 1 second to 1 day is expected", pointer="lease_seconds")
    return lease
