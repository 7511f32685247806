"""What rows of `user_account` say of people: address and name, sealed as one value under the person's own key. In rows
from before they stand apart, and some of those under the tenant's key, until `Users.adopt` has sealed them anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.identity.model import User, UserState
from airside.identity.profile import joined, parted
from airside.store.context import RequestContext
from airside.vault import PersonKey, Place, Vault, open_own, open_personal

FORMER: Final = """
select user_id, profile_sealed, email_sealed, name_sealed
from airside.user_account
where tenant_id = %s and user_id = any(%s)
"""

_PROFILE: Final = ("user_account", "profile_sealed")


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user as their row has them; without a profile, it is from before."""

    user_id: UUID
    profile_sealed: bytes | None
    state: UserState
    created_at: datetime
    email_verified_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeyedRow(UserRow):
    """The same, with their wrapped key, if they have one."""

    wrapped: bytes | None


@dataclass(frozen=True, slots=True)
class _Former:
    user_id: UUID
    profile_sealed: bytes | None
    email_sealed: bytes | None
    name_sealed: bytes | None


def seal(person: PersonKey, user: User) -> bytes:
    """The address and the name of `user`, as their row has them."""
    return person.seal(Place(*_PROFILE, user.id), joined(user.email, user.name))


async def several(ctx: RequestContext, vault: Vault, rows: Sequence[UserRow]) -> list[User]:
    """Those of `rows`, in their order. One query, where some of their keys aren't in memory.

    Raises:
        Unopenable: one doesn't open, or its person's key is gone.
    """
    keys = await vault.persons.each(ctx, [row.user_id for row in rows])
    return await _opened(ctx, vault, rows, keys)


async def one(ctx: RequestContext, vault: Vault, row: KeyedRow | None) -> User | None:
    """That of `row`, by the key that came with it. Raises: as `several`."""
    if row is None:
        return None
    key = vault.persons.unwrapped(ctx, await vault.keyset(ctx), row.user_id, row.wrapped)
    return next(iter(await _opened(ctx, vault, [row], [key])), None)


async def _opened(
    ctx: RequestContext, vault: Vault, rows: Sequence[UserRow], keys: Sequence[PersonKey | None]
) -> list[User]:
    sealed = [row.profile_sealed for row in rows if row.profile_sealed is not None]
    if len(sealed) < len(rows):
        return await _among_former(ctx, vault, rows, keys)
    return _users(rows, open_own(_PROFILE, keys, sealed))


async def _among_former(
    ctx: RequestContext, vault: Vault, rows: Sequence[UserRow], keys: Sequence[PersonKey | None]
) -> list[User]:
    profiles = await _former(ctx, vault, [row.user_id for row in rows if row.profile_sealed is None])
    for row, key in zip(rows, keys, strict=True):
        if row.profile_sealed is not None:
            profiles[row.user_id] = open_own(_PROFILE, [key], [row.profile_sealed])[0]
    there = [row for row in rows if row.user_id in profiles]  # the others have been erased meanwhile
    return _users(there, [profiles[row.user_id] for row in there])


async def _former(ctx: RequestContext, vault: Vault, user_ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """What rows from before say, which may have been sealed anew meanwhile."""
    keyset, said = await vault.keyset(ctx), dict[UUID, bytes]()
    rows = await ctx.tx.all(_Former, FORMER, (ctx.tenant_id, list(user_ids)))
    for row, key in zip(rows, await vault.persons.each(ctx, [row.user_id for row in rows]), strict=True):
        if row.profile_sealed is not None:
            said[row.user_id] = open_own(_PROFILE, [key], [row.profile_sealed])[0]
        elif row.email_sealed is not None and row.name_sealed is not None:
            email = open_personal(keyset, key, Place("user_account", "email_sealed", row.user_id), row.email_sealed)
            name = open_personal(keyset, key, Place("user_account", "name_sealed", row.user_id), row.name_sealed)
            said[row.user_id] = joined(email.decode(), name.decode())
    return said


def _users(rows: Sequence[UserRow], profiles: Sequence[bytes]) -> list[User]:
    users: list[User] = []
    for row, profile in zip(rows, profiles, strict=True):
        email, name = parted(profile)
        users.append(User(row.user_id, email, name, row.state, row.created_at, row.email_verified_at is not None))
    return users
