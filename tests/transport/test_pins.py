"""The pins of the server's own keys."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from airside.core.clock import FixedClock, SystemClock
from airside.core.errors import InvalidInput, Misconfigured
from airside.protocols.pins import pin_of, pin_of_key
from airside.transport import ensure_development_certificates, make_backup_key, refuse_open_key, served_pins

NOW = datetime(2026, 11, 30, 4, 0, 0, 123_456, tzinfo=UTC)
BACKUP = pin_of_key(b"backup")
AGE = timedelta(days=60)


def test_key_in_use_stands_first_and_its_successors_after_it(tmp_path: Path) -> None:
    certificate = ensure_development_certificates(tmp_path, clock=SystemClock()).certificate
    own = pin_of(x509.load_pem_x509_certificate(certificate.read_bytes()).public_bytes(Encoding.DER))
    served = served_pins(certificate, [BACKUP], max_age=AGE, clock=FixedClock(NOW))
    found = served.of("id.example.com")
    assert found.pins == (own, BACKUP)
    assert (found.host, found.issued_at, found.max_age) == ("id.example.com", NOW.replace(microsecond=0), AGE)
    with pytest.raises(InvalidInput):
        served.of("no host")


def test_key_in_use_is_no_backup_of_itself(tmp_path: Path) -> None:
    certificate = ensure_development_certificates(tmp_path, clock=SystemClock()).certificate
    own = served_pins(certificate, [BACKUP], max_age=AGE, clock=SystemClock()).pins[0]
    with pytest.raises(Misconfigured, match="AIRSIDE_TLS_BACKUP_PINS"):
        served_pins(certificate, [BACKUP, own], max_age=AGE, clock=SystemClock())


@pytest.mark.parametrize("content", [None, b"", b"no certificate"], ids=["missing", "empty", "rubbish"])
def test_file_without_a_certificate_is_refused(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "tls.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Misconfigured, match="AIRSIDE_TLS_CERTIFICATE"):
        served_pins(file, [BACKUP], max_age=AGE, clock=SystemClock())


def test_made_key_is_its_owners_alone_and_has_the_pin_that_was_told(tmp_path: Path) -> None:
    file = tmp_path / "next.key"
    pin = make_backup_key(file)
    refuse_open_key(file)
    key = load_pem_private_key(file.read_bytes(), password=None)
    assert pin_of_key(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)) == pin
    with pytest.raises(FileExistsError):
        make_backup_key(file)
    assert load_pem_private_key(file.read_bytes(), password=None).public_key() == key.public_key()
