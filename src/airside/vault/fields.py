"""What binds a sealed field to its place, and a derived key to its use."""

from functools import lru_cache
from typing import Final
from uuid import UUID

from airside.vault.envelope import encode
from airside.vault.model import Place, Purpose

_FIELD: Final = b"airside/field"
_TENANT_KEY: Final = b"airside/tenant-key"
_BLIND_INDEX: Final = b"airside/blind-index"
_DERIVED: Final = b"airside/derived"
_STREAM: Final = b"airside/stream"
_LOOSE_STREAM: Final = b"airside/loose-stream"


def field_context(tenant_id: UUID, place: Place) -> bytes:
    """Tenant, table, column and row, unambiguously."""
    return encode(_FIELD, tenant_id.bytes, place.table.encode(), place.column.encode(), place.row_id.bytes)


class FieldBindings(dict[tuple[str, str], bytes]):
    """As `envelope.associated` binds any row of a tenant's column, by table and column: what follows the key's id, up
    to the row's own 16 bytes."""

    def __init__(self, tenant_id: UUID) -> None:
        super().__init__()
        self._tenant_id = tenant_id

    def __missing__(self, column: tuple[str, str]) -> bytes:
        context = field_context(self._tenant_id, Place(*column, self._tenant_id))
        self[column] = encode(context)[: -len(self._tenant_id.bytes)]
        return self[column]


@lru_cache(maxsize=1024)
def field_bindings(tenant_id: UUID) -> FieldBindings:
    """Those of one tenant, remembered."""
    return FieldBindings(tenant_id)


def tenant_key_context(tenant_id: UUID, key_id: UUID, purpose: Purpose) -> bytes:
    """What a wrapped tenant key is bound to, so that rows of `tenant_key` can't trade places."""
    return encode(_TENANT_KEY, tenant_id.bytes, key_id.bytes, purpose.encode())


def blind_index_info(tenant_id: UUID, table: str, column: str) -> bytes:
    """HKDF info of the key that indexes one column."""
    return encode(_BLIND_INDEX, tenant_id.bytes, table.encode(), column.encode())


def derived_info(tenant_id: UUID, purpose: str) -> bytes:
    """HKDF info of a key that another room asked for by its purpose."""
    return encode(_DERIVED, tenant_id.bytes, purpose.encode())


def stream_info(tenant_id: UUID, place: Place) -> bytes:
    """HKDF info of the key of a stream that stands in `place` of a tenant."""
    return encode(_STREAM, tenant_id.bytes, place.table.encode(), place.column.encode(), place.row_id.bytes)


def loose_stream_info(place: Place) -> bytes:
    """HKDF info of the key of a stream that belongs to no tenant's keyset."""
    return encode(_LOOSE_STREAM, place.table.encode(), place.column.encode(), place.row_id.bytes)
