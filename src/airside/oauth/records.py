"""Rows of clients, authorization requests and codes: the only SQL of this room."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

import msgspec

from airside.core.errors import Inconsistent
from airside.core.principal import Assurance
from airside.oauth.model import (
    CODE_LIFETIME,
    REQUEST_LIFETIME,
    AuthorizationRequest,
    Client,
    ClientSecret,
    Code,
    RequestDetails,
    StoredRequest,
    known_grants,
)
from airside.oauth.settings import ClientSettings
from airside.store import RequestContext

CLIENT_INSERT: Final = """
insert into airside.oauth_client (tenant_id, client_id, name, public, redirect_uris, grants, scopes, audiences,
    secret_hashes, secrets_created_at, secrets_expire_at, state, created_at, settings)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

CLIENT_FIND: Final = """
select client_id, name, public, redirect_uris, grants, scopes, audiences, secret_hashes, secrets_created_at,
    secrets_expire_at, state, created_at, settings
from airside.oauth_client where tenant_id = %s and client_id = %s
"""

CLIENT_LOCK: Final = """
select client_id, name, public, redirect_uris, grants, scopes, audiences, secret_hashes, secrets_created_at,
    secrets_expire_at, state, created_at, settings
from airside.oauth_client where tenant_id = %s and client_id = %s for update
"""

CLIENT_LIST: Final = """
select client_id, name, public, redirect_uris, grants, scopes, audiences, secret_hashes, secrets_created_at,
    secrets_expire_at, state, created_at, settings
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
CLIENT_DELETE_PUSHED: Final = "delete from airside.pushed_request where tenant_id = %s and client_id = %s"
CLIENT_DELETE_CODES: Final = "delete from airside.authorization_code where tenant_id = %s and client_id = %s"
CLIENT_DELETE_PARTICIPATIONS: Final = "delete from airside.session_client where tenant_id = %s and client_id = %s"
CLIENT_DELETE_CONSENTS: Final = "delete from airside.oauth_consent where tenant_id = %s and client_id = %s"

CLIENT_DELETES: Final = (
    CLIENT_DELETE_REQUESTS,
    CLIENT_DELETE_PUSHED,
    CLIENT_DELETE_CODES,
    CLIENT_DELETE_PARTICIPATIONS,
    CLIENT_DELETE_CONSENTS,
    CLIENT_DELETE,
)

REQUEST_INSERT: Final = """
insert into airside.authorization_request (tenant_id, request_hash, browser_hash, client_id, redirect_uri, scopes,
    state, nonce, code_challenge, prompt, max_age, acr, login_hint_sealed, details, created_at, expires_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

REQUEST_FIND: Final = """
select client_id, redirect_uri, scopes, state, nonce, code_challenge, prompt, max_age, acr, login_hint_sealed, details,
    created_at
from airside.authorization_request
where tenant_id = %s and request_hash = %s and browser_hash = %s and expires_at > %s and spent_at is null
"""

REQUEST_SPEND: Final = """
update airside.authorization_request set spent_at = %s
where tenant_id = %s and request_hash = %s and browser_hash = %s and expires_at > %s and spent_at is null
"""

CODE_INSERT: Final = """
insert into airside.authorization_code (tenant_id, code_hash, client_id, user_id, session_id, family_id, redirect_uri,
    code_challenge, nonce, scopes, auth_time, acr, amr, details, created_at, expires_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

CODE_SPEND: Final = """
update airside.authorization_code set spent_at = %s
where tenant_id = %s and code_hash = %s and client_id = %s and expires_at > %s and spent_at is null
returning client_id, user_id, session_id, family_id, redirect_uri, code_challenge, nonce, scopes, auth_time, acr, amr,
    details
"""

CODE_SPENT_FAMILY: Final = """
select family_id from airside.authorization_code
where tenant_id = %s and code_hash = %s and client_id = %s and spent_at is not null
"""

SWEEP_REQUESTS: Final = "delete from airside.authorization_request where tenant_id = %s and expires_at < %s"
SWEEP_CODES: Final = "delete from airside.authorization_code where tenant_id = %s and expires_at < %s"


@dataclass(frozen=True, slots=True)
class _ClientRow:
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


@dataclass(frozen=True, slots=True)
class _RequestRow:
    client_id: UUID
    redirect_uri: str
    scopes: list[str]
    state: str | None
    nonce: str | None
    code_challenge: str | None
    prompt: str | None
    max_age: int | None
    acr: Assurance | None
    login_hint_sealed: bytes | None
    details: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class _CodeRow:
    client_id: UUID
    user_id: UUID
    session_id: UUID
    family_id: UUID
    redirect_uri: str
    code_challenge: str | None
    nonce: str | None
    scopes: list[str]
    auth_time: datetime
    acr: str
    amr: list[str]
    details: str


@dataclass(frozen=True, slots=True)
class _FamilyRow:
    family_id: UUID


def _client(row: _ClientRow) -> Client:
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


def _details(text: str) -> RequestDetails:
    try:
        return msgspec.json.decode(text, type=RequestDetails)
    except msgspec.DecodeError:
        raise Inconsistent("a request with details of another build") from None


def secret_columns(secrets: Sequence[ClientSecret]) -> tuple[list[bytes], list[datetime], list[datetime | None]]:
    """The three columns that hold a client's secrets."""
    return (
        [secret.hash for secret in secrets],
        [secret.created_at for secret in secrets],
        [secret.expires_at for secret in secrets],
    )


async def insert_client(ctx: RequestContext, client: Client) -> None:
    """Write a new client."""
    await ctx.tx.run(
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
            *secret_columns(client.secrets),
            client.state,
            client.created_at,
            msgspec.json.encode(client.settings).decode(),
        ),
    )


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
    await ctx.tx.run(CLIENT_SECRETS, (*secret_columns(secrets), ctx.tenant_id, client_id))


