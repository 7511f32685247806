"""Rows of clients."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

import msgspec

from airside.core.errors import Inconsistent
from airside.oauth.model import Client, ClientOrigin, ClientSecret, known_grants
from airside.oauth.settings import ClientSettings
from airside.store import RequestContext

CLIENT_INSERT: Final = """
insert into airside.oauth_client (tenant_id, client_id, name, public, redirect_uris, grants, scopes, audiences,
    secret_hashes, secrets_created_at, secrets_expire_at, state, created_at, settings, origin, document_url,
    document_until)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
on conflict (tenant_id, document_url) do nothing
"""

CLIENT_FIND: Final = """
select client_id, name, public, redirect_uris, grants, scopes, audiences, secret_hashes, secrets_created_at,
    secrets_expire_at, state, created_at, settings, origin, document_url, document_until, used_at
from airside.oauth_client where tenant_id = %s and client_id = %s
"""

CLIENT_LOCK: Final = """
select client_id, name, public, redirect_uris, grants, scopes, audiences, secret_hashes, secrets_created_at,
    secrets_expire_at, state, created_at, settings, origin, document_url, document_until, used_at
from airside.oauth_client where tenant_id = %s and client_id = %s for update
"""

CLIENT_LIST: Final = """
select client_id, name, public, redirect_uris, grants, scopes, audiences, secret_hashes, secrets_created_at,
    secrets_expire_at, state, created_at, settings, origin, document_url, document_until, used_at
from airside.oauth_client where tenant_id = %s and (%s::uuid is null or client_id > %s) order by client_id limit %s
"""

CLIENT_STATE: Final = """
update airside.oauth_client set state = %s where tenant_id = %s and client_id = %s and state <> %s
"""

CLIENT_SECRETS: Final = """
update airside.oauth_client set secret_hashes = %s, secrets_created_at = %s, secrets_expire_at = %s
where tenant_id = %s and client_id = %s
"""

CLIENT_DELETE: Final = "delete from airside.oauth_client where tenant_id = %s and client_id = %s"
CLIENT_DELETE_REQUESTS: Final = "delete from airside.authorization_request where tenant_id = %s and client_id = %s"
CLIENT_DELETE_REGISTRATION: Final = "delete from airside.client_registration where tenant_id = %s and client_id = %s"
CLIENT_DELETE_PUSHED: Final = "delete from airside.pushed_request where tenant_id = %s and client_id = %s"
CLIENT_DELETE_PARTICIPATIONS: Final = "delete from airside.session_client where tenant_id = %s and client_id = %s"
CLIENT_DELETE_CONSENTS: Final = "delete from airside.oauth_consent where tenant_id = %s and client_id = %s"
CLIENT_DELETE_CODES: Final = "delete from airside.authorization_code where tenant_id = %s and client_id = %s"

CLIENT_UPDATE: Final = """
update airside.oauth_client set name = %s, redirect_uris = %s, grants = %s, scopes = %s, audiences = %s,
    secret_hashes = %s, secrets_created_at = %s, secrets_expire_at = %s, settings = %s
where tenant_id = %s and client_id = %s
"""

CLIENT_DELETE_UNSPENT_CODES: Final = """
delete from airside.authorization_code where tenant_id = %s and client_id = %s and spent_at is null
"""

CLIENT_BY_DOCUMENT: Final = """
select client_id, name, public, redirect_uris, grants, scopes, audiences, secret_hashes, secrets_created_at,
    secrets_expire_at, state, created_at, settings, origin, document_url, document_until, used_at
from airside.oauth_client where tenant_id = %s and document_url = %s
"""

CLIENT_DOCUMENT_UNTIL: Final = """
update airside.oauth_client set document_until = %s where tenant_id = %s and client_id = %s
"""

CLIENT_USED: Final = "update airside.oauth_client set used_at = %s where tenant_id = %s and client_id = %s"

SWEEP_UNUSED: Final = """
delete from airside.oauth_client o
where o.tenant_id = %s and ((o.origin = 'registration' and o.used_at is null and o.created_at < %s)
    or (o.origin = 'document' and coalesce(o.used_at, o.created_at) < %s))
    and not exists (select from airside.oauth_consent c where c.tenant_id = o.tenant_id and c.client_id = o.client_id)
