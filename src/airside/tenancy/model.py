"""What a tenant and a role are. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from airside.core.errors import InvalidInput
from airside.core.ids import INVITATION, ROLE, format_id, parse_id
from airside.tenancy.catalogue import PERMISSIONS

Role = Literal["administrator", "member"]
ROLES: Final[tuple[Role, ...]] = ("administrator", "member")
"""The roles that every tenant has. Nobody changes what they may."""

PLATFORM_SLUG: Final = "platform"
"""The reserved tenant whose members are the operators."""

MAX_NAME: Final = 200
MAX_ROLE_NAME: Final = 50
MAX_DESCRIPTION: Final = 500
MAX_ROLES: Final = 100
"""Roles that a tenant may have of its own."""
MAX_ROLES_OF_USER: Final = 20
"""Of them one user may have so many: each stands in every access token of theirs."""

MAX_OPEN_INVITATIONS: Final = 1_000
"""Invitations of a tenant that wait for an answer."""

TenantState = Literal["active", "suspended"]
InvitationState = Literal["open", "accepted", "revoked", "expired"]

_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ROLE_NAME: Final = re.compile(r"[a-z](?:[a-z0-9-]{0,48}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Draft:
    """What a new tenant is to be. Refuses what can't be one.

    Raises:
        InvalidInput: a slug that isn't 1 to 63 of `a-z 0-9 -` (no `-` at either end, not starting `xn--`), or a
            name that is empty, too long or carries control characters.
    """

    slug: str
    name: str

    def __post_init__(self) -> None:
        if not _SLUG.fullmatch(self.slug) or self.slug.startswith("xn--"):
            raise InvalidInput("a slug is 1 to 63 of a-z, 0-9 and '-', which can't stand at either end", pointer="slug")
        if not 0 < len(self.name.strip()) <= MAX_NAME or not self.name.isprintable():
            raise InvalidInput(f"a name is 1 to {MAX_NAME} printable characters", pointer="name")


@dataclass(frozen=True, slots=True)
class Tenant:
    """One isolated company."""

    tenant_id: UUID
    name: str
    state: TenantState
    system_store_id: str
    default_store_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RoleDraft:
    """What a new role of the tenant's own is to be. Refuses what can't be one.

    Raises:
        InvalidInput: a name that isn't 1 to `MAX_ROLE_NAME` of `a-z 0-9 -` (a letter first, no `-` at the end) or is
            that of a role which every tenant has; a description that is too long or carries control characters; a
            permission that isn't in the catalogue.
    """

    name: str
    description: str = ""
    permissions: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not _ROLE_NAME.fullmatch(self.name):
            raise InvalidInput(
                f"a role's name is 1 to {MAX_ROLE_NAME} of a-z, 0-9 and '-', a letter first", pointer="name"
            )
        if self.name in ROLES:
            raise InvalidInput("every tenant has a role of this name already", pointer="name")
        _check_description(self.description)
        _check_permissions(self.permissions)


@dataclass(frozen=True, slots=True)
class RoleChange:
    """What is to be different about a role; None for what stays. Its name stays always: tokens carry it.

    Raises:
        InvalidInput: nothing is to be different, or as `RoleDraft`.
    """

    description: str | None = None
    permissions: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if self.description is None and self.permissions is None:
            raise InvalidInput("description or permissions is needed")
        if self.description is not None:
            _check_description(self.description)
        if self.permissions is not None:
            _check_permissions(self.permissions)


@dataclass(frozen=True, slots=True)
class CustomRole:
    """A role of the tenant's own. Its id is never used again, so that nobody inherits from one that was deleted."""

    role_id: UUID
    name: str
    description: str
    permissions: frozenset[str]
    created_at: datetime
    updated_at: datetime

    @property
    def word(self) -> str:
        """The id as people and our permission engine see it."""
        return format_id(ROLE, self.role_id)


@dataclass(frozen=True, slots=True)
class Invitation:
    """That somebody was asked to join, by whom and as what.

    `roles` are words: those of `ROLES`, or ids of the tenant's own. `inviter` is a subject such as `user:usr_…`: what
    it may at the moment of acceptance is the most that the invitation gives.
    """

    invitation_id: UUID
    link_id: UUID
    email: str
    name: str
    roles: tuple[str, ...]
    inviter: str
    state: InvitationState
    accepted_by: UUID | None
    created_at: datetime
    expires_at: datetime

    @property
    def word(self) -> str:
        """The id as people see it."""
        return format_id(INVITATION, self.invitation_id)


def check_roles(words: tuple[str, ...]) -> None:
    """Return if `words` may be the roles of an invitation.

    Raises:
        InvalidInput: none, one twice, more than one user may have, or one that is neither in `ROLES` nor an id.
    """
    own = [word for word in words if word not in ROLES]
    if not words or len(set(words)) < len(words) or len(own) > MAX_ROLES_OF_USER:
        raise InvalidInput(f"1 to {MAX_ROLES_OF_USER} different roles", pointer="roles")
    for word in own:
        try:
            parse_id(ROLE, word)
        except InvalidInput:
            known = f"{', '.join(ROLES)}, or the id of a role of the tenant's own"
            raise InvalidInput(known, pointer="roles") from None


def _check_description(text: str) -> None:
    if len(text) > MAX_DESCRIPTION or (text and not text.isprintable()):
        raise InvalidInput(f"a description is up to {MAX_DESCRIPTION} printable characters", pointer="description")


def _check_permissions(names: frozenset[str]) -> None:
    if not names <= PERMISSIONS.keys():
        raise InvalidInput("there is no such permission", pointer="permissions")
