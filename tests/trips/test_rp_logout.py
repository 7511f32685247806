"""Signing out on an application's word (OpenID Connect RP-Initiated Logout 1.0), as its certification plan sees it."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from playwright.async_api import Browser, Route

from airside.oauth import Client, ClientSettings
from tests.running import PASSWORD, Place
from tests.trips.test_pages_in_a_browser import tab, unexpected
from tests.trips.visitor import (
    FORM,
    NATIVE,
    Visitor,
    callback_of,
    code_for,
    csrf_of,
    redeem,
    refresh,
    request_url,
    visitor,
)

AFTER = "https://notes.example/bye?from=notes"
NOTES = replace(NATIVE, settings=ClientSettings(post_logout_redirect_uris=(AFTER,)))
SECONDS = 'content="0;url='


class Trip:
    """One browser, signed in to one application."""

    def __init__(self, place: Place, browser: Visitor, client: Client, tokens: dict[str, Any]) -> None:
        self.place = place
        self.browser = browser
        self.client = client
        self.tokens = tokens

    @property
    def hint(self) -> str:
        return str(self.tokens["id_token"])

    async def ask(self, **parameters: str) -> httpx2.Response:
        """What the browser shows when the application sends it to sign out."""
        return await self.browser.get(f"{self.place.issuer}/oauth2/logout?{urlencode(parameters)}")

    async def say_yes(self, page: httpx2.Response, **changes: str) -> httpx2.Response:
        fields = {"csrf_token": csrf_of(page)} | changes
        headers = {**FORM, "origin": self.place.server.url}
        return await self.browser.http.post(str(page.url), content=urlencode(fields), headers=headers)

    async def signed_in(self) -> bool:
        """As the application finds out (OpenID Connect Core §3.1.2.1)."""
        there = callback_of(await self.browser.get(request_url(self.place, self.client, prompt="none")))
        assert there.get("error", "login_required") == "login_required"
        return "code" in there


@pytest.fixture
async def client(place: Place) -> Client:
    client, _ = await place.client(NOTES)
    return client


async def trip(place: Place, browser: Visitor, client: Client) -> Trip:
    code = await code_for(place, client, await place.user(), browser)
    return Trip(place, browser, client, (await redeem(place, client, code)).json())


def leads_to(page: httpx2.Response, address: str) -> bool:
    """Whether the page leads there by itself, and by a link."""
    written = address.replace("&", "&amp;")
    return f'{SECONDS}{written}"' in page.text and f'href="{written}"' in page.text


async def test_session_of_the_hint_ends_at_once_and_the_user_goes_back(place: Place, client: Client) -> None:
    """RP-Initiated Logout 1.0 §2, §3."""
    async with visitor(place) as browser:
        here = await trip(place, browser, client)
        page = await here.ask(id_token_hint=here.hint, post_logout_redirect_uri=AFTER, state="s 1")
        assert page.status_code == 200
        assert leads_to(page, f"{AFTER}&state=s+1")
        assert not await here.signed_in()
        gone = [name for name in browser.http.cookies if "_sso_" in name or "_account_" in name]
        assert gone == []
        assert (await refresh(place, client, here.tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_hint_that_has_expired_is_still_a_hint(place: Place, client: Client) -> None:
    """§4: the issuer takes back what it once gave, whatever its `exp`."""
    async with visitor(place) as browser:
        here = await trip(place, browser, client)
        page = await here.ask(id_token_hint=here.hint, client_id=client.word)
        assert "signed out" in page.text
        assert not await here.signed_in()


async def test_without_a_state_none_is_returned(place: Place, client: Client) -> None:
    async with visitor(place) as browser:
        here = await trip(place, browser, client)
        assert leads_to(await here.ask(id_token_hint=here.hint, post_logout_redirect_uri=AFTER), AFTER)


async def test_without_an_address_the_user_stays(place: Place, client: Client) -> None:
    async with visitor(place) as browser:
        here = await trip(place, browser, client)
        page = await here.ask(id_token_hint=here.hint, state="s")
        assert "http-equiv" not in page.text
        assert "signed out" in page.text
        assert not await here.signed_in()


@pytest.mark.parametrize("parameters", [{}, {"state": "only"}, {"logout_hint": "ada@example.com"}])
async def test_user_is_asked_where_nobody_says_whose_session(
    place: Place, client: Client, parameters: Mapping[str, str]
) -> None:
    """§2: without a hint the user is asked."""
    async with visitor(place) as browser:
        here = await trip(place, browser, client)
        page = await here.ask(**parameters)
        assert "Sign out?" in page.text
        assert await here.signed_in()
        done = await here.say_yes(page)
        assert done.status_code == 200
        assert "http-equiv" not in done.text
        assert not await here.signed_in()


@pytest.mark.parametrize("address", [f"{AFTER}&more=1", "https://evil.example/", f"{AFTER}/", AFTER.upper()])
async def test_address_that_is_not_exactly_registered_is_refused(place: Place, client: Client, address: str) -> None:
    """N10; RP-Initiated Logout 1.0 §3.1."""
    async with visitor(place) as browser:
        here = await trip(place, browser, client)
        page = await here.ask(id_token_hint=here.hint, post_logout_redirect_uri=address)
        assert page.status_code == 400
        assert address not in page.text
        assert await here.signed_in()


@pytest.mark.parametrize(
    ("address", "taken"),
    [
        ("http://127.0.0.1:49152/bye", True),
        ("http://127.0.0.1/bye", True),
        ("http://127.0.0.1:49152/other", False),
        ("http://127.0.0.1:99999/bye", False),
        ("http://127.0.0.1:49152@evil.example/bye", False),
        ("http://localhost:49152/bye", False),
    ],
)
async def test_loopback_address_may_bring_any_port(place: Place, address: str, taken: bool) -> None:
    """N09, N10: RFC 8252 §7.3, after signing out as after signing in."""
    settings = ClientSettings(post_logout_redirect_uris=("http://127.0.0.1/bye",))
    client, _ = await place.client(replace(NATIVE, settings=settings))
    async with visitor(place) as browser:
        here = await trip(place, browser, client)
        page = await here.ask(id_token_hint=here.hint, post_logout_redirect_uri=address)
        assert (leads_to(page, address), page.status_code == 400) == (taken, not taken)


async def test_address_without_hint_or_client_leads_nowhere(place: Place, client: Client) -> None:
    """N10."""
    async with visitor(place) as browser:
        here = await trip(place, browser, client)
        page = await here.ask(post_logout_redirect_uri=AFTER)
        done = await here.say_yes(page)
        assert "notes.example" not in page.text + done.text


async def test_named_client_leads_back_once_the_user_says_yes(place: Place, client: Client) -> None:
    """N10: a client without a hint, and the user's word."""
    async with visitor(place) as browser:
        here = await trip(place, browser, client)
        page = await here.ask(client_id=client.word, post_logout_redirect_uri=AFTER, state="x")
        assert "Notes asks to sign out" in page.text
        assert "notes.example" not in page.text
        assert leads_to(await here.say_yes(page), f"{AFTER}&state=x")


