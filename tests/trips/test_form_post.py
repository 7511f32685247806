"""The answer as a form, in a real Chromium: without script by its button, with script by itself, and nowhere but to
the client."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from html import unescape
from urllib.parse import parse_qs

import pytest
from playwright.async_api import Browser, expect

from airside.tenancy import TenantPolicy
from airside.tenancy.policy import Branding
from tests.running import Place
from tests.trips.test_authorization_endpoint import CALLBACK, app_of
from tests.trips.test_login_in_a_browser import fill_in
from tests.trips.visitor import NATIVE, redeem, request_url, visitor

WELCOME = b"<!doctype html><title>Done</title><h1>Welcome to the application</h1>"
_FIELD = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


@dataclass(frozen=True)
class Listener:
    """The application; `heard` is the form that the browser posted."""

    uri: str
    heard: "asyncio.Future[dict[str, str]]"


@asynccontextmanager
async def listener() -> AsyncGenerator[Listener]:
    heard: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()
    writers: list[asyncio.StreamWriter] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = re.search(r"content-length: (\d+)", head)
            body = (await reader.readexactly(int(length[1]))).decode() if length is not None else ""
            if head.startswith("post /callback ") and not heard.done():
                heard.set_result({name: values[0] for name, values in parse_qs(body).items()})
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n")
            writer.write(b"content-length: %d\r\n\r\n%s" % (len(WELCOME), WELCOME))
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield Listener(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/callback", heard)
        server.close()
        for writer in writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@pytest.mark.parametrize("script", [True, False])
async def test_browser_posts_the_answer_to_the_application(place: Place, chromium: Browser, script: bool) -> None:
    """OAuth 2.0 Form Post Response Mode §2."""
    user = await place.user()
    client, _ = await place.client(NATIVE)
    context = await chromium.new_context(ignore_https_errors=True, java_script_enabled=script)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    async with listener() as application:
        await page.goto(request_url(place, client, redirect_uri=application.uri, response_mode="form_post"))
        await fill_in(page, user.email, "a long enough password for trips")
        if not script:
            await page.get_by_role("button", name="Continue").click()
        given = await asyncio.wait_for(application.heard, 20)
        await expect(page.get_by_role("heading", name="Welcome to the application")).to_be_visible()
        assert (given["state"], given["iss"]) == ("s-1", place.issuer)
        answer = await redeem(place, client, given["code"], redirect_uri=application.uri)
    await context.close()
    assert answer.status_code == 200, answer.text
    assert complaints == []


async def test_form_leads_to_the_client_and_this_page_alone_may_send_it(place: Place) -> None:
    """N29, N30: nothing of the request is markup, and the policy names one more origin than any other page's."""
    app = await app_of(place)
    state = '"><script>alert(1)</script>'
    async with visitor(place) as browser:
        page = await browser.get(app.url(response_mode="form_post", prompt="none", state=state))
        other = await browser.get(app.url())
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert f'action="{CALLBACK}"' in page.text
    assert "<script>alert" not in page.text
    fields = {name: unescape(value) for name, value in _FIELD.findall(page.text)}
    assert fields == {"error": "login_required", "state": state, "iss": place.issuer}
    policy = page.headers["content-security-policy"]
    assert "form-action 'self' https://app.example.test;" in policy
    assert policy.replace(" https://app.example.test", "") == other.headers["content-security-policy"]


async def test_answer_by_fragment(place: Place) -> None:
    """OAuth 2.0 Multiple Response Type Encoding Practices §2.1."""
    app = await app_of(place)
    async with visitor(place) as browser:
        answer = await browser.get(app.url(response_mode="fragment", prompt="none"))
    target, _, fragment = answer.headers["location"].partition("#")
    assert target == CALLBACK
    assert parse_qs(fragment)["error"] == ["login_required"]


async def test_pages_of_the_way_back_are_the_tenants_and_speak_the_readers_language(place: Place) -> None:
    """N29: neither shows anything that the request brought besides the answer's own fields."""
    app = await app_of(place)
    policies = place.server.services.policies
    async with place.operator() as ctx:
        version = (await policies.stored(ctx)).version
        await policies.change(ctx, version, TenantPolicy(branding=Branding(colour="#a03070")))
    async with visitor(place) as browser:
        browser.http.headers["accept-language"] = "de"
        answer = await browser.get(app.url(response_mode="form_post", prompt="none"))
        refused = await browser.get(app.url(redirect_uri="https://evil.example.test/<b>"))
    assert (answer.status_code, refused.status_code) == (200, 400)
    for page, heading in ((answer, "Zurück zur Anwendung"), (refused, "Diese Anmeldung kann nicht weitergehen")):
        assert f"<h1>{heading}</h1>" in page.text
        assert "/style.css?v=" in page.text
        assert 'lang="de"' in page.text
    assert "evil" not in refused.text
    assert refused.headers["cache-control"] == "no-store"
