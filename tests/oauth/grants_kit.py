"""One tenant of the real server, as clients that have no browser see it, and short words for what they do."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from airside.core.entropy import token
from airside.core.errors import Refusal, Unavailable
from airside.core.ids import USER, format_id
from airside.core.principal import Origin
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.identity import PasswordAuthenticator, Session, User
from airside.oauth import Client, ClientDraft, ClientSettings, Credentials
from airside.oauth.model import DEVICE_CODE, JWT_BEARER
from airside.protocols.jose import SigningKey, public_jwk
from airside.protocols.jose.keys import generate
from airside.protocols.oauth import TokenResponse
from airside.store import RequestContext
from airside.tokens import TokenVerifier, VerifiedToken
from airside.wiring.build import Services
from tests.running import Place

API: Final = "https://api.example.test"
HERE: Final = Origin("192.0.2.20", "test")
NOW: Final = timedelta()

TELEVISION: Final = ClientDraft(
    name="Television",
    public=True,
    grants=frozenset({DEVICE_CODE, "refresh_token"}),
    audiences=(API,),
    scopes=frozenset({"openid", "notes:read", "notes:write"}),
)


KEY: Final = SigningKey("k-1", "ES256", generate("ES256"))


def batch(subjects: Literal["self", "users"] = "self", key: SigningKey = KEY) -> ClientDraft:
    """A client that signs assertions with `key`."""
    jwks = {"keys": [public_jwk(key.verification())]}
    return ClientDraft(
        name="Batch",
        public=False,
        grants=frozenset({JWT_BEARER}),
        audiences=(API,),
        scopes=frozenset({"notes:read", "notes:write", "openid", "offline_access"}),
        settings=ClientSettings(jwks=jwks, jwt_bearer_subjects=subjects),
    )


@dataclass(frozen=True)
class Grants:
    """The tenant, its clients, and its people."""

    place: Place

    @property
    def services(self) -> Services:
        return self.place.server.services

    @asynccontextmanager
    async def ctx(self, *, later: timedelta = NOW, origin: Origin = HERE) -> AsyncGenerator[RequestContext]:
        """A context of this tenant, `later` than now."""
        now = self.services.clock.now() + later
        async with self.services.engine.begin(self.place.tenant_id, now=now, origin=origin) as ctx:
            yield ctx

    async def client(self, draft: ClientDraft) -> tuple[Client, Credentials]:
        """A registered client and what it authenticates with."""
        async with self.ctx() as ctx:
            client, secret = await self.services.clients.create(ctx, draft)
        return client, Credentials("none" if secret is None else "client_secret_basic", client.word, secret)

    async def user(self) -> User:
        """Somebody who never needs a password."""
        async with self.ctx() as ctx:
            name = token(self.services.entropy, 64).lower().strip("-_")
            return await self.services.users.create(ctx, f"{name}@example.test", "Ada")

    async def session(self, user: User, *, later: timedelta = NOW) -> Session:
        """A fresh sign-in of `user`."""
        async with self.ctx(later=later) as ctx:
            proof = PasswordAuthenticator(self.services.passwords, self.services.enforcement).recall(
                user.id, ctx.now, "first"
            )
            return (await self.services.sessions.start(ctx, [proof])).session

    async def signed_in(self) -> tuple[User, Session]:
        """Somebody new, signed in."""
        user = await self.user()
        return user, await self.session(user)

    async def exchange(
        self, credentials: Credentials, form: Mapping[str, str], *, later: timedelta = NOW, origin: Origin = HERE
    ) -> TokenResponse:
        """What the token endpoint answers."""
        async with self.ctx(later=later, origin=origin) as ctx:
            return await self.services.token_endpoint.exchange(ctx, self.place.issuer, credentials, form)

    async def verify(self, token: Secret[str], *, audience: str = API, later: timedelta = NOW) -> VerifiedToken:
        """What an access token proves to a resource server."""
        async with self.ctx(later=later) as ctx:
            issuer = self.place.issuer
            verifier = TokenVerifier(keys=self.services.keys, revocations=self.services.revocations)
            return await verifier.verify(ctx, token.reveal(), issuer=issuer, audience=audience)

    async def begin(
        self, credentials: Credentials, form: Mapping[str, str], *, origin: Origin = HERE
    ) -> Mapping[str, Json]:
        """What the device authorization endpoint answers."""
        async with self.ctx(origin=origin) as ctx:
            return await self.services.device_endpoint.begin(ctx, self.place.issuer, credentials, form)

    async def waiting(self, credentials: Credentials, **form: str) -> tuple[str, Secret[str]]:
        """A device's own code, and the one that it shows."""
        answer = await self.begin(credentials, form)
        return str(answer["device_code"]), Secret(str(answer["user_code"]))

    async def approve(self, user_code: Secret[str], session: Session, *, later: timedelta = NOW) -> None:
        """Somebody says yes."""
        async with self.ctx(later=later) as ctx:
            await self.services.device_authorizations.approve(ctx, user_code, session)

    async def poll(
        self, credentials: Credentials, device_code: str, *, later: timedelta = NOW, origin: Origin = HERE
    ) -> TokenResponse:
        """The device asks for its tokens."""
        form = {"grant_type": DEVICE_CODE, "device_code": device_code}
        return await self.exchange(credentials, form, later=later, origin=origin)

    async def disable(self, client: Client) -> None:
        """No more of that client."""
        async with self.ctx() as ctx:
            await self.services.clients.disable(ctx, client.client_id)


async def persistently(attempt: Callable[[], Awaitable[TokenResponse]]) -> TokenResponse | Refusal:
    """What comes of it, once the server isn't too busy to look at it: fifty at once are more than its connections."""
    while True:
        try:
            return await attempt()
        except Unavailable:
            await asyncio.sleep(0.05)
        except Refusal as refusal:
            return refusal


def word(user: User) -> str:
    """`usr_…`."""
    return format_id(USER, user.id)
