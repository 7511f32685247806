"""Token introspection (RFC 7662): a resource server asks what a token is worth."""

from collections.abc import Mapping

from airside.core.errors import Unauthenticated
from airside.core.strict_json import Json
from airside.oauth.client_authentication import ClientAuthentication, Credentials
from airside.oauth.errors import InvalidClient, InvalidRequest
from airside.oauth.model import Client
from airside.protocols.oauth import format_scope
from airside.store import RequestContext
from airside.tokens import TokenVerifier, VerifiedToken

INACTIVE: Mapping[str, Json] = {"active": False}


class IntrospectionEndpoint:
    """Answers for access tokens. Whatever the caller has no business with is inactive, without a reason (§2.2)."""

    def __init__(self, *, authentication: ClientAuthentication, verifier: TokenVerifier) -> None:
        self._authentication = authentication
        self._verifier = verifier

    async def introspect(
        self, ctx: RequestContext, issuer: str, credentials: Credentials, form: Mapping[str, str]
    ) -> Mapping[str, Json]:
        """What `token` says, to the client it was issued to and to the resource servers it is meant for.

        Raises:
            InvalidClient: not proven, or public: RFC 7662 §2.1 asks for authorisation.
            InvalidRequest: `token` is missing.
            Unavailable: what is revoked isn't known just now.
        """
        authenticated = await self._authentication.authenticate(ctx, credentials)
        client, presented = authenticated.client, form.get("token")
        if client.public or presented is None:
            await self._authentication.charge(ctx, authenticated)
            raise InvalidClient("a public client can't introspect") if client.public else InvalidRequest("token")
        await self._authentication.forgive(ctx, authenticated)
        try:
            token = await self._verifier.verify(ctx, presented, issuer=issuer, audience=None)
        except Unauthenticated:
            return INACTIVE
        return claims_of(issuer, token) if _concerns(client, token) else INACTIVE

    def known(
        self, ctx: RequestContext, issuer: str, credentials: Credentials, form: Mapping[str, str]
    ) -> VerifiedToken | None:
        """The token that `introspect` would call active, where that takes no wait; None for every other answer.

        Raises:
            Unauthenticated: `introspect` says that it is inactive.
        """
        authenticated, presented = self._authentication.authenticate_at_once(ctx, credentials), form.get("token")
        if authenticated is None or authenticated.client.public or presented is None:
            return None
        token = self._verifier.verify_at_once(ctx, presented, issuer=issuer, audience=None)
        return token if token is not None and _concerns(authenticated.client, token) else None


def _concerns(client: Client, token: VerifiedToken) -> bool:
    return token.client_id == client.word or not set(token.audience).isdisjoint(client.audiences)


def claims_of(issuer: str, token: VerifiedToken) -> Mapping[str, Json]:
    """What an active token says (RFC 7662 §2.2)."""
    claims: dict[str, Json] = {
        "active": True,
        "token_type": "Bearer" if token.confirmation is None else token.confirmation.token_type,
        "iss": issuer,
        "sub": token.subject,
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
    return claims
