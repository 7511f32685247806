"""The door `oidc` over real parts, before an issuer that answers over HTTP."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from airside.audit import Journal
from airside.core.clock import Clock, FixedClock
from airside.core.entropy import Entropy
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.federation import (
    Connection,
    ConnectionDraft,
    Connections,
    Documents,
    LinkedProof,
    OidcAnswer,
    OidcClient,
    OidcDoor,
    OidcSettings,
    ProviderLogouts,
    Providers,
    ProviderSignOuts,
)
from airside.fetch import Fetcher
from airside.limits import PostgresLimiter
from airside.store import RequestContext
from airside.vault import Vault
from tests.federation.issuer import CLIENT_ID, SECRET, Issuer, serving
from tests.federation.kit import FederationKit, new_login
from tests.identity.attempts import Login

OURS = "https://airside.test/t/acme"


class Ours:
    """Implements `OwnIssuer`."""

    async def __call__(self, ctx: RequestContext) -> str:
        return OURS


@dataclass(frozen=True)
class OidcKit:
    """A tenant with the door, and the issuer behind it."""

    federation: FederationKit
    issuer: Issuer
    clock: FixedClock
    connections: Connections
    documents: Documents
    door: OidcDoor
    logouts: ProviderLogouts
    sign_outs: ProviderSignOuts

    def settings(self, **changes: Any) -> OidcSettings:
        """Those of the issuer, changed."""
        whole: dict[str, Any] = {"issuer": self.issuer.url, "client_id": CLIENT_ID, **changes}
        return OidcSettings(**whole)

    async def connection(
        self,
        settings: OidcSettings | None = None,
        *,
        secret: str | None = SECRET,
        keys: Secret[str] | None = None,
        creates_users: bool = True,
    ) -> Connection:
        """A connection to the issuer."""
        async with self.federation.begin() as ctx:
            draft = ConnectionDraft(
                "Issuer",
                settings or self.settings(),
                creates_users=creates_users,
                client_secret=None if secret is None else Secret(secret),
                private_keys=keys,
            )
            return await self.connections.create(ctx, draft)

    async def lead(self, connection: Connection, login: Login) -> str:
        """Where the browser is led."""
        async with self.federation.begin() as ctx:
            return (await self.door.lead(ctx, login, connection)).url

    async def receive(self, connection: Connection, fields: dict[str, str]) -> str:
        """The word of what the browser brought back."""
        async with self.federation.begin() as ctx:
            state = fields["state"]
            received = await self.federation.answers.receive(ctx, "oidc", connection.id, state, fields)
        return received.word

    async def prove(self, login: Login, word: str) -> LinkedProof:
        """What the answer by that word proves."""
        async with self.federation.begin() as ctx:
            proof = await self.door.prove(ctx, login, OidcAnswer(word))
        assert isinstance(proof, LinkedProof)
        return proof

    async def sign_in(
        self, connection: Connection, claims: Mapping[str, Json] | None = None, extra: Mapping[str, str] | None = None
    ) -> LinkedProof:
        """There and back."""
        login = new_login()
        fields = self.issuer.authorize(await self.lead(connection, login), claims or {})
        return await self.prove(login, await self.receive(connection, {**fields, **(extra or {})}))

    async def reasons(self) -> list[str]:
        """Why answers were refused, as the journal has it."""
        found: list[str] = []
        async with self.federation.begin() as ctx:
            rows = await ctx.tx.all(
                _Reason,
                "select reason from airside.audit_record where tenant_id = %s and event = %s order by record_id",
                (ctx.tenant_id, "federation:connection:refused"),
            )
            found.extend(row.reason for row in rows)
        return found


@dataclass(frozen=True)
class _Reason:
    reason: str


@pytest.fixture
async def issuer(clock: Clock) -> AsyncIterator[Issuer]:
    async with serving(clock) as made:
        yield made


@pytest.fixture
async def oidc(
    federation: FederationKit, issuer: Issuer, vault: Vault, entropy: Entropy, clock: Clock
) -> AsyncIterator[OidcKit]:
    moment = FixedClock(clock.now())
    allow = frozenset({issuer.place})
    connections = Connections(
        vault=vault,
        entropy=entropy,
        journal=Journal(vault=vault, entropy=entropy),
        sessions=federation.sessions,
        exceptions=allow,
    )
    async with Fetcher(allow=allow) as fetcher:
        documents = Documents(fetcher=fetcher, clock=moment)
        providers = Providers(documents=documents)
        yield OidcKit(
            federation=federation,
            issuer=issuer,
            clock=moment,
            connections=connections,
            documents=documents,
            door=OidcDoor(
                journal=Journal(vault=vault, entropy=entropy),
                entropy=entropy,
                connections=connections,
                requests=federation.requests,
                answers=federation.answers,
                linking=federation.linking,
                providers=providers,
                client=OidcClient(fetcher=fetcher, entropy=entropy),
                fetcher=fetcher,
                issuer=Ours(),
                exceptions=allow,
            ),
            logouts=ProviderLogouts(
                limiter=PostgresLimiter(vault=vault),
                journal=Journal(vault=vault, entropy=entropy),
                connections=connections,
                answers=federation.answers,
                providers=providers,
                identities=federation.identities,
                sessions=federation.sessions,
                linking=federation.linking,
            ),
            sign_outs=ProviderSignOuts(
                connections=connections,
                providers=providers,
                sessions=federation.sessions,
                issuer=Ours(),
                exceptions=allow,
            ),
        )


async def user_of(oidc: OidcKit, proof: LinkedProof) -> tuple[UUID, str]:
    """Whom it proves."""
    async with oidc.federation.begin() as ctx:
        user = await oidc.federation.kit.users.get(ctx, proof.user_id)
    return user.id, user.email
