"""The credential of a request: one token, and how it came. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from airside.core.errors import Unauthenticated
from airside.sdk.sender import Sender

_CREDENTIALS: Final = re.compile(r"(Bearer|DPoP) +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)  # RFC 6750, RFC 9449
_PCHAR: Final = "/:@!$&'()*+,;=~"  # RFC 3986 §3.3


class NoCredential(Unauthenticated):
    """The request says nobody: it isn't told that something was wrong with what it said (RFC 6750 §3.1)."""


class Credential(NamedTuple):
    """A token as it was sent, and its request."""

    token: str
    sender: Sender


def read_credential(
    authorization: Sequence[str], proofs: Sequence[str], *, method: str, url: str, certificate: bytes | None = None
) -> Credential:
    """The one token of a request's one Authorization header. `proofs` are its DPoP headers, `url` the address that
    clients use, without its query; `certificate` (DER) what TLS has proven.

    Raises:
        NoCredential: there is no such header.
        Unauthenticated: more than one, or not one token.
    """
    if not authorization:
        raise NoCredential("no credential")
    match = _CREDENTIALS.fullmatch(authorization[0])
    if len(authorization) != 1 or match is None:
        raise Unauthenticated("not one token")
    dpop = match[1].lower() == "dpop"
    return Credential(match[2], Sender(method, url, dpop, ", ".join(proofs) or None, certificate))


def cgi_credential(
    environ: Mapping[str, Any], *, method: str, scheme: str, path: str, certificate: bytes | None = None
) -> Credential:
    """As `read_credential`, of headers as CGI names them (PEP 3333). `path` is the decoded path that clients use.

    A server joins a header that came twice with a comma, which no token has: two are refused here too.
    """
    url = f"{scheme}://{environ.get('HTTP_HOST', '')}{quote(path, safe=_PCHAR)}"
    said = environ.get("HTTP_AUTHORIZATION")
    proof = environ.get("HTTP_DPOP")
    return read_credential(
        [] if said is None else [said],
        [] if proof is None else [proof],
        method=method,
        url=url,
        certificate=certificate,
    )
