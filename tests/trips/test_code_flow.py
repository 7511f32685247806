"""The main trip: form, code, tokens, refresh, theft caught, revocation."""

import asyncio
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import httpx2

from airside.oauth import ClientDraft
from airside.protocols.jose import peek_claims
from tests.running import Place
from tests.trips.visitor import (
    API,
    FORM,
    NATIVE,
    callback_of,
    code_for,
    redeem,
    refresh,
    request_of,
    request_url,
    token_request,
    tokens_for,
    visitor,
)

BACKEND = ClientDraft(
    name="Gateway",
    public=False,
    grants=frozenset({"client_credentials"}),
    audiences=(API,),
    scopes=frozenset({"notes:read"}),
)


async def gateway(place: Place) -> tuple[str, str]:
    """A resource server that may introspect."""
    client, secret = await place.client(BACKEND)
    assert secret is not None
    return client.word, secret.reveal()


async def is_active(place: Place, auth: tuple[str, str], token: str) -> bool:
    answer = await token_request(place, {"token": token}, auth=auth, path="introspect")
    assert answer.status_code == 200, answer.text
    return bool(answer.json()["active"])


async def test_form_to_code_to_tokens_to_refresh_to_theft_caught(place: Place) -> None:
    user = await place.user("administrator")
    client, _ = await place.client(NATIVE)
    auth = await gateway(place)

    # 1. The application sends its user here; a form asks who they are.
    async with visitor(place) as browser:
        page = await browser.get(request_url(place, client))
        assert page.status_code == 200
        assert "Sign in" in page.text
        done = await browser.sign_in(page, user)
        there = callback_of(await browser.onward(done))
    assert (there["state"], there["iss"]) == ("s-1", place.issuer)

    # 2. The code becomes tokens, once.
    answer = await redeem(place, client, there["code"])
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    first = answer.json()
    assert (first["token_type"], first["expires_in"], first["scope"]) == ("Bearer", 900, "notes:read openid")
    claims = peek_claims(first["access_token"])
    assert claims["iss"] == place.issuer
    assert claims["aud"] == API
    assert claims["roles"] == ["administrator", "member"]
    assert peek_claims(first["id_token"])["nonce"] == "n-1"
    assert await is_active(place, auth, first["access_token"])

    # 3. Refresh rotates; a lost answer is given again.
    second = (await refresh(place, client, first["refresh_token"])).json()
    again = (await refresh(place, client, first["refresh_token"])).json()
    assert again["refresh_token"] == second["refresh_token"] != first["refresh_token"]
    third = (await refresh(place, client, second["refresh_token"])).json()

    # 4. A thief comes with an old one: the family ends, its access tokens too.
    stolen = await refresh(place, client, first["refresh_token"])
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    assert (await refresh(place, client, third["refresh_token"])).json()["error"] == "invalid_grant"
    assert not await is_active(place, auth, third["access_token"])


async def test_second_application_needs_no_second_form(place: Place) -> None:
    user = await place.user()
    client, _ = await place.client(NATIVE)
    async with visitor(place) as browser:
        await code_for(place, client, user, browser)
        straight = await browser.get(request_url(place, client, state="s-2"))
        assert callback_of(straight)["state"] == "s-2"
        asked = await browser.get(request_url(place, client, prompt="login"))
        assert "Sign in" in asked.text
        silent = await browser.get(request_url(place, client, prompt="none"))
        assert "code" in callback_of(silent)


async def test_revoked_tokens_stop_working_within_a_second(place: Place) -> None:
    user = await place.user()
    client, _ = await place.client(NATIVE)
    auth = await gateway(place)
    tokens = await tokens_for(place, client, user)
    assert await is_active(place, auth, tokens["access_token"])
    form = {"client_id": client.word, "token": tokens["refresh_token"]}
    assert (await token_request(place, form, path="revoke")).status_code == 200
    assert not await is_active(place, auth, tokens["access_token"])
    assert (await refresh(place, client, tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await token_request(place, form, path="revoke")).status_code == 200


async def test_follower_hears_of_a_revocation_while_it_waits(place: Place) -> None:
    user = await place.user()
    client, _ = await place.client(NATIVE)
    follower = replace(BACKEND, audiences=(place.issuer,), scopes=frozenset({"revocations:read"}))
    service, secret = await place.client(follower)
    assert secret is not None
    auth = (service.word, secret.reveal())
    bearer = (await token_request(place, {"grant_type": "client_credentials"}, auth=auth)).json()["access_token"]
    tokens = await tokens_for(place, client, user)

    async with place.server.client() as http:

        async def follow(after: str, wait: int) -> dict[str, Any]:
            query = urlencode({"after": after, "wait": wait})
            answer = await http.get(
                f"{place.issuer}/oauth2/revocations?{query}", headers={"authorization": f"Bearer {bearer}"}
            )
            assert answer.status_code == 200, answer.text
            return answer.json()

        start = await follow("", 0)
        waiting = asyncio.create_task(follow(start["cursor"], 20))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        form = {"client_id": client.word, "token": tokens["access_token"]}
        assert (await token_request(place, form, path="revoke")).status_code == 200
        heard = await asyncio.wait_for(waiting, 1.0)
    assert [(entry["kind"], entry["id"]) for entry in heard["entries"]] == [
        ("jti", peek_claims(tokens["access_token"])["jti"])
    ]


async def test_feed_is_for_those_who_may_read_it(place: Place) -> None:
    """N22: a route without authorisation."""
    address = f"{place.issuer}/oauth2/revocations"
    service, secret = await place.client(replace(BACKEND, audiences=(place.issuer,)))
    assert secret is not None
    form = {"grant_type": "client_credentials"}
    bearer = (await token_request(place, form, auth=(service.word, secret.reveal()))).json()["access_token"]
    async with place.server.client() as http:
        assert (await http.get(address)).status_code == 401
        assert (await http.get(address, headers={"authorization": "Bearer x.y.z"})).status_code == 401
        assert (await http.get(address, headers={"authorization": f"Bearer {bearer}"})).status_code == 403


async def test_post_from_the_applications_page_signs_in_too(place: Place) -> None:
    user = await place.user()
    client, _ = await place.client(NATIVE)
    async with visitor(place) as browser:
        await code_for(place, client, user, browser)
        headers = {**FORM, "origin": "https://app.example.test", "sec-fetch-site": "cross-site"}
        posted = await browser.http.post(
            f"{place.issuer}/oauth2/authorize", content=urlencode(request_of(client)), headers=headers
        )
        assert posted.status_code == 303
        assert "code" in callback_of(await browser.get(f"{place.server.url}{posted.headers['location']}"))


async def test_discovery_leads_to_everything(place: Place) -> None:
    """RFC 8414 §3.1: at both addresses, the same."""
    async with place.server.client() as http:
        one = await http.get(f"{place.issuer}/.well-known/openid-configuration")
        two = await http.get(f"/.well-known/oauth-authorization-server/t/{place.slug}")
        assert one.status_code == two.status_code == 200
        document = one.json()
        assert document == two.json()
        assert document["issuer"] == place.issuer
        keys = await http.get(document["jwks_uri"])
        assert {key["alg"] for key in keys.json()["keys"]} == {"ES256", "RS256"}
        assert not {"d", "p", "q", "k"} & {name for key in keys.json()["keys"] for name in key}
        for name, address in document.items():
            if name.endswith("_endpoint"):
                assert await _answers(http, str(address)), name


async def _answers(http: httpx2.AsyncClient, address: str) -> bool:
    return (await http.post(address, content="", headers=FORM)).status_code in (303, 400, 401)
