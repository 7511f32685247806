"""A tenant in which somebody's token is exchanged."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from airside.core.ids import SESSION, format_id
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.oauth import Client, ClientDraft, ClientSettings, Credentials
from airside.oauth.grants.token_exchange import ACCESS_TOKEN
from airside.oauth.model import TOKEN_EXCHANGE
from airside.protocols.jose import peek_claims, sign_jwt
from airside.protocols.oauth import TokenResponse
from airside.tokens import AccessGrant
from tests.oauth.grants_kit import API, Grants, word

BACKEND = "https://backend.example.test"
OTHER = "https://other.example.test"
JWT = "urn:ietf:params:oauth:token-type:jwt"

GATEWAY = ClientDraft(
    name="Gateway",
    public=False,
    grants=frozenset({TOKEN_EXCHANGE, "client_credentials"}),
    audiences=(API, BACKEND),
    scopes=frozenset({"notes:read", "backend:call"}),
)
IMPERSONATOR = replace(GATEWAY, settings=ClientSettings(token_exchange="impersonation"))


class World(Grants):
    """A tenant in which somebody has a token for an API, as an application of theirs has it."""

    async def token(self, *, later: timedelta = timedelta(), **changes: Any) -> tuple[AccessGrant, Secret[str]]:
        """What somebody's token says, and the token."""
        user, session = await self.signed_in()
        grant = AccessGrant(
            subject=word(user),
            client_id="cli_00000000000000000000000001",
            audience=(API,),
            scope=frozenset({"openid", "notes:read", "notes:write"}),
            roles=("administrator", "member"),
            auth_time=session.auth_time,
            acr="aal1",
            amr=("pwd",),
            session_id=format_id(SESSION, session.id),
            family_id="fam_00000000000000000000000001",
        )
        grant = replace(grant, **changes)
        async with self.ctx(later=later) as ctx:
            issued = await self.services.token_issuer.access_token(ctx, grant, issuer=self.place.issuer)
        return grant, issued.token

    async def signed(self, **changes: Json) -> Secret[str]:
        """A token of the tenant's own key that says something unusual."""
        _, token = await self.token()
        claims: dict[str, Json] = {**peek_claims(token.reveal()), **changes}
        async with self.ctx() as ctx:
            return Secret(sign_jwt(await self.services.keys.signer(ctx), claims, typ="at+jwt"))

    async def swap(
        self, credentials: Credentials, token: Secret[str], *, later: timedelta = timedelta(), **more: str
    ) -> TokenResponse:
        """The exchange, changed."""
        form = {
            "grant_type": TOKEN_EXCHANGE,
            "subject_token": token.reveal(),
            "subject_token_type": ACCESS_TOKEN,
        }
        return await self.exchange(credentials, form | more, later=later)

    async def own(self, credentials: Credentials) -> Secret[str]:
        """The client's token for itself."""
        return (await self.exchange(credentials, {"grant_type": "client_credentials"})).access_token


async def gateway(world: World, draft: ClientDraft = GATEWAY) -> tuple[Client, Credentials]:
    return await world.client(draft)
