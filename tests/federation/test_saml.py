"""The door `saml`: there and back, and every way in which what comes back counts for nothing."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from lxml import etree

from airside.core.errors import InvalidInput, NotFound, Refusal, Unauthenticated
from airside.federation import NotLinked, OidcAnswer
from airside.federation.linking import FEDERATED
from airside.protocols.saml import read_post, read_redirect
from airside.protocols.saml.bindings import verify_detached
from airside.protocols.saml.lenience import STRICT
from airside.protocols.saml.names import EMAIL_ADDRESS, PERSISTENT, TRANSIENT
from airside.protocols.saml.signatures import verified_element
from airside.protocols.saml.xml import parse
from tests.federation.kit import new_login
from tests.federation.saml_kit import ADA, IDP, OURS, SSO, SamlKit, request_of
from tests.protocols.saml.attacks import attacks
from tests.protocols.saml.kit import (
    WAYS,
    Encryption,
    encrypted,
    in_assertion,
    in_response,
    pinned,
    request_ids,
    rsa_key,
)


async def refused(saml: SamlKit, reason: str, settings: dict[str, Any] | None = None, **changes: Any) -> None:
    """Signing in proves nothing, and the journal alone says why."""
    connection = await saml.connection(**(settings or {}))
    with pytest.raises(Unauthenticated) as caught:
        await saml.sign_in(connection, **changes)
    assert reason not in str(caught.value)
    assert await saml.reasons() == [reason]


@pytest.mark.parametrize("way", WAYS)
async def test_round_trip_proves_who_it_is(saml: SamlKit, way: str) -> None:
    """Profiles §4.1"""
    connection = await saml.connection()
    proof = await saml.sign_in(connection, way=way)
    async with saml.federation.begin() as ctx:
        user = await saml.federation.kit.users.get(ctx, proof.user_id)
    assert (user.email, user.name) == (ADA, "Ada")
    assert (proof.kind, proof.connection_id, proof.methods) == ("saml", connection.id, (FEDERATED,))
    assert (proof.weight, proof.foreign) == ("first", "_session1")
    again = await saml.sign_in(connection, way=way, attributes={})
    assert (again.user_id, again.identity_id) == (proof.user_id, proof.identity_id)


async def test_browser_is_led_away_with_a_signed_request(saml: SamlKit) -> None:
    """Profiles §4.1.4.1; Bindings §3.4.4.1"""
    connection = await saml.connection(name_id_format=PERSISTENT)
    departure = await saml.lead(connection, new_login())
    assert departure.fields is None
    assert departure.url.startswith(SSO + "?SAMLRequest=")
    asked = request_of(departure)
    assert asked["AssertionConsumerServiceURL"] == f"{OURS}/saml/{connection.word}/acs"
    assert (asked["Destination"], len(asked["RelayState"])) == (SSO, 43)
    async with saml.federation.begin() as ctx:
        [certificate] = (await saml.party.keys(ctx, connection)).certificates
    arrived = read_redirect(urlsplit(departure.url).query)
    assert arrived.detached is not None
    verify_detached(arrived.detached, [certificate])
    other = request_of(await saml.lead(connection, new_login()))
    assert other["ID"] != asked["ID"]
    assert other["RelayState"] != asked["RelayState"]


async def test_browser_posts_a_signed_request_where_that_is_set(saml: SamlKit) -> None:
    """Bindings §3.5"""
    connection = await saml.connection(sso_binding="post")
    departure = await saml.lead(connection, new_login())
    assert departure.url == SSO
    assert departure.fields is not None
    async with saml.federation.begin() as ctx:
        certificates = (await saml.party.keys(ctx, connection)).certificates
    root = parse(read_post("SAMLRequest", departure.fields["SAMLRequest"]).document)
    assert verified_element(root, root, certificates, STRICT).get("ID") == root.get("ID")


async def test_login_that_renews_a_session_asks_that_the_person_be_asked_anew(saml: SamlKit) -> None:
    """N12, Core §3.4.1: ForceAuthn; and an `AuthnInstant` from before counts for nothing."""
    connection = await saml.connection()
    first = await saml.sign_in(connection)
    assert "ForceAuthn" not in request_of(await saml.lead(connection, new_login()))
    login = replace(new_login(first.user_id), renew_since=saml.clock.now())
    asked = request_of(await saml.lead(connection, login))
    assert asked["ForceAuthn"] == "true"
    for early, renews in ((timedelta(hours=8), False), (timedelta(), True)):
        asked = request_of(await saml.lead(connection, login))
        instant = saml.clock.now() - early
        answer = await saml.answer(connection, **request_ids(asked["ID"]), authenticated=instant)
        word = await saml.receive(connection, in_assertion(answer, rsa_key("idp")), asked["RelayState"])
        if renews:
            assert (await saml.prove(login, word)).user_id == first.user_id
        else:
            with pytest.raises(Unauthenticated):
                await saml.prove(login, word)
    assert await saml.reasons() == ["stale"]


async def test_requests_go_unsigned_where_that_is_set(saml: SamlKit) -> None:
    for binding in ("redirect", "post"):
        departure = await saml.lead(await saml.connection(sign_requests=False, sso_binding=binding), new_login())
        if departure.fields is None:
            assert "Signature" not in departure.url
        else:
            assert b"Signature" not in read_post("SAMLRequest", departure.fields["SAMLRequest"]).document


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"issuer": "https://other.example"}, "saml_issuer"),
        ({"audiences": ("https://other.example",)}, "saml_audience"),
        ({"recipient": "https://other.example"}, "saml_recipient"),
        ({"in_response_to": "_other"}, "saml_in_response_to"),
        ({"in_response_to": None}, "saml_unsolicited"),
        ({"status": "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"}, "saml_status_AuthnFailed"),
        ({"name_id_xml": f'<saml:NameID Format="{TRANSIENT}">x</saml:NameID>'}, "saml_subject"),
    ],
)
async def test_answer_for_another_proves_nothing(saml: SamlKit, changes: dict[str, Any], reason: str) -> None:
    """N05, N25: the reason is in the journal and not on the page."""
    connection = await saml.connection()
    login = new_login()
    asked = request_of(await saml.lead(connection, login))
    answer = await saml.answer(connection, **(request_ids(asked["ID"]) | changes))
    word = await saml.receive(connection, in_assertion(answer, rsa_key("idp")), asked["RelayState"])
    with pytest.raises(Unauthenticated) as caught:
        await saml.prove(login, word)
    assert reason not in str(caught.value)
    assert await saml.reasons() == [reason]


async def test_expired_answer_proves_nothing(saml: SamlKit) -> None:
    """N05"""
    await refused(saml, "saml_expired", confirmed_until=saml.clock.now() - timedelta(minutes=1))


async def test_strangers_key_proves_nothing(saml: SamlKit) -> None:
    """N02: only what is pinned verifies."""
    await refused(saml, "saml_signature", {"certificates": (pinned("next").pem,)})


async def test_either_key_of_a_rollover_proves(saml: SamlKit) -> None:
    connection = await saml.connection(certificates=(pinned("next").pem, pinned("idp").pem))
    await saml.sign_in(connection)


async def test_attacks_on_a_good_answer_prove_nothing(saml: SamlKit) -> None:
    """N23, N24, N26: through the whole door, from the bytes that a browser brings."""
    connection = await saml.connection()
    login = new_login()
    for name, change in list(attacks(in_assertion(await saml.answer(connection), rsa_key("idp")), "admin"))[::5]:
        asked = request_of(await saml.lead(connection, login))
        word = await saml.receive(connection, change, asked["RelayState"])
        with pytest.raises(Refusal):
            await saml.prove(login, word)
        assert name
        async with saml.federation.begin() as ctx:
            await saml.federation.answers.forgive(ctx)
    assert len(await saml.reasons()) >= 8


async def test_assertion_counts_once(saml: SamlKit) -> None:
    """N25: the same answer in a second login, with a request of its own that it doesn't answer; and, unasked, twice."""
    connection = await saml.connection(idp_initiated=True)
    answer = await saml.answer(connection, in_response_to=None, response_in_response_to=None)
    document = in_assertion(answer, rsa_key("idp"))
    first, second = new_login(), new_login()
    await saml.prove(first, await saml.receive_unasked(connection, first, document))
    with pytest.raises(Unauthenticated):
        await saml.prove(second, await saml.receive_unasked(connection, second, document))
    assert await saml.reasons() == ["replayed"]


