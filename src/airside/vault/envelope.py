"""The ciphertext format, versions 1 and 2, AES-256-GCM (NIST SP 800-38D).

```
offset  bytes  what
0       1      version: 0x01 sealed with a key of the tenant, 0x02 with one person's own
1       16     id of the key (a UUID); of a person's key, the person's
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
PERSONAL: Final = 2
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


def seal(
    cipher: AESGCM, key_id: UUID, *, nonce: bytes, plaintext: bytes, context: bytes, version: int = VERSION
) -> bytes:
    """`plaintext` in the format above.

    Raises:
        TooLarge: more than `MAX_PLAINTEXT` bytes.
    """
    if len(plaintext) > MAX_PLAINTEXT:
        raise TooLarge("value over the cap of a sealed field", max_bytes=MAX_PLAINTEXT)
    body = cipher.encrypt(nonce, plaintext, associated(version, key_id, context))
    return header(key_id, version) + nonce + body


def header(key_id: UUID, version: int = VERSION) -> bytes:
    """How everything begins that was sealed with that key."""
    return bytes([version]) + key_id.bytes


def key_of(sealed: bytes, version: int = VERSION) -> UUID:
    """The id of the key that `sealed` says it was sealed with; not yet proven.

    Raises:
        Unopenable: not in the format above, or over the cap.
    """
    if not OVERHEAD <= len(sealed) <= OVERHEAD + MAX_PLAINTEXT or sealed[0] != version:
        raise Unopenable
    return UUID(bytes=sealed[1:_NONCE_AT])


def open(cipher: AESGCM, sealed: bytes, context: bytes, version: int = VERSION) -> bytes:
    """What was sealed.

    Raises:
        Unopenable: another key, another context, or changed bytes.
    """
    key_id = key_of(sealed, version)
    try:
        return cipher.decrypt(sealed[_NONCE_AT:_BODY_AT], sealed[_BODY_AT:], associated(version, key_id, context))
    except InvalidTag:
        raise Unopenable from None


def associated(version: int, key_id: UUID, context: bytes) -> bytes:
    """What a ciphertext is bound to: version, key and context."""
    return encode(bytes([version]), key_id.bytes, context)


def binding(header: bytes) -> bytes:
    """How `associated` begins for whatever has that header: version and key."""
    return encode(header[:1], header[1:])
