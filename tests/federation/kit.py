"""The room's services over real parts."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import pytest

from airside.audit import Journal
from airside.core.entropy import Entropy
from airside.core.secret import Secret
from airside.federation import (
    Connection,
    ConnectionDraft,
    Connections,
    FederatedSessions,
    OidcSettings,
    SamlSettings,
)
from airside.store import RequestContext
from airside.vault import Vault
from tests.identity.kit import HOME, Kit

OIDC = OidcSettings(issuer="https://idp.example.com", client_id="airside")
SAML = SamlSettings(
    entity_id="https://idp.example.com/saml",
    sso_url="https://idp.example.com/sso",
    certificates=("-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n",),
)


@dataclass(frozen=True)
class FederationKit:
    """Connections of one tenant, and all that hangs on them."""

    kit: Kit
    connections: Connections
    sessions: FederatedSessions

    def begin(self) -> AbstractAsyncContextManager[RequestContext]:
        """A request from home."""
        return self.kit.open_ctx(self.kit.tenant_id, origin=HOME)

    async def connection(self, draft: ConnectionDraft | None = None) -> Connection:
        """A connection."""
        async with self.begin() as ctx:
            wanted = draft or ConnectionDraft("Example", OIDC, client_secret=Secret("hush"))
            return await self.connections.create(ctx, wanted)


@pytest.fixture
def federation(kit: Kit, vault: Vault, entropy: Entropy) -> FederationKit:
    journal = Journal(vault=vault, entropy=entropy)
    sessions = FederatedSessions(vault=vault, sessions=kit.sessions)
    connections = Connections(vault=vault, entropy=entropy, journal=journal, sessions=sessions)
    return FederationKit(kit, connections, sessions)
