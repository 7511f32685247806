"""API keys: how one is spelt, read and recognised. Pure.

`sk_live_` or `sk_test_` for a secret key, `pk_live_` or `pk_test_` for a publishable one; then a lookup id of 8
characters, 32 random bytes as 43 characters, and a checksum of 6: all of them base62 (`0-9A-Za-z`, the most
significant first). The checksum is the CRC-32 (ISO 3309) of everything before it. It proves nothing: it lets whoever
finds 65 such characters tell a key from a word that looks like one, offline, and a server refuse what was never a key
without asking its database.
"""

import re
from collections.abc import Iterator
from typing import Final, Literal, TypeAlias
from zlib import crc32

from msgspec import Struct

from airside.core.entropy import Entropy
from airside.core.errors import InvalidInput
from airside.core.secret import Secret

Kind: TypeAlias = Literal["secret", "publishable"]
Mode: TypeAlias = Literal["live", "test"]

DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PREFIXES: Final[dict[str, tuple[Kind, Mode]]] = {
    "sk_live_": ("secret", "live"),
    "sk_test_": ("secret", "test"),
    "pk_live_": ("publishable", "live"),
    "pk_test_": ("publishable", "test"),
}
SPELT: Final = {named: prefix for prefix, named in PREFIXES.items()}
PREFIX: Final = 8
"""Characters of every prefix."""
LOOKUP: Final = 8
"""Characters of a lookup id: 47 bits, which find a key and prove nothing."""
SECRET_BYTES: Final = 32
SECRET: Final = 43
"""Characters that hold `SECRET_BYTES` bytes."""
CHECKSUM: Final = 6
LENGTH: Final = PREFIX + LOOKUP + SECRET + CHECKSUM

_BASE: Final = len(DIGITS)
_PAIRS: Final = tuple(first + second for first in DIGITS for second in DIGITS)
_VALUES: Final = {digit: value for value, digit in enumerate(DIGITS)}
_SHAPE: Final = re.compile(rf"[sp]k_(?:live|test)_[0-9A-Za-z]{{{LENGTH - PREFIX}}}")
_AMONG: Final = re.compile(rb"[sp]k_(?:live|test)_[0-9A-Za-z]{%d}(?![0-9A-Za-z])" % (LENGTH - PREFIX))


class PresentedKey(Struct, frozen=True):
    """Something that is spelt like a key. *Nobody has looked it up*. A Struct, for it is made for every request."""

    kind: Kind
    mode: Mode
    lookup: str
    text: Secret[str]
    """All of it."""

    def __repr__(self) -> str:
        """Without what opens anything (N37)."""
        return f"PresentedKey({self.kind}, {self.mode}, {self.lookup!r})"


def base62(value: int, length: int) -> str:
    """`value` as `length` characters."""
    found: list[str] = []
    for _ in range(length // 2):
        value, pair = divmod(value, _BASE * _BASE)
        found.append(_PAIRS[pair])
    if length % 2:
        found.append(DIGITS[value % _BASE])
    return "".join(reversed(found))


_LARGEST: Final = base62(2 ** (8 * SECRET_BYTES) - 1, SECRET)
"""The digits stand in the order of ASCII, so numbers of one length compare as their texts do."""


def looks_like_key(text: str) -> bool:
    """Whether `text` says of itself that it is one; no other token of ours begins like that."""
    return text[:PREFIX] in PREFIXES


def new_lookup(entropy: Entropy) -> str:
    """A lookup id: each character drawn evenly, for 248 of the 256 values of a byte."""
    found = ""
    while len(found) < LOOKUP:
        found += "".join(DIGITS[byte % _BASE] for byte in entropy.bytes(LOOKUP) if byte < 256 - 256 % _BASE)
    return found[:LOOKUP]


def new_key(kind: Kind, mode: Mode, lookup: str, entropy: Entropy) -> Secret[str]:
    """A key of 256 random bits that is found by `lookup`.

    Raises:
        ValueError: not a lookup id.
    """
    if len(lookup) != LOOKUP or any(digit not in _VALUES for digit in lookup):
        raise ValueError("not a lookup id")
    body = SPELT[kind, mode] + lookup + base62(int.from_bytes(entropy.bytes(SECRET_BYTES)), SECRET)
    return Secret(body + checksum(body))


def parse_key(text: str) -> PresentedKey:
    """What `text` is spelt like. One key has one spelling (N38).

    Raises:
        InvalidInput: another length, prefix or alphabet, more than 256 bits, or a checksum that doesn't fit.
    """
    if len(text) != LENGTH or _SHAPE.fullmatch(text) is None:
        raise InvalidInput("malformed API key")
    body = text[:-CHECKSUM]
    if checksum(body) != text[-CHECKSUM:] or body[PREFIX + LOOKUP :] > _LARGEST:
        raise InvalidInput("malformed API key")
    kind, mode = PREFIXES[text[:PREFIX]]
    return PresentedKey(kind, mode, text[PREFIX : PREFIX + LOOKUP], Secret(text))


def keys_in(data: bytes) -> Iterator[tuple[int, PresentedKey]]:
    """Every key that stands in `data`, and at which byte: told from what only looks like one by its checksum."""
    for match in _AMONG.finditer(data):
        try:
            yield match.start(), parse_key(match[0].decode("ascii"))
        except InvalidInput:
            continue


def checksum(body: str) -> str:
    """The CRC-32 of `body`, which is ASCII, as `CHECKSUM` characters."""
    rest, last = divmod(crc32(body.encode("ascii")), _BASE * _BASE)
    first, middle = divmod(rest, _BASE * _BASE)
    return _PAIRS[first] + _PAIRS[middle] + _PAIRS[last]


def value_of(text: str) -> int:
    """The number that `text`, all of base62, stands for."""
    value = 0
    for digit in text:
        value = value * _BASE + _VALUES[digit]
    return value
