"""The guestbooks as their pages say: each a process of its own, by uvicorn or waitress."""

import asyncio
import sys
from collections.abc import AsyncIterator

import httpx2
import pytest
from playwright.async_api import Browser, Page, Route

from tests.examples.guestbooks import COMMANDS, source
from tests.gauntlet.scripts import CORPUS, bundles
from tests.gauntlet.watched import WORDS, watched
from tests.running import free_port

HOST = "guestbook.test"
LONGEST = 500
"""Characters that a guestbook takes at once."""


@pytest.fixture(scope="module", params=list(COMMANDS))
async def visitor(request: pytest.FixtureRequest) -> AsyncIterator[httpx2.AsyncClient]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *COMMANDS[request.param](port),
        cwd=source(request.param),
        env={"GUESTBOOK_HOST": HOST, "PYTHONPATH": ":".join(path for path in sys.path if path)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers={"host": HOST}) as client:
            async with asyncio.timeout(20):
                while True:
                    try:
                        await client.get("/")
                        break
                    except httpx2.ConnectError:
                        await asyncio.sleep(0.05)
            yield client
    finally:
        process.terminate()
        await process.wait()


async def test_words_are_written_and_shown_as_text(visitor: httpx2.AsyncClient) -> None:
    written = await visitor.post("/", data={"text": "<script>alert(1)</script>"})
    assert (written.status_code, written.headers["location"]) == (303, "/")
    page = await visitor.get("/")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "<script>" not in page.text


async def test_nothing_that_is_written_runs(visitor: httpx2.AsyncClient, chromium: Browser) -> None:
    """G33's corpus, in a real browser."""
    texts = bundles([payload for payload in CORPUS if payload.can_be_kept], LONGEST)
    for text in texts:
        assert (await visitor.post("/", data={"text": text})).status_code == 303
    async with watched(chromium) as watch:
        page = await watch.tab()
        await _with_its_script(page, visitor)
        await watch.render(page, await visitor.get("/"))
        words = await page.evaluate(WORDS)
    assert watch.faults() == []
    assert [text for text in texts if text not in words] == []


async def test_the_page_has_a_policy_that_its_style_fits(visitor: httpx2.AsyncClient) -> None:
    page = await visitor.get("/")
    nonce = page.text.partition('nonce="')[2].partition('"')[0]
    assert f"'nonce-{nonce}'" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"


async def test_the_script_that_counts_letters_is_the_one_named(visitor: httpx2.AsyncClient, chromium: Browser) -> None:
    """By its hash, which the browser checks; and the page says what holds without it."""
    async with watched(chromium) as watch:
        page = await watch.tab()
        await _with_its_script(page, visitor)
        await watch.render(page, await visitor.get("/"))
        await page.fill("#text", "twelve chars")
        assert await page.inner_text("#left") == f"{LONGEST - 12} letters left"
        await _with_its_script(page, visitor, and_more=b"\nalert(1)")
        await watch.render(page, await visitor.get("/"))
        assert await page.inner_text("#left") == f"{LONGEST} letters at most"
    assert ["integrity" in said for said in watch.faults()] == [True]


async def test_whoever_wrote_something_takes_it_back_and_nobody_else(visitor: httpx2.AsyncClient) -> None:
    writer, other = await _first_visit(visitor), await _first_visit(visitor)
    await visitor.post("/", data={"text": "not so wise"}, headers=writer)
    assert "Take back" not in (await visitor.get("/", headers=other)).text
    number = (await visitor.get("/", headers=writer)).text.partition('name="entry" value="')[2].partition('"')[0]
    for stranger in (other, {}, {**writer, "cookie": writer["cookie"][:-1]}):
        assert (await visitor.post("/taken-back", data={"entry": number}, headers=stranger)).status_code == 403
    foreign = {**writer, "sec-fetch-site": "cross-site"}
    assert (await visitor.post("/taken-back", data={"entry": number}, headers=foreign)).json()["code"] == "cross_site"
    assert "not so wise" in (await visitor.get("/", headers=other)).text
    assert (await visitor.post("/taken-back", data={"entry": number}, headers=writer)).status_code == 303
    assert "not so wise" not in (await visitor.get("/", headers=writer)).text
    assert (await visitor.post("/taken-back", data={"entry": number}, headers=writer)).status_code == 403


async def test_a_visitor_gets_one_cookie_that_no_other_site_and_no_script_has(visitor: httpx2.AsyncClient) -> None:
    first = await visitor.get("/")
    (line,) = first.headers.get_list("set-cookie")
    name, _, rest = line.partition("=")
    said = {part.strip().lower() for part in rest.split(";")[1:]}
    assert name == "__Host-session"
    assert {"secure", "httponly", "path=/", "samesite=lax"} <= said
    assert not any(part.startswith("domain") for part in said)
    again = await visitor.get("/", headers={"cookie": line.partition(";")[0]})
    assert again.headers.get_list("set-cookie") == []


async def _first_visit(visitor: httpx2.AsyncClient) -> dict[str, str]:
    """What the browser of somebody new sends from then on."""
    cookie = (await visitor.get("/")).headers["set-cookie"].partition(";")[0]
    return {"cookie": cookie, "sec-fetch-site": "same-origin"}


async def _with_its_script(page: Page, visitor: httpx2.AsyncClient, and_more: bytes = b"") -> None:
    """Let `page` have the script as the guestbook serves it, or changed on its way."""
    script = await visitor.get("/static/letters.js")
    assert script.headers["content-type"].startswith("text/javascript")

    async def give(route: Route) -> None:
        headers = {name: value for name, value in script.headers.items() if name != "content-length"}
        await route.fulfill(status=script.status_code, headers=headers, body=script.content + and_more)

    await page.unroute_all()
    await page.route("**/static/letters.js", give)


async def test_what_the_shield_refuses_never_reaches_the_guestbook(visitor: httpx2.AsyncClient) -> None:
    foreign = {"cookie": "session=1", "origin": "https://evil.example"}
    assert (await visitor.post("/", data={"text": "in your name"}, headers=foreign)).json()["code"] == "cross_site"
    assert (await visitor.post("/", data={"text": "x" * 70_000})).json()["code"] == "too_large"
    assert (await visitor.get("/", headers={"host": "evil.example"})).json()["code"] == "misdirected"
    assert "in your name" not in (await visitor.get("/")).text


async def test_methods_that_a_guestbook_has_no_use_for_are_refused(visitor: httpx2.AsyncClient) -> None:
    for method in ("PUT", "PATCH", "DELETE"):
        answer = await visitor.request(method, "/", data={"text": "x"})
        assert (answer.status_code, "POST" in answer.headers["allow"]) == (405, True), method
