"""Write access tokens (RFC 9068 §2, or opaque) and ID tokens (OpenID Connect Core §2)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from airside.core.clock import epoch
from airside.core.entropy import Entropy
from airside.core.ids import TENANT, TOKEN, format_id, uuid7
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.protocols.jose import sign_jwt
from airside.protocols.oauth import format_scope, half_hash
from airside.store import RequestContext
from airside.tokens import records_opaque
from airside.tokens.keys import SigningKeys
from airside.tokens.model import ACCESS_TOKEN_LIFETIME, ID_TOKEN_LIFETIME, AccessGrant, IssuedToken
from airside.tokens.opaque import new_opaque, opaque_hash

ACCESS_TYPE: Final = "at+jwt"
ID_TYPE: Final = "JWT"
NOTHING: Final[Mapping[str, Json]] = MappingProxyType({})


class TokenIssuer:
    """Signs with the tenant's own keys, as `issuer`."""

    def __init__(self, *, keys: SigningKeys, entropy: Entropy) -> None:
        self._keys = keys
        self._entropy = entropy

    async def access_token(
        self, ctx: RequestContext, grant: AccessGrant, *, issuer: str, alg: str = "ES256", opaque: bool = False
    ) -> IssuedToken:
        """An access token for `grant`, good for 15 minutes from `ctx.now`, or up to its `not_after`. An `opaque` one
        says nothing itself: what it stands for is kept under its hash, in the words of a signed one."""
        expires_at = ctx.now + ACCESS_TOKEN_LIFETIME
        if grant.not_after is not None:
            expires_at = min(expires_at, grant.not_after)
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
        if grant.actors:
            claims["act"] = act_claim(grant.actors)
        if opaque:
            token = new_opaque(ctx.tenant_id, self._entropy)
            records_opaque.put_off(ctx, opaque_hash(ctx.tenant_id, token), claims, expires_at)
            return IssuedToken(Secret(token), jti, expires_at)
        signer = await self._keys.signer(ctx, alg)
        return IssuedToken(Secret(sign_jwt(signer, claims, typ=ACCESS_TYPE)), jti, expires_at)

    async def id_token(
        self,
        ctx: RequestContext,
        grant: AccessGrant,
        *,
        issuer: str,
        subject: str | None = None,
        nonce: str | None = None,
        access_token: str | None = None,
        code: str | None = None,
        state: str | None = None,
        told: Mapping[str, Json] = NOTHING,
        alg: str = "RS256",
    ) -> IssuedToken:
        """An ID token for the client of `grant`, good for five minutes.

        `subject` where the client knows the person by another name; `told` what else it says of them. It is bound to
        what comes with it by `at_hash` and `c_hash` (OpenID Connect Core §3.1.3.6, §3.3.2.11), and to the request by
        `nonce` and `s_hash` (Financial-grade API 1.0 part 2, §5.1).
        """
        expires_at = ctx.now + ID_TOKEN_LIFETIME
        jti = self._jti(ctx)
        claims: dict[str, Json] = {
            **told,
            "iss": issuer,
            "sub": grant.subject if subject is None else subject,
            "aud": grant.client_id,
            "exp": epoch(expires_at),
            "iat": epoch(ctx.now),
            "jti": jti,
            **_authentication(grant),
        }
        if nonce is not None:
            claims["nonce"] = nonce
        for name, bound in (("at_hash", access_token), ("c_hash", code), ("s_hash", state)):
            if bound is not None:
                claims[name] = half_hash(bound, alg)
        return IssuedToken(await self.sign(ctx, claims, typ=ID_TYPE, alg=alg), jti, expires_at)

    async def sign(self, ctx: RequestContext, claims: Mapping[str, Json], *, typ: str, alg: str) -> Secret[str]:
        """A JWT of these claims, as they are: for answers that aren't tokens, such as userinfo's."""
        return Secret(sign_jwt(await self._keys.signer(ctx, alg), claims, typ=typ))

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget opaque access tokens that have ended, for a timer; how many."""
        return await records_opaque.sweep(ctx)

    def _jti(self, ctx: RequestContext) -> str:
        return format_id(TOKEN, uuid7(ctx.now, self._entropy))


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


def act_claim(actors: tuple[str, ...]) -> Json:
    """Who acts now, and inside it who did before (RFC 8693 §4.1)."""
    claim: dict[str, Json] = {}
    for actor in reversed(actors):
        claim = {"sub": actor, "act": claim} if claim else {"sub": actor}
    return claim


def _audience(audience: tuple[str, ...]) -> Json:
    """A single audience is written plainly (RFC 7519 §4.1.3).

    Raises:
        ValueError: none: a token for nobody in particular would be one for everybody.
    """
    if not audience or not all(audience):
        raise ValueError("an access token needs an audience")
    return audience[0] if len(audience) == 1 else list(audience)
