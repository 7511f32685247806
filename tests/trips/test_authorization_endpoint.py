"""What an OpenID Connect client may say at the authorization endpoint, over HTTPS: a confidential client as they mostly
come, with a secret, and without PKCE and nonce."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from airside.core.secret import Secret
from airside.identity import User
from airside.oauth import Client, ClientDraft, ClientSettings
from airside.protocols.jose import peek_claims
from tests.running import Place
from tests.trips.visitor import API, FORM, Visitor, token_request, visitor

CALLBACK = "https://app.example.test/callback"
BASIC = ClientDraft(
    name="Notes on the web",
    public=False,
    grants=frozenset({"authorization_code", "refresh_token"}),
    audiences=(API,),
    redirect_uris=(CALLBACK, f"{CALLBACK}?tenant=1"),
    scopes=frozenset({"openid", "notes:read"}),
    settings=ClientSettings(require_pkce=False),
)


@dataclass(frozen=True)
class App:
    """The application."""

    place: Place
    client: Client
    secret: Secret[str]

    @property
    def auth(self) -> tuple[str, str]:
        return self.client.word, self.secret.reveal()

    def said(self, **changes: str | None) -> dict[str, str]:
        """What it says, changed; None takes a parameter away."""
        given: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client.word,
            "redirect_uri": CALLBACK,
            "scope": "openid notes:read",
            "state": "s-1",
        }
        return {name: value for name, value in (given | changes).items() if value is not None}

    def url(self, **changes: str | None) -> str:
        return f"{self.place.issuer}/oauth2/authorize?{urlencode(self.said(**changes))}"

    async def tokens(self, code: str, redirect_uri: str = CALLBACK) -> dict[str, Any]:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        answer = await token_request(self.place, form, auth=self.auth)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def identity(self, code: str) -> dict[str, Any]:
        """The claims of its ID token."""
        return peek_claims((await self.tokens(code))["id_token"])


async def app_of(place: Place, draft: ClientDraft = BASIC) -> App:
    client, secret = await place.client(draft)
    assert secret is not None
    return App(place, client, secret)


def came(answer: httpx2.Response) -> dict[str, str]:
    """What came to the application's callback by query."""
    location = answer.headers["location"]
    assert location.startswith((CALLBACK + "?", CALLBACK + "&")), location
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


async def signed_in(app: App, browser: Visitor, user: User, **changes: str | None) -> dict[str, str]:
    """The answer after the form."""
    page = await browser.get(app.url(**changes))
    assert "Sign in" in page.text, page.text
    done = await browser.sign_in(page, user)
    return came(await browser.onward(done))


async def test_code_flow_without_proof_key_and_nonce(place: Place) -> None:
    """OpenID Connect Core §3.1: `nonce` is optional here, and stays away from an ID token that nobody sent one for."""
    app, user = await app_of(place), await place.user()
    async with visitor(place) as browser:
        answer = await signed_in(app, browser, user)
    assert (answer["state"], answer["iss"]) == ("s-1", place.issuer)
    claims = await app.identity(answer["code"])
    assert (claims["iss"], claims["aud"]) == (place.issuer, app.client.word)
    assert "nonce" not in claims


async def test_nonce_comes_back(place: Place) -> None:
    """OpenID Connect Core §3.1.3.7."""
    app, user = await app_of(place), await place.user()
    async with visitor(place) as browser:
        answer = await signed_in(app, browser, user, nonce="n-7")
    assert (await app.identity(answer["code"]))["nonce"] == "n-7"


async def test_posted_request_leads_to_the_same_form(place: Place) -> None:
    """OpenID Connect Core §3.1.2.1: GET and POST."""
    app, user = await app_of(place), await place.user()
    async with visitor(place) as browser:
        headers = {**FORM, "origin": "https://app.example.test", "sec-fetch-site": "cross-site"}
        address = f"{place.issuer}/oauth2/authorize"
        posted = await browser.http.post(address, content=urlencode(app.said()), headers=headers)
        page = await browser.get(f"{place.server.url}{posted.headers['location']}")
        answer = came(await browser.onward(await browser.sign_in(page, user)))
    assert (await app.identity(answer["code"]))["sub"]


