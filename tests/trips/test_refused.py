"""What must never happen, tried over HTTP: each class of attack by its number."""

import asyncio
import re
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from airside.oauth import ClientDraft
from tests.running import PASSWORD, Place
from tests.trips.visitor import (
    API,
    CALLBACK,
    FORM,
    NATIVE,
    callback_of,
    code_for,
    redeem,
    refresh,
    request_url,
    token_request,
    tokens_for,
    visitor,
)

SERVICE = ClientDraft(
    name="Service",
    public=False,
    grants=frozenset({"client_credentials"}),
    audiences=(API,),
    scopes=frozenset({"notes:read"}),
)
_CHANGING = re.compile(r'value="[^"]*"|flw_\w+|req_\w+|challenge&#34;:&#34;[\w-]+')


async def test_single_use_things_are_not_taken_for_each_other(place: Place) -> None:
    """N06."""
    user = await place.user()
    client, _ = await place.client(NATIVE)
    tokens = await tokens_for(place, client, user)
    async with visitor(place) as browser:
        code = await code_for(place, client, user, browser)
        binding = [value for name, value in browser.http.cookies.items() if "request" in name]
    for wrong in (tokens["refresh_token"], tokens["access_token"], tokens["id_token"], *binding):
        assert (await redeem(place, client, wrong)).json()["error"] == "invalid_grant"
    for wrong in (code, tokens["access_token"], tokens["id_token"], *binding):
        assert (await refresh(place, client, wrong)).json()["error"] == "invalid_grant"
    for bearer in (tokens["refresh_token"], tokens["id_token"], code):
        async with place.server.client() as http:
            answer = await http.get(f"{place.issuer}/oauth2/revocations", headers={"authorization": f"Bearer {bearer}"})
        assert answer.status_code == 401


