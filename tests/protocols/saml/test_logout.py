"""Single logout, both messages over both bindings (Core §3.7, Profiles §4.4)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from airside.protocols.saml import (
    ExpectedLogout,
    LogoutRequest,
    LogoutResponse,
    NameId,
    Reason,
    SamlRefused,
    VerifiedLogoutRequest,
    VerifiedLogoutResponse,
    read_post,
    read_redirect,
    verify_logout_request,
    verify_logout_response,
    write_post,
    write_redirect,
)
from airside.protocols.saml.bindings import Arrived, MessageField
from airside.protocols.saml.names import PERSISTENT, RESPONDER
from tests.protocols.saml.attacks import attacks
from tests.protocols.saml.kit import IDP, NOW, SLO, SP, Encryption, encrypt, message_signer, pinned, rsa_key, sign

SUBJECT = NameId("ann@customer.example", PERSISTENT, IDP, SP)
REQUEST = LogoutRequest("_lr1", NOW, IDP, SLO, SUBJECT, "_session1")
RESPONSE = LogoutResponse("_la1", NOW, IDP, SLO, "_ours1")
EXPECTED = ExpectedLogout(IDP, SP, SLO, "_ours1")
BINDINGS = ("redirect", "post")


def sent(message: LogoutRequest | LogoutResponse, binding: str, key: str = "idp") -> Arrived:
    name: MessageField = "SAMLRequest" if isinstance(message, LogoutRequest) else "SAMLResponse"
    if binding == "post":
        return read_post(name, write_post(message_signer(key).sign(message.element())))
    url = write_redirect(name, message.document(), SLO, signer=message_signer(key))
    return read_redirect(urlsplit(url).query)


def ask(arrived: Arrived, **changes: Any) -> VerifiedLogoutRequest:
    return verify_logout_request(
        arrived, replace(EXPECTED, **changes), [pinned("idp")], NOW, decryption_keys=[rsa_key("ours")]
    )


def answer(arrived: Arrived, **changes: Any) -> VerifiedLogoutResponse:
    return verify_logout_response(arrived, replace(EXPECTED, **changes), [pinned("idp")], NOW)


@pytest.mark.parametrize("binding", BINDINGS)
def test_request_round_trip(binding: str):
    said = ask(sent(REQUEST, binding))
    assert (said.id, said.subject, said.session_indexes) == ("_lr1", SUBJECT, ("_session1",))
    assert said.expires_at == NOW + timedelta(minutes=5) + EXPECTED.leeway


@pytest.mark.parametrize("binding", BINDINGS)
def test_response_round_trip(binding: str):
    said = answer(sent(RESPONSE, binding))
    assert (said.id, said.request_id, said.succeeded) == ("_la1", "_ours1", True)
    assert not answer(sent(replace(RESPONSE, status=RESPONDER), binding)).succeeded


@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"issuer": "https://other.example"}, Reason.ISSUER),
        ({"destination": SLO + "x"}, Reason.DESTINATION),
        ({"audience": "https://other.example"}, Reason.SUBJECT),
    ],
)
def test_wrong_context_is_refused(binding: str, changes: dict[str, Any], reason: Reason):
    """N05."""
    with pytest.raises(SamlRefused) as refused:
        ask(sent(REQUEST, binding), **changes)
    assert refused.value.why is reason


@pytest.mark.parametrize("binding", BINDINGS)
def test_response_to_nothing_is_refused(binding: str):
    """N25."""
    for expected in (None, "_other"):
        with pytest.raises(SamlRefused):
            answer(sent(RESPONSE, binding), request_id=expected)


@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize("minutes", [-6, 1])
def test_message_of_another_time_is_refused(binding: str, minutes: int):
    """N05."""
    moment = NOW + timedelta(minutes=minutes)
    for arrived in (
        sent(replace(REQUEST, issued_at=moment), binding),
        sent(replace(RESPONSE, issued_at=moment), binding),
    ):
        with pytest.raises(SamlRefused) as refused:
            ask(arrived) if arrived.name == "SAMLRequest" else answer(arrived)
        assert refused.value.why in (Reason.EXPIRED, Reason.NOT_YET)


def test_request_that_has_ended_is_refused():
    document = REQUEST.document().replace(b"<saml:Issuer", b"<saml:Issuer", 1)
    ended = document.replace(b"IssueInstant", b'NotOnOrAfter="2026-11-28T11:00:00Z" IssueInstant', 1)
    with pytest.raises(SamlRefused, match="expired"):
        ask(read_post("SAMLRequest", write_post(sign(ended, rsa_key("idp")))))


@pytest.mark.parametrize("binding", BINDINGS)
def test_strangers_signature_is_refused(binding: str):
    """N02, N25."""
    with pytest.raises(SamlRefused, match="signature"):
        ask(sent(REQUEST, binding, "attacker"))
    with pytest.raises(SamlRefused, match="signature"):
        answer(sent(RESPONSE, binding, "attacker"))


def test_unsigned_message_is_refused():
    """N25: over both bindings."""
    for message, verify in ((REQUEST, ask), (RESPONSE, answer)):
        name: MessageField = "SAMLRequest" if message is REQUEST else "SAMLResponse"
        for arrived in (read_post(name, write_post(message.document())), Arrived(name, message.document(), None)):
            with pytest.raises(SamlRefused, match="unsigned"):
                verify(arrived)


def test_one_message_is_not_taken_for_the_other():
    """N06."""
    with pytest.raises(SamlRefused, match="shape"):
        answer(sent(REQUEST, "post"))
    with pytest.raises(SamlRefused, match="shape"):
        ask(sent(RESPONSE, "redirect"))


def test_every_attack_on_a_signed_request_is_refused():
    """N23, N24, N26."""
    document = sent(REQUEST, "post").document
    taken: list[str] = []
    for name, attack in attacks(document, "admin@customer.example"):
        try:
            ask(Arrived("SAMLRequest", attack, None))
            taken.append(name)
        except SamlRefused:
            pass
    assert taken == []


def test_truncated_and_corrupted_are_refused():
    document = sent(REQUEST, "post").document
    for changed in (document[:-9], document.replace(b"_session1", b"_session2"), document.replace(b"ann@", b"amy@")):
        with pytest.raises(SamlRefused):
            ask(Arrived("SAMLRequest", changed, None))


def test_oversized_and_too_many_sessions_are_refused():
    document = REQUEST.document().replace(
        b"</samlp:LogoutRequest>",
        b"<samlp:SessionIndex>x</samlp:SessionIndex>" * 64 + b"</samlp:LogoutRequest>",
    )
    with pytest.raises(SamlRefused, match="too_large"):
        ask(read_post("SAMLRequest", write_post(sign(document, rsa_key("idp")))))


def test_encrypted_subject_is_read():
    """Core §3.7.1."""
    name = b'<saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">eve</saml:NameID>'
    wrapped = encrypt(name, rsa_key("ours").public_key(), Encryption(), "EncryptedID").encode()
    document = REQUEST.document()
    start, end = document.index(b"<saml:NameID"), document.index(b"</saml:NameID>") + len(b"</saml:NameID>")
    arrived = read_post("SAMLRequest", write_post(sign(document[:start] + wrapped + document[end:], rsa_key("idp"))))
    assert ask(arrived).subject.value == "eve"


def test_only_the_verifiers_make_verified_messages():
    made: Any = VerifiedLogoutRequest
    with pytest.raises(TypeError, match="only its verifier"):
        made("_1", SUBJECT, (), NOW, object())
    made = VerifiedLogoutResponse
    with pytest.raises(TypeError, match="only its verifier"):
        made("_1", "_2", True, object())
    with pytest.raises(ValueError, match="named"):
        ExpectedLogout("", SP, SLO)