async def test_of_fifty_at_once_one_proves(saml: SamlKit) -> None:
    """House rule 3: the assertion's id is spent by one INSERT."""
    connection = await saml.connection(idp_initiated=True)
    await saml.sign_in(connection)
    answer = await saml.answer(connection, in_response_to=None, response_in_response_to=None)
    document = in_response(answer, rsa_key("idp"))

    async def once() -> bool:
        login = new_login()
        word = await saml.receive_unasked(connection, login, document)
        try:
            await saml.prove(login, word)
        except Refusal:
            return False
        return True

    assert sum(await asyncio.gather(*(once() for _ in range(50)))) == 1


async def test_unasked_answer_counts_only_where_it_is_switched_on(saml: SamlKit) -> None:
    """N25, N11"""
    connection = await saml.connection()
    answer = await saml.answer(connection, in_response_to=None, response_in_response_to=None)
    login = new_login()
    word = await saml.receive_unasked(connection, login, in_assertion(answer, rsa_key("idp")))
    with pytest.raises(Unauthenticated):
        await saml.prove(login, word)
    assert await saml.reasons() == ["unasked"]


async def test_answer_to_a_request_is_not_taken_as_unasked(saml: SamlKit) -> None:
    """N25: a stolen answer, brought where no request waits."""
    connection = await saml.connection(idp_initiated=True)
    login = new_login()
    word = await saml.receive_unasked(connection, login, in_assertion(await saml.answer(connection), rsa_key("idp")))
    with pytest.raises(Unauthenticated):
        await saml.prove(login, word)
    assert await saml.reasons() == ["saml_in_response_to"]


