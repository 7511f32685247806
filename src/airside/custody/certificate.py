"""The erasure certificate: a JWS (RFC 7515) that says which tenant's keys were destroyed, and when. Whoever holds the
thumbprint of the operators' key verifies it without us: `docs/operations/erasure-certificate.md` has the format."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec

from airside.core.clock import epoch
from airside.core.errors import InvalidInput, Refusal
from airside.core.ids import TENANT, format_id, parse_id
from airside.core.strict_json import Json, dumps, loads_object
from airside.custody.model import LostKey
from airside.protocols.jose import (
    KeySet,
    SigningKey,
    b64url_decode,
    key_from_jwk,
    public_jwk,
    sign_compact,
    thumbprint,
    verify_compact,
)
from airside.protocols.jose.jws import split

TYPE: Final = "airside-erasure+jwt"
ALGORITHM: Final = "ES256"
MAX_CERTIFICATE: Final = 256 * 1024
"""Characters of a certificate: a thousand keys are named in a third of it."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is certified: these keys of that tenant, and the own keys of so many people wrapped by them, were destroyed;
    the tenant's audit log was closed under the head of that size and root."""

    certificate_id: UUID
    tenant_id: UUID
    slug: str
    requested_at: datetime
    destroyed_at: datetime
    keys: tuple[LostKey, ...]
    people: int
    tree_size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Verified:
    """A certificate whose signature holds, and the thumbprint (RFC 7638) of the key that made it."""

    certificate: Certificate
    thumbprint: str


class _Key(msgspec.Struct, forbid_unknown_fields=True):
    id: UUID
    purpose: str


class _Audit(msgspec.Struct, forbid_unknown_fields=True):
    tree_size: int
    root: str


class Signed(msgspec.Struct, forbid_unknown_fields=True):
    """What every certificate carries: the public key."""

    jwk: dict[str, Any]


_Said = TypeVar("_Said", bound=Signed)


class _Claims(Signed, forbid_unknown_fields=True, kw_only=True):
    jti: UUID
    iat: int
    tenant_id: str
    slug: str
    requested_at: int
    destroyed_at: int
    keys: tuple[_Key, ...]
    people: int
    audit: _Audit


def sign(key: SigningKey, certificate: Certificate) -> str:
    """The certificate, signed. It carries the public key; what makes it trusted is that key's thumbprint."""
    payload: dict[str, Json] = {
        "jti": str(certificate.certificate_id),
        "iat": epoch(certificate.destroyed_at),
        "tenant_id": format_id(TENANT, certificate.tenant_id),
        "slug": certificate.slug,
        "requested_at": epoch(certificate.requested_at),
        "destroyed_at": epoch(certificate.destroyed_at),
        "keys": [{"id": str(each.key_id), "purpose": each.purpose} for each in certificate.keys],
        "people": certificate.people,
        "audit": {"tree_size": certificate.tree_size, "root": certificate.root.hex()},
        "jwk": public_jwk(key.verification()),
    }
    return sign_compact(key, dumps(payload), typ=TYPE)


def read_certificate(text: str) -> Verified:
    """The certificate in `text`, if the key that it carries signed it. Whose key that is, its thumbprint tells whoever
    got it from the operators: a stranger can sign with a stranger's.

    Raises:
        InvalidInput: no certificate, or changed since it was signed.
    """
    try:
        claims, kid = read_claims(text, _Claims, TYPE)
        return Verified(_certificate(claims), kid)
    except (Refusal, ValueError, OverflowError):
        raise InvalidInput("no erasure certificate, or changed since it was signed") from None


def read_claims(text: str, claims: type[_Said], typ: str) -> tuple[_Said, str]:
    """What a certificate of that type says, and the thumbprint of the key that it carries, which signed it.

    Raises:
        Refusal, ValueError, OverflowError: no such certificate, or changed since it was signed.
    """
    if len(text) > MAX_CERTIFICATE:
        raise InvalidInput("no erasure certificate")
    _, body, _ = split(text)
    said = msgspec.convert(loads_object(b64url_decode(body), max_bytes=MAX_CERTIFICATE), claims)
    key = key_from_jwk(said.jwk, alg=ALGORITHM)
    if key.kid != thumbprint(key.public) or verify_compact(text, KeySet([key])).header.typ != typ:
        raise InvalidInput("no erasure certificate")
    return said, key.kid


def _certificate(claims: _Claims) -> Certificate:
    return Certificate(
        certificate_id=claims.jti,
        tenant_id=parse_id(TENANT, claims.tenant_id),
        slug=claims.slug,
        requested_at=datetime.fromtimestamp(claims.requested_at, UTC),
        destroyed_at=datetime.fromtimestamp(claims.destroyed_at, UTC),
        keys=tuple(LostKey(each.id, each.purpose) for each in claims.keys),
        people=claims.people,
        tree_size=claims.audit.tree_size,
        root=bytes.fromhex(claims.audit.root),
    )
