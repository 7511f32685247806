"""One tenant's people sign in at another tenant: our own provider, over HTTPS, as a foreign OpenID Connect issuer."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from html import unescape
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2
import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.secret import Secret
from airside.federation import Connection, ConnectionChange, ConnectionDraft, OidcSettings
from airside.identity import User
from airside.oauth import ClientDraft, ClientSettings
from airside.store.migrate import migrate, role_of
from airside.transport import ensure_development_certificates
from airside.vault.kms.local import LocalKek
from tests.makers import MakeDatabase
from tests.running import HOST, Place, Running, free_port, running
from tests.trips.visitor import FORM, Visitor, csrf_of, visitor

LOOKS, PAUSE = 100, 0.1
_FIELD = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
_ACTION = re.compile(r'<form[^>]* action="([^"]+)"')
CONFIDENTIAL = ClientDraft(
    name="Acme",
    public=False,
    grants=frozenset({"authorization_code"}),
    audiences=("https://api.example.test",),
    scopes=frozenset({"openid", "email", "profile"}),
)


@pytest.fixture(scope="module")
async def alone(
    blank_database: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
    kek: LocalKek,
    clock: Clock,
    entropy: Entropy,
) -> AsyncIterator[Running]:
    """A server that may ask itself, and trusts the authority of development, as a company's own machines do."""
    folder, port = tmp_path_factory.mktemp("certificates"), free_port()
    ca = ensure_development_certificates(folder, clock=clock).ca
    before, os.environ["SSL_CERT_FILE"] = os.environ.get("SSL_CERT_FILE"), str(ca)
    try:
        async with blank_database() as database:
            await migrate(database.owner, role_of(database.app))
            allowed = (f"{HOST}:{port}",)
            async with running(
                database.app, folder, kek=kek, clock=clock, entropy=entropy, fetch_exceptions=allowed, port=port
            ) as started:
                yield started
    finally:
        del os.environ["SSL_CERT_FILE"]
        if before is not None:
            os.environ["SSL_CERT_FILE"] = before


@dataclass(frozen=True)
class Two:
    """Where people are known, and where they sign in by that."""

    there: Place
    here: Place
    connection: Connection

    @property
    def address(self) -> str:
        return f"{self.here.issuer}/oidc/{self.connection.word}"

    async def person(self) -> User:
        """Somebody who is known there, with a verified address."""
        user = await self.there.user()
        async with self.there.operator() as ctx:
            await self.there.server.services.users.verify_email(ctx, user.id)
        return user

    async def known_here(self, email: str) -> User | None:
        async with self.here.operator() as ctx:
            return await self.here.server.services.users.find_by_email(ctx, email)

    async def leave(self, browser: Visitor) -> httpx2.Response:
        """From the sign-in page here to the one there."""
        page = await browser.get(f"{self.here.issuer}/signin")
        assert self.connection.word in page.text, page.text
        fields = {"connection": self.connection.word, "csrf_token": csrf_of(page)}
        headers = {**FORM, "origin": self.here.server.url}
        away = await browser.http.post(str(page.url), content=urlencode(fields), headers=headers)
        assert away.status_code == 200, away.text
        return await browser.onward(away)

    async def sign_in(self, browser: Visitor, user: User) -> httpx2.Response:
        """There and back; the page on which the browser ends."""
        done = await browser.sign_in(await self.leave(browser), user)
        assert done.status_code == 200, done.text
        page = await browser.onward(done)
        if "form_post" in self._asked(browser):
            page = await post_on(browser, page)
        return await browser.onward(page)

    def _asked(self, browser: Visitor) -> str:
        return " ".join(str(answer.url) for answer in browser.seen)

    async def signed_in(self, browser: Visitor) -> bool:
        """Whether the browser has a session here."""
        return (await browser.http.get(f"{self.here.issuer}/account")).status_code == 200


