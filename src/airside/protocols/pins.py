"""Pins of a host's public keys (RFC 7469 §2.4), and the document that tells them. Pure.

A pin is the SHA-256 of a certificate's SubjectPublicKeyInfo, in base64. What is pinned is the key and not the
certificate, so that a certificate can be renewed.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from cryptography import x509

from airside.core.errors import InvalidInput, TooLarge
from airside.core.strict_json import Json, dumps, loads_object

PATH: Final = "/.well-known/airside/pins.json"
MAX_DOCUMENT: Final = 16 * 1024  # bytes
MIN_PINS: Final = 2
"""The key in use, and one that takes its place (RFC 7469 §4.3)."""
MAX_PINS: Final = 16
MAX_AGE: Final = timedelta(days=366)
_PIN: Final = re.compile(r"[A-Za-z0-9+/]{43}=")
_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|[0-9a-f:]{2,45}")
_MOMENT: Final = "%Y-%m-%dT%H:%M:%SZ"
_SPKI: Final = 6
"""Where it stands among the fields of a TBSCertificate that has a version (RFC 5280 §4.1)."""


@dataclass(frozen=True, slots=True)
class Pins:
    """The keys of one host (its name without a port), good from `issued_at` for `max_age`.

    Raises:
        InvalidInput: no host name, fewer than two different pins or too many, a malformed one, no age to speak of, or
            a moment so late that there is none at its end.
    """

    host: str
    issued_at: datetime
    max_age: timedelta
    pins: tuple[str, ...]

    def __post_init__(self) -> None:
        if _HOST.fullmatch(self.host) is None:
            raise InvalidInput("no host name in lower case", pointer="/host")
        if len(set(self.pins)) != len(self.pins) or not MIN_PINS <= len(self.pins) <= MAX_PINS:
            raise InvalidInput("not two different pins or more", pointer="/pin-sha256")
        if not all(map(is_pin, self.pins)):
            raise InvalidInput("no SHA-256 in base64", pointer="/pin-sha256")
        if not timedelta(0) < self.max_age <= MAX_AGE:
            raise InvalidInput("an age that no pins have", pointer="/max_age")
        try:
            _ = self.ends_at
        except OverflowError:
            raise InvalidInput("a moment that has no end", pointer="/issued_at") from None

    @property
    def ends_at(self) -> datetime:
        """From when on nothing is good by them."""
        return self.issued_at + self.max_age

    def document(self) -> bytes:
        """What `read_pins` reads."""
        found: dict[str, Json] = {
            "host": self.host,
            "issued_at": self.issued_at.astimezone(UTC).strftime(_MOMENT),
            "max_age": int(self.max_age.total_seconds()),
            "pin-sha256": list(self.pins),
        }
        return dumps(found)


def read_pins(document: bytes) -> Pins:
    """The pins that a document tells. Members that aren't known here are ignored.

    Raises:
        InvalidInput: no such document, or one that `Pins` refuses.
    """
    try:
        found = loads_object(document, max_bytes=MAX_DOCUMENT)
    except TooLarge as refusal:
        raise InvalidInput(refusal.reason) from None
    host, issued_at, age, pins = (found.get(name) for name in ("host", "issued_at", "max_age", "pin-sha256"))
    if not isinstance(host, str) or not isinstance(issued_at, str) or not isinstance(pins, list):
        raise InvalidInput("no document of pins")
    if isinstance(age, bool) or not isinstance(age, int) or not 0 < age <= MAX_AGE.total_seconds():
        raise InvalidInput("an age that no pins have", pointer="/max_age")
    try:
        moment = datetime.strptime(issued_at, _MOMENT).replace(tzinfo=UTC)
    except ValueError:
        raise InvalidInput("no moment in UTC", pointer="/issued_at") from None
    return Pins(host, moment, timedelta(seconds=age), tuple(_words(pins)))


def is_pin(text: str) -> bool:
    """Whether `text` is the one way to write a SHA-256 in base64 (RFC 4648 §3.5)."""
    if _PIN.fullmatch(text) is None:
        return False
    return base64.b64encode(binascii.a2b_base64(text)).decode() == text


def pin_of_key(spki: bytes) -> str:
    """The pin of a SubjectPublicKeyInfo (DER)."""
    return base64.b64encode(sha256(spki).digest()).decode()


def pin_of(certificate: bytes) -> str:
    """The pin of a certificate (DER).

    Raises:
        InvalidInput: no certificate.
    """
    try:
        # As it stands there: a key that is read and written anew may be written in another way (RSASSA-PSS).
        tbs = x509.load_der_x509_certificate(certificate).tbs_certificate_bytes
    except ValueError:
        raise InvalidInput("no certificate") from None
    fields = list(_elements(next(_elements(tbs))[1]))
    versioned = fields[0][0][0] == 0xA0
    return pin_of_key(b"".join(fields[_SPKI if versioned else _SPKI - 1]))


def _elements(der: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Head and content of each element; `der` has been read by a strict reader before."""
    place = 0
    while place < len(der):
        length, head = der[place + 1], 2
        if length & 0x80:
            head += length & 0x7F
            length = int.from_bytes(der[place + 2 : place + head])
        yield der[place : place + head], der[place + head : place + head + length]
        place += head + length


def _words(values: list[Json]) -> Iterator[str]:
    for value in values:
        if not isinstance(value, str):
            raise InvalidInput("no SHA-256 in base64", pointer="/pin-sha256")
        yield value
