"""The hosted pages as an application of their own, behind the real shield-less transport, and a browser for it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request

from airside.console import routes
from airside.core.errors import NotFound
from airside.core.principal import Origin
from airside.store.context import RequestContext
from tests.identity.kit import Kit

SLUG: Final = "acme"
HOST: Final = "https://airside.test"
SIGNIN: Final = f"/t/{SLUG}/signin"
ACCOUNT: Final = f"/t/{SLUG}/account"


def application(kit: Kit, name: str = "Acme Instruments") -> Starlette:
    """The pages of the kit's tenant under `/t/acme`."""

    @asynccontextmanager
    async def context(request: Request) -> AsyncGenerator[RequestContext]:
        if request.path_params["slug"] != SLUG:
            raise NotFound("tenant")
        address = request.client.host if request.client else "-"
        origin = Origin(address, request.headers.get("user-agent", ""))
        async with kit.open_ctx(kit.tenant_id, origin=origin) as ctx:
            yield ctx

    async def tenant_name(ctx: RequestContext) -> str:
        return name

    return Starlette(
        routes=routes(flows=kit.flows, sessions=kit.sessions, users=kit.users, context=context, tenant_name=tenant_name)
    )


@dataclass
class Browser:
    """Keeps cookies, fills in the one form of a page as a person would."""

    client: httpx2.AsyncClient

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        """The page at `path`, wherever it leads on this site."""
        return await self.client.get(path, headers=headers, follow_redirects=True)

    async def post(self, path: str, fields: dict[str, str]) -> httpx2.Response:
        """A form post, its redirect not followed."""
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return await self.client.post(path, content=urlencode(fields), headers=headers)

    async def sign_in(self, email: str, password: str, continue_to: str = "") -> httpx2.Response:
        """Open the sign-in page and send its form."""
        shown = await self.get(f"{SIGNIN}?{urlencode({'continue': continue_to})}" if continue_to else SIGNIN)
        fields = {"email": email, "password": password, "csrf_token": token_of(shown.text)}
        return await self.post(shown.url.path, fields)

    def cookie(self, kind: str) -> str | None:
        """The cookie of that kind, if the browser has one."""
        found = [value for name, value in self.client.cookies.items() if name.startswith(f"__Host-airside_{kind}_")]
        return found[0] if found else None


@asynccontextmanager
async def browser(app: Starlette, address: str = "192.0.2.20") -> AsyncGenerator[Browser]:
    """A browser of its own at `address`."""
    transport = httpx2.ASGITransport(app, client=(address, 50000))
    async with httpx2.AsyncClient(transport=transport, base_url=HOST) as client:
        yield Browser(client)


def token_of(html: str) -> str:
    """The form token of a page."""
    mark = 'name="csrf_token" value="'
    start = html.index(mark) + len(mark)
    return html[start : html.index('"', start)]