async def post_on(browser: Visitor, page: httpx2.Response) -> httpx2.Response:
    """Press the button of a page that posts to another site; it brings no cookie of that site."""
    action = _ACTION.search(page.text)
    assert action is not None, page.text
    fields = {name: unescape(value) for name, value in _FIELD.findall(page.text)}
    async with browser.place.server.client() as stranger:
        sent = await stranger.post(unescape(action[1]), content=urlencode(fields), headers={**FORM, "origin": "null"})
    assert sent.status_code == 303, sent.text
    return await browser.get(f"{browser.place.server.url}{sent.headers['location']}")


async def connected(server: Running, client: dict[str, Any] | None = None, **settings: Any) -> Two:
    """Two tenants, of which one is a client of the other."""
    there, here = await server.tenant(), await server.tenant()
    services = server.services
    first: dict[str, Any] = {"issuer": there.issuer, "client_id": "to-be", **settings}
    async with here.operator() as ctx:
        draft = ConnectionDraft("Elsewhere", OidcSettings(**first), creates_users=True)
        connection = await services.connections.create(ctx, draft)
    address = f"{here.issuer}/oidc/{connection.word}"
    registered: dict[str, Any] = {
        "backchannel_logout_uri": f"{address}/backchannel",
        "post_logout_redirect_uris": (f"{here.issuer}/signin",),
        **(client or {}),
    }
    if registered.get("token_endpoint_auth_method") == "private_key_jwt":
        registered["jwks_uri"] = f"{address}/jwks"
    made, secret = await there.client(
        replace(CONFIDENTIAL, redirect_uris=(f"{address}/callback",), settings=ClientSettings(**registered))
    )
    async with here.operator() as ctx:
        change = ConnectionChange(settings={"client_id": made.word})
        connection = await services.connections.update(ctx, connection.id, change)
        if secret is not None:
            await services.connections.set_client_secret(ctx, connection.id, Secret(secret.reveal()))
    return Two(there, here, connection)


CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "secret in the header": ({}, {}),
    "secret in the form": (
        {"token_endpoint_auth_method": "client_secret_post"},
        {"token_endpoint_auth_method": "client_secret_post"},
    ),
    "own key": (
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"token_endpoint_auth_method": "private_key_jwt"},
    ),
    "ES256": ({"id_token_signed_response_alg": "ES256"}, {"id_token_signed_response_alg": "ES256"}),
    "form post": ({}, {"response_mode": "form_post"}),
    "recent": ({}, {"max_age": 300}),
}


@pytest.mark.parametrize("name", list(CASES))
async def test_person_of_one_tenant_signs_in_at_another(alone: Running, name: str) -> None:
    """OpenID Connect Core §3.1, §9; Form Post Response Mode §2; RFC 7523 §2.2: discovery, code, keys, userinfo."""
    client, settings = CASES[name]
    two = await connected(alone, client, **settings)
    person = await two.person()
    assert await two.known_here(person.email) is None
    async with visitor(two.here) as browser:
        page = await two.sign_in(browser, person)
        assert page.status_code == 200, page.text
        assert await two.signed_in(browser)
    made = await two.known_here(person.email)
    assert made is not None
    assert made.id != person.id
    async with visitor(two.here) as browser:
        await two.sign_in(browser, person)
        assert await two.signed_in(browser)


async def test_sign_out_there_ends_the_session_here(alone: Running) -> None:
    """Back-Channel Logout 1.0; N19"""
    two = await connected(alone)
    person = await two.person()
    async with visitor(two.here) as browser:
        await two.sign_in(browser, person)
        assert await two.signed_in(browser)
        async with two.there.operator() as ctx:
            await alone.services.session_admin.end_all(ctx, person.id)
        for _ in range(LOOKS):
            if not await two.signed_in(browser):
                break
            await asyncio.sleep(PAUSE)
        assert not await two.signed_in(browser)


