"""Rows of what users have allowed, and of what they answered to waiting requests."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from airside.core.errors import Inconsistent
from airside.oauth.model import Consent
from airside.store import RequestContext

MAX_CONSENTS: Final = 200
"""Most of one user in one answer."""

_ATTEMPTS: Final = 3

Answered = Literal["allowed", "denied"]

FIND: Final = """
select client_id, scopes, granted_at, '' as name
from airside.oauth_consent
where tenant_id = %s and user_id = %s and client_id = %s
"""

# Whoever takes a consent back waits for those who are making tokens of it, and then finds what they made.
HOLD: Final = """
select client_id, scopes, granted_at, '' as name
from airside.oauth_consent
where tenant_id = %s and user_id = %s and client_id = %s
for key share
"""

LOCK: Final = """
select client_id, scopes, granted_at, '' as name
from airside.oauth_consent
where tenant_id = %s and user_id = %s and client_id = %s
for no key update
"""

LIST: Final = """
select c.client_id, c.scopes, c.granted_at, o.name
from airside.oauth_consent c
join airside.oauth_client o on o.tenant_id = c.tenant_id and o.client_id = c.client_id
where c.tenant_id = %s and c.user_id = %s
order by o.name, c.client_id
limit %s
"""

INSERT: Final = """
insert into airside.oauth_consent (tenant_id, user_id, client_id, scopes, granted_at, changed_at)
values (%s, %s, %s, %s, %s, %s)
on conflict (tenant_id, user_id, client_id) do nothing
"""

GROW: Final = """
update airside.oauth_consent
set scopes = %s, changed_at = %s
where tenant_id = %s and user_id = %s and client_id = %s
"""

DELETE: Final = """
delete from airside.oauth_consent
where tenant_id = %s and user_id = %s and client_id = %s
"""

ANSWER: Final = """
update airside.authorization_request
set answer = %s, answered_by = %s
where tenant_id = %s and request_hash = %s and browser_hash = %s and expires_at > %s and spent_at is null
  and (answer is null or answered_by <> %s or answer = %s)
"""

ANSWERED: Final = """
select answer, answered_by
from airside.authorization_request
where tenant_id = %s and request_hash = %s
"""

# A code that is spent has named the family of its tokens, whether or not a refresh token came with them.
CODES: Final = """
select family_id
from airside.authorization_code
where tenant_id = %s and client_id = %s and user_id = %s and expires_at > %s
"""


@dataclass(frozen=True, slots=True)
class _Row:
    client_id: UUID
    scopes: list[str]
    granted_at: datetime
    name: str


@dataclass(frozen=True, slots=True)
class _Answered:
    answer: str | None
    answered_by: UUID | None


@dataclass(frozen=True, slots=True)
class _Family:
    family_id: UUID


def _consent(row: _Row) -> Consent:
    return Consent(row.client_id, row.name, frozenset(row.scopes), row.granted_at)


async def find(ctx: RequestContext, user_id: UUID, client_id: UUID, *, hold: bool = False) -> Consent | None:
    """What the user has allowed the client, or None; with `hold`, it stands until this transaction ends."""
    row = await ctx.tx.one(_Row, HOLD if hold else FIND, (ctx.tenant_id, user_id, client_id))
    return None if row is None else _consent(row)


async def of_user(ctx: RequestContext, user_id: UUID) -> list[Consent]:
    """Everything that the user has allowed, by the clients' names."""
    return [_consent(row) for row in await ctx.tx.all(_Row, LIST, (ctx.tenant_id, user_id, MAX_CONSENTS))]


async def grow(ctx: RequestContext, user_id: UUID, client_id: UUID, scopes: frozenset[str]) -> None:
    """Allow `scopes` beside what is allowed already, whoever else does so at the same moment."""
    place = (ctx.tenant_id, user_id, client_id)
    for _attempt in range(_ATTEMPTS):  # one that is taken back between the two statements is written anew
        if await ctx.tx.run(INSERT, (*place, sorted(scopes), ctx.now, ctx.now)) == 1:
            return
        row = await ctx.tx.one(_Row, LOCK, place)
        if row is not None:
            if not scopes <= set(row.scopes):
                await ctx.tx.run(GROW, (sorted(scopes | set(row.scopes)), ctx.now, *place))
            return
    raise Inconsistent("a consent that comes and goes")


async def delete(ctx: RequestContext, user_id: UUID, client_id: UUID) -> bool:
    """Take it back; whether it was there."""
    return await ctx.tx.run(DELETE, (ctx.tenant_id, user_id, client_id)) == 1


async def answer(ctx: RequestContext, request_hash: bytes, browser_hash: bytes, said: Answered, user_id: UUID) -> bool:
    """What the user says to the waiting request of this browser, once; False where it waits no more, or they said the
    opposite before."""
    params = (said, user_id, ctx.tenant_id, request_hash, browser_hash, ctx.now, user_id, said)
    return await ctx.tx.run(ANSWER, params) == 1


async def answered(ctx: RequestContext, request_hash: bytes, user_id: UUID) -> Answered | None:
    """What this very user said to the waiting request."""
    row = await ctx.tx.one(_Answered, ANSWERED, (ctx.tenant_id, request_hash))
    if row is None or row.answered_by != user_id:
        return None
    return "allowed" if row.answer == "allowed" else "denied"


async def families_of_codes(ctx: RequestContext, user_id: UUID, client_id: UUID, since: datetime) -> list[UUID]:
    """The families that the user's codes at the client have named, whose codes ended after `since`."""
    rows = await ctx.tx.all(_Family, CODES, (ctx.tenant_id, client_id, user_id, since))
    return [row.family_id for row in rows]
