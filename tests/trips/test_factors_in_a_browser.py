"""Trips of signing in, in a real Chromium: each way alone, from the form to the account page."""

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Locator, Page, expect

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.ids import USER, format_id
from airside.identity import Session, User
from airside.oauth import Client
from airside.protocols.jose import peek_claims
from airside.vault import Aead
from tests.chromium import virtual_authenticator
from tests.makers import Database
from tests.running import PASSWORD, Place, running
from tests.trips.pages import App, Walk
from tests.trips.test_login_in_a_browser import Callback, callback
from tests.trips.visitor import NATIVE, redeem, request_url

EXPECTED = ("401", "422")
"""What refused forms are answered with; anything else in the console is a fault, least of all the CSP's."""

SESSION_COOKIES = ("__Host-airside_sso_", "__Host-airside_account_")


class LaterClock:
    """The machine's clock, put forward by `ahead`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.ahead = timedelta()

    def now(self) -> datetime:
        return self._clock.now() + self.ahead

    def monotonic(self) -> float:
        return self._clock.monotonic() + self.ahead.total_seconds()


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


async def secrets(walk: Walk) -> dict[str, str]:
    """The two cookies of the session, by name."""
    cookies = await walk.page.context.cookies()
    found = {cookie.get("name", ""): cookie.get("value", "") for cookie in cookies}
    held = {name: value for name, value in found.items() if name.startswith(SESSION_COOKIES)}
    assert len(held) == 2
    return held


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


async def only_when_asked(page: Page) -> None:
    """As an older browser, which offers no passkey by itself in the field of the address."""
    await page.add_init_script("delete PublicKeyCredential.isConditionalMediationAvailable")


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
    """N14: each is good once, and they are shown once."""
    async with somebody(chromium, place, scripts=False) as walk:
        user = await walk.user()
        await walk.sign_in(user)
        await arrive(walk)
        _, codes = await set_up_app(walk)
        await walk.page.goto(f"{walk.at}/account/factors")
        shown = await walk.page.content()
        assert [code for code in codes if code in shown] == []
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
        for offered in (True, False):
            await sign_out(walk)
            if not offered:
                await only_when_asked(walk.page)
            await walk.page.goto(f"{walk.at}/signin")
            if not offered:
                await button(walk.page, "Use a passkey").click()
            await arrive(walk)
            (session,) = await sessions(walk, user)
            assert session.assurance == "aal2"
            assert "pwd" not in session.amr


async def test_passkey_is_renamed_and_removed(place: Place, chromium: Browser) -> None:
    """N18: the authenticator still has it, and it opens nothing."""
    async with somebody(chromium, place) as walk:
        user = await walk.user()
        authenticator = await virtual_authenticator(walk.page)
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
        await sign_out(walk)
        assert len(await authenticator.credentials()) == 1
        await only_when_asked(walk.page)
        await walk.page.goto(f"{walk.at}/signin")
        async with walk.page.expect_response(lambda answer: answer.request.method == "POST") as answered:
            await button(walk.page, "Use a passkey").click()
        assert (await answered.value).status == 401
        await expect(walk.page.get_by_role("alert").first).to_be_visible()
        assert await sessions(walk, user) == []


async def given(application: Callback) -> str:
    """The code that the browser brings it."""
    return (await asyncio.wait_for(application.heard, 20))["code"]


async def _token(walk: Walk, client: Client, uri: str, code: str) -> dict[str, object]:
    answer = await redeem(walk.place, client, code, redirect_uri=uri)
    assert answer.status_code == 200, answer.text
    return dict(peek_claims(answer.json()["access_token"]))


async def test_application_that_asks_for_more_gets_it_by_a_passkey(place: Place, chromium: Browser) -> None:
    """Step-up: the session keeps its id, changes its secrets, and only what it lacks is asked for."""
    client, _ = await place.client(NATIVE)
    async with callback() as first, callback() as second, somebody(chromium, place) as walk:
        page, user = walk.page, await walk.user()
        authenticator = await virtual_authenticator(page)
        await page.goto(request_url(place, client, redirect_uri=first.uri))
        await page.fill("#email", user.email)
        await page.fill("#password", PASSWORD)
        await walk.send()
        weak = await _token(walk, client, first.uri, await given(first))
        (before,) = await sessions(walk, user)
        await expect(page.get_by_role("heading", name="Welcome to the application")).to_be_visible()
        old = await secrets(walk)
        for credential in await _made_elsewhere(walk, chromium, user):
            await authenticator.set("addCredential", credential=credential)
        await page.goto(request_url(place, client, redirect_uri=second.uri, acr_values="aal2"))
        assert await page.locator("#password").count() == 0
        await page.locator("form[data-passkey='get'] button").click()
        strong = await _token(walk, client, second.uri, await given(second))
        after = next(session for session in await sessions(walk, user) if session.id == before.id)
        assert (weak["acr"], strong["acr"]) == ("aal1", "aal2")
        assert weak["sid"] == strong["sid"]
        assert strong["sub"] == format_id(USER, user.id)
        assert after.assurance == "aal2"
        assert after.auth_time > before.auth_time
        new = await secrets(walk)
        assert new.keys() == old.keys()
        assert not set(new.values()) & set(old.values())


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
    async with callback() as application, somebody(chromium, place) as walk:
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
        token = await _token(walk, client, application.uri, await given(application))
        assert token["acr"] == "aal2"
        assert len(await sessions(walk, user)) == 1


async def test_factors_change_only_after_a_fresh_proof(
    database: Database, tmp_path: Path, kek: Aead, clock: Clock, entropy: Entropy, chromium: Browser
) -> None:
    """N12: ten minutes later the session itself is good, but proves nothing any more."""
    later = LaterClock(clock)
    async with running(database.app, tmp_path, kek=kek, clock=later, entropy=entropy) as server:
        place = await server.tenant()
        async with somebody(chromium, place, scripts=False) as walk:
            user = await walk.user()
            await walk.sign_in(user)
            await arrive(walk)
            app, _ = await set_up_app(walk)
            (before,) = await sessions(walk, user)
            old = await secrets(walk)
            later.ahead = timedelta(minutes=11)
            await walk.page.goto(f"{walk.at}/account/factors")
            await walk.send("form[action$='/remove']")
            await walk.page.fill("#email", user.email)
            await walk.page.fill("#password", PASSWORD)
            async with place.operator() as ctx:
                assert len((await server.services.factors.of(ctx, user.id)).totp) == 1
            await walk.send()
            await walk.page.fill("#code", app.code(walk.now))
            await walk.send()
            await walk.page.wait_for_url(f"{walk.at}/account/factors")
            (after,) = await sessions(walk, user)
            assert (after.id, after.assurance) == (before.id, "aal2")
            assert after.auth_time - before.auth_time >= timedelta(minutes=11)
            assert not set((await secrets(walk)).values()) & set(old.values())
            await walk.send("form[action$='/remove']")
            async with place.operator() as ctx:
                assert (await server.services.factors.of(ctx, user.id)).totp == ()
