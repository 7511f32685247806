"""Password, factors, passkeys, activity, data: what somebody changes about how they sign in, and what it asks for."""

import base64
import json
import re
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

import pytest

from airside.core.ids import FACTOR, PASSKEY, format_id
from airside.protocols import otp
from airside.tenancy.policy import ErasurePolicy, TenantPolicy
from tests.console.site import ACCOUNT, PASSWORD, SIGNIN, Browser, Site, application, browser, token_of

EMAIL = "ada@example.com"
NEW = "a new and better password"
PARTS = ("", "/password", "/factors", "/passkeys", "/passkeys/new", "/sessions", "/activity", "/data")
FORMS = (
    "/password",
    "/factors/totp",
    "/factors/codes",
    f"/factors/totp/{FACTOR}_00000000000000000000000000/remove",
    f"/passkeys/{PASSKEY}_00000000000000000000000000/remove",
    "/data/download",
    "/data/delete",
)


async def send(tab: Browser, page: str, action: str = "", **fields: str) -> tuple[int, str, str]:
    """Open the account's `page`, send its form to `action`: status, text, and where it leads."""
    shown = await tab.get(f"{ACCOUNT}{page}")
    answer = await tab.post(f"{ACCOUNT}{action or page}", {**fields, "csrf_token": token_of(shown.text)})
    return answer.status_code, answer.text, answer.headers.get("location", "")


async def enrol(site: Site, tab: Browser) -> bytes:
    """An authenticator app, set up over the pages; its secret."""
    status, text, _ = await send(tab, "/factors", "/factors/totp")
    assert status == 200
    found = re.search(r'<p class="secret"><code>([A-Z2-7 ]+)</code>', text)
    confirm = re.search(r'action="([^"]+/confirm)"', text)
    assert found is not None
    assert confirm is not None
    secret = base64.b32decode(found[1].replace(" ", ""))
    code = otp.code_at(secret, otp.step_at(site.services.clock.now()) - 1)
    answer = await tab.post(confirm[1], {"code": code, "csrf_token": token_of(text)})
    assert answer.status_code == 200
    assert len(re.findall(r"<li>[0-9a-z]{5}-[0-9a-z]{5}</li>", answer.text)) == 10
    lines = answer.headers.get_list("set-cookie")
    assert [line.partition("_ten")[0] for line in lines] == ["__Host-airside_sso", "__Host-airside_account"]
    return secret


