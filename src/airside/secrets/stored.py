"""The values of the secret store: a secret, its versions, and the lease of one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from airside.core.errors import InvalidInput
from airside.core.ids import format_id
from airside.core.secret import Secret

SecretState = Literal["active", "deleted", "destroyed"]

LEASE: Final = "lse"
MAX_SECRETS: Final = 1000
"""Secrets of one tenant."""
MAX_VALUE: Final = 32 * 1024
MAX_PATH: Final = 200
MAX_METADATA: Final = 2048
"""Bytes of names and values together."""
KEPT_VERSIONS: Final = 10
"""Older ones that nobody holds are destroyed as new ones are written."""
MAX_LEASES: Final = 1000
"""Leases of one secret."""
MAX_LEASE: Final = timedelta(days=1)
LEASE_ENDS: Final = timedelta(days=30)
"""However often a lease is renewed."""
MAX_ROTATION_DAYS: Final = 366
_PATH: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?(?:/[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?){0,7}")


@dataclass(frozen=True, slots=True)
class SecretVersion:
    """One version, without its value."""

    version: int
    state: SecretState
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """A secret without its values.

    Attributes:
        version: the youngest that was ever written.
        rotate_days: how often we put a random value in its place; None for never.
    """

    secret_id: UUID
    path: str
    version: int
    metadata: Mapping[str, str]
    rotate_days: int | None
    rotate_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds `version` until when. `current`: nothing younger has been written since."""

    lease_id: UUID
    version: int
    expires_at: datetime
    current: bool

    @property
    def word(self) -> str:
        """Its id as others know it."""
        return format_id(LEASE, self.lease_id)


@dataclass(frozen=True, slots=True)
class ReadSecret:
    """A value that was read, and the lease that was asked for with it."""

    version: int
    value: Secret[str]
    created_at: datetime
    lease: Lease | None


def checked_path(path: str) -> str:
    """`path`, if a secret may stand there.

    Raises:
        InvalidInput: it may not.
    """
    if len(path) > MAX_PATH or not _PATH.fullmatch(path):
        raise InvalidInput(
            "up to 8 parts of lower-case letters, digits and . _ - are expected, with / between", pointer="path"
        )
    return path


def beginnings(path: str) -> list[str]:
    """`path` and every path above it, the longest first."""
    parts = path.split("/")
    return ["/".join(parts[:length]) for length in range(len(parts), 0, -1)]
