"""JupyterHub with oauthenticator: a real application that people sign in to."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import httpx2

from tests.peers.browsing import reach
from tests.peers.clients import WEB, told_of
from tests.peers.conftest import FindNode, FindPython
from tests.peers.daemons import READY_SECONDS, daemon
from tests.running import Place, free_port
from tests.trips.visitor import visitor

PROXY = "node_modules/configurable-http-proxy/bin/configurable-http-proxy"


@asynccontextmanager
async def jupyterhub(place: Place, node: FindNode, python: FindPython, folder: Path) -> AsyncGenerator[str]:
    """A hub with a client of its own at `place`: yields its address."""
    runner, there = node("jupyterhub")
    interpreter, _ = python("jupyterhub")
    port, inner, proxy = (free_port() for _ in range(3))
    url = f"https://127.0.0.1:{port}"
    callback = f"{url}/hub/oauth_callback"
    scopes = frozenset({"openid", "email"})
    told = await told_of(place, replace(WEB, name="Notebooks", redirect_uris=(callback,), scopes=scopes))
    certificates = place.server.certificates
    environment = {
        **told,
        "HOME": str(folder),
        "PEER_ISSUER": place.issuer,
        "SSL_CERT_FILE": str(certificates.ca),
        "HUB_URL": url,
        "HUB_INNER_URL": f"http://127.0.0.1:{inner}",
        "HUB_PROXY": f"{runner}\n{there / PROXY}",
        "HUB_PROXY_URL": f"http://127.0.0.1:{proxy}",
        "HUB_CERTIFICATE": str(certificates.certificate),
        "HUB_KEY": str(certificates.key),
        "HUB_FOLDER": str(folder),
    }
    command = [interpreter, "-m", "jupyterhub", "--config", str(there / "jupyterhub_config.py")]
    async with daemon(command, folder, port=port, environment=environment), place.server.client() as http:
        await _until_it_answers(http, f"{url}/hub/health")
        yield url


async def _until_it_answers(http: httpx2.AsyncClient, address: str) -> None:
    async with asyncio.timeout(READY_SECONDS):
        while True:
            with suppress(httpx2.TransportError):
                if (await http.get(address)).status_code == 200:
                    return
            await asyncio.sleep(0.1)


async def test_home_page_of_the_hub_names_who_signed_in(
    place: Place, node: FindNode, python: FindPython, tmp_path: Path
) -> None:
    user = await place.user()
    async with jupyterhub(place, node, python, tmp_path) as hub, visitor(place) as browser:
        home = await reach(browser, f"{hub}/hub/home", user)
        assert home.status_code == 200, home.text
        assert str(home.url) == f"{hub}/hub/home"
        assert user.email in home.text
        async with visitor(place) as stranger:
            elsewhere = await reach(stranger, f"{hub}/hub/home")
            assert str(elsewhere.url).startswith(f"{place.issuer}/signin/")
