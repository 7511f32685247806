"""The job that empties the outbox: take, write, send, settle. No connection and no lock is held while it sends."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Final, Protocol
from uuid import UUID

import structlog

from airside.audit import Event, Journal
from airside.core.clock import Clock
from airside.core.errors import Inconsistent, Unavailable
from airside.core.ids import MAIL, USER, format_id
from airside.core.principal import Principal
from airside.notify.kinds import KINDS, Kind
from airside.notify.letters import Letters
from airside.notify.mailer import Mailer
from airside.notify.model import Letter, Parts, Receipt
from airside.notify.rounds import Rounds
from airside.store import Engine, Item, Listener, Outbox, RequestContext
from airside.store.outbox import CHANNEL

BATCH: Final = 4
"""Items of one tenant sent at once."""
WORKERS: Final = 2
"""Tenants served at once: with `BATCH`, the connections that a mail server sees of one process."""
LEASE: Final = timedelta(minutes=3)
"""For how long an item is its sender's: longer than any letter takes (`smtp.DEADLINE`)."""
BACK_OFF: Final = tuple(
    timedelta(seconds=seconds) for seconds in (1, 10, 60, 600, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)
)
"""How long an item waits after each failure of its own; after the last one it is given up, nearly two days old."""
MAX_PAUSE: Final = 60.0
"""Seconds at most between two knocks at a mail server that is away; the first pause is one."""
PASS_EVERY: Final = 1.0
"""Seconds between two looks at what has become due without news."""
SWEEP_EVERY: Final = 30.0
"""Seconds between two looks at every tenant, for what another process left behind when it died."""
AGAIN: Final = 5.0
"""Seconds after which a tenant is visited again whose visit failed."""
POSTMAN: Final = Principal("job", subject="job:mail")

Tenants = Callable[[], Awaitable[Iterable[UUID]]]

_log = structlog.get_logger("airside.notify")


class Sources(Protocol):
    """Where what a letter says is read, at the moment of sending; `wiring` fills it."""

    async def is_open(self, ctx: RequestContext) -> bool:
        """Whether the tenant writes to anybody now: it is there, and not suspended."""
        ...

    async def parts(self, ctx: RequestContext, kind: Kind, item: Item) -> Parts | None:
        """What the letter for `item` is made of; None where there is nothing to say any more: the user is gone, the
        link spent, the code run out."""
        ...


