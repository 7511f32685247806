"""The room's services over real parts."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from airside.audit import Journal
from airside.core.entropy import Entropy
from airside.core.secret import Secret
from airside.federation import (
    Answers,
    Connection,
    ConnectionDraft,
    Connections,
    ExternalClaims,
    FederatedSessions,
    Identities,
    LinkedProof,
    Linking,
    OidcSettings,
    Redeemed,
    Requests,
    SamlSettings,
)
from airside.store import RequestContext
from airside.vault import Vault
from tests.identity.attempts import Login
from tests.identity.elsewhere import Believing, Covered
from tests.identity.kit import HOME, Kit
from tests.protocols.saml.kit import pinned

OIDC = OidcSettings(issuer="https://idp.example.com", client_id="airside")
SAML = SamlSettings(
    entity_id="https://idp.example.com/saml",
    sso_url="https://idp.example.com/sso",
    certificates=(pinned("idp").pem,),
)
CLAIMS = ExternalClaims("subject-1", email="ada@example.com", email_verified=True, name="Ada")


@dataclass(frozen=True)
class FederationKit:
    """Connections of one tenant, and all that hangs on them."""

    kit: Kit
    connections: Connections
    sessions: FederatedSessions
    requests: Requests
    answers: Answers
    linking: Linking
    identities: Identities
    domains: Covered
    mappings: Believing

    def begin(self) -> AbstractAsyncContextManager[RequestContext]:
        """A request from home."""
        return self.kit.open_ctx(self.kit.tenant_id, origin=HOME)

    async def connection(self, draft: ConnectionDraft | None = None) -> Connection:
        """A connection."""
        async with self.begin() as ctx:
            wanted = draft or ConnectionDraft("Example", OIDC, client_secret=Secret("hush"))
            return await self.connections.create(ctx, wanted)

    async def came(
        self,
        connection: Connection,
        login: Login,
        fields: Mapping[str, str] | None = None,
        details: Mapping[str, str] | None = None,
    ) -> str:
        """The word of an answer that the login waits for, and that has come."""
        async with self.begin() as ctx:
            word = await self.requests.note(ctx, login, connection, details or {"nonce": "n"})
        async with self.begin() as ctx:
            kind = connection.kind
            received = await self.answers.receive(ctx, kind, connection.id, word, fields or {"code": "c"})
        assert received.flow_id == login.flow_id
        return received.word

    async def redeem(self, connection: Connection, login: Login) -> Redeemed:
        """An answer, brought and spent."""
        word = await self.came(connection, login)
        async with self.begin() as ctx:
            return await self.answers.redeem(ctx, login, connection.kind, word)

    async def prove(
        self, connection: Connection, claims: ExternalClaims = CLAIMS, login: Login | None = None
    ) -> LinkedProof:
        """What the claims prove, in a login of their own."""
        login = login or new_login()
        redeemed = await self.redeem(connection, login)
        async with self.begin() as ctx:
            return await self.linking.prove(ctx, login, redeemed, claims)


def new_login(user_id: UUID | None = None) -> Login:
    """A login as a door sees it."""
    return Login(uuid4(), user_id)


@pytest.fixture
def federation(kit: Kit, vault: Vault, entropy: Entropy) -> FederationKit:
    journal = Journal(vault=vault, entropy=entropy)
    sessions = FederatedSessions(vault=vault, sessions=kit.sessions)
    return FederationKit(
        kit=kit,
        connections=kit.connections,
        sessions=sessions,
        requests=Requests(vault=vault, entropy=entropy),
        answers=kit.answers,
        linking=kit.linking,
        identities=Identities(vault=vault, journal=journal, connections=kit.connections, sessions=sessions),
        domains=kit.domains,
        mappings=kit.mappings,
    )
