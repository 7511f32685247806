"""What the notes application needs of a tenant of the real server, and the tokens of people who sign in there."""

from dataclasses import dataclass, replace
from pathlib import Path

from airside.identity import User
from airside.oauth import Client, ClientDraft
from tests.running import Place, Running
from tests.trips.visitor import NATIVE, code_for, redeem, visitor

NOTES = Path(__file__).resolve().parents[2] / "examples" / "notes"
AUDIENCE = "https://notes.example"
SCOPE = "openid notes:read notes:write"
FRONT = replace(NATIVE, audiences=(AUDIENCE,), scopes=frozenset(SCOPE.split()))


@dataclass(frozen=True)
class NotesTenant:
    """A tenant, its front end's client, and what the application is told of it."""

    place: Place
    front: Client
    environment: dict[str, str]

    async def tokens(self, user: User) -> dict[str, str]:
        """What a whole sign-in by the form gives."""
        async with visitor(self.place) as browser:
            answer = await redeem(
                self.place, self.front, await code_for(self.place, self.front, user, browser, scope=SCOPE)
            )
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def bearer(self, user: User) -> dict[str, str]:
        """The header that carries a user's token."""
        return {"authorization": f"Bearer {(await self.tokens(user))['access_token']}"}


async def notes_tenant(server: Running, host: str) -> NotesTenant:
    """A new tenant whose store holds the application's model; the application is at `host`."""
    place = await server.tenant()
    own = ClientDraft(
        name="Notes itself",
        public=False,
        grants=frozenset({"client_credentials"}),
        audiences=(place.issuer,),
        scopes=frozenset({"permissions:check", "permissions:write", "revocations:read"}),
    )
    client, secret = await place.client(own)
    front, _ = await place.client(FRONT)
    async with place.operator() as ctx:
        store = (await server.services.tenants.current(ctx)).default_store_id
        await server.services.permissions.models.write(ctx, store, (NOTES / "model.fga").read_text("utf-8"))
    assert secret is not None
    environment = {
        "AIRSIDE_ISSUER": place.issuer,
        "AIRSIDE_CLIENT_ID": client.word,
        "AIRSIDE_CLIENT_SECRET": secret.reveal(),
        "AIRSIDE_STORE_ID": store,
        "AIRSIDE_CA_FILE": str(server.certificates.ca),
        "NOTES_HOST": host,
    }
    return NotesTenant(place, front, environment)
