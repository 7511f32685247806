"""Remember what has been verified: a signature is checked once, time at every use.

An entry holds only for the key set it was verified with (by `fingerprint`) and the same `Expected`: taking a key
away takes its tokens away at once. Refusals aren't kept. A hit costs about half a microsecond.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from airside.protocols.jose.jwt import Expected, VerifiedJwt, check_time, verify_jwt
from airside.protocols.jose.keys import KeySet

Value = TypeVar("Value")

MAX_ENTRIES: Final = 8192
MAX_CACHED_TOKEN: Final = 4096  # bounds the memory: longer tokens are verified each time


class CachedVerifier(Generic[Value]):
    """`verify_jwt`, then `read` (claims → the caller's own proof), remembered for at most `size` tokens (LRU).

    Attributes:
        remembered, afresh: how often what was asked was known, and how often it was verified.
    """

    __slots__ = ("_entries", "_read", "_size", "afresh", "remembered")

    def __init__(self, read: Callable[[VerifiedJwt], Value], *, size: int = MAX_ENTRIES) -> None:
        self._read = read
        self._size = size
        self.remembered = self.afresh = 0
        self._entries: OrderedDict[str, tuple[str, Expected, VerifiedJwt, Value]] = OrderedDict()

    def verify(self, token: str, keys: KeySet, expected: Expected, now: float) -> Value:
        """As `verify_jwt`, with its refusals and those of `read`."""
        entry = self._entries.get(token)
        if entry is not None:
            fingerprint, wanted, jwt, value = entry
            if fingerprint == keys.fingerprint and (wanted is expected or wanted == expected):
                if jwt.valid_from <= now < jwt.valid_until:
                    self._entries.move_to_end(token)
                    self.remembered += 1
                    return value
                check_time(jwt, now)
        return self._afresh(token, keys, expected, now)

    def _afresh(self, token: str, keys: KeySet, expected: Expected, now: float) -> Value:
        self._entries.pop(token, None)
        self.afresh += 1
        jwt = verify_jwt(token, keys, expected, now)
        value = self._read(jwt)
        if len(token) <= MAX_CACHED_TOKEN:
            self._entries[token] = (keys.fingerprint, expected, jwt, value)
            if len(self._entries) > self._size:
                self._entries.popitem(last=False)
        return value

    def __len__(self) -> int:
        return len(self._entries)
