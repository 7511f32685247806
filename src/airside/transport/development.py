"""A certificate authority for development, made at the first start.

Whoever trusts it risks little: its name constraints (RFC 5280 §4.2.1.10) hold it to localhost, the loopback
addresses and the names given, so that a stolen authority can't speak for any other site. Its name tells what it
is, and production refuses its certificates by that name.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from airside.core.clock import Clock
from airside.core.errors import Misconfigured
from airside.core.files import alone, replace_file
from airside.transport.tls import CERTIFICATE_SETTING, refuse_open_key

AUTHORITY: Final = "Airside development CA"
MAX_CERTIFICATE_BYTES: Final = 1024 * 1024
_CA_LIFE: Final = timedelta(days=730)
_LEAF_LIFE: Final = timedelta(days=90)
_RENEW_BEFORE: Final = timedelta(days=7)
_BACKDATED: Final = timedelta(minutes=5)
_NAMES: Final = ("localhost", "127.0.0.1", "::1")
_LOOPBACK: Final = (x509.IPAddress(ipaddress.ip_network("127.0.0.0/8")), x509.IPAddress(ipaddress.ip_network("::1")))


@dataclass(frozen=True, slots=True)
class DevelopmentCertificates:
    """PEM files: the authority to trust, the server's certificate, and its private key."""

    ca: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class _Pair:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def ensure_development_certificates(
    folder: Path, *, clock: Clock, names: Sequence[str] = ()
) -> DevelopmentCertificates:
    """The development certificates in `folder`, made or renewed where needed.

    The server's certificate is for localhost, 127.0.0.1, ::1 and `names` (DNS names or addresses), and is renewed
    within 7 days of its end. The authority is kept, so that it needs to be trusted once, until it is about to end
    or `names` asks for what its constraints forbid.

    Raises:
        Misconfigured: a private key lies open to others.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = DevelopmentCertificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    ca_key = folder / "ca.key"
    wanted = tuple(dict.fromkeys((*_NAMES, *(name.lower() for name in names))))
    now = clock.now()
    with alone(folder / "lock"):
        ca = _load(files.ca, ca_key)
        if ca is None or _ends_within(ca, now, _LEAF_LIFE + _RENEW_BEFORE) or not _permits(ca, wanted):
            ca = _make_ca(wanted, now)
            _write(files.ca, ca_key, ca)
        leaf = _load(files.certificate, files.key)
        if leaf is None or _ends_within(leaf, now, _RENEW_BEFORE) or not _serves(leaf, ca, wanted):
            _write(files.certificate, files.key, _make_leaf(wanted, ca, now))
    return files


def is_development_certificate(path: Path) -> bool:
    """Whether any certificate in the PEM file `path` is, or was issued by, a development authority.

    Raises:
        Misconfigured: the file is missing or holds no certificate.
    """
    try:
        with path.open("rb") as file:
            certificates = x509.load_pem_x509_certificates(file.read(MAX_CERTIFICATE_BYTES))
    except (OSError, ValueError) as error:
        raise Misconfigured(CERTIFICATE_SETTING, f"{path} holds no certificate that can be read") from error
    return any(
        _common_name(name).startswith(AUTHORITY)
        for certificate in certificates
        for name in (certificate.subject, certificate.issuer)
    )


def _make_ca(names: Sequence[str], now: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    # The date in the name keeps two authorities apart in a trust store.
    name = _name(f"{AUTHORITY} {now:%Y-%m-%d %H:%M:%S}")
    permitted = [*_LOOPBACK, *(_constraint(name) for name in names if name not in _NAMES[1:])]
    certificate = (
        _builder(name, name, key.public_key(), now, _CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(certificate_signing=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, excluded_subtrees=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _Pair(certificate, key)


def _make_leaf(names: Sequence[str], ca: _Pair, now: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(_name("Airside development server"), ca.certificate.subject, key.public_key(), now, _LEAF_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(certificate_signing=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key()), critical=False)
        .sign(ca.key, hashes.SHA256())
    )
    return _Pair(certificate, key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + life)
    )


def _usage(*, certificate_signing: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificate_signing,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificate_signing,
        crl_sign=certificate_signing,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _common_name(name: x509.Name) -> str:
    return " ".join(str(attribute.value) for attribute in name.get_attributes_for_oid(NameOID.COMMON_NAME))


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _constraint(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_network(name))
    except ValueError:
        return x509.DNSName(name)


def _permits(ca: _Pair, names: Sequence[str]) -> bool:
    permitted = ca.certificate.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees
    return all(_constraint(name) in (permitted or ()) for name in names if name not in _NAMES[1:])


def _serves(leaf: _Pair, ca: _Pair, names: Sequence[str]) -> bool:
    try:
        leaf.certificate.verify_directly_issued_by(ca.certificate)
    except Exception:  # noqa: BLE001  # whatever is wrong with it, a new one mends it
        return False
    held = leaf.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(held) == {_general_name(name) for name in names}


def _ends_within(pair: _Pair, now: datetime, span: timedelta) -> bool:
    return not pair.certificate.not_valid_before_utc <= now < pair.certificate.not_valid_after_utc - span


def _load(certificate: Path, key: Path) -> _Pair | None:
    """The pair in two files; None where one is missing, broken, or doesn't belong to the other."""
    if not (certificate.exists() and key.exists()):
        return None
    refuse_open_key(key)
    try:
        loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
        private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except ValueError:
        return None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or loaded.public_key() != private.public_key():
        return None
    return _Pair(loaded, private)


def _write(certificate: Path, key: Path, pair: _Pair) -> None:
    pem = serialization.Encoding.PEM
    secret = pair.key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    replace_file(key, secret, 0o600)
    replace_file(certificate, pair.certificate.public_bytes(pem), 0o644)
