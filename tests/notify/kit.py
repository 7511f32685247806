"""Delivery over real parts: PostgreSQL, a clock that is moved, and whatever mailer a test hands in."""

import hmac
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from airside.audit import Journal
from airside.core.clock import FixedClock
from airside.core.entropy import Entropy
from airside.core.errors import NotFound, Unavailable
from airside.core.ids import LINK, SESSION, format_id, parse_id, uuid7
from airside.core.secret import Secret
from airside.identity import User, Users, records_waiting
from airside.notify import Delivery, Letterhead, Letters, MailedLink, Mailer, Occasion, RoomSources
from airside.store import Engine, Listener, Outbox, RequestContext
from airside.vault import Vault
from tests.makers import Database

NOW: Final = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
WAITING: Final = (
    "select kind, attempts, dead_at is not null as dead from airside.outbox where tenant_id = %s order by kind"
)
STRANGER: Final = "stranger@example.org"


class Rooms:
    """Implements the ports of `RoomSources`: links, codes and sessions that exist by being asked for, their secrets
    derived from their ids, until they are `over`."""

    def __init__(self) -> None:
        self.over: set[str] = set()
        self.broken: set[str] = set()
        self.away: set[str] = set()
        self.tenant = "Acme Instruments"
        self.open = True

    def secret(self, id: UUID) -> str:
        """What is never stored."""
        return hmac.digest(b"a key of the tenant", id.bytes, "sha256").hex()

    async def is_open(self, ctx: RequestContext) -> bool:
        return self.open

    async def letterhead(self, ctx: RequestContext) -> Letterhead:
        return Letterhead(self.tenant, "en", "/t/acme/signin", "/t/acme/account")

    async def link(self, ctx: RequestContext, kind: str, about: Mapping[str, str]) -> MailedLink:
        word = about.get("link") or about["connection"]
        if word in self.over:
            raise NotFound
        if word in self.broken:
            raise RuntimeError("a fault of ours")
        if word in self.away:
            raise Unavailable("key service")
        path = Secret(f"/t/acme/{kind}/{self.secret(parse_id(word.partition('_')[0], word))}")
        return MailedLink(path, STRANGER if kind in ("signup", "invitation") else None)

    async def code(self, ctx: RequestContext, code_id: UUID) -> Secret[str]:
        return Secret(self.secret(code_id)[:8])

    async def occasion(self, ctx: RequestContext, session_id: UUID) -> Occasion:
        if format_id(SESSION, session_id) in self.over:
            raise NotFound
        return Occasion(NOW, "Firefox on Linux", "192.0.2.10")


@dataclass(frozen=True)
class Waiting:
    """A row of the outbox."""

    kind: str
    attempts: int
    dead: bool


@dataclass(frozen=True)
class Office:
    """One node that delivers, and one tenant it delivers for."""

    engine: Engine
    clock: FixedClock
    outbox: Outbox
    users: Users
    rooms: Rooms
    delivery: Delivery
    tenant_id: UUID
    entropy: Entropy

    async def user(self, email: str = "ada@example.com") -> User:
        async with self.engine.begin(self.tenant_id) as ctx:
            return await self.users.create(ctx, email, "Ada")

    async def leave(self, user: User, due_at: datetime) -> None:
        """They are disabled, and to be erased then."""
        async with self.engine.begin(self.tenant_id) as ctx:
            await self.users.set_state(ctx, user.id, "disabled")
            assert await records_waiting.insert(ctx, user.id, due_at, "somebody", "active")

    def link(self) -> str:
        """An id of a link."""
        return format_id(LINK, uuid7(self.clock.now(), self.entropy))

    async def put(self, kind: str, subject: UUID | None = None, **about: str) -> UUID:
        async with self.engine.begin(self.tenant_id) as ctx:
            return await self.outbox.put(ctx, kind, subject=subject, about=about)

    async def invite(self) -> str:
        """One letter to a stranger; the id of its link."""
        link = self.link()
        await self.put("invitation", link=link)
        return link

    async def deliver(self) -> int:
        """Try whatever is due now."""
        count = 0
        while tried := await self.delivery.deliver(self.tenant_id):
            count += tried
        return count

    async def waiting(self) -> list[Waiting]:
        async with self.engine.begin(self.tenant_id) as ctx:
            return await ctx.tx.all(Waiting, WAITING, (self.tenant_id,))


@asynccontextmanager
async def office(
    database: Database, vault: Vault, entropy: Entropy, tenant_id: UUID, mailer: Mailer, *, size: int = 10
) -> AsyncGenerator[Office]:
    """A node of its own."""
    clock, rooms = FixedClock(NOW), Rooms()
    journal = Journal(vault=vault, entropy=entropy)
    users, outbox = Users(vault=vault, entropy=entropy, journal=journal), Outbox(entropy=entropy)
    async with Engine(database.app, clock=clock, entropy=entropy, size=size) as engine:
        delivery = Delivery(
            engine=engine,
            listener=Listener(database.app, clock=clock),
            clock=clock,
            outbox=outbox,
            journal=journal,
            sources=RoomSources(users=users, letterheads=rooms, links=rooms, codes=rooms, occasions=rooms),
            letters=Letters(public_url="https://id.example.com"),
            mailer=mailer,
        )
        yield Office(engine, clock, outbox, users, rooms, delivery, tenant_id, entropy)
