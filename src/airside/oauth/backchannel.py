"""The consumer of the outbox that sends logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.5)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Final
from urllib.parse import urlencode
from uuid import UUID

import structlog

from airside.access import Issuers
from airside.audit import Event, Journal
from airside.core.clock import Clock
from airside.core.errors import Inconsistent, InvalidInput, NotFound
from airside.core.ids import CLIENT, MAIL, SESSION, USER, format_id, parse_id
from airside.core.principal import Principal
from airside.core.secret import Secret
from airside.fetch import Fetcher, Refused
from airside.fetch import Unavailable as FarSideUnavailable
from airside.notify import Consumer, Receipt
from airside.oauth import records_clients
from airside.oauth.logout_tokens import LogoutTokens
from airside.oauth.participants import KIND
from airside.store import Engine, Item, Listener, Lookup, Outbox, RequestContext
from airside.store.outbox import Way
from airside.tenancy import Tenants

BACK_OFF: Final = tuple(timedelta(seconds=seconds) for seconds in (1, 5, 30, 120, 600, 3600, 3 * 3600, 12 * 3600))
"""How long a logout token waits after each failure; after the last one it is given up, most of a day old."""
BATCH: Final = 8
"""Clients of one tenant told at once: more than a few that hang may keep waiting."""
TIMEOUT: Final = 5.0
"""Seconds for one client to have heard."""
MAX_ANSWER: Final = 64 * 1024
"""Bytes of an answer that nobody reads."""
MESSENGER: Final = Principal("job", subject="job:logout")
_HEADERS: Final = {"content-type": "application/x-www-form-urlencoded"}
_HEARD: Final = frozenset({200, 204})

_log = structlog.get_logger("airside.oauth")


@dataclass(frozen=True, slots=True)
class _Message:
    uri: str
    token: Secret[str]


class BackChannel(Consumer):
    """Tells clients that sessions are over. Each client is a way of its own: one that is away holds up no other."""

    way: ClassVar[Way] = "logout"
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
        lookup: Lookup,
        issuers: Issuers,
        tenants: Tenants,
        tokens: LogoutTokens,
        fetcher: Fetcher,
    ) -> None:
        super().__init__(engine=engine, listener=listener, clock=clock, outbox=outbox)
        self._journal = journal
        self._lookup = lookup
        self._issuers = issuers
        self._tenants = tenants
        self._tokens = tokens
        self._fetcher = fetcher

    async def is_open(self, ctx: RequestContext) -> bool:
        """As `Consumer`."""
        try:
            return (await self._tenants.current(ctx)).state == "active"
        except NotFound:
            return False

    async def carry(self, tenant_id: UUID, item: Item) -> Receipt:
        """As `Consumer`. A client that answers with anything but 200 or 204 hasn't heard it, and is told again; one
        that leads where this server doesn't go never is (N28)."""
        message = await self._write(tenant_id, item)
        if message is None:
            return Receipt("taken")
        content = urlencode({"logout_token": message.token.reveal()}).encode()
        try:
            answer = await self._fetcher.post(
                message.uri, content=content, headers=_HEADERS, max_bytes=MAX_ANSWER, timeout=TIMEOUT
            )
        except FarSideUnavailable:
            return Receipt("deferred")
        except Refused:
            return Receipt("refused")
        return Receipt("taken" if answer.status in _HEARD else "deferred", answer.status)

    async def abandoned(self, ctx: RequestContext, item: Item, receipt: Receipt, attempts: int) -> None:
        """As `Consumer`."""
        details = {"attempts": attempts, "status": receipt.reply, "session": item.about.get("session", "")}
        person = "" if item.subject is None else format_id(USER, item.subject)
        _log.warning("logout_abandoned", item=format_id(MAIL, item.id), **details)
        await self._journal.record(
            ctx, Event.LOGOUT_ABANDONED, subject=item.about.get("client", ""), details=details, person=person
        )

    async def _write(self, tenant_id: UUID, item: Item) -> _Message | None:
        """What is sent; None where nobody is to be told any more: the client is gone, disabled (N18), or has taken its
        address away.

        Raises:
            Inconsistent: an item that this build can't read.
        """
        async with self._engine.begin(tenant_id, principal=MESSENGER) as ctx:
            try:
                client_id, session_id = (parse_id(kind, item.about[name]) for kind, name in _ABOUT)
            except (KeyError, InvalidInput):
                raise Inconsistent("an outbox item that this build can't read", kind=item.kind) from None
            if item.kind != KIND or item.subject is None:
                raise Inconsistent("an outbox item that this build can't read", kind=item.kind)
            client = await records_clients.find_client(ctx, client_id)
            address = await self._lookup.by_tenant(tenant_id)
            if client is None or client.state != "active" or address is None:
                return None
            uri = client.settings.backchannel_logout_uri
            if uri is None:
                return None
            issuer = self._issuers.of(address)
            token = await self._tokens.write(ctx, client, issuer=issuer, user_id=item.subject, session_id=session_id)
            return _Message(uri, token)


_ABOUT: Final = ((CLIENT, "client"), (SESSION, "session"))
