"""The operator's stream: every tenant's log to one receiver, in each log's own order, at least once.

What was sent is what the receiver confirmed; how far that is stands in the database. Any number of processes may run
one: of a tenant, one at a time has the turn, by a lease, so that no connection and no lock of the database is held
while the receiver is spoken to. A receiver that is away costs nobody anything: the log itself is what waits.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from airside.audit import AuditLog, Found, Placed, write_cef
from airside.audit.kinds import HIGH, LOW, severity
from airside.core.clock import Clock
from airside.core.ids import TENANT, format_id
from airside.core.principal import Principal
from airside.notify.consumer import AGAIN, PASS_EVERY
from airside.notify.model import WayShut
from airside.notify.pause import Pause
from airside.notify.rounds import Rounds
from airside.notify.syslog import records
from airside.notify.syslog.receiver import SyslogReceiver
from airside.notify.syslog.records import Turn
from airside.protocols.syslog import INFORMATIONAL, NOTICE, WARNING, SyslogMessage, sequence_id, write
from airside.store import Engine, RequestContext, rounds
from airside.vault import KEYLESS

BATCH: Final = 500
"""Records of one connection: what a process holds of a log at a time."""
WORKERS: Final = 2
LEASE: Final = timedelta(minutes=2)
"""For how long a turn is its holder's: longer than a batch may take."""
SETTLING: Final = 0.2
"""Seconds for more to come: one connection for what happens together."""
APP: Final = "airside"
ID: Final = "audit"
STREAM: Final = Principal("job", subject="job:syslog")
_SEVERITY: Final = {HIGH: WARNING, LOW: NOTICE}

_log = structlog.get_logger("airside.notify")


class SyslogStream:
    """Sends what the sequencer has put in order."""

    def __init__(
        self,
        *,
        engine: Engine,
        clock: Clock,
        log: AuditLog,
        receiver: SyslogReceiver,
        host: str,
        personal: bool,
    ) -> None:
        """`host` is what this installation is called. `personal`: what records keep sealed is told too, where it can
        be opened."""
        self._engine = engine
        self._clock = clock
        self._log = log
        self._receiver = receiver
        self._host = host
        self._personal = personal
        self._rounds = Rounds()
        self._pause = Pause(clock)

    def stir(self, tenant_id: UUID) -> None:
        """The tenant's log has become longer."""
        self._rounds.stir(tenant_id, self._clock.monotonic() + SETTLING)

    async def run(self, tenants: Callable[[], Awaitable[Iterable[UUID]]]) -> None:
        """Send for ever: what this process put in order at once, and by rounds over all that `tenants` names what
        others have, or couldn't send."""
        async with asyncio.TaskGroup() as group:
            group.create_task(rounds(tenants, self._clock, self._look))
            for _worker in range(WORKERS):
                group.create_task(self._work())

    async def turn(self, tenant_id: UUID) -> float | None:
        """Send a batch of the tenant's log; in how many seconds to come again, None where there is nothing more.

        Raises:
            WayShut: the receiver didn't confirm it. It is sent again, perhaps a second time.
        """
        async with self._engine.begin(tenant_id, principal=STREAM) as ctx:
            if not await records.behind(ctx):
                return None
            turn = await records.claim(ctx, ctx.now + LEASE)
            if turn is None:
                return AGAIN
            placed = await self._placed(ctx, turn.sent_to)
        reached = turn.sent_to
        try:
            if placed:
                await self._receiver.send(self._written(placed))
                reached = placed[-1].seq + 1
        finally:
            # Also where it failed: whoever has it confirmed may try again at once.
            await self._settle(tenant_id, turn, reached)
        return 0.0 if len(placed) == BATCH else None

    async def _placed(self, ctx: RequestContext, start: int) -> Sequence[Placed]:
        if self._personal:
            try:
                return await self._log.after(ctx, start, BATCH, opening=True)
            except KEYLESS:
                _log.warning("syslog_without_personal", tenant_id=str(ctx.tenant_id))
        return await self._log.after(ctx, start, BATCH, opening=False)

    async def _settle(self, tenant_id: UUID, turn: Turn, reached: int) -> None:
        async with self._engine.begin(tenant_id, principal=STREAM) as ctx:
            await records.settle(ctx, turn, reached)

    def _written(self, placed: Iterable[Placed]) -> list[bytes]:
        return [write(self._message(each.seq, each.found)) for each in placed if each.found is not None]

    def _message(self, seq: int, found: Found) -> SyslogMessage:
        """One tenant's log is one originator, whose messages are counted: a receiver sees what it lacks (RFC 5424
        §7.3.1). What a leaf stood for and is gone, it lacks too: the number says so."""
        record = found.record
        return SyslogMessage(
            severity=_SEVERITY.get(severity(record.event, record.outcome), INFORMATIONAL),
            at=record.at,
            host=self._host,
            app=APP,
            process=format_id(TENANT, record.tenant_id),
            id=ID,
            data={"meta": {"sequenceId": sequence_id(seq)}},
            text=write_cef(found).decode().removesuffix("\n"),
        )

    async def _look(self, tenant_id: UUID) -> None:
        async with self._engine.begin(tenant_id, principal=STREAM) as ctx:
            if await records.behind(ctx):
                self._rounds.stir(tenant_id, self._clock.monotonic())

    async def _work(self) -> None:
        while True:
            now = self._clock.monotonic()
            tenant_id = self._rounds.next(now) if self._pause.over(now) else None
            if tenant_id is None:
                await self._rounds.news(PASS_EVERY)
                continue
            again: float | None = now + AGAIN
            try:
                rest = await self.turn(tenant_id)
                again = None if rest is None else self._clock.monotonic() + rest
                self._pause.end()
            except WayShut as refusal:
                self._go_slow(refusal)
            except Exception:  # noqa: BLE001 - one tenant's trouble must not stop the others; it is tried again
                _log.exception("syslog_waits", tenant_id=str(tenant_id))
            finally:
                self._rounds.back(tenant_id, again)

    def _go_slow(self, refusal: WayShut) -> None:
        if self._pause.begin():
            _log.warning("syslog_receiver_away", cause=refusal.cause, seconds=self._pause.seconds)
