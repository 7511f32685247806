"""Settings out of a provider's metadata, by value and by address."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from airside.audit import Journal
from airside.core.clock import Clock, FixedClock
from airside.core.entropy import Entropy
from airside.core.errors import InvalidInput, Unavailable
from airside.federation import Connection, ConnectionDraft, Connections, Documents, SamlMetadata, SamlSettings
from airside.fetch import Fetcher
from airside.vault import Vault
from tests.federation.issuer import Issuer
from tests.federation.kit import SAML, FederationKit
from tests.protocols.saml.kit import pinned
from tests.protocols.saml.test_metadata import idp, key

HOURS = 7200.0


@dataclass(frozen=True)
class Publishing:
    """A provider that publishes its metadata, and who reads it."""

    federation: FederationKit
    issuer: Issuer
    clock: FixedClock
    connections: Connections
    metadata: SamlMetadata

    @property
    def url(self) -> str:
        return f"{self.issuer.url}/saml"

    def says(self, document: str, status: str = "200 OK") -> None:
        self.issuer.answers["/saml"] = (status, "Content-Type: text/xml", document.encode())

    async def fetch(self) -> SamlSettings:
        async with self.federation.begin() as ctx:
            return await self.metadata.fetch(ctx, self.url)

    async def sweep(self) -> int:
        async with self.federation.begin() as ctx:
            return await self.metadata.sweep(ctx)

    async def now(self, connection: Connection) -> SamlSettings:
        async with self.federation.begin() as ctx:
            settings = (await self.federation.connections.get(ctx, connection.id)).settings
        assert isinstance(settings, SamlSettings)
        return settings


@pytest.fixture
async def publishing(
    federation: FederationKit, issuer: Issuer, vault: Vault, entropy: Entropy, clock: Clock
) -> AsyncIterator[Publishing]:
    moment, allow = FixedClock(clock.now()), frozenset({issuer.place})
    connections = Connections(
        vault=vault,
        entropy=entropy,
        journal=Journal(vault=vault, entropy=entropy),
        sessions=federation.sessions,
        exceptions=allow,
    )
    async with Fetcher(allow=allow) as fetcher:
        documents = Documents(fetcher=fetcher, clock=moment)
        metadata = SamlMetadata(documents=documents, connections=connections, exceptions=allow)
        yield Publishing(federation, issuer, moment, connections, metadata)


async def followed(publishing: Publishing) -> Connection:
    """A connection that follows the address."""
    settings = await publishing.fetch()
    async with publishing.federation.begin() as ctx:
        made = await publishing.connections.create(ctx, ConnectionDraft("P", settings))
    assert await publishing.sweep() == 1
    return made


async def test_file_gives_the_settings(publishing: Publishing) -> None:
    settings = publishing.metadata.read(idp().encode())
    assert settings.entity_id == "https://idp.example/metadata"
    assert (settings.sso_url, settings.sso_binding) == ("https://idp.example/sso", "redirect")
    assert (settings.slo_url, settings.metadata_url) == ("https://idp.example/slo", None)
    assert settings.slo_response_url == "https://idp.example/slo/answer"
    assert settings.certificates == (pinned("idp").pem,)
    with pytest.raises(InvalidInput):
        publishing.metadata.read(b"<x/>")


async def test_plain_http_endpoints_are_refused(publishing: Publishing) -> None:
    """N10, N28"""
    with pytest.raises(InvalidInput):
        publishing.metadata.read(idp().replace("https://idp.example/sso", "http://idp.example/sso").encode())


async def test_address_gives_the_settings_and_is_followed(publishing: Publishing) -> None:
    """A key that the provider rolls to is pinned when the address says so, and the old one no longer."""
    publishing.says(idp())
    connection = await followed(publishing)
    assert (await publishing.now(connection)).metadata_url == publishing.url
    rolled = idp(key(pinned("next").base64)).replace("idp.example/sso", "idp.example/sso2")
    publishing.says(rolled)
    assert await publishing.sweep() == 1
    assert (await publishing.now(connection)).certificates == (pinned("idp").pem,)  # fresh: not asked again yet
    publishing.clock.advance(HOURS)
    assert await publishing.sweep() == 1
    settings = await publishing.now(connection)
    assert (settings.certificates, settings.sso_url) == ((pinned("next").pem,), "https://idp.example/sso2")


@pytest.mark.parametrize(
    "document",
    [
        "no xml",
        idp(entity="https://other.example"),
        idp(keys=""),
        idp(attrs=' validUntil="2020-01-01T00:00:00Z"'),
        idp().replace("https://idp.example/sso", "http://10.0.0.1/sso"),
        "<!DOCTYPE r [<!ENTITY e 'x'>]>" + idp(),
    ],
)
async def test_what_was_pinned_stays_where_the_address_says_nothing_good(publishing: Publishing, document: str) -> None:
    """N04, N26: another provider's name is another provider."""
    publishing.says(idp())
    connection = await followed(publishing)
    before = await publishing.now(connection)
    publishing.says(document)
    publishing.clock.advance(HOURS)
    await publishing.sweep()
    assert await publishing.now(connection) == before


async def test_provider_that_is_away_changes_nothing(publishing: Publishing) -> None:
    publishing.says(idp())
    connection = await followed(publishing)
    before = await publishing.now(connection)
    publishing.says("", "503 Service Unavailable")
    publishing.clock.advance(25 * 3600.0)
    assert await publishing.sweep() == 0
    assert await publishing.now(connection) == before
    with pytest.raises(Unavailable):
        await publishing.fetch()


@pytest.mark.parametrize("url", ["https://127.0.0.1/saml", "https://[::1]/", "file:///etc/passwd", "http://a.example/"])
async def test_private_and_plain_addresses_are_not_asked(publishing: Publishing, url: str) -> None:
    """N28"""
    async with publishing.federation.begin() as ctx:
        with pytest.raises((Unavailable, InvalidInput)):
            await publishing.metadata.fetch(ctx, url)


async def test_connection_without_an_address_is_left_alone(publishing: Publishing) -> None:
    connection = await publishing.federation.connection(ConnectionDraft("P", SAML))
    assert await publishing.sweep() == 0
    assert await publishing.now(connection) == SAML
