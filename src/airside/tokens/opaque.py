"""Opaque access tokens: how they look and how they are stored."""

import hashlib
import re
from typing import Final
from uuid import UUID

from airside.core.entropy import Entropy, token
from airside.core.errors import InvalidInput
from airside.core.ids import TENANT, format_id, parse_id
from airside.protocols.jose import Reason, TokenRefused

PREFIX: Final = "aat_"  # so that a scanner recognises one
_SHAPE: Final = re.compile(r"aat_(?P<tenant>[0-9a-hjkmnp-tv-z]{26})_[A-Za-z0-9_-]{43}")
_HASH_LABEL: Final = b"airside/opaque-token\x00"


def new_opaque(tenant_id: UUID, entropy: Entropy) -> str:
    """256 random bits, and whose they are: one that comes alone still leads to its tenant."""
    return f"{PREFIX}{format_id(TENANT, tenant_id).removeprefix(TENANT + '_')}_{token(entropy)}"


def is_opaque(presented: str) -> bool:
    """Whether it says of itself that it is one; signed tokens never do."""
    return presented.startswith(PREFIX)


def opaque_hash(tenant_id: UUID, presented: str) -> bytes:
    """What is stored of a token: SHA-256 of tenant and spelling, so it is found in no other tenant and no other
    spelling (N38).

    Raises:
        TokenRefused: it doesn't look like one of ours.
    """
    if not _SHAPE.fullmatch(presented):
        raise TokenRefused(Reason.MALFORMED)
    return hashlib.sha256(_HASH_LABEL + tenant_id.bytes + presented.encode("ascii")).digest()


def opaque_tenant(presented: str) -> UUID:
    """The tenant that it says it is of. *Nobody has looked it up*.

    Raises:
        TokenRefused: it doesn't look like one of ours.
    """
    match = _SHAPE.fullmatch(presented)
    try:
        return parse_id(TENANT, f"{TENANT}_{match['tenant']}" if match is not None else "")
    except InvalidInput:
        raise TokenRefused(Reason.MALFORMED) from None
