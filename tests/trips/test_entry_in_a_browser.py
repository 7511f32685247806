"""Trips of entry, in a real Chromium: how people come, come back, and throw others out."""

import asyncio
import re

from playwright.async_api import Browser, expect

from airside.core.ids import SESSION, format_id
from airside.identity import DevicePolicy
from airside.tenancy import TenantPolicy
from tests.running import PASSWORD, Place
from tests.trips.pages import SOON
from tests.trips.test_factors_in_a_browser import arrive, button, sessions, set_up_app, sign_out, somebody

_LINK = re.compile(r"https://\S+\?token=\S+")
_CODE = re.compile(r"^\D*(\d{3} ?\d{3})\s*$", re.MULTILINE)


async def letter_to(place: Place, address: str, said: str) -> str:
    """The text of the newest letter to `address` whose subject says so, once it has come."""
    mailbox = place.server.services.mailbox
    assert mailbox is not None
    for _ in range(200):
        found = [each for each in mailbox.letters() if each.to == address and said in each.subject]
        if found:
            return found[0].text.reveal()
        await asyncio.sleep(0.05)
    subjects = [each.subject for each in mailbox.letters() if each.to == address]
    raise AssertionError(f"no letter about {said!r}, but {subjects}")


def link_in(text: str) -> str:
    found = _LINK.search(text)
    assert found is not None, text
    return found[0]


async def scan(place: Place, link: str) -> None:
    """What a mail server's scanner does with a link before its reader sees it."""
    async with place.server.client(follow=True) as http:
        for _ in range(2):
            assert (await http.get(link)).status_code == 200


async def letters(place: Place, address: str, said: str) -> int:
    mailbox = place.server.services.mailbox
    assert mailbox is not None
    return len([each for each in mailbox.letters() if each.to == address and said in each.subject])


def fresh_address(place: Place) -> str:
    return f"{place.server.services.entropy.bytes(6).hex()}@example.com"


async def test_sign_up_with_verification(place: Place, chromium: Browser) -> None:
    """N16: a scanner that follows the link spends nothing, and the link signs nobody in."""
    async with somebody(chromium, place, scripts=False) as walk:
        await walk.demand(TenantPolicy(signup="open"))
        page, address = walk.page, fresh_address(place)
        await page.goto(f"{walk.at}/signup")
        await page.fill("#email", address)
        await page.fill("#name", "Grace")
        await page.fill("#password", SOON)
        await walk.send()
        link = link_in(await letter_to(place, address, "confirm"))
        await scan(place, link)
        await page.goto(link)
        await page.fill("#password", SOON)
        await walk.send()
        async with place.operator() as ctx:
            user = await place.server.services.users.find_by_email(ctx, address)
        assert user is not None
        assert user.email_verified
        assert await sessions(walk, user) == []
        await walk.sign_in(user, SOON)
        await arrive(walk)


async def test_invitation(place: Place, chromium: Browser) -> None:
    services, address = place.server.services, fresh_address(place)
    async with place.operator() as ctx:
        await services.invitation_admin.create(ctx, address, "Grace", ["administrator"])
    async with somebody(chromium, place, scripts=False) as walk:
        link = link_in(await letter_to(place, address, "invit"))
        await scan(place, link)
        await walk.page.goto(link)
        await walk.page.fill("#name", "Grace Hopper")
        await walk.page.fill("#password", SOON)
        await walk.send()
        async with place.operator() as ctx:
            user = await services.users.find_by_email(ctx, address)
            assert user is not None
            assert "administrator" in await services.members.roles(ctx, user.id)
        assert await sessions(walk, user) == []
        await walk.sign_in(user, SOON)
        await arrive(walk)


