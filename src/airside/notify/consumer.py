"""What empties the outbox, one consumer for each way out: take, carry, settle. No connection and no lock is held while
something is carried."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import ClassVar, Final
from uuid import UUID

import structlog

from airside.core.clock import Clock
from airside.core.errors import Unavailable
from airside.core.ids import MAIL, format_id
from airside.core.principal import Principal
from airside.notify.model import Receipt, WayShut
from airside.notify.pause import Pause
from airside.notify.rounds import Rounds
from airside.store import Engine, Item, Listener, Outbox, RequestContext, rounds
from airside.store.outbox import CHANNEL, Way

BATCH: Final = 4
"""Items of one tenant carried at once, where a consumer says nothing else."""
WORKERS: Final = 2
"""Tenants served at once, where a consumer says nothing else: with the batch, the connections that the other side sees
of one process."""
LEASE: Final = timedelta(minutes=3)
"""For how long an item is its carrier's: longer than carrying any takes."""
PASS_EVERY: Final = 1.0
"""Seconds between two looks at what has become due without news."""
AGAIN: Final = 5.0
"""Seconds after which a tenant is visited again whose visit failed, or an item tried that couldn't be made."""

Tenants = Callable[[], Awaitable[Iterable[UUID]]]

_log = structlog.get_logger("airside.notify")


