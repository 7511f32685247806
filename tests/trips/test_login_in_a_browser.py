"""A real Chromium signs in: the form is filled in, and the application's loopback callback gets the code."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import Browser, Page, expect

from tests.running import PASSWORD, Place
from tests.trips.visitor import NATIVE, redeem, request_url

WELCOME = b"<!doctype html><title>Done</title><h1>Welcome to the application</h1>"


@dataclass(frozen=True)
class Callback:
    """The application's own listener; `heard` is the query that the browser brought."""

    uri: str
    heard: "asyncio.Future[dict[str, str]]"


@asynccontextmanager
async def callback() -> AsyncGenerator[Callback]:
    """A loopback listener as a native application has it (RFC 8252 §7.3)."""
    heard: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()
    writers: list[asyncio.StreamWriter] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        words = (await reader.readline()).decode().split(" ")
        if len(words) == 3:  # a browser also opens connections in advance, and says nothing on them
            target = urlsplit(words[1])
            if target.path == "/callback" and not heard.done():
                heard.set_result({name: values[0] for name, values in parse_qs(target.query).items()})
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n")
            writer.write(b"content-length: %d\r\n\r\n%s" % (len(WELCOME), WELCOME))
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield Callback(f"http://127.0.0.1:{port}/callback", heard)
        server.close()
        for writer in writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def tab(chromium: Browser) -> AsyncGenerator[tuple[Page, list[str]]]:
    """A fresh profile, without scripts, and what its console complained of."""
    context = await chromium.new_context(ignore_https_errors=True, java_script_enabled=False)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield page, complaints
    await context.close()


async def fill_in(page: Page, email: str, password: str) -> None:
    """The form, as a person sees it."""
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()


async def test_form_leads_to_the_application_with_a_code(place: Place, chromium: Browser) -> None:
    user = await place.user()
    client, _ = await place.client(NATIVE)
    async with callback() as application, tab(chromium) as (page, complaints):
        await page.goto(request_url(place, client, redirect_uri=application.uri))
        await fill_in(page, user.email, "not the password")
        await expect(page.get_by_role("alert")).to_be_visible()
        await fill_in(page, user.email, PASSWORD)
        given = await asyncio.wait_for(application.heard, 20)
        await expect(page.get_by_role("heading", name="Welcome to the application")).to_be_visible()
        assert (given["state"], given["iss"]) == ("s-1", place.issuer)
        # 401 is the wrong password's own status; nothing else may have gone wrong, least of all the CSP.
        assert [line for line in complaints if "401" not in line] == []
        answer = await redeem(place, client, given["code"], redirect_uri=application.uri)
    assert answer.status_code == 200, answer.text


async def test_signed_in_browser_passes_without_a_form(place: Place, chromium: Browser) -> None:
    user = await place.user()
    client, _ = await place.client(NATIVE)
    async with tab(chromium) as (page, _):
        async with callback() as first:
            await page.goto(request_url(place, client, redirect_uri=first.uri))
            await fill_in(page, user.email, PASSWORD)
            await asyncio.wait_for(first.heard, 20)
            # Heard, the page isn't there yet: it would get in the next one's way.
            await expect(page.get_by_role("heading", name="Welcome to the application")).to_be_visible()
        async with callback() as second:
            await page.goto(request_url(place, client, redirect_uri=second.uri, prompt="none"))
            assert "code" in await asyncio.wait_for(second.heard, 20)


async def test_untrusted_request_shows_a_page_and_goes_nowhere(place: Place, chromium: Browser) -> None:
    """N10."""
    client, _ = await place.client(NATIVE)
    async with callback() as elsewhere, tab(chromium) as (page, _):
        await page.goto(request_url(place, client, redirect_uri=elsewhere.uri + "/other"))
        await expect(page.get_by_role("heading", name="This sign-in can’t go on")).to_be_visible()
        assert not elsewhere.heard.done()
