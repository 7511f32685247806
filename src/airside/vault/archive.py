"""Keys outside the database: where backups keep them, so that what is shredded stays shut in every older backup."""

from collections.abc import Collection
from typing import Protocol
from uuid import UUID


class KeyArchive(Protocol):
    """Where copies of tenants' and persons' wrapped keys lie."""

    async def forget(self, tenant_id: UUID, key_ids: Collection[UUID]) -> None:
        """Keep none of those keys of the tenant any more, in any copy; a person's key has the person's id. Twice is the
        same as once.

        Raises:
            Unavailable: the archive can't be reached now. Whoever is told so tries again.
        """
        ...


class NoArchive:
    """A `KeyArchive` where no backup target is configured: there are no copies."""

    async def forget(self, tenant_id: UUID, key_ids: Collection[UUID]) -> None:
        """As `KeyArchive.forget`."""
