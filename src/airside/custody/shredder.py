"""Shredding a tenant, step by step: each step is a transaction of its own, and whoever is killed between two of them is
gone on from by the next."""

import asyncio
from typing import Final
from uuid import UUID

from airside.audit import Authority, Event, Head, Journal, Sequencer, settled
from airside.core.entropy import Entropy
from airside.core.errors import Unavailable
from airside.core.ids import TENANT, format_id, uuid7
from airside.core.principal import Principal
from airside.custody import records_shredding as records
from airside.custody.certificate import Certificate, read_certificate, sign
from airside.custody.model import ShreddingState
from airside.store import Engine, ForeignKeyViolation
from airside.vault import KeyArchive, Vault

SHREDDER: Final = Principal("job", subject="job:shredder")
"""Who shreds, as the audit log names it."""
ROWS: Final = 5_000
"""Rows deleted in one transaction."""
PATIENCE: Final = 10
"""How often the last head of the log is waited for."""
PAUSE: Final = 0.3
"""Seconds between two looks."""


class Shredder:
    """Takes tenants whose grace is over to their end. Any number of processes may: the rows take turns.

    Args:
        authority: the tenant whose key signs certificates: the operators'.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        vault: Vault,
        journal: Journal,
        sequencer: Sequencer,
        archive: KeyArchive,
        authority: Authority,
        entropy: Entropy,
    ) -> None:
        self._engine = engine
        self._vault = vault
        self._journal = journal
        self._sequencer = sequencer
        self._archive = archive
        self._authority = authority
        self._entropy = entropy

    async def turn(self, tenant_id: UUID, authority_id: UUID) -> ShreddingState | None:
        """Go as far as it goes with that tenant; where it then stands, None where it isn't to be shredded.
        `authority_id` is the tenant whose key signs.

        Raises:
            Unavailable: the log can't be closed, a key service or an archive can't be reached. Nothing is lost: another
                turn goes on from here.
        """
        state = await self._close(tenant_id)
        if state == "closing":
            await self._destroy(tenant_id, await self._settle(tenant_id), authority_id)
            state = "destroyed"
        if state == "destroyed":
            await self._empty(tenant_id)
            return "finished"
        return state

    async def _close(self, tenant_id: UUID) -> ShreddingState | None:
        """The last word of the tenant's log, if the time has come."""
        async with self._engine.begin(tenant_id, principal=SHREDDER) as ctx:
            if await records.close(ctx):
                await self._journal.record(ctx, Event.TENANT_SHREDDED, subject=format_id(TENANT, tenant_id))
            found = await records.find(ctx)
        return None if found is None else found.state

    async def _settle(self, tenant_id: UUID) -> Head:
        """The head under which all of the tenant's log lies: nobody can sign one afterwards."""
        for _ in range(PATIENCE):
            async with self._engine.begin(tenant_id, principal=SHREDDER) as ctx:
                await self._sequencer.sequence(ctx)
                head = await settled(ctx)
            if head is not None:
                return head
            await asyncio.sleep(PAUSE)
        raise Unavailable("the audit log isn't closed yet")

    async def _destroy(self, tenant_id: UUID, head: Head, authority_id: UUID) -> None:
        """The point of no return. The certificate is there exactly if the keys aren't."""
        async with self._engine.begin(authority_id, principal=SHREDDER) as platform:
            signing = await self._authority.key(platform)
        async with self._engine.begin(tenant_id, principal=SHREDDER) as ctx:
            if await records.take(ctx) != "closing":
                return
            found = await records.find(ctx)
            assert found is not None  # noqa: S101  # its row is held
            statement = Certificate(
                certificate_id=uuid7(ctx.now, self._entropy),
                tenant_id=tenant_id,
                slug=await records.slug(ctx),
                requested_at=found.requested_at,
                destroyed_at=ctx.now,
                keys=tuple(await records.keys(ctx)),
                people=await records.count_people(ctx),
                tree_size=head.tree_size,
                root=head.root,
            )
            if await records.destroy_keys(ctx, sign(signing, statement)):
                await self._vault.forget_tenant(ctx)

    async def _empty(self, tenant_id: UUID) -> None:
        async with self._engine.begin(tenant_id, principal=SHREDDER) as ctx:
            found = await records.find(ctx)
        if found is None or found.state != "destroyed" or found.certificate is None:
            return
        lost = read_certificate(found.certificate).certificate.keys
        await self._archive.forget(tenant_id, [key.key_id for key in lost])
        left = list(records.EMPTIED)
        while left:
            # What others hang on has its turn after them.
            later = [table for table in left if not await self._clear(tenant_id, table)]
            if len(later) == len(left):
                raise Unavailable("a table can't be emptied")
            left = later
        async with self._engine.begin(tenant_id, principal=SHREDDER) as ctx:
            await records.finish(ctx)

    async def _clear(self, tenant_id: UUID, table: str) -> bool:
        """Whether nothing of the tenant is left in the table."""
        while True:
            try:
                async with self._engine.begin(tenant_id, principal=SHREDDER) as ctx:
                    if await records.empty(ctx, table, ROWS) < ROWS:
                        return True
            except ForeignKeyViolation:
                return False