class Delivery:
    """Delivers every tenant's outbox, at least once. Any number of processes may run one: leases keep them apart."""

    def __init__(
        self,
        *,
        engine: Engine,
        listener: Listener,
        clock: Clock,
        outbox: Outbox,
        journal: Journal,
        sources: Sources,
        letters: Letters,
        mailer: Mailer,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._outbox = outbox
        self._journal = journal
        self._sources = sources
        self._letters = letters
        self._mailer = mailer
        self._rounds = Rounds()
        self._resume_at = clock.monotonic()
        self._pause = 0.0
        listener.subscribe(CHANNEL, self._hear, lambda: None)  # what a gap swallowed, the sweep finds

    async def run(self, tenants: Tenants) -> None:
        """Deliver for ever; `tenants` names all there are."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._sweep(tenants))
            for _worker in range(WORKERS):
                group.create_task(self._work())

    async def deliver(self, tenant_id: UUID) -> int:
        """Try what is due in the tenant's outbox, at most `BATCH` items; how many were tried."""
        async with self._engine.begin(tenant_id, principal=POSTMAN) as ctx:
            items = await self._outbox.take(ctx, limit=BATCH, lease=LEASE)
        tries = await asyncio.gather(*(self._try(tenant_id, item) for item in items), return_exceptions=True)
        for failed in tries:
            if failed is not None:  # it couldn't be settled: its lease runs out
                raise failed
        return len(items)

    async def _try(self, tenant_id: UUID, item: Item) -> None:
        if item.attempts > len(BACK_OFF):  # those who held it died
            await self._settle(tenant_id, item, Receipt("refused"))
            return
        try:
            letter = await self._write(tenant_id, item)
            receipt = Receipt("taken") if letter is None else await self._mailer.send(letter)
        except Unavailable as refusal:
            self._go_slow(refusal)
            await self._put_back(tenant_id, item)
            return
        except Exception:  # noqa: BLE001 - one item's trouble must not hold up the others
            _log.exception("letter_not_written", kind=item.kind, item=format_id(MAIL, item.id))
            receipt = Receipt("deferred")
        else:
            self._pause = 0.0
        await self._settle(tenant_id, item, receipt)

    async def _write(self, tenant_id: UUID, item: Item) -> Letter | None:
        async with self._engine.begin(tenant_id, principal=POSTMAN) as ctx:
            kind = KINDS.get(item.kind)
            if kind is None or not kind.about <= set(item.about):
                # Perhaps a newer build put it in: it waits for a process of that one.
                raise Inconsistent("an outbox item that this build can't read", kind=item.kind)
            parts = await self._sources.parts(ctx, kind, item)
            return None if parts is None else self._letters.write(item.kind, parts, id=item.id, at=ctx.now)

    async def _settle(self, tenant_id: UUID, item: Item, receipt: Receipt) -> None:
        async with self._engine.begin(tenant_id, principal=POSTMAN) as ctx:
            if receipt.outcome == "taken":
                await self._outbox.done(ctx, item)
            elif receipt.outcome == "deferred" and item.attempts < len(BACK_OFF):
                await self._outbox.retry(ctx, item, BACK_OFF[item.attempts])
            elif await self._outbox.bury(ctx, item):
                await self._abandoned(ctx, item, receipt)

    async def _abandoned(self, ctx: RequestContext, item: Item, receipt: Receipt) -> None:
        details = {"kind": item.kind, "attempts": min(item.attempts, len(BACK_OFF)) + 1, "reply": receipt.reply}
        person = "" if item.subject is None else format_id(USER, item.subject)
        _log.warning("letter_abandoned", item=format_id(MAIL, item.id), **details)
        await self._journal.record(
            ctx, Event.MAIL_ABANDONED, subject=format_id(MAIL, item.id), details=details, person=person
        )

    async def _put_back(self, tenant_id: UUID, item: Item) -> None:
        """The way out is shut, which is no fault of the item: it waits as long as that takes."""
        async with self._engine.begin(tenant_id, principal=POSTMAN) as ctx:
            await self._outbox.retry(ctx, item, timedelta(seconds=self._pause), counted=False)

    def _go_slow(self, refusal: Unavailable) -> None:
        now = self._clock.monotonic()
        if now >= self._resume_at:  # those that were under way together make one pause
            self._pause = min(max(self._pause * 2, 1.0), MAX_PAUSE)
            self._resume_at = now + self._pause
            cause = type(refusal.__cause__).__name__ if refusal.__cause__ else ""
            _log.warning("mail_waits", part=refusal.part, cause=cause, seconds=self._pause)

    def _hear(self, payload: str) -> None:
        try:
            self._rounds.stir(UUID(hex=payload), self._clock.monotonic())
        except ValueError:
            _log.warning("unreadable outbox news")

    async def _sweep(self, tenants: Tenants) -> None:
        while True:
            try:
                now = self._clock.monotonic()
                for tenant_id in await tenants():
                    self._rounds.stir(tenant_id, now)
            except Exception:  # noqa: BLE001 - a sweep that fails is made up for by the next one
                _log.exception("the sweep over outboxes failed")
            await asyncio.sleep(SWEEP_EVERY)

    async def _work(self) -> None:
        while True:
            now = self._clock.monotonic()
            tenant_id = self._rounds.next(now) if now >= self._resume_at else None
            if tenant_id is None:
                await self._rounds.news(PASS_EVERY)
                continue
            again: float | None = now + AGAIN
            try:
                again = await self._visit(tenant_id)
            except Exception:  # noqa: BLE001 - one tenant's trouble must not stop the others; it is tried again
                _log.exception("mail waits", tenant_id=str(tenant_id))
            finally:
                self._rounds.back(tenant_id, again)

    async def _visit(self, tenant_id: UUID) -> float | None:
        """Deliver what is due; when to come again."""
        async with self._engine.begin(tenant_id, principal=POSTMAN) as ctx:
            due = await self._outbox.next_due(ctx)
            if due is None or not await self._sources.is_open(ctx):
                return None  # what waits of a closed tenant, a sweep finds when it is open again
        if due > ctx.now:
            return self._clock.monotonic() + (due - ctx.now).total_seconds()
        await self.deliver(tenant_id)
        return self._clock.monotonic()
