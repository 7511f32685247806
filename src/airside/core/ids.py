"""Identifiers: a three-letter prefix and a UUIDv7 in lower-case Crockford base32, as in `usr_01jd…`.

UUIDv7: RFC 9562 §5.7. Crockford base32 without padding or check symbol: 26 characters for 128 bits.
"""

import re
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

from airside.core.clock import epoch
from airside.core.entropy import Entropy
from airside.core.errors import InvalidInput

ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH: Final = 26
_KEPT: Final = 4096
_PAIRS: Final = tuple(first + second for first in ALPHABET for second in ALPHABET)
_PYTHONS: Final = str.maketrans(ALPHABET, "0123456789abcdefghijklmnopqrstuv")
"""From Crockford's digits to those of `int(…, 32)`."""
_MARKS: Final = 0xF << 76 | 0x3 << 62
"""Where a UUID says its version and variant."""
_VERSION_7: Final = 0x7 << 76 | 0x2 << 62
_DIGITS: Final = re.compile(f"[{ALPHABET}]{{{_LENGTH}}}")

TENANT: Final = "ten"
USER: Final = "usr"
ROLE: Final = "rol"
SESSION: Final = "ses"
CLIENT: Final = "cli"
KEY: Final = "key"
SERVICE_ACCOUNT: Final = "svc"
EVENT: Final = "evt"
FLOW: Final = "flw"
FAMILY: Final = "fam"
TOKEN: Final = "tok"
REQUEST: Final = "req"
FACTOR: Final = "fac"
PASSKEY: Final = "psk"
DEVICE: Final = "dev"
LINK: Final = "lnk"
INVITATION: Final = "inv"
MAIL: Final = "mai"
REGISTRATION: Final = "reg"
CONNECTION: Final = "con"
IDENTITY: Final = "ext"
DOMAIN: Final = "dom"
GROUP: Final = "grp"
SETUP: Final = "stp"
BAN: Final = "ban"
INCIDENT: Final = "inc"
ENTRY: Final = "ent"
ALERT: Final = "alr"
WEBHOOK: Final = "whk"
STREAM: Final = "str"
SIGNAL: Final = "set"


def uuid7(now: datetime, entropy: Entropy) -> UUID:
    """A UUIDv7 for `now`: 48 bits of milliseconds, then 74 random bits."""
    milliseconds = int(now.timestamp() * 1000) & 0xFFFF_FFFF_FFFF
    value = (milliseconds << 80) | int.from_bytes(entropy.bytes(10))
    return UUID(int=value & ~_MARKS | _VERSION_7)


def first_id(at: datetime) -> UUID:
    """The least UUIDv7 of the millisecond that `at` is in (RFC 9562 §5.7): none that is older is greater."""
    milliseconds = min(max(epoch(at) * 1000 + at.microsecond // 1000, 0), 0xFFFF_FFFF_FFFF)
    return UUID(int=milliseconds << 80)


def base32(value: int, length: int = _LENGTH) -> str:
    """`value` as `length` Crockford characters, most significant first."""
    if length % 2:
        return ALPHABET[(value >> 5 * (length - 1)) & 31] + base32(value, length - 1)
    return "".join([_PAIRS[(value >> shift) & 1023] for shift in range(5 * (length - 2), -1, -10)])


@lru_cache(maxsize=_KEPT)
def format_id(prefix: str, value: UUID) -> str:
    """`usr` and a UUID → `usr_01jd…`. Kept, for tenants, clients and users are named in every token of theirs."""
    return f"{prefix}_{base32(value.int)}"


def parse_id(prefix: str, text: str) -> UUID:
    """The UUID in `text`. Only the exact spelling that `format_id` writes is taken: one object, one name.

    Raises:
        InvalidInput: another prefix, length, case or alphabet, or a value over 128 bits.
    """
    head, _, tail = text.partition("_")
    if head != prefix or _DIGITS.fullmatch(tail) is None or tail[0] > "7":
        raise InvalidInput("malformed identifier", prefix=prefix)
    return UUID(int=int(tail.translate(_PYTHONS), 32))


def ulid(now: datetime, entropy: Entropy) -> str:
    """A ULID as OpenFGA's stores and models carry: 48 bits of milliseconds, 80 random bits, upper case."""
    milliseconds = int(now.timestamp() * 1000) & 0xFFFF_FFFF_FFFF
    return base32((milliseconds << 80) | int.from_bytes(entropy.bytes(10))).upper()
