"""Single logout with SAML providers, both ways (Profiles §4.4)."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest
from lxml import etree

from airside.core.errors import InvalidInput, NotFound
from airside.federation import Connection, Departure, FederatedSession, LinkedProof
from airside.protocols.saml import (
    Arrived,
    LogoutRequest,
    LogoutResponse,
    NameId,
    read_post,
    read_redirect,
    write_post,
    write_redirect,
)
from airside.protocols.saml.bindings import MessageField, verify_detached
from airside.protocols.saml.names import PERSISTENT
from airside.store import RequestContext
from tests.federation.saml_kit import IDP, SLO, SamlKit, request_of
from tests.protocols.saml.kit import message_signer

ADA = NameId("ada-1", PERSISTENT)
BINDINGS = ("redirect", "post")


async def session_of(saml: SamlKit, proof: LinkedProof, foreign: str | None = None) -> UUID:
    """A session that was proven so."""
    kit = saml.federation.kit
    async with saml.federation.begin() as ctx:
        session = (await kit.sessions.start(ctx, [proof])).session
        began = FederatedSession(session.id, proof.identity_id, proof.connection_id, foreign or proof.foreign)
        await saml.federation.sessions.began(ctx, began, proof.user_id)
    return session.id


async def begin(saml: SamlKit, ctx: RequestContext, session_id: UUID) -> Departure | None:
    """How the provider that proved the session is told of its end."""
    told = [await saml.logouts.begin(ctx, each) for each in await saml.federation.sessions.of_session(ctx, session_id)]
    return told[0] if told else None


async def alive(saml: SamlKit, proof: LinkedProof) -> set[UUID]:
    async with saml.federation.begin() as ctx:
        return {session.id for session in await saml.federation.kit.sessions.list(ctx, proof.user_id)}


async def request_for(saml: SamlKit, connection: Connection, **changes: Any) -> LogoutRequest:
    ours = await saml.addresses(connection)
    usual = LogoutRequest(f"_{uuid4().hex}", saml.clock.now(), IDP, ours.slo, ADA, "_session1")
    return replace(usual, **changes)


def sent(
    message: LogoutRequest | LogoutResponse, binding: str = "redirect", key: str = "idp", state: str = "s"
) -> Arrived:
    name: MessageField = "SAMLRequest" if isinstance(message, LogoutRequest) else "SAMLResponse"
    if binding == "post":
        return read_post(name, write_post(message_signer(key).sign(message.element())), state)
    url = write_redirect(name, message.document(), message.destination, signer=message_signer(key), relay_state=state)
    return read_redirect(urlsplit(url).query)


async def accept(saml: SamlKit, connection: Connection, arrived: Arrived) -> Departure | None:
    async with saml.federation.begin() as ctx:
        return await saml.logouts.accept(ctx, connection.id, arrived)


@pytest.mark.parametrize("binding", BINDINGS)
async def test_providers_request_ends_the_session_that_it_names_and_is_answered(saml: SamlKit, binding: str) -> None:
    """Profiles §4.4.3"""
    connection = await saml.connection(slo_binding=binding)
    proof = await saml.sign_in(connection)
    named, other = await session_of(saml, proof), await session_of(saml, proof, "_session2")
    request = await request_for(saml, connection)
    departure = await accept(saml, connection, sent(request, binding))
    assert named not in await alive(saml, proof)
    assert other in await alive(saml, proof)
    assert departure is not None
    assert departure.url.startswith(SLO)
    if departure.fields is None:
        query = urlsplit(departure.url).query
        assert parse_qs(query)["RelayState"] == ["s"]
        answer = read_redirect(query)
        assert answer.detached is not None
        async with saml.federation.begin() as ctx:
            verify_detached(answer.detached, (await saml.party.keys(ctx, connection)).certificates)
    else:
        assert departure.fields["RelayState"] == "s"
        answer = read_post("SAMLResponse", departure.fields["SAMLResponse"])
    assert etree.fromstring(answer.document).get("InResponseTo") == request.id


async def test_request_that_names_no_session_ends_all(saml: SamlKit) -> None:
    """Core §3.7.1"""
    connection = await saml.connection()
    proof = await saml.sign_in(connection)
    await session_of(saml, proof)
    await session_of(saml, proof, "_session2")
    await accept(saml, connection, sent(await request_for(saml, connection, session_index=None)))
    assert await alive(saml, proof) == set()


async def test_stranger_ends_nothing(saml: SamlKit) -> None:
    """N25: unsigned, another's key, another's endpoint; the reason is in the journal."""
    connection = await saml.connection()
    proof = await saml.sign_in(connection)
    session = await session_of(saml, proof)
    request = await request_for(saml, connection)
    other = await saml.connection()
    bad = [
        sent(request, key="attacker"),
        read_post("SAMLRequest", write_post(request.document())),
        sent(await request_for(saml, other)),
        sent(replace(request, issuer="https://other.example")),
    ]
    for arrived in bad:
        with pytest.raises(InvalidInput) as caught:
            await accept(saml, connection, arrived)
        assert "saml" not in str(caught.value).lower().replace("logout message refused", "")
    assert await alive(saml, proof) == {session}
    assert await saml.reasons() == [
        "logout_saml_signature",
        "logout_saml_unsigned",
        "logout_saml_destination",
        "logout_saml_issuer",
    ]


async def test_request_counts_once(saml: SamlKit) -> None:
    """N25"""
    connection = await saml.connection()
    arrived = sent(await request_for(saml, connection))
    await accept(saml, connection, arrived)
    with pytest.raises(InvalidInput):
        await accept(saml, connection, arrived)


async def test_nobody_here_is_answered_alike(saml: SamlKit) -> None:
    """N15"""
    connection = await saml.connection()
    departure = await accept(
        saml, connection, sent(await request_for(saml, connection, subject=NameId("x", PERSISTENT)))
    )
    assert departure is not None


async def test_person_of_another_connection_is_untouched(saml: SamlKit) -> None:
    """N20"""
    one = await saml.connection()
    proof = await saml.sign_in(one)
    session = await session_of(saml, proof)
    other = await saml.connection()
    await accept(saml, other, sent(await request_for(saml, other, session_index=None)))
    assert await alive(saml, proof) == {session}


async def test_provider_without_an_endpoint_is_heard_and_not_answered(saml: SamlKit) -> None:
    connection = await saml.connection(slo_url=None)
    proof = await saml.sign_in(connection)
    session = await session_of(saml, proof)
    assert await accept(saml, connection, sent(await request_for(saml, connection))) is None
    assert await alive(saml, proof) == set()
    async with saml.federation.begin() as ctx:
        assert await begin(saml, ctx, session) is None


async def test_answer_goes_where_the_provider_takes_answers(saml: SamlKit) -> None:
    """Metadata §2.2.2: ResponseLocation"""
    connection = await saml.connection(slo_response_url=SLO + "/answer")
    departure = await accept(saml, connection, sent(await request_for(saml, connection)))
    assert departure is not None
    assert departure.url.startswith(SLO + "/answer?SAMLResponse=")


@pytest.mark.parametrize("binding", BINDINGS)
async def test_our_end_is_told_to_the_provider(saml: SamlKit, binding: str) -> None:
    """Profiles §4.4.4.1; its answer is heard by its RelayState."""
    connection = await saml.connection(slo_binding=binding)
    proof = await saml.sign_in(connection)
    session = await session_of(saml, proof)
    async with saml.federation.begin() as ctx:
        departure = await begin(saml, ctx, session)
    assert departure is not None
    told = request_of(departure)
    query = urlsplit(departure.url).query
    document = (
        read_redirect(query) if departure.fields is None else read_post("SAMLRequest", departure.fields["SAMLRequest"])
    ).document
    root = etree.fromstring(document)
    assert (root.findtext("{*}NameID"), root.findtext("{*}SessionIndex")) == ("ada-1", "_session1")
    ours = await saml.addresses(connection)
    answer = LogoutResponse("_a1", saml.clock.now(), IDP, ours.slo, told["ID"])
    assert await accept(saml, connection, sent(answer, binding, state=told["RelayState"])) is None
    for state in ("", "another"):
        with pytest.raises(InvalidInput):
            await accept(saml, connection, sent(answer, binding, state=state))


async def test_disabled_connection_hears_and_tells_nothing(saml: SamlKit) -> None:
    """N18"""
    connection = await saml.connection()
    proof = await saml.sign_in(connection)
    session = await session_of(saml, proof)
    request = sent(await request_for(saml, connection))
    async with saml.federation.begin() as ctx:
        await saml.federation.connections.disable(ctx, connection.id)
    with pytest.raises(NotFound):
        await accept(saml, connection, request)
    async with saml.federation.begin() as ctx:
        assert await begin(saml, ctx, session) is None


async def test_session_that_was_proven_here_is_told_to_nobody(saml: SamlKit) -> None:
    async with saml.federation.begin() as ctx:
        assert await begin(saml, ctx, uuid4()) is None
