"""AuthnRequest (Core §3.4.1)."""

from lxml import etree

from airside.core.entropy import SystemEntropy
from airside.protocols.saml import AuthnRequest, MessageSigner, PinnedCertificate, new_id
from airside.protocols.saml.lenience import STRICT
from airside.protocols.saml.signatures import verified_element
from airside.protocols.saml.xml import parse
from tests.protocols.saml.kit import ACS, DS, NOW, SP, certificate, ec_key, message_signer, pinned

REQUEST = AuthnRequest("_1", NOW, SP, "https://idp.example/sso", ACS, "urn:x", force_authn=True)


def test_request_says_who_asks_whom_and_where_to_answer():
    root = etree.fromstring(REQUEST.document())
    assert dict(root.attrib) == {
        "ID": "_1",
        "Version": "2.0",
        "IssueInstant": "2026-11-28T12:00:00Z",
        "Destination": "https://idp.example/sso",
        "AssertionConsumerServiceURL": ACS,
        "ProtocolBinding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
        "ForceAuthn": "true",
    }
    assert root.findtext("{*}Issuer") == SP
    policy = root.find("{*}NameIDPolicy")
    assert policy is not None
    assert dict(policy.attrib) == {"AllowCreate": "true", "Format": "urn:x"}


def test_posted_request_is_signed_right_after_its_issuer():
    """Core §5.4; the schema of RequestAbstractType wants it there."""
    key = ec_key("ours")
    for signer in (message_signer("ours"), MessageSigner(key, PinnedCertificate(certificate(key)))):
        root = parse(signer.sign(REQUEST.element()))
        assert [etree.QName(child).localname for child in root] == ["Issuer", "Signature", "NameIDPolicy"]
        assert verified_element(root, root, [signer.certificate], STRICT).get("ID") == "_1"
    assert root.find(f"{{{DS}}}Signature/{{{DS}}}KeyInfo") is not None


def test_key_of_another_certificate_signs_nothing():
    import pytest

    from airside.protocols.saml import CertificateRefused

    with pytest.raises(CertificateRefused):
        MessageSigner(message_signer("ours").key, pinned("idp"))


def test_ids_are_unpredictable_names():
    ids = {new_id(SystemEntropy()) for _ in range(100)}
    assert len(ids) == 100
    assert all(len(one) == 41 and one.startswith("_") for one in ids)
