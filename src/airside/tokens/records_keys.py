"""Rows of `signing_key` ↔ keys, and the steps of their life."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from airside.core.errors import Inconsistent
from airside.core.strict_json import dumps, loads_object
from airside.protocols.jose import VerificationKey, key_from_jwk, public_jwk
from airside.store import RequestContext

MAX_SIGNING_KEYS: Final = 32

INSERT: Final = """
insert into airside.signing_key (tenant_id, key_id, kid, alg, state, public_jwk, private_sealed, created_at)
values (%s, %s, %s, %s, 'active', %s, %s, %s)
"""

LOAD: Final = """
select key_id, state, public_jwk, private_sealed, created_at, retires_at from airside.signing_key
where tenant_id = %s and (retires_at is null or retires_at > %s)
order by created_at desc, key_id desc
limit %s
"""

OLDEST: Final = """
select min(created_at) as since from airside.signing_key
where tenant_id = %s and state = 'active' and retires_at is null
"""

FIND_RETIRED: Final = """
select key_id, state, public_jwk, private_sealed, created_at, retires_at from airside.signing_key
where tenant_id = %s and kid = %s and retires_at is not null
"""

RETIRE: Final = """
update airside.signing_key set retires_at = %s
where tenant_id = %s and alg = %s and retires_at is null and created_at <= %s
"""

RETIRE_ONE: Final = """
update airside.signing_key set retires_at = %s
where tenant_id = %s and key_id = %s and retires_at is null
"""

BRING_BACK: Final = """
update airside.signing_key set retires_at = null
where tenant_id = %s and key_id = %s and retires_at is not null and state = 'active'
"""

WITHDRAW: Final = "delete from airside.signing_key where tenant_id = %s and alg = %s returning kid"

DESTROY: Final = """
update airside.signing_key set state = 'retired', private_sealed = null
where tenant_id = %s and state = 'active' and retires_at <= %s
"""

FORGET: Final = "delete from airside.signing_key where tenant_id = %s and retires_at <= %s"


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A signing key as stored. From `retires_at` on it signs nothing; `private_sealed` is destroyed some time after."""

    key_id: UUID
    verification: VerificationKey
    private_sealed: bytes | None
    created_at: datetime
    retires_at: datetime | None = None

    def signs(self, alg: str, now: datetime) -> bool:
        """Whether it may still sign `alg` at `now`."""
        kept = self.private_sealed is not None and (self.retires_at is None or now < self.retires_at)
        return kept and self.verification.alg == alg


@dataclass(frozen=True, slots=True)
class _Oldest:
    since: datetime | None


@dataclass(frozen=True, slots=True)
class _Row:
    key_id: UUID
    state: Literal["active", "retired"]
    public_jwk: str
    private_sealed: bytes | None
    created_at: datetime
    retires_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Withdrawn:
    kid: str


async def insert(ctx: RequestContext, key: StoredKey) -> None:
    """Store a new key.

    Raises:
        UniqueViolation: the tenant has this key already.
    """
    public = key.verification
    text = dumps(public_jwk(public)).decode()
    values = (ctx.tenant_id, key.key_id, public.kid, public.alg, text, key.private_sealed, key.created_at)
    await ctx.tx.run(INSERT, values)


async def load(ctx: RequestContext, retired_since: datetime) -> list[StoredKey]:
    """The tenant's keys, newest first, but those that retired at `retired_since` or before.

    Raises:
        Inconsistent: more keys than any rotation leaves, or a state that contradicts its row.
    """
    rows = await ctx.tx.all(_Row, LOAD, (ctx.tenant_id, retired_since, MAX_SIGNING_KEYS + 1))
    if len(rows) > MAX_SIGNING_KEYS:
        raise Inconsistent("more signing keys than a tenant can have")
    return [_stored(row) for row in rows]


async def find_retired(ctx: RequestContext, kid: str) -> StoredKey | None:
    """The key of that name, if it is one that retires or has retired."""
    row = await ctx.tx.one(_Row, FIND_RETIRED, (ctx.tenant_id, kid))
    return None if row is None else _stored(row)


async def retire(ctx: RequestContext, alg: str, made_before: datetime, retires_at: datetime) -> int:
    """Let the keys of `alg` that were made until `made_before` retire, unless they do already; how many."""
    return await ctx.tx.run(RETIRE, (retires_at, ctx.tenant_id, alg, made_before))


async def retire_one(ctx: RequestContext, key_id: UUID, retires_at: datetime) -> bool:
    """Let this one retire; whether it was this caller who did."""
    return await ctx.tx.run(RETIRE_ONE, (retires_at, ctx.tenant_id, key_id)) == 1


async def bring_back(ctx: RequestContext, key_id: UUID) -> bool:
    """Let a key that retires sign on; whether it still could, and it was this caller who did."""
    return await ctx.tx.run(BRING_BACK, (ctx.tenant_id, key_id)) == 1


async def withdraw(ctx: RequestContext, alg: str) -> list[str]:
    """Take every key of `alg` away; their names."""
    return [row.kid for row in await ctx.tx.all(_Withdrawn, WITHDRAW, (ctx.tenant_id, alg))]


async def age(ctx: RequestContext, destroyed: datetime, forgotten: datetime) -> tuple[int, int]:
    """Destroy the private halves of those that retired until `destroyed`, forget those that did until `forgotten`; how
    many of each."""
    one, other = await ctx.tx.run_many([(FORGET, (ctx.tenant_id, forgotten)), (DESTROY, (ctx.tenant_id, destroyed))])
    return other, one


def _stored(row: _Row) -> StoredKey:
    if (row.state == "active") != (row.private_sealed is not None):
        raise Inconsistent("signing key whose state contradicts its row", key=str(row.key_id))
    verification = key_from_jwk(loads_object(row.public_jwk.encode()))
    return StoredKey(row.key_id, verification, row.private_sealed, row.created_at, row.retires_at)


async def oldest(ctx: RequestContext) -> datetime | None:
    """When the oldest key was made that signs; None where none does."""
    found = await ctx.tx.one(_Oldest, OLDEST, (ctx.tenant_id,))
    return None if found is None else found.since
