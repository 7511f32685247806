"""The machine's own Chromium, and authenticators that its developer tools make."""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, cast

import pytest
from playwright.async_api import Browser, CDPSession, Page, async_playwright

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
MISSING: Final = "no Chromium found: `apt-get install chromium` on Debian, or name one in PATH"


@pytest.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """The machine's own Chromium."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    async with async_playwright() as playwright:
        # Chromium's own sandbox refuses root; the pages it visits here are ours.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await playwright.chromium.launch(executable_path=found, args=arguments)
        yield browser
        await browser.close()


@dataclass(frozen=True)
class VirtualAuthenticator:
    """An authenticator of one page (Chrome DevTools Protocol, domain WebAuthn)."""

    session: CDPSession
    id: str

    async def set(self, method: str, **values: object) -> dict[str, Any]:
        """Say `WebAuthn.method` of it."""
        return await _say(self.session, method, authenticatorId=self.id, **values)

    async def credentials(self) -> list[dict[str, Any]]:
        """What it holds."""
        return (await self.set("getCredentials"))["credentials"]


async def virtual_authenticator(page: Page, *, verified: bool = True) -> VirtualAuthenticator:
    """A platform authenticator with discoverable passkeys in `page`; its user says yes at once."""
    session = await page.context.new_cdp_session(page)
    await _say(session, "enable", enableUI=False)
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": verified,
        "automaticPresenceSimulation": True,
    }
    answer = await _say(session, "addVirtualAuthenticator", options=options)
    return VirtualAuthenticator(session, answer["authenticatorId"])


async def _say(session: CDPSession, method: str, **values: object) -> dict[str, Any]:
    send = cast("Callable[[str, dict[str, object]], Awaitable[dict[str, Any]]]", session.send)  # pyright: ignore[reportUnknownMemberType]
    return await send(f"WebAuthn.{method}", values)
