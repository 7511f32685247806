"""What the peers are registered as."""

import json
from dataclasses import replace

from joserfc.jwk import ECKey

from airside.oauth import ClientDraft
from airside.oauth.settings import ClientSettings
from tests.running import Place
from tests.trips.visitor import API

CALLBACK = "https://app.example.test/callback"
AFTER_LOGOUT = "https://app.example.test/bye"

WEB = ClientDraft(
    name="Ledger",
    public=False,
    grants=frozenset({"authorization_code", "refresh_token", "client_credentials"}),
    audiences=(API,),
    redirect_uris=(CALLBACK,),
    scopes=frozenset({"openid", "notes:read"}),
)


def with_key(draft: ClientDraft) -> tuple[ClientDraft, dict[str, str]]:
    """`draft` with a key of its own instead of a secret (RFC 7523 §2.2), and that key for the application."""
    key = ECKey.generate_key("P-256", {"kid": "one", "use": "sig", "alg": "ES256"})
    settings = ClientSettings(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [key.as_dict(private=False)]})
    key_as_text = json.dumps(key.as_dict(private=True))
    return replace(draft, settings=settings), {"PEER_AUTH_KEY": key_as_text}


async def told_of(place: Place, draft: ClientDraft) -> dict[str, str]:
    """Register `draft`, and tell what an application has to know of itself."""
    client, secret = await place.client(draft)
    return {
        "PEER_CLIENT_ID": client.word,
        "PEER_CLIENT_SECRET": secret.reveal() if secret is not None else "",
        "PEER_CALLBACK": draft.redirect_uris[0],
        "PEER_SCOPE": " ".join(sorted(client.scopes)),
        "PEER_AUDIENCE": API,
    }
