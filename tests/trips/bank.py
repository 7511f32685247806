"""An application of the FAPI 2.0 Security Profile over HTTPS: it signs, pushes and binds whatever it says."""

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

    async def push(self, **changes: str | None) -> httpx2.Response:
        """A lawful request, changed; None takes a parameter away."""
        said: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client.word,
            "redirect_uri": CALLBACK,
            "scope": "notes:read",
            "state": "s-1",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        }
        form = {name: value for name, value in (said | changes).items() if value is not None}
        return await self.post("par", form, self.holder)

    async def answer(self, user: User, **changes: str | None) -> dict[str, str]:
        """What comes back to the application once `user` has signed in."""
        pushed = await self.push(**changes)
        assert pushed.status_code == 201, pushed.text
        query = urlencode({"client_id": self.client.word, "request_uri": pushed.json()["request_uri"]})
        async with visitor(self.place) as browser:
            page = await browser.get(f"{self.place.issuer}/oauth2/authorize?{query}")
            answer = await browser.onward(await browser.sign_in(page, user))
        location = answer.headers["location"]
        assert location.startswith(CALLBACK + "?"), location
        came = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        assert came["iss"] == self.place.issuer
        return came

    async def code(self, user: User, **changes: str | None) -> str:
        came = await self.answer(user, **changes)
        assert came["state"] == "s-1"
        return came["code"]

    async def redeem(self, code: str, holder: Holder | None, **changes: str | None) -> httpx2.Response:
        """The code brought to the token endpoint by a lawful request, changed."""
        said: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "client_id": self.client.word,
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        form = {name: value for name, value in (said | changes).items() if value is not None}
        return await self.post("token", form, holder)

    async def refresh(self, token: str, holder: Holder | None) -> httpx2.Response:
        return await self.post("token", {"grant_type": "refresh_token", "refresh_token": token}, holder)


async def bank(place: Place) -> Bank:
    """A registered one."""
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
        scopes=frozenset({"openid", "email", "notes:read"}),
        settings=settings,
    )
    client, _ = await place.client(draft)
    return Bank(place, client, signer)
