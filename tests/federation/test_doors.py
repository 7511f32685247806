"""What both doors do alike with what isn't the answer's fault."""

import pytest

from airside.audit import Journal
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Inconsistent, LimitExceeded, Refusal
from airside.federation import (
    ConnectionDraft,
    ConnectionKind,
    Documents,
    OidcAnswer,
    OidcClient,
    OidcDoor,
    OidcSettings,
    Providers,
    SamlAnswer,
    SamlDoor,
    SamlParty,
)
from airside.federation.saml import REQUEST_ID
from airside.fetch import Fetcher
from airside.store import RequestContext
from airside.vault import Vault
from tests.federation.kit import SAML, FederationKit, new_login

OIDC = OidcSettings(
    issuer="https://idp.example.com",
    client_id="airside",
    authorization_endpoint="https://idp.example.com/authorize",
    token_endpoint="https://idp.example.com/token",
    jwks_uri="https://idp.example.com/keys",
)


class Refusing:
    """Implements `OwnIssuer` and `OwnAddress`: nobody knows it."""

    def __init__(self, refusal: Refusal) -> None:
        self._refusal = refusal

    async def __call__(self, ctx: RequestContext) -> str:
        raise self._refusal


@pytest.mark.parametrize("refusal", [Inconsistent("no lawful history"), LimitExceeded("federation", 1.0)])
@pytest.mark.parametrize("kind", ["saml", "oidc"])
async def test_what_is_not_the_answers_fault_goes_through_the_door_as_it_is(
    federation: FederationKit, vault: Vault, entropy: Entropy, clock: Clock, kind: ConnectionKind, refusal: Refusal
) -> None:
    """Neither proving nor examining calls it a refused answer: it is loud in the log, or says when to come again."""
    made = await federation.connection(ConnectionDraft("Example", SAML if kind == "saml" else OIDC))
    issuer = Refusing(refusal)
    async with Fetcher() as fetcher:
        if kind == "saml":
            door: SamlDoor | OidcDoor = SamlDoor(
                entropy=entropy,
                requests=federation.requests,
                answers=federation.answers,
                linking=federation.linking,
                party=SamlParty(connections=federation.connections, entropy=entropy, issuer=issuer),
            )
        else:
            door = OidcDoor(
                entropy=entropy,
                journal=Journal(vault=vault, entropy=entropy),
                connections=federation.connections,
                requests=federation.requests,
                answers=federation.answers,
                linking=federation.linking,
                providers=Providers(documents=Documents(fetcher=fetcher, clock=clock)),
                client=OidcClient(fetcher=fetcher, entropy=entropy),
                fetcher=fetcher,
                issuer=issuer,
            )
        for examines in (False, True):
            login = new_login()
            details = {REQUEST_ID: "_r", "nonce": "n", "verifier": "v"}
            word = await federation.came(made, login, details=details)
            with pytest.raises(type(refusal)) as raised:
                async with federation.begin() as ctx:
                    if examines:
                        await door.examine(ctx, login, word)
                    else:
                        await door.prove(ctx, login, SamlAnswer(word) if kind == "saml" else OidcAnswer(word))
            assert raised.value is refusal
