"""Making and finding tenants."""

from typing import Final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.clock import Clock
from airside.core.errors import NotFound
from airside.core.ids import TENANT, format_id
from airside.permissions import Permissions
from airside.store import RequestContext
from airside.tenancy import records
from airside.tenancy.model import SYSTEM_MODEL, Draft, Tenant
from airside.tokens import SigningKeys
from airside.vault import Vault

REMEMBERED: Final = 5.0
"""Seconds for which a tenant's row is taken from memory: a suspension takes hold within them."""

MAX_REMEMBERED: Final = 10_000


class Tenants:
    """A tenant is born whole: address, data key, signing keys and its two permission stores in one transaction."""

    def __init__(
        self, *, vault: Vault, keys: SigningKeys, permissions: Permissions, journal: Journal, clock: Clock
    ) -> None:
        self._vault = vault
        self._keys = keys
        self._permissions = permissions
        self._journal = journal
        self._clock = clock
        self._remembered: dict[UUID, tuple[float, Tenant]] = {}

    async def create(self, ctx: RequestContext, draft: Draft) -> Tenant:
        """Make the tenant that `ctx` is already begun for.

        Raises:
            UniqueViolation: the slug is taken.
        """
        await self._vault.create(ctx)
        await self._keys.create(ctx)
        system = await self._permissions.stores.create(ctx, "airside", system=True)
        await self._permissions.models.write(ctx, system.id, SYSTEM_MODEL)
        default = await self._permissions.stores.create(ctx, draft.slug)
        tenant = Tenant(ctx.tenant_id, draft.name.strip(), "active", system.id, default.id, ctx.now)
        await records.insert(ctx, await self._vault.keyset(ctx), draft.slug, tenant)
        await self._journal.record(ctx, Event.TENANT_CREATED, subject=format_id(TENANT, ctx.tenant_id))
        return tenant

    async def current(self, ctx: RequestContext) -> Tenant:
        """The context's own tenant, remembered for `REMEMBERED` seconds.

        Raises:
            NotFound: no such tenant.
        """
        moment = self._clock.monotonic()
        remembered = self._remembered.get(ctx.tenant_id)
        if remembered is not None and moment - remembered[0] < REMEMBERED:
            return remembered[1]
        tenant = await records.find(ctx, await self._vault.keyset(ctx))
        if tenant is None:
            raise NotFound("tenant")
        # Only what has been committed may outlive this transaction.
        ctx.tx.after_commit(lambda: self._remember(moment, tenant))
        return tenant

    async def name(self, ctx: RequestContext) -> str:
        """What the context's tenant calls itself. Raises: NotFound."""
        return (await self.current(ctx)).name

    def _remember(self, moment: float, tenant: Tenant) -> None:
        if len(self._remembered) >= MAX_REMEMBERED:
            self._remembered.clear()
        self._remembered[tenant.tenant_id] = (moment, tenant)
