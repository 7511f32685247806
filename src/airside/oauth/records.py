"""Rows of authorization requests and codes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from airside.core.errors import Inconsistent
from airside.core.principal import Assurance
from airside.oauth.model import (
    CODE_LIFETIME,
    REQUEST_LIFETIME,
    AuthorizationRequest,
    Code,
    RequestDetails,
    StoredRequest,
)
from airside.store import RequestContext

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


def _details(text: str) -> RequestDetails:
    try:
        return msgspec.json.decode(text, type=RequestDetails)
    except msgspec.DecodeError:
        raise Inconsistent("a request with details of another build") from None


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
