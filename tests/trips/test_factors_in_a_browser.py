"""Trips of signing in, in a real Chromium: each way alone, from the form to the account page."""

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, Locator, Page, expect

from airside.core.ids import USER, format_id
from airside.identity import Session, User
from airside.oauth import Client
from airside.protocols.jose import peek_claims
from tests.chromium import virtual_authenticator
from tests.running import PASSWORD, Place
from tests.trips.pages import App, Walk
from tests.trips.test_login_in_a_browser import callback
from tests.trips.visitor import NATIVE, redeem, request_url

EXPECTED = ("401", "422")
"""What refused forms are answered with; anything else in the console is a fault, least of all the CSP's."""


@asynccontextmanager
async def somebody(chromium: Browser, place: Place, *, scripts: bool = True) -> AsyncGenerator[Walk]:
    """A browser of their own, whose console must stay silent."""
    context = await chromium.new_context(ignore_https_errors=True, java_script_enabled=scripts)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield Walk(place, page)
    await context.close()
    assert [said for said in complaints if not any(f"status of {status}" in said for status in EXPECTED)] == []


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


async def arrive(walk: Walk) -> None:
    """The account page, where a login leads that nobody else asked for."""
    await walk.page.wait_for_url(f"{walk.at}/account")
    await expect(walk.page.get_by_role("heading", level=1)).to_be_visible()


async def sessions(walk: Walk, user: User) -> Sequence[Session]:
    async with walk.place.operator() as ctx:
        return await walk.place.server.services.sessions.list(ctx, user.id)


async def set_up_app(walk: Walk) -> tuple[App, list[str]]:
    """An app enrolled on the account page; and the recovery codes that are shown once."""
    page = walk.page
    await page.goto(f"{walk.at}/account/factors")
    await walk.send("form[action$='/totp']")
    app = App.typed_in(await page.locator(".secret code").inner_text())
    await page.fill("#code", app.code(walk.now))
    await walk.send()
    codes = await page.locator(".codes li").all_inner_texts()
    assert len(codes) == 10
    return app, codes


async def sign_out(walk: Walk) -> None:
    await walk.page.goto(f"{walk.at}/account")
    await walk.send("form[action$='/signout']")


async def add_passkey(walk: Walk, name: str) -> None:
    await walk.page.goto(f"{walk.at}/account/passkeys/new")
    await walk.page.fill("#name", name)
    await walk.send("form[data-passkey='create']")
    await expect(walk.page.get_by_role("heading", name=name)).to_be_visible()


async def test_password(place: Place, chromium: Browser) -> None:
    """Without scripts."""
    async with somebody(chromium, place, scripts=False) as walk:
        user = await walk.user()
        await walk.sign_in(user, "not the password")
        await expect(walk.page.get_by_role("alert")).to_be_visible()
        await walk.sign_in(user)
        await arrive(walk)
        assert [session.assurance for session in await sessions(walk, user)] == ["aal1"]


async def test_password_and_code_of_an_app(place: Place, chromium: Browser) -> None:
    """N14: a code that was taken is taken no more."""
    async with somebody(chromium, place, scripts=False) as walk:
        user = await walk.user()
        await walk.sign_in(user)
        await arrive(walk)
        app, _ = await set_up_app(walk)
        spent = app.last
        assert [session.assurance for session in await sessions(walk, user)] == ["aal2"]
        await sign_out(walk)
        await walk.sign_in(user)
        await walk.page.fill("#code", spent)
        await walk.send()
        await expect(walk.page.get_by_role("alert")).to_be_visible()
        await walk.page.fill("#code", app.code(walk.now))
        await walk.send()
        await arrive(walk)
        (session,) = await sessions(walk, user)
        assert (session.assurance, session.amr) == ("aal2", ("pwd", "otp", "mfa"))


async def test_password_and_recovery_code(place: Place, chromium: Browser) -> None:
    """N14: each is good once."""
    async with somebody(chromium, place, scripts=False) as walk:
        user = await walk.user()
        await walk.sign_in(user)
        await arrive(walk)
        _, codes = await set_up_app(walk)
        for code, good in ((codes[0], True), (codes[0], False), (codes[1], True)):
            await sign_out(walk)
            await walk.sign_in(user)
            await walk.page.goto(walk.page.url.partition("?")[0] + "?with=recovery_code")
            await walk.page.fill("#code", code)
            await walk.send()
            if good:
                await arrive(walk)
            else:
                await expect(walk.page.get_by_role("alert")).to_be_visible()
                await walk.page.fill("#code", codes[2])
                await walk.send()
                await arrive(walk)


