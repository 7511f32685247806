"""A SAML connection is tried before anybody signs in by it: what was received is shown, and why it was refused."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from lxml import etree

from airside.federation import MappingRules, RoleRule, SamlSettings
from airside.protocols.saml import read_redirect, write_post
from airside.signin import account_cookie
from tests.protocols.saml.attacks import attacks
from tests.protocols.saml.kit import Answer, answer_for, in_assertion, in_response, pinned, request_ids, rsa_key
from tests.running import Place
from tests.trips.guest import Guest
from tests.trips.visitor import FORM, ahead_of

IDP = "https://idp.example/metadata"
SSO = "https://idp.example/sso"


@dataclass
class Trial:
    """A guest who has typed in what the provider is like, and the provider."""

    guest: Guest
    address: str = ""

    async def configure(self) -> httpx2.Response:
        guest = self.guest
        await guest.begin()
        page = await guest.post(await guest.get("setup/provider"), provider="entra", kind="saml")
        (self.address,) = set(re.findall(r"<code>(\S+/saml/con_\w+)/acs</code>", page.text))
        typed = {"entity_id": IDP, "sso_url": SSO, "certificates": pinned("idp").pem}
        done = await guest.post(page, **typed)
        assert str(done.url).endswith("/setup/steps"), done.text
        return done

    async def lead(self) -> dict[str, str]:
        """What the provider is asked."""
        left = await self.guest.post(await self.guest.get("setup/test"))
        query = urlsplit(ahead_of(left)).query
        request = etree.fromstring(read_redirect(query).document)
        return {"ID": request.get("ID") or "", "RelayState": parse_qs(query)["RelayState"][0]}

    def answer(self, request_id: str, **changes: Any) -> Answer:
        usual = answer_for(f"{self.address}/acs", f"{self.address}/metadata", datetime.now(UTC))
        told = {"email": ("ada@contoso.example",), "displayName": ("Ada",), "team": ("nuclear", "aviation")}
        return replace(usual, **{**request_ids(request_id), "attributes": told, **changes})

    async def bring(self, document: bytes, state: str) -> str:
        """Where the browser is led that posts what the provider said: a foreign site, so without a cookie."""
        fields = {"SAMLResponse": write_post(document), "RelayState": state}
        async with self.guest.here.server.client() as foreign:
            headers = {**FORM, "origin": "https://idp.example"}
            sent = await foreign.post(f"{self.address}/acs", content=urlencode(fields), headers=headers)
        assert sent.status_code == 303, sent.text
        return f"{self.guest.here.server.url}{sent.headers['location']}"

    async def test(self, **changes: Any) -> httpx2.Response:
        """There and back."""
        asked = await self.lead()
        document = in_response(self.answer(asked["ID"], **changes), rsa_key("idp"))
        return await self.guest.get(await self.bring(document, asked["RelayState"]))


@pytest.fixture
async def trial(place: Place) -> AsyncIterator[Trial]:
    async with place.server.client() as http:
        yield Trial(Guest(place, http))


async def test_good_answer_is_shown_and_signs_nobody_in(trial: Trial) -> None:
    """Profiles §4.1: what was received, what is made of it, and no account."""
    place, guest = trial.guest.here, trial.guest
    await trial.configure()
    tested = await trial.test()
    assert "The sign-in was taken" in tested.text, tested.text
    for shown in ("ada-1", "ada@contoso.example", "Ada", "team", "nuclear, aviation"):
        assert shown in tested.text
    assert account_cookie(place.tenant_id) not in guest.http.cookies
    async with place.operator() as ctx:
        assert await place.server.services.users.find_by_email(ctx, "ada@contoso.example") is None


async def test_what_the_mapping_makes_of_it_is_shown(trial: Trial) -> None:
    services = trial.guest.here.server.services
    await trial.configure()
    connection_id = (await trial.guest.now()).connection_id
    assert connection_id is not None
    async with trial.guest.here.operator() as ctx:
        rules = MappingRules(groups="team", roles=(RoleRule("aviation", "member"),))
        await services.connection_admin.save_mapping(ctx, connection_id, rules)
    tested = await trial.test()
    assert "nuclear, aviation" in tested.text
    assert re.search(r"<dt>Roles</dt><dd>member</dd>", tested.text)


async def test_refusals_say_why_here_and_nowhere_else(trial: Trial) -> None:
    """N23, N24, N25: in words for whoever sets it up, beside the word that the journal has."""
    await trial.configure()
    past = datetime.now(UTC) - timedelta(hours=1)
    wrong: dict[str, tuple[dict[str, Any], str]] = {
        "saml_audience": ({"audiences": ("https://other.example",)}, "The assertion is for somebody else."),
        "saml_recipient": ({"recipient": f"{trial.address}x"}, "The assertion is for another address."),
        "saml_destination": ({"destination": f"{trial.address}x"}, "The answer is for another address."),
        "saml_issuer": ({"issuer": "https://evil.example"}, "The answer comes from another issuer"),
        "saml_expired": ({"not_on_or_after": past, "confirmed_until": past}, "The answer is too old."),
        "saml_in_response_to": ({"in_response_to": "_x"}, "The answer is for another request."),
    }
    for reason, (changes, words) in wrong.items():
        tested = await trial.test(**changes)
        assert "The sign-in was refused" in tested.text
        assert words in tested.text, (reason, tested.text)
        assert f"The reason, for your notes: {reason}" in tested.text
        kept = (await trial.guest.now()).test
        assert kept is not None
        assert kept.refusal == reason


async def test_key_that_is_not_set_up_is_told_of(trial: Trial) -> None:
    """N23."""
    await trial.configure()
    for sign in (in_response, in_assertion):
        asked = await trial.lead()
        document = sign(trial.answer(asked["ID"]), rsa_key("other"))
        tested = await trial.guest.get(await trial.bring(document, asked["RelayState"]))
        assert "The signature doesn’t fit" in tested.text, tested.text


def shown(page: httpx2.Response) -> dict[str, str]:
    """What the page lists, by its names."""
    pairs = re.findall(r"<dt>(?:<code>)?([^<]+)(?:</code>)?</dt><dd>(?:<code>)?([^<]*)", page.text)
    return {unescape(name): unescape(value) for name, value in pairs}


async def test_what_arrived_is_shown_beside_why_it_was_refused(trial: Trial) -> None:
    """What the provider signed, and apart from it what the envelope says, which nobody has verified."""
    await trial.configure()
    tested = await trial.test(audiences=("https://other.example",))
    assert "The assertion is for somebody else." in tested.text
    assert "Not verified" in tested.text
    assert "Signed by your provider" in tested.text
    found = shown(tested)
    assert found["Message"] == "Response"
    assert found["Holds"] == "Assertion"
    assert found["Signed elements"] == "Response"
    assert found["Audience"] == "https://other.example"
    assert found["Issuer"] == IDP
    assert found["Destination"] == found["Recipient"] == f"{trial.address}/acs"
    assert found["team"] == "nuclear, aviation"
    assert "The sign-in was taken" not in tested.text


async def test_of_what_nobody_signed_only_the_envelope_is_shown(trial: Trial) -> None:
    """N23, N29: no attribute and no name of anybody, and what is shown is text."""
    await trial.configure()
    asked = await trial.lead()
    evil = "&lt;b&gt;https://evil.example&lt;/b&gt;\u202e"
    told = {"role": ("admin",)}
    for signed in (True, False):
        forged = trial.answer(asked["ID"], issuer=evil, response_issuer=evil, attributes=told)
        document = in_response(forged, rsa_key("other")) if signed else forged.response().encode()
        tested = await trial.guest.get(await trial.bring(document, asked["RelayState"]))
        assert "Not verified" in tested.text
        assert "Signed by your provider" not in tested.text
        assert "<b>" not in tested.text
        assert shown(tested)["Issuer"] == "<b>https://evil.example</b>�"
        for private in ("admin", "ada-1", "role"):
            assert private not in shown(tested).values()
            assert private not in shown(tested)
        asked = await trial.lead()


async def test_of_what_is_no_message_nothing_but_its_size_is_shown(trial: Trial) -> None:
    """N26."""
    await trial.configure()
    for document in (b"<!DOCTYPE x [<!ENTITY e 'secret-entity'>]><x>&e;</x>", b"nothing of the kind", b"<a>" * 500):
        asked = await trial.lead()
        tested = await trial.guest.get(await trial.bring(document, asked["RelayState"]))
        assert "The sign-in was refused" in tested.text
        assert shown(tested) == {"Size in bytes": str(len(document))}


async def test_attacks_are_refused_and_reasoned(trial: Trial) -> None:
    """N23, N26: a portal that shows why is no portal that lets in."""
    await trial.configure()
    good = in_assertion(trial.answer("_nobody"), rsa_key("idp"))
    for document in list(dict(attacks(good, "admin")).values())[::9]:
        asked = await trial.lead()
        where = await trial.bring(document, asked["RelayState"])
        tested = await trial.guest.get(where)
        assert "The sign-in was taken" not in tested.text
    test = (await trial.guest.now()).test
    assert test is not None
    assert test.refusal


async def test_assertion_of_a_test_signs_nobody_in_and_a_second_time_shows_nothing(trial: Trial) -> None:
    """N11, N25: its id is spent, and its request was the test's."""
    await trial.configure()
    asked = await trial.lead()
    document = in_response(trial.answer(asked["ID"]), rsa_key("idp"))
    assert "The sign-in was taken" in (await trial.guest.get(await trial.bring(document, asked["RelayState"]))).text
    again = await trial.lead()
    where = await trial.bring(document, again["RelayState"])
    assert "The sign-in was refused" in (await trial.guest.get(where)).text


