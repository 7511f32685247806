"""Password hashes that other systems made: read strictly, verified as the other system would have.

One spelling each, or none: exact grammar, canonical base64, no leading zeros. A hash whose check would cost too much
is refused, for whoever brings it chooses what every guess costs this server; so is one that is too cheap to protect
what it hashes until its owner signs in.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, cast

import bcrypt
from argon2.low_level import Type, hash_secret_raw

from airside.core.entropy import equal
from airside.core.errors import InvalidInput

Digest = Literal["sha256", "sha512"]
Range = tuple[int, int]

# The upper bounds let no check take much longer than a second of a core.
MAX_HASH: Final = 512
"""Characters of a stored hash."""
BCRYPT_COST: Final = (8, 13)
BCRYPT_BYTES: Final = 72
"""How much of a password bcrypt sees: systems that export it cut there, silently."""
SCRYPT_MEMORY: Final = 128 * 1024 * 1024
"""Bytes, 128·r·N (RFC 7914 §2)."""
SCRYPT_WORK: Final = (2**16, 2**20)
"""N·r·p. OWASP's five settings lie between."""
PBKDF2_ITERATIONS: Final[Mapping[Digest, Range]] = {"sha256": (10_000, 2_000_000), "sha512": (10_000, 1_000_000)}
ARGON2_MEMORY: Final = 128 * 1024
"""KiB."""
ARGON2_WORK: Final = (8 * 1024, 1024 * 1024)
"""KiB times passes."""
ARGON2_LANES: Final = 8
SALT_BYTES: Final = (8, 64)
HASH_BYTES: Final = (16, 64)

_NUMBER: Final = r"([1-9][0-9]{0,8})"
_B64: Final = r"([A-Za-z0-9+/]{1,100})"
_AB64: Final = r"([A-Za-z0-9./]{1,100})"
_BCRYPT: Final = re.compile(r"\$2[aby]\$(0[4-9]|[12][0-9]|3[01])\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})")
_SCRYPT: Final = re.compile(rf"\$scrypt\$ln={_NUMBER},r={_NUMBER},p={_NUMBER}\${_B64}\${_B64}")
_DJANGO: Final = re.compile(rf"pbkdf2_(sha256|sha512)\${_NUMBER}\$([!-#%-~]{{1,64}})\$([A-Za-z0-9+/]{{1,100}}={{0,2}})")
_PASSLIB: Final = re.compile(rf"\$pbkdf2-(sha256|sha512)\${_NUMBER}\${_AB64}\${_AB64}")
_PBKDF2: Final = re.compile(rf"\$pbkdf2-(sha256|sha512)\$i={_NUMBER},l={_NUMBER}\${_B64}\${_B64}")
_ARGON2: Final = re.compile(rf"\$argon2(id|i|d)\$(?:v=(16|19)\$)?m={_NUMBER},t={_NUMBER},p={_NUMBER}\${_B64}\${_B64}")
_DIGEST_BYTES: Final[Mapping[Digest, int]] = {"sha256": 32, "sha512": 64}
_TYPES: Final[Mapping[str, Type]] = {"i": Type.I, "d": Type.D, "id": Type.ID}
_FIRST_ARGON2: Final = 0x10
"""The version of a string that names none."""


class ForeignHash(Protocol):
    """One hash that another system made."""

    def matches(self, password: bytes) -> bool:
        """Whether it was made of `password`. Slow: run it off the event loop."""
        ...


@dataclass(frozen=True, slots=True)
class Bcrypt:
    """bcrypt (Provos and Mazières 1999), in the spellings `2a`, `2b` and `2y` of one algorithm."""

    stored: bytes = field(repr=False)

    def matches(self, password: bytes) -> bool:
        # C strings end at a zero byte: no system that made one took what follows into it.
        if not _whole(password):
            return False
        return equal(bcrypt.hashpw(password[:BCRYPT_BYTES], self.stored), self.stored)


@dataclass(frozen=True, slots=True)
class Scrypt:
    """scrypt (RFC 7914)."""

    n: int
    r: int
    p: int
    salt: bytes = field(repr=False)
    expected: bytes = field(repr=False)

    def matches(self, password: bytes) -> bool:
        room = 128 * self.r * (self.n + self.p + 2)
        made = hashlib.scrypt(
            password, salt=self.salt, n=self.n, r=self.r, p=self.p, dklen=len(self.expected), maxmem=room
        )
        return equal(made, self.expected) and _whole(password)


@dataclass(frozen=True, slots=True)
class Pbkdf2:
    """PBKDF2 with HMAC (RFC 8018 §5.2)."""

    digest: Digest
    iterations: int
    salt: bytes = field(repr=False)
    expected: bytes = field(repr=False)

    def matches(self, password: bytes) -> bool:
        made = hashlib.pbkdf2_hmac(self.digest, password, self.salt, self.iterations, len(self.expected))
        return equal(made, self.expected) and _whole(password)