async def test_altered_hint_is_no_hint(place: Place, client: Client) -> None:
    """§4: whoever changed it isn't believed: the user is asked, and led nowhere."""
    async with visitor(place) as browser:
        here = await trip(place, browser, client)
        head, body, signature = here.hint.split(".")
        altered = ".".join([head, body, ("A" if signature[0] != "A" else "B") + signature[1:]])
        page = await here.ask(id_token_hint=altered, post_logout_redirect_uri=AFTER)
        assert "Sign out?" in page.text
        assert await here.signed_in()
        assert "notes.example" not in (await here.say_yes(page)).text


async def test_hint_of_another_session_asks(place: Place, client: Client) -> None:
    """§2: the hint names whose session it was; this browser's isn't it."""
    async with visitor(place) as other, visitor(place) as browser:
        theirs, here = await trip(place, other, client), await trip(place, browser, client)
        page = await here.ask(id_token_hint=theirs.hint, post_logout_redirect_uri=AFTER)
        assert "Sign out?" in page.text
        assert await here.signed_in()
        assert leads_to(await here.say_yes(page), AFTER)
        assert not await here.signed_in()
        assert await theirs.signed_in()


async def test_hint_of_another_client_is_refused(place: Place, client: Client) -> None:
    """§2: `client_id` and the hint's audience are the same."""
    other, _ = await place.client(NOTES)
    async with visitor(place) as browser:
        here = await trip(place, browser, client)
        page = await here.ask(id_token_hint=here.hint, client_id=other.word, post_logout_redirect_uri=AFTER)
        assert page.status_code == 400
        assert await here.signed_in()


@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
async def test_other_tokens_are_no_hints(place: Place, client: Client, name: str) -> None:
    """N06."""
    async with visitor(place) as browser:
        here = await trip(place, browser, client)
        page = await here.ask(id_token_hint=here.tokens[name], post_logout_redirect_uri=AFTER)
        assert "Sign out?" in page.text
        assert await here.signed_in()


async def test_disabled_client_leads_nobody_anywhere(place: Place, client: Client) -> None:
    """N18."""
    async with visitor(place) as browser:
        here = await trip(place, browser, client)
        waiting = await here.ask(client_id=client.word, post_logout_redirect_uri=AFTER)
        async with place.operator() as ctx:
            await place.server.services.client_admin.disable(ctx, client.client_id)
        assert "notes.example" not in (await here.say_yes(waiting)).text
        assert (await here.ask(client_id=client.word, post_logout_redirect_uri=AFTER)).status_code == 400


