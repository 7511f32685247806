"""A FAPI 2.0 client that proves itself by its certificate, and whose tokens are bound to it: on the second listener."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

from airside.identity import User
from airside.oauth import Client, ClientDraft, ClientSettings
from airside.protocols.jose import peek_claims
from airside.protocols.oauth import challenge_of
from tests.running import Place, Running
from tests.senders import Certificate, certificate
from tests.trips.test_sender_constraints import mutual, presenting
from tests.trips.visitor import API, FORM, VERIFIER, visitor

__all__ = ["mutual"]

CALLBACK = "https://app.example.test/callback"


@dataclass(frozen=True)
class Bank:
    """The application, and the certificate that it holds."""

    server: Running
    place: Place
    client: Client
    held: Certificate
    folder: Path
    endpoints: dict[str, str]

    async def post(self, name: str, form: dict[str, str], held: Certificate | None = None) -> httpx2.Response:
        async with presenting(self.server, held or self.held, self.folder) as http:
            said = form | {"client_id": self.client.word}
            return await http.post(self.endpoints[name], content=urlencode(said), headers=FORM)

    async def code(self, user: User) -> str:
        said = {
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "scope": "openid notes:read",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        }
        pushed = await self.post("pushed_authorization_request_endpoint", said)
        assert pushed.status_code == 201, pushed.text
        query = urlencode({"client_id": self.client.word, "request_uri": pushed.json()["request_uri"]})
        async with visitor(self.place) as browser:
            page = await browser.get(f"{self.place.issuer}/oauth2/authorize?{query}")
            answer = await browser.onward(await browser.sign_in(page, user))
        return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]

    async def redeem(self, code: str, held: Certificate | None = None) -> httpx2.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        return await self.post("token_endpoint", form, held)

    async def refresh(self, token: str, held: Certificate | None = None) -> httpx2.Response:
        return await self.post("token_endpoint", {"grant_type": "refresh_token", "refresh_token": token}, held)


async def bank(server: Running, root: Certificate, folder: Path) -> Bank:
    place, now = await server.tenant(), server.services.clock.now()
    settings = ClientSettings(
        profile="fapi2",
        token_endpoint_auth_method="tls_client_auth",
        tls_client_auth_subject_dn="CN=bank,O=Acme",
        tls_client_certificate_bound_access_tokens=True,
        id_token_signed_response_alg="ES256",
    )
    draft = ClientDraft(
        name="Bank",
        public=False,
        grants=frozenset({"authorization_code", "refresh_token"}),
        audiences=(API,),
        redirect_uris=(CALLBACK,),
        scopes=frozenset({"openid", "notes:read"}),
        settings=settings,
    )
    client, _ = await place.client(draft)
    async with server.client() as http:
        found = (await http.get(f"{place.issuer}/.well-known/openid-configuration")).json()
    return Bank(server, place, client, certificate("bank", now, issuer=root), folder, found["mtls_endpoint_aliases"])


async def test_whole_way_by_certificate(mutual: tuple[Running, Certificate], tmp_path: Path) -> None:
    """FAPI 2.0 Security Profile §5.3.2.1, RFC 8705 §2.1, §3 and §5: pushed, redeemed and refreshed with the
    certificate, to which the tokens are bound. N07."""
    server, root = mutual
    app = await bank(server, root, tmp_path)
    other = certificate("other", server.services.clock.now(), issuer=root)
    user = await app.place.user()
    stolen = await app.redeem(await app.code(user), other)
    assert (stolen.status_code, stolen.json()["error"]) == (401, "invalid_client")
    granted = await app.redeem(await app.code(user))
    assert granted.status_code == 200, granted.text
    tokens = granted.json()
    assert peek_claims(tokens["access_token"])["cnf"] == {"x5t#S256": app.held.thumbprint}
    again = await app.refresh(tokens["refresh_token"])
    assert (again.status_code, again.json()["refresh_token"]) == (200, tokens["refresh_token"])
    assert (await app.refresh(tokens["refresh_token"], other)).status_code == 401

    userinfo = app.endpoints["userinfo_endpoint"]
    headers = {"authorization": f"Bearer {again.json()['access_token']}"}
    for held, status in ((app.held, 200), (other, 401)):
        async with presenting(server, held, tmp_path) as http:
            assert (await http.get(userinfo, headers=headers)).status_code == status
    async with server.client() as http:
        assert (await http.get(f"{app.place.issuer}/oauth2/userinfo", headers=headers)).status_code == 401


async def test_client_without_its_certificate_is_nobody(mutual: tuple[Running, Certificate], tmp_path: Path) -> None:
    """RFC 8705 §2: on the listener that asks for none, neither push nor token."""
    server, root = mutual
    app = await bank(server, root, tmp_path)
    async with server.client() as http:
        for path in ("par", "token"):
            form = urlencode({"client_id": app.client.word, "grant_type": "authorization_code"})
            answer = await http.post(f"{app.place.issuer}/oauth2/{path}", content=form, headers=FORM)
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