@dataclass(frozen=True, slots=True)
class Argon2:
    """Argon2 (RFC 9106), `version` 0x13 or the 0x10 before it."""

    kind: Type
    version: int
    memory: int
    passes: int
    lanes: int
    salt: bytes = field(repr=False)
    expected: bytes = field(repr=False)

    def matches(self, password: bytes) -> bool:
        made = hash_secret_raw(
            password,
            self.salt,
            time_cost=self.passes,
            memory_cost=self.memory,
            parallelism=self.lanes,
            hash_len=len(self.expected),
            type=self.kind,
            version=self.version,
        )
        return equal(made, self.expected)


def read(stored: str) -> ForeignHash:
    """The hash that `stored` spells.

    bcrypt (`$2b$12$…`); scrypt (`$scrypt$ln=…,r=…,p=…$…$…`, the PHC string format, which is passlib's too); PBKDF2
    as Django (`pbkdf2_sha256$…`), passlib (`$pbkdf2-sha256$29000$…`) and PHC (`$pbkdf2-sha256$i=…,l=…$…`) spell it;
    Argon2i, Argon2d and Argon2id (`$argon2id$v=19$m=…,t=…,p=…$…$…`).

    Raises:
        InvalidInput: none of these, not canonical, or weaker or costlier than the bounds above.
    """
    if len(stored) <= MAX_HASH:
        for pattern, reader in _READERS:
            found = pattern.fullmatch(stored)
            if found is not None:
                return reader(found)
    raise _refused("password hash of an unknown format")


def _bcrypt(found: re.Match[str]) -> Bcrypt:
    _within(int(found[1]), BCRYPT_COST)
    # 22 characters hold 132 bits for 128 of salt, 31 hold 186 for 184 of hash: what is left over is zero.
    if found[2][-1] not in ".Oeu" or _BCRYPT_ALPHABET.index(found[3][-1]) % 4:
        raise _refused("password hash not in its canonical form")
    return Bcrypt(found[0].encode())


def _scrypt(found: re.Match[str]) -> Scrypt:
    log_n, r, p = (int(found[number]) for number in (1, 2, 3))
    _within(log_n, (1, 30))
    _within(128 * r * 2**log_n, (0, SCRYPT_MEMORY))
    _within(2**log_n * r * p, SCRYPT_WORK)
    return Scrypt(2**log_n, r, p, _salt(_b64(found[4])), _hash(_b64(found[5])))


def _django(found: re.Match[str]) -> Pbkdf2:
    salt, expected = found[3].encode(), found[4]
    unpadded = expected.rstrip("=")
    if len(expected) % 4:
        raise _refused("password hash not in its canonical form")
    return _pbkdf2(found[1], found[2], salt, _b64(unpadded))


def _passlib(found: re.Match[str]) -> Pbkdf2:
    salt, expected = (_b64(found[number].replace(".", "+")) for number in (3, 4))
    return _pbkdf2(found[1], found[2], salt, expected)


def _phc_pbkdf2(found: re.Match[str]) -> Pbkdf2:
    expected = _b64(found[5])
    if int(found[3]) != len(expected):
        raise _refused("password hash of another length than it says")
    return _pbkdf2(found[1], found[2], _b64(found[4]), expected)


def _pbkdf2(digest: str, iterations: str, salt: bytes, expected: bytes) -> Pbkdf2:
    which = cast("Digest", digest)
    _within(int(iterations), PBKDF2_ITERATIONS[which])
    # Longer would cost a multiple and protect no better; shorter is nobody's default.
    if len(expected) != _DIGEST_BYTES[which]:
        raise _refused("password hash of another length than its digest")
    return Pbkdf2(which, int(iterations), _salt(salt), expected)


def _argon2(found: re.Match[str]) -> Argon2:
    memory, passes, lanes = (int(found[number]) for number in (3, 4, 5))
    _within(lanes, (1, ARGON2_LANES))
    _within(memory, (8 * lanes, ARGON2_MEMORY))
    _within(memory * passes, ARGON2_WORK)
    version = int(found[2] or _FIRST_ARGON2)
    salt, expected = _salt(_b64(found[6])), _hash(_b64(found[7]))
    return Argon2(_TYPES[found[1]], version, memory, passes, lanes, salt, expected)


def _b64(text: str) -> bytes:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise _refused("password hash not in its canonical form") from None
    if base64.b64encode(raw).rstrip(b"=").decode() != text:
        raise _refused("password hash not in its canonical form")
    return raw


def _salt(raw: bytes) -> bytes:
    _within(len(raw), SALT_BYTES)
    return raw


def _hash(raw: bytes) -> bytes:
    _within(len(raw), HASH_BYTES)
    return raw


def _within(value: int, bounds: Range) -> None:
    if value < bounds[0]:
        raise _refused("password hash too weak to be taken over")
    if value > bounds[1]:
        raise _refused("password hash too costly to be verified")


def _whole(password: bytes) -> bool:
    """Whether no zero byte makes a password equal to a shorter one: HMAC fills a short key up with them."""
    return b"\0" not in password


def _refused(reason: str) -> InvalidInput:
    return InvalidInput(reason, pointer="hash")


_BCRYPT_ALPHABET: Final = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_READERS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], ForeignHash]], ...]] = (
    (_BCRYPT, _bcrypt),
    (_SCRYPT, _scrypt),
    (_DJANGO, _django),
    (_PASSLIB, _passlib),
    (_PBKDF2, _phc_pbkdf2),
    (_ARGON2, _argon2),
)
