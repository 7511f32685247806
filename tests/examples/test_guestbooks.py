"""The guestbooks as their pages say: each a process of its own, by waitress."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from playwright.async_api import Browser

from tests.gauntlet.scripts import CORPUS, bundles
from tests.gauntlet.watched import WORDS, watched
from tests.running import free_port

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
HOST = "guestbook.test"
LONGEST = 500
"""Characters that a guestbook takes at once."""


@pytest.fixture(scope="module", params=["flask", "django"])
async def visitor(request: pytest.FixtureRequest) -> AsyncIterator[httpx2.AsyncClient]:
    port, name = free_port(), {"flask": "app", "django": "application"}[request.param]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "waitress", f"--listen=127.0.0.1:{port}", f"app:{name}"),
        cwd=EXAMPLES / f"guestbook_{request.param}",
        env={"GUESTBOOK_HOST": HOST, "PYTHONPATH": ":".join(path for path in sys.path if path)},
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
        await watch.render(page, await visitor.get("/"))
        words = await page.evaluate(WORDS)
    assert watch.faults() == []
    assert [text for text in texts if text not in words] == []


async def test_the_page_has_a_policy_that_its_style_fits(visitor: httpx2.AsyncClient) -> None:
    page = await visitor.get("/")
    nonce = page.text.partition('nonce="')[2].partition('"')[0]
    assert f"'nonce-{nonce}'" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"


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
