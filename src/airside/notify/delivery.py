"""The consumer that sends letters."""

from datetime import timedelta
from typing import ClassVar, Final, Protocol
from uuid import UUID

import structlog

from airside.audit import Event, Journal
from airside.core.clock import Clock
from airside.core.errors import Inconsistent
from airside.core.ids import MAIL, USER, format_id
from airside.core.principal import Principal
from airside.notify.consumer import Consumer
from airside.notify.kinds import KINDS, Kind
from airside.notify.letters import Letters
from airside.notify.mailer import Mailer
from airside.notify.model import Letter, Parts, Receipt
from airside.store import Engine, Item, Listener, Outbox, RequestContext
from airside.store.outbox import Way

BACK_OFF: Final = tuple(
    timedelta(seconds=seconds) for seconds in (1, 10, 60, 600, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)
)
"""How long a letter waits after each failure of its own; after the last one it is given up, nearly two days old."""
POSTMAN: Final = Principal("job", subject="job:mail")

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


class Delivery(Consumer):
    """Delivers every tenant's letters. A mail server that is away shuts the way for all of them."""

    way: ClassVar[Way] = "mail"
    back_off: ClassVar = BACK_OFF
    principal: ClassVar = POSTMAN

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
        super().__init__(engine=engine, listener=listener, clock=clock, outbox=outbox)
        self._journal = journal
        self._sources = sources
        self._letters = letters
        self._mailer = mailer

    async def is_open(self, ctx: RequestContext) -> bool:
        """As `Consumer`."""
        return await self._sources.is_open(ctx)

    async def carry(self, tenant_id: UUID, item: Item) -> Receipt:
        """As `Consumer`."""
        letter = await self._write(tenant_id, item)
        return Receipt("taken") if letter is None else await self._mailer.send(letter)

    async def abandoned(self, ctx: RequestContext, item: Item, receipt: Receipt, attempts: int) -> None:
        """As `Consumer`."""
        details = {"kind": item.kind, "attempts": attempts, "reply": receipt.reply}
        person = "" if item.subject is None else format_id(USER, item.subject)
        _log.warning("letter_abandoned", item=format_id(MAIL, item.id), **details)
        await self._journal.record(
            ctx, Event.MAIL_ABANDONED, subject=format_id(MAIL, item.id), details=details, person=person
        )

    async def _write(self, tenant_id: UUID, item: Item) -> Letter | None:
        async with self._engine.begin(tenant_id, principal=POSTMAN) as ctx:
            kind = KINDS.get(item.kind)
            if kind is None or not kind.about <= set(item.about):
                # Perhaps a newer build put it in: it waits for a process of that one.
                raise Inconsistent("an outbox item that this build can't read", kind=item.kind)
            parts = await self._sources.parts(ctx, kind, item)
            return None if parts is None else self._letters.write(item.kind, parts, id=item.id, at=ctx.now)
