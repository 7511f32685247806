"""A backup's values: its name, its manifest, and the sections that its data is made of. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol, TypeVar
from uuid import UUID

import msgspec

from airside.core.errors import InvalidInput, Refusal
from airside.core.strict_json import Json, dumps, loads_object

FORMAT: Final = 1
KEY_TABLES: Final = ("tenant_key", "person_key")
"""Tables of wrapped keys: never in a backup's data, always in the one archive of keys beside the backups."""
MAX_MANIFEST: Final = 64 * 1024 * 1024
_NAME: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{32}", re.ASCII)

_OTHER_VERSION: Final = "not a manifest of this version"

Progress = Callable[[int, int], None]
"""Called with how many more rows and bytes of plaintext were carried."""


class Damaged(Refusal):
    """A backup that isn't what was written: cut short, changed, of another key, or never one of ours."""

    code = "conflict"


@dataclass(frozen=True, slots=True)
class Name:
    """`20261129T042000Z-<32 hex>`: nothing in it leads anywhere (N41)."""

    text: str

    def __post_init__(self) -> None:
        """Raises: InvalidInput: any other text."""
        if not _NAME.fullmatch(self.text):
            raise InvalidInput("no backup has such a name: `airside backup list` shows them")

    @classmethod
    def new(cls, at: datetime, backup_id: UUID) -> "Name":
        """The name of a backup begun at that moment (UTC)."""
        return cls(f"{at:%Y%m%dT%H%M%SZ}-{backup_id.hex}")

    @property
    def at(self) -> datetime:
        """When it was begun (UTC)."""
        return datetime.strptime(self.text[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)

    @property
    def backup_id(self) -> UUID:
        """What its ciphers are bound to."""
        return UUID(hex=self.text[-32:])


class _Versioned(Protocol):
    @property
    def format(self) -> int: ...


T = TypeVar("T", bound=_Versioned)


def read_manifest(data: bytes, kind: type[T], version: int, max_bytes: int) -> T:
    """The manifest in canonical JSON. Raises: Damaged: nothing of that kind and version."""
    try:
        manifest = msgspec.convert(loads_object(data, max_bytes=max_bytes), kind)
    except (Refusal, ValueError):
        raise Damaged(_OTHER_VERSION) from None
    if manifest.format != version:
        raise Damaged(_OTHER_VERSION)
    return manifest


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a backup is, sealed beside its data. A backup without one isn't there."""

    format: int
    name: str
    at: datetime
    schema: int
    kek_id: str
    size: int
    sha256: str
    rows: dict[str, int]
    tenants: list[UUID]
    heads: dict[str, str]
    """Tenant (hexadecimal) → its last signed audit head, which a restored log is held against."""

    def write(self) -> bytes:
        """Canonical JSON."""
        fields: dict[str, Json] = msgspec.to_builtins(self)
        return dumps(fields)

    @classmethod
    def read(cls, data: bytes) -> "Manifest":
        """What `write` wrote.

        Raises:
            Damaged: anything else.
        """
        return read_manifest(data, cls, FORMAT, MAX_MANIFEST)

    def __post_init__(self) -> None:
        """Raises: InvalidInput: no name of a backup."""
        Name(self.name)


class Begin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A section begins: rows of one table, of one tenant where the table is the tenants'."""

    tenant: UUID | None
    table: str
    columns: list[str]


class End(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A section ends: so many rows, and the digest of their bytes."""

    rows: int
    sha256: str


Event = Begin | bytes | End
"""Bytes: rows as COPY writes them, in pieces that end where a row ends."""