class Consumer(ABC):
    """Empties every tenant's outbox of what leaves by its way, at least once. Any number of processes may run one:
    leases keep them apart.

    Attributes:
        way: which items are its own.
        back_off: how long an item waits after each failure of its own; after the last one it is given up.
        principal: as whom it works.
        batch: how many items of one tenant it carries at once.
        workers: how many tenants it serves at once.
    """

    way: ClassVar[Way]
    back_off: ClassVar[tuple[timedelta, ...]]
    principal: ClassVar[Principal]
    batch: ClassVar[int] = BATCH
    workers: ClassVar[int] = WORKERS

    def __init__(self, *, engine: Engine, listener: Listener, clock: Clock, outbox: Outbox) -> None:
        self._engine = engine
        self._clock = clock
        self._outbox = outbox
        self._rounds = Rounds()
        self._pause = Pause(clock)
        listener.subscribe(CHANNEL, self._hear, lambda: None)  # what a gap swallowed, the sweep finds

    @abstractmethod
    async def is_open(self, ctx: RequestContext) -> bool:
        """Whether the tenant sends anything to anybody now: it is there, and not suspended."""

    @abstractmethod
    async def carry(self, tenant_id: UUID, item: Item) -> Receipt:
        """Make of the item what is sent, and send it; `taken` also where there is nothing to send any more.

        Raises:
            WayShut: all items wait, and none is blamed.
            Unavailable: what this item is made with is away, its tenant's key say: it waits, and isn't blamed.
        """

    @abstractmethod
    async def abandoned(self, ctx: RequestContext, item: Item, receipt: Receipt, attempts: int) -> None:
        """The item is given up: journal it."""

    async def tried(self, ctx: RequestContext, item: Item, receipt: Receipt) -> None:  # noqa: B027 - most keep no book
        """Something came of a try: in the transaction that settles it, before `abandoned`."""

    async def run(self, tenants: Tenants) -> None:
        """Deliver for ever; `tenants` names all there are."""
        async with asyncio.TaskGroup() as group:
            group.create_task(rounds(tenants, self._clock, self._look))
            for _worker in range(self.workers):
                group.create_task(self._work())

    async def deliver(self, tenant_id: UUID) -> int:
        """Try what is due in the tenant's outbox, at most a batch; how many items were tried."""
        async with self._engine.begin(tenant_id, principal=self.principal) as ctx:
            items = await self._outbox.take(ctx, way=self.way, limit=self.batch, lease=LEASE)
        tries = await asyncio.gather(*(self._try(tenant_id, item) for item in items), return_exceptions=True)
        for failed in tries:
            if failed is not None:  # it couldn't be settled: its lease runs out
                raise failed
        return len(items)

    async def _try(self, tenant_id: UUID, item: Item) -> None:
        if item.attempts > len(self.back_off):  # those who held it died
            await self._settle(tenant_id, item, Receipt("refused"))
            return
        try:
            receipt = await self.carry(tenant_id, item)
        except WayShut as refusal:
            self._go_slow(refusal)
            await self._put_back(tenant_id, item, self._pause.seconds)
            return
        except Unavailable as refusal:
            _log.warning("item_waits", way=self.way, part=refusal.part, item=format_id(MAIL, item.id))
            await self._put_back(tenant_id, item, AGAIN)
            return
        except Exception:  # noqa: BLE001 - one item's trouble must not hold up the others
            _log.exception("item_not_carried", way=self.way, kind=item.kind, item=format_id(MAIL, item.id))
            receipt = Receipt("deferred")
        else:
            self._pause.end()
        await self._settle(tenant_id, item, receipt)

    async def _settle(self, tenant_id: UUID, item: Item, receipt: Receipt) -> None:
        async with self._engine.begin(tenant_id, principal=self.principal) as ctx:
            await self.tried(ctx, item, receipt)
            if receipt.outcome == "taken":
                await self._outbox.done(ctx, item)
            elif receipt.outcome == "deferred" and item.attempts < len(self.back_off):
                await self._outbox.retry(ctx, item, self.back_off[item.attempts])
            elif await self._outbox.bury(ctx, item):
                await self.abandoned(ctx, item, receipt, min(item.attempts, len(self.back_off)) + 1)

    async def _put_back(self, tenant_id: UUID, item: Item, seconds: float) -> None:
        """What is away is no fault of the item: it waits as long as that takes."""
        async with self._engine.begin(tenant_id, principal=self.principal) as ctx:
            await self._outbox.retry(ctx, item, timedelta(seconds=seconds), counted=False)

    def _go_slow(self, refusal: WayShut) -> None:
        if self._pause.begin():
            cause, seconds = refusal.cause, self._pause.seconds
            _log.warning("outbox_waits", way=self.way, part=refusal.part, cause=cause, seconds=seconds)

    def _hear(self, payload: str) -> None:
        tenant, _, way = payload.partition(" ")
        try:
            tenant_id = UUID(hex=tenant)
        except ValueError:
            _log.warning("unreadable outbox news")
            return
        if way == self.way:
            self._rounds.stir(tenant_id, self._clock.monotonic())

    async def _look(self, tenant_id: UUID) -> None:
        """Only whoever has something waiting joins the rounds: news mustn't queue behind every tenant there is."""
        async with self._engine.begin(tenant_id, principal=self.principal) as ctx:
            due = await self._outbox.next_due(ctx, way=self.way)
        if due is not None:
            self._rounds.stir(tenant_id, self._clock.monotonic() + max(0.0, (due - ctx.now).total_seconds()))

    async def _work(self) -> None:
        while True:
            now = self._clock.monotonic()
            tenant_id = self._rounds.next(now) if self._pause.over(now) else None
            if tenant_id is None:
                await self._rounds.news(PASS_EVERY)
                continue
            again: float | None = now + AGAIN
            try:
                again = await self._visit(tenant_id)
            except Exception:  # noqa: BLE001 - one tenant's trouble must not stop the others; it is tried again
                _log.exception("the outbox waits", way=self.way, tenant_id=str(tenant_id))
            finally:
                self._rounds.back(tenant_id, again)

    async def _visit(self, tenant_id: UUID) -> float | None:
        """Deliver what is due; when to come again."""
        async with self._engine.begin(tenant_id, principal=self.principal) as ctx:
            due = await self._outbox.next_due(ctx, way=self.way)
            if due is None or not await self.is_open(ctx):
                return None  # what waits of a closed tenant, a sweep finds when it is open again
        if due > ctx.now:
            return self._clock.monotonic() + (due - ctx.now).total_seconds()
        await self.deliver(tenant_id)
        return self._clock.monotonic()
