"""Nodes of their own on one database: each with its engine, its listener, its clock, and wires that can be cut."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from airside.audit import Journal
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.permissions import Permissions, Question, TupleKey, Verdict
from airside.permissions.model import AtLeast
from airside.store import Engine, Listener
from airside.vault import Vault

PORT = 5432


@dataclass(frozen=True)
class Skewed:
    """A clock that goes right and shows another time."""

    true: Clock
    ahead: timedelta

    def now(self) -> datetime:
        return self.true.now() + self.ahead

    def monotonic(self) -> float:
        return self.true.monotonic()


@dataclass(frozen=True)
class Node:
    """One process' worth of the permissions room."""

    engine: Engine
    listener: Listener
    permissions: Permissions

    async def write(
        self, tenant_id: UUID, store_id: str, *, writes: tuple[TupleKey, ...] = (), deletes: tuple[TupleKey, ...] = ()
    ) -> int:
        """The revision: what an answer that has seen it must be at least of."""
        async with self.engine.begin(tenant_id) as ctx:
            return await self.permissions.tuples.write(ctx, store_id, writes=writes, deletes=deletes)

    async def check(self, tenant_id: UUID, store_id: str, key: TupleKey, at_least: AtLeast = None) -> Verdict:
        """As a request asks, in a context of its own."""
        question = Question(store_id, key.user, key.relation, key.object, at_least=at_least)
        async with self.engine.begin(tenant_id) as ctx:
            return await self.permissions.engine.check(ctx, question)

    async def store(self, tenant_id: UUID, model: str) -> str:
        """A store with a model and no tuples."""
        async with self.engine.begin(tenant_id) as ctx:
            store = await self.permissions.stores.create(ctx, "gauntlet")
            await self.permissions.models.write(ctx, store.id, model)
        return store.id


@asynccontextmanager
async def node(
    dsn: str, *, clock: Clock, entropy: Entropy, vault: Vault, listener_dsn: str = ""
) -> AsyncGenerator[Node]:
    """A node whose listener may come another way than its statements."""
    journal = Journal(vault=vault, entropy=entropy)
    listener = Listener(listener_dsn or dsn, clock=clock)
    async with Engine(dsn, clock=clock, entropy=entropy) as engine:
        permissions = Permissions(engine=engine, listener=listener, clock=clock, entropy=entropy, journal=journal)
        await listener.start()
        try:
            yield Node(engine, listener, permissions)
        finally:
            await listener.stop()


@dataclass
class Wire:
    """A way to the database through a socket of our own.

    Attributes:
        dsn: the same database, this way.
    """

    dsn: str
    _to: tuple[str, int]
    _open: set[asyncio.StreamWriter] = field(default_factory=set[asyncio.StreamWriter])
    _passing: asyncio.Event = field(default_factory=asyncio.Event)
    _cut: bool = False

    def cut(self) -> None:
        """The database is away: connections break, new ones are refused."""
        self._cut = True
        for writer in list(self._open):
            writer.transport.abort()

    def hush(self) -> None:
        """Nothing comes through any more, and nobody is told."""
        self._passing.clear()

    def mend(self) -> None:
        self._cut = False
        self._passing.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._cut:
            writer.transport.abort()
            return
        host, port = self._to
        path = f"{host}/.s.PGSQL.{port}"
        far = await (
            asyncio.open_unix_connection(path) if host.startswith("/") else asyncio.open_connection(host, port)
        )
        self._open |= {writer, far[1]}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass(reader, far[1]))
                group.create_task(self._pass(far[0], writer))
        except* OSError:
            pass
        finally:
            self._open -= {writer, far[1]}
            for end in (writer, far[1]):
                end.transport.abort()

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            await self._passing.wait()
            sink.write(data)
            await sink.drain()
        raise ConnectionResetError  # either end is the end of both


@asynccontextmanager
async def wire(dsn: str, folder: Path) -> AsyncGenerator[Wire]:
    """A wire to the database at `dsn` that works until it is cut."""
    said = conninfo_to_dict(dsn)
    host, port = str(said.get("host") or "/var/run/postgresql"), int(said.get("port") or PORT)
    made = Wire(make_conninfo(dsn, host=str(folder), port=PORT), (host, port))
    made.mend()
    server = await asyncio.start_unix_server(made.serve, folder / f".s.PGSQL.{PORT}")
    try:
        yield made
    finally:
        server.close()
        made.cut()
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await server.wait_closed()
