"""Verify access tokens: signature, type, issuer, audience, time, tenant, and that nothing has revoked them. Of opaque
ones the row stands for the signature and the type; all the rest is asked the same."""

from collections.abc import Mapping
from dataclasses import InitVar, dataclass
from functools import lru_cache
from typing import Final, final
from uuid import UUID

from airside.core.errors import InvalidInput, Unauthenticated
from airside.core.ids import TENANT, parse_id
from airside.core.proof import Mint
from airside.core.strict_json import Json
from airside.protocols.jose import (
    ANY_AUDIENCE,
    CachedVerifier,
    Expected,
    KeySet,
    Reason,
    TokenRefused,
    VerifiedJwt,
    peek_claims,
)
from airside.protocols.oauth import parse_scope
from airside.revocation import Revocations, RevokedSet
from airside.store import RequestContext
from airside.tokens import records_opaque
from airside.tokens.issue import ACCESS_TYPE
from airside.tokens.keys import SigningKeys
from airside.tokens.model import MAX_ACTORS, Confirmation
from airside.tokens.opaque import is_opaque, opaque_hash, opaque_tenant

_MINT: Final = Mint("VerifiedToken")
_PEEKS_KEPT: Final = 4096
_MAX_PEEK_KEPT: Final = 4096  # a longer token is read each time, so that junk can't fill the memory


class TokenRevoked(Unauthenticated):
    """Well signed and in force, but taken back."""


@final
@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """An access token that proves what it says. Only `TokenVerifier` hands one out."""

    tenant_id: UUID
    subject: str
    client_id: str
    audience: tuple[str, ...]
    scope: frozenset[str]
    roles: tuple[str, ...]
    jti: str
    issued_at: int
    expires_at: int
    auth_time: int | None
    acr: str | None
    amr: tuple[str, ...]
    session_id: str | None
    family_id: str | None
    confirmation: Confirmation | None
    actors: tuple[str, ...]
    may_act: str | None
    kid: str
    """Of the key that signed it; of an opaque one, nothing."""
    mint: InitVar[Mint]

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


class TokenVerifier:
    """Verifies this server's own access tokens. On warm caches it touches no database.

    Attributes:
        verified: what it remembers, and how often that helped.
    """

    def __init__(self, *, keys: SigningKeys, revocations: Revocations) -> None:
        self._keys = keys
        self._revocations = revocations
        self.verified = CachedVerifier(_read_jwt)

    async def verify(self, ctx: RequestContext, token: str, *, issuer: str, audience: str | None) -> VerifiedToken:
        """What `token` proves at `ctx.now` in `ctx.tenant_id`.

        `audience` None is for the issuer's own questions about a token (introspection, revocation): whom it is
        meant for isn't compared then. It has no default, so that forgetting it isn't possible (N04).

        Raises:
            TokenRefused: malformed, another algorithm, key, type, issuer, audience or tenant, or out of its time.
            TokenRevoked: taken back.
            Unavailable: what is revoked isn't known just now.
        """
        if is_opaque(token):
            found = await _looked_up(ctx, token, issuer, audience)
        else:
            found = self._proven(ctx, token, await self._keys.keyset(ctx), issuer, audience)
        return _in_force(found, await self._revocations.current(ctx))

    def verify_at_once(
        self, ctx: RequestContext, token: str, *, issuer: str, audience: str | None
    ) -> VerifiedToken | None:
        """As `verify`, without a wait; None where it would take one.

        Raises:
            TokenRefused, TokenRevoked: as `verify`.
        """
        keys, revoked = self._keys.known(ctx), self._revocations.known(ctx)
        if keys is None or revoked is None or is_opaque(token):
            return None
        return _in_force(self._proven(ctx, token, keys, issuer, audience), revoked)

    def _proven(
        self, ctx: RequestContext, token: str, keys: KeySet, issuer: str, audience: str | None
    ) -> VerifiedToken:
        found = self.verified.verify(token, keys, _expected(issuer, audience), ctx.now.timestamp())
        if found.tenant_id != ctx.tenant_id:
            raise TokenRefused(Reason.CLAIM, claim="tenant_id")
        return found


async def _looked_up(ctx: RequestContext, token: str, issuer: str, audience: str | None) -> VerifiedToken:
    claims = await records_opaque.find(ctx, opaque_hash(ctx.tenant_id, token))
    if claims is None:
        raise TokenRefused(Reason.UNKNOWN)
    found = _read(claims, kid="")
    if claims.get("iss") != issuer:
        raise TokenRefused(Reason.ISSUER)
    if audience is not None and audience not in found.audience:
        raise TokenRefused(Reason.AUDIENCE)
    if found.tenant_id != ctx.tenant_id:
        raise TokenRefused(Reason.CLAIM, claim="tenant_id")
    return found


