"""Debian's SimpleSAMLphp as a tenant's identity provider, in a real browser."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from airside.federation import SamlSettings
from airside.protocols.saml import read_certificate
from tests.peers.conftest import Federating, FindProgram
from tests.peers.federated import Joined, arrived, joined, leave, profile, signed_in
from tests.peers.live import bring, demand_all_refused, listen, waits
from tests.peers.people import PEOPLE, signing_pair
from tests.peers.simplesaml import SimpleSaml, simplesaml

GRACE = PEOPLE["grace"]
PAIR = signing_pair("SimpleSAMLphp")


@dataclass(frozen=True)
class Way:
    """How the provider answers, how we ask, and what we take."""

    answer: dict[str, bool] = field(default_factory=dict[str, bool])
    settings: dict[str, Any] = field(default_factory=dict[str, Any])


WAYS = {
    "assertion signed": Way({"saml20_sign_response": False}),
    "response signed": Way({"saml20_sign_response": True, "saml20_sign_assertion": False}),
    "both signed": Way({"saml20_sign_response": True}),
    "encrypted in CBC": Way({"assertion_encryption": True}, {"want_encrypted": True}),
    "asked by POST": Way({}, {"sso_binding": "post"}),
}


@pytest.fixture(scope="module")
async def idp(federating: Federating, program: FindProgram) -> AsyncGenerator[SimpleSaml]:
    async with simplesaml(federating.server, program, port=federating.ports[4]) as running:
        yield running


async def connected(federating: Federating, idp: SimpleSaml, beside: Joined | None = None, **changes: Any) -> Joined:
    """A tenant and the provider, who know each other."""
    idp.sign_with(PAIR)
    given: dict[str, Any] = {
        "entity_id": idp.entity_id,
        "sso_url": idp.sso,
        "slo_url": idp.logout,
        "certificates": (PAIR.certificate,),
        "email_trusted": True,
    }
    name = "Engines" if beside is None else "Foundry"
    here = await joined(federating.server, SamlSettings(**(given | changes)), name=name, beside=beside)
    idp.trust(await here.metadata())
    return here


async def answered(federating: Federating, idp: SimpleSaml, way: Way) -> Joined:
    """A tenant that the provider answers so."""
    here = await connected(federating, idp, **way.settings)
    idp.answer(**way.answer)
    if not way.answer.get("saml20_sign_assertion", True):
        # What our metadata asks for comes before what its administrator says.
        asked = await here.metadata()
        idp.trust(asked.replace(b'WantAssertionsSigned="true"', b'WantAssertionsSigned="false"'))
    return here


async def prove(page: Page, name: str) -> None:
    """Its sign-in page; it goes on by a script."""
    await page.fill("input[name=username]", name)
    await page.fill("input[name=password]", PEOPLE[name].password)
    await page.press("input[name=password]", "Enter")


@pytest.mark.parametrize("way", list(WAYS))
async def test_person_signs_in(federating: Federating, idp: SimpleSaml, chromium: Browser, way: str) -> None:
    """SAML 2.0 Profiles §4.1; Bindings §3.4, §3.5; Core §2.3.4, §5.4."""
    here = await answered(federating, idp, WAYS[way])
    async with profile(chromium) as page:
        sent = listen(page, here)
        await leave(page, here)
        await prove(page, "grace")
        assert GRACE.email in await arrived(page, here)
    assert await here.known(GRACE.email) is not None
    signatures = sent[0].document.count(b"<ds:SignatureValue")
    encrypted = b"<saml:EncryptedAssertion" in sent[0].document
    assert (signatures, encrypted) == (2 if way in ("both signed", "asked by POST") else 1, "encrypted" in way)


@pytest.mark.parametrize("way", ["assertion signed", "response signed", "both signed"])
async def test_nothing_that_is_made_of_a_live_response_is_taken(
    federating: Federating, idp: SimpleSaml, chromium: Browser, way: str
) -> None:
    """N20-N28: wrapped, injected, foreign, with entities, twice."""
    here = await answered(federating, idp, WAYS[way])
    async with profile(chromium) as page:
        sent = listen(page, here)
        await leave(page, here)
        await prove(page, "grace")
        await arrived(page, here)
    pinned = read_certificate(PAIR.certificate)
    assert demand_all_refused(sent[0], sent[0].expected(here, idp.entity_id), pinned) > 40


async def test_assertion_in_cbc_that_nothing_signed_covers_is_refused(
    federating: Federating, idp: SimpleSaml, chromium: Browser
) -> None:
    """N25: signed inside, but who sees the answer to a changed one could read it bit by bit."""
    here = await connected(federating, idp, want_encrypted=True)
    idp.answer(assertion_encryption=True, saml20_sign_response=False)
    async with profile(chromium) as page:
        await leave(page, here)
        await prove(page, "grace")
        await page.wait_for_url(f"{here.place.issuer}/signin/**", timeout=10_000)
        assert not await signed_in(page, here)
    assert await here.reasons() == ["saml_encryption"]
    assert await here.known(GRACE.email) is None


async def test_live_response_counts_once_for_one_login_of_one_connection(
    federating: Federating, idp: SimpleSaml, chromium: Browser
) -> None:
    """N06, N20: brought again as it was, into another login, to another connection, to another tenant."""
    here = await connected(federating, idp)
    async with profile(chromium) as page:
        sent = listen(page, here)
        await leave(page, here)
        await prove(page, "grace")
        await arrived(page, here)
    mine = await connected(federating, idp, beside=here)
    theirs = await connected(federating, idp)
    unasked = await connected(federating, idp, idp_initiated=True)
    for there in (here, mine, theirs, unasked):
        async with profile(chromium) as page:
            waiting = waits(page, idp.sso)
            if there in (here, unasked):
                await bring(page, there, sent[0].fields)
                assert not await signed_in(page, there)
            await leave(page, there)
            await bring(page, there, {**sent[0].fields, "RelayState": waiting[0]})
            assert not await signed_in(page, there)
    assert await here.reasons() == ["saml_in_response_to", "saml_destination"]
    assert await theirs.reasons() == ["saml_destination"]
    assert await unasked.reasons() == ["saml_destination"] * 2
