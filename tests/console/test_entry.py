"""Sign-up, recovery, invitation and verification: pages for those who aren't signed in, and what their links do."""

import re
from dataclasses import dataclass
from uuid import UUID

import pytest

from airside.console import Brand
from airside.core.ids import TENANT, USER, format_id
from airside.identity.links import Purpose
from airside.tenancy import TenantPolicy
from tests.console.site import ACCOUNT, ACME, PASSWORD, SIGNIN, Browser, Site, application, browser, token_of

EMAIL = "ada@example.com"
NEW = "a new and better password"
OPEN = Brand(ACME.name, open_signup=True)
SIGNUP, RECOVER, INVITATION, VERIFY = (f"/t/acme/{word}" for word in ("signup", "recover", "invitation", "verify"))


@dataclass(frozen=True)
class _Row:
    link_id: UUID


async def newest(site: Site, purpose: Purpose) -> str:
    """The token of the newest link, as its mail carries it."""
    query = (
        "select link_id from airside.action_link where tenant_id = %s and purpose = %s order by link_id desc limit 1"
    )
    async with site.open_ctx(site.tenant_id) as ctx:
        row = await ctx.tx.one(_Row, query, (ctx.tenant_id, purpose))
        assert row is not None
        return (await site.services.links.token(ctx, row.link_id)).reveal()


async def invite(site: Site) -> str:
    """The token of an administrator's invitation."""
    chief = await site.place.user("administrator")
    async with site.place.operator() as ctx:
        inviter = f"user:{format_id(USER, chief.id)}"
        await site.services.invitations.create(ctx, EMAIL, "Ada", ["member"], inviter)
    return await newest(site, "invitation")


async def fill(tab: Browser, path: str, action: str = "", **fields: str) -> "tuple[int, str]":
    """Open the page at `path` and send its form to `action`."""
    shown = await tab.get(path)
    answer = await tab.post(action or path, {**fields, "csrf_token": token_of(shown.text)})
    return answer.status_code, answer.text


async def test_sign_up_is_open_only_where_the_tenant_says_so(site: Site) -> None:
    """N43"""
    async with browser(application(site)) as tab:
        assert (await tab.get(SIGNUP)).status_code == 404
        assert "Create an account" not in (await tab.get(SIGNIN)).text
        token = token_of((await tab.get(RECOVER)).text)
        fields = {"email": EMAIL, "name": "Ada", "password": NEW, "csrf_token": token}
        assert (await tab.post(SIGNUP, fields)).status_code in (403, 404)


async def test_signing_up_says_the_same_of_every_address(site: Site) -> None:
    """N15"""
    await site.demand(TenantPolicy(signup="open"))
    await site.user(EMAIL)
    told = set[str]()
    async with browser(application(site, OPEN)) as tab:
        for email in (EMAIL, "bob@example.com"):
            status, text = await fill(tab, SIGNUP, email=email, name="Ada", password=NEW)
            assert status == 200
            told.add(text.replace(email, ""))
    assert len(told) == 1


async def test_a_sign_up_is_confirmed_by_its_link_and_the_password_once_more(site: Site) -> None:
    """N14, N16: opening the link spends nothing; sending its form does, once, and signs nobody in."""
    await site.demand(TenantPolicy(signup="open"))
    async with browser(application(site, OPEN)) as tab:
        await fill(tab, SIGNUP, email=EMAIL, name="Ada", password=NEW)
        token = await newest(site, "signup")
        page, confirm = f"{SIGNUP}?token={token}", f"{SIGNUP}/confirm"
        for _ in range(3):
            assert EMAIL in (await tab.get(page)).text
        status, text = await fill(tab, page, confirm, token=token, password="not what was chosen")
        assert (status, "aria-invalid" in text) == (401, True)
        status, text = await fill(tab, page, confirm, token=token, password=NEW)
        assert (status, "Your account is ready" in text) == (200, True)
        assert tab.cookie("account") is None
        assert (await tab.get(page)).status_code == 404
        assert (await tab.sign_in(EMAIL, NEW)).status_code == 200


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("email", "nobody", "name@example.com"),
        ("email", "", "name@example.com"),
        ("name", "x" * 201, "at most 200 characters"),
        ("password", "short", "at least 8 characters"),
        ("password", "password1234", "attackers try first"),
        ("password", "x" * 300, "too long"),
    ],
)
async def test_what_is_refused_is_told_at_its_field(site: Site, field: str, value: str, said: str) -> None:
    await site.demand(TenantPolicy(signup="open"))
    fields = {"email": EMAIL, "name": "Ada", "password": NEW, field: value}
    async with browser(application(site, OPEN)) as tab:
        status, text = await fill(tab, SIGNUP, **fields)
    assert status == 422
    assert "<title>Error: " in text
    assert re.search(rf'id="{field}-problem">[^<]*{said}', text)
    assert re.search(
        rf'id="{field}"[^>]*aria-describedby="[^"]*{field}-problem"[^>]*aria-invalid="true" autofocus', text
    )
    assert NEW not in text


