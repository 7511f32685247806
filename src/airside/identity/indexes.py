"""What the blind indexes of this room are of: computed anew when the index key is rotated. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from airside.core.ids import USER, format_id
from airside.identity.addresses import email_key
from airside.identity.email import domain_of
from airside.identity.profile import parted
from airside.vault.indexes import Column, Values


def _address(sealed: bytes, key: Sequence[Any]) -> list[bytes]:
    """The account's address, and what stands in its place where the address was released."""
    (user_id,) = key
    return [email_key(parted(sealed)[0]), released(user_id)]


def released(user_id: UUID) -> bytes:
    """What an account is found by whose address is free for another: nothing that anybody types."""
    return email_key(format_id(USER, user_id))


def _domain(sealed: bytes, _key: Sequence[Any]) -> list[bytes]:
    return [domain_of(parted(sealed)[0]).encode()]


def _itself(sealed: bytes, _key: Sequence[Any]) -> list[bytes]:
    return [sealed]


VALUES: Final[Mapping[Column, Values]] = {
    ("user_account", "email_index"): _address,
    ("user_account", "email_domain_index"): _domain,
    ("passkey", "credential_index"): _itself,
}
