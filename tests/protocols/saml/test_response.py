"""Responses: what is taken, what is not, and for which reason."""

from dataclasses import FrozenInstanceError, replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod

from airside.protocols.saml import (
    MAX_CERTIFICATES,
    CertificateRefused,
    ExpectedResponse,
    Lenience,
    PinnedCertificate,
    Reason,
    SamlRefused,
    VerifiedAssertion,
    verify_response,
)
from airside.protocols.saml.xml import MAX_XML
from tests.protocols.saml.kit import (
    ACS,
    ASSERTION_PATH,
    EXPECTED,
    IDP,
    NOW,
    SAML,
    WAYS,
    Answer,
    but,
    certificate,
    ec_key,
    in_assertion,
    in_both,
    in_response,
    instant,
    pinned,
    rsa_key,
    sign,
    signed_by_hand,
)

MINUTE = timedelta(minutes=1)


def verify(document: bytes, *pins: PinnedCertificate, **changes: Any) -> VerifiedAssertion:
    return verify_response(document, replace(EXPECTED, **changes), pins or (pinned("idp"),), NOW)


def why(document: bytes, *pins: PinnedCertificate, **changes: Any) -> Reason:
    with pytest.raises(SamlRefused) as refused:
        verify(document, *pins, **changes)
    return refused.value.why


@pytest.mark.parametrize("way", WAYS)
def test_what_was_signed_is_what_is_said(way: str):
    """Round trip; Profiles §4.1.4."""
    answer = but(session_ends=NOW + timedelta(hours=8))
    said = verify(WAYS[way](answer, rsa_key("idp")))
    assert (said.assertion_id, said.issuer, said.request_id) == ("_assertion1", IDP, "_request1")
    assert said.subject.value == "ann@customer.example"
    assert dict(said.attributes) == {"email": ("ann@customer.example",), "groups": ("staff", "admins")}
    assert said.session_index == "_session1"
    assert said.session_ends == NOW + timedelta(hours=8)
    assert said.authn_context is not None
    assert said.authn_context.endswith("PasswordProtectedTransport")
    assert said.expires_at == NOW + 5 * MINUTE + EXPECTED.leeway


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"issuer": "https://other.example"}, Reason.ISSUER),
        ({"audience": "https://other.example"}, Reason.AUDIENCE),
        ({"recipient": "https://other.example/acs"}, Reason.DESTINATION),
        ({"request_id": "_another"}, Reason.IN_RESPONSE_TO),
        ({"request_id": None}, Reason.IN_RESPONSE_TO),
    ],
)
def test_wrong_context_is_refused(changes: dict[str, Any], reason: Reason):
    """N05, N25: an answer for somebody else, from somebody else, to another question or to none."""
    assert why(in_both(Answer(), rsa_key("idp")), **changes) is reason


def test_corrupted_bytes_are_refused():
    document = in_both(Answer(), rsa_key("idp"))
    for place in (b"ann@customer", b"admins", b"_session1", b"PasswordProtected"):
        assert why(document.replace(place, place[:-1] + b"~")) is Reason.SIGNATURE
    value = etree.fromstring(document).findtext(".//{*}SignatureValue") or ""
    other = "B" if value[0] != "B" else "C"
    assert why(document.replace(value.encode(), (other + value[1:]).encode())) is Reason.SIGNATURE


def test_truncated_bytes_are_refused():
    document = in_response(Answer(), rsa_key("idp"))
    for length in range(0, len(document) - 1, 97):
        assert why(document[:length]) in (Reason.MALFORMED, Reason.TOO_LARGE)


def test_oversized_message_is_refused():
    document = in_response(but(attributes={"a": ("x" * MAX_XML,)}), rsa_key("idp"))
    assert why(document) is Reason.TOO_LARGE


def test_wire_format_is_pinned():
    """A message as it stands on the wire, with a declaration, other prefixes and white space between elements."""
    answer = but(attributes={"groups": ("staff",)}).response().replace("><", ">\n  <")
    renamed = answer.replace("samlp:", "p:").replace("xmlns:samlp", "xmlns:p").replace("saml:", "a:")
    document = b'<?xml version="1.0" encoding="UTF-8"?>\n' + sign(
        renamed.replace("xmlns:saml", "xmlns:a").encode(), rsa_key("idp"), path=ASSERTION_PATH
    )
    assert dict(verify(document).attributes) == {"groups": ("staff",)}