async def test_answer_is_of_no_use_to_another_browser(alone: Running) -> None:
    """N11: login CSRF. The attacker signs in there, and makes the victim's browser bring the answer."""
    two = await connected(alone)
    person = await two.person()
    async with visitor(two.here) as attacker, visitor(two.here) as victim:
        done = await attacker.sign_in(await two.leave(attacker), person)
        back = re.search(r'content="0;url=([^"]+)"', done.text)
        assert back is not None
        led = await attacker.http.get(f"{two.there.server.url}{unescape(back[1])}")
        stolen = led.headers["location"]
        assert stolen.startswith(f"{two.address}/callback?")
        answer = await victim.get(stolen)
        assert answer.status_code in (403, 404)
        assert not await two.signed_in(victim)
        again = await victim.http.get(stolen)
        assert urlsplit(again.headers.get("location", "")).netloc in ("", urlsplit(two.here.server.url).netloc)
        assert not await two.signed_in(victim)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"state": "x" * 43, "code": "c"},
        {"state": "x" * 43, "error": "access_denied"},
        {"code": "c", "continue": "https://evil.example"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_answer_that_nothing_waits_for_is_no_page(alone: Running, query: dict[str, str], method: str) -> None:
    """N10, N11, N20: and it says the same for a connection that isn't there."""
    two = await connected(alone)
    absent = two.connection.word[:-4] + ("aaaa" if not two.connection.word.endswith("aaaa") else "bbbb")
    said = list[tuple[int, str | None]]()
    async with two.here.server.client() as http:
        for word in (two.connection.word, absent):
            url = f"{two.here.issuer}/oidc/{word}/callback"
            if method == "GET":
                answer = await http.get(f"{url}?{urlencode(query)}")
            else:
                answer = await http.post(
                    url, content=urlencode(query), headers={**FORM, "origin": "https://evil.example"}
                )
            said.append((answer.status_code, answer.headers.get("location")))
    assert said == [(404, None)] * 2


async def test_refusal_says_nothing_on_the_page(alone: Running) -> None:
    """N40: why is in the journal."""
    two = await connected(alone, {"id_token_signed_response_alg": "ES256"})
    person = await two.person()
    async with visitor(two.here) as browser:
        done = await browser.sign_in(await two.leave(browser), person)
        page = await browser.onward(done)
        assert page.status_code == 422
        for word in ("id_token", "algorithm", "unknown_key", "ES256"):
            assert word not in page.text
        assert not await two.signed_in(browser)
    assert await two.known_here(person.email) is None


async def test_unsigned_word_at_the_back_channel_is_refused_without_a_reason(alone: Running) -> None:
    """Back-Channel Logout 1.0 §2.8; N06, N40"""
    two = await connected(alone)
    async with two.here.server.client() as http:
        for form in ({}, {"logout_token": "a.b.c"}, {"logout_token": "." * 20_000}):
            answer = await http.post(f"{two.address}/backchannel", content=urlencode(form), headers=FORM)
            assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})
            assert answer.headers["cache-control"] == "no-store"
        assert (await http.get(f"{two.address}/jwks")).status_code == 404


async def test_sign_out_here_is_one_there(alone: Running) -> None:
    """RP-Initiated Logout 1.0 §2, with ourselves at both ends: the hint names the very session, so nobody is asked."""
    two = await connected(alone, returns_after_logout=True)
    person = await two.person()
    async with visitor(two.here) as browser:
        await two.sign_in(browser, person)
        assert await two.signed_in(browser)
        async with two.there.operator() as ctx:
            (session,) = await alone.services.sessions.list(ctx, person.id)
        page = await browser.get(f"{two.here.issuer}/account")
        fields = urlencode({"csrf_token": csrf_of(page)})
        headers = {**FORM, "origin": two.here.server.url}
        left = await browser.http.post(f"{two.here.issuer}/account/signout", content=fields, headers=headers)
        assert left.status_code == 200
        assert f"{two.there.issuer}/oauth2/logout?" in unescape(left.text)
        back = await browser.onward(await browser.onward(left))
        assert str(back.url).startswith(f"{two.here.issuer}/signin"), back.text
        assert not await two.signed_in(browser)
        async with two.there.operator() as ctx:
            assert await alone.services.sessions.live(ctx, session.id) is None
