"""What rows of `user_account` say of people: address and name, sealed as one value under the person's own key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.identity.model import User, UserState
from airside.identity.profile import joined, parted
from airside.store.context import RequestContext
from airside.vault import PersonKey, Place, Vault, open_own

_PROFILE: Final = ("user_account", "profile_sealed")


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user as their row has them."""

    user_id: UUID
    profile_sealed: bytes
    state: UserState
    created_at: datetime
    email_verified_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeyedRow(UserRow):
    """The same, with their wrapped key, if they have one."""

    wrapped: bytes | None


def seal(person: PersonKey, user: User) -> bytes:
    """The address and the name of `user`, as their row has them."""
    return person.seal(Place(*_PROFILE, user.id), joined(user.email, user.name))


async def several(ctx: RequestContext, vault: Vault, rows: Sequence[UserRow]) -> list[User]:
    """Those of `rows`, in their order. One query, where some of their keys aren't in memory.

    Raises:
        Unopenable: one doesn't open, or its person's key is gone.
    """
    return _opened(rows, await vault.persons.each(ctx, [row.user_id for row in rows]))


async def one(ctx: RequestContext, vault: Vault, row: KeyedRow | None) -> User | None:
    """That of `row`, by the key that came with it. Raises: as `several`."""
    if row is None:
        return None
    key = vault.persons.unwrapped(ctx, await vault.keyset(ctx), row.user_id, row.wrapped)
    return _opened([row], [key])[0]


def _opened(rows: Sequence[UserRow], keys: Sequence[PersonKey | None]) -> list[User]:
    users: list[User] = []
    for row, profile in zip(rows, open_own(_PROFILE, keys, [row.profile_sealed for row in rows]), strict=True):
        email, name = parted(profile)
        users.append(User(row.user_id, email, name, row.state, row.created_at, row.email_verified_at is not None))
    return users