def test_only_the_verifier_makes_a_verified_assertion():
    said = verify(in_response(Answer(), rsa_key("idp")))
    forged: Any = VerifiedAssertion
    with pytest.raises(TypeError, match="only its verifier"):
        forged("_1", IDP, said.subject, {}, None, None, NOW, None, NOW, None, False, object())
    with pytest.raises(FrozenInstanceError):
        said.issuer = "https://other.example"  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"issuer": None}, Reason.ISSUER),
        ({"issuer": "https://other.example"}, Reason.ISSUER),
        ({"response_issuer": None}, Reason.ISSUER),
        ({"response_issuer": "https://other.example"}, Reason.ISSUER),
        ({"destination": None}, Reason.DESTINATION),
        ({"destination": ""}, Reason.DESTINATION),
        ({"destination": ACS + "/"}, Reason.DESTINATION),
        ({"recipient": None}, Reason.RECIPIENT),
        ({"recipient": ACS.upper()}, Reason.RECIPIENT),
        ({"audiences": None}, Reason.AUDIENCE),
        ({"audiences": ("https://other.example",)}, Reason.AUDIENCE),
        ({"in_response_to": None}, Reason.UNSOLICITED),
        ({"in_response_to": "_other"}, Reason.IN_RESPONSE_TO),
        ({"response_in_response_to": "_other"}, Reason.IN_RESPONSE_TO),
        ({"not_before": NOW + MINUTE}, Reason.NOT_YET),
        ({"not_on_or_after": NOW - MINUTE}, Reason.EXPIRED),
        ({"confirmed_until": NOW - MINUTE}, Reason.EXPIRED),
        ({"confirmed_until": None}, Reason.CONFIRMATION),
        ({"confirmed_from": NOW - MINUTE}, Reason.CONFIRMATION),
        ({"method": "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"}, Reason.CONFIRMATION),
        ({"session_ends": NOW - MINUTE}, Reason.EXPIRED),
        ({"statement": False}, Reason.AUTHENTICATION),
        ({"condition": "<saml:Condition/>"}, Reason.CONDITIONS),
        ({"name_id": ""}, Reason.SUBJECT),
        ({"name_id": " "}, Reason.SUBJECT),
        ({"name_id_xml": "<saml:NameID>a<b/>c</saml:NameID>"}, Reason.SUBJECT),
        ({"name_id_xml": "<saml:NameID>a</saml:NameID><saml:NameID>b</saml:NameID>"}, Reason.SUBJECT),
        ({"name_id_xml": '<saml:NameID SPNameQualifier="https://other.example">a</saml:NameID>'}, Reason.SUBJECT),
        ({"name_id": "x" * 1025}, Reason.SUBJECT),
        ({"version": "1.1"}, Reason.SHAPE),
        ({"issued": NOW - timedelta(hours=2)}, Reason.EXPIRED),
        ({"issued": NOW + timedelta(hours=2)}, Reason.NOT_YET),
        ({"status": "urn:oasis:names:tc:SAML:2.0:status:Responder"}, Reason.STATUS),
        ({"extra_attributes": '<saml:Attribute Name="email"/>'}, Reason.ATTRIBUTES),
        ({"assertion_id": "a b"}, Reason.IDS),
    ],
)
def test_signed_but_wrong_is_refused(changes: dict[str, Any], reason: Reason):
    """N05: Profiles §4.1.4.2 and §4.1.4.3, point by point; every one of these is signed by the right key."""
    assert why(in_both(but(**changes), rsa_key("idp"))) is reason


def test_one_id_for_two_elements_is_refused():
    """N23."""
    document = in_assertion(Answer(), rsa_key("idp"))
    assert why(document.replace(b'ID="_response1"', b'ID="_assertion1"')) is Reason.IDS
    assert why(document.replace(b'ID="_response1"', b'ID="_r" id="_assertion1"')) is Reason.IDS


def test_leeway_is_thirty_seconds_and_no_more():
    """N05."""
    early, late = but(not_before=NOW + timedelta(seconds=30)), but(confirmed_until=NOW - timedelta(seconds=29))
    verify(in_response(early, rsa_key("idp")))
    verify(in_response(late, rsa_key("idp")))
    assert why(in_response(but(not_before=NOW + timedelta(seconds=31)), rsa_key("idp"))) is Reason.NOT_YET
    assert why(in_response(but(confirmed_until=NOW - timedelta(seconds=30)), rsa_key("idp"))) is Reason.EXPIRED
    with pytest.raises(ValueError, match="leeway"):
        replace(EXPECTED, leeway=timedelta(seconds=31))


def test_an_expectation_without_a_word_is_no_expectation():
    """N04."""
    for empty in ("issuer", "audience", "recipient", "request_id"):
        with pytest.raises(ValueError, match="must be named"):
            replace(EXPECTED, **{empty: ""})


def test_an_assertion_counts_an_hour_at_most():
    answer = but(not_on_or_after=None, confirmed_until=NOW + timedelta(days=9000))
    said = verify(in_response(answer, rsa_key("idp")))
    assert said.expires_at == NOW + timedelta(hours=1) + EXPECTED.leeway


