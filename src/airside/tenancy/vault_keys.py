"""The keys that seal a tenant's data and index it: rotated, rolled back, wrapped anew, and everything sealed and
indexed again; journalled."""

from collections.abc import Mapping

from airside.audit import Event, Journal
from airside.core.ids import KEY, format_id
from airside.identity import Passwords
from airside.store import RequestContext
from airside.vault import Vault
from airside.vault.columns import PEPPERED
from airside.vault.index_rotation import IndexKeys
from airside.vault.indexes import Column, Values
from airside.vault.model import Purpose, TenantKey
from airside.vault.rotation import DataKeys, OnProgress, Resealed, Turned


class VaultKeys:
    """The verbs on a tenant's keys in the vault (decisions 0023 and 0029).

    Args:
        indexes: what every blind index is of.
    """

    def __init__(
        self, *, vault: Vault, passwords: Passwords, journal: Journal, indexes: Mapping[Column, Values]
    ) -> None:
        self._vault = vault
        self._data = DataKeys(vault=vault)
        self._index = IndexKeys(vault=vault, values=indexes)
        self._passwords = passwords
        self._journal = journal

    async def list(self, ctx: RequestContext) -> list[TenantKey]:
        """Every key of the tenant, oldest first, wrapped as it is."""
        return await self._vault.keys(ctx)

    async def rotate(self, ctx: RequestContext) -> str:
        """A new data key, which seals when it has settled; its id.

        Raises:
            Conflict: one is coming already.
            Unavailable: the key encryption key can't be reached.
        """
        key = format_id(KEY, await self._data.rotate(ctx))
        await self._tell(ctx, Event.VAULT_KEY_MADE, key, "data")
        return key

    async def rotate_index(self, ctx: RequestContext) -> str:
        """A new index key, which counts when it has settled; its id.

        Raises:
            Conflict: one is coming already.
            Unavailable: the key encryption key can't be reached.
        """
        key = format_id(KEY, await self._index.rotate(ctx))
        await self._tell(ctx, Event.VAULT_KEY_MADE, key, "index")
        return key

    async def roll_back_index(self, ctx: RequestContext) -> str:
        """Let the index key from before the last rotation count again; its id.

        Raises:
            NotFound: there is none to go back to.
        """
        key = format_id(KEY, await self._index.roll_back(ctx))
        await self._tell(ctx, Event.VAULT_KEY_ROLLED_BACK, key, "index")
        return key

    async def roll_back(self, ctx: RequestContext) -> str:
        """Let the data key from before the last rotation seal again; its id.

        Raises:
            NotFound: there is none to go back to.
        """
        key = format_id(KEY, await self._data.roll_back(ctx))
        await self._tell(ctx, Event.VAULT_KEY_ROLLED_BACK, key, "data")
        return key

    async def rewrap(self, ctx: RequestContext) -> int:
        """Wrap the tenant's keys with the present key encryption key; how many another had wrapped.

        Raises:
            Unopenable: one was wrapped by a key encryption key that isn't at hand.
            Unavailable: a key encryption key can't be reached.
        """
        count = await self._vault.rewrap(ctx)
        if count:
            details = {"keys": count}
            await self._journal.record(ctx, Event.VAULT_KEYS_REWRAPPED, subject="vault:keys", details=details)
        return count

    async def owed(self, ctx: RequestContext) -> dict[str, int]:
        """How many rows of each column a retired key still seals that are to be sealed anew."""
        return await self._data.owed(ctx)

    async def reseal(self, ctx: RequestContext, progress: OnProgress = lambda _column, _rows: None) -> Resealed:
        """Seal with the active key whatever retired ones have sealed, in batches that are committed one by one; what
        was done before a kill stays done.

        Raises:
            Unavailable: the key encryption key can't be reached.
        """
        return await self._data.reseal(ctx, progress=progress)

    async def reseal_pepper(self, ctx: RequestContext, progress: OnProgress = lambda _column, _rows: None) -> Resealed:
        """As `reseal`, of password hashes alone, and of those that were never sealed too: their seal is the pepper
        (decision 0012).

        Raises:
            Unavailable: the key encryption key can't be reached.
        """
        done = await self._data.reseal(ctx, only=PEPPERED, progress=progress)
        while not done.unreadable and (rows := await self._passwords.reseal(ctx)):
            await ctx.tx.checkpoint()
            done.rows += rows
            progress("password_credential.hash", rows)
        return done

    async def owed_indexes(self, ctx: RequestContext) -> dict[str, int]:
        """How many rows of each column are to be looked at, since their index may be under a retired index key."""
        return await self._index.owed(ctx)

    async def reindex(self, ctx: RequestContext, progress: OnProgress = lambda _column, _rows: None) -> Resealed:
        """Compute anew whatever index isn't under the index key that counts, in batches that are committed one by one;
        what was done before a kill stays done. `progress` hears how many rows were looked at.

        Raises:
            Unavailable: the key encryption key can't be reached.
        """
        return await self._index.reindex(ctx, progress)

    async def turn(self, ctx: RequestContext) -> Turned:
        """What is due, for a timer: a settled key seals or counts, what a retired one sealed is sealed anew, what it
        indexed is indexed anew, and a retired one on which nothing rests any more is destroyed.

        Raises:
            Unavailable: the key encryption key can't be reached.
        """
        turned = await self.settle(ctx)
        await self._data.reseal(ctx)
        await self._index.keep_on(ctx)
        return turned

    async def settle(self, ctx: RequestContext) -> Turned:
        """As `turn`, without sealing or indexing anything anew; what came of data keys. Commits.

        Raises:
            Unavailable: the key encryption key can't be reached.
        """
        turned = await self._data.turn(ctx)
        await self._tell_turned(ctx, turned, "data")
        await ctx.tx.checkpoint()
        await self._tell_turned(ctx, await self._index.turn(ctx), "index")
        await ctx.tx.checkpoint()
        return turned

    async def _tell_turned(self, ctx: RequestContext, turned: Turned, purpose: Purpose) -> None:
        for event, ids in (
            (Event.VAULT_KEY_MADE, [turned.came]),
            (Event.VAULT_KEY_ACTIVATED, [turned.active]),
            (Event.VAULT_KEY_DESTROYED, turned.destroyed),
        ):
            for key_id in filter(None, ids):
                await self._tell(ctx, event, format_id(KEY, key_id), purpose)

    async def _tell(self, ctx: RequestContext, event: Event, key: str, purpose: Purpose) -> None:
        await self._journal.record(ctx, event, subject=f"key:{key}", details={"purpose": purpose})