async def test_request_without_openid_gets_no_id_token(place: Place) -> None:
    """OpenID Connect Core §3.1.2.1: then it is plain OAuth."""
    app, user = await app_of(place), await place.user()
    async with visitor(place) as browser:
        answer = await signed_in(app, browser, user, scope="notes:read")
    assert "id_token" not in await app.tokens(answer["code"])


async def test_prompt_none_asks_nobody_anything(place: Place) -> None:
    """OpenID Connect Core §3.1.2.6."""
    app, user = await app_of(place), await place.user()
    async with visitor(place) as browser:
        nobody = came(await browser.get(app.url(prompt="none")))
        assert (nobody["error"], nobody["state"], nobody["iss"]) == ("login_required", "s-1", place.issuer)
        first = await signed_in(app, browser, user)
        silent = came(await browser.get(app.url(prompt="none")))
    before, after = await app.identity(first["code"]), await app.identity(silent["code"])
    assert (before["sub"], before["auth_time"]) == (after["sub"], after["auth_time"])


@pytest.mark.parametrize("demand", [{"prompt": "login"}, {"max_age": "1"}, {"prompt": "select_account"}])
async def test_new_sign_in_is_demanded_and_told(place: Place, demand: dict[str, str | None]) -> None:
    """OpenID Connect Core §3.1.2.1: `prompt=login`, `max_age`; `auth_time` is that of the new one."""
    app, user = await app_of(place), await place.user()
    async with visitor(place) as browser:
        first = await signed_in(app, browser, user)
        await asyncio.sleep(2.1)
        again = await signed_in(app, browser, user, **demand)
    before, after = await app.identity(first["code"]), await app.identity(again["code"])
    assert before["sub"] == after["sub"]
    assert after["auth_time"] > before["auth_time"]


async def test_sign_in_that_is_young_enough_is_kept(place: Place) -> None:
    """OpenID Connect Core §3.1.2.1: `max_age`."""
    app, user = await app_of(place), await place.user()
    async with visitor(place) as browser:
        first = await signed_in(app, browser, user, max_age="10000")
        second = came(await browser.get(app.url(max_age="10000")))
    before, after = await app.identity(first["code"]), await app.identity(second["code"])
    assert before["auth_time"] == after["auth_time"]


async def test_id_token_says_whom_the_client_means(place: Place) -> None:
    """OpenID Connect Core §3.1.2.1: `id_token_hint`."""
    app, user, other = await app_of(place), await place.user(), await place.user()
    async with visitor(place) as browser, visitor(place) as others:
        hint = (await app.tokens((await signed_in(app, browser, user))["code"]))["id_token"]
        assert "code" in came(await browser.get(app.url(prompt="none", id_token_hint=hint)))
        await signed_in(app, others, other)
        wrong = came(await others.get(app.url(prompt="none", id_token_hint=hint)))
        assert wrong["error"] == "login_required"
        assert (await signed_in(app, others, user, id_token_hint=hint))["code"]
        refused = came(await others.get(app.url(id_token_hint=hint[:-8] + "AAAAAAAA")))
        assert refused["error"] == "invalid_request"


async def test_login_that_ends_as_somebody_else_than_hinted_gives_no_code(place: Place) -> None:
    """N11"""
    app, user, other = await app_of(place), await place.user(), await place.user()
    async with visitor(place) as browser, visitor(place) as others:
        hint = (await app.tokens((await signed_in(app, browser, user))["code"]))["id_token"]
        answer = await signed_in(app, others, other, id_token_hint=hint)
    assert (answer["error"], "code" in answer) == ("login_required", False)


async def test_login_hint_is_filled_in_and_nothing_more(place: Place) -> None:
    """N15: the page is the same for whoever has an account and for who hasn't, but for the address itself."""
    app, user = await app_of(place), await place.user()
    async with visitor(place) as browser:
        pages = dict[str, str]()
        for address in (user.email, "nobody@example.com", '"><script>@example.com'):
            pages[address] = (await browser.get(app.url(login_hint=address))).text
    assert f'value="{user.email}"' in pages[user.email]
    assert 'value="nobody@example.com"' in pages["nobody@example.com"]
    assert '"><script>@' not in pages['"><script>@example.com']


