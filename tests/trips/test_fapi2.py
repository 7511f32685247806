"""A client of the FAPI 2.0 Security Profile over HTTPS, from its push to its tokens, and the ways it may not go."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

from airside.identity import User
from airside.oauth import Client, ClientDraft, ClientSettings
from airside.protocols.oauth import ASSERTION_TYPE, challenge_of
from tests.running import Place
from tests.senders import Holder, Signer
from tests.trips.visitor import API, FORM, VERIFIER, visitor

CALLBACK = "https://app.example.test/callback"


@dataclass
class Bank:
    """An application that signs whatever it says."""

    place: Place
    client: Client
    signer: Signer
    holder: Holder = field(default_factory=Holder)

    def now(self) -> float:
        return self.place.server.services.clock.now().timestamp()

    def presents(self, **claims: Any) -> dict[str, str]:
        audience = claims.pop("audience", self.place.issuer)
        assertion = self.signer.assertion(self.client.word, audience, self.now(), **claims)
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}

    async def post(self, path: str, form: dict[str, str], holder: Holder | None) -> httpx2.Response:
        """A post to an endpoint; with a proof of `holder`, repeated with the nonce that it is told."""
        url = f"{self.place.issuer}/oauth2/{path}"
        async with self.place.server.client() as http:
            if holder is None:
                return await http.post(url, content=urlencode(form | self.presents()), headers=FORM)
            nonce = None
            while True:
                headers = {**FORM, "dpop": holder.proof(url, self.now(), nonce=nonce)}
                answer = await http.post(url, content=urlencode(form | self.presents()), headers=headers)
                if nonce is not None or answer.status_code < 400 or answer.json()["error"] != "use_dpop_nonce":
                    return answer
                nonce = answer.headers["dpop-nonce"]

    async def push(self, **changes: str) -> httpx2.Response:
        said = {
            "response_type": "code",
            "client_id": self.client.word,
            "redirect_uri": CALLBACK,
            "scope": "notes:read",
            "state": "s-1",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        }
        return await self.post("par", said | changes, self.holder)

    async def code(self, user: User) -> str:
        pushed = await self.push()
        assert pushed.status_code == 201, pushed.text
        query = urlencode({"client_id": self.client.word, "request_uri": pushed.json()["request_uri"]})
        async with visitor(self.place) as browser:
            page = await browser.get(f"{self.place.issuer}/oauth2/authorize?{query}")
            answer = await browser.onward(await browser.sign_in(page, user))
        location = answer.headers["location"]
        assert location.startswith(CALLBACK + "?"), location
        came = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        assert (came["iss"], came["state"]) == (self.place.issuer, "s-1")
        return came["code"]

    async def redeem(self, code: str, holder: Holder | None) -> httpx2.Response:
        form = {
            "grant_type": "authorization_code",
            "client_id": self.client.word,
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        return await self.post("token", form, holder)


async def bank(place: Place) -> Bank:
    signer = Signer(alg="PS256")
    settings = ClientSettings(
        profile="fapi2",
        token_endpoint_auth_method="private_key_jwt",
        jwks=signer.jwks,
        dpop_bound_access_tokens=True,
        id_token_signed_response_alg="ES256",
    )
    draft = ClientDraft(
        name="Bank",
        public=False,
        grants=frozenset({"authorization_code", "refresh_token"}),
        audiences=(API,),
        redirect_uris=(CALLBACK,),
        scopes=frozenset({"notes:read"}),
        settings=settings,
    )
    client, _ = await place.client(draft)
    return Bank(place, client, signer)


async def test_whole_way(place: Place) -> None:
    """FAPI 2.0 Security Profile §5.3.2: pushed, signed, bound, told by its issuer; and refreshed with the key."""
    app, user = await bank(place), await place.user()
    granted = await app.redeem(await app.code(user), app.holder)
    assert (granted.status_code, granted.json()["token_type"]) == (200, "DPoP"), granted.text
    form = {"grant_type": "refresh_token", "refresh_token": granted.json()["refresh_token"]}
    again = await app.post("token", form, app.holder)
    assert (again.status_code, again.json()["token_type"]) == (200, "DPoP")
    bare = await app.post("token", form | {"refresh_token": again.json()["refresh_token"]}, None)
    assert (bare.status_code, bare.json()["error"]) == (400, "invalid_dpop_proof")


async def test_code_is_of_use_with_the_key_of_its_push_alone(place: Place) -> None:
    """FAPI 2.0 Security Profile §5.3.2.1, RFC 9449 §10.1: N07."""
    app, user = await bank(place), await place.user()
    stolen = await app.redeem(await app.code(user), Holder())
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    bare = await app.redeem(await app.code(user), None)
    assert (bare.status_code, bare.json()["error"]) == (400, "invalid_dpop_proof")


async def test_assertion_for_another_audience_than_the_issuer_proves_nothing(place: Place) -> None:
    """FAPI 2.0 Security Profile §5.3.2.1: the issuer, alone, as a string; N05."""
    app = await bank(place)
    url = f"{place.issuer}/oauth2/par"
    async with place.server.client() as http:
        for audience in (f"{place.issuer}/oauth2/token", url, [place.issuer]):
            answer = await http.post(url, content=urlencode(app.presents(audience=audience)), headers=FORM)
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_request_that_wasnt_pushed_is_refused(place: Place) -> None:
    """FAPI 2.0 Security Profile §5.3.2.2."""
    app = await bank(place)
    said = {
        "response_type": "code",
        "client_id": app.client.word,
        "redirect_uri": CALLBACK,
        "scope": "notes:read",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    async with visitor(place) as browser:
        answer = await browser.get(f"{place.issuer}/oauth2/authorize?{urlencode(said)}")
    assert "error=invalid_request" in answer.headers["location"]


async def test_key_in_the_parameter_and_key_of_the_proof_must_be_one(place: Place) -> None:
    """RFC 9449 §10.1."""
    app = await bank(place)
    answer = await app.push(dpop_jkt=Holder().jkt)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")
    assert (await app.push(dpop_jkt=app.holder.jkt)).status_code == 201
