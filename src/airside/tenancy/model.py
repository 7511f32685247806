"""What a tenant and a role are. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from airside.core.errors import InvalidInput

Role = Literal["administrator", "member"]
ROLES: Final[tuple[Role, ...]] = ("administrator", "member")

PLATFORM_SLUG: Final = "platform"
"""The reserved tenant whose members are the operators."""

MAX_NAME: Final = 200
_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")

SYSTEM_MODEL: Final = """model
  schema 1.1

type user

type client

type operator

type tenant
  relations
    define administrator: [user, operator]
    define member: [user] or administrator
    define can_read_users: [client] or administrator
    define can_write_users: [client] or administrator
    define can_read_members: [client] or administrator
    define can_write_members: [client] or administrator
    define can_read_sessions: [client] or administrator
    define can_end_sessions: [client] or administrator
    define can_read_clients: [client] or administrator
    define can_write_clients: [client] or administrator
    define can_read_permissions: [client] or administrator
    define can_write_permissions: [client] or administrator
    define can_check_permissions: [client] or administrator
    define can_read_revocations: [client] or administrator
    define can_read_audit: [client] or administrator
    define can_read_tenants: [client] or administrator
    define can_write_tenants: [client] or administrator
"""
"""Who may manage a tenant, in the language of our own engine. The last two matter in the reserved tenant only."""


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
    state: Literal["active", "suspended"]
    system_store_id: str
    default_store_id: str
    created_at: datetime
