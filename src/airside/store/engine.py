"""The way to the database: `begin(tenant)` for everything, `begin_platform(reason)` for almost nothing."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Final, Self, TypeVar
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Misconfigured, Unavailable
from airside.core.ids import REQUEST, format_id, uuid7
from airside.core.principal import ANONYMOUS, Origin, Principal
from airside.core.spans import Spans
from airside.store.connection import Connection
from airside.store.context import PlatformContext, RequestContext
from airside.store.lending import Lender, Pool
from airside.store.migrate import load
from airside.store.places import Holder
from airside.store.transaction import LazyTransaction

Context = TypeVar("Context")

NOWHERE: Final = Origin("-")
PATIENCE: Final = 0.8
"""Seconds a request waits for a connection before it is told to come back (G43 allows one)."""

SERVER_OPTIONS: Final = (
    "-c statement_timeout=15000 -c idle_in_transaction_session_timeout=30000 -c lock_timeout=5000 -c timezone=UTC"
)

ROLE: Final = """
select r.rolsuper as superuser, r.rolbypassrls as bypasses,
       exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
               where n.nspname = 'airside' and c.relowner = r.oid) as owns,
       coalesce(has_schema_privilege((select n.oid from pg_namespace n where n.nspname = 'airside'), 'usage'),
                false) as migrated
from pg_roles r where r.rolname = current_user
"""

NOW: Final = "select clock_timestamp() as now"
VERSION: Final = "select coalesce(max(m.version), 0) as version from airside.migration m"


@dataclass(frozen=True, slots=True)
class _Role:
    superuser: bool
    bypasses: bool
    owns: bool
    migrated: bool


@dataclass(frozen=True, slots=True)
class _Version:
    version: int


@dataclass(frozen=True, slots=True)
class _Now:
    now: datetime


class Engine:
    """A pool of connections as the application role, handing out transactions.

    Args:
        dsn: libpq connection string of the application role.
        size: most connections held at once.
        spans: hears of each transaction.

    Attributes:
        lender: lends its connections, and counts.
    """

    def __init__(self, dsn: str, *, clock: Clock, entropy: Entropy, size: int = 20, spans: Spans | None = None) -> None:
        self._pool: Pool = AsyncConnectionPool(
            dsn,
            min_size=min(2, size),
            max_size=size,
            open=False,
            timeout=PATIENCE,
            kwargs={"autocommit": True, "options": SERVER_OPTIONS},
            connection_class=Connection,
        )
        self.lender = self._lender = Lender(self._pool, clock=clock, spans=spans)
        self._clock = clock
        self._entropy = entropy

    async def open(self) -> None:
        """Connect, and refuse a role that row-level security wouldn't hold.

        Raises:
            Unavailable: no database answers.
            Misconfigured: the role is a superuser, bypasses row-level security, or owns our tables; or the
                database isn't migrated as far as this build.
        """
        await self._pool.open()
        tx = LazyTransaction(self._lender, None, 10.0)
        try:
            await _refuse_unfit(tx)
        except BaseException:
            await tx.rollback()
            await self._lender.close()
            raise
        await tx.commit()

    async def close(self) -> None:
        await self._lender.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def begin(
        self,
        tenant_id: UUID,
        *,
        principal: Principal = ANONYMOUS,
        origin: Origin = NOWHERE,
        request_id: str = "",
        now: datetime | None = None,
        snapshot: bool = False,
        beside: bool = False,
    ) -> "Begun[RequestContext]":
        """One tenant's context. Its transaction opens at the first statement, commits on a clean exit and rolls
        back on any exception. `snapshot`: it only reads, and every statement sees the same moment. `beside`: somebody
        waits for it who may have a connection already, so it goes before what has none (`places.Places`)."""
        moment = now or self._clock.now()
        tx = LazyTransaction(self._lender, tenant_id, PATIENCE, snapshot=snapshot, beside=beside)
        name = request_id or format_id(REQUEST, uuid7(moment, self._entropy))
        return Begun(tx, RequestContext(tenant_id, tx, principal, moment, name, origin))

    def join(self, connection: Connection, tenant_id: UUID, *, principal: Principal) -> "Begun[RequestContext]":
        """A context of the transaction that is open on `connection` already, with the tenant set in it: it sees what
        was done there, and its exit commits all of it, or rolls all of it back."""
        moment = self._clock.now()
        tx = LazyTransaction(_Lent(connection), tenant_id, PATIENCE)
        name = format_id(REQUEST, uuid7(moment, self._entropy))
        return Begun(tx, RequestContext(tenant_id, tx, principal, moment, name, NOWHERE))

    def begin_platform(self, reason: str) -> "Begun[PlatformContext]":
        """Outside every tenant: sees platform tables only, for row-level security hides the rest.

        Allowed in `cli`, `wiring/jobs`, `admin/platform.py` and behind `store/lookup.py`."""
        tx = LazyTransaction(self._lender, None, PATIENCE)
        return Begun(tx, PlatformContext(tx, reason, self._clock.now()))

    async def ready(self) -> bool:
        """Whether the database answers right now."""
        tx = LazyTransaction(self._lender, None, PATIENCE)
        try:
            await tx.run("select 1")
        except Unavailable:
            return False
        finally:
            await tx.rollback()
        return True

    async def clock_offset(self) -> float:
        """Seconds that this machine's clock is ahead of the database's, as exactly as half the way there and back.

        Raises:
            Unavailable: no database answers.
        """
        tx = LazyTransaction(self._lender, None, PATIENCE)
        try:
            await tx.run("select 1")  # the connection and BEGIN aren't part of the way
            before = self._clock.now()
            found = await tx.one(_Now, NOW)
            after = self._clock.now()
        finally:
            await tx.rollback()
        assert found is not None  # noqa: S101  # one row, always
        return (before + (after - before) / 2 - found.now).total_seconds()


class Begun(AbstractAsyncContextManager[Context]):
    """A context that has begun: commits on a clean exit, rolls back on any exception. A class and not a generator,
    for it stands in front of every request."""

    __slots__ = ("_tx", "context")

    def __init__(self, tx: LazyTransaction, context: Context) -> None:
        self._tx = tx
        self.context = context

    async def __aenter__(self) -> Context:
        return self.context

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self._tx.commit()
        else:
            await self._tx.rollback()


class _Lent:
    """Lends one connection, which belongs to somebody else."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def take(self, patience: float, holder: Holder, *, beside: bool) -> Connection:  # noqa: ARG002 - it has one
        return self._connection

    async def give(self, connection: Connection) -> None:
        """It is its owner's still."""


async def _refuse_unfit(tx: LazyTransaction) -> None:
    role = await tx.one(_Role, ROLE)
    if role is None or role.superuser or role.bypasses or role.owns:
        raise Misconfigured(
            "AIRSIDE_DATABASE_URL",
            "the server's role must own nothing and be bound by row-level security: "
            "name a plain login role here, and the owner in AIRSIDE_DATABASE_OWNER_URL",
        )
    found = await tx.one(_Version, VERSION) if role.migrated else None
    wanted = load()[-1].version
    if found is None or found.version < wanted:
        has = "isn't migrated for this role" if found is None else f"is at migration {found.version} of {wanted}"
        raise Misconfigured("AIRSIDE_DATABASE_URL", f"its database {has}: run `airside migrate`")
