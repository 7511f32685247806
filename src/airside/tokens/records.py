"""Rows of `refresh_family` and `refresh_token` ↔ families and tokens."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.core.errors import Inconsistent
from airside.core.ids import FAMILY, format_id
from airside.core.strict_json import dumps, loads_object
from airside.store import RequestContext
from airside.tokens.model import AccessGrant, Confirmation, RefreshFamily, Spent, StoredToken

INSERT_FAMILY: Final = """
insert into airside.refresh_family (tenant_id, family_id, client_id, subject, session_id, scope, audience,
    auth_time, acr, amr, confirmation, created_at, expires_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

INSERT_TOKEN: Final = """
insert into airside.refresh_token (tenant_id, token_hash, family_id, created_at, expires_at)
values (%s, %s, %s, %s, %s)
"""

# One statement: spend the token if it is unspent, in force, its client's and of a live family; only then is its
# successor born. What was kept of the token itself for its predecessor is forgotten: it has now been used.
# `is not distinct from` is `=` that no index serves: a planner without statistics would walk all families of a client.
ROTATE: Final = """
with spent as (
    update airside.refresh_token t
    set spent_at = %s, successor_hash = %s, sealed = null
    from airside.refresh_family f
    where t.tenant_id = %s and f.tenant_id = t.tenant_id and f.family_id = t.family_id
        and t.token_hash = %s and t.spent_at is null and t.expires_at > %s
        and f.client_id is not distinct from %s and f.revoked_at is null and f.expires_at > %s
        and (f.confirmation is null or f.confirmation = %s)
    returning f.family_id, f.client_id, f.subject, f.session_id, f.scope, f.audience, f.auth_time, f.acr, f.amr,
        f.confirmation, f.created_at, f.expires_at, f.revoked_at,
        least(%s, f.expires_at) as successor_expires_at
), born as (
    insert into airside.refresh_token (tenant_id, token_hash, family_id, sealed, created_at, expires_at)
    select %s, %s, spent.family_id, %s, %s, spent.successor_expires_at from spent
    returning token_hash
)
select family_id, client_id, subject, session_id, scope, audience, auth_time, acr, amr, confirmation,
    created_at, expires_at, revoked_at, successor_expires_at
from spent
"""

FIND: Final = """
select f.family_id, f.client_id, f.subject, f.session_id, f.scope, f.audience, f.auth_time, f.acr, f.amr,
    f.confirmation, f.created_at, f.expires_at, f.revoked_at,
    t.expires_at as token_expires_at, t.spent_at, s.sealed as successor_sealed, s.expires_at as successor_expires_at
from airside.refresh_token t
join airside.refresh_family f on f.tenant_id = t.tenant_id and f.family_id = t.family_id
left join airside.refresh_token s on s.tenant_id = t.tenant_id and s.token_hash = t.successor_hash
where t.tenant_id = %s and t.token_hash = %s
"""

# One statement: a token that stays as it is lives on, if it is unspent, in force, its client's and of a live family.
PROLONG: Final = """
update airside.refresh_token t
set expires_at = least(%s, f.expires_at)
from airside.refresh_family f
where t.tenant_id = %s and f.tenant_id = t.tenant_id and f.family_id = t.family_id
    and t.token_hash = %s and t.spent_at is null and t.expires_at > %s
    and f.client_id is not distinct from %s and f.revoked_at is null and f.expires_at > %s
    and (f.confirmation is null or f.confirmation = %s)
returning f.family_id, f.client_id, f.subject, f.session_id, f.scope, f.audience, f.auth_time, f.acr, f.amr,
    f.confirmation, f.created_at, f.expires_at, f.revoked_at, t.expires_at as successor_expires_at
"""

REVOKE_FAMILY: Final = """
update airside.refresh_family set revoked_at = %s, revoked_because = %s
where tenant_id = %s and family_id = %s and revoked_at is null
"""

REVOKE_SESSION: Final = """
update airside.refresh_family set revoked_at = %s, revoked_because = %s
where tenant_id = %s and session_id = %s and revoked_at is null
"""

REVOKE_SUBJECT: Final = """
update airside.refresh_family set revoked_at = %s, revoked_because = %s
where tenant_id = %s and subject = %s and revoked_at is null
"""

REVOKE_EVERYBODYS: Final = """
update airside.refresh_family set revoked_at = %s, revoked_because = %s
where tenant_id = %s and revoked_at is null
"""

REVOKE_CLIENT: Final = """
update airside.refresh_family set revoked_at = %s, revoked_because = %s
where tenant_id = %s and client_id = %s and revoked_at is null
"""

REVOKE_GRANT: Final = """
update airside.refresh_family set revoked_at = %s, revoked_because = %s
where tenant_id = %s and subject = %s and client_id = %s and revoked_at is null
returning family_id
"""

SWEEP_TOKENS: Final = """
delete from airside.refresh_token t using airside.refresh_family f
where t.tenant_id = %s and f.tenant_id = t.tenant_id and f.family_id = t.family_id and f.expires_at <= %s
"""

SWEEP_FAMILIES: Final = """
delete from airside.refresh_family
where tenant_id = %s and expires_at <= %s
"""


@dataclass(frozen=True, slots=True)
class _FamilyRow:
    family_id: UUID
    client_id: str
    subject: str
    session_id: str | None
    scope: list[str]
    audience: list[str]
    auth_time: datetime | None
    acr: str | None
    amr: list[str]
    confirmation: str | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    def state(self) -> RefreshFamily:
        grant = AccessGrant(
            subject=self.subject,
            client_id=self.client_id,
            audience=tuple(self.audience),
            scope=frozenset(self.scope),
            auth_time=self.auth_time,
            acr=self.acr,
            amr=tuple(self.amr),
            session_id=self.session_id,
            family_id=format_id(FAMILY, self.family_id),
            confirmation=None if self.confirmation is None else _confirmation(self.confirmation),
        )
        return RefreshFamily(self.family_id, grant, self.created_at, self.expires_at, self.revoked_at)


@dataclass(frozen=True, slots=True)
class _EndedRow:
    family_id: UUID


@dataclass(frozen=True, slots=True)
class _RotatedRow(_FamilyRow):
    successor_expires_at: datetime


@dataclass(frozen=True, slots=True)
class _TokenRow(_FamilyRow):
    token_expires_at: datetime
    spent_at: datetime | None
    successor_sealed: bytes | None
    successor_expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Successor:
    """A token about to be born: its hash, itself sealed under its predecessor, and its idle end."""

    token_hash: bytes
    sealed: bytes
    expires_at: datetime


def _column(confirmation: Confirmation | None) -> str | None:
    """Canonical, so that equal ones are equal strings."""
    return None if confirmation is None else dumps(confirmation.claim()).decode()


def _confirmation(text: str) -> Confirmation:
    members = loads_object(text.encode())
    jkt, x5t = members.get("jkt"), members.get("x5t#S256")
    return Confirmation(jkt if isinstance(jkt, str) else None, x5t if isinstance(x5t, str) else None)


async def insert_family(ctx: RequestContext, family: RefreshFamily, token_hash: bytes, expires_at: datetime) -> None:
    """Store a family and its first token, in one flush.

    Raises:
        UniqueViolation: there is a family of this id.
    """
    grant, place = family.grant, (ctx.tenant_id, family.family_id)
    who = (grant.client_id, grant.subject, grant.session_id)
    what = (sorted(grant.scope), list(grant.audience), grant.auth_time, grant.acr, list(grant.amr))
    bound = _column(grant.confirmation)
    token = (ctx.tenant_id, token_hash, family.family_id, ctx.now, expires_at)
    await ctx.tx.run_many(
        [
            (INSERT_FAMILY, (*place, *who, *what, bound, family.created_at, family.expires_at)),
            (INSERT_TOKEN, token),
        ]
    )


async def rotate(
    ctx: RequestContext, token_hash: bytes, client_id: str, proven: Confirmation | None, successor: Successor
) -> tuple[RefreshFamily, datetime] | None:
    """Spend a token and bear its successor, atomically; the family and the successor's end, or None where the
    token wasn't there to be spent, or is bound to another key than the `proven` one."""
    tenant, now, born = ctx.tenant_id, ctx.now, successor.token_hash
    row = await ctx.tx.one(
        _RotatedRow,
        ROTATE,
        (
            *(now, born),
            *(tenant, token_hash, now, client_id, now, _column(proven), successor.expires_at),
            *(tenant, born, successor.sealed, now),
        ),
    )
    return None if row is None else (row.state(), row.successor_expires_at)


async def prolong(
    ctx: RequestContext, token_hash: bytes, client_id: str, proven: Confirmation | None, expires_at: datetime
) -> tuple[RefreshFamily, datetime] | None:
    """Let a token live until `expires_at`, or as long as its family does; the family and the token's end, or None
    where `rotate` would have spent nothing."""
    given = (expires_at, ctx.tenant_id, token_hash, ctx.now, client_id, ctx.now, _column(proven))
    row = await ctx.tx.one(_RotatedRow, PROLONG, given)
    return None if row is None else (row.state(), row.successor_expires_at)


async def find_token(ctx: RequestContext, token_hash: bytes) -> StoredToken | None:
    """The token of this hash.

    Raises:
        Inconsistent: spent without a successor.
    """
    row = await ctx.tx.one(_TokenRow, FIND, (ctx.tenant_id, token_hash))
    if row is None:
        return None
    if row.spent_at is None:
        return StoredToken(row.state(), row.token_expires_at, None)
    if row.successor_expires_at is None:
        raise Inconsistent("spent refresh token without a successor", family=str(row.family_id))
    spent = Spent(row.spent_at, row.successor_sealed, row.successor_expires_at)
    return StoredToken(row.state(), row.token_expires_at, spent)


async def revoke(ctx: RequestContext, statement: str, id: UUID | str, because: str) -> int:
    """Run one of the `REVOKE_…` statements; how many families it ended."""
    return await ctx.tx.run(statement, (ctx.now, because, ctx.tenant_id, id))


async def revoke_everybodys(ctx: RequestContext, because: str) -> int:
    """End every family of the tenant; how many."""
    return await ctx.tx.run(REVOKE_EVERYBODYS, (ctx.now, because, ctx.tenant_id))


async def revoke_grant(ctx: RequestContext, subject: str, client_id: str, because: str) -> list[UUID]:
    """End every family of `subject` at `client_id`; which ones."""
    params = (ctx.now, because, ctx.tenant_id, subject, client_id)
    return [row.family_id for row in await ctx.tx.all(_EndedRow, REVOKE_GRANT, params)]


async def sweep(ctx: RequestContext) -> int:
    """Delete families past their absolute end, and their tokens; how many families."""
    place = (ctx.tenant_id, ctx.now)
    _tokens, families = await ctx.tx.run_many([(SWEEP_TOKENS, place), (SWEEP_FAMILIES, place)])
    return families