def test_unsolicited_answer_says_of_no_request():
    """N25: Profiles §4.1.5."""
    document = in_assertion(but(in_response_to=None, response_in_response_to=None), rsa_key("idp"))
    assert verify(document, request_id=None).request_id is None
    assert why(document) is Reason.UNSOLICITED


def test_unsigned_response_cannot_say_otherwise():
    """What surrounds a signed assertion is believed in nothing, but may not contradict."""
    document = in_assertion(Answer(), rsa_key("idp"))
    assert why(document.replace(f'Destination="{ACS}"'.encode(), b'Destination="https://x.example"')) is (
        Reason.DESTINATION
    )
    assert why(document.replace(b"status:Success", b"status:Requester")) is Reason.STATUS
    assert why(document.replace(b"<samlp:Status>", b"<samlp:Extensions/><samlp:Status>")) is Reason.SHAPE
    assert why(document.replace(b"<samlp:Status>", b"text<samlp:Status>")) is Reason.SHAPE


def test_peers_status_is_told_by_its_last_word_only():
    document = (
        Answer()
        .response("")
        .replace('Success"/>', 'Responder"><samlp:StatusCode Value="urn:x:AuthnFailed"/></samlp:StatusCode>')
    )
    with pytest.raises(SamlRefused) as refused:
        verify(document.encode())
    assert refused.value.data == {"status": "AuthnFailed"}
    with pytest.raises(SamlRefused) as refused:
        verify(document.replace("urn:x:AuthnFailed", "urn:x:&lt;script>").encode())
    assert refused.value.data == {"status": "unreadable"}


def test_every_signature_must_hold():
    """N23: a good signature doesn't make up for a bad one."""
    ours, theirs = rsa_key("idp"), rsa_key("attacker")
    assert why(sign(in_assertion(Answer(), theirs), ours)) is Reason.SIGNATURE
    assert why(sign(in_assertion(Answer(), ours), theirs)) is Reason.SIGNATURE


def test_several_keys_are_pinned_for_a_rollover():
    document = in_both(Answer(), rsa_key("idp"))
    verify(document, pinned("attacker"), PinnedCertificate(certificate(ec_key("other"))), pinned("idp"))
    assert why(document, pinned("attacker")) is Reason.SIGNATURE
    assert why(document, *[pinned("idp")] * (MAX_CERTIFICATES + 1)) is Reason.SIGNATURE
    with pytest.raises(SamlRefused):
        verify_response(document, EXPECTED, (), NOW)


@pytest.mark.parametrize("shift", [timedelta(days=-3000), timedelta(days=3000)])
def test_key_is_pinned_whatever_the_dates_of_its_certificate(shift: timedelta):
    dated = certificate(rsa_key("idp"), not_before=NOW + shift, not_after=NOW + shift + timedelta(days=1))
    verify(in_response(Answer(), rsa_key("idp")), PinnedCertificate(dated))


@pytest.mark.parametrize(
    ("method", "digest"),
    [
        (SignatureMethod.RSA_SHA256, DigestAlgorithm.SHA256),
        (SignatureMethod.RSA_SHA384, DigestAlgorithm.SHA384),
        (SignatureMethod.RSA_SHA512, DigestAlgorithm.SHA512),
        (SignatureMethod.SHA256_RSA_MGF1, DigestAlgorithm.SHA256),
    ],
)
def test_strong_algorithms_are_taken(method: SignatureMethod, digest: DigestAlgorithm):
    verify(sign(Answer().response().encode(), rsa_key("idp"), method=method, digest=digest))


@pytest.mark.parametrize(
    ("curve", "method"),
    [
        (ec.SECP256R1, SignatureMethod.ECDSA_SHA256),
        (ec.SECP384R1, SignatureMethod.ECDSA_SHA384),
        (ec.SECP521R1, SignatureMethod.ECDSA_SHA512),
    ],
)
def test_elliptic_curves_are_taken(curve: type[ec.EllipticCurve], method: SignatureMethod):
    key = ec_key("idp", curve)
    verify(sign(Answer().response().encode(), key, method=method), PinnedCertificate(certificate(key)))


@pytest.mark.parametrize(
    ("method", "digest"),
    [
        (SignatureMethod.RSA_SHA1, DigestAlgorithm.SHA256),
        (SignatureMethod.RSA_SHA256, DigestAlgorithm.SHA1),
        (SignatureMethod.RSA_SHA224, DigestAlgorithm.SHA256),
        (SignatureMethod.RSA_SHA256, DigestAlgorithm.SHA224),
        (SignatureMethod.RSA_SHA256, DigestAlgorithm.SHA3_256),
    ],
)
def test_other_algorithms_are_refused(method: SignatureMethod, digest: DigestAlgorithm):
    """N42: SHA-1 by default too."""
    document = sign(Answer().response().encode(), rsa_key("idp"), method=method, digest=digest)
    assert why(document) is Reason.ALGORITHM


