"""Judges of the examples that nobody here wrote: each runs where it is installed, else its test skips by name."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.examples.notes import notes_tenant
from tests.installed import Installed
from tests.judges.sites import Site, guestbook, notes
from tests.peers.daemons import reachable_folder
from tests.running import Running, free_port

EXAMPLES = ["notes", "fastapi", "flask", "django"]


@pytest.fixture(scope="session")
def installed() -> Installed:
    return Installed("judges", Path(__file__).parent)


@pytest.fixture(params=EXAMPLES)
async def site(request: pytest.FixtureRequest, installed: Installed, server: Running) -> AsyncIterator[Site]:
    """Each example, named by the port where it listens."""
    async with _example(request.param, installed, server) as started:
        yield started


@pytest.fixture(params=EXAMPLES)
async def named_site(request: pytest.FixtureRequest, installed: Installed, server: Running) -> AsyncIterator[Site]:
    """Each example, named `localhost` alone, as a site at the usual ports is."""
    async with _example(request.param, installed, server, host="localhost") as started:
        yield started


@asynccontextmanager
async def _example(name: str, installed: Installed, server: Running, host: str = "") -> AsyncGenerator[Site]:
    proxy = installed.program("haproxy")
    with reachable_folder() as folder:
        if name != "notes":
            async with guestbook(name, folder, proxy, host=host) as site:
                yield site
            return
        secure = free_port()
        tenant = await notes_tenant(server, host or f"localhost:{secure}")
        token = (await tenant.tokens(await tenant.place.user("member")))["access_token"]
        async with notes(tenant.environment, secure, folder, proxy, token) as site:
            yield site