async def test_passkey_alone(place: Place, chromium: Browser) -> None:
    """No address is typed: the authenticator knows whose it is."""
    async with somebody(chromium, place) as walk:
        user = await walk.user()
        authenticator = await virtual_authenticator(walk.page)
        await walk.sign_in(user)
        await arrive(walk)
        await add_passkey(walk, "My laptop")
        assert len(await authenticator.credentials()) == 1
        for offered in (False, True):
            # The browser may offer the passkey by itself in the field of the address: here its user is slow at first.
            await sign_out(walk)
            await authenticator.set("setAutomaticPresenceSimulation", enabled=offered)
            await walk.page.goto(f"{walk.at}/signin")
            if not offered:
                await expect(button(walk.page, "Use a passkey")).to_be_visible()
                await authenticator.set("setAutomaticPresenceSimulation", enabled=True)
                await button(walk.page, "Use a passkey").click()
            await arrive(walk)
            (session,) = await sessions(walk, user)
            assert session.assurance == "aal2"
            assert "pwd" not in session.amr


async def test_passkey_is_renamed_and_removed(place: Place, chromium: Browser) -> None:
    async with somebody(chromium, place) as walk:
        user = await walk.user()
        await virtual_authenticator(walk.page)
        await walk.sign_in(user)
        await arrive(walk)
        await add_passkey(walk, "My laptop")
        await walk.page.locator("main summary").click()
        await walk.page.fill("form[action$='/rename'] input[name=name]", "Old laptop")
        await walk.send("form[action$='/rename']")
        async with walk.place.operator() as ctx:
            named = await place.server.services.passkeys.list(ctx, user.id)
        assert [passkey.name for passkey in named] == ["Old laptop"]
        await walk.send("form[action$='/remove']")
        async with walk.place.operator() as ctx:
            assert await place.server.services.passkeys.list(ctx, user.id) == []


async def _token(walk: Walk, client: Client, uri: str, code: str) -> dict[str, object]:
    answer = await redeem(walk.place, client, code, redirect_uri=uri)
    assert answer.status_code == 200, answer.text
    return dict(peek_claims(answer.json()["access_token"]))


async def test_application_that_asks_for_more_gets_it_by_a_passkey(place: Place, chromium: Browser) -> None:
    """Step-up: the session keeps its id, changes its secrets, and only what it lacks is asked for."""
    client, _ = await place.client(NATIVE)
    async with somebody(chromium, place) as walk, callback() as first, callback() as second:
        page, user = walk.page, await walk.user()
        authenticator = await virtual_authenticator(page)
        await page.goto(request_url(place, client, redirect_uri=first.uri))
        await page.fill("#email", user.email)
        await page.fill("#password", PASSWORD)
        await walk.send()
        weak = await _token(walk, client, first.uri, (await first.heard)["code"])
        (before,) = await sessions(walk, user)
        await expect(page.get_by_role("heading", name="Welcome to the application")).to_be_visible()
        for credential in await _made_elsewhere(walk, chromium, user):
            await authenticator.set("addCredential", credential=credential)
        await page.goto(request_url(place, client, redirect_uri=second.uri, acr_values="aal2"))
        assert await page.locator("#password").count() == 0
        await page.locator("form[data-passkey='get'] button").click()
        strong = await _token(walk, client, second.uri, (await second.heard)["code"])
        after = next(session for session in await sessions(walk, user) if session.id == before.id)
        assert (weak["acr"], strong["acr"]) == ("aal1", "aal2")
        assert weak["sid"] == strong["sid"]
        assert strong["sub"] == format_id(USER, user.id)
        assert after.assurance == "aal2"
        assert after.auth_time > before.auth_time


async def _made_elsewhere(walk: Walk, chromium: Browser, user: User) -> list[dict[str, Any]]:
    """A passkey that the same person makes in another browser, and that their devices share."""
    async with somebody(chromium, walk.place) as other:
        authenticator = await virtual_authenticator(other.page)
        await other.sign_in(user)
        await arrive(other)
        await add_passkey(other, "Shared")
        return await authenticator.credentials()


async def test_who_only_holds_a_session_enrols_nothing(place: Place, chromium: Browser) -> None:
    """N12: an application asks for more, and the first factor is proven anew before a second one is made."""
    client, _ = await place.client(NATIVE)
    async with somebody(chromium, place) as walk, callback() as application:
        page, user = walk.page, await walk.user()
        await virtual_authenticator(page)
        await walk.sign_in(user)
        await arrive(walk)
        await page.goto(request_url(place, client, redirect_uri=application.uri, acr_values="aal2"))
        await page.fill("#email", user.email)
        await page.fill("#password", PASSWORD)
        await walk.send()
        await page.goto(re.sub(r"\?.*", "", page.url) + "?with=enrol_passkey")
        await page.fill("#name", "My laptop")
        await page.locator("form[data-passkey='create'] button").click()
        token = await _token(walk, client, application.uri, (await application.heard)["code"])
        assert token["acr"] == "aal2"
        assert len(await sessions(walk, user)) == 1
