"""Request ids: `req_` and a UUIDv7 in Crockford base32, as `core.ids` writes them, for every request there is.

Made in batches, because the general way would cost half of what shield may spend on a request.
"""

from typing import Final

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.ids import ALPHABET, REQUEST, base32

_BATCH: Final = 256
_TAIL: Final = 16  # characters: the 80 bits after the 48-bit time, which fills ten characters itself
_ANY: Final = bytes(ord(ALPHABET[byte & 31]) for byte in range(256))
_VERSION: Final = bytes(ord(ALPHABET[0b01110 | (byte & 1)]) for byte in range(256))  # 0111, one random bit
_VARIANT: Final = bytes(ord(ALPHABET[0b01000 | (byte & 0b10011)]) for byte in range(256))  # bits 2 and 3 are 10


class RequestIds:
    """A source of request ids. Not shared between threads: each event loop's Shield has its own.

    What time it is, is read once a batch; between two readings the monotonic clock tells how much has passed.
    """

    def __init__(self, *, clock: Clock, entropy: Entropy) -> None:
        self._clock = clock
        self._entropy = entropy
        self._tails: list[str] = []
        self._offset = 0.0
        self._turns = 0.0
        self._head = ""

    def fresh(self) -> str:
        """An id that no other request has."""
        if not self._tails:
            self._tails = self._batch()
            self._offset = self._clock.now().timestamp() - self._clock.monotonic()
            self._turns = 0.0
        passed = self._clock.monotonic()
        if passed >= self._turns:
            millisecond = round((passed + self._offset) * 1000)
            self._turns = passed + 0.001
            self._head = f"{REQUEST}_{base32(millisecond & 0xFFFF_FFFF_FFFF, 10)}"
        return self._head + self._tails.pop()

    def _batch(self) -> list[str]:
        drawn = self._entropy.bytes(_TAIL * _BATCH)
        characters = bytearray(drawn.translate(_ANY))
        characters[0::_TAIL] = drawn[0::_TAIL].translate(_VERSION)
        characters[3::_TAIL] = drawn[3::_TAIL].translate(_VARIANT)
        text = characters.decode("ascii")
        return [text[start : start + _TAIL] for start in range(0, len(text), _TAIL)]