def _in_force(found: VerifiedToken, revoked: RevokedSet) -> VerifiedToken:
    if revoked.covers(
        jti=found.jti,
        sid=found.session_id,
        fam=found.family_id,
        sub=found.subject,
        client_id=found.client_id,
        issued_at=found.issued_at,
        key=found.kid or None,
    ):
        raise TokenRevoked("revoked", jti=found.jti)
    for actor in found.actors:  # who acts for somebody acts no more once they are gone themselves (N18)
        if revoked.covers(jti="", sid=None, fam=None, sub=actor, client_id=actor, issued_at=found.issued_at):
            raise TokenRevoked("actor revoked", jti=found.jti)
    return found


def peek_tenant(token: str) -> UUID:
    """The tenant that `token` claims to be of. *Nobody has verified it*: only good to choose the keys.

    Raises:
        TokenRefused: not one of our access tokens by its looks.
    """
    return _peek_kept(token) if len(token) <= _MAX_PEEK_KEPT else _peek(token)


def _peek(token: str) -> UUID:
    return opaque_tenant(token) if is_opaque(token) else _tenant(peek_claims(token))


_peek_kept = lru_cache(maxsize=_PEEKS_KEPT)(_peek)


@lru_cache(maxsize=4096)
def _expected(issuer: str, audience: str | None) -> Expected:
    return Expected(ACCESS_TYPE, issuer, ANY_AUDIENCE if audience is None else audience)


def _read_jwt(jwt: VerifiedJwt) -> VerifiedToken:
    return _read(jwt.claims, jwt.header.kid)


def _read(claims: Mapping[str, Json], kid: str) -> VerifiedToken:
    """RFC 9068 §2.2 demands `sub`, `client_id`, `jti`; ours have `tenant_id`, `scope` and `roles` too."""
    try:
        scope = parse_scope(_text(claims, "scope"))
    except InvalidInput:
        raise TokenRefused(Reason.CLAIM, claim="scope") from None
    audience = claims.get("aud")
    return VerifiedToken(
        tenant_id=_tenant(claims),
        subject=_text(claims, "sub"),
        client_id=_text(claims, "client_id"),
        audience=(audience,) if isinstance(audience, str) else _texts(claims, "aud"),
        scope=scope,
        roles=_texts(claims, "roles"),
        jti=_text(claims, "jti"),
        issued_at=_integer(claims, "iat"),
        expires_at=_integer(claims, "exp"),
        auth_time=_integer(claims, "auth_time") if "auth_time" in claims else None,
        acr=_text(claims, "acr") if "acr" in claims else None,
        amr=_texts(claims, "amr") if "amr" in claims else (),
        session_id=_text(claims, "sid") if "sid" in claims else None,
        family_id=_text(claims, "fam") if "fam" in claims else None,
        confirmation=_confirmation(claims["cnf"]) if "cnf" in claims else None,
        actors=_actors(claims["act"]) if "act" in claims else (),
        may_act=_may_act(claims["may_act"]) if "may_act" in claims else None,
        kid=kid,
        mint=_MINT,
    )


def _confirmation(value: Json) -> Confirmation:
    """A binding that isn't understood refuses the token: without it the token would be anybody's (N04)."""
    if not isinstance(value, dict) or not value or not value.keys() <= {"jkt", "x5t#S256"}:
        raise TokenRefused(Reason.CLAIM, claim="cnf")
    jkt, x5t = (_text(value, name) if name in value else None for name in ("jkt", "x5t#S256"))
    try:
        return Confirmation(jkt, x5t)
    except ValueError:
        raise TokenRefused(Reason.CLAIM, claim="cnf") from None


def _actors(value: Json) -> tuple[str, ...]:
    """RFC 8693 §4.1. A chain that isn't understood, or is longer than any of ours, refuses the token (N04)."""
    found: list[str] = []
    while value is not None:
        if not isinstance(value, dict) or not value.keys() <= {"sub", "act"} or not value.get("sub"):
            raise TokenRefused(Reason.CLAIM, claim="act")
        if len(found) == MAX_ACTORS:
            raise TokenRefused(Reason.CLAIM, claim="act")
        found.append(_text(value, "sub"))
        value = value.get("act")
    if not found:
        raise TokenRefused(Reason.CLAIM, claim="act")
    return tuple(found)


def _may_act(value: Json) -> str:
    """RFC 8693 §4.4: the only one who may act for the subject."""
    if not isinstance(value, dict) or value.keys() != {"sub"}:
        raise TokenRefused(Reason.CLAIM, claim="may_act")
    return _text(value, "sub")


def _tenant(claims: Mapping[str, Json]) -> UUID:
    try:
        return parse_id(TENANT, _text(claims, "tenant_id"))
    except InvalidInput:
        raise TokenRefused(Reason.CLAIM, claim="tenant_id") from None


def _text(claims: Mapping[str, Json], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str):
        raise TokenRefused(Reason.CLAIM, claim=name)
    return value


def _texts(claims: Mapping[str, Json], name: str) -> tuple[str, ...]:
    value = claims.get(name)
    if not isinstance(value, list):
        raise TokenRefused(Reason.CLAIM, claim=name)
    texts = tuple(item for item in value if isinstance(item, str))
    if len(texts) != len(value):
        raise TokenRefused(Reason.CLAIM, claim=name)
    return texts


def _integer(claims: Mapping[str, Json], name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise TokenRefused(Reason.CLAIM, claim=name)
    return value
