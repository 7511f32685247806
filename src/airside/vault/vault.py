"""The vault: makes a tenant's keys and hands them out, unwrapped, for a bounded time."""

from collections import OrderedDict
from typing import Final
from uuid import UUID

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Unavailable
from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.store import Listener
from airside.store.context import RequestContext
from airside.vault import records
from airside.vault.aead import Aead
from airside.vault.fields import tenant_key_context
from airside.vault.keyset import Keyset
from airside.vault.model import KEY_BYTES, PURPOSES, Purpose, TenantKey
from airside.vault.persons import FORGOTTEN, PersonKeys

KEYSET_LIFETIME: Final = 300.0
"""Seconds a keyset stays in memory: how long a retired or shredded key may live on in a process."""
STALE_LIFETIME: Final = 900.0
"""Seconds that it stays there while the key service is away, if the tenant's keys are what they were."""
MAX_KEYSETS: Final = 10_000
"""Tenants whose keysets are held at once; the least recently used goes first."""


class Vault:
    """Tenants' keysets under one key encryption key."""

    def __init__(self, *, kek: Aead, entropy: Entropy, clock: Clock) -> None:
        self._kek = kek
        self._entropy = entropy
        self._clock = clock
        self._held: OrderedDict[UUID, tuple[float, Keyset, list[TenantKey]]] = OrderedDict()
        self._forgotten = 0
        self.persons = PersonKeys(keyset=self.keyset, entropy=entropy, clock=clock)

    def listen(self, listener: Listener) -> None:
        """Hear from other processes whose keys are destroyed. Before `listener` starts."""
        listener.subscribe(FORGOTTEN, self._hear, self._forget_all)

    async def forget_tenant(self, ctx: RequestContext) -> None:
        """Once this transaction has committed, no process holds a key of the tenant's any more, nor of its people."""
        await ctx.tx.notify(FORGOTTEN, str(ctx.tenant_id))
        ctx.tx.after_commit(lambda: self._drop(ctx.tenant_id))

    def _drop(self, tenant_id: UUID) -> None:
        self._forgotten += 1
        self._held.pop(tenant_id, None)
        self.persons.forget(tenant_id)

    async def create(self, ctx: RequestContext) -> None:
        """A new tenant's first keys, one for each purpose.

        Raises:
            UniqueViolation: the tenant has keys already.
            Unavailable: the key encryption key can't be reached.
        """
        await records.insert(ctx, [await self._make(ctx, purpose) for purpose in PURPOSES])

    async def keyset(self, ctx: RequestContext) -> Keyset:
        """The tenant's keys. Touches the database only when they aren't in memory.

        Raises:
            Inconsistent: the tenant has no keys.
            Unopenable: they were wrapped by another key encryption key, or changed.
            Unavailable: the key encryption key can't be reached.
        """
        tenant_id = ctx.tenant_id
        now = self._clock.monotonic()
        held = self._held.get(tenant_id)
        if held is not None and now - held[0] < KEYSET_LIFETIME:
            self._held.move_to_end(tenant_id)
            return held[1]
        before = self._forgotten
        rows = await records.load(ctx)
        try:
            keyset = await self._unwrap(ctx, rows)
        except Unavailable:
            # Whoever destroys or rotates a key changes its row, which is looked at even now.
            if held is None or now - held[0] >= STALE_LIFETIME or held[2] != rows:
                raise
            return held[1]
        # After commit only: keys created in this very transaction vanish if it rolls back, and nothing may
        # be sealed with keys that no row remembers.
        ctx.tx.after_commit(lambda: self._hold(tenant_id, (now, keyset, rows), before))
        return keyset

    def _hear(self, news: str) -> None:
        tenant, _, person = news.partition("/")
        try:
            if person:
                self.persons.forget(UUID(tenant), UUID(person))
            else:
                self._drop(UUID(tenant))
        except ValueError:
            self._forget_all()

    def _forget_all(self) -> None:
        self._forgotten += 1
        self._held.clear()
        self.persons.forget_all()

    def _hold(self, tenant_id: UUID, held: tuple[float, Keyset, list[TenantKey]], before: int) -> None:
        if before != self._forgotten:
            return  # it may have been destroyed while it was being read
        self._held[tenant_id] = held
        self._held.move_to_end(tenant_id)
        while len(self._held) > MAX_KEYSETS:
            self._held.popitem(last=False)

    async def _make(self, ctx: RequestContext, purpose: Purpose) -> TenantKey:
        key_id = uuid7(ctx.now, self._entropy)
        context = tenant_key_context(ctx.tenant_id, key_id, purpose)
        wrapped = await self._kek.seal(self._entropy.bytes(KEY_BYTES), context)
        return TenantKey(key_id, purpose, wrapped, self._kek.key_id, ctx.now, "active")

    async def _unwrap(self, ctx: RequestContext, rows: list[TenantKey]) -> Keyset:
        data: dict[UUID, Secret[bytes]] = {}
        active: dict[Purpose, tuple[UUID, Secret[bytes]]] = {}
        for row in rows:
            context = tenant_key_context(ctx.tenant_id, row.key_id, row.purpose)
            key = Secret(await self._kek.open(row.wrapped, context))
            if row.purpose == "data":
                data[row.key_id] = key
            if row.state == "active":
                active[row.purpose] = (row.key_id, key)
        return Keyset(
            tenant_id=ctx.tenant_id,
            data=data,
            active=active["data"][0],
            index=active["index"][1],
            derive=active["derive"][1],
            entropy=self._entropy,
        )