async def test_post_of_the_applications_page_comes_back_by_a_get(place: Place, client: Client) -> None:
    """§2: both methods. What is posted from elsewhere brings no cookie, and what it brought isn't in any address."""
    async with visitor(place) as browser:
        here = await trip(place, browser, client)
        headers = {**FORM, "origin": "https://notes.example", "sec-fetch-site": "cross-site"}
        fields = {"id_token_hint": here.hint, "post_logout_redirect_uri": AFTER, "state": "p"}
        posted = await browser.http.post(f"{place.issuer}/oauth2/logout", content=urlencode(fields), headers=headers)
        assert posted.status_code == 303
        assert here.hint not in posted.headers["location"]
        assert "set-cookie" not in posted.headers
        assert leads_to(await browser.get(f"{place.server.url}{posted.headers['location']}"), f"{AFTER}&state=p")
        assert not await here.signed_in()


async def test_browser_without_a_session_is_led_back_by_a_hint_alone(place: Place, client: Client) -> None:
    """N10: without the hint it takes the user's own step."""
    async with visitor(place) as browser:
        here = await trip(place, browser, client)
        async with visitor(place) as stranger:
            alone = Trip(place, stranger, client, here.tokens)
            assert leads_to(await alone.ask(id_token_hint=here.hint, post_logout_redirect_uri=AFTER), AFTER)
            page = await alone.ask(client_id=client.word, post_logout_redirect_uri=AFTER)
            assert "http-equiv" not in page.text
            assert "Back to Notes" in page.text
        assert await here.signed_in()


async def test_request_is_done_once(place: Place, client: Client) -> None:
    async with visitor(place) as browser:
        here = await trip(place, browser, client)
        page = await here.ask(id_token_hint=here.hint, post_logout_redirect_uri=AFTER)
        assert (await browser.get(str(page.url))).status_code == 404


async def test_form_of_no_page_of_ours_signs_nobody_out(place: Place, client: Client) -> None:
    """N11."""
    async with visitor(place) as browser:
        here = await trip(place, browser, client)
        page = await here.ask()
        assert (await here.say_yes(page, csrf_token="x" * 43)).status_code == 403
        assert await here.signed_in()


@pytest.mark.parametrize("state", ["x" * 3000, "a\x07b", "\u00e4"])
async def test_state_that_can_not_be_returned_is_refused(place: Place, client: Client, state: str) -> None:
    async with visitor(place) as browser:
        here = await trip(place, browser, client)
        page = await here.ask(id_token_hint=here.hint, post_logout_redirect_uri=AFTER, state=state)
        assert page.status_code == 400
        assert await here.signed_in()


async def test_page_speaks_the_language_that_the_application_names(place: Place, client: Client) -> None:
    """§2: `ui_locales`."""
    async with visitor(place) as browser:
        here = await trip(place, browser, client)
        assert '<html lang="de">' in (await here.ask(ui_locales="de-AT en")).text
        assert '<html lang="en">' in (await here.ask(ui_locales="fr")).text


async def test_discovery_names_the_endpoint(place: Place) -> None:
    """§2.1; Back-Channel Logout 1.0 §2.1; Front-Channel Logout 1.0 §3."""
    async with place.server.client() as http:
        document = (await http.get(f"{place.issuer}/.well-known/openid-configuration")).json()
    assert document["end_session_endpoint"] == f"{place.issuer}/oauth2/logout"
    channels = [f"{side}channel_logout{more}_supported" for side in ("back", "front") for more in ("", "_session")]
    assert [document[name] for name in channels] == [True] * 4


async def test_real_browser_signs_out_from_another_site(place: Place, client: Client, chromium: Browser) -> None:
    """By a link and by a form of the application's page, which both withhold the Strict cookie."""
    user = await place.user()
    async with tab(chromium) as (page, complaints):
        await page.route("https://notes.example/**", lambda route: route.fulfill(body="bye", content_type="text/html"))
        for form in (False, True):
            await page.goto(f"{place.issuer}/signin")
            await page.fill("#email", user.email)
            await page.fill("#password", PASSWORD)
            await page.click("button.primary")
            await page.wait_for_url(f"{place.issuer}/account")
            address = f"{place.issuer}/oauth2/logout"
            fields = {"client_id": client.word, "post_logout_redirect_uri": AFTER}
            inputs = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in fields.items())
            html = (
                f'<form method="post" action="{address}">{inputs}<button id="out">out</button></form>'
                if form
                else f'<a id="out" href="{address}?{urlencode(fields)}">out</a>'.replace("&post", "&amp;post")
            )
            await page.route("https://app.example/", partial(_show, html))
            await page.goto("https://app.example/")
            await page.click("#out")
            await page.click("main button.primary")
            await page.wait_for_url(AFTER)
            await page.goto(f"{place.issuer}/account")
            assert "/signin" in page.url
    assert unexpected(complaints) == []


async def _show(html: str, route: Route) -> None:
    await route.fulfill(body=html, content_type="text/html")
