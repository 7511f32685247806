"""The hosted pages as an application of their own, without the shield in front, and a browser for it."""

import re
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request

from airside.console import Brand, routes
from airside.core.errors import NotFound
from airside.core.principal import Origin
from airside.core.secret import Secret
from airside.identity import Sessions, User, Users
from airside.store.context import RequestContext
from airside.tenancy import TenantPolicy
from airside.wiring.build import Services
from tests.running import Place

SLUG: Final = "acme"
HOST: Final = "https://airside.test"
SIGNIN: Final = f"/t/{SLUG}/signin"
ACCOUNT: Final = f"/t/{SLUG}/account"
SESSIONS: Final = f"{ACCOUNT}/sessions"
ACME: Final = Brand("Acme Instruments")
PASSWORD: Final = "correct horse battery staple"


@dataclass(frozen=True)
class Site:
    """One tenant's services, as pages and tests see them."""

    place: Place
    tenant_id: UUID

    @property
    def services(self) -> Services:
        return self.place.server.services

    @property
    def users(self) -> Users:
        return self.services.users

    @property
    def sessions(self) -> Sessions:
        return self.services.sessions

    def open_ctx(
        self, tenant_id: UUID, *, now: datetime | None = None, origin: Origin | None = None
    ) -> AbstractAsyncContextManager[RequestContext]:
        """A context of the tenant."""
        more: dict[str, Any] = {} if origin is None else {"origin": origin}
        return self.services.engine.begin(tenant_id, now=now, **more)

    async def user(self, email: str = "ada@example.com", name: str = "Ada", password: str = PASSWORD) -> User:
        """A user with a password."""
        async with self.open_ctx(self.tenant_id) as ctx:
            user = await self.users.create(ctx, email, name)
            await self.services.passwords.set(ctx, user.id, Secret(password))
        return user

    async def demand(self, policy: TenantPolicy) -> None:
        """The tenant's policy from now on."""
        async with self.place.operator() as ctx:
            version = (await self.services.policies.stored(ctx)).version
            await self.services.policies.change(ctx, version, policy)


def application(site: Site, brand: Brand = ACME) -> Starlette:
    """The pages of the site's tenant under `/t/acme`."""

    @asynccontextmanager
    async def context(request: Request) -> AsyncGenerator[RequestContext]:
        if request.path_params["slug"] != SLUG:
            raise NotFound("tenant")
        address = request.client.host if request.client else "-"
        origin = Origin(address, request.headers.get("user-agent", ""))
        async with site.open_ctx(site.tenant_id, origin=origin) as ctx:
            yield ctx

    async def brands(ctx: RequestContext) -> Brand:
        return brand

    return Starlette(routes=routes(site.services, context=context, brands=brands))


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


def strange_scripts(html: str) -> list[str]:
    """Scripts of a page that aren't the one it may load."""
    return re.findall(r'<script(?! type="module" src="/static/passkey\.js\?v=[0-9a-f]{16}"></script>)[^>]*', html)
