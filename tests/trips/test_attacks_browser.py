"""N06, N10, N11, N14, N39: what a page of somebody else's can make a browser do here. Over HTTP."""

from urllib.parse import quote, urlencode

import pytest

from airside.core.ids import FLOW
from airside.signin import account_cookie, flow_cookie, sso_cookie
from tests.running import Place
from tests.trips.visitor import (
    FORM,
    NATIVE,
    callback_of,
    code_for,
    csrf_of,
    redeem,
    refresh,
    request_of,
    request_url,
    visitor,
)


async def test_cookies_are_not_taken_for_each_other(place: Place) -> None:
    """N06: each under every other name, and as code, refresh and bearer token."""
    user = await place.user()
    client, _ = await place.client(NATIVE)
    names = [sso_cookie(place.tenant_id), account_cookie(place.tenant_id), flow_cookie(place.tenant_id)]
    async with visitor(place) as browser:
        page = await browser.get(f"{place.issuer}/signin")
        flow = browser.http.cookies[names[2]]
        assert (await browser.sign_in(page, user)).status_code == 200
        held = dict(browser.http.cookies)
        sso, account = held[names[0]], held[names[1]]
    for value in (sso, account, flow):
        async with visitor(place) as other:
            headers = {"cookie": "; ".join(f"{name}={value}" for name in names if held.get(name, flow) != value)}
            asked = await other.http.get(request_url(place, client, prompt="none"), headers=headers)
            assert callback_of(asked)["error"] == "login_required"
            assert (await other.http.get(f"{place.issuer}/account", headers=headers)).is_redirect
            shown = await other.http.get(str(page.url), headers={"cookie": f"{names[2]}={sso}"})
            assert shown.status_code == 404
        assert (await redeem(place, client, value)).json()["error"] == "invalid_grant"
        assert (await refresh(place, client, f"art_{value}")).json()["error"] == "invalid_grant"
        async with place.server.client() as http:
            answer = await http.get("/stores", headers={"authorization": f"Bearer {value}"})
        assert answer.status_code == 401


async def test_flow_of_the_last_tab_is_the_only_one_that_goes_on(place: Place) -> None:
    """N11: a newer flow takes the cookie, and the older page's form is then a foreign one."""
    user = await place.user()
    async with visitor(place) as browser:
        old = await browser.get(f"{place.issuer}/signin")
        new = await browser.get(f"{place.issuer}/signin")
        assert (await browser.sign_in(old, user)).status_code == 403
        assert (await browser.http.get(str(old.url))).status_code == 404
        fields = {"email": user.email, "password": "x", "csrf_token": csrf_of(old)}
        headers = {**FORM, "origin": place.server.url}
        swapped = await browser.http.post(str(new.url), content=urlencode(fields), headers=headers)
        assert swapped.status_code == 403
        assert (await browser.sign_in(new, user)).status_code == 200


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/t/{slug}/../../../evil",
        "/t/{slug}/%2e%2e/x",
        "/t/{slug}//evil.example",
        "/t/{slug}",
        "/t/{slug}evil/",
        "/t/other/account",
        "javascript:alert(1)",
        "/t/{slug}/x\r\nset-cookie: a=b",
        "/t/{slug}/\tx",
    ],
)
async def test_sign_in_goes_on_within_its_tenant_or_to_the_account(place: Place, target: str) -> None:
    """N10."""
    user = await place.user()
    async with visitor(place) as browser:
        wanted = quote(target.replace("{slug}", place.slug), safe="")
        page = await browser.get(f"{place.issuer}/signin?continue={wanted}")
        done = await browser.sign_in(page, user)
    assert done.status_code == 200
    assert f'content="0;url=/t/{place.slug}/account"' in done.text


