"""The door `saml` over real parts, before an identity provider that signs what it says."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree

from airside.audit import Journal
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.federation import (
    Connection,
    ConnectionDraft,
    Departure,
    LinkedProof,
    SamlAnswer,
    SamlDoor,
    SamlLogouts,
    SamlParty,
    SamlSettings,
)
from airside.federation.saml_party import Addresses
from airside.limits import PostgresLimiter
from airside.protocols.saml import read_post, read_redirect, write_post
from airside.store import RequestContext
from airside.vault import Vault
from tests.federation.kit import FederationKit, new_login
from tests.identity.attempts import Login
from tests.protocols.saml.kit import WAYS, Answer, answer_for, pinned, request_ids, rsa_key

IDP = "https://idp.example.com/metadata"
SSO = "https://idp.example.com/sso"
SLO = "https://idp.example.com/slo"
OURS = "https://airside.test/t/acme"
ADA = "ada@example.com"


class Ours:
    """Implements `OwnAddress`."""

    async def __call__(self, ctx: RequestContext) -> str:
        return OURS


@dataclass(frozen=True)
class _Reason:
    reason: str


@dataclass(frozen=True)
class SamlKit:
    """A tenant with the door, and the provider behind it."""

    federation: FederationKit
    clock: Clock
    door: SamlDoor
    party: SamlParty
    logouts: SamlLogouts

    def settings(self, **changes: Any) -> SamlSettings:
        """Those of the provider, changed."""
        whole: dict[str, Any] = {
            "entity_id": IDP,
            "sso_url": SSO,
            "slo_url": SLO,
            "certificates": (pinned("idp").pem,),
            "email_trusted": True,
            **changes,
        }
        return SamlSettings(**whole)

    async def connection(self, **changes: Any) -> Connection:
        """A connection to the provider."""
        return await self.federation.connection(
            ConnectionDraft("Provider", self.settings(**changes), creates_users=True)
        )

    async def addresses(self, connection: Connection) -> Addresses:
        async with self.federation.begin() as ctx:
            return await self.party.addresses(ctx, connection)

    async def lead(self, connection: Connection, login: Login) -> Departure:
        """Where the browser is led."""
        async with self.federation.begin() as ctx:
            return await self.door.lead(ctx, login, connection)

    async def answer(self, connection: Connection, **changes: Any) -> Answer:
        """What the provider would write for this connection."""
        ours = await self.addresses(connection)
        usual = answer_for(ours.acs, ours.entity_id, self.clock.now(), email=ADA)
        return replace(usual, **{"issuer": IDP, "response_issuer": IDP, **changes})

    async def receive(self, connection: Connection, document: bytes, word: str) -> str:
        """The word of what the browser brought."""
        async with self.federation.begin() as ctx:
            fields = {"SAMLResponse": write_post(document)}
            received = await self.federation.answers.receive(ctx, "saml", connection.id, word, fields)
        return received.word

    async def receive_unasked(self, connection: Connection, login: Login, document: bytes) -> str:
        async with self.federation.begin() as ctx:
            fields = {"SAMLResponse": write_post(document)}
            answers = self.federation.answers
            return (await answers.receive_unasked(ctx, connection.id, login.flow_id, fields)).word

    async def prove(self, login: Login, word: str) -> LinkedProof:
        """What the answer by that word proves."""
        async with self.federation.begin() as ctx:
            proof = await self.door.prove(ctx, login, SamlAnswer(word))
        assert isinstance(proof, LinkedProof)
        return proof

    async def sign_in(self, connection: Connection, *, way: str = "assertion", **changes: Any) -> LinkedProof:
        """There and back."""
        login = new_login()
        asked = request_of(await self.lead(connection, login))
        answer = await self.answer(connection, **request_ids(asked["ID"]), **changes)
        word = await self.receive(connection, WAYS[way](answer, rsa_key("idp")), asked["RelayState"])
        return await self.prove(login, word)

    async def reasons(self) -> list[str]:
        """Why answers were refused, as the journal has it."""
        async with self.federation.begin() as ctx:
            rows = await ctx.tx.all(
                _Reason,
                "select reason from airside.audit_record where tenant_id = %s and event = %s order by record_id",
                (ctx.tenant_id, "federation:connection:refused"),
            )
        return [row.reason for row in rows]


def request_of(departure: Departure) -> Mapping[str, str]:
    """The attributes of the request in a departure, and its RelayState."""
    if departure.fields is None:
        query = urlsplit(departure.url).query
        arrived, state = read_redirect(query), parse_qs(query)["RelayState"][0]
    else:
        arrived, state = read_post("SAMLRequest", departure.fields["SAMLRequest"]), departure.fields["RelayState"]
    root = etree.fromstring(arrived.document)
    return {**{str(name): str(value) for name, value in root.attrib.items()}, "RelayState": state}


@pytest.fixture
def saml(federation: FederationKit, vault: Vault, entropy: Entropy, clock: Clock) -> SamlKit:
    party = SamlParty(connections=federation.connections, entropy=entropy, issuer=Ours())
    return SamlKit(
        federation=federation,
        clock=clock,
        party=party,
        door=SamlDoor(
            entropy=entropy,
            requests=federation.requests,
            answers=federation.answers,
            linking=federation.linking,
            party=party,
        ),
        logouts=SamlLogouts(
            entropy=entropy,
            limiter=PostgresLimiter(vault=vault),
            journal=Journal(vault=vault, entropy=entropy),
            connections=federation.connections,
            answers=federation.answers,
            identities=federation.identities,
            sessions=federation.sessions,
            linking=federation.linking,
            party=party,
        ),
    )
