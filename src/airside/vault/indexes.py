"""The one catalogue of blind indexes: how many bits each column keeps of its keyed hash, and what it is computed from
when the key is rotated.

Equal values always give equal indexes. The more bits, the surer that equal indexes mean equal values, and the more a
stolen table tells: how many rows share a value. A keyset indexes for no column that isn't here, the rotation begins
with none whose room doesn't say how to compute it anew, and `tests/house/test_columns.py` compares this with the
catalogue of what stands in clear: an index can't be forgotten.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

FULL: Final = 128
"""Bits of an index that stands for its value: two values never share one by chance."""

Column: TypeAlias = tuple[str, str]
"""A table, and a column of it."""
Values: TypeAlias = Callable[[bytes, Sequence[Any]], Sequence[bytes]]
"""From what was sealed, and from the row's key: the values that the row's index may be of. As a rule one."""


@dataclass(frozen=True, slots=True)
class Strength:
    """How many bits are kept, a multiple of 8 from 8 to `FULL`."""

    bits: int
    why: str


@dataclass(frozen=True, slots=True)
class Index:
    """One column of blind indexes.

    Args:
        source: the sealed column that it is computed from, of the same table or of another.
        key: columns beside `tenant_id` that name one row, one to three, in the order of the primary key. The source's
            are among them, and what else its room needs to compute it.
        named: what its key is derived for, where that isn't the column itself.
    """

    strength: Strength
    source: Column
    key: tuple[str, ...]
    named: Column | None = None


_ONE: Final = Strength(FULL, "unique in its scope: a chance match would be somebody else's row")
_SAME: Final = Strength(FULL, "looked up by equality, and what is found isn't opened to compare")
_GROUP: Final = Strength(
    16, "many rows share a value: what is found is opened and compared, and the index alone doesn't count a company"
)
_PROFILE: Final = ("user_account", "profile_sealed")
_SCIM_USER: Final = ("scim_user", "content_sealed")
_SCIM_GROUP: Final = ("scim_group", "content_sealed")

INDEXES: Final[Mapping[Column, Index]] = {
    ("user_account", "email_index"): Index(_ONE, _PROFILE, ("user_id",), ("user_account", "email")),
    ("user_account", "email_domain_index"): Index(_GROUP, _PROFILE, ("user_id",)),
    ("invitation", "email_index"): Index(
        _SAME, ("invitation", "email_sealed"), ("invitation_id",), ("user_account", "email")
    ),
    ("passkey", "credential_index"): Index(
        _ONE, ("passkey", "credential_sealed"), ("passkey_id",), ("passkey", "credential")
    ),
    ("external_identity", "subject_index"): Index(
        _ONE, ("external_identity", "subject_sealed"), ("identity_id", "connection_id")
    ),
    ("federated_session", "foreign_index"): Index(
        _SAME, ("federated_session", "foreign_sealed"), ("session_id", "identity_id")
    ),
    ("scim_user", "user_name_index"): Index(_ONE, _SCIM_USER, ("connection_id", "user_id"), ("scim_user", "userName")),
    ("scim_user", "external_id_index"): Index(
        _SAME, _SCIM_USER, ("connection_id", "user_id"), ("scim_user", "externalId")
    ),
    ("scim_email", "email_index"): Index(
        _SAME, _SCIM_USER, ("connection_id", "email_index", "user_id"), ("scim_user", "emails.value")
    ),
    ("scim_group", "name_index"): Index(
        _SAME, _SCIM_GROUP, ("connection_id", "group_id"), ("scim_group", "displayName")
    ),
    ("scim_group", "external_id_index"): Index(
        _SAME, _SCIM_GROUP, ("connection_id", "group_id"), ("scim_group", "externalId")
    ),
}
"""Those that are computed anew when the index key is rotated."""

LASTING: Final[Mapping[Column, Strength]] = {("recovery_code", "code_hash"): _ONE}
"""Those that can't be, since nobody knows the value: a former index key is kept for as long as there are any."""

STRENGTHS: Final[Mapping[Column, Strength]] = {place: index.strength for place, index in INDEXES.items()} | dict(
    LASTING
)


def kept_bytes(table: str, column: str) -> int:
    """Bytes of the index of that name. Raises: KeyError: no index of the catalogue."""
    return STRENGTHS[table, column].bits // 8


def named(table: str, column: str) -> Column:
    """What the key of that column is derived for."""
    index = INDEXES.get((table, column))
    return (table, column) if index is None or index.named is None else index.named
