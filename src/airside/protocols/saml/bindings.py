"""How messages travel: HTTP-Redirect and HTTP-POST (Bindings §3.4, §3.5).

A redirect's signature is over the query as it was written, percent signs and all, so the query is cut into its parts
and never decoded and written again before it is verified.
"""

import base64
import binascii
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias
from urllib.parse import quote, unquote_to_bytes

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from airside.protocols.saml.certificates import PinnedCertificate
from airside.protocols.saml.names import DEFLATE
from airside.protocols.saml.refusals import Reason, SamlRefused
from airside.protocols.saml.signatures import MessageSigner
from airside.protocols.saml.xml import MAX_XML

MessageField: TypeAlias = Literal["SAMLRequest", "SAMLResponse"]

MAX_POSTED: Final = (MAX_XML + 2) // 3 * 4 + MAX_XML // 48
"""Of base64, with a line break after every 64 characters."""
MAX_QUERY: Final = 32 * 1024
MAX_RELAY_STATE: Final = 80
"""Bytes (Bindings §3.4.3). What we send is shorter, and nothing else comes back that we would look at."""

_MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
_HASHES: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
_FIELDS: Final = frozenset({"SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature", "SAMLEncoding"})
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]*={0,2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class DetachedSignature:
    """The signature of a redirect: over which bytes, by which algorithm (Bindings §3.4.4.1)."""

    signed: bytes = field(repr=False)
    algorithm: str
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message as it came in, unverified: one binding brings its signature beside it, the other inside."""

    name: MessageField
    document: bytes = field(repr=False)
    relay_state: str | None = field(repr=False)
    detached: DetachedSignature | None = None


def read_post(name: MessageField, value: str, relay_state: str | None = None) -> Arrived:
    """The message in a form's field (Bindings §3.5.4).

    Raises:
        SamlRefused: too large, or not base64.
    """
    if len(value) > MAX_POSTED:
        raise SamlRefused(Reason.TOO_LARGE, characters=len(value))
    return Arrived(name, _unbase64("".join(value.split())), _relay_state(relay_state))


def write_post(document: bytes) -> str:
    """The value of the form's field."""
    return base64.b64encode(document).decode()


def read_redirect(query: str) -> Arrived:
    """The message in a query (Bindings §3.4.4).

    Raises:
        SamlRefused: too large, a field twice, both kinds of message, not DEFLATE, or half a signature.
    """
    if len(query) > MAX_QUERY or not query.isascii():
        raise SamlRefused(Reason.TOO_LARGE, characters=len(query))
    raw = _fields(query)
    names: list[MessageField] = [name for name in ("SAMLRequest", "SAMLResponse") if name in raw]
    if len(names) != 1 or _decoded(raw.get("SAMLEncoding", DEFLATE)) != DEFLATE:
        raise SamlRefused(Reason.MALFORMED, what="query")
    [name] = names
    document = _inflate(_unbase64(_decoded(raw[name])))
    relay_state = _relay_state(_decoded(raw["RelayState"])) if "RelayState" in raw else None
    if ("SigAlg" in raw) != ("Signature" in raw):
        raise SamlRefused(Reason.MALFORMED, what="query")
    if "SigAlg" not in raw:
        return Arrived(name, document, relay_state)
    signed = "&".join(f"{part}={raw[part]}" for part in (name, "RelayState", "SigAlg") if part in raw)
    value = _unbase64("".join(_decoded(raw["Signature"]).split()))
    return Arrived(name, document, relay_state, DetachedSignature(signed.encode(), _decoded(raw["SigAlg"]), value))


def write_redirect(
    name: MessageField, document: bytes, location: str, *, signer: MessageSigner | None, relay_state: str | None = None
) -> str:
    """The address that carries `document` to `location`, signed if there is a signer (Bindings §3.4.4.1)."""
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(document) + packer.flush()
    parts = {name: base64.b64encode(packed).decode()}
    if relay_state is not None:
        parts["RelayState"] = relay_state
    if signer is not None:
        parts["SigAlg"] = signer.method.value
    query = "&".join(f"{part}={quote(value, safe='')}" for part, value in parts.items())
    if signer is not None:
        query += f"&Signature={quote(base64.b64encode(_sign(signer, query.encode())).decode(), safe='')}"
    return f"{location}{'&' if '?' in location else '?'}{query}"


def verify_detached(signature: DetachedSignature, certificates: Iterable[PinnedCertificate]) -> None:
    """Let pass only a signature that one of the pinned keys made.

    Raises:
        SamlRefused: an algorithm outside of RSA and ECDSA with SHA-256, -384 and -512, or nobody's signature.
    """
    kind, _, digest = signature.algorithm.removeprefix(_MORE).partition("-")
    hashed = _HASHES.get(digest)
    if not signature.algorithm.startswith(_MORE) or hashed is None or kind not in ("rsa", "ecdsa"):
        raise SamlRefused(Reason.ALGORITHM)
    for pinned in certificates:
        try:
            match pinned.key:
                case rsa.RSAPublicKey() as key if kind == "rsa":
                    key.verify(signature.value, signature.signed, padding.PKCS1v15(), hashed())
                    return
                case ec.EllipticCurvePublicKey() as key if kind == "ecdsa":
                    key.verify(_as_der(signature.value, key.key_size), signature.signed, ec.ECDSA(hashed()))
                    return
                case _:
                    continue
        except InvalidSignature:
            continue
    raise SamlRefused(Reason.SIGNATURE)


def _sign(signer: MessageSigner, data: bytes) -> bytes:
    hashed = _HASHES[signer.method.value.rpartition("-")[2]]()
    if isinstance(signer.key, rsa.RSAPrivateKey):
        return signer.key.sign(data, padding.PKCS1v15(), hashed)
    r, s = utils.decode_dss_signature(signer.key.sign(data, ec.ECDSA(hashed)))
    length = (signer.key.key_size + 7) // 8
    return r.to_bytes(length) + s.to_bytes(length)


def _as_der(value: bytes, bits: int) -> bytes:
    """r and s side by side (RFC 4050 §3.3), as `cryptography` wants them."""
    length = (bits + 7) // 8
    if len(value) != 2 * length:
        raise InvalidSignature
    return utils.encode_dss_signature(int.from_bytes(value[:length]), int.from_bytes(value[length:]))


def _fields(query: str) -> dict[str, str]:
    """The fields that we read, still encoded. One that comes twice has no one meaning."""
    raw: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name in raw:
            raise SamlRefused(Reason.MALFORMED, what="query")
        if name in _FIELDS:
            raw[name] = value
    return raw


def _decoded(value: str) -> str:
    try:
        return unquote_to_bytes(value.replace("+", " ")).decode("utf-8")
    except UnicodeDecodeError:
        raise SamlRefused(Reason.MALFORMED, what="query") from None


def _relay_state(value: str | None) -> str | None:
    """Kept only if it could be ours: it is compared with what we sent, and never followed (N10)."""
    return value if value is not None and len(value.encode()) <= MAX_RELAY_STATE else None


def _unbase64(value: str) -> bytes:
    try:
        if not _BASE64.fullmatch(value):
            raise SamlRefused(Reason.MALFORMED, what="base64")
        return base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        raise SamlRefused(Reason.MALFORMED, what="base64") from None


def _inflate(packed: bytes) -> bytes:
    """RFC 1951, to the end of it and no further than a message may be long (N26)."""
    unpacker = zlib.decompressobj(wbits=-15)
    try:
        document = unpacker.decompress(packed, MAX_XML + 1)
    except zlib.error:
        raise SamlRefused(Reason.MALFORMED, what="deflate") from None
    if len(document) > MAX_XML:
        raise SamlRefused(Reason.TOO_LARGE)
    if not unpacker.eof or unpacker.unused_data:
        raise SamlRefused(Reason.MALFORMED, what="deflate")
    return document