async def test_answer_of_another_connection_proves_nothing(saml: SamlKit) -> None:
    """N20: the same provider, keys and all, behind two connections: each is an audience of its own."""
    one, other = await saml.connection(), await saml.connection()
    login = new_login()
    asked = request_of(await saml.lead(other, login))
    answer = await saml.answer(one, **request_ids(asked["ID"]))
    word = await saml.receive(other, in_response(answer, rsa_key("idp")), asked["RelayState"])
    with pytest.raises(Unauthenticated):
        await saml.prove(login, word)
    assert await saml.reasons() == ["saml_destination"]
    with pytest.raises(NotFound):
        await saml.receive(one, in_response(answer, rsa_key("idp")), asked["RelayState"])


async def test_answer_into_another_login_is_nothing(saml: SamlKit) -> None:
    """N11: whoever has the answer's word needs the login's cookie too."""
    connection = await saml.connection()
    asked = request_of(await saml.lead(connection, new_login()))
    answer = await saml.answer(connection, **request_ids(asked["ID"]))
    word = await saml.receive(connection, in_assertion(answer, rsa_key("idp")), asked["RelayState"])
    with pytest.raises(Unauthenticated):
        await saml.prove(new_login(), word)


async def test_another_kind_of_answer_is_refused(saml: SamlKit) -> None:
    """N06"""
    async with saml.federation.begin() as ctx:
        with pytest.raises(Unauthenticated):
            await saml.door.prove(ctx, new_login(), OidcAnswer("x" * 43))


async def test_encrypted_answer_is_read_and_may_be_demanded(saml: SamlKit) -> None:
    """N42"""
    connection = await saml.connection(want_encrypted=True)
    async with saml.federation.begin() as ctx:
        [key] = (await saml.party.keys(ctx, connection)).decryption
    login = new_login()
    asked = request_of(await saml.lead(connection, login))
    answer = await saml.answer(connection, **request_ids(asked["ID"]))
    document = encrypted(answer, rsa_key("idp"), key.public_key(), Encryption())
    await saml.prove(login, await saml.receive(connection, document, asked["RelayState"]))
    with pytest.raises(Unauthenticated):
        await saml.sign_in(connection)
    assert await saml.reasons() == ["not_encrypted"]


