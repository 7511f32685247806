"""The ciphertext format, version 1, AES-256-GCM (NIST SP 800-38D).

```
offset  bytes  what
0       1      version, 0x01
1       16     id of the key (a UUID)
17      12     nonce, random, 96 bits
29      n      ciphertext
29+n    16     tag
```

The associated data is `encode(version, key id, context)`: a ciphertext can't be moved to another version,
key or context. With random 96-bit nonces a key may seal 2^32 messages (SP 800-38D §8.3); then it is rotated.
"""

from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from airside.core.errors import TooLarge
from airside.vault.model import Unopenable

VERSION: Final = 1
NONCE_BYTES: Final = 12
MAX_PLAINTEXT: Final = 64 * 1024
"""Bytes in one sealed value: a field, not a file."""
_TAG_BYTES: Final = 16
_NONCE_AT: Final = 17
_BODY_AT: Final = _NONCE_AT + NONCE_BYTES
OVERHEAD: Final = _BODY_AT + _TAG_BYTES


def encode(*parts: bytes) -> bytes:
    """Parts joined so that no two lists of parts give the same bytes: each after its length in four bytes."""
    return b"".join(len(part).to_bytes(4) + part for part in parts)


def seal(cipher: AESGCM, key_id: UUID, *, nonce: bytes, plaintext: bytes, context: bytes) -> bytes:
    """`plaintext` in the format above.

    Raises:
        TooLarge: more than `MAX_PLAINTEXT` bytes.
    """
    if len(plaintext) > MAX_PLAINTEXT:
        raise TooLarge("value over the cap of a sealed field", max_bytes=MAX_PLAINTEXT)
    body = cipher.encrypt(nonce, plaintext, _associated(key_id, context))
    return header(key_id) + nonce + body


def header(key_id: UUID) -> bytes:
    """How everything begins that was sealed with that key."""
    return bytes([VERSION]) + key_id.bytes


def key_of(sealed: bytes) -> UUID:
    """The id of the key that `sealed` says it was sealed with; not yet proven.

    Raises:
        Unopenable: not in the format above, or over the cap.
    """
    if not OVERHEAD <= len(sealed) <= OVERHEAD + MAX_PLAINTEXT or sealed[0] != VERSION:
        raise Unopenable
    return UUID(bytes=sealed[1:_NONCE_AT])


def open(cipher: AESGCM, sealed: bytes, context: bytes) -> bytes:
    """What was sealed.

    Raises:
        Unopenable: another key, another context, or changed bytes.
    """
    key_id = key_of(sealed)
    try:
        return cipher.decrypt(sealed[_NONCE_AT:_BODY_AT], sealed[_BODY_AT:], _associated(key_id, context))
    except InvalidTag:
        raise Unopenable from None


def _associated(key_id: UUID, context: bytes) -> bytes:
    return encode(bytes([VERSION]), key_id.bytes, context)
