"""The one shape of a key that seals: a local file, a cloud key service, a hardware module."""

from typing import Protocol
from uuid import UUID


class Aead(Protocol):
    """Authenticated encryption with associated data (RFC 5116), wherever the key lives."""

    @property
    def key_id(self) -> str:
        """Which key seals now; stored beside what it wrapped."""
        ...

    async def seal(self, plaintext: bytes, aad: bytes) -> bytes:
        """`plaintext` made unreadable and bound to `aad`.

        Raises:
            TooLarge: more than the key takes in one piece.
            Unavailable: the key can't be reached now.
        """
        ...

    async def open(self, ciphertext: bytes, aad: bytes) -> bytes:
        """What was sealed.

        Raises:
            Unopenable: not sealed by this key for this `aad`, or changed since.
            Unavailable: the key can't be reached now.
        """
        ...


class Kek(Aead, Protocol):
    """A key encryption key: an `Aead` that can be told from the others by what it sealed."""

    @property
    def tag(self) -> UUID:
        """What everything begins with that it sealed, after the byte of the format's version."""
        ...
