"""The consumer of the outbox that pushes security events (RFC 8935)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import ClassVar, Final
from uuid import UUID

import structlog

from airside.audit import Event, Journal
from airside.core.clock import Clock
from airside.core.errors import Inconsistent, InvalidInput
from airside.core.ids import SIGNAL, STREAM, format_id, parse_id
from airside.core.principal import Principal
from airside.core.secret import Secret
from airside.fetch import Fetcher, Refused
from airside.fetch import Unavailable as FarSideUnavailable
from airside.notify import Consumer, Receipt
from airside.notify.webhooks.sending import BACK_OFF
from airside.oauth import records_clients
from airside.oauth.ports import IssuerOf
from airside.oauth.signals import records, records_events
from airside.oauth.signals.tokens import SecurityEventTokens
from airside.protocols.secevent import CONTENT_TYPE
from airside.store import Engine, Item, Listener, Outbox, RequestContext
from airside.store.outbox import Way
from airside.vault import Vault

BATCH: Final = 8
TIMEOUT: Final = 5.0
"""Seconds for a receiver to have taken an event."""
MAX_ANSWER: Final = 64 * 1024
MESSENGER: Final = Principal("job", subject="job:signals")
_HEADERS: Final = {"content-type": CONTENT_TYPE, "accept": "application/json", "user-agent": "Airside-Signals"}
_TAKEN: Final = 202
_REFUSED: Final = 400
"""RFC 8935 §2.3: it won't be taken, however often it comes."""
_NOBODY: Final = Receipt("taken")

_log = structlog.get_logger("airside.oauth")


@dataclass(frozen=True, slots=True)
class _Message:
    url: str
    token: Secret[str]
    authorization: Secret[str] | None = field(repr=False)


class SignalSending(Consumer):
    """Pushes every tenant's security events. Each receiver is a way of its own."""

    way: ClassVar[Way] = "signal"
    back_off: ClassVar = BACK_OFF
    principal: ClassVar = MESSENGER
    batch: ClassVar = BATCH

    def __init__(
        self,
        *,
        engine: Engine,
        listener: Listener,
        clock: Clock,
        outbox: Outbox,
        journal: Journal,
        vault: Vault,
        tokens: SecurityEventTokens,
        issuer: IssuerOf,
        is_open: Callable[[RequestContext], Awaitable[bool]],
        fetcher: Fetcher,
    ) -> None:
        """`is_open` says whether the context's tenant is there, and not suspended."""
        super().__init__(engine=engine, listener=listener, clock=clock, outbox=outbox)
        self._journal = journal
        self._vault = vault
        self._tokens = tokens
        self._issuer = issuer
        self._is_open = is_open
        self._fetcher = fetcher

    async def is_open(self, ctx: RequestContext) -> bool:
        """As `Consumer`."""
        return await self._is_open(ctx)

    async def carry(self, tenant_id: UUID, item: Item) -> Receipt:
        """As `Consumer`. 202 is the one answer that takes it (RFC 8935 §2.2); an address that leads where this server
        doesn't go is never reached (N28)."""
        message = await self._write(tenant_id, item)
        if message is None:
            return _NOBODY
        shown = {} if message.authorization is None else {"authorization": message.authorization.reveal()}
        try:
            answer = await self._fetcher.post(
                message.url,
                content=message.token.reveal().encode(),
                headers=_HEADERS | shown,
                max_bytes=MAX_ANSWER,
                timeout=TIMEOUT,
            )
        except (FarSideUnavailable, Refused):
            return Receipt("deferred")
        if answer.status == _TAKEN:
            return Receipt("taken", answer.status)
        return Receipt("refused" if answer.status == _REFUSED else "deferred", answer.status)

    async def tried(self, ctx: RequestContext, item: Item, receipt: Receipt) -> None:
        """As `Consumer`."""
        if receipt.outcome == "taken" and receipt != _NOBODY:
            stream_id, event_id = _ids(item)
            await records_events.take(ctx, stream_id, [event_id])

    async def abandoned(self, ctx: RequestContext, item: Item, receipt: Receipt, attempts: int) -> None:
        """As `Consumer`: it is a dead letter, for as long as any is kept."""
        stream_id, event_id = _ids(item)
        await records_events.set_state(ctx, stream_id, event_id, "dead")
        subject = format_id(STREAM, stream_id)
        details = {"signal": format_id(SIGNAL, event_id), "attempts": attempts, "status": receipt.reply}
        _log.warning("signal_abandoned", stream=subject, **details)
        await self._journal.record(ctx, Event.SIGNAL_ABANDONED, subject=subject, details=details)

    async def _write(self, tenant_id: UUID, item: Item) -> _Message | None:
        """What is sent; None where nobody is to be told now: the stream is gone or disabled, paused (then it is held),
        asked for by polls, or its client is gone or disabled (N18); or it was taken already.

        Raises:
            Inconsistent: an item that this build can't read.
        """
        stream_id, event_id = _ids(item)
        async with self._engine.begin(tenant_id, principal=MESSENGER) as ctx:
            stream = await records.find(ctx, stream_id)
            signal = await records_events.find(ctx, stream_id, event_id)
            if stream is None or stream.url is None or signal is None:
                return None
            client = await records_clients.find_client(ctx, stream.client_id)
            if client is None or client.state != "active" or stream.status == "disabled":
                await records_events.forget(ctx, stream_id)
                return None
            if stream.status == "paused" and await self._hold(ctx, stream_id, event_id):
                return None
            token = await self._tokens.write(ctx, client, await self._issuer(ctx), signal)
            shown = await records.authorization(ctx, await self._vault.keyset(ctx), stream_id)
            return _Message(stream.url, token, shown)

    async def _hold(self, ctx: RequestContext, stream_id: UUID, event_id: UUID) -> bool:
        """Unless it is enabled again meanwhile: whoever enables it lets go of what is held by then."""
        stream = await records.find(ctx, stream_id, lock=True)
        paused = stream is not None and stream.status == "paused"
        if paused:
            await records_events.set_state(ctx, stream_id, event_id, "held")
        return paused


def _ids(item: Item) -> tuple[UUID, UUID]:
    try:
        return parse_id(STREAM, item.about["stream"]), parse_id(SIGNAL, item.about["event"])
    except (KeyError, InvalidInput):
        raise Inconsistent("an outbox item that this build can't read", kind=item.kind) from None
