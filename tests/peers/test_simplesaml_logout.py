"""Single logout with SimpleSAMLphp, answers that nothing waits for, and its keys when they change."""

from collections.abc import AsyncGenerator

import pytest
from msgspec.structs import replace
from playwright.async_api import Browser

from tests.peers.conftest import Federating, FindProgram
from tests.peers.federated import arrived, joined, leave, profile, signed_in
from tests.peers.people import PEOPLE, signing_pair
from tests.peers.simplesaml import SimpleSaml, simplesaml
from tests.peers.test_simplesaml import PAIR, connected, prove

GRACE = PEOPLE["grace"]


@pytest.fixture(scope="module")
async def idp(federating: Federating, program: FindProgram) -> AsyncGenerator[SimpleSaml]:
    async with simplesaml(federating.server, program, port=federating.ports[4]) as running:
        yield running


@pytest.mark.parametrize("binding", ["redirect", "post"])
async def test_sign_out_here_is_one_there(
    federating: Federating, idp: SimpleSaml, chromium: Browser, binding: str
) -> None:
    """Profiles §4.4.3: our request, its answer, and the person is asked again who they are."""
    here = await connected(federating, idp, slo_binding=binding)
    async with profile(chromium) as page:
        await leave(page, here)
        await prove(page, "grace")
        await arrived(page, here)
        await page.click("form.corner button")
        await page.wait_for_url(f"{here.address}/slo**", timeout=10_000)
        assert not await signed_in(page, here)
        await leave(page, here)
        assert await page.locator("input[name=password]").is_visible()
    assert await here.reasons() == []


async def test_sign_out_there_is_one_here(federating: Federating, idp: SimpleSaml, chromium: Browser) -> None:
    """Profiles §4.4.4: its request ends the session, and our answer lets it go on; N19."""
    here = await connected(federating, idp)
    async with profile(chromium) as page:
        await leave(page, here)
        await prove(page, "grace")
        await arrived(page, here)
        assert await signed_in(page, here)
        bye = f"{idp.base}logout.php"
        await page.goto(f"{idp.logout}?ReturnTo={bye}")
        await page.wait_for_url(bye, timeout=10_000)
        assert not await signed_in(page, here)
    assert await here.reasons() == []


@pytest.mark.parametrize("allowed", [True, False])
async def test_answer_that_nobody_asked_for_counts_only_where_that_is_switched_on(
    federating: Federating, idp: SimpleSaml, chromium: Browser, allowed: bool
) -> None:
    """Profiles §4.1.5; N11."""
    here = await connected(federating, idp, idp_initiated=allowed)
    async with profile(chromium) as page:
        await page.goto(idp.initiated(f"{here.address}/metadata"))
        await prove(page, "grace")
        if allowed:
            assert GRACE.email in await arrived(page, here)
        else:
            await page.wait_for_url(f"{here.place.issuer}/**", timeout=10_000)
            assert not await signed_in(page, here)
            assert await here.known(GRACE.email) is None


async def test_provider_signs_with_its_next_key_while_both_are_pinned(
    federating: Federating, idp: SimpleSaml, chromium: Browser
) -> None:
    """Metadata §2.4.1.1: and with neither of them once it isn't pinned any more."""
    here, following = await connected(federating, idp), signing_pair("SimpleSAMLphp")
    await here.change(certificates=[PAIR.certificate, following.certificate])
    for pair in (PAIR, following):
        idp.sign_with(pair)
        async with profile(chromium) as page:
            await leave(page, here)
            await prove(page, "grace")
            assert GRACE.email in await arrived(page, here)
    await here.change(certificates=[PAIR.certificate])
    async with profile(chromium) as page:
        await leave(page, here)
        await prove(page, "grace")
        await page.wait_for_url(f"{here.place.issuer}/**", timeout=10_000)
        await page.wait_for_load_state()
        assert not await signed_in(page, here)
    assert await here.reasons() == ["saml_signature"]


async def test_provider_known_by_its_address_changes_its_key_by_itself(
    federating: Federating, idp: SimpleSaml, chromium: Browser
) -> None:
    """Metadata §2.4.1.1: it publishes the next key before it signs with it, and nobody here has to do anything."""
    following = signing_pair("SimpleSAMLphp")
    idp.sign_with(PAIR, next_one=following)
    server = federating.server
    async with (await server.tenant()).operator() as ctx:
        told = await server.services.saml_metadata.fetch(ctx, idp.entity_id)
    assert (told.entity_id, told.sso_url, told.slo_url) == (idp.entity_id, idp.sso, idp.logout)
    here = await joined(server, replace(told, email_trusted=True))
    idp.trust(await here.metadata())
    for pair in (PAIR, following):
        idp.sign_with(pair)
        async with profile(chromium) as page:
            await leave(page, here)
            await prove(page, "grace")
            assert GRACE.email in await arrived(page, here)
