"""The consumer of the outbox that sends webhooks."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import ClassVar, Final
from uuid import UUID

import structlog

from airside.audit import Event, Journal, Record, recorded
from airside.audit.canonical import moment
from airside.core.clock import Clock
from airside.core.errors import Inconsistent, InvalidInput, NotFound
from airside.core.ids import EVENT, TENANT, WEBHOOK, format_id, parse_id
from airside.core.principal import Principal
from airside.core.strict_json import dumps
from airside.fetch import Fetcher, Refused
from airside.fetch import Unavailable as FarSideUnavailable
from airside.notify.consumer import Consumer
from airside.notify.model import Receipt
from airside.notify.webhooks import records, records_deliveries
from airside.notify.webhooks.endpoints import Endpoints
from airside.notify.webhooks.model import FAILING, Message
from airside.protocols.webhook import parse_secret, signed
from airside.store import Engine, Item, Listener, Outbox, RequestContext
from airside.store.outbox import Way
from airside.vault import Vault

BACK_OFF: Final = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, *([3600] * 29)))
"""How long a message waits after each failure; after the last one it is a dead letter, more than 29 hours old: whoever
was away for 24 gets it all the same, also if they fail at some of the tries after."""
BATCH: Final = 8
WORKERS: Final = 4
TIMEOUT: Final = 5.0
"""Seconds for an endpoint to have taken a message."""
MAX_ANSWER: Final = 64 * 1024
"""Bytes of an answer that nobody reads."""
HERALD: Final = Principal("job", subject="job:webhooks")
_HEADERS: Final = {"content-type": "application/json", "user-agent": "Airside-Webhooks"}
_TAKEN: Final = range(200, 300)
_GONE: Final = 410
_NOBODY: Final = Receipt("taken")
"""There is nothing to send, or nobody to send it to: no answer."""

_log = structlog.get_logger("airside.notify")


class Sending(Consumer):
    """Sends every tenant's webhooks. Whatever isn't answered by a 2xx is sent again, for a day; an address that leads
    where this server doesn't go is never reached, however often it is tried (N28)."""

    way: ClassVar[Way] = "webhook"
    back_off: ClassVar = BACK_OFF
    principal: ClassVar = HERALD
    batch: ClassVar = BATCH
    workers: ClassVar = WORKERS

    def __init__(
        self,
        *,
        engine: Engine,
        listener: Listener,
        clock: Clock,
        outbox: Outbox,
        journal: Journal,
        vault: Vault,
        endpoints: Endpoints,
        is_open: Callable[[RequestContext], Awaitable[bool]],
        fetcher: Fetcher,
    ) -> None:
        """`is_open` says whether the context's tenant is there, and not suspended. `fetcher` is nobody else's: who
        hangs there holds up no sign-in."""
        super().__init__(engine=engine, listener=listener, clock=clock, outbox=outbox)
        self._journal = journal
        self._vault = vault
        self._endpoints = endpoints
        self._is_open = is_open
        self._fetcher = fetcher

    async def is_open(self, ctx: RequestContext) -> bool:
        """As `Consumer`."""
        return await self._is_open(ctx)

    async def carry(self, tenant_id: UUID, item: Item) -> Receipt:
        """As `Consumer`. Each try is signed anew, for it has a time of its own."""
        message = await self._write(tenant_id, item)
        if message is None:
            return _NOBODY
        secrets = [parse_secret(secret.reveal()) for secret in message.secrets]
        headers = _HEADERS | signed(secrets, message.id, self._clock.now(), message.body)
        try:
            answer = await self._fetcher.post(
                message.url, content=message.body, headers=headers, max_bytes=MAX_ANSWER, timeout=TIMEOUT
            )
        except (FarSideUnavailable, Refused):
            return Receipt("deferred")
        if answer.status == _GONE:
            return Receipt("refused", answer.status)
        return Receipt("taken" if answer.status in _TAKEN else "deferred", answer.status)

    async def tried(self, ctx: RequestContext, item: Item, receipt: Receipt) -> None:
        """As `Consumer`: the message's book is kept, and the endpoint's."""
        if receipt == _NOBODY:
            return
        endpoint_id, record_id = _ids(item)
        if receipt.outcome == "taken":
            await records.taken(ctx, endpoint_id)  # the endpoint first, as whoever deletes it does
            await records_deliveries.tried(ctx, endpoint_id, record_id, "delivered", receipt.reply)
            return
        since = await records.failed(ctx, endpoint_id)
        await records_deliveries.tried(ctx, endpoint_id, record_id, "waiting", receipt.reply)
        if since is not None and (receipt.reply == _GONE or ctx.now - since >= FAILING):
            _log.warning("webhook_disabled", endpoint=format_id(WEBHOOK, endpoint_id), status=receipt.reply)
            why = "gone" if receipt.reply == _GONE else "failing"
            await self._endpoints.set_state(ctx, endpoint_id, "disabled", reason=why)

    async def abandoned(self, ctx: RequestContext, item: Item, receipt: Receipt, attempts: int) -> None:
        """As `Consumer`: it is a dead letter."""
        endpoint_id, record_id = _ids(item)
        await records_deliveries.set_state(ctx, endpoint_id, record_id, "dead", was="waiting")
        subject = format_id(WEBHOOK, endpoint_id)
        details = {"message": format_id(EVENT, record_id), "attempts": attempts, "status": receipt.reply}
        _log.warning("webhook_abandoned", endpoint=subject, **details)
        await self._journal.record(ctx, Event.WEBHOOK_ABANDONED, subject=subject, details=details)

    async def _write(self, tenant_id: UUID, item: Item) -> Message | None:
        """What is sent; None where nobody is to be told any more: the endpoint is gone, or disabled (N18), and then it
        is a dead letter; or it was taken already.

        Raises:
            Inconsistent: an item that this build can't read.
        """
        endpoint_id, record_id = _ids(item)
        async with self._engine.begin(tenant_id, principal=HERALD) as ctx:
            try:
                endpoint = await self._endpoints.get(ctx, endpoint_id)
            except NotFound:
                await records_deliveries.forget(ctx, endpoint_id)
                return None
            delivery = await records_deliveries.find(ctx, endpoint_id, record_id)
            if delivery is None or delivery.state != "waiting":
                return None
            record = await recorded(ctx, record_id)
            if endpoint.state != "active" or record is None:
                await records_deliveries.set_state(ctx, endpoint_id, record_id, "dead", was="waiting")
                return None
            secrets = await records.secrets(ctx, await self._vault.keyset(ctx), endpoint_id)
            return Message(endpoint.url, delivery.word, payload(record), secrets)


def payload(record: Record) -> bytes:
    """What is told of a record: ids, words and counts. What it keeps sealed, of a person or whence they came, isn't."""
    return dumps(
        {
            "type": record.event,
            "timestamp": moment(record.at),
            "data": {
                "tenant": format_id(TENANT, record.tenant_id),
                "actor": record.actor,
                "subject": record.subject,
                "outcome": record.outcome,
                "reason": record.reason,
                "request_id": record.request_id,
                "details": json.loads(record.details),
            },
        }
    )


def _ids(item: Item) -> tuple[UUID, UUID]:
    try:
        return parse_id(WEBHOOK, item.about["endpoint"]), parse_id(EVENT, item.about["event"])
    except (KeyError, InvalidInput):
        raise Inconsistent("an outbox item that this build can't read", kind=item.kind) from None
