"""A key encryption key that lives in a key service: what is the same wherever that is.

What is stored of a wrapped key, version 2:

```
offset  bytes  what
0       1      version, 0x02
1       16     tag of the key: the first 16 bytes of SHA-256 over its `key_id`
17      n      what the service made of the plaintext, which is followed by a checksum of 32 bytes
```

The checksum binds plaintext, key and associated data once more, inside: a service that answers something else than
what was sealed, or that overlooks the associated data, is found out. What a service sealed is opened again before
anybody relies on it, so that nothing is ever kept that only the service believes in.
"""

import asyncio
from hashlib import sha256
from typing import Final, Protocol
from uuid import UUID

from airside.core.entropy import equal
from airside.core.errors import TooLarge, Unavailable
from airside.vault.envelope import encode
from airside.vault.model import Unopenable

PART: Final = "the key service"
VERSION: Final = 2
MAX_PLAINTEXT: Final = 4064
"""Bytes in one piece: a key, or a setting. The smallest service takes 4096."""
CALL_SECONDS: Final = 3.0
"""How long one question may take, with all that belongs to it."""
RETRY_SECONDS: Final = 5.0
"""When those who were refused may come again."""
_CHECKSUM: Final = b"airside/kek/checksum"
_CONTEXT: Final = b"airside/kek/context"
_CHECKSUM_BYTES: Final = 32
_BODY_AT: Final = 17
_MAX_SEALED: Final = 16 * 1024


class KeyService(Protocol):
    """What a key service does with one key of its own."""

    @property
    def key_id(self) -> str:
        """The key's name, the same for as long as the key is: `aws:…`, `transit:…`, `pkcs11:…`."""
        ...

    async def encrypt(self, plaintext: bytes, context: bytes) -> bytes:
        """`plaintext` sealed for `context` (32 bytes).

        Raises:
            Unavailable: the service doesn't do it now.
        """
        ...

    async def decrypt(self, ciphertext: bytes, context: bytes) -> bytes:
        """What was sealed.

        Raises:
            Unopenable: the service says that it wasn't sealed by this key for `context`.
            Unavailable: the service doesn't do it now.
        """
        ...


def away(cause: str, retry_after: float = RETRY_SECONDS) -> Unavailable:
    """The refusal that says that the key service is away; `cause` is for the log."""
    refusal = Unavailable(PART, retry_after)
    refusal.data["cause"] = cause
    return refusal


class RemoteKek:
    """Implements `Kek` on a key service, whatever it does."""

    def __init__(self, service: KeyService, *, seconds: float = CALL_SECONDS) -> None:
        self._service = service
        self._seconds = seconds
        self._tag = UUID(bytes=sha256(service.key_id.encode()).digest()[:16])

    @property
    def key_id(self) -> str:
        """The key's name at its service."""
        return self._service.key_id

    @property
    def tag(self) -> UUID:
        """As `Kek.tag`."""
        return self._tag

    async def seal(self, plaintext: bytes, aad: bytes) -> bytes:
        """As `Aead.seal`; what comes back has been opened once. `Unavailable` also where the service is wrong."""
        if len(plaintext) > MAX_PLAINTEXT:
            raise TooLarge("value over the cap of a key service", max_bytes=MAX_PLAINTEXT)
        async with _Bounded(self._seconds):
            body = await self._service.encrypt(plaintext + self._checksum(plaintext, aad), _context(aad))
            sealed = bytes([VERSION]) + self._tag.bytes + body
            try:
                opened = await self._open(sealed, aad)
            except Unopenable:
                opened = None
        if opened is None or not equal(opened, plaintext):
            raise away("it doesn't open what it sealed")
        return sealed

    async def open(self, ciphertext: bytes, aad: bytes) -> bytes:
        """As `Aead.open`. `Unopenable` also where the service answers what can't have been sealed."""
        async with _Bounded(self._seconds):
            return await self._open(ciphertext, aad)

    async def _open(self, sealed: bytes, aad: bytes) -> bytes:
        if not _BODY_AT < len(sealed) <= _MAX_SEALED or sealed[:_BODY_AT] != bytes([VERSION]) + self._tag.bytes:
            raise Unopenable
        opened = await self._service.decrypt(sealed[_BODY_AT:], _context(aad))
        plaintext, checksum = opened[:-_CHECKSUM_BYTES], opened[-_CHECKSUM_BYTES:]
        if len(plaintext) > MAX_PLAINTEXT or not equal(checksum, self._checksum(plaintext, aad)):
            raise Unopenable
        return plaintext

    def _checksum(self, plaintext: bytes, aad: bytes) -> bytes:
        return sha256(encode(_CHECKSUM, self._tag.bytes, aad, plaintext)).digest()


def _context(aad: bytes) -> bytes:
    """What the service is told of the associated data: services log it, so it is told a hash."""
    return sha256(encode(_CONTEXT, aad)).digest()


class _Bounded:
    """All the time there is."""

    def __init__(self, seconds: float) -> None:
        self._timeout = asyncio.timeout(seconds)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(self, *exit_info: object) -> None:
        try:
            await self._timeout.__aexit__(*exit_info)  # type: ignore[arg-type]
        except TimeoutError:
            raise away("no answer in time") from None
