"""The pins of the keys by which this server proves itself: of the one in use, and of those that will take its place."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from airside.core.clock import Clock
from airside.core.errors import InvalidInput, Misconfigured
from airside.protocols.pins import Pins, pin_of, pin_of_key
from airside.transport.tls import CERTIFICATE_SETTING

BACKUP_SETTING: Final = "AIRSIDE_TLS_BACKUP_PINS"
MAX_CERTIFICATE_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ServedPins:
    """What `/.well-known/airside/pins.json` tells: the pin of the certificate in use first, `max_age` from now on."""

    pins: tuple[str, ...]
    max_age: timedelta
    clock: Clock

    def of(self, host: str) -> Pins:
        """The document for `host`, one of this server's names. Raises: InvalidInput: it is no name of a host."""
        return Pins(host, self.clock.now().replace(microsecond=0), self.max_age, self.pins)


def served_pins(certificate: Path, backups: Sequence[str], *, max_age: timedelta, clock: Clock) -> ServedPins:
    """The pins of `certificate` (PEM, leaf first) and of `backups`.

    Raises:
        Misconfigured: the file holds no certificate, or a backup is the key in use.
    """
    try:
        with certificate.open("rb") as file:
            leaf = x509.load_pem_x509_certificates(file.read(MAX_CERTIFICATE_BYTES))[0]
        current = pin_of(leaf.public_bytes(Encoding.DER))
    except (OSError, ValueError, InvalidInput) as error:
        raise Misconfigured(CERTIFICATE_SETTING, f"{certificate} holds no certificate that can be read") from error
    if current in backups:
        raise Misconfigured(BACKUP_SETTING, "names the key in use: make another with `airside pins make FILE`")
    return ServedPins((current, *backups), max_age, clock)


def make_backup_key(file: Path) -> str:
    """A private key for the next certificate in a new file (PEM, mode 0600), and its pin.

    Raises:
        OSError: the file is there already, or can't be made.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as opened:
        opened.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        opened.flush()
        os.fsync(handle)
    return pin_of_key(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
