"""What the blind indexes of this room are of: computed anew when the index key is rotated. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from airside.federation.records_identities import subject_value
from airside.federation.scim import indexes as scim
from airside.vault.indexes import Column, Values


def _subject(sealed: bytes, key: Sequence[Any]) -> list[bytes]:
    _identity_id, connection_id = key
    return [subject_value(connection_id, sealed)]


def _itself(sealed: bytes, _key: Sequence[Any]) -> list[bytes]:
    return [sealed]


VALUES: Final[Mapping[Column, Values]] = {
    ("external_identity", "subject_index"): _subject,
    ("federated_session", "foreign_index"): _itself,
    **scim.VALUES,
}
