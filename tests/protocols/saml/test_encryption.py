"""Encrypted assertions and subjects (XML Encryption 1.1)."""

import base64
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from airside.protocols.saml import Reason, SamlRefused, VerifiedAssertion, verify_response
from tests.protocols.saml.kit import (
    EXPECTED,
    NOW,
    XENC,
    XENC11,
    Answer,
    Encryption,
    but,
    cbc,
    encrypt,
    encrypted,
    in_response,
    pinned,
    rsa_key,
    sign,
)

OURS = rsa_key("ours")
CONTENTS = [f"{XENC11}aes{bits}-gcm" for bits in (128, 192, 256)] + [f"{XENC}aes{bits}-cbc" for bits in (128, 192, 256)]
TRANSPORTS = [
    Encryption(),
    Encryption(beside=True),
    Encryption(digest="http://www.w3.org/2000/09/xmldsig#sha1"),
    Encryption(digest=f"{XENC}sha256"),
    Encryption(transport=f"{XENC11}rsa-oaep", digest=f"{XENC}sha256", mask=f"{XENC11}mgf1sha256"),
    Encryption(transport=f"{XENC11}rsa-oaep", mask=f"{XENC11}mgf1sha1"),
]


def verify(document: bytes, *keys: rsa.RSAPrivateKey) -> VerifiedAssertion:
    return verify_response(document, EXPECTED, [pinned("idp")], NOW, decryption_keys=keys or (OURS,))


def why(document: bytes, *keys: rsa.RSAPrivateKey) -> Reason:
    with pytest.raises(SamlRefused) as refused:
        verify(document, *keys)
    assert refused.value.data == {}
    return refused.value.why


USUAL = Encryption()


def around(how: Encryption = USUAL) -> bytes:
    return encrypted(Answer(), rsa_key("idp"), OURS.public_key(), how)


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("inside", [False, True])
def test_encrypted_assertion_in_a_signed_response_is_read(content: str, inside: bool):
    """Round trip."""
    document = encrypted(
        Answer(), rsa_key("idp"), OURS.public_key(), Encryption(content=content), sign_assertion=inside
    )
    assert verify(document).subject.value == "ann@customer.example"


@pytest.mark.parametrize("how", TRANSPORTS)
def test_every_way_to_wrap_the_key_by_oaep_is_read(how: Encryption):
    """Wire format."""
    assert verify(around(how)).assertion_id == "_assertion1"


def test_signed_inside_alone_is_read_in_gcm_and_refused_in_cbc():
    """N42: without a signature over the ciphertext, an answer to changed CBC is an oracle. So there is none."""
    for content in CONTENTS:
        document = encrypted(
            Answer(),
            rsa_key("idp"),
            OURS.public_key(),
            Encryption(content=content),
            sign_assertion=True,
            sign_response=False,
        )
        if content.endswith("gcm"):
            verify(document)
        else:
            assert why(document) is Reason.ENCRYPTION


def test_any_of_our_keys_decrypts():
    """For a rollover."""
    verify(around(), rsa_key("ours2"), OURS)
    assert why(around(), rsa_key("ours2")) is Reason.ENCRYPTION


def test_rsa15_is_refused():
    """N42: Bleichenbacher's."""
    assert why(around(Encryption(transport=f"{XENC}rsa-1_5"))) is Reason.ENCRYPTION


def signed_around(content: bytes, how: Encryption) -> bytes:
    """A signed response whose cipher value is `content`."""
    root = etree.fromstring(Answer().response(encrypt(b"<x/>", OURS.public_key(), how)).encode())
    values = list(root.iter(f"{{{XENC}}}CipherValue"))
    values[-1].text = base64.b64encode(content).decode()
    return sign(etree.tostring(root), rsa_key("idp"))


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 31, 33])
def test_truncated_ciphertext_is_refused(length: int):
    for content in (f"{XENC}aes128-cbc", f"{XENC11}aes128-gcm"):
        assert why(signed_around(bytes(length) or b"", Encryption(content=content))) is Reason.ENCRYPTION