async def test_relay_state_leads_nowhere_else(trial: Trial) -> None:
    """N10: whatever comes back as RelayState is a word of ours or nothing."""
    await trial.configure()
    asked = await trial.lead()
    document = in_response(trial.answer(asked["ID"]), rsa_key("idp"))
    fields = {"SAMLResponse": write_post(document)}
    async with trial.guest.here.server.client() as foreign:
        for state in ("https://evil.example/", "//evil.example", "\\evil", "/t/other/account", "x" * 43):
            sent = await foreign.post(
                f"{trial.address}/acs",
                content=urlencode({**fields, "RelayState": state}),
                headers={**FORM, "origin": "https://idp.example"},
            )
            where = sent.headers.get("location", "")
            assert "evil" not in where
            assert where in ("", *(f"/t/{trial.guest.here.slug}/signin",)) or sent.status_code >= 400


async def test_metadata_that_is_pasted_is_read_as_administrators_read_it(trial: Trial) -> None:
    """One reader: endpoints of both bindings, where answers to logouts go, and no plain http."""
    guest = trial.guest
    await guest.begin()
    page = await guest.post(await guest.get("setup/provider"), provider="google", kind="saml")
    key = f"<ds:X509Certificate>{pinned('idp').base64}</ds:X509Certificate>"
    document = (
        '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example/metadata">'
        '<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
        f'<md:KeyDescriptor><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>{key}</ds:X509Data>'
        "</ds:KeyInfo></md:KeyDescriptor>"
        '<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"'
        ' Location="https://idp.example/slo" ResponseLocation="https://idp.example/slo/answer"/>'
        '<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"'
        ' Location="https://idp.example/sso"/>'
        "</md:IDPSSODescriptor></md:EntityDescriptor>"
    )
    refused = await guest.post(page, metadata=document.replace("https://idp.example/sso", "http://idp.example/sso"))
    assert refused.status_code == 422
    assert "That isn’t the metadata of one identity provider." in refused.text
    done = await guest.post(page, metadata=document)
    assert str(done.url).endswith("/setup/steps"), done.text
    connection_id = (await guest.now()).connection_id
    assert connection_id is not None
    async with guest.here.operator() as ctx:
        settings = (await guest.here.server.services.connections.get(ctx, connection_id)).settings
    assert isinstance(settings, SamlSettings)
    assert (settings.sso_url, settings.sso_binding) == ("https://idp.example/sso", "post")
    assert settings.slo_response_url == "https://idp.example/slo/answer"
