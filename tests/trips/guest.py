"""Whoever was invited to set a connection up, with a browser of their own."""

from typing import Final
from urllib.parse import urlencode, urljoin

import httpx2

from airside.federation import Setup, SetupDraft
from tests.running import Place
from tests.trips.visitor import FORM, csrf_of

DRAFT: Final = SetupDraft("Contoso", "it@contoso.example", creates_users=True, provisions=True)


class Guest:
    """Whoever holds the link, with a browser of their own."""

    def __init__(self, here: Place, http: httpx2.AsyncClient) -> None:
        self.here = here
        self.http = http
        self.setup: Setup | None = None

    async def get(self, url: str) -> httpx2.Response:
        """The page there, or wherever it leads."""
        answer = await self.http.get(urljoin(self.here.issuer + "/", url))
        while answer.is_redirect:
            answer = await self.http.get(urljoin(str(answer.url), answer.headers["location"]))
        return answer

    async def post(self, page: httpx2.Response, url: str = "", **fields: str) -> httpx2.Response:
        """Send the form of `page`, and follow."""
        where = urljoin(self.here.issuer + "/", url) if url else str(page.url)
        headers = {**FORM, "origin": _origin(where)}
        body = urlencode({"csrf_token": csrf_of(page), **fields})
        answer = await self.http.post(where, content=body, headers=headers)
        return await self.get(urljoin(where, answer.headers["location"])) if answer.is_redirect else answer

    async def begin(self, draft: SetupDraft = DRAFT) -> httpx2.Response:
        """Follow a new link and begin."""
        async with self.here.operator() as ctx:
            self.setup, url = await self.here.server.services.setup_admin.create(ctx, draft)
        page = await self.get(url.reveal())
        return await self.post(page, "setup", token=url.reveal().partition("token=")[2])

    async def now(self) -> Setup:
        """How far they are."""
        assert self.setup is not None
        async with self.here.operator() as ctx:
            return await self.here.server.services.setups.get(ctx, self.setup.id)


def _origin(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"
