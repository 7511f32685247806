"""The script in a real Chromium under the real policy of content, with authenticators of its developer tools."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Error, Page, expect

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.vault import Vault
from tests.chromium import virtual_authenticator
from tests.console.passkey_site import PasskeySite, passkey_site
from tests.identity.kit import Kit

BUTTON = "Use a passkey"


@pytest.fixture
async def site(kit: Kit, tmp_path: Path, vault: Vault, clock: Clock, entropy: Entropy) -> AsyncIterator[PasskeySite]:
    async with passkey_site(kit, tmp_path, vault, clock, entropy) as started:
        yield started


@asynccontextmanager
async def tab(chromium: Browser, *, scripts: bool = True) -> AsyncGenerator[tuple[Page, list[str]]]:
    """A fresh profile, and what its console complained of."""
    context = await chromium.new_context(ignore_https_errors=True, java_script_enabled=scripts)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page, complaints
    await context.close()


async def press(page: Page, url: str) -> None:
    """Open the page and press its button."""
    await page.goto(url)
    await page.get_by_role("button", name=BUTTON).click()


async def test_passkey_is_made_and_signs_in_alone_and_as_a_second_step(site: PasskeySite, chromium: Browser) -> None:
    async with tab(chromium) as (page, complaints):
        device = await virtual_authenticator(page)
        await press(page, f"{site.url}/new")
        await expect(page.get_by_role("heading")).to_have_text("made Browser internal")
        [held] = await device.credentials()
        assert held["rpId"] == "localhost"
        assert held["isResidentCredential"]
        for path in ("/in", "/in?second"):
            await press(page, site.url + path)
            await expect(page.get_by_role("heading")).to_have_text(f"proven {site.user.id} multi")
        assert complaints == []


async def test_passkey_is_offered_in_the_e_mail_field(site: PasskeySite, chromium: Browser) -> None:
    """Conditional mediation: the developer tools' authenticator picks it at once."""
    async with tab(chromium) as (page, complaints):
        await virtual_authenticator(page)
        await press(page, f"{site.url}/new")
        await expect(page.get_by_role("heading")).to_have_text("made Browser internal")
        await page.goto(f"{site.url}/in?offer")
        await expect(page.get_by_role("heading")).to_have_text(f"proven {site.user.id} multi")
        assert complaints == []


async def test_button_works_while_a_passkey_is_being_offered(site: PasskeySite, chromium: Browser) -> None:
    """The offer is withdrawn first: a page may ask for one thing at a time."""
    async with tab(chromium) as (page, complaints):
        device = await virtual_authenticator(page)
        await press(page, f"{site.url}/new")
        await expect(page.get_by_role("heading")).to_have_text("made Browser internal")
        await device.set("setAutomaticPresenceSimulation", enabled=False)
        await page.goto(f"{site.url}/in?offer")
        await page.wait_for_timeout(300)
        await device.set("setAutomaticPresenceSimulation", enabled=True)
        await page.get_by_role("button", name=BUTTON).click()
        await expect(page.get_by_role("heading")).to_have_text(f"proven {site.user.id} multi")
        assert complaints == []


async def test_second_passkey_on_one_authenticator_is_told_apart(site: PasskeySite, chromium: Browser) -> None:
    async with tab(chromium) as (page, complaints):
        await virtual_authenticator(page)
        await press(page, f"{site.url}/new")
        await expect(page.get_by_role("heading")).to_have_text("made Browser internal")
        await press(page, f"{site.url}/new")
        await expect(page.get_by_role("alert")).to_have_text("It is here already.")
        assert complaints == []


async def test_refusal_is_told_in_the_pages_words_and_may_be_tried_again(site: PasskeySite, chromium: Browser) -> None:
    async with tab(chromium) as (page, complaints):
        device = await virtual_authenticator(page, verified=False)
        await page.goto(f"{site.url}/new")
        await expect(page.get_by_role("alert")).to_be_hidden()
        await page.get_by_role("button", name=BUTTON).click()
        await expect(page.get_by_role("alert")).to_have_text("You said no.")
        await device.set("setUserVerified", isUserVerified=True)
        await page.get_by_role("button", name=BUTTON).click()
        await expect(page.get_by_role("heading")).to_have_text("made Browser internal")
        assert complaints == []


async def test_page_that_came_back_asks_with_a_fresh_challenge(site: PasskeySite, chromium: Browser) -> None:
    """N14: what is behind the back button is spent."""
    async with tab(chromium) as (page, _):
        await virtual_authenticator(page)
        await press(page, f"{site.url}/new")
        await expect(page.get_by_role("heading")).to_have_text("made Browser internal")
        await press(page, f"{site.url}/in")
        await expect(page.get_by_role("heading")).to_have_text(f"proven {site.user.id} multi")
        await page.go_back()
        await page.get_by_role("button", name=BUTTON).click()
        await expect(page.get_by_role("heading")).to_have_text(f"proven {site.user.id} multi")


async def test_nothing_shows_where_passkeys_cant_work(site: PasskeySite, chromium: Browser) -> None:
    async with tab(chromium, scripts=False) as (page, complaints):
        await page.goto(f"{site.url}/in?offer")
        await expect(page.get_by_label("E-mail")).to_be_visible()
        await expect(page.get_by_text(BUTTON)).to_be_hidden()
        assert complaints == []
    async with tab(chromium) as (page, complaints):
        await page.add_init_script("delete globalThis.PublicKeyCredential")
        await page.goto(f"{site.url}/in?offer")
        await page.wait_for_load_state("networkidle")
        await expect(page.get_by_text(BUTTON)).to_be_hidden()
        assert complaints == []


async def test_browsers_without_json_helpers_are_served_too(site: PasskeySite, chromium: Browser) -> None:
    without = "for (const name of ['parseCreationOptionsFromJSON', 'parseRequestOptionsFromJSON']) " + (
        "delete PublicKeyCredential[name]; delete PublicKeyCredential.prototype.toJSON; "
        "delete PublicKeyCredential.isConditionalMediationAvailable;"
    )
    async with tab(chromium) as (page, complaints):
        await page.add_init_script(without)
        await virtual_authenticator(page)
        await press(page, f"{site.url}/new")
        await expect(page.get_by_role("heading")).to_have_text("made Browser internal")
        await press(page, f"{site.url}/in?offer")
        await expect(page.get_by_role("heading")).to_have_text(f"proven {site.user.id} multi")
        assert complaints == []


async def test_policy_of_content_is_in_force(site: PasskeySite, chromium: Browser) -> None:
    """N29, N39: what the script doesn't do, nothing else on its page can."""
    async with tab(chromium) as (page, _):
        await page.goto(f"{site.url}/in")
        for attack in ("document.body.innerHTML = '<b>'", "document.createElement('script').text = '1'"):
            with pytest.raises(Error, match=r"TrustedHTML|TrustedScript"):
                await page.evaluate(f"() => {{ {attack} }}")


async def test_options_are_only_ever_text(site: PasskeySite, chromium: Browser) -> None:
    """N29: a name that tries to leave its attribute stays in it."""
    hostile = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
    async with site.kit.open_ctx(site.kit.tenant_id) as ctx:
        site.user = await site.kit.users.create(ctx, "eve@example.com", hostile)
    async with tab(chromium) as (page, complaints):
        device = await virtual_authenticator(page)
        await press(page, f"{site.url}/new")
        await expect(page.get_by_role("heading")).to_have_text("made Browser internal")
        [held] = await device.credentials()
        assert held["userDisplayName"] == hostile
        assert complaints == []