async def test_recovery_says_the_same_of_every_address(site: Site) -> None:
    """N15"""
    await site.user(EMAIL)
    told = set[str]()
    async with browser(application(site)) as tab:
        for email in (EMAIL, "bob@example.com"):
            status, text = await fill(tab, RECOVER, email=email)
            assert status == 200
            told.add(text.replace(email, ""))
    assert len(told) == 1


async def test_the_fourth_recovery_of_an_hour_is_a_429_that_says_how_long(site: Site) -> None:
    """N13"""
    async with browser(application(site)) as tab:
        for _ in range(3):
            assert (await fill(tab, RECOVER, email=EMAIL))[0] == 200
        shown = await tab.get(RECOVER)
        answer = await tab.post(RECOVER, {"email": EMAIL, "csrf_token": token_of(shown.text)})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 1
    assert "Too many attempts" in answer.text


async def test_a_recovery_sets_the_password_once_and_ends_every_session(site: Site) -> None:
    """N14, N16"""
    await site.user(EMAIL)
    app = application(site)
    async with browser(app) as tab, browser(app) as other:
        await other.sign_in(EMAIL, PASSWORD)
        await fill(tab, RECOVER, email=EMAIL)
        token = await newest(site, "recovery")
        page, confirm = f"{RECOVER}?token={token}", f"{RECOVER}/confirm"
        assert EMAIL not in (await tab.get(page)).text  # it is masked
        status, text = await fill(tab, page, confirm, token=token, password="short")
        assert (status, "at least 8 characters" in text) == (422, True)
        status, text = await fill(tab, page, confirm, token=token, password=NEW)
        assert (status, "Your password is set" in text) == (200, True)
        assert tab.cookie("account") is None
        assert (await tab.get(page)).status_code == 404
        assert (await other.client.get(ACCOUNT)).status_code == 303
        assert (await tab.sign_in(EMAIL, PASSWORD)).status_code == 401
        assert (await tab.sign_in(EMAIL, NEW)).status_code == 200


async def test_an_invitation_makes_an_account_once(site: Site) -> None:
    """N14"""
    token = await invite(site)
    page = f"{INVITATION}?token={token}"
    async with browser(application(site)) as tab:
        shown = (await tab.get(page)).text
        assert EMAIL in shown
        assert 'value="Ada"' in shown
        status, text = await fill(tab, page, INVITATION, token=token, name="Ada L.", password="short")
        assert (status, 'value="Ada L."' in text) == (422, True)
        status, text = await fill(tab, page, INVITATION, token=token, name="Ada L.", password=NEW)
        assert (status, "Welcome" in text) == (200, True)
        assert tab.cookie("account") is None
        assert (await tab.get(page)).status_code == 404
        assert (await tab.sign_in(EMAIL, NEW)).status_code == 200


async def test_an_invitation_of_somebody_who_is_there_leads_to_the_sign_in_and_stays_open(site: Site) -> None:
    """N17: what was undone isn't half done."""
    token = await invite(site)
    await site.user(EMAIL)
    page = f"{INVITATION}?token={token}"
    async with browser(application(site)) as tab:
        status, text = await fill(tab, page, INVITATION, token=token, name="Ada", password=NEW)
        assert (status, "You have an account here already" in text) == (200, True)
        assert (await tab.get(page)).status_code == 200