async def test_code_belongs_to_its_client_and_is_used_once(place: Place) -> None:
    """N07."""
    user = await place.user()
    client, _ = await place.client(NATIVE)
    thief, _ = await place.client(replace(NATIVE, name="Thief"))
    async with visitor(place) as browser:
        code = await code_for(place, client, user, browser)
    assert (await redeem(place, thief, code)).json()["error"] == "invalid_grant"
    tokens = (await redeem(place, client, code)).json()
    assert (await refresh(place, thief, tokens["refresh_token"])).json()["error"] == "invalid_grant"
    async with visitor(place) as browser:
        code = await code_for(place, client, user, browser)
    tokens = (await redeem(place, client, code)).json()
    assert (await redeem(place, client, code)).json()["error"] == "invalid_grant"
    assert (await refresh(place, client, tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_fifty_redemptions_at_once_give_one_answer(place: Place) -> None:
    """N07."""
    user = await place.user()
    client, _ = await place.client(NATIVE)
    async with visitor(place) as browser:
        code = await code_for(place, client, user, browser)
    answers = await asyncio.gather(*(redeem(place, client, code) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 49


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
    ],
)
async def test_request_without_proof_key_never_reaches_the_form(place: Place, changes: dict[str, str | None]) -> None:
    """N08."""
    client, _ = await place.client(NATIVE)
    async with visitor(place) as browser:
        answer = callback_of(await browser.get(request_url(place, client, **changes)))
    assert answer["error"] == "invalid_request"
    assert (answer["state"], answer["iss"]) == ("s-1", place.issuer)


@pytest.mark.parametrize("verifier", ["", "x" * 43, "plain"])
async def test_code_without_its_verifier_gives_nothing(place: Place, verifier: str) -> None:
    """N08."""
    user = await place.user()
    client, _ = await place.client(NATIVE)
    async with visitor(place) as browser:
        code = await code_for(place, client, user, browser)
    assert (await redeem(place, client, code, code_verifier=verifier)).status_code == 400


@pytest.mark.parametrize(
    "uri",
    ["https://evil.example/callback", CALLBACK + "/..", "http://127.0.0.1@evil.example/callback", "//evil.example"],
)
async def test_foreign_redirect_uri_gets_a_page_and_no_redirect(place: Place, uri: str) -> None:
    """N09, N10: nor is anything of the request shown (N29)."""
    client, _ = await place.client(NATIVE)
    async with visitor(place) as browser:
        answer = await browser.get(request_url(place, client, redirect_uri=uri, state="<script>"))
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")
    assert "evil.example" not in answer.text
    assert "<script>" not in answer.text


async def test_stored_request_of_another_browser_gives_no_code(place: Place) -> None:
    """N11: login CSRF by a prepared request, and by a prepared flow."""
    victim = await place.user()
    client, _ = await place.client(NATIVE)
    async with visitor(place) as attacker, visitor(place) as browser:
        page = await attacker.get(request_url(place, client, state="attackers"))
        signed_in = await attacker.sign_in(page, await place.user())
        prepared = re.search(r'url=([^"]+)"', signed_in.text)
        assert prepared is not None
        await code_for(place, client, victim, browser)
        answer = await browser.get(f"{place.server.url}{prepared[1]}")
        assert answer.status_code == 400
        assert (await browser.http.get(str(page.url))).status_code == 404
        assert callback_of(await attacker.onward(signed_in))["state"] == "attackers"


async def test_wrong_password_and_unknown_user_are_one_page(place: Place) -> None:
    """N15: text, status and headers. (Time: G15.)"""
    known = await place.user()
    client, _ = await place.client(NATIVE)
    unknown = replace(known, email="nobody@example.com")
    pages: list[tuple[int, str, list[str]]] = []
    for user in (known, unknown):
        async with visitor(place) as browser:
            page = await browser.get(request_url(place, client))
            answer = await browser.sign_in(page, user, "not the password")
            pages.append((answer.status_code, _CHANGING.sub("", answer.text), sorted(answer.headers.keys())))
    assert pages[0] == pages[1]


async def test_nothing_of_one_tenant_works_at_another(place: Place) -> None:
    """N20."""
    other = await place.server.tenant()
    user = await place.user()
    client, _ = await place.client(NATIVE)
    service, secret = await place.client(SERVICE)
    assert secret is not None
    tokens = await tokens_for(place, client, user)
    async with visitor(place) as browser:
        code = await code_for(place, client, user, browser)
        there = await browser.get(request_url(other, client))
        assert there.status_code == 400
        flow = await browser.http.get(f"{other.issuer}/signin/flw_00000000000000000000000000")
        assert flow.status_code == 404
    assert (await redeem(other, client, code)).json()["error"] == "invalid_client"
    twin, _ = await other.client(NATIVE)
    assert (await redeem(other, twin, code)).json()["error"] == "invalid_grant"
    assert (await refresh(other, twin, tokens["refresh_token"])).json()["error"] == "invalid_grant"
    auth = (service.word, secret.reveal())
    form = {"grant_type": "client_credentials"}
    assert (await token_request(other, form, auth=auth)).status_code == 401
    assert (await token_request(place, form, auth=auth)).status_code == 200
    local, local_secret = await other.client(SERVICE)
    assert local_secret is not None
    answer = await token_request(
        other, {"token": tokens["access_token"]}, auth=(local.word, local_secret.reveal()), path="introspect"
    )
    assert answer.json() == {"active": False}
    assert (await redeem(place, client, code)).status_code == 200


async def test_tenant_that_never_was_is_not_there(place: Place) -> None:
    """N20: and what is asked of it doesn't matter."""
    async with place.server.client() as http:
        for slug in ("nobody-here", place.slug + "x", place.slug[:-1], place.slug.upper()):
            for path in ("oauth2/jwks", ".well-known/openid-configuration", "oauth2/authorize?resume=x", "signin"):
                assert (await http.get(f"/t/{slug}/{path}")).status_code == 404
            for path in ("token", "revoke", "introspect"):
                for body in ("client_id=x&token=y", "", "client_secret=x"):
                    answer = await http.post(f"/t/{slug}/oauth2/{path}", content=body, headers=FORM)
                    assert answer.status_code == 404


@pytest.mark.parametrize(
    "slug", ["T-UPPER", "..", "%2e%2e", "t-\u00e4", "'--", "x" * 2000, 'a"b', "\u4e2d", "a%0d%0ab"]
)
async def test_bent_slug_leads_nowhere(place: Place, slug: str) -> None:
    """N20: slug tricks."""
    async with place.server.client() as http:
        for path in ("oauth2/jwks", ".well-known/openid-configuration"):
            assert (await http.get(f"{place.server.url}/t/{slug}/{path}")).status_code in (400, 404)
        answer = await http.post(
            f"{place.server.url}/t/{slug}/oauth2/token",
            content="grant_type=client_credentials&client_id=x",
            headers=FORM,
        )
    assert answer.status_code in (400, 404)


async def test_secrets_stay_out_of_addresses_caches_and_logs(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    """N37."""
    user = await place.user()
    client, _ = await place.client(NATIVE)
    service, secret = await place.client(SERVICE)
    assert secret is not None
    with caplog.at_level("DEBUG"):
        async with visitor(place) as browser:
            code = await code_for(place, client, user, browser)
            for answer in browser.seen:
                assert "no-store" in answer.headers["cache-control"]
                assert PASSWORD not in str(answer.url)
        tokens = (await redeem(place, client, code)).json()
        await refresh(place, client, tokens["refresh_token"])
        wrong = await token_request(
            place, {"grant_type": "client_credentials"}, auth=(service.word, secret.reveal() + "x")
        )
        assert wrong.status_code == 401
    written = "\n".join(
        f"{record.getMessage()} {record.__dict__}" for record in caplog.records if "airside" in record.name
    )
    for canary in (PASSWORD, secret.reveal(), *(tokens[name] for name in ("access_token", "refresh_token"))):
        assert canary not in written
    async with place.server.client() as http:
        query = urlencode({"grant_type": "client_credentials", "client_id": service.word})
        assert (await http.get(f"{place.issuer}/oauth2/token?{query}")).status_code in (404, 405)
        posted = await http.post(f"{place.issuer}/oauth2/token?{query}", content=query, headers=FORM)
        assert (posted.status_code, posted.json()["error"]) == (400, "invalid_request")


def bent(secret: str) -> list[str]:
    """What is nearly `secret`."""
    return [secret[:-1], secret + "=", secret.swapcase(), " " + secret, secret + "A"]


async def test_nearly_right_is_wrong(place: Place) -> None:
    """N38: prefixes, case, white space, padding."""
    user = await place.user()
    client, _ = await place.client(NATIVE)
    service, secret = await place.client(SERVICE)
    assert secret is not None
    tokens = await tokens_for(place, client, user)
    for wrong in bent(tokens["refresh_token"]):
        assert (await refresh(place, client, wrong)).json()["error"] == "invalid_grant"
    for wrong in bent(secret.reveal()):
        answer = await token_request(place, {"grant_type": "client_credentials"}, auth=(service.word, wrong))
        assert answer.status_code == 401
    assert (await refresh(place, client, tokens["refresh_token"])).status_code == 200


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"grant_type=client_credentials&grant_type=client_credentials", FORM["content-type"]),
        (b'{"grant_type": "client_credentials"}', "application/json"),
        (b"grant_type=client_credentials", "text/plain"),
        (b"grant_type=%ff", FORM["content-type"]),
        (b"&".join(b"a%d=1" % n for n in range(100)), FORM["content-type"]),
        (b"a=" + b"x" * 70_000, FORM["content-type"]),
    ],
)
async def test_malformed_token_request_is_refused_by_name(place: Place, body: bytes, kind: str) -> None:
    async with place.server.client() as http:
        answer = await http.post(f"{place.issuer}/oauth2/token", content=body, headers={"content-type": kind})
    assert answer.status_code in (400, 413)


async def test_two_ways_of_authentication_are_refused(place: Place) -> None:
    """RFC 6749 §2.3."""
    service, secret = await place.client(SERVICE)
    assert secret is not None
    form = {"grant_type": "client_credentials", "client_id": service.word, "client_secret": secret.reveal()}
    both = await token_request(place, form, auth=(service.word, secret.reveal()))
    assert (both.status_code, both.json()["error"]) == (400, "invalid_request")
    assert (await token_request(place, form)).status_code == 200
    failed = await token_request(place, form | {"client_secret": "x"})
    assert (failed.status_code, failed.json()["error"]) == (401, "invalid_client")
    assert failed.headers["www-authenticate"].startswith("Basic realm=")
