"""The account page: needs the Strict cookie, shows the user's own, ends the user's own."""

import re

import pytest

from airside.console import Brand
from airside.core.ids import SESSION, format_id
from tests.console.site import ACCOUNT, HOST, PASSWORD, SESSIONS, SIGNIN, Site, application, browser, token_of

EMAIL = "ada@example.com"


async def test_the_account_shows_who_and_where(site: Site) -> None:
    await site.user(EMAIL, "Ada Lovelace")
    app = application(site)
    async with browser(app, "192.0.2.7") as phone, browser(app, "192.0.2.8") as laptop:
        phone.client.headers["user-agent"] = "Mozilla/5.0 (iPhone; CPU) Version/26.0 Mobile Safari/604.1"
        await phone.sign_in(EMAIL, PASSWORD)
        await laptop.sign_in(EMAIL, PASSWORD)
        page = (await laptop.get(SESSIONS)).text
        account = (await laptop.get(ACCOUNT)).text
    assert "Ada Lovelace" in account
    assert "signed in in 2 places" in account
    for shown in (EMAIL, "Safari on iPhone", "192.0.2.7", "192.0.2.8", "just now"):
        assert shown in page
    assert page.count("This browser") == 2  # among the sessions and among the devices
    assert page.count("/end") == 1


async def test_without_a_session_the_account_leads_to_sign_in(site: Site) -> None:
    async with browser(application(site)) as tab:
        answer = await tab.client.get(ACCOUNT)
    assert (answer.status_code, answer.headers["location"]) == (303, SIGNIN)


async def test_the_sso_cookies_secret_doesnt_open_the_account(site: Site) -> None:
    """N06: a Lax cookie rides on cross-site navigation; it must not be the Strict one."""
    await site.user(EMAIL)
    async with browser(application(site)) as tab:
        await tab.sign_in(EMAIL, PASSWORD)
        name = next(name for name in tab.client.cookies if "_account_" in name)
        sso = tab.cookie("sso") or ""
        tab.client.cookies.clear()
        tab.client.cookies.set(name, sso, domain="airside.test")
        assert (await tab.client.get(ACCOUNT)).status_code == 303


async def test_coming_from_another_site_a_page_of_our_own_leads_back(site: Site) -> None:
    """Browsers withhold the Strict cookie from cross-site navigation; the bounce isn't a loop."""
    async with browser(application(site)) as tab:
        answer = await tab.client.get(ACCOUNT, headers={"sec-fetch-site": "cross-site"})
        assert answer.status_code == 200
        assert f'content="0;url={ACCOUNT}"' in answer.text
        again = await tab.client.get(ACCOUNT, headers={"sec-fetch-site": "same-origin"})
        assert again.status_code == 303


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 1337*7331 }}", "${1337*7331}"]
)
async def test_a_hostile_name_agent_or_tenant_is_text(site: Site, name: str) -> None:
    """N29, N30: stored through the name, the browser's name for itself and the tenant's."""
    await site.user(EMAIL, name)
    async with browser(application(site, Brand(name))) as tab:
        tab.client.headers["user-agent"] = name
        await tab.sign_in(EMAIL, PASSWORD)
        page = (await tab.get(ACCOUNT)).text + (await tab.get(SESSIONS)).text
    assert "<script" not in page
    assert "<img" not in page
    assert "9801547" not in page


async def test_signing_out_ends_this_session_and_forgets_both_cookies(site: Site) -> None:
    """N19"""
    await site.user(EMAIL)
    app = application(site)
    async with browser(app) as tab, browser(app) as other:
        await tab.sign_in(EMAIL, PASSWORD)
        await other.sign_in(EMAIL, PASSWORD)
        kept = dict(tab.client.cookies)
        token = token_of((await tab.get(ACCOUNT)).text)
        answer = await tab.post(f"{ACCOUNT}/signout", {"csrf_token": token})
        assert answer.status_code == 200
        assert tab.cookie("sso") is None
        assert tab.cookie("account") is None
        for name, value in kept.items():
            tab.client.cookies.set(name, value, domain="airside.test")
        assert (await tab.client.get(ACCOUNT)).status_code == 303
        assert (await other.client.get(ACCOUNT)).status_code == 200