"""
SWEEP_REGISTRATIONS: Final = """
delete from airside.client_registration r where r.tenant_id = %s and not exists (
    select from airside.oauth_client c where c.tenant_id = r.tenant_id and c.client_id = r.client_id)
"""

CLIENT_COUNT: Final = """
select count(*) as count
from (select client_id from airside.oauth_client where tenant_id = %s limit %s) as counted
"""


@dataclass(frozen=True, slots=True)
class _Count:
    count: int


@dataclass(frozen=True, slots=True)
class _ClientRow:
    """Every column of a client."""

    client_id: UUID
    name: str
    public: bool
    redirect_uris: list[str]
    grants: list[str]
    scopes: list[str]
    audiences: list[str]
    secret_hashes: list[bytes]
    secrets_created_at: list[datetime]
    secrets_expire_at: list[datetime | None]
    state: str
    created_at: datetime
    settings: str
    origin: ClientOrigin
    document_url: str | None
    document_until: datetime | None
    used_at: datetime | None


def _client(row: _ClientRow) -> Client:
    """The client in a row.

    Raises:
        Inconsistent: a younger build wrote it.
    """
    grants = known_grants(row.grants)
    if len(grants) != len(row.grants) or row.state not in ("active", "disabled"):
        raise Inconsistent("a client with an unknown grant or state", client_id=str(row.client_id))
    secrets = zip(row.secret_hashes, row.secrets_created_at, row.secrets_expire_at, strict=True)
    return Client(
        client_id=row.client_id,
        name=row.name,
        public=row.public,
        redirect_uris=tuple(row.redirect_uris),
        grants=grants,
        scopes=frozenset(row.scopes),
        audiences=tuple(row.audiences),
        secrets=tuple(ClientSecret(bytes(hash), created, expires) for hash, created, expires in secrets),
        state="active" if row.state == "active" else "disabled",
        created_at=row.created_at,
        settings=_settings(row.settings),
        origin=row.origin,
        document_url=row.document_url,
        document_until=row.document_until,
        used_at=row.used_at,
    )


@lru_cache(maxsize=1024)
def _settings(text: str) -> ClientSettings:
    """Read once for all requests of a client.

    Raises:
        Inconsistent: a younger build wrote it: what it demands of the client isn't known here.
    """
    try:
        return msgspec.json.decode(text, type=ClientSettings)
    except msgspec.DecodeError:
        raise Inconsistent("a client with settings of another build") from None


def _secret_columns(secrets: Sequence[ClientSecret]) -> tuple[list[bytes], list[datetime], list[datetime | None]]:
    """The three columns that hold a client's secrets."""
    return (
        [secret.hash for secret in secrets],
        [secret.created_at for secret in secrets],
        [secret.expires_at for secret in secrets],
    )


async def insert_client(ctx: RequestContext, client: Client) -> bool:
    """Write a new client; False where there is one of its document already."""
    touched = await ctx.tx.run(
        CLIENT_INSERT,
        (
            ctx.tenant_id,
            client.client_id,
            client.name,
            client.public,
            list(client.redirect_uris),
            sorted(client.grants),
            sorted(client.scopes),
            list(client.audiences),
            *_secret_columns(client.secrets),
            client.state,
            client.created_at,
            msgspec.json.encode(client.settings).decode(),
            client.origin,
            client.document_url,
            client.document_until,
        ),
    )
    return touched == 1


async def count_clients(ctx: RequestContext, most: int) -> int:
    """How many there are, disabled ones included; no further than `most`."""
    row = await ctx.tx.one(_Count, CLIENT_COUNT, (ctx.tenant_id, most))
    return 0 if row is None else row.count