async def test_our_keys_roll_over(saml: SamlKit) -> None:
    """What was encrypted to the key before is still read; the new one signs; both are in the metadata."""
    connection = await saml.connection()
    async with saml.federation.begin() as ctx:
        [before] = (await saml.party.keys(ctx, connection)).decryption
    async with saml.federation.begin() as ctx:
        await saml.party.renew(ctx, connection.id)
    async with saml.federation.begin() as ctx:
        keys = await saml.party.keys(ctx, connection)
        root = etree.fromstring(await saml.party.metadata(ctx, connection.id))
    assert len(keys.pairs) == 2
    assert root.get("entityID") == f"{OURS}/saml/{connection.word}/metadata"
    assert [one.text for one in root.iter("{*}X509Certificate")] == [one.base64 for one in keys.certificates] * 2
    login = new_login()
    asked = request_of(await saml.lead(connection, login))
    answer = await saml.answer(connection, **request_ids(asked["ID"]))
    document = encrypted(answer, rsa_key("idp"), before.public_key(), Encryption())
    await saml.prove(login, await saml.receive(connection, document, asked["RelayState"]))


async def test_disabled_connection_opens_nothing(saml: SamlKit) -> None:
    """N18"""
    connection = await saml.connection()
    login = new_login()
    asked = request_of(await saml.lead(connection, login))
    answer = await saml.answer(connection, **request_ids(asked["ID"]))
    word = await saml.receive(connection, in_assertion(answer, rsa_key("idp")), asked["RelayState"])
    async with saml.federation.begin() as ctx:
        await saml.federation.connections.disable(ctx, connection.id)
    with pytest.raises(Unauthenticated):
        await saml.prove(login, word)
    async with saml.federation.begin() as ctx:
        with pytest.raises(NotFound):
            await saml.party.metadata(ctx, connection.id)


async def test_identity_is_connection_and_subject_and_never_an_address(saml: SamlKit) -> None:
    """N17"""
    connection = await saml.connection()
    first = await saml.sign_in(connection)
    with pytest.raises(NotLinked):
        await saml.sign_in(connection, name_id_xml=f'<saml:NameID Format="{PERSISTENT}">eve-1</saml:NameID>')
    named = f'<saml:NameID Format="{PERSISTENT}" NameQualifier="{IDP}">ada-1</saml:NameID>'
    assert (await saml.sign_in(connection, name_id_xml=named, attributes={})).user_id == first.user_id
    with pytest.raises(NotLinked):
        await saml.sign_in(connection, name_id_xml=f'<saml:NameID Format="{EMAIL_ADDRESS}">ada-1</saml:NameID>')


async def test_people_may_be_known_by_an_attribute(saml: SamlKit) -> None:
    connection = await saml.connection(subject_attribute="uid")
    transient = f'<saml:NameID Format="{TRANSIENT}">%s</saml:NameID>'
    said = {"uid": ("u1",), "email": (ADA,)}
    first = await saml.sign_in(connection, name_id_xml=transient % "a", attributes=said)
    again = await saml.sign_in(connection, name_id_xml=transient % "b", attributes=said)
    assert again.user_id == first.user_id
    for bad in ({}, {"uid": ("u1", "u2")}, {"uid": ("",)}):
        with pytest.raises(Unauthenticated):
            await saml.sign_in(connection, name_id_xml=transient % "a", attributes=bad)


async def test_kind_of_name_that_was_asked_for_is_taken_alone(saml: SamlKit) -> None:
    await refused(saml, "saml_subject", {"name_id_format": EMAIL_ADDRESS})


async def test_certificate_that_is_none_makes_no_connection(saml: SamlKit) -> None:
    """N04"""
    for written in ("MA==", "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n", pinned("idp").pem * 2):
        with pytest.raises(InvalidInput):
            await saml.connection(certificates=(written,))
