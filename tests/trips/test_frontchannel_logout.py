"""The page that tells applications in the browser (OpenID Connect Front-Channel Logout 1.0)."""

from dataclasses import replace
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from playwright.async_api import Browser, Page, Route

from airside.oauth import Client, ClientSettings
from airside.protocols.jose import peek_claims
from tests.running import PASSWORD, Place
from tests.trips.test_login_in_a_browser import callback
from tests.trips.test_pages_in_a_browser import tab, unexpected
from tests.trips.visitor import NATIVE, code_for, redeem, request_url, visitor

AFTER = "https://notes.example/bye"
NOTES = ClientSettings(
    post_logout_redirect_uris=(AFTER,),
    frontchannel_logout_uri="https://notes.example/front?a=1",
    frontchannel_logout_session_required=True,
)
OTHER = ClientSettings(frontchannel_logout_uri="https://other.example:8443/front")
ASIDE = ClientSettings(frontchannel_logout_uri="https://aside.example/")


async def party(place: Place, settings: ClientSettings) -> Client:
    """An application with pages of its own beside its loopback callback."""
    assert settings.frontchannel_logout_uri is not None
    pages = urljoin(settings.frontchannel_logout_uri, "/callback")
    client, _ = await place.client(replace(NATIVE, redirect_uris=(*NATIVE.redirect_uris, pages), settings=settings))
    return client


async def test_page_lets_in_the_frames_of_this_sessions_applications_alone(place: Place) -> None:
    """§2, §3: `iss` and `sid` where the client wants them. The policy is this page's alone."""
    clients = [await party(place, settings) for settings in (NOTES, OTHER)]
    await party(place, ASIDE)
    async with visitor(place) as browser:
        code = await code_for(place, clients[0], await place.user(), browser)
        tokens = (await redeem(place, clients[0], code)).json()
        for client in clients[1:]:
            await browser.get(request_url(place, client))
        account = await browser.get(f"{place.issuer}/account")
        assert "frame-src" not in account.headers["content-security-policy"]
        assert account.headers["cross-origin-embedder-policy"] == "require-corp"
        query = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": AFTER}
        page = await browser.get(f"{place.issuer}/oauth2/logout?{urlencode(query)}")
    policy = page.headers["content-security-policy"]
    assert "frame-src https://notes.example https://other.example:8443;" in policy + ";"
    assert "cross-origin-embedder-policy" not in page.headers
    sid = peek_claims(tokens["id_token"])["sid"]
    said = urlencode({"iss": place.issuer, "sid": sid}).replace("&", "&amp;")
    assert f'src="https://notes.example/front?a=1&amp;{said}"' in page.text
    assert 'src="https://other.example:8443/front"' in page.text
    assert page.text.count("<iframe") == 2
    assert "aside.example" not in page.text + policy
    assert f'content="3;url={AFTER}"' in page.text


async def test_real_browser_tells_applications_before_it_goes_on(place: Place, chromium: Browser) -> None:
    """§2: with the cookies that the application keeps there, and without a script of ours."""
    client = await party(place, NOTES)
    user, told = await place.user(), list[str]()
    async with callback() as there, tab(chromium) as (page, complaints):
        await _application(page, told)
        await page.goto(request_url(place, client, redirect_uri=there.uri))
        await page.fill("#email", user.email)
        await page.fill("#password", PASSWORD)
        await page.click("button.primary")
        await page.wait_for_url(f"{there.uri}**")
        query = {"client_id": client.word, "post_logout_redirect_uri": AFTER}
        await page.goto(f"{place.issuer}/oauth2/logout?{urlencode(query)}")
        await page.click("main button.primary")
        await page.wait_for_url(AFTER)
    assert unexpected(complaints) == []
    (address,) = told
    given = parse_qs(urlsplit(address).query)
    assert given["iss"] == [place.issuer]
    assert given["sid"][0].startswith("ses_")


async def _application(page: Page, told: list[str]) -> None:
    """Answers for `notes.example`."""

    async def answer(route: Route) -> None:
        if "/front" in route.request.url:
            told.append(route.request.url)
        await route.fulfill(body="notes", content_type="text/html")

    await page.route("https://notes.example/**", answer)
