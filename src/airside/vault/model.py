"""The vault's values: the place a field stands in, a tenant's wrapped key, and the one refusal to open."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, NamedTuple
from uuid import UUID

from airside.core.errors import Inconsistent, Refusal, Unavailable

KEY_BYTES: Final = 32
"""Every key in the vault: AES-256, HMAC-SHA256 and HKDF-SHA256 all take 256 bits."""

Purpose = Literal["data", "index", "derive"]
State = Literal["coming", "active", "retired"]
"""A coming key opens and doesn't seal yet; an active one seals; a retired one opens what it sealed."""

PURPOSES: Final[tuple[Purpose, ...]] = ("data", "index", "derive")


class Unopenable(Refusal):
    """It doesn't open. Why (wrong key, wrong place, changed, cut short) is told to nobody."""

    code = "internal"

    def __init__(self) -> None:
        super().__init__("unopenable")


KEYLESS: Final = (Inconsistent, Unavailable, Unopenable)
"""How it is told that a tenant's keys can't be had: it has none any more, nobody unwraps them now, nobody ever will."""


class Place(NamedTuple):
    """Where a sealed field stands. What was sealed in one place opens in no other."""

    table: str
    column: str
    row_id: UUID


@dataclass(frozen=True, slots=True)
class TenantKey:
    """One of a tenant's keys, wrapped by the key encryption key `kek_id`."""

    key_id: UUID
    purpose: Purpose
    wrapped: bytes
    kek_id: str
    created_at: datetime
    state: State
    since: datetime
    resealed: bool = False
    seals: int = 0
    """How often it may have sealed, at most."""
