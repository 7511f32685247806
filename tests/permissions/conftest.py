"""One node of the permissions room on the session's database, and a way to make more of them."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import UUID

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from airside.api.cursors import Cursors
from airside.api.routes.stores import routes
from airside.audit import Journal
from airside.audit.alerts import Tallies
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Forbidden, LimitExceeded, Unauthenticated, Unavailable
from airside.permissions import Permissions
from airside.permissions.indexes import MEMORY, Indexes
from airside.permissions.language import parse, to_json
from airside.store import Engine, Listener, RequestContext
from airside.vault import Vault

OpenContext = Callable[..., AbstractAsyncContextManager[RequestContext]]
ANNE = {"user": "user:anne", "relation": "viewer", "object": "doc:1"}
MakeNode = Callable[..., AbstractAsyncContextManager[Permissions]]

DRIVE = """
model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type folder
  relations
    define owner: [user]
    define parent: [folder]
    define viewer: [user, user:*, group#member] or owner or viewer from parent
type doc
  relations
    define blocked: [user, group#member]
    define owner: [user]
    define parent: [folder]
    define viewer: [user, group#member] or owner or viewer from parent
    define can_read: viewer but not blocked
"""


@pytest.fixture(scope="session")
def journal(vault: Vault, entropy: Entropy) -> Journal:
    return Journal(vault=vault, entropy=entropy)


@pytest.fixture(scope="session")
def make_node(
    engine: Engine, make_listener: Callable[[], Listener], clock: Clock, entropy: Entropy, journal: Journal
) -> MakeNode:
    """Another process's permissions: an index and a listener of its own."""

    @asynccontextmanager
    async def node(memory: int = MEMORY) -> AsyncGenerator[Permissions]:
        listener = make_listener()
        permissions = Permissions(
            engine=engine, listener=listener, clock=clock, entropy=entropy, journal=journal, memory=memory
        )
        await listener.start()
        try:
            yield permissions
        finally:
            await listener.stop()

    return node


@pytest.fixture(scope="session")
async def permissions(make_node: MakeNode) -> AsyncGenerator[Permissions]:
    async with make_node() as node:
        yield node


@pytest.fixture(scope="session")
def indexes(permissions: Permissions) -> Indexes:
    """The indexes of `permissions`, for engines that tests build before them."""
    return permissions.indexes


@pytest.fixture
async def store_id(permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID) -> str:
    """A store with the drive model and no tuples."""
    async with open_ctx(tenant_id) as ctx:
        store = await permissions.stores.create(ctx, "drive")
        await permissions.models.write(ctx, store.id, DRIVE)
    return store.id


@pytest.fixture
async def client(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, vault: Vault, entropy: Entropy
) -> AsyncGenerator[httpx2.AsyncClient]:
    """The header `authorization` says what becomes of the request; without one, nobody is asking."""
    refusals = {
        "": Unauthenticated("nobody"),
        "forbidden": Forbidden("no"),
        "limited": LimitExceeded("a limit", 12.0),
        "away": Unavailable("database"),
    }

    @asynccontextmanager
    async def context(request: Request, need: str) -> AsyncGenerator[RequestContext]:
        assert need in ("permissions:check", "permissions:read", "permissions:write")
        refusal = refusals.get(request.headers.get("authorization", ""))
        if refusal is not None:
            raise refusal
        async with open_ctx(tenant_id) as ctx:
            yield ctx

    tallies = Tallies(vault=vault, entropy=entropy)
    found = routes(permissions=permissions, context=context, cursors=Cursors(vault=vault), checked=tallies.checked)
    app = Starlette(routes=found)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(
        transport=transport, base_url="https://test", headers={"authorization": "yes"}
    ) as opened:
        yield opened


@pytest.fixture
async def path(client: httpx2.AsyncClient) -> str:
    """The path of a store with the drive model."""
    made = await client.post("/stores", json={"name": "drive"})
    assert made.status_code == 201
    path = f"/stores/{made.json()['id']}"
    written = await client.post(f"{path}/authorization-models", json=to_json(parse(DRIVE)))
    assert written.status_code == 201
    return path


async def write(client: httpx2.AsyncClient, path: str, *keys: dict[str, str]) -> httpx2.Response:
    return await client.post(f"{path}/write", json={"writes": {"tuple_keys": list(keys)}})
