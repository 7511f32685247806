"""Caps: of many who add at once beside a nearly full tenant, exactly as many get in as there is room for."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from airside.apikeys import KeyDraft, Owner
from airside.apikeys.model import MAX_ACCOUNTS, MAX_KEYS
from airside.audit.incident_model import MAX_ENTRIES
from airside.core.errors import Conflict
from airside.core.secret import Secret
from airside.notify.webhooks import EndpointDraft
from airside.notify.webhooks.model import MAX_ENDPOINTS
from airside.oauth.records_scopes import Scope
from airside.oauth.registration_tokens import MAX_TOKENS
from airside.oauth.scopes import MAX_SCOPES_OF_TENANT
from airside.oauth.signals import StreamDraft
from airside.oauth.signals.model import MAX_STREAMS
from airside.secrets.model import MAX_KEYS as MAX_NAMED_KEYS
from airside.secrets.stored import MAX_SECRETS
from airside.store import RequestContext
from airside.tenancy.model import MAX_OPEN_INVITATIONS
from airside.tenancy.model_lockdown import MAX_BANS
from tests.makers import Database
from tests.running import Place

ROOM = 2
AT_ONCE = 20
DAY = timedelta(days=1)
CLIENT, OWNER = UUID(int=1), Owner("service_account", UUID(int=2))

Add = Callable[[RequestContext, str], Awaitable[object]]


@dataclass(frozen=True)
class Cap:
    """So many rows of `table` may be there; `fresh` are the columns in which no two are alike."""

    table: str
    most: int
    fresh: tuple[str, ...]


CAPS = {
    "ban": Cap("network_ban", MAX_BANS, ("ban_id",)),
    "endpoint": Cap("webhook_endpoint", MAX_ENDPOINTS, ("endpoint_id",)),
    "invitation": Cap("invitation", MAX_OPEN_INVITATIONS, ("invitation_id", "email_index")),
    "key": Cap("api_key", MAX_KEYS, ("key_id", "lookup_id")),
    "line": Cap("incident_entry", MAX_ENTRIES - 1, ("entry_id",)),  # one is left, to close it with
    "named_key": Cap("app_key", MAX_NAMED_KEYS, ("key_id", "name")),
    "registration_token": Cap("registration_token", MAX_TOKENS, ("token_id", "token_hash")),
    "scope": Cap("oauth_scope", MAX_SCOPES_OF_TENANT, ("name",)),
    "secret": Cap("app_secret", MAX_SECRETS, ("secret_id", "path")),
    "service_account": Cap("service_account", MAX_ACCOUNTS, ("account_id",)),
    "stream": Cap("signal_stream", MAX_STREAMS, ("stream_id",)),
}


async def adding(place: Place) -> dict[str, Add]:
    """What adds one of each, that is called so."""
    services = place.server.services
    async with place.operator() as ctx:
        incident = await services.incident_admin.open(ctx, "Guessing", "high")
    key = KeyDraft("x", OWNER, DAY, scopes=frozenset({"users:read"}))
    found: dict[str, Add] = {
        "ban": lambda ctx, _: services.lockdowns.ban(ctx, "192.0.2.0/24", DAY),
        "endpoint": lambda ctx, _: services.webhooks.create(ctx, EndpointDraft("https://hooks.example.com/a", ["*"])),
        "invitation": lambda ctx, name: services.invitations.create(ctx, f"{name}@example.com", "", ["member"], "Ada"),
        "key": lambda ctx, _: services.api_keys.create(ctx, key),
        "line": lambda ctx, name: services.incident_admin.note(ctx, incident.incident_id, name),
        "named_key": lambda ctx, name: services.app_keys.create(ctx, name, "seal"),
        "registration_token": lambda ctx, name: services.registration_tokens.create(ctx, name, uses=1, lifetime=DAY),
        "scope": lambda ctx, name: services.scopes.put(ctx, Scope(name, {"en": "Something"}, offered=False)),
        "secret": lambda ctx, name: services.secret_store.put(ctx, name, Secret("x")),
        "service_account": lambda ctx, name: services.service_accounts.create(ctx, name),
        "stream": lambda ctx, _: services.signal_streams.create(ctx, CLIENT, StreamDraft("poll")),
    }
    assert found.keys() == CAPS.keys()
    return found


async def copied(dsn: str, tenant_id: UUID, cap: Cap, times: int) -> None:
    """Rows like the one that is there: made one by one by the verb, they would take seconds."""
    fresh = sql.SQL(", ").join(sql.SQL("{}, md5(n::text)::uuid").format(name) for name in cap.fresh)
    copy = sql.SQL(
        "insert into airside.{table} select made.* from airside.{table} as one, generate_series(1, {times}) as n,"
        " lateral jsonb_populate_record(one, jsonb_build_object({fresh})) as made where one.tenant_id = {tenant_id}"
    )
    table = sql.Identifier(cap.table)
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        await connection.execute(copy.format(table=table, times=times, fresh=fresh, tenant_id=tenant_id))


async def count(dsn: str, tenant_id: UUID, cap: Cap) -> int:
    query = sql.SQL("select count(*) from airside.{} where tenant_id = {}")
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        found = await (await connection.execute(query.format(sql.Identifier(cap.table), tenant_id))).fetchone()
    assert found is not None
    return int(found[0])


@pytest.mark.parametrize("name", CAPS)
async def test_many_who_add_at_once_fill_the_tenant_and_no_more(place: Place, database: Database, name: str) -> None:
    cap, add = CAPS[name], (await adding(place))[name]
    if not await count(database.superuser, place.tenant_id, cap):
        async with place.operator() as ctx:
            await add(ctx, "first")
    await copied(database.superuser, place.tenant_id, cap, cap.most - ROOM - 1)
    gate = asyncio.Semaphore(10)  # as many as there are connections for

    async def try_once(number: int) -> bool:
        async with gate:
            try:
                async with place.operator() as ctx:
                    await add(ctx, f"more-{number}")
            except Conflict:
                return False
        return True

    assert sum(await asyncio.gather(*(try_once(number) for number in range(AT_ONCE)))) == ROOM
    assert await count(database.superuser, place.tenant_id, cap) == cap.most