async def test_recovery_with_a_factor_lost(place: Place, chromium: Browser) -> None:
    """N12, N16: the mail gives a new password and no more; the lost app is made up for by a recovery code."""
    async with somebody(chromium, place, scripts=False) as walk:
        page, user = walk.page, await walk.user()
        await walk.sign_in(user)
        await arrive(walk)
        _, codes = await set_up_app(walk)
        async with somebody(chromium, place, scripts=False) as elsewhere:
            await elsewhere.page.goto(f"{walk.at}/recover")
            await elsewhere.page.fill("#email", user.email.upper())
            await elsewhere.send()
            link = link_in(await letter_to(place, user.email, "getting back"))
            await scan(place, link)
            await elsewhere.page.goto(link)
            await elsewhere.page.fill("#password", SOON)
            await elsewhere.send()
            assert await sessions(walk, user) == []
            await letter_to(place, user.email, "was recovered")
            await page.goto(f"{walk.at}/account")
            await expect(page).to_have_url(re.compile("/signin/"))
            await elsewhere.sign_in(user, SOON)
            await expect(elsewhere.page.locator("#code")).to_be_visible()
            await elsewhere.page.goto(elsewhere.page.url.partition("?")[0] + "?with=recovery_code")
            await elsewhere.page.fill("#code", codes[0])
            await elsewhere.send()
            await arrive(elsewhere)
            await elsewhere.page.goto(f"{walk.at}/account/factors")
            await elsewhere.send("form[action$='/remove']")
            await set_up_app(elsewhere)


async def test_other_sessions_are_ended(place: Place, chromium: Browser) -> None:
    async with somebody(chromium, place, scripts=False) as here, somebody(chromium, place, scripts=False) as there:
        user = await here.user()
        for walk in (here, there):
            await walk.sign_in(user)
            await arrive(walk)
        await here.page.goto(f"{here.at}/account/sessions")
        endings = [
            f"form[action$='/sessions/{format_id(SESSION, each.id)}/end']" for each in await sessions(here, user)
        ]
        # This browser's own session has no button of its own there.
        (other,) = [ending for ending in endings if await here.page.locator(ending).count() == 1]
        await here.send(other)
        await there.page.goto(f"{there.at}/account")
        await expect(there.page).to_have_url(re.compile("/signin/"))
        assert len(await sessions(here, user)) == 1
        await there.sign_in(user)
        await arrive(there)
        await here.page.goto(f"{here.at}/account/sessions")
        await button(here.page, "Sign out everywhere").click()
        await here.page.wait_for_load_state()
        await there.page.goto(f"{there.at}/account")
        await expect(there.page).to_have_url(re.compile("/signin/"))
        assert await sessions(here, user) == []


async def test_new_device_is_told_by_mail_and_the_first_is_not(place: Place, chromium: Browser) -> None:
    async with somebody(chromium, place, scripts=False) as first:
        user = await first.user()
        await first.sign_in(user)
        await arrive(first)
        await sign_out(first)
        await first.sign_in(user)
        await arrive(first)
    async with somebody(chromium, place, scripts=False) as second:
        await second.sign_in(user)
        await arrive(second)
        await letter_to(place, user.email, "sign-in")
        assert await letters(place, user.email, "sign-in") == 1


async def test_new_device_is_confirmed_by_a_mailed_code_where_the_tenant_says_so(
    place: Place, chromium: Browser
) -> None:
    async with somebody(chromium, place, scripts=False) as walk:
        await walk.demand(TenantPolicy(devices=DevicePolicy(step_up=True)))
        user = await walk.user()
        await walk.sign_in(user, PASSWORD)
        found = _CODE.search(await letter_to(place, user.email, "code"))
        assert found is not None
        right = found[1].replace(" ", "")
        await walk.page.fill("#code", f"{(int(right) + 1) % 1_000_000:06d}")
        await walk.send()
        await expect(walk.page.get_by_role("alert")).to_be_visible()
        assert await sessions(walk, user) == []
        await walk.page.fill("#code", right)
        await walk.send()
        await arrive(walk)
        await sign_out(walk)
        await walk.sign_in(user)
        await arrive(walk)
