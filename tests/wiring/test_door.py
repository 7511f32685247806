"""The door: a tenant that comes too often is turned away by its request's head, and nobody else is."""

import asyncio
import ssl
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.apikeys.kit import mint
from tests.limits.test_plans import on_plan
from tests.limits.test_rates import known
from tests.running import Place, Running
from tests.surface import token_with

BURST = 4
JWKS = "/oauth2/jwks"
PATIENCE = 100
"""Requests, one after another, by which somebody who may ask once a second is turned away on any machine."""


@pytest.fixture
async def bounded(place: Place) -> Place:
    """A tenant that may ask four times at once, and then once a second."""
    await place.server.services.lookup.by_slug(place.slug)
    await on_plan(place, rate=1, burst=BURST)
    await known(place)
    return place


async def until_turned_away(
    http: httpx2.AsyncClient, url: str, headers: dict[str, str] | None = None
) -> tuple[list[httpx2.Response], httpx2.Response]:
    """What was answered until then, and the refusal."""
    answers: list[httpx2.Response] = []
    for _ in range(PATIENCE):
        answer = await http.get(url, headers=headers)
        if answer.status_code == 429:
            return answers, answer
        answers.append(answer)
    raise AssertionError("never turned away")


async def test_refusal_says_by_which_limit_and_when_to_come_again(bounded: Place) -> None:
    async with bounded.server.client() as http:
        answers, refused = await until_turned_away(http, bounded.issuer + JWKS)
    assert len(answers) >= BURST
    told = answers[0].headers
    assert (told["ratelimit-policy"], told["ratelimit"]) == ('"tenant";q=4;w=4', '"tenant";r=3;t=1')
    assert refused.headers["ratelimit-policy"] == '"tenant";q=4;w=4'
    assert refused.headers["ratelimit"] == '"tenant";r=0;t=1'
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["x-content-type-options"] == "nosniff"
    body = refused.json()
    assert (body["code"], body["request_id"]) == ("limit_exceeded", refused.headers["x-request-id"])


async def test_other_tenants_come_in(bounded: Place, server: Running) -> None:
    """N20."""
    other = await server.tenant()
    async with server.client() as http:
        await until_turned_away(http, bounded.issuer + JWKS)
        for _ in range(3 * BURST):
            answer = await http.get(other.issuer + JWKS)
            assert answer.status_code == 200
            assert "ratelimit" not in answer.headers
        assert (await http.get("/healthz")).status_code == 200


async def test_credential_leads_to_the_same_tenant_as_its_address(bounded: Place) -> None:
    services = bounded.server.services
    minted = await mint(bounded, "users:read")
    token = await token_with(bounded, "permissions:check")
    await services.lookup.by_tenant(bounded.tenant_id)
    await services.lookup.by_key(minted.key.lookup)
    async with bounded.server.client() as http:
        for path, credential in (("/stores", token), ("/keys/v1/self", minted.secret), ("/access/v1/search/x", token)):
            _, refused = await until_turned_away(http, path, {"authorization": f"Bearer {credential}"})
            assert refused.headers["ratelimit"].startswith('"tenant"')


@pytest.mark.parametrize(
    "credential",
    ["", "Bearer", "Bearer sk_live_x", "Bearer a.b.c", "Basic \xff", "Bearer " + "x" * 9_000],
    ids=["none", "scheme", "a key of no tenant", "junk", "no ASCII", "length"],
)
async def test_head_that_leads_to_no_tenant_goes_on(server: Running, credential: str) -> None:
    async with server.client() as http:
        answer = await http.get("/stores", headers={b"authorization": credential.encode("latin-1")})
    assert answer.status_code == 401


async def test_connection_goes_on_behind_a_refusal_whose_body_was_not_read(bounded: Place) -> None:
    url = urlsplit(bounded.server.url)
    body = "token=" + "x" * 5_000
    head = f"POST /t/{bounded.slug}/oauth2/introspect HTTP/1.1\r\nhost: {url.netloc}\r\ncontent-length: {len(body)}\r\n"
    head += "content-type: application/x-www-form-urlencoded\r\n"
    alive = f"GET /healthz HTTP/1.1\r\nhost: {url.netloc}\r\nconnection: close\r\n\r\n"
    heard = await said(bounded, (head + "\r\n" + body) * PATIENCE + alive)
    assert heard.count(b"HTTP/1.1 429 ") >= PATIENCE // 2
    assert heard.count(b"HTTP/1.1 ") == PATIENCE + 1
    assert heard.endswith(b"alive\n")


async def test_who_expects_a_word_before_the_body_is_told_good_bye(bounded: Place) -> None:
    url = urlsplit(bounded.server.url)
    async with bounded.server.client() as http:
        await until_turned_away(http, bounded.issuer + JWKS)
    head = f"POST /t/{bounded.slug}/oauth2/token HTTP/1.1\r\nhost: {url.netloc}\r\ncontent-length: 10\r\n"
    heard = await said(bounded, head + "expect: 100-continue\r\n\r\n")
    assert heard.startswith(b"HTTP/1.1 429 ")
    assert b"\r\nconnection: close\r\n" in heard


async def said(place: Place, text: str) -> bytes:
    """What comes back until the server closes."""
    trust = ssl.create_default_context(cafile=str(place.server.certificates.ca))
    port = urlsplit(place.server.url).port
    reader, writer = await asyncio.open_connection("localhost", port, ssl=trust)
    writer.write(text.encode())
    async with asyncio.timeout(30):
        heard = await reader.read()
    writer.close()
    return heard
