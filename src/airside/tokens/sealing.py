"""Opaque refresh tokens: how they look, how they are stored, and how a successor is kept for a retry."""

import hashlib
import re
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from airside.core.entropy import Entropy, token
from airside.core.errors import Inconsistent
from airside.tokens.model import RefreshUnknown

PREFIX: Final = "art_"  # so that a scanner recognises one
_SHAPE: Final = re.compile(r"art_[A-Za-z0-9_-]{43}")
_NONCE: Final = 12
_HASH_LABEL: Final = b"airside/refresh-token\x00"
_SEAL_LABEL: Final = b"airside/refresh-successor\x00"


def new_token(entropy: Entropy) -> str:
    """256 random bits."""
    return PREFIX + token(entropy)


def token_hash(tenant_id: UUID, presented: str) -> bytes:
    """What is stored of a token: SHA-256 of tenant and spelling, so it is found in no other tenant and no other
    spelling (N38).

    Raises:
        RefreshUnknown: it doesn't look like one of ours.
    """
    if not _SHAPE.fullmatch(presented):
        raise RefreshUnknown("malformed")
    return hashlib.sha256(_HASH_LABEL + tenant_id.bytes + presented.encode("ascii")).digest()


def seal_successor(tenant_id: UUID, spent: str, successor: str, entropy: Entropy) -> bytes:
    """`successor` sealed under a key that only `spent` gives: the database holds neither."""
    nonce = entropy.bytes(_NONCE)
    return nonce + _cipher(tenant_id, spent).encrypt(nonce, successor.encode("ascii"), tenant_id.bytes)


def open_successor(tenant_id: UUID, spent: str, sealed: bytes) -> str:
    """The successor that `seal_successor` sealed.

    Raises:
        Inconsistent: it was sealed under another token, or changed.
    """
    try:
        nonce, body = sealed[:_NONCE], sealed[_NONCE:]
        return _cipher(tenant_id, spent).decrypt(nonce, body, tenant_id.bytes).decode("ascii")
    except (InvalidTag, ValueError):
        raise Inconsistent("sealed successor doesn't open") from None


def _cipher(tenant_id: UUID, spent: str) -> AESGCM:
    key = HKDF(hashes.SHA256(), 32, tenant_id.bytes, _SEAL_LABEL).derive(spent.encode("ascii"))
    return AESGCM(key)
