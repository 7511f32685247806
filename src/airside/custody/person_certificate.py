"""The erasure certificate of one person: a JWS (RFC 7515) that says whose key was destroyed, and when. The tenant signs
it; whoever holds the thumbprint of its key verifies it without us: `docs/operations/erasure-certificate.md` has the
format."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from airside.audit import Authority
from airside.core.clock import epoch
from airside.core.entropy import Entropy
from airside.core.errors import InvalidInput, Refusal
from airside.core.ids import TENANT, USER, format_id, parse_id, uuid7
from airside.core.strict_json import Json, dumps
from airside.custody.certificate import Signed, read_claims
from airside.identity import ErasedPerson
from airside.protocols.jose import SigningKey, public_jwk, sign_compact
from airside.store.context import RequestContext

PERSON_TYPE: Final = "airside-person-erasure+jwt"


@dataclass(frozen=True, slots=True)
class PersonCertificate:
    """What is certified: that user of that tenant is erased, and the key of that id, which was their own, destroyed.
    Without a `key_id` they had none: an account from before there were such."""

    certificate_id: UUID
    tenant_id: UUID
    user_id: UUID
    key_id: UUID | None
    requested_at: datetime
    destroyed_at: datetime


@dataclass(frozen=True, slots=True)
class VerifiedPerson:
    """A certificate whose signature holds, and the thumbprint (RFC 7638) of the key that made it."""

    certificate: PersonCertificate
    thumbprint: str


class _Claims(Signed, forbid_unknown_fields=True, kw_only=True):
    jti: UUID
    iat: int
    tenant_id: str
    user_id: str
    key: UUID | None
    requested_at: int
    destroyed_at: int


class PersonCertifier:
    """Signs with the key of the tenant's own log. Implements `identity.Certifier`."""

    def __init__(self, *, authority: Authority, entropy: Entropy) -> None:
        self._authority = authority
        self._entropy = entropy

    async def certify(self, ctx: RequestContext, erased: ErasedPerson) -> str:
        """As `Certifier.certify`."""
        statement = PersonCertificate(
            certificate_id=uuid7(ctx.now, self._entropy),
            tenant_id=ctx.tenant_id,
            user_id=erased.user_id,
            key_id=erased.user_id if erased.had_key else None,  # a person's key has their id
            requested_at=erased.requested_at,
            destroyed_at=ctx.now,
        )
        return sign_person(await self._authority.key(ctx), statement)


def sign_person(key: SigningKey, certificate: PersonCertificate) -> str:
    """The certificate, signed. It carries the public key; what makes it trusted is that key's thumbprint."""
    payload: dict[str, Json] = {
        "jti": str(certificate.certificate_id),
        "iat": epoch(certificate.destroyed_at),
        "tenant_id": format_id(TENANT, certificate.tenant_id),
        "user_id": format_id(USER, certificate.user_id),
        "key": None if certificate.key_id is None else str(certificate.key_id),
        "requested_at": epoch(certificate.requested_at),
        "destroyed_at": epoch(certificate.destroyed_at),
        "jwk": public_jwk(key.verification()),
    }
    return sign_compact(key, dumps(payload), typ=PERSON_TYPE)


def read_person_certificate(text: str) -> VerifiedPerson:
    """The certificate in `text`, if the key that it carries signed it. Whose key that is, its thumbprint tells whoever
    got it from the tenant: a stranger can sign with a stranger's.

    Raises:
        InvalidInput: no certificate of a person, or changed since it was signed.
    """
    try:
        claims, kid = read_claims(text, _Claims, PERSON_TYPE)
        return VerifiedPerson(_certificate(claims), kid)
    except (Refusal, ValueError, OverflowError):
        raise InvalidInput("no erasure certificate of a person, or changed since it was signed") from None


def _certificate(claims: _Claims) -> PersonCertificate:
    return PersonCertificate(
        certificate_id=claims.jti,
        tenant_id=parse_id(TENANT, claims.tenant_id),
        user_id=parse_id(USER, claims.user_id),
        key_id=claims.key,
        requested_at=datetime.fromtimestamp(claims.requested_at, UTC),
        destroyed_at=datetime.fromtimestamp(claims.destroyed_at, UTC),
    )
