"""Rows of who takes part in sessions, and of requests to sign out that wait for their page."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from airside.oauth.model import LogoutRequest, Participation
from airside.store import RequestContext

LOGOUT_LIFETIME: Final = timedelta(minutes=10)
"""How long a request to sign out waits for its user's answer."""
MAX_PARTICIPANTS: Final = 50
"""Clients of one session that its page leads to."""
MAX_SWEPT: Final = 500
"""Participations of one sweep."""

JOIN: Final = """
insert into airside.session_client (tenant_id, session_id, client_id, user_id, joined_at)
values (%s, %s, %s, %s, %s)
on conflict (tenant_id, session_id, client_id) do nothing
"""

OF_SESSION: Final = """
select session_id, client_id, user_id
from airside.session_client
where tenant_id = %s and session_id = %s
order by joined_at, client_id
limit %s
"""

PART: Final = """
delete from airside.session_client
where tenant_id = %s and session_id = %s
returning session_id, client_id, user_id
"""

# Sessions that ran out, and those whose last code was issued in the moment in which they ended.
PART_OVER: Final = """
delete from airside.session_client
where tenant_id = %s and ctid = any(array(
    select p.ctid
    from airside.session_client p
    left join airside.user_session s on s.tenant_id = p.tenant_id and s.session_id = p.session_id
    where p.tenant_id = %s
      and (s.session_id is null or s.ended_at is not null or s.idle_expires_at <= %s or s.expires_at <= %s)
    limit %s))
returning session_id, client_id, user_id
"""

INSERT: Final = """
insert into airside.logout_request (tenant_id, request_hash, client_id, hinted, session_id, redirect_uri, state,
    ui_locales, created_at, expires_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

FIND: Final = """
select client_id, hinted, session_id, redirect_uri, state, ui_locales
from airside.logout_request
where tenant_id = %s and request_hash = %s and expires_at > %s
"""

SPEND: Final = """
delete from airside.logout_request
where tenant_id = %s and request_hash = %s and expires_at > %s
returning client_id, hinted, session_id, redirect_uri, state, ui_locales
"""

SWEEP: Final = "delete from airside.logout_request where tenant_id = %s and expires_at <= %s"


@dataclass(frozen=True, slots=True)
class _Row:
    client_id: UUID | None
    hinted: bool
    session_id: UUID | None
    redirect_uri: str | None
    state: str | None
    ui_locales: str


def _request(row: _Row | None) -> LogoutRequest | None:
    if row is None:
        return None
    return LogoutRequest(row.client_id, row.hinted, row.session_id, row.redirect_uri, row.state, row.ui_locales)


def join(ctx: RequestContext, session_id: UUID, client_id: UUID, user_id: UUID) -> None:
    """Leaves with the next statement or the commit: nobody waits for it."""
    ctx.tx.put_off([(JOIN, (ctx.tenant_id, session_id, client_id, user_id, ctx.now))])


async def of_session(ctx: RequestContext, session_id: UUID) -> list[Participation]:
    """Who takes part in the session, the first first."""
    return await ctx.tx.all(Participation, OF_SESSION, (ctx.tenant_id, session_id, MAX_PARTICIPANTS))


async def part(ctx: RequestContext, session_id: UUID) -> list[Participation]:
    """Everybody who takes part, to the one caller who ends it."""
    return await ctx.tx.all(Participation, PART, (ctx.tenant_id, session_id))


async def part_over(ctx: RequestContext) -> list[Participation]:
    """Those who take part in sessions that are over by themselves, to the one caller who is told."""
    params = (ctx.tenant_id, ctx.tenant_id, ctx.now, ctx.now, MAX_SWEPT)
    return await ctx.tx.all(Participation, PART_OVER, params)


async def insert(ctx: RequestContext, request_hash: bytes, request: LogoutRequest) -> None:
    """Keep it for `LOGOUT_LIFETIME`."""
    await ctx.tx.run(
        INSERT,
        (
            ctx.tenant_id,
            request_hash,
            request.client_id,
            request.hinted,
            request.session_id,
            request.redirect_uri,
            request.state,
            request.ui_locales,
            ctx.now,
            ctx.now + LOGOUT_LIFETIME,
        ),
    )


async def find(ctx: RequestContext, request_hash: bytes) -> LogoutRequest | None:
    """The waiting request, or None."""
    return _request(await ctx.tx.one(_Row, FIND, (ctx.tenant_id, request_hash, ctx.now)))


async def spend(ctx: RequestContext, request_hash: bytes) -> LogoutRequest | None:
    """Single use: the waiting request to the one caller who takes it away."""
    return _request(await ctx.tx.one(_Row, SPEND, (ctx.tenant_id, request_hash, ctx.now)))


async def sweep(ctx: RequestContext) -> int:
    """Forget requests that nobody answered; how many."""
    return await ctx.tx.run(SWEEP, (ctx.tenant_id, ctx.now))
