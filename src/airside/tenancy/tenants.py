"""Making and finding tenants."""

from typing import Final

from airside.audit import Event, Journal
from airside.core.clock import Clock
from airside.core.errors import NotFound
from airside.core.ids import TENANT, format_id
from airside.core.principal import Principal
from airside.permissions import Permissions
from airside.store import RequestContext
from airside.tenancy import records
from airside.tenancy.model import Draft, Tenant, TenantState
from airside.tenancy.system_model import SYSTEM_MODEL, is_former
from airside.tokens import SigningKeys
from airside.vault import Vault

REMEMBERED: Final = 5.0
"""Seconds for which a tenant's row is taken from memory: a suspension takes hold within them."""

MAX_REMEMBERED: Final = 10_000

UPGRADE: Final = Principal("job", subject="job:system-model")
"""Who brings a tenant's system model up to this build's, as the audit log names it."""


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
        self._remembered: dict[int, tuple[float, Tenant]] = {}
        self._upgraded: set[int] = set()

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
        known = self._known(ctx)
        if known is not None:
            return known
        moment = self._clock.monotonic()
        tenant = await records.find(ctx, await self._vault.keyset(ctx))
        if tenant is None:
            raise NotFound("tenant")
        # Only what has been committed may outlive this transaction.
        ctx.tx.after_commit(lambda: self._remember(moment, tenant))
        return tenant

    async def enter(self, ctx: RequestContext) -> Tenant:
        """`current`, for whoever opens the door to a tenant and has done nothing yet. The first time in this process,
        the model of a tenant that an older build made is brought up to this build's, and committed.

        Raises:
            NotFound: no such tenant.
        """
        tenant = await self.current(ctx)
        if ctx.tenant_id.int not in self._upgraded:
            await self._upgrade(ctx, tenant.system_store_id)
        return tenant

    def entered(self, ctx: RequestContext) -> Tenant | None:
        """As `enter`, without a wait; None where it would take one."""
        return self._known(ctx) if ctx.tenant_id.int in self._upgraded else None

    async def lock(self, ctx: RequestContext) -> Tenant:
        """The context's own tenant; who may what in it stands still until this transaction ends.

        Raises:
            NotFound: no such tenant.
        """
        tenant = await self.current(ctx)
        await records.lock(ctx)
        return tenant

    async def set_state(self, ctx: RequestContext, state: TenantState) -> None:
        """Let nobody into the context's own tenant, or let people in again: here at once, elsewhere within
        `REMEMBERED` seconds."""
        await records.set_state(ctx, state)
        ctx.tx.after_commit(lambda: self._remembered.pop(ctx.tenant_id.int, None) and None)

    async def name(self, ctx: RequestContext) -> str:
        """What the context's tenant calls itself. Raises: NotFound."""
        return (await self.current(ctx)).name

    def _known(self, ctx: RequestContext) -> Tenant | None:
        remembered = self._remembered.get(ctx.tenant_id.int)
        if remembered is None or self._clock.monotonic() - remembered[0] >= REMEMBERED:
            return None
        return remembered[1]

    async def _upgrade(self, ctx: RequestContext, store_id: str) -> None:
        models = self._permissions.models
        if is_former((await models.latest(ctx, store_id)).model):
            await records.lock(ctx)
            # Another process may have been quicker: its commit is seen from here on.
            if is_former((await models.latest(ctx, store_id)).model):
                await models.write(ctx.known_as(UPGRADE), store_id, SYSTEM_MODEL)
            await ctx.tx.checkpoint()  # it stands, whatever becomes of this request
        if len(self._upgraded) >= MAX_REMEMBERED:
            self._upgraded.clear()
        self._upgraded.add(ctx.tenant_id.int)

    def _remember(self, moment: float, tenant: Tenant) -> None:
        if len(self._remembered) >= MAX_REMEMBERED:
            self._remembered.clear()
        self._remembered[tenant.tenant_id.int] = (moment, tenant)
