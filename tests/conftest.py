"""Real parts for every test: PostgreSQL with row-level security, real sockets, real keys.

The database is the embedded one, or, with `AIRSIDE_DATABASE_URL` (the application role) and
`AIRSIDE_DATABASE_OWNER_URL` (the owner), a scratch database on that server. Every test makes its own tenants.
"""

import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from uuid import UUID

import pytest
import structlog
from hypothesis import HealthCheck, settings
from psycopg import AsyncConnection, sql
from psycopg.conninfo import make_conninfo

from airside.core.clock import Clock, SystemClock
from airside.core.entropy import Entropy, SystemEntropy
from airside.core.ids import uuid7
from airside.store import Engine, Listener
from airside.store.embedded import EmbeddedPostgres
from airside.store.migrate import migrate, role_of
from airside.vault import Vault
from airside.vault.kms.local import LocalKek
from tests.makers import Database, EngineFactory, FindData, MakeDatabase, MakeTenant, OpenContext
from tests.running import Place, Running, running

if os.environ.get("CI") == "true" and not os.environ.get("AIRSIDE_TEST_DATA"):
    raise pytest.UsageError("CI needs AIRSIDE_TEST_DATA: the folder of third-party cases")

# How long an example takes is the machine's affair: speed is measured in `bench`.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

# A traceback as the server writes it, and not one drawn with every local value, which takes longer than the test.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


@pytest.fixture(scope="session")
def clock() -> Clock:
    return SystemClock()


@pytest.fixture(scope="session")
def entropy() -> Entropy:
    return SystemEntropy()


@pytest.fixture(scope="session")
def data() -> FindData:
    """The folder of third-party cases by name; without `AIRSIDE_TEST_DATA` the test is skipped and says so."""

    def find(name: str) -> Path:
        root = os.environ.get("AIRSIDE_TEST_DATA")
        if not root:
            pytest.skip(f"AIRSIDE_TEST_DATA names no folder with the third-party cases {name!r}")
        folder = Path(root) / name
        assert folder.exists(), f"AIRSIDE_TEST_DATA has no {name!r}"
        return folder

    return find


@pytest.fixture(scope="session")
async def blank_database() -> AsyncIterator[MakeDatabase]:
    """Makes empty, unmigrated scratch databases on the server under test."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(Server())

        def make() -> AbstractAsyncContextManager[Database]:
            return Scratch(server)

        yield make


@pytest.fixture
async def scratch(blank_database: MakeDatabase) -> AsyncIterator[Database]:
    """A migrated database in which everything is this test's."""
    async with blank_database() as made:
        await migrate(made.owner, role_of(made.app))
        yield made


@pytest.fixture(scope="session")
async def database(blank_database: MakeDatabase) -> AsyncIterator[Database]:
    """One migrated database for the whole session."""
    async with blank_database() as scratch:
        await migrate(scratch.owner, role_of(scratch.app))
        yield scratch


@pytest.fixture(scope="session")
def superuser_dsn(database: Database) -> str:
    return database.superuser


@pytest.fixture(scope="session")
def engine_factory(database: Database, clock: Clock, entropy: Entropy) -> EngineFactory:
    """Another node: an engine of its own on the same database."""
    return lambda: Engine(database.app, clock=clock, entropy=entropy)


@pytest.fixture(scope="session")
async def engine(engine_factory: EngineFactory) -> AsyncIterator[Engine]:
    async with engine_factory() as opened:
        yield opened


@pytest.fixture(scope="session")
def make_listener(database: Database, clock: Clock) -> Callable[[], Listener]:
    """A listener of its own, not started: subscribe first."""
    return lambda: Listener(database.app, clock=clock)


@pytest.fixture(scope="session")
async def kek(tmp_path_factory: pytest.TempPathFactory, entropy: Entropy) -> LocalKek:
    return LocalKek.create(tmp_path_factory.mktemp("kek") / "kek.json", development=True, entropy=entropy)