async def find_client(ctx: RequestContext, client_id: UUID, *, lock: bool = False) -> Client | None:
    """The client, active or not; with `lock`, nobody else changes it before this transaction ends."""
    row = await ctx.tx.one(_ClientRow, CLIENT_LOCK if lock else CLIENT_FIND, (ctx.tenant_id, client_id))
    return None if row is None else _client(row)


async def list_clients(ctx: RequestContext, after: UUID | None, limit: int) -> list[Client]:
    """Clients in the order of their making, after the one named."""
    return [_client(row) for row in await ctx.tx.all(_ClientRow, CLIENT_LIST, (ctx.tenant_id, after, after, limit))]


async def set_client_state(ctx: RequestContext, client_id: UUID, state: str) -> bool:
    """Whether this changed anything."""
    return await ctx.tx.run(CLIENT_STATE, (state, ctx.tenant_id, client_id, state)) == 1


async def set_client_secrets(ctx: RequestContext, client_id: UUID, secrets: Sequence[ClientSecret]) -> None:
    """Replace the client's secrets."""
    await ctx.tx.run(CLIENT_SECRETS, (*_secret_columns(secrets), ctx.tenant_id, client_id))


async def delete_client(ctx: RequestContext, client_id: UUID) -> bool:
    """Take the client and all that waits for it away; whether it was there."""
    place = (ctx.tenant_id, client_id)
    waiting = (CLIENT_DELETE_REQUESTS, CLIENT_DELETE_PUSHED, CLIENT_DELETE_CODES)
    held = (CLIENT_DELETE_PARTICIPATIONS, CLIENT_DELETE_CONSENTS, CLIENT_DELETE_REGISTRATION)
    statements = (*waiting, *held, CLIENT_DELETE)
    touched = await ctx.tx.run_many([(each, place) for each in statements])
    return touched[-1] == 1


async def update_client(ctx: RequestContext, client: Client) -> None:
    """Write everything that may change of a client that is there, but its state."""
    await ctx.tx.run(
        CLIENT_UPDATE,
        (
            client.name,
            list(client.redirect_uris),
            sorted(client.grants),
            sorted(client.scopes),
            list(client.audiences),
            *_secret_columns(client.secrets),
            msgspec.json.encode(client.settings).decode(),
            ctx.tenant_id,
            client.client_id,
        ),
    )


async def delete_waiting(ctx: RequestContext, client_id: UUID) -> None:
    """Take away the client's waiting and pushed requests, and codes that nobody has spent."""
    place = (ctx.tenant_id, client_id)
    waiting = (CLIENT_DELETE_REQUESTS, CLIENT_DELETE_PUSHED, CLIENT_DELETE_UNSPENT_CODES)
    await ctx.tx.run_many([(each, place) for each in waiting])


async def find_by_document(ctx: RequestContext, url: str) -> Client | None:
    """The client whose document is at `url`, active or not."""
    row = await ctx.tx.one(_ClientRow, CLIENT_BY_DOCUMENT, (ctx.tenant_id, url))
    return None if row is None else _client(row)


async def set_document_until(ctx: RequestContext, client_id: UUID, until: datetime) -> None:
    """Until when the document that was read holds."""
    await ctx.tx.run(CLIENT_DOCUMENT_UNTIL, (until, ctx.tenant_id, client_id))


def note_use(ctx: RequestContext, client_id: UUID) -> None:
    """The client was presented now; nobody waits for that."""
    ctx.tx.put_off([(CLIENT_USED, (ctx.now, ctx.tenant_id, client_id))])


async def sweep_unused(ctx: RequestContext, registered_before: datetime, document_used_before: datetime) -> int:
    """Forget clients from outside that nobody used, and what they managed themselves with; how many clients."""
    place = (ctx.tenant_id, registered_before, document_used_before)
    return (await ctx.tx.run_many([(SWEEP_UNUSED, place), (SWEEP_REGISTRATIONS, (ctx.tenant_id,))]))[0]
