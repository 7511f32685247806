"""A tenant of the server under test: people, applications and relations, in one line each."""

from collections.abc import AsyncGenerator, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

from airside.admin import OPERATOR
from airside.core.entropy import SystemEntropy
from airside.core.ids import USER, format_id, uuid7
from airside.core.secret import Secret
from airside.oauth import Client, ClientDraft
from airside.permissions import Question, TupleKey
from airside.store import RequestContext
from airside.tenancy import Role
from airside.testing.attack import Caller
from airside.testing.browsing import Account, Party, token_of, token_of_program
from airside.testing.enterprise import EnterpriseProvider, connect
from airside.testing.passkeys import VirtualPasskey
from airside.wiring.build import Services

SERVED: Final = frozenset({"permissions:check", "permissions:write", "revocations:read"})
"""What an application asks the server itself for."""

T = TypeVar("T")


class Home(Protocol):
    """The server that a tenant is on."""

    url: str
    ca_file: Path
    entropy: SystemEntropy

    @property
    def services(self) -> Services: ...

    def run(self, work: Coroutine[Any, Any, T]) -> T: ...


@dataclass(frozen=True)
class Registration:
    """A client and its secret."""

    client: Client
    secret: Secret[str]


@dataclass(frozen=True)
class Application:
    """An application of a tenant, registered twice: `front` is where its people sign in, for its own audience, and
    `back` is what it asks the server with."""

    tenant: "Tenant"
    front: Registration
    back: Registration

    @property
    def environment(self) -> Mapping[str, str]:
        """What the SDK reads (`Airside.from_environment`)."""
        return {
            "AIRSIDE_ISSUER": self.tenant.issuer,
            "AIRSIDE_CA_FILE": str(self.tenant.home.ca_file),
            "AIRSIDE_CLIENT_ID": self.back.client.word,
            "AIRSIDE_CLIENT_SECRET": self.back.secret.reveal(),
            "AIRSIDE_STORE_ID": self.tenant.store_id,
        }

    @property
    def party(self) -> Party:
        """The application, as it asks for tokens."""
        home = self.tenant.home
        credentials = (self.front.client.word, self.front.secret)
        return Party(home.url, self.tenant.issuer, home.ca_file, credentials, self.front.client.redirect_uris[0])

    def token(self, scope: str = "") -> str:
        """An access token for itself that a program gets by the application's secret (RFC 6749 §4.4); without `scope`,
        for all that it has."""
        return self.tenant.home.run(token_of_program(self.party, scope or self.all_scopes))

    @property
    def all_scopes(self) -> str:
        """As a request spells them."""
        return " ".join(sorted(self.front.client.scopes))


@dataclass(frozen=True)
class Person:
    """A user of a tenant, with a browser of their own that stays signed in."""

    tenant: "Tenant"
    id: str
    email: str
    account: Account

    @property
    def word(self) -> str:
        """As relations name them."""
        return f"user:{self.id}"

    def token(self, application: Application, scope: str = "") -> str:
        """An access token that the application gets by this person's sign-in (RFC 6749 §4.1): by the pages the first
        time, from their open session afterwards. Without `scope`, for all that the application has.

        Raises:
            TurnedAway: they aren't let in.
        """
        home = self.tenant.home
        asked = scope or application.all_scopes
        return home.run(token_of(application.party, self.account, asked, home.entropy))

    def headers(self, application: Application, scope: str = "") -> dict[str, str]:
        """The headers of a request of theirs to the application."""
        return {"authorization": f"Bearer {self.token(application, scope)}"}

    def caller(self, application: Application) -> Caller:
        """They, as `attack` calls them."""
        return Caller(self.email, self.headers(application))


