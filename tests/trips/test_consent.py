"""Consent by the pages: asked, allowed, denied, taken back; over HTTPS and in a real browser."""

from dataclasses import replace
from urllib.parse import urlencode

import httpx2
import pytest
from playwright.async_api import Browser

from airside.core.ids import USER, format_id
from airside.oauth import Client, ClientSettings
from tests.running import PASSWORD, Place
from tests.trips.manager import manage, program_token
from tests.trips.test_login_in_a_browser import callback
from tests.trips.test_pages_in_a_browser import tab, unexpected
from tests.trips.visitor import (
    FORM,
    NATIVE,
    Visitor,
    callback_of,
    csrf_of,
    redeem,
    refresh,
    request_url,
    visitor,
)

SETTINGS = ClientSettings(
    party="third",
    client_uri="https://notes.example/",
    policy_uri="https://policies.example/notes",
    logo_uri="https://notes.example/logo.png",
)
GUEST = replace(NATIVE, name="Guest <b>", scopes=NATIVE.scopes | {"email"}, settings=SETTINGS)


async def asked(place: Place, browser: Visitor, client: Client, **changes: str) -> httpx2.Response:
    """The page that asks somebody who signs in for it."""
    page = await browser.get(request_url(place, client, **changes))
    return await browser.onward(await browser.sign_in(page, await place.user()))


async def say(place: Place, browser: Visitor, page: httpx2.Response, answer: str, **changes: str) -> httpx2.Response:
    fields = {"answer": answer, "csrf_token": csrf_of(page)} | changes
    headers = {**FORM, "origin": place.server.url}
    return await browser.http.post(str(page.url), content=urlencode(fields), headers=headers)


async def test_allowed_application_gets_its_code(place: Place) -> None:
    client, _ = await place.client(GUEST)
    async with visitor(place) as browser:
        page = await asked(place, browser, client)
        assert "Allow Guest &lt;b&gt;?" in page.text
        done = await say(place, browser, page, "allow")
        assert (done.status_code, done.has_redirect_location) == (200, False)
        code = callback_of(await browser.onward(done))["code"]
        assert (await redeem(place, client, code)).status_code == 200
        assert "code" in callback_of(await browser.get(request_url(place, client)))


async def test_denied_application_hears_access_denied(place: Place) -> None:
    client, _ = await place.client(GUEST)
    async with visitor(place) as browser:
        done = await say(place, browser, await asked(place, browser, client), "deny")
        assert done.status_code == 200
        there = callback_of(await browser.onward(done))
    assert (there["error"], there["state"], there["iss"]) == ("access_denied", "s-1", place.issuer)


async def test_page_leads_to_no_foreign_host_by_itself(place: Place) -> None:
    """N39: no picture of somebody else's, and links that tell nothing."""
    client, _ = await place.client(GUEST)
    async with visitor(place) as browser:
        page = await asked(place, browser, client)
    assert "logo.png" not in page.text
    for uri in (SETTINGS.client_uri, SETTINGS.policy_uri):
        assert f'<a href="{uri}" rel="noopener noreferrer nofollow">' in page.text
    assert "127.0.0.1" not in page.text
    assert "an app on this device" in page.text


async def test_what_is_new_stands_apart_from_what_was_allowed(place: Place) -> None:
    client, _ = await place.client(GUEST)
    async with visitor(place) as browser:
        first = await asked(place, browser, client, scope="openid notes:read")
        assert "known-heading" not in first.text
        await browser.onward(await say(place, browser, first, "allow"))
        more = await browser.get(request_url(place, client, scope="openid email notes:read"))
    fresh, _, known = more.text.partition("known-heading")
    assert "<li>See your e-mail address.</li>" in fresh
    assert fresh.count("<li>") == 1
    assert "See your e-mail address." not in known
    assert known.count("<li>") >= 2


async def test_form_of_another_page_or_site_allows_nothing(place: Place) -> None:
    """N11."""
    client, _ = await place.client(GUEST)
    async with visitor(place) as browser:
        page = await asked(place, browser, client)
        assert (await say(place, browser, page, "allow", csrf_token="x" * 43)).status_code == 403
        assert (await say(place, browser, page, "maybe")).status_code == 400
        headers = {**FORM, "origin": "https://evil.example", "sec-fetch-site": "cross-site"}
        fields = urlencode({"answer": "allow", "csrf_token": csrf_of(page)})
        assert (await browser.http.post(str(page.url), content=fields, headers=headers)).status_code == 403
        async with visitor(place) as another:
            await another.sign_in(await another.get(f"{place.issuer}/signin"), await place.user())
            assert (await another.get(str(page.url))).status_code == 404
        again = await browser.get(request_url(place, client))
    assert "Allow Guest" in again.text


