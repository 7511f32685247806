"""Sign-ins that ask for claims by name, at clients that registered something of their own."""

from dataclasses import dataclass, replace

from airside.access import Presented, Sender
from airside.core.strict_json import Json, loads_object
from airside.identity import StartedSession, User
from airside.oauth import Client, ClientDraft, ClientSettings, Credentials, records_consents
from airside.oauth.consent import wanted
from airside.oauth.model import RequestDetails
from airside.oauth.requests import read
from airside.protocols.jose import VerifiedJws, verify_compact
from airside.protocols.oauth import TokenResponse
from tests.oauth.provider import BACKEND, CALLBACK, ISSUER, Provider

SCOPES = frozenset({"openid", "profile", "email", "notes:read"})


def draft(base: ClientDraft = BACKEND, *, scopes: frozenset[str] = SCOPES, **settings: object) -> ClientDraft:
    """A client with these settings."""
    return replace(base, scopes=scopes, settings=ClientSettings(**settings))  # pyright: ignore[reportArgumentType]


@dataclass(frozen=True)
class Signed:
    """What came of a sign-in."""

    client: Client
    credentials: Credentials
    user: User
    session: StartedSession
    code: str
    answer: TokenResponse

    @property
    def token(self) -> str:
        return self.answer.access_token.reveal()

    @property
    def id_token(self) -> str:
        assert self.answer.id_token is not None
        return self.answer.id_token.reveal()


async def sign_in(
    provider: Provider,
    registered: ClientDraft,
    *,
    scope: str = "openid notes:read",
    claims: dict[str, Json] | None = None,
    user: User | None = None,
    **changes: str | None,
) -> Signed:
    """A whole code flow at a client registered so."""
    client, credentials = await provider.client(registered)
    user = user or await provider.user()
    session = await provider.session(user)
    async with provider.ctx() as ctx:
        request = read(client, CALLBACK, provider.parameters(client, scope=scope, **changes))
        request = replace(request, details=RequestDetails(claims=claims))
        if client.settings.party == "third":
            await records_consents.grow(ctx, user.id, client.client_id, wanted(client, request))
        code = (await provider.codes.issue(ctx, client, request, session.session)).reveal()
    return Signed(client, credentials, user, session, code, await provider.redeem(credentials, code))


async def userinfo(provider: Provider, token: str) -> dict[str, Json]:
    """What userinfo says in plain JSON."""
    async with provider.ctx() as ctx:
        answer = await provider.userinfo.answer(ctx, ISSUER, Presented(token), Sender())
    assert answer.signed is None
    return dict(answer.claims)


async def opened(provider: Provider, jwt: str) -> tuple[VerifiedJws, dict[str, Json]]:
    """A JWT of the provider's, verified against its own published keys."""
    async with provider.ctx() as ctx:
        jws = verify_compact(jwt, await provider.keys.keyset(ctx))
    return jws, loads_object(jws.payload)
