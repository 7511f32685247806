"""A tenant's keys in memory: seal and open its fields, index them blindly, derive keys for other rooms. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias
from uuid import UUID
from weakref import finalize

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from airside.core.entropy import Entropy
from airside.core.errors import TooLarge
from airside.core.secret import Secret
from airside.vault import envelope, fields, streams
from airside.vault.allowance import BLOCK, Allowance
from airside.vault.envelope import MAX_PLAINTEXT, NONCE_BYTES, OVERHEAD
from airside.vault.indexes import kept_bytes, named
from airside.vault.model import KEY_BYTES, Place, Unopenable

BLIND_INDEX_BYTES: Final = 16
_HEADER: Final = 17
_BODY: Final = _HEADER + NONCE_BYTES
_MOST: Final = OVERHEAD + MAX_PLAINTEXT
_Cipher: TypeAlias = Callable[[bytes, bytes, bytes], bytes]
_Way: TypeAlias = tuple[_Cipher, _Cipher, bytes]
"""How to seal, how to open, and what both are bound to, up to the row."""


class Keyset:
    """One tenant's keys, loaded. What it seals only the same tenant's keyset opens.

    Its keys stand in buffers that are overwritten when the last holder lets go of it. Copies that Python or OpenSSL
    made on the way are freed, which OpenSSL does with overwriting and Python without.

    Args:
        allowance: how often it may seal; one block where nobody else counts.
        former: index keys that count no more or not yet: rows may be found by them.
        index_id: which index key counts.
    """

    def __init__(
        self,
        *,
        tenant_id: UUID,
        data: Mapping[UUID, Secret[bytes]],
        active: UUID,
        index: Secret[bytes],
        derive: Secret[bytes],
        entropy: Entropy,
        allowance: Allowance | None = None,
        former: Sequence[Secret[bytes]] = (),
        index_id: UUID | None = None,
    ) -> None:
        self._tenant_id = tenant_id
        self._keys = {key_id: _Key(key.reveal()) for key_id, key in data.items()}
        self._ciphers = {envelope.header(key_id): AESGCM(key.buffer) for key_id, key in self._keys.items()}
        self._active = active
        self._header = envelope.header(active)
        self._index = _Key(index.reveal())
        self.index_id = index_id
        self._former = [_Key(key.reveal()) for key in former]
        self._derive = _Key(derive.reveal())
        self._entropy = entropy
        self._spend = (allowance or Allowance(BLOCK)).spend
        self._index_keys: dict[tuple[str, str], list[_Key]] = {}
        self._ways: dict[tuple[bytes, str, str], _Way] = {}
        finalize(self, _wipe, [*self._keys.values(), self._index, *self._former, self._derive], self._index_keys)

    def seal(self, place: Place, plaintext: bytes) -> bytes:
        """`plaintext` sealed for `place` with the active data key, in the format of `envelope.py`.

        Raises:
            TooLarge: more than `envelope.MAX_PLAINTEXT` bytes.
            Unavailable: the key has sealed as often as it may.
        """
        if len(plaintext) > MAX_PLAINTEXT:
            raise TooLarge("value over the cap of a sealed field", max_bytes=MAX_PLAINTEXT)
        self._spend()
        table, column, row_id = place
        way = self._ways.get((self._header, table, column)) or self._way(self._header, table, column)
        nonce = self._entropy.bytes(NONCE_BYTES)
        return self._header + nonce + way[0](nonce, plaintext, way[2] + row_id.int.to_bytes(16))

    def open(self, place: Place, sealed: bytes) -> bytes:
        """What was sealed for `place`, with whichever of the tenant's data keys.

        Raises:
            Unopenable: it doesn't open; nothing more is said.
        """
        header, (table, column, row_id) = sealed[:_HEADER], place
        way = self._ways.get((header, table, column)) or self._way(header, table, column)
        if not OVERHEAD <= len(sealed) <= _MOST:
            raise Unopenable
        try:
            # As `UUID.bytes` has it, which takes twice as long.
            return way[1](sealed[_HEADER:_BODY], sealed[_BODY:], way[2] + row_id.int.to_bytes(16))
        except InvalidTag:
            raise Unopenable from None

    def is_current(self, sealed: bytes) -> bool:
        """Whether `sealed` says it was sealed with the active data key; what isn't is sealed again by its room.

        Raises:
            Unopenable: not in the format.
        """
        return envelope.key_of(sealed) == self._active

    @property
    def seal_header(self) -> bytes:
        """How everything begins that is sealed with the active data key: what statements find the rest by."""
        return self._header

    @property
    def active(self) -> UUID:
        """Which data key seals now."""
        return self._active

    def stream_key(self, place: Place, key_id: UUID, salt: bytes) -> Secret[bytes]:
        """As `streams.StreamKeys.stream_key`: a stream opens with whichever of the tenant's data keys began it."""
        key = self._keys.get(key_id)
        if key is None:
            raise Unopenable
        return streams.derive(key.secret(), salt, fields.stream_info(self._tenant_id, place))

    def blind_index(self, table: str, column: str, value: bytes) -> bytes:
        """What a row of this tenant's column is found by: bytes that are equal for equal values, and tell nothing else,
        as many as `indexes.py` declares of the column. For writing; `blind_indexes` is for finding.

        HMAC-SHA256 under a key of its own for each column. The caller normalises `value` first.
        """
        return _mac(self._keys_of(table, column)[0], value)[: kept_bytes(table, column)]

    def blind_indexes(self, table: str, column: str, value: bytes) -> list[bytes]:
        """The blind index of `value`, and those under index keys that count no more or not yet: while the index key is
        rotated, and for what can't be indexed anew, the row may have either."""
        kept = kept_bytes(table, column)
        return [_mac(key, value)[:kept] for key in self._keys_of(table, column)]

    def keyed_hash(self, use: str, value: bytes) -> bytes:
        """16 bytes that are equal for equal values of that use: for what lives for hours and isn't worth rotating.

        HMAC-SHA256 under a derived key, which stays what it is when the index key is rotated.
        """
        keys = self._index_keys.get(("", use))
        if keys is None:
            keys = self._index_keys["", use] = [_Key(self.derive(f"hash/{use}"))]
        return _mac(keys[0], value)

    def derive(self, purpose: str) -> bytes:
        """32 bytes of key for `purpose` (such as `csrf` or `cursor`), the same each time (HKDF, RFC 5869)."""
        return _hkdf(self._derive, fields.derived_info(self._tenant_id, purpose))

    def _keys_of(self, table: str, column: str) -> "list[_Key]":
        keys = self._index_keys.get((table, column))
        if keys is None:
            info = fields.blind_index_info(self._tenant_id, *named(table, column))
            keys = self._index_keys[table, column] = [_Key(_hkdf(key, info)) for key in (self._index, *self._former)]
        return keys

    def _way(self, header: bytes, table: str, column: str) -> "_Way":
        """How a column is sealed and opened with one key, remembered. Raises: Unopenable."""
        cipher = self._ciphers.get(header)
        if cipher is None:
            raise Unopenable
        bound = envelope.binding(header) + fields.field_bindings(self._tenant_id)[table, column]
        way = self._ways[header, table, column] = (cipher.encrypt, cipher.decrypt, bound)
        return way


class _Key:
    """A key in a buffer that can be overwritten."""

    __slots__ = ("buffer",)

    def __init__(self, key: bytes) -> None:
        self.buffer = bytearray(key)

    def __repr__(self) -> str:
        return "***"

    def secret(self) -> Secret[bytes]:
        return Secret(bytes(self.buffer))

    def wipe(self) -> None:
        self.buffer[:] = bytes(len(self.buffer))


def _wipe(keys: Iterable[_Key], index_keys: Mapping[tuple[str, str], list[_Key]]) -> None:
    for key in (*keys, *(key for each in index_keys.values() for key in each)):
        key.wipe()


def _mac(key: _Key, value: bytes) -> bytes:
    mac = HMAC(key.buffer, SHA256())
    mac.update(value)
    return mac.finalize()[:BLIND_INDEX_BYTES]


def _hkdf(key: _Key, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(key.buffer)
