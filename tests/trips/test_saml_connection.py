"""People sign in and out through a SAML provider: every request over HTTP, from the sign-in page to the account."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from lxml import etree

from airside.federation.model import ConnectionChange
from airside.oauth import ClientSettings
from airside.protocols.saml import LogoutRequest, LogoutResponse, NameId, read_redirect, write_post, write_redirect
from airside.protocols.saml.names import PERSISTENT
from tests.protocols.saml.attacks import attacks
from tests.protocols.saml.bombs import bombs
from tests.protocols.saml.kit import in_assertion, in_response, message_signer, rsa_key
from tests.trips.saml_provider import IDP, SLO, Provider, provider
from tests.trips.visitor import FORM, NATIVE, ahead_of, csrf_of, request_url, visitor

EVIL = "https://evil.example/"

__all__ = ["provider"]


async def switch_on(provider: Provider, **settings: Any) -> None:
    async with provider.place.operator() as ctx:
        connections = provider.place.server.services.connections
        await connections.update(ctx, provider.connection.id, ConnectionChange(settings=settings))


async def test_person_signs_in_and_is_the_same_the_next_time(provider: Provider) -> None:
    """Profiles §4.1"""
    async with visitor(provider.place) as browser:
        assert (await provider.sign_in(browser)).status_code == 200
        assert await provider.signed_in(browser)
    async with provider.place.operator() as ctx:
        users = provider.place.server.services.users
        made = await users.find_by_email(ctx, f"{provider.subject}@example.com")
    assert made is not None
    async with visitor(provider.place) as browser:
        await provider.sign_in(browser)
        assert await provider.signed_in(browser)


async def test_metadata_is_for_anybody(provider: Provider) -> None:
    """Metadata §2.4.4"""
    async with provider.place.server.client() as stranger:
        said = await stranger.get(f"{provider.address}/metadata")
        assert (said.status_code, said.headers["content-type"]) == (200, "application/samlmetadata+xml")
        root = etree.fromstring(said.content)
        assert root.get("entityID") == f"{provider.address}/metadata"
        for other in ("con_01jd3v8e5x7m2k9q4w6r8t0y1z", "x", "usr_01jd3v8e5x7m2k9q4w6r8t0y1z"):
            assert (await stranger.get(f"{provider.place.issuer}/saml/{other}/metadata")).status_code == 404


async def test_session_end_is_told_to_the_provider(provider: Provider) -> None:
    """Profiles §4.4: from the account to the provider, and back to a page that says so."""
    async with visitor(provider.place) as browser:
        await provider.sign_in(browser)
        page = await browser.http.get(f"{provider.place.issuer}/account")
        headers = {**FORM, "origin": provider.place.server.url}
        left = await browser.http.post(
            f"{provider.place.issuer}/account/signout",
            content=urlencode({"csrf_token": csrf_of(page)}),
            headers=headers,
        )
        assert left.status_code == 200
        assert not await provider.signed_in(browser)
        url = ahead_of(left)
        assert url.startswith(SLO + "?SAMLRequest=")
        query = urlsplit(url).query
        request = etree.fromstring(read_redirect(query).document)
        assert request.findtext("{*}NameID") == provider.subject
        answer = LogoutResponse("_a1", datetime.now(UTC), IDP, f"{provider.address}/slo", request.get("ID") or "")
        back = write_redirect(
            "SAMLResponse",
            answer.document(),
            answer.destination,
            signer=message_signer("idp"),
            relay_state=parse_qs(query)["RelayState"][0],
        )
        assert (await browser.http.get(back)).status_code == 200


async def test_applications_are_told_by_frames_before_the_provider(provider: Provider) -> None:
    """Front-Channel Logout 1.0 §2, then Profiles §4.4."""
    settings = ClientSettings(frontchannel_logout_uri="https://notes.example/front")
    pages = (*NATIVE.redirect_uris, "https://notes.example/callback")
    client, _ = await provider.place.client(replace(NATIVE, redirect_uris=pages, settings=settings))
    async with visitor(provider.place) as browser:
        await provider.sign_in(browser)
        await browser.get(request_url(provider.place, client))
        page = await browser.http.get(f"{provider.place.issuer}/account")
        headers = {**FORM, "origin": provider.place.server.url}
        left = await browser.http.post(
            f"{provider.place.issuer}/account/signout",
            content=urlencode({"csrf_token": csrf_of(page)}),
            headers=headers,
        )
        assert 'src="https://notes.example/front"' in left.text
        assert f'content="3;url={SLO}?SAMLRequest=' in left.text
        assert not await provider.signed_in(browser)


async def test_providers_logout_ends_the_session_here(provider: Provider) -> None:
    """Profiles §4.4; N19"""
    async with visitor(provider.place) as browser:
        await provider.sign_in(browser)
        assert await provider.signed_in(browser)
        slo = f"{provider.address}/slo"
        request = LogoutRequest("_l1", datetime.now(UTC), IDP, slo, NameId(provider.subject, PERSISTENT), "_session1")
        url = write_redirect("SAMLRequest", request.document(), slo, signer=message_signer("idp"), relay_state="r")
        async with provider.place.server.client() as stranger:
            answered = await stranger.get(url)
        assert answered.status_code == 303
        assert answered.headers["location"].startswith(SLO + "?SAMLResponse=")
        assert not await provider.signed_in(browser)
        again = await provider.post("slo", {"SAMLRequest": write_post(message_signer("idp").sign(request.element()))})
        assert again.status_code == 400
    assert await provider.reasons() == ["logout_replayed"]


async def test_unasked_answer_signs_in_only_where_it_is_switched_on(provider: Provider) -> None:
    """N10, N11, N25: it leads to the account, and never where its RelayState says."""
    document = in_response(provider.answer(None), rsa_key("idp"))
    fields = {"SAMLResponse": write_post(document), "RelayState": EVIL}
    assert (await provider.post("acs", fields)).status_code == 404
    await switch_on(provider, idp_initiated=True)
    async with visitor(provider.place) as browser:
        sent = await browser.http.post(
            f"{provider.address}/acs", content=urlencode(fields), headers={**FORM, "origin": "https://idp.example"}
        )
        assert sent.status_code == 303
        assert "evil" not in sent.headers["location"]
        page = await browser.onward(await browser.get(f"{provider.place.server.url}{sent.headers['location']}"))
        assert "evil" not in str(page.url)
        assert await provider.signed_in(browser)
    assert (await provider.post("acs", fields)).status_code == 303  # kept for a login of its own, where it is refused


async def test_answer_is_of_no_use_to_another_browser(provider: Provider) -> None:
    """N11: login CSRF."""
    async with visitor(provider.place) as attacker, visitor(provider.place) as victim:
        asked = await provider.leave(attacker)
        document = in_response(provider.answer(asked["ID"]), rsa_key("idp"))
        sent = await provider.post("acs", {"SAMLResponse": write_post(document), "RelayState": asked["RelayState"]})
        answer = await victim.http.get(f"{provider.place.server.url}{sent.headers['location']}")
        assert answer.status_code in (403, 404)
        assert not await provider.signed_in(victim)


async def test_attacks_say_nothing_on_the_page_and_why_in_the_journal(provider: Provider) -> None:
    """N23, N24, N26; N37"""
    good = in_assertion(provider.answer("_nobody"), rsa_key("idp"))
    sample = dict(list(attacks(good, "admin"))[::7])
    async with visitor(provider.place) as browser:
        for document in sample.values():
            asked = await provider.leave(browser)
            fields = {"SAMLResponse": write_post(document), "RelayState": asked["RelayState"]}
            sent = await provider.post("acs", fields)
            assert sent.status_code == 303
            page = await browser.get(f"{provider.place.server.url}{sent.headers['location']}")
            assert page.status_code in (422, 429)
            assert not re.search(r"saml_|signature|assertion", page.text, re.IGNORECASE)
        assert not await provider.signed_in(browser)
    reasons = await provider.reasons()
    assert len(reasons) >= 4
    assert all(reason.startswith("saml_") for reason in reasons)


async def test_bombs_at_both_endpoints_are_answered_calmly(provider: Provider) -> None:
    """N26: no 5xx, whatever is brought."""
    for _, document in bombs(Random(1)):
        for endpoint, field in (("acs", "SAMLResponse"), ("slo", "SAMLRequest")):
            answered = await provider.post(endpoint, {field: write_post(document), "RelayState": "x"})
            assert answered.status_code in (400, 404, 413, 429), answered.status_code


async def test_connection_of_another_tenant_is_nobodys(provider: Provider) -> None:
    """N20: the same assertion at another tenant's address, and this connection's id below another tenant."""
    other = await provider.place.server.tenant()
    document = in_response(provider.answer(None), rsa_key("idp"))
    async with other.server.client() as stranger:
        for endpoint in ("acs", "slo"):
            sent = await stranger.post(
                f"{other.issuer}/saml/{provider.connection.word}/{endpoint}",
                content=urlencode({"SAMLResponse": write_post(document)}),
                headers={**FORM, "origin": "https://idp.example"},
            )
            assert sent.status_code == 404
        assert (await stranger.get(f"{other.issuer}/saml/{provider.connection.word}/metadata")).status_code == 404
