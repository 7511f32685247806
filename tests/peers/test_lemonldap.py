"""Debian's LemonLDAP::NG as a tenant's identity provider, in a real browser."""

import pytest
from playwright.async_api import Browser, Page

from airside.federation import OidcSettings, SamlSettings
from airside.protocols.saml import read_certificate
from tests.peers.conftest import Federating, FindProgram
from tests.peers.federated import arrived, joined, leave, profile
from tests.peers.lemonldap import DEMONSTRATION, lemonldap, relying_party, service
from tests.peers.live import demand_all_refused, listen
from tests.peers.people import signing_pair

CLIENT, SECRET = "airside", "a-secret-of-enough-length-for-a-client-0123456789"
DOCTOR = DEMONSTRATION["dwho"]


async def prove(page: Page, name: str) -> None:
    """Its sign-in page."""
    await page.fill("input[name=user]", name)
    await page.fill("input[name=password]", DEMONSTRATION[name].password)
    await page.click("button[type=submit]")


async def test_person_signs_in_by_openid_connect(
    federating: Federating, program: FindProgram, chromium: Browser
) -> None:
    """OpenID Connect Core §3.1; RFC 7636: discovery, code, keys."""
    port = federating.ports[3]
    issuer = f"https://127.0.0.1:{port}"
    here = await joined(federating.server, OidcSettings(issuer=issuer, client_id=CLIENT, email_trusted=True), SECRET)
    settings = relying_party(CLIENT, SECRET, f"{here.address}/callback")
    peer = lemonldap(federating.server, program, settings, port=port, pair=signing_pair("LemonLDAP::NG"))
    async with peer, profile(chromium) as page:
        await leave(page, here)
        await prove(page, "dwho")
        assert DOCTOR.email in await arrived(page, here)
    assert await here.known(DOCTOR.email) is not None


@pytest.mark.parametrize("encrypted", [False, True])
async def test_person_signs_in_by_saml(
    federating: Federating, program: FindProgram, chromium: Browser, encrypted: bool
) -> None:
    """SAML 2.0 Profiles §4.1; N20-N28: and nothing that is made of its answer is taken."""
    port, pair = federating.ports[3], signing_pair("LemonLDAP::NG")
    url = f"https://127.0.0.1:{port}"
    settings = SamlSettings(
        entity_id=f"{url}/saml/metadata",
        sso_url=f"{url}/saml/singleSignOn",
        certificates=(pair.certificate,),
        want_encrypted=encrypted,
        email_trusted=True,
    )
    here = await joined(federating.server, settings)
    told = service(await here.metadata(), EncryptionMode="assertion" if encrypted else "none")
    async with lemonldap(federating.server, program, told, port=port, pair=pair), profile(chromium) as page:
        sent = listen(page, here)
        await leave(page, here)
        await prove(page, "dwho")
        assert DOCTOR.email in await arrived(page, here)
    assert await here.known(DOCTOR.email) is not None
    if not encrypted:
        pinned = read_certificate(pair.certificate)
        assert demand_all_refused(sent[0], sent[0].expected(here, f"{url}/saml/metadata"), pinned) > 40
