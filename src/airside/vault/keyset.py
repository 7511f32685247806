"""A tenant's keys in memory: seal and open its fields, index them blindly, derive keys for other rooms. Pure."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from airside.core.entropy import Entropy
from airside.core.secret import Secret
from airside.vault import envelope, fields, streams
from airside.vault.model import KEY_BYTES, Place, Unopenable

BLIND_INDEX_BYTES: Final = 16


class Keyset:
    """One tenant's keys, loaded. What it seals only the same tenant's keyset opens."""

    def __init__(
        self,
        *,
        tenant_id: UUID,
        data: Mapping[UUID, Secret[bytes]],
        active: UUID,
        index: Secret[bytes],
        derive: Secret[bytes],
        entropy: Entropy,
    ) -> None:
        self._tenant_id = tenant_id
        self._data = dict(data)
        self._ciphers = {key_id: AESGCM(key.reveal()) for key_id, key in data.items()}
        self._active = active
        self._index = index
        self._derive = derive
        self._entropy = entropy
        self._index_keys: dict[tuple[str, str], Secret[bytes]] = {}

    def seal(self, place: Place, plaintext: bytes) -> bytes:
        """`plaintext` sealed for `place` with the active data key, in the format of `envelope.py`.

        Raises:
            TooLarge: more than `envelope.MAX_PLAINTEXT` bytes.
        """
        return envelope.seal(
            self._ciphers[self._active],
            self._active,
            nonce=self._entropy.bytes(envelope.NONCE_BYTES),
            plaintext=plaintext,
            context=fields.field_context(self._tenant_id, place),
        )

    def open(self, place: Place, sealed: bytes) -> bytes:
        """What was sealed for `place`, with whichever of the tenant's data keys.

        Raises:
            Unopenable: it doesn't open; nothing more is said.
        """
        cipher = self._ciphers.get(envelope.key_of(sealed))
        if cipher is None:
            raise Unopenable
        return envelope.open(cipher, sealed, fields.field_context(self._tenant_id, place))

    def is_current(self, sealed: bytes) -> bool:
        """Whether `sealed` says it was sealed with the active data key; what isn't is sealed again by its room.

        Raises:
            Unopenable: not in the format.
        """
        return envelope.key_of(sealed) == self._active

    @property
    def seal_header(self) -> bytes:
        """How everything begins that is sealed with the active data key: what statements find the rest by."""
        return envelope.header(self._active)

    @property
    def active(self) -> UUID:
        """Which data key seals now."""
        return self._active

    def stream_key(self, place: Place, key_id: UUID, salt: bytes) -> Secret[bytes]:
        """As `streams.StreamKeys.stream_key`: a stream opens with whichever of the tenant's data keys began it."""
        key = self._data.get(key_id)
        if key is None:
            raise Unopenable
        return streams.derive(key, salt, fields.stream_info(self._tenant_id, place))

    def blind_index(self, table: str, column: str, value: bytes) -> bytes:
        """16 bytes that are equal for equal values of this tenant's column, and tell nothing else.

        HMAC-SHA256 under a key of its own for each column. The caller normalises `value` first.
        """
        key = self._index_keys.get((table, column))
        if key is None:
            key = Secret(_hkdf(self._index, fields.blind_index_info(self._tenant_id, table, column)))
            self._index_keys[table, column] = key
        mac = HMAC(key.reveal(), SHA256())
        mac.update(value)
        return mac.finalize()[:BLIND_INDEX_BYTES]

    def derive(self, purpose: str) -> bytes:
        """32 bytes of key for `purpose` (such as `csrf` or `cursor`), the same each time (HKDF, RFC 5869)."""
        return _hkdf(self._derive, fields.derived_info(self._tenant_id, purpose))


def _hkdf(key: Secret[bytes], info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(key.reveal())
