"""What forgers bring who can get hold of something genuine, or lawfully written for something else: each makes, of the
answer that a login waits for, a response that must not count. The transforms of a good response are `attacks`."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod

from airside.protocols.saml import LogoutRequest, NameId
from airside.protocols.saml.names import PERSISTENT, TRANSIENT
from tests.protocols.saml.kit import (
    ASSERTION_PATH,
    DS,
    SAML,
    SAMLP,
    XENC,
    Answer,
    Encryption,
    encrypt,
    encrypted,
    in_assertion,
    in_both,
    in_response,
    message_signer,
    rsa_key,
    sign,
)

Forgery = Callable[[Answer, rsa.RSAPublicKey], bytes]
"""Of the good answer, and of our public key."""

LONG_AGO = timedelta(hours=2)
SOON = timedelta(hours=2)


def _said(**changes: Any) -> Forgery:
    """Genuinely signed, of something else."""
    return lambda good, _: in_both(replace(good, **changes), rsa_key("idp"))


def _in_time(change: Callable[[Answer], Answer]) -> Forgery:
    return lambda good, _: in_assertion(change(good), rsa_key("idp"))


def _borrowed(where: str) -> Forgery:
    """A genuine signature of the provider over another message of its: its place, its ID, or both are taken."""

    def make(good: Answer, _: rsa.RSAPublicKey) -> bytes:
        asked = LogoutRequest(
            "_l1", good.issued, str(good.issuer), "https://sp.example/slo", NameId("x", PERSISTENT), None
        )
        genuine = etree.fromstring(message_signer("idp").sign(asked.element()))
        signature = genuine.find(f"{{{DS}}}Signature")
        assert signature is not None
        forged = replace(good, response_id="_l1") if where == "its ID" else good
        root = etree.fromstring(forged.response().encode())
        issuer = root.find(f"{{{SAML}}}Issuer")
        assert issuer is not None
        issuer.addnext(signature)
        if where == "the whole message":
            root.append(genuine)
        return etree.tostring(root)

    return make


def _signed_status(good: Answer, _: rsa.RSAPublicKey) -> bytes:
    """The provider's own signed refusal, into which an assertion is put."""
    refused = replace(good, status="urn:oasis:names:tc:SAML:2.0:status:Requester").response("").encode()
    root = etree.fromstring(sign(refused, rsa_key("idp")))
    code = root.find(f".//{{{SAMLP}}}StatusCode")
    assert code is not None
    code.set("Value", "urn:oasis:names:tc:SAML:2.0:status:Success")
    root.append(etree.fromstring(good.assertion().encode()))
    return etree.tostring(root)


def _without_id(good: Answer, _: rsa.RSAPublicKey) -> bytes:
    """The IDs that the signatures refer to are gone."""
    root = etree.fromstring(in_both(good, rsa_key("idp")))
    for element in root.iter(f"{{{SAML}}}Assertion", f"{{{SAMLP}}}Response"):
        del element.attrib["ID"]
    return etree.tostring(root)


def _sha1(method: SignatureMethod, digest: DigestAlgorithm) -> Forgery:
    return lambda good, _: sign(
        good.response().encode(), rsa_key("idp"), path=ASSERTION_PATH, method=method, digest=digest
    )


def _encrypted(how: Encryption, **signed: bool) -> Forgery:
    return lambda good, ours: encrypted(good, rsa_key("idp"), ours, how, **signed)


def _beside(good: Answer, ours: rsa.RSAPublicKey) -> bytes:
    """N25: a genuine assertion, and an injected encrypted one beside it."""
    root = etree.fromstring(in_assertion(good, rsa_key("idp")))
    injected = encrypt(replace(good, assertion_id="_evil").assertion().encode(), ours, Encryption())
    root.append(etree.fromstring(injected))
    return etree.tostring(root)


def _foreign_inside(good: Answer, ours: rsa.RSAPublicKey) -> bytes:
    return encrypted(good, rsa_key("attacker"), ours, Encryption(), sign_assertion=True)


FORGERIES: Mapping[str, Forgery] = {
    "for another audience": _said(audiences=("https://sp.example/metadata",)),
    "for no audience": _said(audiences=None),
    "for another recipient": _said(recipient="https://sp.example/acs"),
    "for no recipient": _said(recipient=None),
    "for another destination": _said(destination="https://sp.example/acs"),
    "of another issuer": _said(issuer="https://other.example/metadata"),
    "of another issuer outside": _said(response_issuer="https://other.example/metadata"),
    "of no issuer": _said(issuer=None),
    "to another request": _said(in_response_to="_another"),
    "to another request outside": _said(response_in_response_to="_another"),
    "to no request": _said(in_response_to=None, response_in_response_to=None),
    "by another confirmation": _said(method="urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"),
    "by holder of key": _said(method="urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"),
    "without an authentication": _said(statement=False),
    "under a condition": _said(condition='<saml:Condition xmlns:x="urn:x" x:a="b"/>'),
    "about a passing subject": _said(name_id_xml=f'<saml:NameID Format="{TRANSIENT}">x</saml:NameID>'),
    "about nobody": _said(name_id_xml="<saml:NameID> </saml:NameID>"),
    "of another version": _said(version="1.1"),
    "a refusal": _said(status="urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"),
    "of yesterday": _in_time(lambda good: replace(good, not_on_or_after=good.issued - LONG_AGO)),
    "confirmed until yesterday": _in_time(lambda good: replace(good, confirmed_until=good.issued - LONG_AGO)),
    "confirmed for ever": _in_time(lambda good: replace(good, confirmed_until=None)),
    "of tomorrow": _in_time(lambda good: replace(good, not_before=good.issued + SOON)),
    "of a session that ended": _in_time(lambda good: replace(good, session_ends=good.issued - LONG_AGO)),
    "signature of a logout request": _borrowed("its place"),
    "signature and ID of a logout request": _borrowed("its ID"),
    "a whole logout request inside": _borrowed("the whole message"),
    "assertion put into a signed refusal": _signed_status,
    "signed under no ID": _without_id,
    "signed with SHA-1": _sha1(SignatureMethod.RSA_SHA1, DigestAlgorithm.SHA1),
    "digested with SHA-1": _sha1(SignatureMethod.RSA_SHA256, DigestAlgorithm.SHA1),
    "signed by another provider's key": lambda good, _: in_response(good, rsa_key("other idp")),
    "encrypted and unsigned": _encrypted(Encryption(), sign_response=False),
    "encrypted in CBC, signed inside alone": _encrypted(
        Encryption(f"{XENC}aes256-cbc"), sign_response=False, sign_assertion=True
    ),
    "key wrapped by RSA 1.5": _encrypted(Encryption(transport=f"{XENC}rsa-1_5")),
    "encrypted assertion injected": _beside,
    "encrypted, signed by a stranger inside": _foreign_inside,
}
