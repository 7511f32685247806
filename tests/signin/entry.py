"""People before they have an account, or who lost the way into it: requests of nobody known, from somewhere."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from airside.core.errors import Refusal, Unauthenticated
from airside.core.principal import Origin
from airside.core.secret import Secret
from airside.identity import User
from airside.store import RequestContext
from airside.tenancy import TenantPolicy
from airside.wiring.build import Services
from tests.running import Place

GOOD = "seven wooden lanterns at dusk"
OTHER = "nine copper kettles at dawn"


@dataclass(frozen=True)
class Mail:
    """An item of the outbox."""

    kind: str
    subject: UUID | None
    about: dict[str, str]


@dataclass(frozen=True)
class Stranger:
    """Somebody at a tenant's door. `dsn` looks into its rows as a superuser sees them."""

    place: Place
    dsn: str
    address: str = "192.0.2.77"

    @property
    def services(self) -> Services:
        return self.place.server.services

    def asking(self, address: str | None = None) -> AbstractAsyncContextManager[RequestContext]:
        """A request of theirs."""
        return self.services.engine.begin(self.place.tenant_id, origin=Origin(address or self.address, "test"))

    async def policy(self, policy: TenantPolicy) -> None:
        """What the tenant demands from here on."""
        async with self.place.operator() as ctx:
            version = (await self.services.policies.stored(ctx)).version
            await self.services.policies.change(ctx, version, policy)

    async def mails(self) -> list[Mail]:
        """What is to be mailed, oldest first."""
        found = await self.rows("select kind, subject, about from airside.outbox where tenant_id = %s order by item_id")
        return [Mail(kind, subject, about) for kind, subject, about in found]

    async def token(self, kind: str) -> Secret[str]:
        """The token in the latest mail of a kind, as whoever writes it makes it, sent already or not."""
        links = await self.rows(
            "select link_id, purpose from airside.action_link where tenant_id = %s order by link_id"
        )
        link_id: UUID = [link_id for link_id, purpose in links if purpose == kind][-1]
        async with self.asking() as ctx:
            return await self.services.links.token(ctx, link_id)

    async def events(self) -> list[str]:
        """What the journal tells, oldest first."""
        sql = "select event from airside.audit_record where tenant_id = %s order by record_id"
        return [row[0] for row in await self.rows(sql)]

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a statement about the tenant finds."""
        async with await AsyncConnection.connect(self.dsn) as connection:
            cursor = await connection.execute(sql.encode(), (self.place.tenant_id,))
            return await cursor.fetchall()

    async def can_sign_in(self, email: str, password: str) -> bool:
        """Whether this password is that of the address's user."""
        async with self.asking("198.51.100.9") as ctx:
            try:
                await self.services.passwords.prove(ctx, email, Secret(password))
            except Unauthenticated:
                return False
        return True

    async def user_of(self, email: str) -> User | None:
        """The user with this address."""
        async with self.place.operator() as ctx:
            return await self.services.users.find_by_email(ctx, email)


async def winners(tries: Callable[[], Awaitable[object]], count: int = 50) -> tuple[int, set[type[Refusal]]]:
    """How many of `count` who try at once succeed, and how the others are refused. The pool has twenty connections."""
    gate = asyncio.Semaphore(15)

    async def one() -> type[Refusal] | None:
        async with gate:
            try:
                await tries()
            except Refusal as refusal:
                return type(refusal)
            return None

    found = await asyncio.gather(*(one() for _ in range(count)))
    return found.count(None), {kind for kind in found if kind is not None}