async def test_an_address_is_verified_by_the_form_not_by_the_link(site: Site) -> None:
    """N14: mail scanners follow links."""
    user = await site.user(EMAIL)
    async with site.open_ctx(site.tenant_id) as ctx:
        await site.services.verification.request(ctx, user.id)
    token = await newest(site, "verify_email")
    async with browser(application(site)) as tab:
        assert EMAIL in (await tab.get(f"{VERIFY}?token={token}")).text
        async with site.open_ctx(site.tenant_id) as ctx:
            assert not (await site.users.get(ctx, user.id)).email_verified
        assert (await fill(tab, f"{VERIFY}?token={token}", VERIFY, token=token))[0] == 200
        async with site.open_ctx(site.tenant_id) as ctx:
            assert (await site.users.get(ctx, user.id)).email_verified
        assert (await tab.get(f"{VERIFY}?token={token}")).status_code == 404


@pytest.mark.parametrize("path", [SIGNUP, RECOVER, INVITATION, VERIFY])
@pytest.mark.parametrize("token", ["", "x", "A" * 64, "A" * 10_000, '"><script>alert(1)</script>', "%00", "%ff"])
async def test_what_is_no_open_link_is_one_page(site: Site, path: str, token: str) -> None:
    """N15, N29, N38"""
    async with browser(application(site)) as tab:
        answer = await tab.get(f"{path}?token={token}")
        assert answer.status_code == 404
        assert "This link doesn’t work any more" in answer.text
        assert "<script" not in answer.text


@pytest.mark.parametrize("path", [RECOVER, f"{RECOVER}/confirm", f"{SIGNUP}/confirm", INVITATION, VERIFY])
async def test_a_form_that_this_browser_wasnt_given_does_nothing(site: Site, path: str) -> None:
    """N11: without a cookie, with another browser's token, and with another page's."""
    await site.user(EMAIL)
    app = application(site)
    name = f"__Host-airside_entry_{format_id(TENANT, site.tenant_id)}"
    async with browser(app) as attacker, browser(app) as victim:
        stolen = token_of((await attacker.get(RECOVER)).text)
        fields = {"token": "x", "password": NEW, "csrf_token": stolen}
        allowed = {key: value for key, value in fields.items() if key == "csrf_token" or path not in (RECOVER, VERIFY)}
        assert (await victim.post(path, allowed)).status_code == 403
        await victim.get(RECOVER)
        assert (await victim.post(path, allowed)).status_code == 403
        for planted in ("", "x", "A" * 43):
            victim.client.cookies.clear()
            victim.client.cookies.set(name, planted, domain="airside.test")
            assert (await victim.post(path, allowed)).status_code == 403


async def test_one_pages_token_is_no_other_pages(site: Site) -> None:
    """N11"""
    async with browser(application(site)) as tab:
        token = token_of((await tab.get(RECOVER)).text)
        assert (await tab.post(VERIFY, {"token": "x", "csrf_token": token})).status_code == 403


async def test_the_token_stays_out_of_addresses_and_of_what_other_pages_learn(site: Site) -> None:
    """N37"""
    await site.user(EMAIL)
    async with browser(application(site)) as tab:
        await fill(tab, RECOVER, email=EMAIL)
        token = await newest(site, "recovery")
        page = await tab.get(f"{RECOVER}?token={token}")
    assert '<meta name="referrer" content="strict-origin">' in page.text
    assert not re.search(rf'(?:href|src|action)="[^"]*{token}', page.text)
    assert page.headers["cache-control"] == "no-store"


async def test_what_the_request_says_of_its_host_changes_no_link(site: Site) -> None:
    """N16, N31: every address on a page is a path."""
    await site.user(EMAIL)
    headers = {"x-forwarded-host": "evil.example", "forwarded": "host=evil.example", "x-original-host": "evil.example"}
    async with browser(application(site)) as tab:
        tab.client.headers.update(headers)
        pages = [await tab.get(path) for path in (SIGNIN, RECOVER, INVITATION)]
        await tab.sign_in(EMAIL, PASSWORD)
        pages += [await tab.get(f"{ACCOUNT}{part}") for part in ("", "/sessions", "/data", "/password")]
    for page in pages:
        assert "evil.example" not in page.text
        assert not re.search(r'(?:href|src|action)="(?!/|#|\?|data:)', page.text)


async def test_a_password_never_comes_back(site: Site) -> None:
    """N37"""
    await site.demand(TenantPolicy(signup="open"))
    async with browser(application(site, OPEN)) as tab:
        _, text = await fill(tab, SIGNUP, email="nobody", name="Ada", password="canary-password")
    assert "canary-password" not in text
