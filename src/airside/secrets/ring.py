"""A named key in memory: seals and opens values and data keys, makes tokens of fields and reads them. Pure."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from airside.core.entropy import Entropy
from airside.core.errors import NotFound, TooLarge
from airside.core.secret import Secret
from airside.protocols import envelope
from airside.protocols.envelope import Kind, Local, Sealed, Token, Unreadable
from airside.secrets.model import Purpose

KEY_BYTES: Final = 32
SIV_KEY_BYTES: Final = 64
"""AES-SIV takes two keys of 256 bits (RFC 5297 §2.2)."""
SEALS_PER_SALT: Final = 1 << 16
"""Values sealed under one salt, far below the 2^32 of NIST SP 800-38D §8.3; then another is drawn."""
MAX_CIPHERS: Final = 256
MAX_FIELD: Final = 128
_SEAL: Final = b"airside/application/seal"
_TOKENS: Final = b"airside/application/tokens"


class KeyRing:
    """The versions of one key of one tenant. What it seals no other key and no other tenant's opens."""

    def __init__(
        self,
        *,
        tenant_id: UUID,
        key_id: UUID,
        purpose: Purpose,
        versions: Mapping[int, Secret[bytes]],
        active: int | None,
        entropy: Entropy,
    ) -> None:
        self._tenant_id = tenant_id
        self._key_id = key_id
        self._purpose = purpose
        self._versions = dict(versions)
        self._active = active
        self._entropy = entropy
        self._salt = entropy.bytes(envelope.SALT_BYTES)
        self._sealed = 0
        self._ciphers: OrderedDict[tuple[int, bytes], AESGCM] = OrderedDict()
        self._sivs: dict[int, AESSIV] = {}

    def seal(self, plaintext: bytes, context: bytes) -> str:
        """`plaintext` bound to `context`, as text.

        Raises:
            TooLarge: more than `envelope.MAX_PLAINTEXT` bytes.
            NotFound: no version seals any more, or the key is for tokens.
        """
        if len(plaintext) > envelope.MAX_PLAINTEXT:
            raise TooLarge("value over the cap of a sealed field", max_bytes=envelope.MAX_PLAINTEXT)
        return envelope.to_text(self._seal(envelope.VALUE, plaintext, context))

    def open(self, text: str, context: bytes) -> bytes:
        """What was sealed.

        Raises:
            Unreadable: not sealed by this key for `context`, or no value.
        """
        sealed = envelope.from_text(text)
        if not isinstance(sealed, Sealed) or sealed.kind != envelope.VALUE:
            raise Unreadable
        return self._open(sealed, context)

    def data_key(self, context: bytes) -> tuple[Secret[bytes], str]:
        """A new data key, and the same one wrapped. Raises: NotFound as `seal`."""
        plaintext = self._entropy.bytes(envelope.DATA_KEY_BYTES)
        return Secret(plaintext), envelope.to_text(self._seal(envelope.DATA_KEY, plaintext, context))

    def unwrap(self, text: str, context: bytes) -> Secret[bytes]:
        """The data key that was wrapped so. Raises: Unreadable as `open`, or no data key."""
        sealed = envelope.from_text(text)
        if not isinstance(sealed, Sealed) or sealed.kind != envelope.DATA_KEY:
            raise Unreadable
        return Secret(self._open(sealed, context))

    def rewrap(self, text: str, context: bytes) -> str:
        """The same under the active version. Of a value sealed by a data key only that key is wrapped anew: what it
        seals is never seen, and `context` is the data key's.

        Raises:
            Unreadable: as `open`, or a token.
            NotFound: as `seal`.
        """
        found = envelope.from_text(text)
        if isinstance(found, Token):
            raise Unreadable
        sealed = found.wrapped if isinstance(found, Local) else found
        renewed = self._seal(sealed.kind, self._open(sealed, context), context)
        return envelope.to_text(Local(renewed, found.nonce, found.body) if isinstance(found, Local) else renewed)

    def tokenise(self, plaintext: bytes, field: bytes) -> str:
        """What stands for `plaintext` in `field`: equal values of one field have equal tokens, until the key is
        rotated (AES-SIV, RFC 5297: deterministic and authenticated).

        Raises:
            TooLarge, NotFound: as `seal`; or the key isn't for tokens.
        """
        if len(plaintext) > envelope.MAX_PLAINTEXT:
            raise TooLarge("value over the cap of a sealed field", max_bytes=envelope.MAX_PLAINTEXT)
        version = self._sealing("token")
        body = self._siv(version).encrypt(plaintext, [self._associated(envelope.TOKEN, version, b"", field)])
        return envelope.to_text(Token(version, body))

    def detokenise(self, text: str, field: bytes) -> bytes:
        """The value that the token stands for. Raises: Unreadable: not a token of this key and field."""
        token = envelope.from_text(text)
        if not isinstance(token, Token) or self._purpose != "token" or token.version not in self._versions:
            raise Unreadable
        associated = [self._associated(envelope.TOKEN, token.version, b"", field)]
        try:
            return self._siv(token.version).decrypt(token.body, associated)
        except InvalidTag:
            raise Unreadable from None

    def retokenise(self, text: str, field: bytes) -> str:
        """The same value's token under the active version. Raises: Unreadable, NotFound."""
        return self.tokenise(self.detokenise(text, field), field)

    def _seal(self, kind: Kind, plaintext: bytes, context: bytes) -> Sealed:
        version = self._sealing("seal")
        if self._sealed >= SEALS_PER_SALT:
            self._salt, self._sealed = self._entropy.bytes(envelope.SALT_BYTES), 0
        self._sealed += 1
        salt, nonce = self._salt, self._entropy.bytes(envelope.NONCE_BYTES)
        associated = self._associated(kind, version, salt, context)
        return Sealed(kind, version, salt, nonce, self._cipher(version, salt).encrypt(nonce, plaintext, associated))

    def _open(self, sealed: Sealed, context: bytes) -> bytes:
        if self._purpose != "seal" or sealed.version not in self._versions:
            raise Unreadable
        associated = self._associated(sealed.kind, sealed.version, sealed.salt, context)
        try:
            return self._cipher(sealed.version, sealed.salt).decrypt(sealed.nonce, sealed.body, associated)
        except InvalidTag:
            raise Unreadable from None

    def _sealing(self, purpose: Purpose) -> int:
        if self._active is None or self._purpose != purpose:
            raise NotFound("key")
        return self._active

    def _associated(self, kind: Kind, version: int, salt: bytes, context: bytes) -> bytes:
        return envelope.associated(kind, self._tenant_id, self._key_id, version, salt, context)

    def _cipher(self, version: int, salt: bytes) -> AESGCM:
        cipher = self._ciphers.get((version, salt))
        if cipher is None:
            cipher = AESGCM(_derived(self._versions[version], salt, _SEAL, KEY_BYTES))
            self._ciphers[version, salt] = cipher
            if len(self._ciphers) > MAX_CIPHERS:
                self._ciphers.popitem(last=False)
        return cipher

    def _siv(self, version: int) -> AESSIV:
        siv = self._sivs.get(version)
        if siv is None:
            siv = self._sivs[version] = AESSIV(_derived(self._versions[version], b"", _TOKENS, SIV_KEY_BYTES))
        return siv


def _derived(key: Secret[bytes], salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt or None, info=info).derive(key.reveal())