async def test_signing_out_everywhere_ends_every_session(site: Site) -> None:
    await site.user(EMAIL)
    app = application(site)
    async with browser(app) as tab, browser(app) as other:
        await tab.sign_in(EMAIL, PASSWORD)
        await other.sign_in(EMAIL, PASSWORD)
        token = token_of((await tab.get(ACCOUNT)).text)
        answer = await tab.post(f"{ACCOUNT}/signout", {"csrf_token": token, "everywhere": "1"})
        assert "on every device" in answer.text
        assert (await other.client.get(ACCOUNT)).status_code == 303


async def test_one_other_session_can_be_ended_from_here(site: Site) -> None:
    await site.user(EMAIL)
    app = application(site)
    async with browser(app) as tab, browser(app) as other:
        await tab.sign_in(EMAIL, PASSWORD)
        await other.sign_in(EMAIL, PASSWORD)
        page = (await tab.get(SESSIONS)).text
        path = re.findall(r'action="(/t/acme/account/sessions/\w+/end)"', page)[0]
        answer = await tab.post(path, {"csrf_token": token_of(page)})
        assert (answer.status_code, answer.headers["location"]) == (303, SESSIONS)
        assert (await other.client.get(ACCOUNT)).status_code == 303
        assert (await tab.client.get(ACCOUNT)).status_code == 200
        assert (await tab.post(path, {"csrf_token": token_of(page)})).status_code == 404


async def test_nobody_ends_anothers_session(site: Site) -> None:
    """N20: within the tenant too, another's session is not there."""
    await site.user(EMAIL)
    bob = await site.user("bob@example.com")
    app = application(site)
    async with browser(app) as mine, browser(app) as his:
        await mine.sign_in(EMAIL, PASSWORD)
        await his.sign_in("bob@example.com", PASSWORD)
        async with site.open_ctx(site.tenant_id) as ctx:
            (target,) = await site.sessions.list(ctx, bob.id)
        token = token_of((await mine.get(ACCOUNT)).text)
        for id_ in (format_id(SESSION, target.id), "ses_0", "x"):
            answer = await mine.post(f"{ACCOUNT}/sessions/{id_}/end", {"csrf_token": token})
            assert answer.status_code == 404
        assert (await his.client.get(ACCOUNT)).status_code == 200


@pytest.mark.parametrize("verb", ["signout", "sessions/ses_00000000000000000000000000/end"])
async def test_a_form_without_its_own_sessions_token_changes_nothing(site: Site, verb: str) -> None:
    """N11: CSRF, also with the token of another session."""
    await site.user(EMAIL)
    app = application(site)
    async with browser(app) as tab, browser(app) as other:
        await tab.sign_in(EMAIL, PASSWORD)
        await other.sign_in(EMAIL, PASSWORD)
        foreign = token_of((await other.get(ACCOUNT)).text)
        for token in ("", "A" * 43, foreign):
            assert (await tab.post(f"{ACCOUNT}/{verb}", {"csrf_token": token})).status_code == 403
        assert (await tab.client.get(ACCOUNT)).status_code == 200
        tab.client.cookies.clear()
        assert (await tab.post(f"{ACCOUNT}/{verb}", {"csrf_token": foreign})).status_code == 303


async def test_a_disabled_users_page_is_gone(site: Site) -> None:
    """N18"""
    user = await site.user(EMAIL)
    async with browser(application(site)) as tab:
        await tab.sign_in(EMAIL, PASSWORD)
        async with site.open_ctx(site.tenant_id) as ctx:
            await site.users.set_state(ctx, user.id, "disabled")
        assert (await tab.client.get(ACCOUNT)).status_code == 303


async def test_the_same_cookie_twice_is_refused(site: Site) -> None:
    """N11: one of the two was planted."""
    await site.user(EMAIL)
    async with browser(application(site)) as tab:
        await tab.sign_in(EMAIL, PASSWORD)
        name = next(name for name in tab.client.cookies if "_account_" in name)
        twice = f"{name}={tab.cookie('account')}; {name}={'A' * 43}"
        tab.client.cookies.clear()
        answer = await tab.client.get(f"{HOST}{ACCOUNT}", headers={"cookie": twice})
    assert answer.status_code == 400
