"""Several key encryption keys at once: one seals, and each opens what it sealed, so that keys can move.

Which one sealed is read from what was sealed: 16 bytes after the byte of the version, in every version of the format.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from airside.core.errors import Misconfigured
from airside.vault.aead import Kek
from airside.vault.model import Unopenable

_TAG_AT: Final = slice(1, 17)
_TAG_BYTES: Final = 16


class Keks:
    """Implements `Kek`: seals with the `current` one, opens with whichever sealed."""

    def __init__(self, current: Kek, old: Sequence[Kek] = ()) -> None:
        """Raises: Misconfigured: the same key twice."""
        self._current = current
        self._all = {kek.tag: kek for kek in (current, *old)}
        if len(self._all) != len(old) + 1:
            raise Misconfigured("AIRSIDE_KEK_OLD", "names a key twice, or the one that AIRSIDE_KEK names")

    @property
    def current(self) -> Kek:
        """The one that seals."""
        return self._current

    @property
    def all(self) -> tuple[Kek, ...]:
        """Every one, the current one first."""
        return tuple(self._all.values())

    @property
    def key_id(self) -> str:
        """The current one's."""
        return self._current.key_id

    @property
    def tag(self) -> UUID:
        """The current one's."""
        return self._current.tag

    async def seal(self, plaintext: bytes, aad: bytes) -> bytes:
        """As `Aead.seal`, with the current one."""
        return await self._current.seal(plaintext, aad)

    async def open(self, ciphertext: bytes, aad: bytes) -> bytes:
        """As `Aead.open`, with the one that sealed. `Unopenable` also where that one isn't among them."""
        tag = ciphertext[_TAG_AT]
        kek = self._all.get(UUID(bytes=tag)) if len(tag) == _TAG_BYTES else None
        if kek is None:
            raise Unopenable
        return await kek.open(ciphertext, aad)

    def named(self, key_id: str) -> Kek | None:
        """The one that is called `key_id`; None where there is none."""
        return next((kek for kek in self._all.values() if kek.key_id == key_id), None)
