"""Whether a certificate, whose key the TLS handshake has proven, is a client's own (RFC 8705 §2). Pure.

The handshake takes every certificate that any client of any tenant may present; here it is decided whose it is. One of
an authority (`tls_client_auth`): issued directly by an authority that the operator named, and of the one subject that
the client registered. A self-signed one: of the very public key that the client registered.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from airside.core.entropy import equal
from airside.core.strict_json import Json
from airside.oauth.settings import ClientSettings

MAX_REGISTERED: Final = 16 * 1024
"""Bytes of a registered certificate."""


@dataclass(frozen=True, slots=True)
class Authorities:
    """The authorities whose certificates clients may have: intermediate ones named beside their root."""

    certificates: tuple[x509.Certificate, ...] = ()

    def issued(self, certificate: x509.Certificate, now: datetime) -> bool:
        """Whether one of them, itself in force, issued `certificate`. Others' certificates that the handshake takes as
        anchors (registered self-signed ones) issue nothing here."""
        return any(_in_force(each, now) and _issued_by(certificate, each) for each in self.certificates)


def is_clients(settings: ClientSettings, der: bytes, authorities: Authorities, now: datetime) -> bool:
    """Whether the certificate `der` proves the client of these settings, by the method that it registered."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        if not _in_force(certificate, now):
            return False
        if settings.token_endpoint_auth_method == "self_signed_tls_client_auth":
            return _is_registered(settings, certificate)
        if settings.token_endpoint_auth_method == "tls_client_auth":
            return authorities.issued(certificate, now) and _is_subject(settings, certificate)
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return False
    return False


def registered_certificates(settings: ClientSettings) -> list[bytes]:
    """The certificates (DER) of the keys in `jwks`: the first of each `x5c` (RFC 7517 §4.7, RFC 8705 §2.2.2). What is
    none is left out."""
    jwks: dict[str, Json] = settings.jwks or {}
    keys = jwks.get("keys")
    found: list[bytes] = []
    for jwk in keys if isinstance(keys, list) else []:
        chain = jwk.get("x5c") if isinstance(jwk, dict) else None
        if isinstance(chain, list) and chain and isinstance(chain[0], str) and len(chain[0]) <= MAX_REGISTERED:
            try:
                found.append(base64.b64decode(chain[0], validate=True))
            except binascii.Error:
                continue
    return found


def _is_registered(settings: ClientSettings, certificate: x509.Certificate) -> bool:
    presented = _public_key(certificate)
    return any(
        equal(_public_key(x509.load_der_x509_certificate(der)), presented) for der in registered_certificates(settings)
    )


def _public_key(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _in_force(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def _issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _is_subject(settings: ClientSettings, certificate: x509.Certificate) -> bool:
    """RFC 8705 §2.1.2: exactly one of five says whose the certificate must be."""
    dn = settings.tls_client_auth_subject_dn
    wanted: list[tuple[str | None, Callable[[str], bool]]] = [
        (dn, lambda text: x509.Name.from_rfc4514_string(text) == certificate.subject),
        (settings.tls_client_auth_san_dns, lambda text: text.lower() in _lower(_names(certificate, x509.DNSName))),
        (settings.tls_client_auth_san_uri, lambda text: text in _names(certificate, x509.UniformResourceIdentifier)),
        (settings.tls_client_auth_san_ip, lambda text: ip_address(text) in _names(certificate, x509.IPAddress)),
        (settings.tls_client_auth_san_email, lambda text: text in _names(certificate, x509.RFC822Name)),
    ]
    named = [(text, fits) for text, fits in wanted if text is not None]
    return len(named) == 1 and named[0][1](named[0][0])


def _names(certificate: x509.Certificate, kind: type[x509.GeneralName]) -> Sequence[object]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return [name.value for name in names if isinstance(name, kind)]


def _lower(names: Sequence[object]) -> list[str]:
    return [name.lower() for name in names if isinstance(name, str)]
