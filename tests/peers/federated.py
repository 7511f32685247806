"""A person with a real browser who signs in at a tenant through a provider elsewhere."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Browser, Page
from playwright.async_api import Error as PlaywrightError

from airside.core.secret import Secret
from airside.federation import Connection, ConnectionChange, ConnectionDraft
from airside.federation.settings import Settings
from airside.identity import User
from tests.running import Place, Running


@dataclass(frozen=True)
class _Reason:
    reason: str


@dataclass(frozen=True)
class Joined:
    """A tenant and its connection to a provider."""

    place: Place
    connection: Connection

    @property
    def address(self) -> str:
        """Where what the provider says arrives."""
        return f"{self.place.issuer}/{self.connection.kind}/{self.connection.word}"

    async def metadata(self) -> bytes:
        """What the provider is given to know us by."""
        async with self.place.server.client() as http:
            answer = await http.get(f"{self.address}/metadata")
        assert answer.status_code == 200, answer.text
        return answer.content

    async def change(self, **settings: Any) -> None:
        """Other settings of the connection."""
        async with self.place.operator() as ctx:
            change = ConnectionChange(settings=settings)
            await self.place.server.services.connections.update(ctx, self.connection.id, change)

    async def reasons(self) -> list[str]:
        """Why answers counted for nothing, as the journal has it, in order."""
        async with self.place.operator() as ctx:
            rows = await ctx.tx.all(
                _Reason,
                "select reason from airside.audit_record where tenant_id = %s and event = %s order by record_id",
                (ctx.tenant_id, "federation:connection:refused"),
            )
        return [row.reason for row in rows]

    async def known(self, email: str) -> User | None:
        """The tenant's user with this address."""
        async with self.place.operator() as ctx:
            return await self.place.server.services.users.find_by_email(ctx, email)


async def joined(
    server: Running,
    settings: Settings,
    secret: str | None = None,
    *,
    name: str = "Engines",
    beside: Joined | None = None,
) -> Joined:
    """A tenant with this provider, which makes accounts for whom it doesn't know: a new one, or one more of the tenant
    that another hangs on."""
    place = await server.tenant() if beside is None else beside.place
    told = None if secret is None else Secret(secret)
    async with place.operator() as ctx:
        draft = ConnectionDraft(name, settings, creates_users=True, client_secret=told)
        connection = await server.services.connections.create(ctx, draft)
    return Joined(place, connection)


@asynccontextmanager
async def profile(chromium: Browser) -> AsyncGenerator[Page]:
    """A fresh profile; with scripts, for the pages of others."""
    context = await chromium.new_context(ignore_https_errors=True)
    yield await context.new_page()
    await context.close()


async def leave(page: Page, here: Joined) -> None:
    """From the tenant's sign-in page to the provider's."""
    await page.goto(f"{here.place.issuer}/signin")
    await page.get_by_role("button", name=here.connection.name).click()
    await page.wait_for_url(lambda url: not url.startswith(here.place.server.url))


async def arrived(page: Page, here: Joined) -> str:
    """The text of the account page on which a sign-in ends."""
    try:
        await page.wait_for_url(f"{here.place.issuer}/account", timeout=10_000)
    except PlaywrightError as error:
        error.add_note(f"{page.url}: {await page.inner_text('body')}; {await here.reasons()}")
        raise
    return await page.inner_text("main")


async def signed_in(page: Page, here: Joined) -> bool:
    """Whether the browser has a session at the tenant."""
    answer = await page.request.get(f"{here.place.issuer}/account", max_redirects=0)
    return answer.status == 200
