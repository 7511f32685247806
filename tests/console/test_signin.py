"""The sign-in page: a plain form, bound to its browser, telling nobody anything."""

import re
from urllib.parse import urlencode

import pytest

from tests.console.site import ACCOUNT, PASSWORD, SIGNIN, Site, application, browser, strange_scripts, token_of

EMAIL = "ada@example.com"


async def test_signing_in_sets_both_cookies_and_leads_on_from_a_200(site: Site) -> None:
    await site.user(EMAIL)
    async with browser(application(site)) as tab:
        answer = await tab.sign_in(EMAIL, PASSWORD)
        assert answer.status_code == 200
        assert f'content="0;url={ACCOUNT}"' in answer.text
        assert f'href="{ACCOUNT}"' in answer.text
        sso, account = tab.cookie("sso"), tab.cookie("account")
        assert sso
        assert account
        assert sso != account
        assert tab.cookie("flow") is None
        lines = answer.headers.get_list("set-cookie")
    assert all("; Path=/; Secure; HttpOnly; SameSite=" in line for line in lines)
    assert [re.findall("airside_(.+?)_.*SameSite=(.+?)(?:;|$)", line)[0] for line in lines] == [
        ("sso", "Lax"),
        ("account", "Strict"),
        ("flow", "Lax"),
    ]


async def test_signing_in_leads_on_to_a_path_of_the_tenant(site: Site) -> None:
    await site.user(EMAIL)
    async with browser(application(site)) as tab:
        answer = await tab.sign_in(EMAIL, PASSWORD, "/t/acme/oauth2/authorize?resume=a&b=%22")
    assert 'content="0;url=/t/acme/oauth2/authorize?resume=a&amp;b=%22"' in answer.text


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/t/acme/",
        "/\\evil.example",
        "/t/acme/../../evil",
        "/t/acme/%2e%2e/x",
        "/t/other/account",
        "/t/acme/\t",
        "javascript:alert(1)",
        "/t/acme//evil.example",
    ],
)
async def test_a_target_elsewhere_is_as_good_as_none(site: Site, target: str) -> None:
    """N10: open redirect through `continue`."""
    await site.user(EMAIL)
    async with browser(application(site)) as tab:
        answer = await tab.sign_in(EMAIL, PASSWORD, target)
    assert f'content="0;url={ACCOUNT}"' in answer.text
    assert "evil" not in answer.text
    assert strange_scripts(answer.text) == []


async def test_markup_in_a_target_is_text(site: Site) -> None:
    """N29"""
    await site.user(EMAIL)
    async with browser(application(site)) as tab:
        answer = await tab.sign_in(EMAIL, PASSWORD, '/t/acme/"><script>alert(1)</script>')
    assert strange_scripts(answer.text) == []
    assert 'content="0;url=/t/acme/&#34;&gt;' in answer.text


async def test_two_targets_are_as_good_as_none(site: Site) -> None:
    """N10: which of the two counts depends on the reader."""
    await site.user(EMAIL)
    async with browser(application(site)) as tab:
        shown = await tab.get(f"{SIGNIN}?continue=/t/acme/a&continue=/t/acme/b")
        fields = {"email": EMAIL, "password": PASSWORD, "csrf_token": token_of(shown.text)}
        answer = await tab.post(shown.url.path, fields)
    assert f'content="0;url={ACCOUNT}"' in answer.text


async def test_wrong_unknown_and_empty_answers_are_the_same_page(site: Site) -> None:
    """N15: to the byte, but for the address that the visitor typed and the form's token."""
    await site.user(EMAIL)
    pages: set[str] = set()
    async with browser(application(site)) as tab:
        for email in (EMAIL, "bob@example.com"):
            answer = await tab.sign_in(email, "wrong")
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Form"
            assert tab.cookie("sso") is None
            own = re.sub(r'data-options="[^"]*"', "", answer.text)
            pages.add(own.replace(token_of(answer.text), "").replace(email, ""))
    assert len(pages) == 1
    assert "e-mail and password don’t match" in pages.pop()


async def test_a_wrong_answer_can_be_mended_on_the_page_it_gave(site: Site) -> None:
    await site.user(EMAIL)
    async with browser(application(site)) as tab:
        wrong = await tab.sign_in(EMAIL, "wrong")
        fields = {"email": EMAIL, "password": PASSWORD, "csrf_token": token_of(wrong.text)}
        assert (await tab.post(wrong.url.path, fields)).status_code == 200
        assert tab.cookie("account")


async def test_the_sixth_guess_is_a_429_that_says_how_long(site: Site) -> None:
    """N13"""
    await site.user(EMAIL)
    async with browser(application(site)) as tab:
        for _ in range(5):
            assert (await tab.sign_in(EMAIL, "wrong")).status_code == 401
        answer = await tab.sign_in(EMAIL, PASSWORD)
        assert tab.cookie("sso") is None
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 12
    assert "Too many attempts" in answer.text


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "A" * 10_000])
async def test_a_form_without_its_token_is_refused(site: Site, token: str) -> None:
    """N11: a form made elsewhere can't sign anybody in."""
    await site.user(EMAIL)
    async with browser(application(site)) as tab:
        shown = await tab.get(SIGNIN)
        fields = {"email": EMAIL, "password": PASSWORD, "csrf_token": token}
        assert (await tab.post(shown.url.path, fields)).status_code == 403
        assert tab.cookie("sso") is None


