"""TLS that demands the client's certificate (RFC 8446 §4.3.2), for clients that prove themselves by it (RFC 8705).

The handshake proves that the client holds the key of a certificate that leads to one of the anchors. Whose certificate
it is, and what it opens, is judged where the client's registration is known.
"""

import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from airside.core.errors import Misconfigured
from airside.transport.tls import server_context

AUTHORITIES_SETTING: Final = "AIRSIDE_MUTUAL_TLS_AUTHORITIES"
MAX_AUTHORITIES_BYTES: Final = 1024 * 1024


def mutual_context(
    certificate: Path, key: Path, *, authorities: Iterable[x509.Certificate], registered: Iterable[bytes]
) -> ssl.SSLContext:
    """As `server_context`, and no handshake ends without a certificate of the client's that one of `authorities`
    issued, or that is one of `registered` (DER, self-signed). What is no certificate among these anchors nothing.

    Raises:
        Misconfigured: as `server_context`.
    """
    context = server_context(certificate, key)
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # an intermediate authority that is named is enough
    context.num_tickets = 0  # each connection proves its certificate itself, by today's anchors
    for each in authorities:
        context.load_verify_locations(cadata=each.public_bytes(Encoding.DER))
    for der in registered:
        try:
            x509.load_der_x509_certificate(der)
            context.load_verify_locations(cadata=der)
        except (ValueError, ssl.SSLError):
            continue
    return context


def load_authorities(path: Path) -> tuple[x509.Certificate, ...]:
    """The certificates in the PEM file `path`.

    Raises:
        Misconfigured: it is missing, or holds none.
    """
    try:
        with path.open("rb") as file:
            return tuple(x509.load_pem_x509_certificates(file.read(MAX_AUTHORITIES_BYTES)))
    except (OSError, ValueError) as error:
        raise Misconfigured(AUTHORITIES_SETTING, f"{path} holds no certificate that can be read") from error
