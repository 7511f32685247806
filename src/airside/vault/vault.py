"""The vault: makes a tenant's keys and hands them out, unwrapped, for a bounded time."""

from collections import OrderedDict
from typing import Final, NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Unavailable
from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.store import Listener
from airside.store.context import RequestContext, Transaction
from airside.vault import records
from airside.vault.aead import Aead
from airside.vault.allowance import BLOCK, MOST, Allowance
from airside.vault.fields import tenant_key_context
from airside.vault.keyset import Keyset
from airside.vault.model import KEY_BYTES, PURPOSES, Purpose, State, TenantKey
from airside.vault.persons import FORGOTTEN, PersonKeys

KEYSET_LIFETIME: Final = 300.0
"""Seconds a keyset stays in memory: how long a retired or shredded key may live on in a process."""
STALE_LIFETIME: Final = 900.0
"""Seconds that it stays there while the key service is away, if the tenant's keys are what they were."""
MAX_KEYSETS: Final = 10_000
"""Tenants whose keysets are held at once; the least recently used goes first."""
MAX_ALLOWANCES: Final = 100_000
"""Keys whose booked seals are remembered; what is forgotten is booked again, and lost."""


class _Held(NamedTuple):
    since: float
    active: UUID
    keyset: Keyset
    states: frozenset[tuple[UUID, State, bytes]]
    """Of the rows that it came from, what rotating, destroying or wrapping anew changes."""


