"""One line of a file of users: what an import takes and an export gives, as JSON (NDJSON, one user a line). Pure."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from airside.core import strict_json
from airside.core.errors import InvalidInput
from airside.identity import UserState
from airside.identity.foreign import read as read_hash
from airside.tenancy.model import MAX_ROLES_OF_USER, ROLES

MAX_LINES: Final = 1_000
"""Of one batch."""
MAX_LINE: Final = 8 * 1024
"""Bytes of one line."""
MAX_BATCH: Final = 4 * 1024 * 1024
"""Bytes of one batch."""
_MAX_ROLES: Final = len(ROLES) + MAX_ROLES_OF_USER


class UserLine(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A user as they stand in a file.

    Attributes:
        email: what they are found by.
        name: what they are called.
        email_verified: it was proven that the mailbox is theirs.
        state: whether they may sign in.
        password_hash: bcrypt, scrypt, PBKDF2 or Argon2, as `identity/foreign.py` says.
        roles: by name; those that every tenant has, and the tenant's own.
        id: whose line it was where it was exported; an import gives another.
        created_at: since when, where it was exported; an import says its own.
    """

    email: Annotated[str, Meta(max_length=254)]
    name: Annotated[str, Meta(max_length=200)] = ""
    email_verified: bool = False
    state: UserState = "active"
    password_hash: Annotated[str, Meta(max_length=512)] | None = None
    roles: Annotated[tuple[Annotated[str, Meta(max_length=50)], ...], Meta(max_length=_MAX_ROLES)] = ()
    id: Annotated[str, Meta(max_length=30)] | None = None
    created_at: datetime | None = None

    def __repr__(self) -> str:
        """Without the hash (N37)."""
        return f"UserLine(id={self.id!r})"


def read_line(line: bytes) -> UserLine:
    """The user that `line` spells.

    Raises:
        InvalidInput: no JSON object, an unknown field, a value out of range, or a hash that can't be taken over.
        TooLarge: over `MAX_LINE`.
    """
    value = strict_json.loads_object(line, max_bytes=MAX_LINE)
    try:
        user = msgspec.convert(value, UserLine)
    except msgspec.ValidationError as error:
        raise InvalidInput(str(error)) from None
    if len(set(user.roles) - set(ROLES)) > MAX_ROLES_OF_USER:
        raise InvalidInput("too many roles of one user", pointer="roles", max_roles=MAX_ROLES_OF_USER)
    if user.password_hash is not None:
        read_hash(user.password_hash)
    return user


def lines_of(body: bytes) -> list[bytes]:
    """The lines of a file; what ends the last one begins none."""
    return body.removesuffix(b"\n").split(b"\n") if body else []


def write_line(user: UserLine) -> bytes:
    """`user` as one line, with its end."""
    return msgspec.json.encode(user) + b"\n"
