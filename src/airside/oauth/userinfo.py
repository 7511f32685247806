"""Userinfo (OpenID Connect Core §5.3): what an application may know of the person who signed in to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from airside.access import Presented, Sender
from airside.core.errors import Forbidden, InvalidInput, NotFound, Unauthenticated
from airside.core.ids import USER, parse_id
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.identity import User, Users
from airside.oauth.claims import by_name, by_scope, person_claims
from airside.oauth.claims_requests import ClaimsRequests
from airside.oauth.client_lookup import ClientLookup
from airside.oauth.model import Client
from airside.oauth.subjects import Subjects
from airside.store import RequestContext
from airside.tokens import TokenIssuer, TokenVerifier, VerifiedToken

OPENID = "openid"


@dataclass(frozen=True, slots=True)
class Userinfo:
    """What is answered: the claims, and instead of them a signed token that says the same, if the client registered
    for that (§5.3.2)."""

    claims: Mapping[str, Json]
    signed: Secret[str] | None = None


class SenderDemand(Protocol):
    """Asks whether a request comes from whoever its token is bound to. `access.Credentials` does."""

    async def demand_sender(
        self, ctx: RequestContext, verified: VerifiedToken, presented: Presented, sender: Sender
    ) -> None:
        """Raises: SenderUnproven."""
        ...


class UserinfoEndpoint:
    """Answers for access tokens of people, whomever else the token is for."""

    def __init__(
        self,
        *,
        verifier: TokenVerifier,
        senders: SenderDemand,
        issuer: TokenIssuer,
        lookup: ClientLookup,
        users: Users,
        claims_requests: ClaimsRequests,
        subjects: Subjects,
    ) -> None:
        self._verifier = verifier
        self._senders = senders
        self._issuer = issuer
        self._lookup = lookup
        self._users = users
        self._claims_requests = claims_requests
        self._subjects = subjects

    async def answer(self, ctx: RequestContext, issuer: str, presented: Presented, sender: Sender) -> Userinfo:
        """The claims of the person behind the access token `presented`: those of its scopes, and those that the
        authorization request asked for by name. `issuer` is the tenant's.

        Raises:
            Unauthenticated: the token proves nothing, or its person or client is gone or disabled.
            SenderUnproven: it is bound to somebody else, as far as this request proves.
            Forbidden: no person signed in for it, or not with `openid`.
            Unavailable: what is revoked isn't known just now.
        """
        token = await self._verifier.verify(ctx, presented.token, issuer=issuer, audience=None)
        await self._senders.demand_sender(ctx, token, presented, sender)
        if OPENID not in token.scope or token.subject == token.client_id:
            raise Forbidden("insufficient_scope", scope=OPENID)
        client, user = await self._client(ctx, token), await self._user(ctx, token)
        known = {**person_claims(user), **_sign_in(token)}
        asked = await self._claims_requests.find(ctx, token.family_id)
        claims: dict[str, Json] = {
            **by_name(known, asked, client.scopes),
            **by_scope(known, token.scope),
            "sub": await self._subjects.of(ctx, client, token.subject),
        }
        alg = client.settings.userinfo_signed_response_alg
        if alg is None:
            return Userinfo(claims)
        signed = await self._issuer.sign(ctx, {**claims, "iss": issuer, "aud": client.word}, typ="JWT", alg=alg)
        return Userinfo(claims, signed)

    async def _client(self, ctx: RequestContext, token: VerifiedToken) -> Client:
        client = await self._lookup.find(ctx, token.client_id)
        if client is None or client.state != "active":
            raise Unauthenticated("client gone or disabled")
        return client

    async def _user(self, ctx: RequestContext, token: VerifiedToken) -> User:
        try:
            user = await self._users.get(ctx, parse_id(USER, token.subject))
        except (InvalidInput, NotFound) as cause:
            raise Unauthenticated("user gone") from cause
        if user.state != "active":
            raise Unauthenticated("user disabled")
        return user


def _sign_in(token: VerifiedToken) -> dict[str, Json]:
    known: dict[str, Json | None] = {"acr": token.acr, "auth_time": token.auth_time, "amr": list(token.amr) or None}
    return {name: value for name, value in known.items() if value is not None}