class Vault:
    """Tenants' keysets under one key encryption key."""

    def __init__(self, *, kek: Aead, entropy: Entropy, clock: Clock) -> None:
        self._kek = kek
        self._entropy = entropy
        self._clock = clock
        self._held: OrderedDict[UUID, _Held] = OrderedDict()
        self._allowances: OrderedDict[UUID, Allowance] = OrderedDict()
        self._booking: WeakKeyDictionary[Transaction, dict[UUID, Allowance]] = WeakKeyDictionary()
        self._forgotten = 0
        self.persons = PersonKeys(keyset=self.keyset, entropy=entropy, clock=clock)

    def listen(self, listener: Listener) -> None:
        """Hear from other processes whose keys are destroyed. Before `listener` starts."""
        listener.subscribe(FORGOTTEN, self._hear, self._forget_all)

    async def forget_tenant(self, ctx: RequestContext) -> None:
        """Once this transaction has committed, no process holds a key of the tenant's any more, nor of its people."""
        await ctx.tx.notify(FORGOTTEN, str(ctx.tenant_id))
        ctx.tx.after_commit(lambda: self.forget(ctx.tenant_id))

    def forget(self, tenant_id: UUID) -> None:
        """Hold no key of the tenant's any more, nor of its people, in this process."""
        self._forgotten += 1
        self._held.pop(tenant_id, None)
        self.persons.forget(tenant_id)

    def wipe(self) -> None:
        """Let go of every key that has been held for its time, whether or not anybody asks for it again."""
        now = self._clock.monotonic()
        for tenant_id in [each for each, held in self._held.items() if now - held.since >= STALE_LIFETIME]:
            del self._held[tenant_id]
        self.persons.wipe()

    async def create(self, ctx: RequestContext) -> None:
        """A new tenant's first keys, one for each purpose.

        Raises:
            UniqueViolation: the tenant has keys already.
            Unavailable: the key encryption key can't be reached.
        """
        await records.insert(ctx, [await self.make(ctx, purpose, "active") for purpose in PURPOSES])

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
        if held is not None and now - held.since < KEYSET_LIFETIME:
            self._held.move_to_end(tenant_id)
            allowance = self._allowances.get(held.active)
            if allowance is not None and allowance.runs_low(now):
                self._book_more(ctx, held.active, allowance)
            return held.keyset
        before = self._forgotten
        rows = await records.load(ctx)
        states = frozenset[tuple[UUID, State, bytes]]((row.key_id, row.state, row.wrapped) for row in rows)
        try:
            active, keyset = await self._unwrap(ctx, rows)
        except Unavailable:
            # Whoever destroys or rotates a key changes its row, which is looked at even now.
            if held is None or now - held.since >= STALE_LIFETIME or held.states != states:
                raise
            return held.keyset
        # After commit only: keys created in this very transaction vanish if it rolls back, and nothing may
        # be sealed with keys that no row remembers.
        ctx.tx.after_commit(lambda: self._hold(tenant_id, _Held(now, active, keyset, states), before))
        return keyset

    async def indexing(self, ctx: RequestContext) -> Keyset:
        """The tenant's keys, whose index key counts until this transaction ends: for whoever writes an index that a
        unique key rests on. A rotation waits for them, so that no two of them ever index by different keys.

        Raises:
            As `keyset`.
        """
        counts = await records.share_index(ctx)
        keyset = await self.keyset(ctx)
        if keyset.index_id == counts:
            return keyset
        self.forget(ctx.tenant_id)  # remembered from before another one counted
        return await self.keyset(ctx)

    async def keys(self, ctx: RequestContext) -> list[TenantKey]:
        """Every key of the tenant, oldest first, wrapped. Raises: Inconsistent."""
        return await records.load(ctx)

    async def rewrap(self, ctx: RequestContext) -> int:
        """Wrap the tenant's keys with the present key encryption key where another has; how many.

        Raises:
            Unopenable: one was wrapped by a key that isn't at hand.
            Unavailable: a key encryption key can't be reached.
        """
        done = 0
        for key in await records.load(ctx):
            if key.kek_id == self._kek.key_id:
                continue
            context = tenant_key_context(ctx.tenant_id, key.key_id, key.purpose)
            wrapped = await self._kek.seal(await self._kek.open(key.wrapped, context), context)
            done += await records.rewrap(ctx, key, wrapped, self._kek.key_id)
        return done

    async def make(self, ctx: RequestContext, purpose: Purpose, state: State) -> TenantKey:
        """A new key, wrapped; not stored yet. Raises: Unavailable."""
        key_id = uuid7(ctx.now, self._entropy)
        context = tenant_key_context(ctx.tenant_id, key_id, purpose)
        wrapped = await self._kek.seal(self._entropy.bytes(KEY_BYTES), context)
        return TenantKey(key_id, purpose, wrapped, self._kek.key_id, ctx.now, state, ctx.now)

    def _hear(self, news: str) -> None:
        tenant, _, person = news.partition("/")
        try:
            if person:
                self.persons.forget(UUID(tenant), UUID(person))
            else:
                self.forget(UUID(tenant))
        except ValueError:
            self._forget_all()

    def _forget_all(self) -> None:
        self._forgotten += 1
        self._held.clear()
        self.persons.forget_all()

    def _hold(self, tenant_id: UUID, held: _Held, before: int) -> None:
        if before != self._forgotten:
            return  # it may have been destroyed while it was being read
        self._held[tenant_id] = held
        self._held.move_to_end(tenant_id)
        while len(self._held) > MAX_KEYSETS:
            self._held.popitem(last=False)

    async def _unwrap(self, ctx: RequestContext, rows: list[TenantKey]) -> tuple[UUID, Keyset]:
        data: dict[UUID, Secret[bytes]] = {}
        former: list[Secret[bytes]] = []
        active: dict[Purpose, tuple[TenantKey, Secret[bytes]]] = {}
        for row in rows:
            context = tenant_key_context(ctx.tenant_id, row.key_id, row.purpose)
            key = Secret(await self._kek.open(row.wrapped, context))
            if row.purpose == "data":
                data[row.key_id] = key
            if row.state == "active":
                active[row.purpose] = (row, key)
            elif row.purpose == "index":
                former.append(key)
        sealing = active["data"][0]
        keyset = Keyset(
            tenant_id=ctx.tenant_id,
            data=data,
            active=sealing.key_id,
            index=active["index"][1],
            derive=active["derive"][1],
            entropy=self._entropy,
            allowance=self._allowance(ctx, sealing),
            former=former,
            index_id=active["index"][0].key_id,
        )
        return sealing.key_id, keyset

    def _allowance(self, ctx: RequestContext, key: TenantKey) -> Allowance:
        """What this process has booked already; else a first block, which counts once this transaction commits."""
        found = self._allowances.get(key.key_id)
        if found is not None:
            self._allowances.move_to_end(key.key_id)
            if key.seals < MOST and found.runs_low(self._clock.monotonic()):
                self._book_more(ctx, key.key_id, found)
            return found
        if key.seals >= MOST:
            return Allowance(0)
        booking = self._booking.setdefault(ctx.tx, {})
        if key.key_id in booking:
            return booking[key.key_id]
        ctx.tx.put_off([records.book(ctx.tenant_id, key.key_id, uuid7(ctx.now, self._entropy), BLOCK)])
        made = booking[key.key_id] = Allowance(BLOCK)
        ctx.tx.after_commit(lambda: self._remember(key.key_id, made))
        return made

    def _remember(self, key_id: UUID, allowance: Allowance) -> None:
        self._allowances[key_id] = allowance
        while len(self._allowances) > MAX_ALLOWANCES:
            self._allowances.popitem(last=False)

    def _book_more(self, ctx: RequestContext, key_id: UUID, allowance: Allowance) -> None:
        """The next block. Where this transaction rolls back, a later one books."""
        ctx.tx.put_off([records.book(ctx.tenant_id, key_id, uuid7(ctx.now, self._entropy), BLOCK)])
        ctx.tx.after_commit(lambda: allowance.add(BLOCK))
