"""Where a server tells of the certificate that a client's TLS connection has proven (RFC 8705 §3).

ASGI has one place for it, which few servers fill. WSGI has none, so that an application under it names its server's: a
word of the environ that no client can write, or the connection itself. Under either it may be the header of a proxy
that is known by its address (RFC 9440).
"""

import base64
import binascii
import re
import ssl
from collections.abc import Callable, Mapping
from ipaddress import ip_address, ip_network
from typing import Any, Final

from airside.core.errors import Misconfigured
from airside.shield.screen import PEER

MAX_HEADER: Final = 16 * 1024
"""Characters: a certificate of a client is a tenth of it."""
_BYTES: Final = re.compile(r":([A-Za-z0-9+/]+={0,2}):")  # RFC 9651 §3.3.5
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.]*")

CertificateSource = Callable[[Mapping[str, Any]], bytes | None]
"""From a WSGI environ to the client's certificate (DER), if its TLS has proven one."""


def of_nobody(_environ: Mapping[str, Any]) -> bytes | None:
    """No certificate is believed: tokens that are bound to one are refused."""
    return None


def of_environ(name: str = "SSL_CLIENT_CERT") -> CertificateSource:
    """PEM in the environ, as Apache's mod_ssl (`SSLOptions +ExportCertData`), Werkzeug and cheroot put it there, and
    uWSGI's router as `HTTPS_CC` (`--https` and `--https-export-cert`; its workers' socket must be nobody else's).

    Raises:
        Misconfigured: no such word, or a header's, which any client can send.
    """
    if _WORD.fullmatch(name) is None or name.upper().startswith("HTTP_"):
        raise Misconfigured("certificates", f"{name!r} is no word that the server alone puts into the environ")
    return lambda environ: _of_pem(environ.get(name))


def of_socket(name: str = "gunicorn.socket") -> CertificateSource:
    """The TLS connection in the environ: gunicorn's, or `werkzeug.socket`. It demands certificates by its server's own
    settings (gunicorn: `cert_reqs`)."""

    def source(environ: Mapping[str, Any]) -> bytes | None:
        connection = environ.get(name)
        try:
            return connection.getpeercert(binary_form=True) if isinstance(connection, ssl.SSLSocket) else None
        except (ValueError, OSError):  # no handshake, or gone
            return None

    return source


def of_proxy(*networks: str) -> CertificateSource:
    """The header `Client-Cert` (RFC 9440) of requests that come from these networks, where proxies end TLS. The proxy
    has to take it out of every request that it doesn't write it into, under any spelling.

    Raises:
        Misconfigured: no network, a malformed one, or one that is everybody's.
    """
    try:
        trusted = tuple(map(ip_network, networks))
    except ValueError:
        raise Misconfigured("certificates", "are believed of networks such as 10.0.0.0/8") from None
    if not trusted or any(network.prefixlen == 0 for network in trusted):
        raise Misconfigured("certificates", "must name the proxies' own networks")

    def source(environ: Mapping[str, Any]) -> bytes | None:
        try:
            # Who is connected; the shield puts the address that a proxy speaks of in its place.
            peer = ip_address(str(environ.get(PEER, environ.get("REMOTE_ADDR", ""))))
        except ValueError:
            return None
        known = any(peer in network for network in trusted)
        return _of_header(str(environ.get("HTTP_CLIENT_CERT", ""))) if known else None

    return source


def of_scope(scope: Mapping[str, Any], named: CertificateSource = of_nobody) -> bytes | None:
    """As the server's TLS has proven it, by ASGI's TLS extension; where that says nothing, what `named` says, such as
    `of_proxy(…)`."""
    extensions: Mapping[str, Mapping[str, Any]] = scope.get("extensions") or {}
    chain: list[str] | None = extensions.get("tls", {}).get("client_cert_chain")
    return _of_pem(chain[0]) if chain else named(_environ(scope))


def _environ(scope: Mapping[str, Any]) -> Mapping[str, Any]:
    """As much of the request as a proxy's word takes, in the words of WSGI."""
    client = scope.get("client")
    peer = scope.get(PEER) or (client[0] if client else "")
    said = [value.decode("latin-1") for name, value in scope.get("headers", ()) if name == b"client-cert"]
    return {PEER: peer, "HTTP_CLIENT_CERT": ", ".join(said)}


def _of_pem(text: object) -> bytes | None:
    try:
        return ssl.PEM_cert_to_DER_cert(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _of_header(text: str) -> bytes | None:
    """A server joins a header that came twice with a comma: what isn't exactly one is none."""
    found = _BYTES.fullmatch(text) if len(text) <= MAX_HEADER else None
    try:
        return base64.b64decode(found[1], validate=True) if found else None
    except binascii.Error:
        return None
