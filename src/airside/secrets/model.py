"""The values of the application's vault: a named key, its versions, and what may be said of them."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from airside.core.errors import InvalidInput

Purpose = Literal["seal", "token"]
"""A `seal` key seals values and data keys, a `token` key makes tokens: one never does the other's work."""
VersionState = Literal["active", "retired", "destroyed"]

PURPOSES: Final[tuple[Purpose, ...]] = ("seal", "token")
MAX_KEYS: Final = 200
"""Named keys of one tenant."""
MAX_VERSIONS: Final = 500
"""Versions of one key, destroyed ones too."""
MAX_BATCH: Final = 100
"""Values of one request."""
MAX_NAME: Final = 64
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class KeyVersion:
    """One version of a named key, without its material."""

    version: int
    state: VersionState
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AppKey:
    """A named key of an application.

    Attributes:
        name: as requests spell it; never given to another key, not even when this one is destroyed.
        purpose: what it does.
        versions: oldest first. The active one seals; retired ones open; destroyed ones are gone for good.
    """

    key_id: UUID
    name: str
    purpose: Purpose
    created_at: datetime
    versions: tuple[KeyVersion, ...]

    @property
    def active(self) -> int | None:
        """The version that seals; none once the key is destroyed."""
        return next((each.version for each in self.versions if each.state == "active"), None)


def checked_name(name: str) -> str:
    """`name`, if a key may go by it.

    Raises:
        InvalidInput: it may not.
    """
    if not _NAME.fullmatch(name):
        raise InvalidInput("lower-case letters, digits and . _ - are expected, 64 at most", pointer="name")
    return name


def is_name(name: str) -> bool:
    """Whether a key could go by `name`."""
    return _NAME.fullmatch(name) is not None
