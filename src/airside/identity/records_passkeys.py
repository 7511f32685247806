"""Rows of passkeys and of the challenges that are open. Credential id, key and name are sealed to their row."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from airside.core.errors import Inconsistent
from airside.identity.model import Passkey
from airside.protocols.webauthn import TIMEOUT, VerifiedAssertion, VerifiedRegistration
from airside.store.context import Query, RequestContext, Row
from airside.vault import Keyset, Place, Seals, Vault

Purpose = Literal["register", "prove"]
_OWNER: Final = 16  # bytes of the user id that a sealed key begins with: the row can't be given to somebody else

REPLACE_CHALLENGE: Final = """
insert into airside.passkey_challenge (tenant_id, purpose, attempt_id, user_id, challenge, expires_at)
values (%s, %s, %s, %s, %s, %s)
on conflict (tenant_id, purpose, attempt_id) do update
set user_id = excluded.user_id, challenge = excluded.challenge, expires_at = excluded.expires_at
"""

SPEND_CHALLENGE: Final = """
delete from airside.passkey_challenge
where tenant_id = %s and purpose = %s and attempt_id = %s and user_id is not distinct from %s::uuid and expires_at > %s
returning challenge
"""

SWEEP_CHALLENGES: Final = """
delete from airside.passkey_challenge
where tenant_id = %s and expires_at <= %s
"""

# Whoever adds a passkey takes the user's row: the cap holds for those who come at once, and nobody is disabled between.
TAKE_USER: Final = """
select user_id
from airside.user_account
where tenant_id = %s and user_id = %s and state = 'active'
for no key update
"""

COUNT: Final = """
select count(*) as count
from airside.passkey
where tenant_id = %s and user_id = %s
"""

# A unique key doesn't see what stands under another index key.
ELSEWHERE: Final = """
select passkey_id
from airside.passkey
where tenant_id = %s and credential_index = any(%s)
"""

INSERT: Final = """
insert into airside.passkey (
    tenant_id, passkey_id, user_id, credential_index, credential_sealed, key_sealed, name_sealed, sign_count, aaguid,
    transports, attested, backup_eligible, backed_up, created_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
on conflict (tenant_id, credential_index) do nothing
"""

OF_USER: Final = """
select passkey_id, user_id, credential_sealed, key_sealed, name_sealed, sign_count, aaguid, transports, attested,
       backup_eligible, backed_up, created_at, last_used_at
from airside.passkey
where tenant_id = %s and user_id = %s
order by passkey_id
"""

BY_CREDENTIAL: Final = """
select p.passkey_id, p.user_id, p.credential_sealed, p.key_sealed, p.name_sealed, p.sign_count, p.aaguid, p.transports,
       p.attested, p.backup_eligible, p.backed_up, p.created_at, p.last_used_at
from airside.passkey p
join airside.user_account u on u.tenant_id = p.tenant_id and u.user_id = p.user_id and u.state = 'active'
where p.tenant_id = %s and p.credential_index = any(%s)
"""

USED: Final = """
update airside.passkey
set sign_count = %s, backed_up = %s, last_used_at = %s
where tenant_id = %s and passkey_id = %s and (sign_count < %s or (sign_count = 0 and %s = 0))
"""

RENAME: Final = """
update airside.passkey
set name_sealed = %s
where tenant_id = %s and user_id = %s and passkey_id = %s
"""

REMOVE: Final = """
delete from airside.passkey
where tenant_id = %s and user_id = %s and passkey_id = %s
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """A passkey with what only its verifying needs."""

    passkey: Passkey
    credential_id: bytes
    public_key: bytes
    sign_count: int


@dataclass(frozen=True, slots=True)
class _Row:
    passkey_id: UUID
    user_id: UUID
    credential_sealed: bytes
    key_sealed: bytes
    name_sealed: bytes
    sign_count: int
    aaguid: UUID
    transports: list[str]
    attested: bool
    backup_eligible: bool
    backed_up: bool
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Id:
    passkey_id: UUID


@dataclass(frozen=True, slots=True)
class _Challenge:
    challenge: bytes


@dataclass(frozen=True, slots=True)
class _Taken:
    user_id: UUID


@dataclass(frozen=True, slots=True)
class _Count:
    count: int


async def replace_challenge(
    ctx: RequestContext, purpose: Purpose, attempt_id: UUID, challenge: bytes, user_id: UUID | None = None
) -> None:
    expires = ctx.now + timedelta(seconds=TIMEOUT)
    await ctx.tx.run(REPLACE_CHALLENGE, (ctx.tenant_id, purpose, attempt_id, user_id, challenge, expires))


async def spend_challenge(
    ctx: RequestContext, purpose: Purpose, attempt_id: UUID, user_id: UUID | None = None
) -> bytes | None:
    """The open challenge, to exactly one caller; None where there is none, it ran out, or it is another user's."""
    row = await ctx.tx.one(_Challenge, SPEND_CHALLENGE, (ctx.tenant_id, purpose, attempt_id, user_id, ctx.now))
    return None if row is None else row.challenge


async def sweep_challenges(ctx: RequestContext) -> int:
    return await ctx.tx.run(SWEEP_CHALLENGES, (ctx.tenant_id, ctx.now))


async def take_user(ctx: RequestContext, user_id: UUID) -> bool:
    """True for an active user, whose passkeys nobody else adds to before this transaction ends."""
    return await ctx.tx.one(_Taken, TAKE_USER, (ctx.tenant_id, user_id)) is not None


async def count(ctx: RequestContext, user_id: UUID) -> int:
    row = await ctx.tx.one(_Count, COUNT, (ctx.tenant_id, user_id))
    return 0 if row is None else row.count


async def insert(
    ctx: RequestContext, keyset: Keyset, seals: Seals, passkey: Passkey, made: VerifiedRegistration
) -> bool:
    """False where the tenant has this credential already, whosever it is. `keyset`: by `Vault.indexing`."""
    index, *others = _indexes(keyset, made.credential_id)
    if others and await ctx.tx.one(_Id, ELSEWHERE, (ctx.tenant_id, others)) is not None:
        return False
    row = (
        *(ctx.tenant_id, passkey.id, passkey.user_id, index),
        seals.seal(_place("credential_sealed", passkey.id), made.credential_id),
        seals.seal(_place("key_sealed", passkey.id), passkey.user_id.bytes + made.public_key),
        seals.seal(_place("name_sealed", passkey.id), passkey.name.encode()),
        *(made.sign_count, passkey.aaguid, list(passkey.transports), passkey.attested),
        *(passkey.backup_eligible, passkey.backed_up, passkey.created_at),
    )
    return await ctx.tx.run(INSERT, row) == 1


async def of_user(ctx: RequestContext, seals: Seals, user_id: UUID) -> list[Stored]:
    """Oldest first."""
    rows = await ctx.tx.all(_Row, OF_USER, (ctx.tenant_id, user_id))
    return [_stored(seals, row) for row in rows]


async def of_user_beside(
    ctx: RequestContext, seals: Seals, user_id: UUID, first: Query[Row]
) -> tuple[list[Row], list[Passkey]]:
    """The rows of another query and the user's passkeys, oldest first, in one flush."""
    others, rows = await ctx.tx.two(first, (_Row, OF_USER, (ctx.tenant_id, user_id)))
    return others, [_stored(seals, row).passkey for row in rows]


async def by_credential(ctx: RequestContext, vault: Vault, credential_id: bytes) -> Stored | None:
    """None where no active user of the tenant has it."""
    keyset = await vault.keyset(ctx)
    row = await ctx.tx.one(_Row, BY_CREDENTIAL, (ctx.tenant_id, _indexes(keyset, credential_id)))
    return None if row is None else _stored(await vault.persons.seals(ctx, row.user_id), row)


async def used(ctx: RequestContext, passkey_id: UUID, verified: VerifiedAssertion) -> bool:
    """False where it was removed, or its counter has been raised past `verified` meanwhile."""
    risen = verified.sign_count
    params = (risen, verified.backed_up, ctx.now, ctx.tenant_id, passkey_id, risen, risen)
    return await ctx.tx.run(USED, params) == 1


async def rename(ctx: RequestContext, seals: Seals, user_id: UUID, passkey_id: UUID, name: str) -> bool:
    sealed = seals.seal(_place("name_sealed", passkey_id), name.encode())
    return await ctx.tx.run(RENAME, (sealed, ctx.tenant_id, user_id, passkey_id)) == 1


async def remove(ctx: RequestContext, user_id: UUID, passkey_id: UUID) -> bool:
    return await ctx.tx.run(REMOVE, (ctx.tenant_id, user_id, passkey_id)) == 1


def _indexes(keyset: Keyset, credential_id: bytes) -> list[bytes]:
    return keyset.blind_indexes("passkey", "credential_index", credential_id)


def _place(column: str, passkey_id: UUID) -> Place:
    return Place("passkey", column, passkey_id)


def _stored(seals: Seals, row: _Row) -> Stored:
    owner_and_key = seals.open(_place("key_sealed", row.passkey_id), row.key_sealed)
    if owner_and_key[:_OWNER] != row.user_id.bytes:
        raise Inconsistent("passkey in another user's name")
    passkey = Passkey(
        id=row.passkey_id,
        user_id=row.user_id,
        name=seals.open(_place("name_sealed", row.passkey_id), row.name_sealed).decode(),
        aaguid=row.aaguid,
        transports=tuple(row.transports),
        attested=row.attested,
        backup_eligible=row.backup_eligible,
        backed_up=row.backed_up,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
    )
    credential_id = seals.open(_place("credential_sealed", row.passkey_id), row.credential_sealed)
    return Stored(passkey, credential_id, owner_and_key[_OWNER:], row.sign_count)
