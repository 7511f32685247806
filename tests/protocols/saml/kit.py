"""An identity provider in a test: it writes what a real one would, signs and encrypts it, or does so wrongly.

The signatures are signxml's, the encryption is `cryptography`'s; nothing of the verifier under test is used to make
what it is given.
"""

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, cast
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureConstructionMethod, SignatureMethod
from signxml.signer import XMLSigner

from airside.protocols.saml import ExpectedResponse, MessageSigner, PinnedCertificate

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
IDP = "https://idp.example/metadata"
SP = "https://id.example/t/acme/saml/con_1/metadata"
ACS = "https://id.example/t/acme/saml/con_1/acs"
SLO = "https://id.example/t/acme/saml/con_1/slo"
REQUEST = "_request1"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
EXPECTED = ExpectedResponse(issuer=IDP, audience=SP, recipient=ACS, request_id=REQUEST)


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """One key for each name, made once."""
    assert name
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(name: str, curve: type[ec.EllipticCurve] = ec.SECP256R1) -> ec.EllipticCurvePrivateKey:
    assert name
    return ec.generate_private_key(curve())


def certificate(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    *,
    not_before: datetime = NOW - timedelta(days=1),
    not_after: datetime = NOW + timedelta(days=365),
) -> x509.Certificate:
    """Self-signed, as identity providers' are."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "idp.example")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .sign(key, hashes.SHA256())
    )


@cache
def pinned(name: str) -> PinnedCertificate:
    return PinnedCertificate(certificate(rsa_key(name)))


@cache
def message_signer(name: str) -> MessageSigner:
    return MessageSigner(rsa_key(name), pinned(name))


def instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Answer:
    """Everything in a response that a test may want another way. None leaves a part out."""

    response_id: str = "_response1"
    assertion_id: str = "_assertion1"
    in_response_to: str | None = REQUEST
    response_in_response_to: str | None = REQUEST
    issuer: str | None = IDP
    response_issuer: str | None = IDP
    destination: str | None = ACS
    recipient: str | None = ACS
    audiences: Sequence[str] | None = (SP,)
    issued: datetime = NOW
    authenticated: datetime | None = None
    not_before: datetime | None = NOW - timedelta(minutes=1)
    not_on_or_after: datetime | None = NOW + timedelta(minutes=5)
    confirmed_until: datetime | None = NOW + timedelta(minutes=5)
    confirmed_from: datetime | None = None
    method: str = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
    name_id: str = "ann@customer.example"
    name_id_xml: str | None = None
    attributes: Mapping[str, Sequence[str]] = field(
        default_factory=lambda: {"email": ("ann@customer.example",), "groups": ("staff", "admins")}
    )
    extra_attributes: str = ""
    session_index: str | None = "_session1"
    session_ends: datetime | None = None
    statement: bool = True
    condition: str = ""
    status: str = "urn:oasis:names:tc:SAML:2.0:status:Success"
    version: str = "2.0"

    def assertion(self) -> str:
        issuer = "" if self.issuer is None else f"<saml:Issuer>{self.issuer}</saml:Issuer>"
        name_id = self.name_id_xml or f"<saml:NameID>{self.name_id}</saml:NameID>"
        data = _attrs(
            Recipient=self.recipient,
            InResponseTo=self.in_response_to,
            NotBefore=self.confirmed_from and instant(self.confirmed_from),
            NotOnOrAfter=self.confirmed_until and instant(self.confirmed_until),
        )
        audiences = (
            ""
            if self.audiences is None
            else "<saml:AudienceRestriction>"
            + "".join(f"<saml:Audience>{audience}</saml:Audience>" for audience in self.audiences)
            + "</saml:AudienceRestriction>"
        )
        window = _attrs(
            NotBefore=self.not_before and instant(self.not_before),
            NotOnOrAfter=self.not_on_or_after and instant(self.not_on_or_after),
        )
        ends = _attrs(
            SessionIndex=self.session_index, SessionNotOnOrAfter=self.session_ends and instant(self.session_ends)
        )
        authenticated = instant(self.authenticated or self.issued)
        statement = (
            f'<saml:AuthnStatement AuthnInstant="{authenticated}"{ends}><saml:AuthnContext>'
            "<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
            "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
            if self.statement
            else ""
        )
        attributes = "".join(
            f'<saml:Attribute Name="{name}">'
            + "".join(f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in values)
            + "</saml:Attribute>"
            for name, values in self.attributes.items()
        )
        return (
            f'<saml:Assertion xmlns:saml="{SAML}" ID="{self.assertion_id}" Version="{self.version}"'
            f' IssueInstant="{instant(self.issued)}">{issuer}<saml:Subject>{name_id}'
            f'<saml:SubjectConfirmation Method="{self.method}"><saml:SubjectConfirmationData{data}/>'
            f"</saml:SubjectConfirmation></saml:Subject><saml:Conditions{window}>{audiences}{self.condition}"
            f"</saml:Conditions>{statement}<saml:AttributeStatement>{attributes}{self.extra_attributes}"
            "</saml:AttributeStatement></saml:Assertion>"
        )

    def response(self, assertion: str | None = None) -> str:
        head = _attrs(
            ID=self.response_id,
            Version=self.version,
            IssueInstant=instant(self.issued),
            Destination=self.destination,
            InResponseTo=self.response_in_response_to,
        )
        issuer = "" if self.response_issuer is None else f"<saml:Issuer>{self.response_issuer}</saml:Issuer>"
        return (
            f'<samlp:Response xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}"{head}>{issuer}<samlp:Status>'
            f'<samlp:StatusCode Value="{self.status}"/></samlp:Status>'
            f"{self.assertion() if assertion is None else assertion}</samlp:Response>"
        )


def answer_for(
    acs: str, audience: str, now: datetime, *, subject: str = "ada-1", email: str = "ada@example.com"
) -> Answer:
    """What a provider writes to that endpoint at `now`, with an id that no other has; the request's is the caller's."""
    return Answer(
        assertion_id=f"_{uuid4().hex}",
        destination=acs,
        recipient=acs,
        audiences=(audience,),
        issued=now,
        not_before=now - timedelta(minutes=1),
        not_on_or_after=now + timedelta(minutes=5),
        confirmed_until=now + timedelta(minutes=5),
        name_id_xml=f'<saml:NameID Format="{PERSISTENT}">{subject}</saml:NameID>',
        attributes={"email": (email,), "displayName": ("Ada",)},
    )


def request_ids(request_id: str | None) -> dict[str, Any]:
    """As changes of an `Answer`: that it answers this request."""
    return {"in_response_to": request_id, "response_in_response_to": request_id}


def _attrs(**values: str | None) -> str:
    return "".join(f' {name}="{value}"' for name, value in values.items() if value is not None)


Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def sign(
    document: bytes,
    key: Key,
    *,
    cert: x509.Certificate | None = None,
    path: str = ".",
    method: SignatureMethod | None = None,
    digest: DigestAlgorithm = DigestAlgorithm.SHA256,
) -> bytes:
    """`document` with an enveloped signature in the element at `path`, right after its Issuer."""
    root = etree.fromstring(document)
    element = root if path == "." else root.find(path)
    assert element is not None
    placeholder = etree.Element(f"{{{DS}}}Signature", {"Id": "placeholder"}, nsmap={"ds": DS})
    issuer = element.find(f"{{{SAML}}}Issuer")
    if issuer is None:
        element.insert(0, placeholder)
    else:
        issuer.addnext(placeholder)
    kind = SignatureMethod.RSA_SHA256 if isinstance(key, rsa.RSAPrivateKey) else SignatureMethod.ECDSA_SHA256
    signer = _AnySigner(
        method=SignatureConstructionMethod.enveloped,
        signature_algorithm=method or kind,
        digest_algorithm=digest,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    signed: Any = cast(Any, signer).sign(
        root,
        key=key,
        cert=[cert or certificate(key)],
        reference_uri="#" + (element.get("ID") or ""),
        id_attribute="ID",
    )
    return etree.tostring(signed)


def signed_by_hand(document: bytes, key: rsa.RSAPrivateKey, uri: str, prefixes: str = "") -> bytes:
    """`document`, which `sign` has signed as a whole, signed again with a reference and prefixes as the library that
    signs in tests won't write them."""
    root: Any = etree.fromstring(document)
    signature = root.find(f"{{{DS}}}Signature")
    reference = signature.find(f".//{{{DS}}}Reference")
    reference.set("URI", uri)
    if prefixes:
        c14n = reference.findall(f".//{{{DS}}}Transform")[1]
        namespace = "http://www.w3.org/2001/10/xml-exc-c14n#"
        etree.SubElement(c14n, f"{{{namespace}}}InclusiveNamespaces", {"PrefixList": prefixes}, {"ec": namespace})
    place = root.index(signature)
    root.remove(signature)
    data = etree.tostring(root, method="c14n", exclusive=True, inclusive_ns_prefixes=prefixes.split())
    root.insert(place, signature)
    signature.find(f".//{{{DS}}}DigestValue").text = base64.b64encode(hashlib.sha256(data).digest()).decode()
    info = etree.tostring(signature.find(f"{{{DS}}}SignedInfo"), method="c14n", exclusive=True)
    value = key.sign(info, padding.PKCS1v15(), hashes.SHA256())
    signature.find(f"{{{DS}}}SignatureValue").text = base64.b64encode(value).decode()
    return etree.tostring(root)


