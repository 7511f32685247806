"""What the blind index of an invitation is of. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from airside.identity.addresses import email_key
from airside.vault.indexes import Column, Values


def _address(sealed: bytes, _key: Sequence[Any]) -> list[bytes]:
    return [email_key(sealed.decode())]


VALUES: Final[Mapping[Column, Values]] = {("invitation", "email_index"): _address}
