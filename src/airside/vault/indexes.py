"""The one catalogue of blind indexes: how many bits each column keeps of its keyed hash, and why.

Equal values always give equal indexes. The more bits, the surer that equal indexes mean equal values, and the more a
stolen table tells: how many rows share a value. `tests/house/test_columns.py` compares this with the catalogue of what
stands in clear.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

FULL: Final = 128
"""Bits of an index that stands for its value: two values never share one by chance."""


@dataclass(frozen=True, slots=True)
class Strength:
    """How many bits are kept, a multiple of 8 from 8 to `FULL`."""

    bits: int
    why: str


_ONE: Final = Strength(FULL, "unique in its scope: a chance match would be somebody else's row")
_SAME: Final = Strength(FULL, "looked up by equality, and what is found isn't opened to compare")
_COUNTED: Final = Strength(FULL, "counted by equality: a chance match would spend somebody else's limit")
_GROUP: Final = Strength(
    16, "many rows share a value: what is found is opened and compared, and the index alone doesn't count a company"
)

STRENGTHS: Final[Mapping[tuple[str, str], Strength]] = {
    ("user_account", "email_index"): _ONE,
    ("user_account", "email_domain_index"): _GROUP,
    ("invitation", "email_index"): _SAME,
    ("limit_state", "key_hash"): _COUNTED,
    ("recovery_code", "code_hash"): _ONE,
    ("passkey", "credential_index"): _ONE,
    ("device_authorization", "user_code_hash"): _ONE,
    ("external_identity", "subject_index"): _ONE,
    ("federated_session", "foreign_index"): _SAME,
    ("scim_user", "user_name_index"): _ONE,
    ("scim_user", "external_id_index"): _SAME,
    ("scim_email", "email_index"): _SAME,
    ("scim_group", "name_index"): _SAME,
    ("scim_group", "external_id_index"): _SAME,
}


def kept_bytes(table: str, column: str) -> int:
    """Bytes of the index of that name. What isn't cut short by the catalogue keeps `FULL` bits."""
    strength = STRENGTHS.get((table, column))
    return (FULL if strength is None else strength.bits) // 8
