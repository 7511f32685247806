"""The secret store: every verb names a path, and takes the right to all secrets or to what is below a path."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from airside.access.authorise import Authorise
from airside.access.rights import READ_SECRETS, WRITE_SECRETS
from airside.admin.vault_rights import NamedVerbs, requires_named
from airside.audit import Journal
from airside.core.secret import Secret
from airside.limits import SECRET_REQUESTS, Limiter
from airside.secrets import MAX_SECRETS, Lease, ReadSecret, SecretStore, SecretVersion, StoredSecret
from airside.store import RequestContext
from airside.tenancy import NamedGrants


class SecretAdmin(NamedVerbs):
    """Write, read, lease, delete, rotate and destroy secrets. Each verb also raises LimitExceeded."""

    limit = SECRET_REQUESTS

    def __init__(
        self, *, authorise: Authorise, grants: NamedGrants, pace: Limiter, journal: Journal, store: SecretStore
    ) -> None:
        super().__init__(authorise=authorise, grants=grants, pace=pace, journal=journal)
        self._store = store

    @requires_named(WRITE_SECRETS, "writer")
    async def put(
        self,
        ctx: RequestContext,
        path: str,
        value: Secret[str],
        *,
        expected: int | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> int:
        """A new version; its number. Raises: InvalidInput, TooLarge, Conflict: as `SecretStore.put`."""
        return await self._store.put(ctx, path, value, expected=expected, metadata=metadata)

    @requires_named(READ_SECRETS, "reader")
    async def read(
        self, ctx: RequestContext, path: str, *, version: int | None = None, lease: timedelta | None = None
    ) -> ReadSecret:
        """A value. Raises: NotFound; InvalidInput, Conflict: as `SecretStore.read`."""
        return await self._store.read(ctx, path, version=version, lease=lease)

    @requires_named(READ_SECRETS, "reader")
    async def list(
        self, ctx: RequestContext, prefix: str, *, after: str = "", limit: int = MAX_SECRETS
    ) -> list[StoredSecret]:
        """Up to `limit` of what stands at or below `prefix`, from behind the path `after`; without values.

        Raises:
            InvalidInput: no path.
        """
        return await self._store.list(ctx, prefix, after=after, limit=limit)

    @requires_named(READ_SECRETS, "reader")
    async def versions(self, ctx: RequestContext, path: str) -> "tuple[StoredSecret, list[SecretVersion]]":
        """A secret and its versions. Raises: NotFound."""
        return await self._store.versions(ctx, path)

    @requires_named(WRITE_SECRETS, "writer")
    async def delete(self, ctx: RequestContext, path: str, version: int) -> None:
        """It can't be read until it is brought back. Raises: NotFound."""
        await self._store.delete(ctx, path, version)

    @requires_named(WRITE_SECRETS, "writer")
    async def restore(self, ctx: RequestContext, path: str, version: int) -> None:
        """It can be read again. Raises: NotFound."""
        await self._store.restore(ctx, path, version)

    @requires_named(WRITE_SECRETS, "writer")
    async def destroy(self, ctx: RequestContext, path: str, version: int) -> None:
        """Its value is gone for good. Raises: NotFound."""
        await self._store.destroy(ctx, path, version)

    @requires_named(WRITE_SECRETS, "writer")
    async def rotate(self, ctx: RequestContext, path: str) -> int:
        """A random value in its place; the version's number. Raises: NotFound."""
        return await self._store.rotate(ctx, path)

    @requires_named(WRITE_SECRETS, "writer")
    async def schedule(self, ctx: RequestContext, path: str, days: int | None) -> StoredSecret:
        """Rotate it every so many days, or no more. Raises: NotFound, InvalidInput."""
        return await self._store.schedule(ctx, path, days)

    @requires_named(READ_SECRETS, "reader")
    async def renew(self, ctx: RequestContext, path: str, lease_id: UUID, lease: timedelta) -> Lease:
        """The caller's own lease, longer. Raises: NotFound, InvalidInput."""
        return await self._store.renew(ctx, path, lease_id, lease)

    @requires_named(WRITE_SECRETS, "writer")
    async def revoke(self, ctx: RequestContext, path: str, lease_id: UUID) -> None:
        """A lease ends now. Raises: NotFound."""
        await self._store.revoke(ctx, path, lease_id)
