"""Token introspection (RFC 7662, signed: RFC 9701): a resource server asks what a token is worth."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from airside.core.clock import epoch
from airside.core.errors import Unauthenticated
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.oauth.client_authentication import ClientAuthentication, Credentials
from airside.oauth.errors import InvalidClient, InvalidRequest
from airside.oauth.model import Client
from airside.oauth.subjects import Subjects
from airside.protocols.oauth import format_scope
from airside.store import RequestContext
from airside.tokens import (
    FoundRefresh,
    RefreshFamilies,
    TokenIssuer,
    TokenVerifier,
    VerifiedToken,
    act_claim,
    is_opaque,
)

INACTIVE: Mapping[str, Json] = {"active": False}
SIGNED_TYPE: Final = "token-introspection+jwt"
DEFAULT_ALG: Final = "RS256"


@dataclass(frozen=True, slots=True)
class _Asked:
    client: Client
    answer: Mapping[str, Json]


class IntrospectionEndpoint:
    """Answers for access and refresh tokens. Whatever the caller has no business with is inactive, without a reason
    (§2.2)."""

    def __init__(
        self,
        *,
        authentication: ClientAuthentication,
        verifier: TokenVerifier,
        families: RefreshFamilies,
        issuer: TokenIssuer,
        subjects: Subjects,
    ) -> None:
        self._authentication = authentication
        self._verifier = verifier
        self._families = families
        self._issuer = issuer
        self._subjects = subjects

    async def introspect(
        self, ctx: RequestContext, issuer: str, credentials: Credentials, form: Mapping[str, str]
    ) -> Mapping[str, Json]:
        """What `token` says: an access token to the client it was issued to and to the resource servers it is meant
        for, a refresh token to its client. `token_type_hint` isn't needed: they look different.

        Raises:
            InvalidClient: not proven, or public: RFC 7662 §2.1 asks for authorisation.
            InvalidRequest: `token` is missing.
            Unavailable: what is revoked isn't known just now.
        """
        return (await self._ask(ctx, issuer, credentials, form)).answer

    async def introspect_signed(
        self, ctx: RequestContext, issuer: str, credentials: Credentials, form: Mapping[str, str]
    ) -> Secret[str]:
        """The same as a JWT for the caller alone (RFC 9701 §5), signed as it registered.

        The answer stands in a claim of its own, and neither `sub` nor `exp` beside it: nobody can take the JWT for the
        token that it tells of (§5, §8.1).

        Raises:
            as `introspect`.
        """
        asked = await self._ask(ctx, issuer, credentials, form)
        claims: dict[str, Json] = {
            "iss": issuer,
            "aud": asked.client.word,
            "iat": epoch(ctx.now),
            "token_introspection": dict(asked.answer),
        }
        alg = asked.client.settings.introspection_signed_response_alg or DEFAULT_ALG
        return await self._issuer.sign(ctx, claims, typ=SIGNED_TYPE, alg=alg)

    async def _ask(self, ctx: RequestContext, issuer: str, credentials: Credentials, form: Mapping[str, str]) -> _Asked:
        authenticated = await self._authentication.authenticate(ctx, credentials)
        client, presented = authenticated.client, form.get("token")
        if client.public or presented is None:
            await self._authentication.charge(ctx, authenticated)
            raise InvalidClient("a public client can't introspect") if client.public else InvalidRequest("token")
        await self._authentication.forgive(ctx, authenticated)
        if "." in presented or is_opaque(presented):
            return _Asked(client, await self._access(ctx, issuer, client, presented))
        return _Asked(client, await self._refresh(ctx, issuer, client, presented))

    async def _access(self, ctx: RequestContext, issuer: str, client: Client, presented: str) -> Mapping[str, Json]:
        try:
            token = await self._verifier.verify(ctx, presented, issuer=issuer, audience=None)
        except Unauthenticated:
            return INACTIVE
        if not _concerns(client, token):
            return INACTIVE
        return claims_of(issuer, token, await self._subject(ctx, client, token.subject, token.client_id))

    async def _refresh(self, ctx: RequestContext, issuer: str, client: Client, presented: str) -> Mapping[str, Json]:
        found = await self._families.find(ctx, presented)
        if found is None or not found.active or found.family.grant.client_id != client.word:
            return INACTIVE
        grant = found.family.grant
        return _refresh_claims(issuer, found, await self._subject(ctx, client, grant.subject, grant.client_id))

    async def _subject(self, ctx: RequestContext, client: Client, subject: str, client_id: str) -> str:
        """What the caller knows the token's subject by; a client that speaks for itself has one name only."""
        return subject if subject == client_id else await self._subjects.of(ctx, client, subject)

    def known(
        self, ctx: RequestContext, issuer: str, credentials: Credentials, form: Mapping[str, str]
    ) -> VerifiedToken | None:
        """The token that `introspect` would call active, and tell of as it stands, where that takes no wait; None for
        every other answer.

        Raises:
            Unauthenticated: `introspect` says that it is inactive.
        """
        authenticated, presented = self._authentication.authenticate_at_once(ctx, credentials), form.get("token")
        if authenticated is None or presented is None or "." not in presented:
            return None
        client = authenticated.client
        if client.public or client.settings.subject_type == "pairwise":
            return None
        token = self._verifier.verify_at_once(ctx, presented, issuer=issuer, audience=None)
        return token if token is not None and _concerns(client, token) else None


def _concerns(client: Client, token: VerifiedToken) -> bool:
    return token.client_id == client.word or not set(token.audience).isdisjoint(client.audiences)


def claims_of(issuer: str, token: VerifiedToken, subject: str) -> Mapping[str, Json]:
    """What an active token says (RFC 7662 §2.2), whose subject the caller knows by `subject`."""
    claims: dict[str, Json] = {
        "active": True,
        "token_type": "Bearer" if token.confirmation is None else token.confirmation.token_type,
        "iss": issuer,
        "sub": subject,
        "aud": list(token.audience),
        "client_id": token.client_id,
        "scope": format_scope(token.scope),
        "jti": token.jti,
        "iat": token.issued_at,
        "exp": token.expires_at,
    }
    if token.session_id is not None:
        claims["sid"] = token.session_id
    if token.confirmation is not None:
        claims["cnf"] = token.confirmation.claim()
    if token.actors:
        claims["act"] = act_claim(token.actors)
    return claims


def _refresh_claims(issuer: str, found: FoundRefresh, subject: str) -> Mapping[str, Json]:
    """Without `aud` and `token_type`: it is for nobody but this server, and opens no resource."""
    family = found.family
    claims: dict[str, Json] = {
        "active": True,
        "iss": issuer,
        "sub": subject,
        "client_id": family.grant.client_id,
        "scope": format_scope(family.grant.scope),
        "iat": epoch(family.created_at),
        "exp": epoch(min(found.expires_at, family.expires_at)),
    }
    if family.grant.session_id is not None:
        claims["sid"] = family.grant.session_id
    return claims
