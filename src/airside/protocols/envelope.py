"""`airside:v1:…`: what an application's vault seals, as text. The format stands in `docs/operations/vault-format.md`.

After the prefix stand bytes in unpadded base64url, of which there is one spelling. The first byte is the kind.

```
kind 1  value sealed by a named key      version (4)  salt (16)  nonce (12)  ciphertext and tag
kind 2  data key sealed by a named key   as kind 1
kind 3  value sealed by a data key       length of what follows (2)  the data key, as kind 2 without its first byte
                                         nonce (12)  ciphertext and tag
kind 4  token of a field                 version (4)  SIV and ciphertext
```

Numbers are unsigned and big-endian. A named key never seals by itself: each salt gives a key of its own
(HKDF-SHA256, RFC 5869), under which few values are sealed with random nonces (NIST SP 800-38D §8.3).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from airside.core.errors import InvalidInput, TooLarge
from airside.protocols.jose import TokenRefused, b64url_decode, b64url_encode

PREFIX: Final = "airside:v1:"
MAX_PLAINTEXT: Final = 32 * 1024
"""Bytes of one sealed value: a field, not a file."""
MAX_CONTEXT: Final = 1024
"""Bytes of a context, as encoded."""
MAX_ENTRIES: Final = 16
DATA_KEY_BYTES: Final = 32
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_SIV_BYTES: Final = 16
_WRAPPED_BYTES: Final = 4 + SALT_BYTES + NONCE_BYTES + DATA_KEY_BYTES + _TAG_BYTES
MAX_BYTES: Final = 1 + 2 + _WRAPPED_BYTES + NONCE_BYTES + MAX_PLAINTEXT + _TAG_BYTES
MAX_TEXT: Final = len(PREFIX) + (MAX_BYTES * 4 + 2) // 3
_APPLICATION: Final = b"airside/application"

Kind = Literal[1, 2, 4]
VALUE: Final[Kind] = 1
DATA_KEY: Final[Kind] = 2
LOCAL: Final = 3
TOKEN: Final[Kind] = 4


class Unreadable(InvalidInput):
    """It doesn't open. Why (another key, context, tenant or kind, changed, cut short) is told to nobody."""

    def __init__(self) -> None:
        super().__init__("it doesn't open with this key and context")


@dataclass(frozen=True, slots=True)
class Sealed:
    """A value or data key, sealed by version `version` of a named key."""

    kind: Kind
    version: int
    salt: bytes
    nonce: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Local:
    """A value sealed by a data key that is wrapped beside it."""

    wrapped: Sealed
    nonce: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Token:
    """What stands for a value of a field: equal for equal values."""

    version: int
    body: bytes


def encode(*parts: bytes) -> bytes:
    """Parts joined so that no two lists of parts give the same bytes: each after its length in four bytes."""
    return b"".join([len(part).to_bytes(4) + part for part in parts])


def context_bytes(context: Mapping[str, str]) -> bytes:
    """What a sealed value is bound to, as bytes: names and values in the order of the names' UTF-8.

    Raises:
        InvalidInput: over `MAX_ENTRIES` or `MAX_CONTEXT`, or a lone surrogate.
    """
    if len(context) > MAX_ENTRIES:
        raise InvalidInput(f"a context has at most {MAX_ENTRIES} entries", pointer="context")
    try:
        pairs = sorted((name.encode(), value.encode()) for name, value in context.items())
    except UnicodeEncodeError:
        raise InvalidInput("lone surrogate in a context", pointer="context") from None
    joined = encode(*(part for pair in pairs for part in pair))
    if len(joined) > MAX_CONTEXT:
        raise InvalidInput(f"a context has at most {MAX_CONTEXT} bytes", pointer="context")
    return joined


def associated(kind: Kind, tenant_id: UUID, key_id: UUID, version: int, salt: bytes, context: bytes) -> bytes:
    """What a named key binds its ciphertext to. `context` is a field's name where the kind is a token."""
    return encode(_APPLICATION, bytes([kind]), tenant_id.bytes, key_id.bytes, version.to_bytes(4), salt, context)


def to_text(value: Sealed | Local | Token) -> str:
    """One value has one spelling."""
    match value:
        case Sealed():
            data = bytes([value.kind]) + _sealed_bytes(value)
        case Local():
            wrapped = _sealed_bytes(value.wrapped)
            data = bytes([LOCAL]) + len(wrapped).to_bytes(2) + wrapped + value.nonce + value.body
        case Token():
            data = bytes([TOKEN]) + value.version.to_bytes(4) + value.body
    return PREFIX + b64url_encode(data)


def from_text(text: str) -> Sealed | Local | Token:
    """What `text` spells; nothing of it is proven yet.

    Raises:
        Unreadable: not in the format, or over its cap.
    """
    if not text.startswith(PREFIX) or len(text) > MAX_TEXT:
        raise Unreadable
    try:
        data = b64url_decode(text[len(PREFIX) :])
    except TokenRefused:
        raise Unreadable from None
    kind = data[0] if data else 0
    if kind == TOKEN and len(data) >= 1 + 4 + _SIV_BYTES:
        return Token(int.from_bytes(data[1:5]), data[5:])
    if kind == VALUE:
        return _sealed(VALUE, data[1:])
    if kind == DATA_KEY and len(data) == 1 + _WRAPPED_BYTES:
        return _sealed(DATA_KEY, data[1:])
    if kind == LOCAL and int.from_bytes(data[1:3]) == _WRAPPED_BYTES:
        wrapped, rest = data[3 : 3 + _WRAPPED_BYTES], data[3 + _WRAPPED_BYTES :]
        if len(rest) >= NONCE_BYTES + _TAG_BYTES:
            return Local(_sealed(DATA_KEY, wrapped), rest[:NONCE_BYTES], rest[NONCE_BYTES:])
    raise Unreadable


def seal_local(data_key: bytes, wrapped: Sealed, *, nonce: bytes, plaintext: bytes, context: Mapping[str, str]) -> str:
    """`plaintext` sealed where it is, by a data key; `wrapped` is that key as the server gave it.

    Raises:
        TooLarge: more than `MAX_PLAINTEXT` bytes.
        InvalidInput: a context over its cap.
    """
    if len(plaintext) > MAX_PLAINTEXT:
        raise TooLarge("value over the cap of a sealed field", max_bytes=MAX_PLAINTEXT)
    body = AESGCM(data_key).encrypt(nonce, plaintext, _local(context))
    return to_text(Local(wrapped, nonce, body))


def open_local(data_key: bytes, local: Local, context: Mapping[str, str]) -> bytes:
    """What was sealed.

    Raises:
        Unreadable: another data key or context, or changed bytes.
        InvalidInput: a context over its cap.
    """
    associated_data = _local(context)
    try:
        return AESGCM(data_key).decrypt(local.nonce, local.body, associated_data)
    except InvalidTag:
        raise Unreadable from None


def _local(context: Mapping[str, str]) -> bytes:
    return encode(_APPLICATION, bytes([LOCAL]), context_bytes(context))


def _sealed_bytes(value: Sealed) -> bytes:
    return value.version.to_bytes(4) + value.salt + value.nonce + value.body


def _sealed(kind: Kind, data: bytes) -> Sealed:
    at_nonce = 4 + SALT_BYTES
    at_body = at_nonce + NONCE_BYTES
    if len(data) < at_body + _TAG_BYTES:
        raise Unreadable
    return Sealed(kind, int.from_bytes(data[:4]), data[4:at_nonce], data[at_nonce:at_body], data[at_body:])