async def test_anothers_flow_cant_be_gone_on_with(site: Site) -> None:
    """N11: login CSRF, with the attacker's own flow, its token and all."""
    await site.user(EMAIL)
    app = application(site)
    async with browser(app) as attacker, browser(app) as victim:
        shown = await attacker.get(SIGNIN)
        fields = {"email": EMAIL, "password": PASSWORD, "csrf_token": token_of(shown.text)}
        assert (await victim.get(shown.url.path)).status_code == 404
        assert (await victim.post(shown.url.path, fields)).status_code == 404
        await victim.get(SIGNIN)
        assert (await victim.get(shown.url.path)).status_code == 404
        assert (await victim.post(shown.url.path, fields)).status_code == 403
        assert victim.cookie("sso") is None


async def test_a_replayed_form_signs_nobody_in(site: Site) -> None:
    """N14"""
    await site.user(EMAIL)
    async with browser(application(site)) as tab:
        shown = await tab.get(SIGNIN)
        flow = tab.cookie("flow")
        fields = {"email": EMAIL, "password": PASSWORD, "csrf_token": token_of(shown.text)}
        assert (await tab.post(shown.url.path, fields)).status_code == 200
        name = next(name for name in tab.client.cookies if "_sso_" in name).replace("_sso_", "_flow_")
        tab.client.cookies.clear()
        tab.client.cookies.set(name, flow or "", domain="airside.test")
        assert (await tab.post(shown.url.path, fields)).status_code == 404
        assert tab.cookie("sso") is None


@pytest.mark.parametrize("value", ["x", "A" * 42, "A" * 44, "A" * 43])
async def test_a_made_up_flow_cookie_opens_nothing(site: Site, value: str) -> None:
    """N38"""
    async with browser(application(site)) as tab:
        shown = await tab.get(SIGNIN)
        name = next(iter(tab.client.cookies))
        tab.client.cookies.clear()
        tab.client.cookies.set(name, value, domain="airside.test")
        assert (await tab.get(shown.url.path)).status_code == 404
        answer = await tab.post(shown.url.path, {"email": EMAIL, "password": "x", "csrf_token": "A" * 43})
        assert answer.status_code in (403, 404)


@pytest.mark.parametrize("path", ["/t/acme/signin/flw_0", "/t/acme/signin/x", "/t/other/signin"])
async def test_what_is_not_there_is_a_404_page(site: Site, path: str) -> None:
    """N20: a malformed flow, an unknown tenant."""
    async with browser(application(site)) as tab:
        answer = await tab.get(path)
    assert answer.status_code == 404
    assert "This page isn’t here" in answer.text


async def test_a_form_over_its_cap_of_another_kind_or_with_more_fields_is_refused(site: Site) -> None:
    """N21: what wasn't asked for isn't read."""
    async with browser(application(site)) as tab:
        path = (await tab.get(SIGNIN)).url.path
        assert (await tab.post(path, {"email": "x" * 20_000})).status_code == 413
        assert (await tab.post(path, {"email": EMAIL, "acr": "aal3"})).status_code == 400
        twice = urlencode([("email", EMAIL), ("email", "bob@example.com")])
        kind = {"content-type": "application/x-www-form-urlencoded"}
        assert (await tab.client.post(path, content=twice, headers=kind)).status_code == 400
        assert (await tab.client.post(path, content="email=%ff", headers=kind)).status_code == 400
        assert (await tab.client.post(path, content=b"email=\xff", headers=kind)).status_code == 400
        many = "&".join(f"f{number}=1" for number in range(1000))
        assert (await tab.client.post(path, content=many, headers=kind)).status_code == 400
        plain = {"content-type": "text/plain"}
        assert (await tab.client.post(path, content="email=a", headers=plain)).status_code == 400


@pytest.mark.parametrize(
    "typed", ['"><script>alert(1)</script>', "' onfocus=alert(1) autofocus='", "{{ 1337*7331 }}", "</title><img src=x>"]
)
async def test_what_was_typed_comes_back_as_text(site: Site, typed: str) -> None:
    """N29, N30: reflected through the address field."""
    async with browser(application(site)) as tab:
        answer = await tab.sign_in(typed, "wrong")
    assert answer.status_code == 401
    assert strange_scripts(answer.text) == []
    assert "<img" not in answer.text
    assert "' onfocus" not in answer.text
    assert "9801547" not in answer.text


async def test_the_password_never_comes_back(site: Site) -> None:
    """N37"""
    async with browser(application(site)) as tab:
        answer = await tab.sign_in(EMAIL, "canary-password")
    assert "canary-password" not in answer.text


async def test_pages_are_not_cached_and_carry_no_inline_script_or_style(site: Site) -> None:
    """N39: what the strict policy forbids isn't there to begin with."""
    await site.user(EMAIL)
    async with browser(application(site)) as tab:
        shown = await tab.get(SIGNIN)
        done = await tab.sign_in(EMAIL, PASSWORD)
        account = await tab.get(ACCOUNT)
        gone = await tab.get("/t/acme/signin/x")
    for answer in (shown, done, account, gone):
        assert answer.headers["cache-control"] == "no-store"
        assert strange_scripts(answer.text) == []
        assert "<style" not in answer.text
        assert not re.search(r"\s(?:style|on\w+)=", answer.text)


async def test_the_form_is_labelled_for_people_and_their_tools(site: Site) -> None:
    async with browser(application(site)) as tab:
        shown = (await tab.get(SIGNIN)).text
        failed = (await tab.sign_in(EMAIL, "wrong")).text
    for kind, autocomplete in (("email", "username webauthn"), ("password", "current-password")):
        assert f'<label for="{kind}">' in shown
        assert re.search(f'id="{kind}"[^>]*autocomplete="{autocomplete}"', shown)
        assert re.search(f'id="{kind}"[^>]*aria-describedby="problem" aria-invalid="true"', failed)
    assert "aria-invalid" not in shown
    assert 'id="problem" role="alert"' in failed
    assert '<html lang="en">' in shown
