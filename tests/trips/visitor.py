"""A person with a browser and an application with a callback, over HTTP only."""

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import Any, Protocol
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx2

from airside.identity import User
from airside.oauth import Client, ClientDraft
from airside.protocols.oauth import challenge_of
from tests.running import PASSWORD, Place

API = "https://api.example.test"
CALLBACK = "http://127.0.0.1:49152/callback"
VERIFIER = "a-verifier-of-enough-length-for-a-trip-0123456789"
FORM = {"content-type": "application/x-www-form-urlencoded"}

NATIVE = ClientDraft(
    name="Notes",
    public=True,
    grants=frozenset({"authorization_code", "refresh_token"}),
    audiences=(API,),
    redirect_uris=("http://127.0.0.1/callback",),
    scopes=frozenset({"openid", "notes:read"}),
)
_REFRESH = re.compile(r'<meta http-equiv="refresh" content="0;url=([^"]+)">')
_CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Visitor:
    """One browser: keeps cookies, follows redirects on this site by hand, fills in the one form of a page."""

    place: Place
    http: httpx2.AsyncClient
    seen: list[httpx2.Response] = field(default_factory=list[httpx2.Response])

    async def get(self, url: str) -> httpx2.Response:
        """The page at `url`, wherever it leads on this site; a redirect away from it is the answer."""
        answer = await self.http.get(url)
        self.seen.append(answer)
        while answer.is_redirect:
            target = urljoin(str(answer.url), answer.headers["location"])
            if not target.startswith(self.place.server.url + "/"):
                return answer
            answer = await self.http.get(target)
            self.seen.append(answer)
        return answer

    async def sign_in(self, page: httpx2.Response, user: User, password: str = PASSWORD) -> httpx2.Response:
        """Send the form of `page`."""
        fields = {"email": user.email, "password": password, "csrf_token": csrf_of(page)}
        headers = {**FORM, "origin": self.place.server.url}
        answer = await self.http.post(str(page.url), content=urlencode(fields), headers=headers)
        self.seen.append(answer)
        return answer

    async def prove_again(self, page: httpx2.Response, code: str) -> httpx2.Response:
        """Send the form of `page` that asks for a code of the app."""
        fields = {"kind": "totp", "code": code, "csrf_token": csrf_of(page)}
        headers = {**FORM, "origin": self.place.server.url}
        answer = await self.http.post(str(page.url), content=urlencode(fields), headers=headers)
        self.seen.append(answer)
        return answer

    async def onward(self, page: httpx2.Response) -> httpx2.Response:
        """Where the page leads by itself."""
        return await self.get(ahead_of(page))


def ahead_of(page: httpx2.Response) -> str:
    """The address that the page leads to by itself."""
    found = _REFRESH.search(page.text)
    assert found is not None, page.text
    return urljoin(str(page.url), unescape(found[1]))


def csrf_of(page: httpx2.Response) -> str:
    """The form token of a page."""
    found = _CSRF.search(page.text)
    assert found is not None, page.text
    return unescape(found[1])


@asynccontextmanager
async def visitor(place: Place) -> AsyncGenerator[Visitor]:
    """A new browser."""
    async with place.server.client() as http:
        yield Visitor(place, http)


def request_url(place: Place, client: Client, **changes: str | None) -> str:
    """The address that the application sends its user to."""
    return f"{place.issuer}/oauth2/authorize?{urlencode(request_of(client, **changes))}"


def request_of(client: Client, **changes: str | None) -> dict[str, str]:
    """A lawful request, changed; None takes a parameter away."""
    given: dict[str, str | None] = {
        "response_type": "code",
        "client_id": client.word,
        "redirect_uri": CALLBACK,
        "scope": "openid notes:read",
        "state": "s-1",
        "nonce": "n-1",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in (given | changes).items() if value is not None}


def callback_of(answer: httpx2.Response) -> dict[str, str]:
    """What came to the application's callback."""
    location = answer.headers["location"]
    assert location.startswith(CALLBACK + "?"), location
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


class App(Protocol):
    """What makes codes; `tests/trips/generator.py` is one."""

    async def code(self) -> str: ...


async def code_for(
    place: Place, client: Client, user: User, browser: Visitor, app: App | None = None, **changes: str | None
) -> str:
    """A whole sign-in by the forms, up to the code; with `app`, by two factors."""
    page = await browser.get(request_url(place, client, **changes))
    done = await browser.sign_in(page, user)
    assert done.status_code == 200, done.text
    if app is not None:
        done = await browser.prove_again(done, await app.code())
        assert done.status_code == 200, done.text
    return callback_of(await browser.onward(done))["code"]


async def token_request(
    place: Place, form: Mapping[str, str], *, auth: tuple[str, str] | None = None, path: str = "token"
) -> httpx2.Response:
    """A POST of the application itself, without any cookie."""
    async with place.server.client() as http:
        return await http.post(
            f"{place.issuer}/oauth2/{path}",
            content=urlencode(form),
            headers=FORM,
            auth=auth or httpx2.USE_CLIENT_DEFAULT,
        )


async def redeem(place: Place, client: Client, code: str, **changes: str) -> httpx2.Response:
    """The code exchanged by a public client."""
    form = {
        "grant_type": "authorization_code",
        "client_id": client.word,
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    return await token_request(place, form | changes)


async def refresh(place: Place, client: Client, refresh_token: str) -> httpx2.Response:
    """The refresh token of a public client used."""
    form = {"grant_type": "refresh_token", "client_id": client.word, "refresh_token": refresh_token}
    return await token_request(place, form)


async def tokens_for(place: Place, client: Client, user: User) -> dict[str, Any]:
    """The tokens of a whole sign-in."""
    async with visitor(place) as browser:
        answer = await redeem(place, client, await code_for(place, client, user, browser))
    assert answer.status_code == 200, answer.text
    return answer.json()