@pytest.mark.parametrize("part", PARTS)
async def test_every_part_needs_the_strict_cookie(site: Site, part: str) -> None:
    """N06, N22"""
    async with browser(application(site)) as tab:
        answer = await tab.client.get(f"{ACCOUNT}{part}")
    back = urlencode({"continue": f"{ACCOUNT}{part}"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{SIGNIN}?{back}" if part else SIGNIN)


@pytest.mark.parametrize("form", FORMS)
async def test_no_form_works_without_its_own_sessions_token(site: Site, form: str) -> None:
    """N11"""
    await site.user(EMAIL)
    app = application(site)
    async with browser(app) as tab, browser(app) as other:
        await tab.sign_in(EMAIL, PASSWORD)
        await other.sign_in(EMAIL, PASSWORD)
        foreign = token_of((await other.get(ACCOUNT)).text)
        for token in ("", "A" * 43, foreign):
            assert (await tab.post(f"{ACCOUNT}{form}", {"csrf_token": token})).status_code == 403


async def test_a_changed_password_ends_every_other_session(site: Site) -> None:
    await site.user(EMAIL)
    app = application(site)
    async with browser(app) as tab, browser(app) as other:
        await tab.sign_in(EMAIL, PASSWORD)
        await other.sign_in(EMAIL, PASSWORD)
        status, text, _ = await send(tab, "/password", current=PASSWORD, password=NEW)
        assert (status, "Your password is changed" in text) == (200, True)
        assert (await other.client.get(ACCOUNT)).status_code == 303
        assert (await tab.client.get(ACCOUNT)).status_code == 200
        assert (await other.sign_in(EMAIL, PASSWORD)).status_code == 401
        assert (await other.sign_in(EMAIL, NEW)).status_code == 200


@pytest.mark.parametrize(
    ("current", "new", "status", "field", "said"),
    [
        ("wrong", NEW, 401, "current", "current password"),
        (PASSWORD, "short", 422, "password", "at least 8 characters"),
        (PASSWORD, PASSWORD, 422, "password", "used that password before"),
    ],
)
async def test_a_refused_password_is_told_at_its_field_and_changes_nothing(
    site: Site, current: str, new: str, status: int, field: str, said: str
) -> None:
    await site.user(EMAIL)
    async with browser(application(site)) as tab:
        await tab.sign_in(EMAIL, PASSWORD)
        code, text, _ = await send(tab, "/password", current=current, password=new)
        assert code == status
        assert re.search(rf'id="{field}-problem">[^<]*{said}', text)
        assert "<title>Error: " in text
        assert (await tab.sign_in(EMAIL, PASSWORD)).status_code == 200


async def test_an_app_is_set_up_asked_for_and_removed(site: Site) -> None:
    """N12: a session that began before the factor is asked for it before it may take it away."""
    await site.user(EMAIL)
    app = application(site)
    async with browser(app) as tab, browser(app) as other:
        await other.sign_in(EMAIL, PASSWORD)
        await tab.sign_in(EMAIL, PASSWORD)
        secret = await enrol(site, tab)
        shown = (await tab.get(f"{ACCOUNT}/factors")).text
        assert "10 codes left" in shown
        remove = re.search(rf'action="{ACCOUNT}(/factors/totp/[^"]+/remove)"', shown)
        assert remove is not None
        status, _, target = await send(other, "/factors", remove[1])
        assert (status, target.startswith(SIGNIN)) == (303, True)
        asked = await other.get(target)
        assert "authenticator app" in asked.text
        fields = {
            "kind": "totp",
            "code": otp.code_at(secret, otp.step_at(site.services.clock.now())),
            "csrf_token": token_of(asked.text),
        }
        done = await other.post(asked.url.path, fields)
        assert (done.status_code, f'content="0;url={ACCOUNT}/factors"' in done.text) == (200, True)
        status, _, target = await send(other, "/factors", remove[1])
        assert (status, target) == (303, f"{ACCOUNT}/factors")
        assert "An app on your phone" in (await other.get(f"{ACCOUNT}/factors")).text


async def test_a_wrong_first_code_shows_the_same_key_again(site: Site) -> None:
    await site.user(EMAIL)
    async with browser(application(site)) as tab:
        await tab.sign_in(EMAIL, PASSWORD)
        _, text, _ = await send(tab, "/factors", "/factors/totp")
        confirm = re.findall(r'action="([^"]+/confirm)"', text)[0]
        key = re.findall(r'<p class="secret"><code>([^<]+)', text)
        answer = await tab.post(confirm, {"code": "000000x", "csrf_token": token_of(text)})
        assert answer.status_code == 401
        assert re.findall(r'<p class="secret"><code>([^<]+)', answer.text) == key
        assert 'id="code-problem"' in answer.text


async def test_a_sign_in_with_a_factor_goes_on_by_code_or_recovery_code(site: Site) -> None:
    await site.user(EMAIL)
    app = application(site)
    async with browser(app) as tab, browser(app) as other:
        await tab.sign_in(EMAIL, PASSWORD)
        await enrol(site, tab)
        _, text, _ = await send(tab, "/factors", "/factors/codes")
        code = re.findall(r"<li>([0-9a-z]{5}-[0-9a-z]{5})</li>", text)[0]
        asked = await other.sign_in(EMAIL, PASSWORD)
        assert other.cookie("account") is None
        assert 'inputmode="numeric"' in asked.text
        assert 'autocomplete="one-time-code"' in asked.text
        path = asked.url.path
        wrong = await other.post(path, {"kind": "totp", "code": "x", "csrf_token": token_of(asked.text)})
        assert (wrong.status_code, 'id="code-problem"' in wrong.text) == (401, True)
        shown = await other.get(f"{path}?with=recovery_code")
        fields = {"kind": "recovery_code", "code": code, "csrf_token": token_of(shown.text)}
        assert (await other.post(path, fields)).status_code == 200
        assert other.cookie("account")


async def test_what_is_old_is_proven_again_before_anything_is_changed(site: Site) -> None:
    """N12: a session left open is no proof that it is still the same person."""
    await site.user(EMAIL)
    async with browser(application(site)) as tab:
        await tab.sign_in(EMAIL, PASSWORD)
        past = site.services.clock.now() - timedelta(minutes=11)
        async with site.open_ctx(site.tenant_id) as ctx:
            query = "update airside.user_session set auth_time = %s where tenant_id = %s"
            await ctx.tx.run(query, (past, ctx.tenant_id))
        for page, form in (("/factors", "/factors/totp"), ("/data", "/data/download"), ("/data", "/data/delete")):
            status, _, target = await send(tab, page, form)
            assert (status, target.startswith(SIGNIN)) == (303, True), form
        assert (await tab.client.get(f"{ACCOUNT}/passkeys/new")).status_code == 303


async def test_activity_tells_what_happened_to_oneself_alone(site: Site) -> None:
    """N40"""
    await site.user(EMAIL)
    await site.user("bob@example.com")
    app = application(site)
    async with browser(app, "192.0.2.7") as tab, browser(app, "192.0.2.99") as other:
        await tab.sign_in(EMAIL, PASSWORD)
        await other.sign_in("bob@example.com", PASSWORD)
        text = (await tab.get(f"{ACCOUNT}/activity")).text
    assert "Signed in" in text
    assert "192.0.2.7" in text
    assert "192.0.2.99" not in text


async def test_the_download_holds_ones_own_data_and_no_secret(site: Site) -> None:
    """N37, N40"""
    await site.user(EMAIL, "Ada Lovelace")
    await site.user("bob@example.com")
    async with browser(application(site), "192.0.2.7") as tab:
        await tab.sign_in(EMAIL, PASSWORD)
        await enrol(site, tab)
        _, text, _ = await send(tab, "/data", "/data/download")
    told = json.loads(text)
    assert (told["email"], told["name"], told["has_password"]) == (EMAIL, "Ada Lovelace", True)
    assert (len(told["authenticator_apps"]), told["recovery_codes_left"]) == (1, 10)
    assert told["sessions"][0]["address"] == "192.0.2.7"
    assert "bob@example.com" not in text
    assert not re.search(r"hash|secret|argon2", text)


@pytest.mark.parametrize(("days", "said"), [(30, "Your account is out of use"), (0, "Your account is deleted")])
async def test_an_account_is_deleted_by_whoever_types_its_address(site: Site, days: int, said: str) -> None:
    """N18: at once or later, nobody signs in to it any more."""
    await site.user(EMAIL)
    await site.demand(TenantPolicy(erasure=ErasurePolicy(grace_days=days)))
    async with browser(application(site)) as tab:
        await tab.sign_in(EMAIL, PASSWORD)
        status, text, _ = await send(tab, "/data", "/data/delete", confirmation="bob@example.com")
        assert (status, 'id="confirmation-problem"' in text) == (422, True)
        status, text, _ = await send(tab, "/data", "/data/delete", confirmation=f" {EMAIL.upper()} ")
        assert (status, said in text) == (200, True)
        assert tab.cookie("account") is None
        assert (await tab.client.get(ACCOUNT)).status_code == 303
        assert (await tab.sign_in(EMAIL, PASSWORD)).status_code == 401


async def test_a_device_can_be_forgotten_and_nobody_elses(site: Site) -> None:
    """N20"""
    await site.user(EMAIL)
    await site.user("bob@example.com")
    app = application(site)
    async with browser(app) as tab, browser(app) as other:
        await tab.sign_in(EMAIL, PASSWORD)
        await other.sign_in("bob@example.com", PASSWORD)
        forget = re.findall(
            r'action="/t/acme/account(/devices/[^"]+/forget)"', (await tab.get(f"{ACCOUNT}/sessions")).text
        )
        assert len(forget) == 1
        assert (await send(other, "/sessions", forget[0]))[0] == 404
        assert (await send(tab, "/sessions", forget[0]))[0] == 303
        assert (await send(tab, "/sessions", forget[0]))[0] == 404
        assert (await tab.client.get(ACCOUNT)).status_code == 200


@pytest.mark.parametrize("path", ["factors/totp/{id}/remove", "passkeys/{id}/remove", "passkeys/{id}/rename"])
@pytest.mark.parametrize("word", ["x", "usr_00000000000000000000000000", format_id(PASSKEY, UUID(int=7))])
async def test_what_isnt_there_isnt_ones_own(site: Site, path: str, word: str) -> None:
    """N20"""
    await site.user(EMAIL)
    async with browser(application(site)) as tab:
        await tab.sign_in(EMAIL, PASSWORD)
        more = {"name": "Phone"} if path.endswith("rename") else {}
        assert (await send(tab, "", "/" + path.replace("{id}", word), **more))[0] == 404
