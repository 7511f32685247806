"""PyPI's nanoidp as a tenant's identity provider, in a real browser."""

from pathlib import Path

from playwright.async_api import Browser, Page

from airside.federation import OidcSettings, SamlSettings
from airside.protocols.saml import HTTP_REDIRECT, read_idp_metadata
from tests.peers.conftest import Federating, FindPython
from tests.peers.federated import arrived, joined, leave, profile
from tests.peers.live import demand_all_refused, listen
from tests.peers.nano import nano
from tests.peers.people import PEOPLE

CLIENT, SECRET = "airside", "a-secret-of-enough-length-for-a-client-0123456789"
GRACE = PEOPLE["grace"]


async def prove(page: Page, name: str) -> None:
    """Its sign-in page."""
    await page.fill("input[name=username]", name)
    await page.fill("input[name=password]", PEOPLE[name].password)
    await page.click("form:has(input[name=password]) button[type=submit]")


async def test_person_signs_in_by_openid_connect(
    federating: Federating, python: FindPython, chromium: Browser, tmp_path: Path
) -> None:
    """OpenID Connect Core §3.1; RFC 7636: discovery, code, keys."""
    port = federating.ports[2]
    issuer = f"https://127.0.0.1:{port}"
    here = await joined(federating.server, OidcSettings(issuer=issuer, client_id=CLIENT), SECRET)
    told = {"client_id": CLIENT, "client_secret": SECRET, "redirect_uris": [f"{here.address}/callback"]}
    peer = nano(federating.server, python, tmp_path, port=port, clients=[told])
    async with peer, profile(chromium) as page:
        await leave(page, here)
        await prove(page, "grace")
        assert GRACE.email in await arrived(page, here)
    assert await here.known(GRACE.email) is not None


async def test_person_signs_in_by_saml(
    federating: Federating, python: FindPython, chromium: Browser, tmp_path: Path
) -> None:
    """SAML 2.0 Profiles §4.1; N20-N28: and nothing that is made of its answer is taken."""
    port = federating.ports[2]
    url = f"https://127.0.0.1:{port}"
    async with nano(federating.server, python, tmp_path, port=port) as _, profile(chromium) as page:
        async with federating.server.client() as http:
            described = read_idp_metadata((await http.get(f"{url}/saml/metadata")).content)
        settings = SamlSettings(
            entity_id=described.entity_id,
            sso_url=described.sso[HTTP_REDIRECT],
            certificates=tuple(one.pem for one in described.certificates),
            email_trusted=True,
        )
        here = await joined(federating.server, settings)
        sent = listen(page, here)
        await leave(page, here)
        await prove(page, "grace")
        assert GRACE.email in await arrived(page, here)
    assert await here.known(GRACE.email) is not None
    assert demand_all_refused(sent[0], sent[0].expected(here, described.entity_id), described.certificates[0]) > 40
