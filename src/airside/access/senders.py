"""How a request came: to which address, with which proof, over whose certificate."""

from dataclasses import dataclass
from typing import Final

from starlette.requests import HTTPConnection

from airside.access.issuers import Issuers
from airside.shield import passage

CLIENT_CERTIFICATE: Final = "client_certificate"
"""Where in a request's `state` the listener leaves the certificate (DER) that the client's TLS handshake has proven; no
header can (N04)."""

PROVEN: Final = "airside.sender_proven"
"""Where in a request's scope it is noted that its DPoP proof was spent for its token: a request that waits opens its
context a second time. No header can (N04)."""


@dataclass(frozen=True, slots=True)
class Sender:
    """What a request says of its sender besides its credential; nothing of it is proven but the certificate.

    `urls` are the addresses that a DPoP proof may name: ours, whatever host the request named.
    """

    method: str = "POST"
    urls: tuple[str, ...] = ()
    dpop: str | None = None
    certificate: bytes | None = None
    proven: bool = False


def sender_of(request: HTTPConnection, issuers: Issuers) -> Sender:
    """The sender of `request`. Several DPoP headers read as one that is none (RFC 9449 §4.3)."""
    scope = request.scope
    path = bytes(scope["raw_path"]).decode("ascii", "replace")
    certificate = scope.get("state", {}).get(CLIENT_CERTIFICATE)
    origins = (issuers.origin,) if certificate is None else issuers.origins
    urls = tuple(origin + path for origin in origins)
    return Sender(scope["method"], urls, passage(scope).header(b"dpop"), certificate, PROVEN in scope)