async def test_pages_speak_the_language_that_the_application_asks_for(place: Place) -> None:
    """OpenID Connect Core §3.1.2.1: `ui_locales`, best first; it goes before the browser's own wish."""
    app = await app_of(place)
    async with visitor(place) as browser:
        browser.http.headers["accept-language"] = "en"
        assert '<html lang="de">' in (await browser.get(app.url(ui_locales="se fr-CA de-AT en"))).text
        assert '<html lang="en">' in (await browser.get(app.url(ui_locales="se"))).text
        assert '<html lang="en">' in (await browser.get(app.url())).text


async def test_assurance_is_told(place: Place) -> None:
    """OpenID Connect Core §3.1.2.1: `acr_values`."""
    app, user = await app_of(place), await place.user()
    async with visitor(place) as browser:
        answer = await signed_in(app, browser, user, acr_values="phr aal1 aal2")
        assert (await app.identity(answer["code"]))["acr"] == "aal1"
        essential = '{"id_token":{"acr":{"essential":true,"value":"phr"}}}'
        refused = came(await browser.get(app.url(claims=essential)))
    assert refused["error"] == "unmet_authentication_requirements"


async def test_unknown_parameters_are_passed_over(place: Place) -> None:
    """RFC 6749 §3.1."""
    app, user = await app_of(place), await place.user()
    more = {"extra": "foobar", "display": "page", "claims_locales": "se"}
    async with visitor(place) as browser:
        assert "code" in await signed_in(app, browser, user, **more)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_mode": "web_message"}, "invalid_request"),
        ({"scope": "openid everything"}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"claims": "[]"}, "invalid_request"),
        ({"resource": "https://unknown.example.test"}, "invalid_target"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "invalid_request_object"),
        ({"request_uri": "https://app.example.test/r"}, "request_uri_not_supported"),
        ({"code_challenge": "x" * 43, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "x" * 43}, "invalid_request"),
    ],
)
async def test_what_cannot_be_granted_is_told_to_the_client(
    place: Place, changes: dict[str, str | None], error: str
) -> None:
    """RFC 6749 §4.1.2.1; OpenID Connect Core §3.1.2.6; RFC 9207."""
    app = await app_of(place)
    async with visitor(place) as browser:
        answer = came(await browser.get(app.url(**changes)))
    assert answer == {"error": error, "state": "s-1", "iss": place.issuer}


@pytest.mark.parametrize("uri", [None, CALLBACK + "/", CALLBACK + "?", CALLBACK + "?tenant=2", "https://evil.example/"])
async def test_redirect_uri_is_named_and_registered_or_nobody_goes_anywhere(place: Place, uri: str | None) -> None:
    """N09, N10: OpenID Connect Core §3.1.2.1."""
    app = await app_of(place)
    async with visitor(place) as browser:
        answer = await browser.get(app.url(redirect_uri=uri))
    assert (answer.status_code, "location" in answer.headers) == (400, False)


async def test_registered_query_is_kept(place: Place) -> None:
    """RFC 6749 §3.1.2."""
    app, user = await app_of(place), await place.user()
    uri = f"{CALLBACK}?tenant=1"
    async with visitor(place) as browser:
        answer = await signed_in(app, browser, user, redirect_uri=uri)
    assert answer["tenant"] == "1"
    assert await app.tokens(answer["code"], uri)


async def test_resource_may_be_named_several_times(place: Place) -> None:
    """RFC 8707 §2: each its own parameter."""
    others = ("https://a.example.test", "https://b.example.test")
    app, user = await app_of(place, replace(BASIC, audiences=(API, *others))), await place.user()
    wish = "".join(f"&resource={resource}" for resource in others)
    async with visitor(place) as browser:
        page = await browser.get(app.url() + wish)
        answer = came(await browser.onward(await browser.sign_in(page, user)))
    assert peek_claims((await app.tokens(answer["code"]))["access_token"])["aud"] == list(others)


async def test_code_given_without_a_challenge_takes_no_verifier(place: Place) -> None:
    """N08"""
    app, user = await app_of(place), await place.user()
    async with visitor(place) as browser:
        code = (await signed_in(app, browser, user))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": "x" * 43}
    answer = await token_request(place, form, auth=app.auth)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