def test_sha1_is_taken_only_by_an_argument():
    document = sign(
        Answer().response().encode(), rsa_key("idp"), method=SignatureMethod.RSA_SHA1, digest=DigestAlgorithm.SHA1
    )
    assert why(document) is Reason.ALGORITHM
    verify_response(document, EXPECTED, (pinned("idp"),), NOW, lenience=Lenience(sha1=True))


def test_short_and_foreign_kinds_of_key_cannot_be_pinned():
    """N42."""
    short = certificate(rsa_key("short", 1024))
    with pytest.raises(CertificateRefused):
        PinnedCertificate(short)
    PinnedCertificate(short, Lenience(short_rsa=True))
    with pytest.raises(CertificateRefused):
        PinnedCertificate(certificate(ec_key("odd", ec.SECP256K1)))


def test_whole_document_may_be_referred_to_by_an_empty_uri():
    """XML Signature §4.4.3.2: then all of it is signed, and any change of it refused."""
    document = signed_by_hand(in_response(Answer(), rsa_key("idp")), rsa_key("idp"), "")
    assert verify(document).assertion_id == "_assertion1"
    assert why(document.replace(b"IssueInstant", b'Consent="x" IssueInstant', 1)) is Reason.SIGNATURE


def test_inclusive_namespaces_are_taken():
    """Exclusive canonicalisation with a prefix list, as some identity providers write it."""
    typed = '<saml:Attribute Name="a"><saml:AttributeValue xmlns:xs="urn:x" t="xs:string"/></saml:Attribute>'
    document = in_response(but(extra_attributes=typed), rsa_key("idp"))
    verify(signed_by_hand(document, rsa_key("idp"), "#_response1", "xs saml"))


def test_values_that_are_no_text_are_left_out():
    extra = (
        '<saml:Attribute Name="id"><saml:AttributeValue><saml:NameID>abc</saml:NameID></saml:AttributeValue>'
        "<saml:AttributeValue><x>1</x></saml:AttributeValue>"
        '<saml:AttributeValue xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/></saml:Attribute>'
    )
    assert verify(in_response(but(extra_attributes=extra), rsa_key("idp"))).attributes["id"] == ("abc",)


def test_two_assertions_are_refused_even_when_both_are_signed():
    """N23."""
    one = sign(Answer().assertion().encode(), rsa_key("idp"))
    two = sign(but(assertion_id="_assertion2").assertion().encode(), rsa_key("idp"))
    assert why(Answer().response((one + two).decode()).encode()) is Reason.ASSERTIONS
    assert why(sign(Answer().response((one + two).decode()).encode(), rsa_key("idp"))) is Reason.ASSERTIONS


def test_assertion_in_an_unread_place_is_counted():
    """N23: Advice may hold assertions; ours may not."""
    advice = f'<saml:Advice xmlns:saml="{SAML}"><saml:Assertion ID="_x"/></saml:Advice>'
    document = Answer().response().replace("<saml:AuthnStatement", advice + "<saml:AuthnStatement")
    assert why(sign(document.encode(), rsa_key("idp"))) is Reason.ASSERTIONS


@pytest.mark.parametrize("other", ["LogoutResponse", "AuthnRequest", "ArtifactResponse"])
def test_another_message_is_no_response(other: str):
    """N06."""
    document = Answer().response().replace("samlp:Response", f"samlp:{other}")
    assert why(sign(document.encode(), rsa_key("idp"))) is Reason.SHAPE


@pytest.mark.parametrize(
    "written",
    ["2026-11-28T12:00:00", "2026-11-28", "2026-13-28T12:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "x"],
)
def test_instant_without_one_meaning_is_refused(written: str):
    document = Answer().response().replace(f'AuthnInstant="{instant(NOW)}"', f'AuthnInstant="{written}"')
    assert why(sign(document.encode(), rsa_key("idp"))) is Reason.MALFORMED


def test_instants_with_fractions_and_offsets_are_read():
    document = (
        Answer()
        .response()
        .replace(f'AuthnInstant="{instant(NOW)}"', 'AuthnInstant="2026-11-28T14:00:00.1234567+02:00"')
    )
    said = verify(sign(document.encode(), rsa_key("idp")))
    assert said.authn_instant == NOW.replace(microsecond=123456)


def test_personal_data_stays_out_of_what_is_printed():
    """N37."""
    said = verify(in_response(Answer(), rsa_key("idp")))
    assert "ann@customer" not in repr(said)
    assert "ann@customer" not in str(ExpectedResponse(IDP, "sp", ACS, None))