async def test_page_that_the_client_leads_to_brings_the_strict_cookie_by_a_page_between(place: Place) -> None:
    client, _ = await place.client(GUEST)
    async with visitor(place) as browser:
        page = await asked(place, browser, client)
        browser.http.cookies = httpx2.Cookies(
            {name: value for name, value in browser.http.cookies.items() if "account" not in name}
        )
        between = await browser.http.get(str(page.url), headers={"sec-fetch-site": "cross-site"})
        assert between.status_code == 200
        assert f'url={page.url.path}"' in between.text
        ended = await browser.get(str(page.url))
    assert "Sign in" in ended.text


async def test_removed_application_loses_its_access(place: Place) -> None:
    """N19."""
    client, _ = await place.client(GUEST)
    async with visitor(place) as browser:
        done = await say(place, browser, await asked(place, browser, client), "allow")
        code = callback_of(await browser.onward(done))["code"]
        tokens = (await redeem(place, client, code)).json()
        account = await browser.get(f"{place.issuer}/account/applications")
        assert "Guest &lt;b&gt;" in account.text
        headers = {**FORM, "origin": place.server.url}
        fields = urlencode({"csrf_token": csrf_of(account)})
        data = await browser.http.post(f"{place.issuer}/account/data/download", content=fields, headers=headers)
        assert data.json()["applications"][0]["scopes"] == ["notes:read", "openid"]
        path = f"{place.issuer}/account/applications/{client.word}/revoke"
        gone = await browser.http.post(path, content=fields, headers=headers)
        assert gone.status_code == 303
        assert "allowed none" in (await browser.get(f"{place.issuer}/account/applications")).text
        assert (await refresh(place, client, tokens["refresh_token"])).json()["error"] == "invalid_grant"
        assert "Allow Guest" in (await browser.get(request_url(place, client))).text


async def test_manager_sees_and_takes_back_consents(place: Place) -> None:
    client, _ = await place.client(GUEST)
    user = await place.user()
    token = await program_token(place, "sessions:read", "sessions:write")
    path = f"/users/{format_id(USER, user.id)}/consents"
    async with visitor(place) as browser:
        page = await browser.get(request_url(place, client))
        page = await browser.onward(await browser.sign_in(page, user))
        await browser.onward(await say(place, browser, page, "allow"))
        (kept,) = (await manage(place, token, "GET", path)).json()["consents"]
        assert (kept["client_id"], kept["scopes"]) == (client.word, ["notes:read", "openid"])
        assert (await manage(place, token, "DELETE", f"{path}/{client.word}")).status_code == 204
        assert (await manage(place, token, "DELETE", f"{path}/{client.word}")).status_code == 404
        assert "Allow Guest" in (await browser.get(request_url(place, client))).text


@pytest.mark.parametrize("scripts", [True, False])
async def test_real_browser_comes_from_the_application_and_goes_back_to_it(
    place: Place, chromium: Browser, scripts: bool
) -> None:
    """Also without scripts, and by a link from another site, which withholds the Strict cookie."""
    client, _ = await place.client(GUEST)
    user = await place.user()
    async with callback() as there, tab(chromium, scripts=scripts) as (page, complaints):
        address = request_url(place, client, redirect_uri=there.uri)
        await page.goto(address)
        await page.fill("#email", user.email)
        await page.fill("#password", PASSWORD)
        await page.click("button.primary")
        await page.click("button[value=deny]")
        await page.wait_for_url(f"{there.uri}**")
        assert "error=access_denied" in page.url
        link = f'<a id="in" href="{address.replace("&", "&amp;")}">in</a>'
        await page.route("https://app.example/", lambda route: route.fulfill(body=link, content_type="text/html"))
        await page.goto("https://app.example/")
        await page.click("#in")
        await page.click("button[value=allow]")
        await page.wait_for_url(f"{there.uri}?code=**")
    assert unexpected(complaints) == []
