"""The page where a device is let in: it demands a session, shows what is asked for, and answers nothing by itself."""

import re
from dataclasses import replace
from html import unescape
from urllib.parse import urlencode

import httpx2
import pytest

from airside.core.secret import Secret
from airside.limits import DEVICE_CODE_ACCOUNT
from airside.oauth import Client, ClientSettings
from airside.oauth.device_model import DeviceRequest
from airside.oauth.errors import AccessDenied, AuthorizationPending
from tests.console.site import PASSWORD, SIGNIN, Browser, Site, application, browser, token_of
from tests.oauth.grants_kit import TELEVISION

EMAIL = "ada@example.com"
DEVICE = "/t/acme/device"


async def waiting(site: Site, **changes: object) -> tuple[Client, Secret[str], Secret[str]]:
    """A client and a device of it that waits: its own code and the one that it shows."""
    async with site.open_ctx(site.tenant_id) as ctx:
        client, _ = await site.services.clients.create(ctx, replace(TELEVISION, **changes))
        request = DeviceRequest(client.client_id, frozenset({"notes:read"}))
        started = await site.services.device_authorizations.begin(ctx, client, request)
    return client, started.device_code, started.user_code


async def approved(site: Site, client: Client, device_code: Secret[str]) -> bool:
    """Whether the device would get its tokens; False while nobody has answered."""
    try:
        async with site.open_ctx(site.tenant_id) as ctx:
            await site.services.device_authorizations.fetch(ctx, client, device_code.reveal())
    except AuthorizationPending:
        return False
    return True


async def send(tab: Browser, page: httpx2.Response, code: Secret[str] | str, answer: str = "") -> httpx2.Response:
    """The form of the page."""
    typed = code if isinstance(code, str) else code.reveal()
    return await tab.post(DEVICE, {"csrf_token": token_of(page.text), "user_code": typed, "answer": answer})


async def test_whoever_isnt_signed_in_comes_back_with_the_code(site: Site) -> None:
    """RFC 8628 §3.3: the login lies between, and loses nothing."""
    await site.user(EMAIL)
    _, _, code = await waiting(site)
    here = f"{DEVICE}?user_code={code.reveal()}"
    async with browser(application(site)) as tab:
        first = await tab.client.get(here)
        assert (first.status_code, first.headers["location"]) == (303, f"{SIGNIN}?{urlencode({'continue': here})}")
        shown = await tab.get(here)
        fields = {"email": EMAIL, "password": PASSWORD, "csrf_token": token_of(shown.text)}
        done = await tab.post(shown.url.path, fields)
        target = re.search(r'content="0;url=([^"]+)"', done.text)
        assert target is not None
        assert unescape(target[1]) == here
        page = await tab.get(here)
    assert f'value="{code.reveal()}"' in page.text


