"""External identities by a directory's `externalId`: the subject by which many providers name the same person at a
sign-in. What a sign-in linked first, provisioning finds; what provisioning links, a sign-in finds."""

from uuid import UUID

from airside.core.entropy import Entropy
from airside.core.errors import Conflict
from airside.core.ids import uuid7
from airside.federation import records_identities as records
from airside.federation.model import ExternalIdentity
from airside.store.context import RequestContext
from airside.vault import Vault


class Subjects:
    """The connection's subjects and who they are here."""

    def __init__(self, *, vault: Vault, entropy: Entropy) -> None:
        self._vault = vault
        self._entropy = entropy

    async def find(self, ctx: RequestContext, connection_id: UUID, subject: str) -> UUID | None:
        """The user that `subject` is."""
        found = await records.by_subject(ctx, self._vault, connection_id, subject)
        return None if found is None else found.user_id

    async def link(self, ctx: RequestContext, connection_id: UUID, subject: str, user_id: UUID) -> None:
        """From now on `subject` is this user; twice is once.

        Raises:
            Conflict: it is another one.
        """
        keyset = await self._vault.indexing(ctx)
        identity = ExternalIdentity(uuid7(ctx.now, self._entropy), connection_id, user_id, subject, ctx.now, ctx.now)
        if await records.insert(ctx, keyset, await self._vault.persons.seals(ctx, user_id), identity):
            return
        if await self.find(ctx, connection_id, subject) != user_id:
            raise Conflict("subject of another user")

    async def move(
        self, ctx: RequestContext, connection_id: UUID, user_id: UUID, former: str | None, now: str | None
    ) -> None:
        """The directory calls the user `now`, and `former` no more.

        Raises:
            Conflict: `now` is another one.
        """
        if former is not None:
            found = await records.by_subject(ctx, self._vault, connection_id, former)
            if found is not None:
                await records.delete(ctx, found.id, user_id)
        if now is not None:
            await self.link(ctx, connection_id, now, user_id)

    async def unlink(self, ctx: RequestContext, connection_id: UUID, user_id: UUID) -> None:
        """No subject of the connection is this user any more."""
        await records.delete_of_user(ctx, connection_id, user_id)
