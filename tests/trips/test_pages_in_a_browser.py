"""Every hosted page in a real Chromium: nothing that the policy of content refuses, nothing that somebody with a screen
reader, a small screen or a dark one stumbles over, and nothing that runs because somebody is called so."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any, Final

from playwright.async_api import Browser, Page

from tests.running import Place
from tests.trips.pages import Walk

WIDTHS: Final = (390, 1280)
NARROWEST: Final = 320
AXE: Final = (resources.files("axe_core_python") / "axe.min.js").read_text("utf-8")
COLOURS: Final = ["color-contrast", "link-in-text-block"]
"""axe's rules that look at colours."""
TERSE: Final[dict[str, Any]] = {"resultTypes": ["violations"], "selectors": False}
"""What is right isn't spelled out, which takes axe longer than to look."""
EXPECTED: Final = ("400", "401", "404", "422", "429")
"""Chromium's console tells of every such status; each is a page's own."""
NEWER: Final = 'autocomplete="username webauthn"'
"""HTML's own spelling (§4.10.18.7.1), which this axe-core doesn't know yet."""
HOSTILE: Final = '"><img src=x onerror=alert(1)><script>alert(1)</script>{{7*7}}</title>'


@asynccontextmanager
async def tab(
    chromium: Browser,
    *,
    locale: str = "en-GB",
    bypass_csp: bool = False,
    agent: str | None = None,
    scripts: bool = True,
) -> AsyncGenerator[tuple[Page, list[str]]]:
    """A fresh profile, and what went wrong in it: errors in the console, reports of the policy, dialogs, exceptions."""
    context = await chromium.new_context(
        ignore_https_errors=True,
        locale=locale,
        bypass_csp=bypass_csp,
        user_agent=agent,
        java_script_enabled=scripts,
    )
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
    yield page, complaints
    await context.close()


def unexpected(complaints: list[str]) -> list[str]:
    return [said for said in complaints if not any(f"status of {status}" in said for status in EXPECTED)]


async def untold(page: Page, name: str, language: str) -> list[str]:
    """What the page doesn't say as it must: one heading, its language, and in its title that something is wrong."""
    headings = await page.locator("h1").count()
    title, spoken = await page.title(), await page.locator("html").get_attribute("lang")
    alert = await page.locator("main [role=alert]:visible").count()
    told = title.startswith(("Error: ", "Fehler: "))
    sound = headings == 1 and spoken == language and told == (alert > 0)
    return [] if sound else [f"{name}: {headings} {spoken} {title!r} {alert}"]


async def test_every_page_keeps_its_policy_and_its_width_and_says_what_it_is(place: Place, chromium: Browser) -> None:
    """N39; WCAG 2.2, 1.4.10: no page scrolls sideways, down to 320 pixels."""
    seen, odd = list[str](), list[str]()
    async with tab(chromium) as (page, complaints):
        async for name in Walk(place, page).steps():
            seen.append(name)
            odd += await untold(page, name, "en")
            for width in (NARROWEST, *WIDTHS):
                await page.set_viewport_size({"width": width, "height": 900})
                if await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                    odd.append(f"{name} at {width}")
    assert unexpected(complaints) == []
    assert odd == []
    assert len(seen) > 40


async def test_no_page_has_a_serious_fault_that_axe_finds(place: Place, chromium: Browser) -> None:
    """At a phone's width and a desk's, in light and in dark, of which colours alone know."""
    faults = dict[str, str]()
    async with tab(chromium, bypass_csp=True) as (page, _):
        async for name in Walk(place, page).steps():
            await page.evaluate(AXE)
            for width in WIDTHS:
                await page.set_viewport_size({"width": width, "height": 900})
                for scheme in ("light", "dark"):
                    rules = {**TERSE, **({} if scheme == "light" else {"runOnly": COLOURS})}
                    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                    found: dict[str, Any] = await page.evaluate("rules => axe.run(rules)", rules)
                    for fault in found["violations"]:
                        nodes = [node["html"] for node in fault["nodes"] if NEWER not in node["html"]]
                        if nodes and fault["impact"] in ("serious", "critical"):
                            faults[f"{name}: {fault['id']}"] = json.dumps(nodes)
    assert faults == {}


async def test_nobodys_name_runs(place: Place, chromium: Browser) -> None:
    """N29, G33 in short: names, and what browsers call themselves. In German, so that its pages are walked too."""
    odd = list[str]()
    async with tab(chromium, agent=f"Mozilla/5.0 {HOSTILE}", locale="de-DE") as (page, complaints):
        async for name in Walk(place, page, HOSTILE).steps():
            assert await page.locator("img[src=x], main script").count() == 0, name
            odd += await untold(page, name, "de")
    assert unexpected(complaints) == []
    assert odd == []