@pytest.mark.parametrize("last", [0, 17, 255])
def test_bad_padding_is_told_like_anything_else(last: int):
    """N42: the one reason, and nothing beside it."""
    secret = bytes(16)
    wrapped = encrypt(b"<x/>", OURS.public_key(), Encryption(content=f"{XENC}aes128-cbc"))
    assert why(sign(Answer().response(wrapped).encode(), rsa_key("idp"))) is Reason.ENCRYPTION
    assert why(signed_around(cbc(secret, b"x" * 40, last), Encryption(content=f"{XENC}aes128-cbc"))) is (
        Reason.ENCRYPTION
    )


def test_corrupted_ciphertext_is_refused():
    document = around()
    for value in etree.fromstring(document).iter(f"{{{XENC}}}CipherValue"):
        text = (value.text or "").encode()
        changed = document.replace(text, text[:40] + (b"B" if text[40:41] != b"B" else b"C") + text[41:])
        with pytest.raises(SamlRefused):
            verify(changed)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f'Type="{XENC}Element"', f'Type="{XENC}Content"'),
        (f"{XENC11}aes256-gcm", f"{XENC}tripledes-cbc"),
        ("<xenc:CipherValue>", '<xenc:CipherReference URI="http://127.0.0.1:9/"/><xenc:CipherValue>'),
        ("</xenc:EncryptedKey>", "</xenc:EncryptedKey><xenc:EncryptedKey/>"),
        (f"{XENC}rsa-oaep-mgf1p", f"{XENC}kw-aes128"),
        ("<xenc:EncryptedKey>", "<xenc:AgreementMethod/><xenc:EncryptedKey>"),
    ],
)
def test_another_build_is_refused(old: str, new: str):
    """N25, N28: nothing is fetched, nothing is guessed."""
    document = Answer().response(encrypt(Answer().assertion().encode(), OURS.public_key(), Encryption()))
    assert old in document
    changed = sign(document.replace(old, new).encode(), rsa_key("idp"))
    if "AgreementMethod" in new:
        verify(changed)
    else:
        assert why(changed) is Reason.ENCRYPTION


@pytest.mark.parametrize(
    "inner",
    [
        "no xml",
        "<x/>",
        "<!DOCTYPE r [<!ENTITY e 'x'>]><r>&e;</r>",
        Answer().response(),
        Answer().assertion() + but(assertion_id="_2").assertion(),
        Answer()
        .assertion()
        .replace("<saml:Conditions", "<saml:Advice><saml:Assertion/></saml:Advice><saml:Conditions"),
    ],
)
def test_what_is_inside_is_one_assertion(inner: str):
    """N23, N26: behind the encryption the same bounds and the same profile."""
    document = Answer().response(encrypt(inner.encode(), OURS.public_key(), Encryption()))
    assert why(sign(document.encode(), rsa_key("idp"))) is Reason.ENCRYPTION


def test_oversized_plaintext_is_refused():
    document = Answer().response(encrypt(b"x" * 90_000, OURS.public_key(), Encryption()))
    assert why(sign(document.encode(), rsa_key("idp"))) is Reason.ENCRYPTION


def test_encrypted_subject_is_read():
    """Core §2.2.4."""
    name = b'<saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">eve@customer.example</saml:NameID>'
    answer = but(name_id_xml=encrypt(name, OURS.public_key(), Encryption(), "EncryptedID"))
    assert verify(in_response(answer, rsa_key("idp"))).subject.value == "eve@customer.example"
    assert why(in_response(answer, rsa_key("idp")), rsa_key("ours2")) is Reason.ENCRYPTION


def test_wrong_context_is_refused_behind_the_encryption():
    document = around()
    with pytest.raises(SamlRefused, match="audience"):
        verify_response(
            document, replace(EXPECTED, audience="https://o.example"), [pinned("idp")], NOW, decryption_keys=[OURS]
        )


def test_plain_assertion_beside_an_encrypted_one_is_refused():
    """N25."""
    both = Answer().assertion() + encrypt(but(assertion_id="_2").assertion().encode(), OURS.public_key(), Encryption())
    with pytest.raises(SamlRefused, match="number_of_assertions"):
        verify(sign(Answer().response(both).encode(), rsa_key("idp")))