@dataclass(frozen=True)
class Tenant:
    """One isolated company. `issuer` is where its discovery documents hang."""

    home: Home
    slug: str
    id: UUID
    store_id: str
    issuer: str

    def user(self, name: str = "ada", *, roles: Iterable[Role] = ("member",), password: str | None = None) -> Person:
        """A new user who has these roles: with a virtual passkey, or with that password and nothing else."""
        return self.home.run(self._user(name, roles, password))

    def application(
        self,
        audience: str = "https://app.example",
        *,
        scopes: Iterable[str] = ("openid",),
        redirect_uri: str = "https://localhost/callback",
    ) -> Application:
        """A new application, whose people's tokens are for `audience`, and whose own are for the server."""
        return self.home.run(self._application(audience, frozenset(scopes), redirect_uri))

    def enterprise(
        self, name: str = "Example Corporation", *, roles: Mapping[str, str] | None = None
    ) -> EnterpriseProvider:
        """A customer's company whose people sign in by SAML and come by SCIM. `roles` says which role follows from
        which of its groups."""
        return self.home.run(connect(self, name, roles or {}))

    def model(self, text: str) -> None:
        """What may be related, and what follows from it: the permission model of the tenant's own store."""
        self.home.run(self._model(text))

    def relate(self, subject: Person | str, relation: str, resource: str) -> None:
        """`subject` has `relation` on `resource` from here on: `relate(ada, "viewer", "note:1")`."""
        self.home.run(self._write(_key(subject, relation, resource), gone=False))

    def part(self, subject: Person | str, relation: str, resource: str) -> None:
        """It has it no more."""
        self.home.run(self._write(_key(subject, relation, resource), gone=True))

    @asynccontextmanager
    async def operating(self) -> AsyncGenerator[RequestContext]:
        """A transaction in which everything is allowed, on the server's loop."""
        async with self.home.services.engine.begin(self.id, principal=OPERATOR) as ctx:
            yield ctx

    async def _user(self, name: str, roles: Iterable[Role], password: str | None) -> Person:
        services, email = self.home.services, f"{name}@{self.slug}.example"
        proof = VirtualPasskey(self.home.url) if password is None else Secret(password)
        async with self.operating() as ctx:
            secret = proof if isinstance(proof, Secret) else None
            user = await services.user_admin.create(ctx, email, name.title(), secret)
            for role in roles:
                await services.member_admin.grant(ctx, user.id, role)
            if isinstance(proof, VirtualPasskey):
                attempt = uuid7(ctx.now, self.home.entropy)
                options = await services.passkeys.begin_registration(ctx, user, attempt)
                await services.passkeys.register(ctx, user.id, attempt, proof.create(options), "Virtual")
        return Person(self, format_id(USER, user.id), email, Account(email, proof))

    async def _application(self, audience: str, scopes: frozenset[str], redirect_uri: str) -> Application:
        front = ClientDraft(
            name=audience,
            public=False,
            grants=frozenset({"authorization_code", "refresh_token", "client_credentials"}),
            redirect_uris=(redirect_uri,),
            scopes=scopes,
            audiences=(audience,),
        )
        back = ClientDraft(
            name=f"{audience} itself",
            public=False,
            grants=frozenset({"client_credentials"}),
            scopes=SERVED,
            audiences=(self.issuer,),
        )
        async with self.operating() as ctx:
            return Application(self, await self._registered(ctx, front), await self._registered(ctx, back))

    async def _registered(self, ctx: RequestContext, draft: ClientDraft) -> Registration:
        client, secret = await self.home.services.client_admin.create(ctx, draft)
        assert secret is not None  # noqa: S101 - the client isn't public
        return Registration(client, secret)

    async def _model(self, text: str) -> None:
        async with self.operating() as ctx:
            await self.home.services.permissions.models.write(ctx, self.store_id, text)

    async def _write(self, key: TupleKey, *, gone: bool) -> None:
        permissions = self.home.services.permissions
        writes, deletes = ([], [key]) if gone else ([key], [])
        async with self.operating() as ctx:
            revision = await permissions.tuples.write(ctx, self.store_id, writes=writes, deletes=deletes)
        # Whoever asks from here on hears of it: the index follows a moment after the commit.
        question = Question(self.store_id, key.user, key.relation, key.object, at_least=revision)
        async with self.operating() as ctx:
            await permissions.engine.check(ctx, question)


def _key(subject: Person | str, relation: str, resource: str) -> TupleKey:
    return TupleKey(subject.word if isinstance(subject, Person) else subject, relation, resource)