class _AnySigner(XMLSigner):
    """Signs with SHA-1 too, as old identity providers do."""

    def check_deprecated_methods(self) -> None:
        pass


ASSERTION_PATH = f"{{{SAML}}}Assertion"


def in_response(answer: Answer, key: Key) -> bytes:
    """The Response is signed."""
    return sign(answer.response().encode(), key)


def in_assertion(answer: Answer, key: Key) -> bytes:
    """The assertion is signed."""
    return sign(answer.response().encode(), key, path=ASSERTION_PATH)


def in_both(answer: Answer, key: Key) -> bytes:
    """The assertion is signed, then the Response around it."""
    return sign(in_assertion(answer, key), key)


WAYS: Mapping[str, Callable[[Answer, Key], bytes]] = {
    "response": in_response,
    "assertion": in_assertion,
    "both": in_both,
}


@dataclass(frozen=True)
class Encryption:
    """How an assertion is encrypted."""

    content: str = f"{XENC11}aes256-gcm"
    transport: str = f"{XENC}rsa-oaep-mgf1p"
    digest: str | None = None
    mask: str | None = None
    beside: bool = False
    """The wrapped key beside the content, not in its KeyInfo."""


_HASHES: Mapping[str | None, hashes.HashAlgorithm] = {
    None: hashes.SHA1(),
    f"{DS}sha1": hashes.SHA1(),
    f"{XENC}sha256": hashes.SHA256(),
    f"{XENC11}mgf1sha1": hashes.SHA1(),
    f"{XENC11}mgf1sha256": hashes.SHA256(),
}


