"""A browser that notices whatever runs in it, and whatever its pages' policy of content kept from running."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, cast

import httpx2
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Error, Frame, Page, Response, Route

LISTEN: Final = """
addEventListener("securitypolicyviolation",
    event => reported(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`), true);
"""
PLANTED: Final = """
() => {
    const strange = "base, object, embed, math, applet, marquee, template, set, animate, foreignObject, frameset, "
        + "style:not([nonce]), audio, video, img[src=x], image, meta[content*=javascript], [href=x], x";
    const leads = ["href", "src", "action", "formaction", "data", "to", "xlink:href"];
    const runs = attribute => attribute.name.startsWith("on")
        || attribute.name === "style" && attribute.value.includes("ran")
        || leads.includes(attribute.name)
            && /^(javascript|vbscript|data:(?!image))/i.test(attribute.value.replace(/[\\0-\\x20]/g, ""));
    const odd = element => element.matches(strange) || [...element.attributes].some(runs)
        || element.localName === "script" && !element.getAttribute("src")?.startsWith("/static/");
    return [...document.querySelectorAll("*")].filter(odd).map(element => element.outerHTML.slice(0, 200));
}
"""
"""Elements that no page of ours has: they are somebody's words that became markup."""
WORDS: Final = """
() => [...document.querySelectorAll("*")].flatMap(element => [...element.attributes].map(each => each.value))
    .concat([...document.querySelectorAll("input")].map(each => each.value), document.documentElement.textContent)
    .join("\\n")
"""
REFUSED: Final = "the server responded with a status of 4"
"""Chromium's console tells of each; they are pages' own."""
LEFT: Final = ("ERR_ABORTED", "Download is starting", "ERR_UNKNOWN_URL_SCHEME")
"""What Chromium says of an address that leads to no page."""


@dataclass
class Watch:
    """One profile, and what was noticed in it."""

    context: BrowserContext
    ran: list[str] = field(default_factory=list[str])
    reports: list[str] = field(default_factory=list[str])
    complaints: list[str] = field(default_factory=list[str])
    planted: list[str] = field(default_factory=list[str])
    broken: list[str] = field(default_factory=list[str])
    pages: int = 0

    async def tab(self) -> Page:
        """Another page of the profile."""
        page = await self.context.new_page()
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("response", self._answered)
        return page

    async def look(self, page: Page, name: str) -> None:
        """See what became markup in `page`."""
        self.pages += 1
        self.planted += [f"{name}: {found}" for found in await page.evaluate(PLANTED)]

    async def visit(self, page: Page, url: str) -> None:
        """Go to `url`, whatever is there, and look at it."""
        try:
            await page.goto(url)
        except Error as failed:
            assert any(said in failed.message for said in LEFT), f"{url}: {failed.message}"
        else:
            await self.look(page, url)

    async def render(self, page: Page, answer: httpx2.Response) -> None:
        """Show `answer`, which somebody else got, as if this browser had."""
        url = str(answer.url)
        dropped = ("content-encoding", "content-length", "set-cookie", "transfer-encoding")
        headers = {name: value for name, value in answer.headers.items() if name not in dropped}

        async def give(route: Route) -> None:
            await route.fulfill(status=answer.status_code, headers=headers, body=answer.content)

        await page.route(url, give)
        await self.visit(page, url)
        await page.unroute(url)

    def faults(self) -> list[str]:
        """Everything that no page may do."""
        reported = [f"report: {said}" for said in self.reports]
        said = [f"console: {said}" for said in self.complaints if REFUSED not in said]
        return [*(f"ran: {where}" for where in self.ran), *reported, *said, *self.planted, *self.broken]

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _answered(self, answer: Response) -> None:
        if answer.status >= 500:
            self.broken.append(f"{answer.status} {answer.url}")


@asynccontextmanager
async def watched(chromium: Browser, **options: Any) -> AsyncGenerator[Watch]:
    """A fresh profile in which nothing goes unseen."""
    context = await chromium.new_context(ignore_https_errors=True, **options)
    watch = Watch(context)

    def ran(source: dict[str, Any]) -> None:
        watch.ran.append(_outermost(source["frame"]))

    def reported(_: dict[str, Any], said: str) -> None:
        watch.reports.append(said)

    expose = cast("Callable[[str, Callable[..., None]], Awaitable[object]]", context.expose_binding)  # pyright: ignore[reportUnknownMemberType]
    await expose("ran", ran)
    await expose("reported", reported)
    await context.add_init_script(LISTEN)
    yield watch
    await context.close()


def _outermost(frame: Frame) -> str:
    """The name of the frame, or of the one around it, that the page itself has."""
    while frame.parent_frame is not None and frame.parent_frame.parent_frame is not None:
        frame = frame.parent_frame
    return frame.name or frame.url