@pytest.mark.parametrize("parameter", ["continue", "next", "return_to", "RelayState", "post_logout_redirect_uri"])
async def test_authorize_follows_no_address_but_the_clients_own(place: Place, parameter: str) -> None:
    """N10: neither before the redirect URI is proven nor after, nor when a request is brought back."""
    client, _ = await place.client(NATIVE)
    more = f"&{parameter}={quote('https://evil.example/', safe='')}"
    async with visitor(place) as browser:
        for url in (
            request_url(place, client, prompt="none") + more,
            request_url(place, client, scope="unknown") + more,
            request_url(place, client, redirect_uri="https://evil.example/") + more,
            f"{place.issuer}/oauth2/authorize?resume={'x' * 43}{more}",
        ):
            answer = await browser.http.get(url)
            assert "evil.example" not in answer.headers.get("location", "")
            assert answer.status_code in (303, 400)


async def test_request_is_brought_back_once(place: Place) -> None:
    """N11, N14: the address lies in the browser's history."""
    user = await place.user()
    client, _ = await place.client(NATIVE)
    async with visitor(place) as browser:
        await code_for(place, client, user, browser)
        (resumed,) = [str(seen.url) for seen in browser.seen if "resume=" in str(seen.url)]
        assert (await browser.http.get(resumed)).status_code == 400


async def test_post_to_authorize_reads_no_cookie(place: Place) -> None:
    """N11: a foreign form can't spend the visitor's session; it is stored, and comes back by a GET."""
    user = await place.user()
    client, _ = await place.client(NATIVE)
    async with visitor(place) as browser:
        await code_for(place, client, user, browser)
        headers = {**FORM, "origin": "https://evil.example", "sec-fetch-site": "cross-site"}
        silent = urlencode(request_of(client, prompt="none"))
        posted = await browser.http.post(f"{place.issuer}/oauth2/authorize", content=silent, headers=headers)
        assert posted.status_code == 303
        assert posted.headers["location"].startswith(f"/t/{place.slug}/oauth2/authorize?resume=")
        assert "code=" not in posted.headers["location"]
    async with visitor(place) as stranger:
        assert (await stranger.http.get(f"{place.server.url}{posted.headers['location']}")).status_code == 400


@pytest.mark.parametrize("path", ["signin/{flow}", "account/signout", "account/sessions/{flow}/end"])
async def test_foreign_form_changes_nothing(place: Place, path: str) -> None:
    """N11: CSRF, with the visitor's cookies."""
    user = await place.user()
    async with visitor(place) as browser:
        page = await browser.get(f"{place.issuer}/signin")
        await browser.sign_in(page, user)
        address = f"{place.issuer}/{path.replace('{flow}', FLOW + '_00000000000000000000000000')}"
        for headers in (
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"origin": place.server.url, "sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
            {},
        ):
            answer = await browser.http.post(address, content="everywhere=1", headers={**FORM, **headers})
            assert answer.status_code == 403, headers
        assert (await browser.http.get(f"{place.issuer}/account")).status_code == 200


async def test_methods_nobody_declared_do_nothing(place: Place) -> None:
    """N22, N39."""
    client, _ = await place.client(NATIVE)
    async with visitor(place) as browser:
        for method in ("HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"):
            answer = await browser.http.request(method, request_url(place, client))
            assert answer.status_code == 405, method
            assert "set-cookie" not in answer.headers
        for method in ("GET", "HEAD", "PUT", "OPTIONS"):
            for path in ("token", "revoke", "introspect"):
                answer = await browser.http.request(method, f"{place.issuer}/oauth2/{path}")
                assert answer.status_code == 405, (method, path)
        assert (await browser.http.request("TRACE", f"{place.issuer}/signin")).status_code == 405


async def test_foreign_page_reads_no_answer(place: Place) -> None:
    """N39: no origin is listed, so none may read: not the token endpoint's answer, not a refusal's."""
    async with visitor(place) as browser:
        for path in ("token", "revoke", "introspect"):
            url = f"{place.issuer}/oauth2/{path}"
            for origin in ("https://evil.example", "null"):
                asked = {"origin": origin, "access-control-request-method": "POST"}
                answers = [
                    await browser.http.options(url, headers=asked),
                    await browser.http.post(url, content="client_id=x&token=x", headers={**FORM, "origin": origin}),
                ]
                for answer in answers:
                    assert not [name for name in answer.headers if name.startswith("access-control-")]