async def test_coming_from_another_site_the_code_isnt_lost(site: Site) -> None:
    """Browsers withhold the Strict cookie from cross-site navigation; a page of our own leads on, code and all."""
    async with browser(application(site)) as tab:
        answer = await tab.client.get(f"{DEVICE}?user_code=BCDF-GHJK", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 200
    assert f'content="0;url={DEVICE}?user_code=BCDF-GHJK"' in answer.text


async def test_address_with_the_code_only_fills_it_in(site: Site) -> None:
    """RFC 8628 §3.3.1, §5.4: opening a link says yes to nothing, and doesn't tell what the code stands for."""
    await site.user(EMAIL)
    client, device_code, code = await waiting(site)
    async with browser(application(site)) as tab:
        await tab.sign_in(EMAIL, PASSWORD)
        page = await tab.get(f"{DEVICE}?user_code={code.reveal()}&answer=approve")
    assert client.name not in page.text
    assert not await approved(site, client, device_code)


async def test_person_sees_which_application_asks_for_what_and_lets_it_in(site: Site) -> None:
    """RFC 8628 §3.3, §5.4."""
    await site.user(EMAIL)
    client, device_code, code = await waiting(site, name="Living-room television")
    async with browser(application(site)) as tab:
        await tab.sign_in(EMAIL, PASSWORD)
        asked = await send(tab, await tab.get(DEVICE), code.reveal().lower().replace("-", " "))
        assert asked.status_code == 200
        for shown in ("Living-room television", "notes:read", code.reveal(), EMAIL, "in front of you"):
            assert shown in asked.text
        assert "notes:write" not in asked.text
        assert not await approved(site, client, device_code)
        done = await send(tab, asked, code, "approve")
    assert done.status_code == 200
    assert "The device is connected" in done.text
    assert await approved(site, client, device_code)


async def test_person_keeps_it_out(site: Site) -> None:
    await site.user(EMAIL)
    client, device_code, code = await waiting(site)
    async with browser(application(site)) as tab:
        await tab.sign_in(EMAIL, PASSWORD)
        asked = await send(tab, await tab.get(DEVICE), code)
        done = await send(tab, asked, code, "deny")
        again = await send(tab, asked, code, "approve")
    assert "The device stays out" in done.text
    assert again.status_code == 404
    with pytest.raises(AccessDenied):
        await approved(site, client, device_code)


async def test_form_of_another_session_or_of_none_answers_nothing(site: Site) -> None:
    """N11, N39: the form's token belongs to the session."""
    await site.user(EMAIL)
    await site.user("eve@example.com")
    client, device_code, code = await waiting(site)
    app = application(site)
    fields = {"user_code": code.reveal(), "answer": "approve"}
    async with browser(app) as tab, browser(app) as other, browser(app) as nobody:
        await tab.sign_in(EMAIL, PASSWORD)
        await other.sign_in("eve@example.com", PASSWORD)
        foreign = token_of((await other.get(DEVICE)).text)
        for token in ("", foreign):
            assert (await tab.post(DEVICE, {**fields, "csrf_token": token})).status_code == 403
        answer = await nobody.post(DEVICE, {**fields, "csrf_token": foreign})
        assert (answer.status_code, answer.headers["location"]) == (303, SIGNIN)
    assert not await approved(site, client, device_code)


async def test_unknown_code_is_told_at_its_field_and_too_many_are_stopped(site: Site) -> None:
    """RFC 8628 §5.1, N13, N15."""
    await site.user(EMAIL)
    _, _, code = await waiting(site)
    async with browser(application(site)) as tab:
        await tab.sign_in(EMAIL, PASSWORD)
        page = await tab.get(DEVICE)
        answer = await send(tab, page, "BBBB-BBBB")
        assert answer.status_code == 404
        assert "No device waits with that code" in answer.text
        assert 'value="BBBB-BBBB"' in answer.text
        statuses = [(await send(tab, page, "BBBB-BBBB")).status_code for _ in range(DEVICE_CODE_ACCOUNT.rate.count)]
        assert statuses[-1] == 429
        assert (await send(tab, page, code, "approve")).status_code == 429


async def test_client_that_demands_more_has_the_session_strengthened_first(site: Site) -> None:
    """N12: and then comes back to the code."""
    await site.user(EMAIL)
    client, device_code, code = await waiting(site, settings=ClientSettings(default_acr="aal2"))
    async with browser(application(site)) as tab:
        await tab.sign_in(EMAIL, PASSWORD)
        page = await tab.get(DEVICE)
        for answer in ("", "approve"):
            away = await send(tab, page, code, answer)
            assert away.status_code == 303
            assert away.headers["location"].startswith(f"{SIGNIN}/flw_")
    assert not await approved(site, client, device_code)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 1337*7331 }}"])
async def test_hostile_name_of_an_application_is_text(site: Site, name: str) -> None:
    """N29, N30."""
    await site.user(EMAIL)
    _, _, code = await waiting(site, name=name)
    async with browser(application(site)) as tab:
        await tab.sign_in(EMAIL, PASSWORD)
        asked = await send(tab, await tab.get(DEVICE), code)
        done = await send(tab, asked, code, "approve")
        strange = await tab.get(f"{DEVICE}?{urlencode({'user_code': name})}")
    for page in (asked, done, strange):
        assert "<script" not in page.text
        assert "<img" not in page.text
        assert "9801547" not in page.text


async def test_page_speaks_german(site: Site) -> None:
    await site.user(EMAIL)
    _, _, code = await waiting(site)
    async with browser(application(site)) as tab:
        tab.client.headers["accept-language"] = "de"
        await tab.sign_in(EMAIL, PASSWORD)
        asked = await send(tab, await tab.get(DEVICE), code)
    assert "Dieses Gerät hereinlassen?" in asked.text
    assert "Wer Ihnen den Code" in asked.text
