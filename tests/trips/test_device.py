"""A device is let in: over HTTP only, from the codes to the tokens, and by what clients that know RFC 8628 read."""

from typing import Any
from urllib.parse import urlencode

import httpx2

from airside.oauth import Client
from airside.oauth.model import DEVICE_CODE, JWT_BEARER, TOKEN_EXCHANGE
from airside.protocols.jose import peek_claims
from tests.oauth.grants_kit import TELEVISION
from tests.running import Place
from tests.trips.visitor import FORM, Visitor, csrf_of, refresh, token_request, visitor


async def begin(place: Place, client: Client, **more: str) -> httpx2.Response:
    return await token_request(place, {"client_id": client.word, **more}, path="device_authorization")


async def poll(place: Place, client: Client, device_code: str) -> httpx2.Response:
    form = {"grant_type": DEVICE_CODE, "client_id": client.word, "device_code": device_code}
    return await token_request(place, form)


async def send(browser: Visitor, page: httpx2.Response, **fields: str) -> httpx2.Response:
    headers = {**FORM, "origin": browser.place.server.url}
    body = urlencode({"csrf_token": csrf_of(page), **fields})
    return await browser.http.post(str(page.url.copy_with(query=None)), content=body, headers=headers)


async def test_from_two_codes_to_tokens(place: Place) -> None:
    """RFC 8628 §3."""
    client, _ = await place.client(TELEVISION)
    user = await place.user("member")

    # 1. The device asks for its codes, and is told to wait.
    answer = await begin(place, client, scope="openid notes:read")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    codes: dict[str, Any] = answer.json()
    waits = await poll(place, client, codes["device_code"])
    assert (waits.status_code, waits.json()["error"]) == (400, "authorization_pending")
    hasty = await poll(place, client, codes["device_code"])
    assert (hasty.status_code, hasty.json()["error"]) == (400, "slow_down")

    # 2. Its person opens the address, signs in, looks, and says yes.
    async with visitor(place) as browser:
        page = await browser.get(codes["verification_uri_complete"])
        entry = await browser.onward(await browser.sign_in(page, user))
        asked = await send(browser, entry, user_code=codes["user_code"])
        assert client.name in asked.text
        done = await send(browser, asked, user_code=codes["user_code"], answer="approve")
        assert done.status_code == 200, done.text

    # 3. The device fetches its tokens, once.
    answer = await poll(place, client, codes["device_code"])
    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    assert (tokens["token_type"], tokens["scope"]) == ("Bearer", "notes:read openid")
    assert peek_claims(tokens["id_token"])["sub"] == peek_claims(tokens["access_token"])["sub"]
    assert (await refresh(place, client, tokens["refresh_token"])).status_code == 200
    again = await poll(place, client, codes["device_code"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


async def test_discovery_names_the_endpoint_and_the_grants(place: Place) -> None:
    """RFC 8628 §4, RFC 8414 §2."""
    async with place.server.client() as http:
        found = (await http.get(f"{place.issuer}/.well-known/openid-configuration")).json()
    assert found["device_authorization_endpoint"] == f"{place.issuer}/oauth2/device_authorization"
    assert {DEVICE_CODE, TOKEN_EXCHANGE, JWT_BEARER} <= set(found["grant_types_supported"])


async def test_refusals_are_told_in_the_words_of_the_standard(place: Place) -> None:
    """RFC 8628 §3.2, RFC 6749 §5.2."""
    client, _ = await place.client(TELEVISION)
    for form, status, word in (
        ({"client_id": client.word, "scope": "notes:delete"}, 400, "invalid_scope"),
        ({"client_id": "cli_00000000000000000000000000"}, 401, "invalid_client"),
        ({}, 401, "invalid_client"),
    ):
        answer = await token_request(place, form, path="device_authorization")
        assert (answer.status_code, answer.json()["error"]) == (status, word)
