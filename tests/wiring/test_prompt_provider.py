"""Introspection and the key set: what the server knows at once is what the application says, to the byte."""

from base64 import b64encode
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import pytest

from airside.oauth import Client, ClientDraft
from airside.protocols.jose import peek_claims
from airside.tokens import AccessGrant
from tests.running import Place, Running
from tests.wiring.prompt_kit import Both, Case, Said, application_of, ordinarily

FORM = b"application/x-www-form-urlencoded"
API = "https://api.example.test"
SERVICE = ClientDraft(
    name="Service",
    public=False,
    grants=frozenset({"client_credentials"}),
    audiences=(API,),
    scopes=frozenset({"notes:read"}),
)


@dataclass(frozen=True)
class Desk:
    """Both ways to ask about tokens of a tenant, and what is needed to ask."""

    both: Both
    place: Place
    client: Client
    secret: str

    async def token(self, audience: str = API) -> str:
        services = self.place.server.services
        async with self.place.operator() as ctx:
            grant = AccessGrant(self.client.word, self.client.word, (audience,), self.client.scopes)
            return (await services.token_issuer.access_token(ctx, grant, issuer=self.place.issuer)).token.reveal()

    async def ask(self, body: str, **headers: str | None) -> tuple[Said | None, Said]:
        given = {"content-type": FORM.decode(), "authorization": "Basic %s"} | headers
        lines = {name.replace("_", "-").encode(): None if v is None else v.encode() for name, v in given.items()}
        return await self.both.ask(Case(body.encode(), headers=lines))


@pytest.fixture
async def desk(server: Running, place: Place) -> Desk:
    """Everything warm: a client that has asked before."""
    client, secret = await place.client(SERVICE)
    assert secret is not None
    basic = b64encode(f"{client.word}:{secret.reveal()}".encode())
    host, path = urlsplit(server.url).netloc.encode(), f"/t/{place.slug}/oauth2/introspect"
    made = Desk(Both(application_of(server), host, path, basic), place, client, secret.reveal())
    _, warmed = await made.ask("token=" + await made.token())
    assert warmed.status == 200
    return made


async def test_active_token_is_told_at_once_as_the_application_tells_it(desk: Desk) -> None:
    token = await desk.token()
    for body in (f"token={token}", f"token_type_hint=access_token&token={token}", f"token={token}&more="):
        known, spoken = await desk.ask(body)
        assert spoken.status == 200
        assert b'"active":true' in spoken.body
        assert known == spoken
    body = f"token={token}&client_id={desk.client.word}&client_secret={desk.secret}"
    known, spoken = await desk.ask(body, authorization=None)
    assert known == spoken
    assert b'"active":true' in spoken.body


async def test_every_other_question_is_left_to_the_application(desk: Desk) -> None:
    """N06, N08, N32: and it is answered as if it had never been looked at."""
    token = await desk.token()
    wrong = b64encode(f"{desk.client.word}:{desk.secret}x".encode()).decode()
    nobody = b64encode(f"{desk.client.word[:-1]}x:{desk.secret}".encode()).decode()
    asked: list[tuple[str, dict[str, str | None]]] = [
        (f"token={token}&other=1", {}),
        (f"token={token}", {"content_type": FORM.decode() + "; charset=utf-8"}),
        (f"token={token}", {"content_type": "application/json"}),
        (f"token={token}", {"accept": "application/token-introspection+jwt"}),
        (f"token={token}", {"dpop": "a.b.c"}),
        (f"token={token}", {"cookie": "a=b", "sec_fetch_site": "same-origin"}),
        (f"token={token}x", {}),
        (f"token={token}&token={token}", {}),
        (f"token={token}&client_secret=x", {}),
        ("token=nothing", {}),
        ("token=%zz", {}),
        (f"token={token}", {"authorization": f"Bearer {token}"}),
        (f"token={token}", {"authorization": None}),
        # From here on it has failed, and is charged in advance.
        ("token=", {}),
        ("", {}),
        (f"token={token}&client_id={desk.client.word}", {"authorization": None}),
        (f"token={token}", {"authorization": f"Basic {wrong}"}),
        (f"token={token}", {"authorization": f"Basic {nobody}"}),
    ]
    for body, headers in asked:
        known, spoken = await desk.ask(body, **headers)
        assert known is None, (body, headers)
        assert spoken.status < 500
    for scope in ({"query_string": b"a=b"}, {"method": "GET"}, {"path": "/t/nobody/oauth2/introspect"}):
        case = Case(b"token=" + token.encode(), {b"content-type": FORM, b"authorization": b"Basic %s"}, scope=scope)
        known, spoken = await desk.both.ask(case)
        assert known is None
        assert spoken == await ordinarily(desk.both.app, desk.both.scope(case), case.body)


async def test_token_that_does_not_concern_the_caller_is_not_told_of(desk: Desk, place: Place) -> None:
    """N05, N20."""
    stranger, secret = await place.client(replace(SERVICE, audiences=("https://other.example.test",)))
    assert secret is not None
    basic = b64encode(f"{stranger.word}:{secret.reveal()}".encode()).decode()
    for _ in range(2):  # the second time its client is in memory
        known, spoken = await desk.ask("token=" + await desk.token(), authorization=f"Basic {basic}")
        assert known is None
        assert spoken.body == b'{"active":false}'


async def test_revoked_token_and_ended_client_are_known_at_once(desk: Desk, place: Place) -> None:
    """N18, N19: what was answered a moment ago is no reason to answer now."""
    services, token = place.server.services, await desk.token()
    known, _ = await desk.ask(f"token={token}")
    assert known is not None
    async with place.operator() as ctx:
        jti = str(peek_claims(token)["jti"])
        await services.revocations.revoke(ctx, "jti", jti, expires_at=ctx.now.replace(year=9999))
    known, spoken = await desk.ask(f"token={token}")
    assert known is None
    assert spoken.body == b'{"active":false}'
    other = await desk.token()
    known, _ = await desk.ask(f"token={other}")
    assert known is not None
    async with place.operator() as ctx:
        await services.client_admin.disable(ctx, desk.client.client_id)
    known, spoken = await desk.ask(f"token={other}")
    assert known is None
    assert spoken.status == 401


async def test_client_that_has_failed_waits_its_turn(desk: Desk) -> None:
    """N13: a suspect's requests are charged in advance, and only the application does that."""
    token, wrong = await desk.token(), b64encode(f"{desk.client.word}:wrong".encode()).decode()
    _, spoken = await desk.ask(f"token={token}", authorization=f"Basic {wrong}")
    assert spoken.status == 401
    known, spoken = await desk.ask(f"token={token}")
    assert known is None
    assert spoken.status == 200


async def test_key_set_is_told_at_once_as_the_application_tells_it(desk: Desk, place: Place) -> None:
    path = f"/t/{place.slug}/oauth2/jwks"
    nothing: dict[bytes, bytes | None] = {b"content-type": None, b"content-length": None, b"authorization": None}
    case = Case(b"", nothing, scope={"method": "GET", "path": path, "raw_path": path.encode()})
    await desk.both.ask(case)
    known, spoken = await desk.both.ask(case)
    assert spoken.status == 200
    assert b'"kid"' in spoken.body
    assert known == spoken
    for scope in (
        {"method": "HEAD"},
        {"method": "POST"},
        {"path": "/t/nobody/oauth2/jwks"},
        {"path": "/t/a/b/oauth2/jwks"},
    ):
        other = replace(case, scope={**case.scope, "raw_path": str(scope.get("path", path)).encode(), **scope})
        known, spoken = await desk.both.ask(other)
        assert known is None
        assert spoken.status in (200, 404, 405)
