"""What the peers are registered as."""

from airside.oauth import ClientDraft
from tests.running import Place
from tests.trips.visitor import API

CALLBACK = "https://app.example.test/callback"

WEB = ClientDraft(
    name="Ledger",
    public=False,
    grants=frozenset({"authorization_code", "refresh_token", "client_credentials"}),
    audiences=(API,),
    redirect_uris=(CALLBACK,),
    scopes=frozenset({"openid", "notes:read"}),
)


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