@pytest.fixture(scope="session")
def vault(kek: LocalKek, clock: Clock, entropy: Entropy) -> Vault:
    return Vault(kek=kek, entropy=entropy, clock=clock)


@pytest.fixture(scope="session")
def open_ctx(engine: Engine) -> OpenContext:
    return engine.begin


@pytest.fixture
def make_tenant(engine: Engine, vault: Vault, clock: Clock, entropy: Entropy) -> MakeTenant:
    """Makes tenants: an address and a data key each."""

    async def make() -> UUID:
        tenant_id = uuid7(clock.now(), entropy)
        async with engine.begin_platform("test tenant") as platform:
            await platform.tx.run(
                "insert into airside.tenant_address (slug, tenant_id) values (%s, %s)",
                (f"t-{tenant_id.hex[-20:]}", tenant_id),
            )
        async with engine.begin(tenant_id) as ctx:
            await vault.create(ctx)
        return tenant_id

    return make


@pytest.fixture
async def tenant_id(make_tenant: MakeTenant) -> UUID:
    return await make_tenant()


@pytest.fixture(scope="session")
async def server(
    database: Database, tmp_path_factory: pytest.TempPathFactory, kek: LocalKek, clock: Clock, entropy: Entropy
) -> AsyncIterator[Running]:
    """The real application over real TLS."""
    folder = tmp_path_factory.mktemp("certificates")
    async with running(database.app, folder, kek=kek, clock=clock, entropy=entropy) as started:
        yield started


@pytest.fixture
async def place(server: Running) -> Place:
    """A tenant of its own on the real server."""
    return await server.tenant()


class Server:
    """The PostgreSQL under test: named by the environment, or embedded in a folder that goes away."""

    _embedded: EmbeddedPostgres | None = None

    async def __aenter__(self) -> Database:
        app, owner = os.environ.get("AIRSIDE_DATABASE_URL"), os.environ.get("AIRSIDE_DATABASE_OWNER_URL")
        if app:
            if not owner:
                raise pytest.UsageError("AIRSIDE_DATABASE_URL needs AIRSIDE_DATABASE_OWNER_URL beside it")
            return Database(app, owner, os.environ.get("AIRSIDE_TEST_SUPERUSER_URL", owner))
        self._folder = _reachable_folder()
        # Many nodes share this one server: each has a pool of its own. It goes away with the machine; what has to
        # outlive a crash is tried on servers of its own.
        settings = {"max_connections": "400", "fsync": "off"}
        self._embedded = EmbeddedPostgres(Path(self._folder.name), settings=settings)
        await self._embedded.start()
        dsn = self._embedded.dsn
        return Database(dsn("airside_app"), dsn("airside_owner"), dsn("postgres"))

    async def __aexit__(self, *_: object) -> None:
        if self._embedded is not None:
            await self._embedded.stop()
            self._folder.cleanup()


class Scratch:
    """A database of its own on a server, dropped afterwards."""

    def __init__(self, server: Database) -> None:
        self._server = server
        self._name = f"airside_test_{secrets.token_hex(6)}"

    async def __aenter__(self) -> Database:
        owner = role_of(self._server.owner)
        async with await AsyncConnection.connect(self._server.superuser, autocommit=True) as connection:
            await connection.execute(
                sql.SQL("create database {} owner {}").format(sql.Identifier(self._name), sql.Identifier(owner))
            )
        name = self._name
        return Database(*(make_conninfo(dsn, dbname=name) for dsn in self._dsns()))

    def _dsns(self) -> tuple[str, str, str]:
        return self._server.app, self._server.owner, self._server.superuser

    async def __aexit__(self, *_: object) -> None:
        async with await AsyncConnection.connect(self._server.superuser, autocommit=True) as connection:
            await connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(self._name)))


def _reachable_folder() -> tempfile.TemporaryDirectory[str]:
    """As root the database runs as another user, who has to reach its folder."""
    folder = tempfile.TemporaryDirectory(prefix="airside-test-", ignore_cleanup_errors=True)
    Path(folder.name).chmod(0o711)
    return folder
