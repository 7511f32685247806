"""Write access tokens (RFC 9068 §2) and ID tokens (OpenID Connect Core §2)."""

import hashlib
from typing import Final

from airside.core.clock import epoch
from airside.core.entropy import Entropy
from airside.core.ids import TENANT, TOKEN, format_id, uuid7
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.protocols.jose import ALGORITHMS, b64url_encode, sign_jwt
from airside.protocols.oauth import format_scope
from airside.store import RequestContext
from airside.tokens.keys import SigningKeys
from airside.tokens.model import ACCESS_TOKEN_LIFETIME, ID_TOKEN_LIFETIME, AccessGrant, IssuedToken

ACCESS_TYPE: Final = "at+jwt"
ID_TYPE: Final = "JWT"


class TokenIssuer:
    """Signs with the tenant's own keys, as `issuer`."""

    def __init__(self, *, keys: SigningKeys, entropy: Entropy) -> None:
        self._keys = keys
        self._entropy = entropy

    async def access_token(
        self, ctx: RequestContext, grant: AccessGrant, *, issuer: str, alg: str = "ES256"
    ) -> IssuedToken:
        """An access token for `grant`, good for 15 minutes from `ctx.now`."""
        expires_at = ctx.now + ACCESS_TOKEN_LIFETIME
        jti = self._jti(ctx)
        claims: dict[str, Json] = {
            "iss": issuer,
            "sub": grant.subject,
            "aud": _audience(grant.audience),
            "exp": epoch(expires_at),
            "iat": epoch(ctx.now),
            "nbf": epoch(ctx.now),
            "jti": jti,
            "client_id": grant.client_id,
            "scope": format_scope(grant.scope),
            "tenant_id": format_id(TENANT, ctx.tenant_id),
            "roles": list(grant.roles),
            **_authentication(grant),
        }
        if grant.family_id is not None:
            claims["fam"] = grant.family_id
        if grant.confirmation is not None:
            claims["cnf"] = grant.confirmation.claim()
        signer = await self._keys.signer(ctx, alg)
        return IssuedToken(Secret(sign_jwt(signer, claims, typ=ACCESS_TYPE)), jti, expires_at)

    async def id_token(
        self,
        ctx: RequestContext,
        grant: AccessGrant,
        *,
        issuer: str,
        nonce: str | None = None,
        access_token: str | None = None,
        alg: str = "RS256",
    ) -> IssuedToken:
        """An ID token for the client of `grant`, good for five minutes; bound to `access_token` by `at_hash`."""
        expires_at = ctx.now + ID_TOKEN_LIFETIME
        jti = self._jti(ctx)
        claims: dict[str, Json] = {
            "iss": issuer,
            "sub": grant.subject,
            "aud": grant.client_id,
            "exp": epoch(expires_at),
            "iat": epoch(ctx.now),
            "jti": jti,
            **_authentication(grant),
        }
        if nonce is not None:
            claims["nonce"] = nonce
        if access_token is not None:
            claims["at_hash"] = at_hash(access_token, alg)
        signer = await self._keys.signer(ctx, alg)
        return IssuedToken(Secret(sign_jwt(signer, claims, typ=ID_TYPE)), jti, expires_at)

    def _jti(self, ctx: RequestContext) -> str:
        return format_id(TOKEN, uuid7(ctx.now, self._entropy))


def at_hash(access_token: str, alg: str) -> str:
    """The left half of the token's hash under the hash of `alg` (OpenID Connect Core §3.1.3.6)."""
    digest = hashlib.new(ALGORITHMS[alg].digest, access_token.encode("ascii")).digest()
    return b64url_encode(digest[: len(digest) // 2])


def _authentication(grant: AccessGrant) -> dict[str, Json]:
    """How the user was authenticated (RFC 9068 §2.2.1): absent where there is no user."""
    claims: dict[str, Json] = {}
    if grant.auth_time is not None:
        claims["auth_time"] = epoch(grant.auth_time)
    if grant.acr is not None:
        claims["acr"] = grant.acr
    if grant.amr:
        claims["amr"] = list(grant.amr)
    if grant.session_id is not None:
        claims["sid"] = grant.session_id
    return claims


def _audience(audience: tuple[str, ...]) -> Json:
    """A single audience is written plainly (RFC 7519 §4.1.3).

    Raises:
        ValueError: none: a token for nobody in particular would be one for everybody.
    """
    if not audience or not all(audience):
        raise ValueError("an access token needs an audience")
    return audience[0] if len(audience) == 1 else list(audience)