async def delete_client(ctx: RequestContext, client_id: UUID) -> bool:
    """Take the client and all that waits for it away; whether it was there."""
    place = (ctx.tenant_id, client_id)
    touched = await ctx.tx.run_many([(each, place) for each in CLIENT_DELETES])
    return touched[-1] == 1


async def insert_request(
    ctx: RequestContext,
    request_hash: bytes,
    browser_hash: bytes,
    request: AuthorizationRequest,
    login_hint_sealed: bytes | None = None,
) -> None:
    """Keep a request until its user has signed in; its `login_hint`, which is personal, as the caller sealed it."""
    await ctx.tx.run(
        REQUEST_INSERT,
        (
            ctx.tenant_id,
            request_hash,
            browser_hash,
            request.client_id,
            request.redirect_uri,
            sorted(request.scopes),
            request.state,
            request.nonce,
            request.code_challenge,
            request.prompt,
            request.max_age,
            request.acr,
            login_hint_sealed,
            msgspec.json.encode(request.details).decode(),
            ctx.now,
            ctx.now + REQUEST_LIFETIME,
        ),
    )


async def find_request(ctx: RequestContext, request_hash: bytes, browser_hash: bytes) -> StoredRequest | None:
    """The waiting request that this very browser brought, or None."""
    row = await ctx.tx.one(_RequestRow, REQUEST_FIND, (ctx.tenant_id, request_hash, browser_hash, ctx.now))
    if row is None:
        return None
    if row.prompt not in (None, "none", "login"):
        raise Inconsistent("a waiting request with an unknown prompt")
    request = AuthorizationRequest(
        client_id=row.client_id,
        redirect_uri=row.redirect_uri,
        scopes=frozenset(row.scopes),
        code_challenge=row.code_challenge,
        state=row.state,
        nonce=row.nonce,
        prompt=row.prompt,
        max_age=row.max_age,
        acr=row.acr,
        details=_details(row.details),
    )
    return StoredRequest(request, row.created_at, row.login_hint_sealed)


async def spend_request(ctx: RequestContext, request_hash: bytes, browser_hash: bytes) -> bool:
    """Single use: whether it was this caller who spent it."""
    place = (ctx.now, ctx.tenant_id, request_hash, browser_hash, ctx.now)
    return await ctx.tx.run(REQUEST_SPEND, place) == 1


def insert_code(ctx: RequestContext, code_hash: bytes, code: Code) -> None:
    """Write a code that lives for `CODE_LIFETIME`. Nobody waits for it: it leaves with the commit at the latest."""
    values = (
        ctx.tenant_id,
        code_hash,
        code.client_id,
        code.user_id,
        code.session_id,
        code.family_id,
        code.redirect_uri,
        code.code_challenge,
        code.nonce,
        sorted(code.scopes),
        code.auth_time,
        code.acr,
        list(code.amr),
        msgspec.json.encode(code.details).decode(),
        ctx.now,
        ctx.now + CODE_LIFETIME,
    )
    ctx.tx.put_off([(CODE_INSERT, values)])


async def spend_code(ctx: RequestContext, code_hash: bytes, client_id: UUID) -> Code | None:
    """Single use: the code for the one caller who spent it, None for everybody else."""
    row = await ctx.tx.one(_CodeRow, CODE_SPEND, (ctx.now, ctx.tenant_id, code_hash, client_id, ctx.now))
    if row is None:
        return None
    return Code(
        client_id=row.client_id,
        user_id=row.user_id,
        session_id=row.session_id,
        family_id=row.family_id,
        redirect_uri=row.redirect_uri,
        code_challenge=row.code_challenge,
        nonce=row.nonce,
        scopes=frozenset(row.scopes),
        auth_time=row.auth_time,
        acr=row.acr,
        amr=tuple(row.amr),
        details=_details(row.details),
    )


async def family_of_spent_code(ctx: RequestContext, code_hash: bytes, client_id: UUID) -> UUID | None:
    """The family that a spent code of this client started, or None."""
    row = await ctx.tx.one(_FamilyRow, CODE_SPENT_FAMILY, (ctx.tenant_id, code_hash, client_id))
    return None if row is None else row.family_id


async def sweep(ctx: RequestContext, codes_before: datetime) -> int:
    """Forget expired requests, and codes that expired before `codes_before`; how many rows."""
    return sum(
        await ctx.tx.run_many(
            [(SWEEP_REQUESTS, (ctx.tenant_id, ctx.now)), (SWEEP_CODES, (ctx.tenant_id, codes_before))]
        )
    )