def encrypt(plaintext: bytes, to: rsa.RSAPublicKey, how: Encryption, element: str = "EncryptedAssertion") -> str:
    """`plaintext` as an EncryptedAssertion or EncryptedID."""
    bits = next(bits for bits in (128, 192, 256) if f"aes{bits}" in how.content)
    secret = secrets.token_bytes(bits // 8)
    if how.content.endswith("gcm"):
        nonce = secrets.token_bytes(12)
        content = nonce + AESGCM(secret).encrypt(nonce, plaintext, None)
    else:
        content = cbc(secret, plaintext)
    if how.transport.endswith("rsa-1_5"):
        wrapped = to.encrypt(secret, padding.PKCS1v15())
    else:
        wrapped = to.encrypt(secret, padding.OAEP(padding.MGF1(_HASHES[how.mask]), _HASHES[how.digest], None))
    digest = "" if how.digest is None else f'<ds:DigestMethod Algorithm="{how.digest}"/>'
    mask = "" if how.mask is None else f'<xenc11:MGF xmlns:xenc11="{XENC11}" Algorithm="{how.mask}"/>'
    key = (
        f'<xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="{how.transport}">{digest}{mask}</xenc:EncryptionMethod>'
        f"<xenc:CipherData><xenc:CipherValue>{base64.b64encode(wrapped).decode()}</xenc:CipherValue></xenc:CipherData>"
        "</xenc:EncryptedKey>"
    )
    info = f"<ds:KeyInfo>{'' if how.beside else key}</ds:KeyInfo>"
    return (
        f'<saml:{element} xmlns:saml="{SAML}" xmlns:xenc="{XENC}" xmlns:ds="{DS}"><xenc:EncryptedData'
        f' Type="{XENC}Element"><xenc:EncryptionMethod Algorithm="{how.content}"/>{info}<xenc:CipherData>'
        f"<xenc:CipherValue>{base64.b64encode(content).decode()}</xenc:CipherValue></xenc:CipherData>"
        f"</xenc:EncryptedData>{key if how.beside else ''}</saml:{element}>"
    )


def cbc(secret: bytes, plaintext: bytes, padding_byte: int | None = None) -> bytes:
    """AES-CBC with the padding of XML Encryption §5.2, or with a last byte that lies about it."""
    length = 16 - len(plaintext) % 16
    padded = plaintext + secrets.token_bytes(length - 1) + bytes([length if padding_byte is None else padding_byte])
    iv = secrets.token_bytes(16)
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(iv)).encryptor()
    return iv + encryptor.update(padded) + encryptor.finalize()


def encrypted(
    answer: Answer,
    key: Key,
    to: rsa.RSAPublicKey,
    how: Encryption,
    *,
    sign_assertion: bool = False,
    sign_response: bool = True,
) -> bytes:
    """A response whose assertion is encrypted; signed inside, around, both or not at all."""
    plaintext = answer.assertion().encode()
    if sign_assertion:
        plaintext = sign(plaintext, key)
    document = answer.response(encrypt(plaintext, to, how)).encode()
    return sign(document, key) if sign_response else document


def but(**changes: Any) -> Answer:
    """The usual answer with these things another way."""
    return replace(Answer(), **changes)
