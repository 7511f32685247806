"""A visit: one request to a tenant's page, and how every page begins and ends.

Pages are handlers of a `Visit`; `Doors` makes routes' endpoints of them: it opens the tenant's context, finds its
brand and the reader's language, reads the form, and turns refusals into pages.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from airside.console.brand import Brand
from airside.console.context import Brands, Context
from airside.console.forms import MAX_FORM, read_cookie, read_form
from airside.console.language import MAX_ACCEPTED, Language, first_known
from airside.console.refusals import Handler, guarded, language_of
from airside.console.render import page
from airside.shield.cookies import HostCookie
from airside.signin import language_cookie
from airside.store.context import RequestContext

Form: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Visit:
    """One request to a page of a tenant: its context, whose house it is, and the words it is answered in."""

    request: Request
    ctx: RequestContext
    slug: str
    brand: Brand
    words: Language

    def page(
        self,
        template: str,
        *,
        status: int = 200,
        cookies: Sequence[HostCookie] = (),
        headers: dict[str, str] | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """The page that `template` makes of `values`."""
        return page(
            template,
            self.words,
            brand=self.brand,
            slug=self.slug,
            status=status,
            cookies=cookies,
            headers=headers,
            now=self.ctx.now,
            **values,
        )

    def message(self, title: str, text: str, *, onward: str = "", onward_words: str = "", **how: Any) -> HTMLResponse:
        """A page that says one thing, with at most one way on."""
        return self.page("message.html", title=title, text=text, onward=onward, onward_words=onward_words, **how)


Page: TypeAlias = Callable[[Visit], Awaitable[Response]]
FormPage: TypeAlias = Callable[[Visit, Form], Awaitable[Response]]


class Instead(Exception):
    """Undo what the request has done since its last checkpoint, and answer with `page`, in a transaction of its own."""

    def __init__(self, page: Page) -> None:
        super().__init__("answered instead")
        self.page = page


class Doors:
    """Makes endpoints of pages."""

    def __init__(self, *, context: Context, brands: Brands) -> None:
        self._context = context
        self._brands = brands

    def page(self, handler: Page) -> Handler:
        """The endpoint of a page that reads no form."""

        async def endpoint(request: Request) -> Response:
            return await self._answer(request, handler)

        return guarded(endpoint)

    def form(self, handler: FormPage, fields: Sequence[str], max_bytes: int = MAX_FORM) -> Handler:
        """The endpoint of a page that takes the form of `fields`; its token is the page's to check."""

        async def endpoint(request: Request) -> Response:
            form = await read_form(request, fields, max_bytes)
            return await self._answer(request, lambda visit: handler(visit, form))

        return guarded(endpoint)

    async def _answer(self, request: Request, page: Page) -> Response:
        try:
            async with self._context(request) as ctx:
                return await page(await self._visit(request, ctx))
        except Instead as instead:
            async with self._context(request) as ctx:
                return await instead.page(await self._visit(request, ctx))

    async def _visit(self, request: Request, ctx: RequestContext) -> Visit:
        brand = await self._brands(ctx)
        # What an application asks for its user goes before what the browser does (OpenID Connect Core §3.1.2.1).
        asked = read_cookie(request, language_cookie(ctx.tenant_id))
        wanted = None if asked is None else first_known(asked.reveal()[:MAX_ACCEPTED].split("."))
        words = wanted or language_of(request, brand.language)
        return Visit(request, ctx, request.path_params["slug"], brand, words)


def onward(path: str, cookies: Sequence[HostCookie] = ()) -> Response:
    """To another page of ours, after a form (RFC 9110 §15.4.4)."""
    response = RedirectResponse(path, 303, {"cache-control": "no-store"})
    for cookie in cookies:
        response.headers.append("set-cookie", cookie.render())
    return response
