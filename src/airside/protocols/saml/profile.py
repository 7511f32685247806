"""The strict profile: what a message has to look like before any mathematics is done with it.

Signature wrapping, foreign transforms and second assertions all need a message that no honest identity provider
writes (N23). Such a message is refused for its shape: there is one place for each thing, and nothing is looked for
anywhere else.
"""

import re
from dataclasses import dataclass
from typing import Final

from airside.protocols.saml.lenience import Lenience
from airside.protocols.saml.names import DS, EXC_C14N, SUCCESS, XENC, ds, saml, samlp
from airside.protocols.saml.refusals import Reason, SamlRefused
from airside.protocols.saml.xml import (
    Element,
    at_most_one,
    attribute,
    children,
    demand_children,
    elements,
    only,
    text,
)

ENVELOPED: Final = f"{DS}enveloped-signature"
C14N_METHODS: Final = frozenset({EXC_C14N, f"{EXC_C14N}WithComments"})
"""Core §5.4.3. A message holds no comments, so the two write the same bytes."""

_MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
_RSA_PSS: Final = "http://www.w3.org/2007/05/xmldsig-more#"
SIGNATURE_METHODS: Final = frozenset(
    {f"{_MORE}{key}-sha{bits}" for key in ("rsa", "ecdsa") for bits in (256, 384, 512)}
    | {f"{_RSA_PSS}sha{bits}-rsa-MGF1" for bits in (256, 384, 512)}
)
SHA1_SIGNATURE: Final = f"{DS}rsa-sha1"
DIGEST_METHODS: Final = frozenset({f"{XENC}sha256", f"{XENC}sha512", f"{_MORE}sha384"})
SHA1_DIGEST: Final = f"{DS}sha1"

MAX_ID: Final = 256
_ID: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*", re.ASCII)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/\s]+={0,2}\s*", re.ASCII)
_INCLUSIVE: Final = f"{{{EXC_C14N}}}InclusiveNamespaces"

_RESPONSE_CHILDREN: Final = frozenset(
    {saml("Issuer"), ds("Signature"), samlp("Status"), saml("Assertion"), saml("EncryptedAssertion")}
)
_SIGNATURE_CHILDREN: Final = frozenset({ds("SignedInfo"), ds("SignatureValue"), ds("KeyInfo")})
_SIGNED_INFO_CHILDREN: Final = frozenset({ds("CanonicalizationMethod"), ds("SignatureMethod"), ds("Reference")})
_REFERENCE_CHILDREN: Final = frozenset({ds("Transforms"), ds("DigestMethod"), ds("DigestValue")})


@dataclass(frozen=True, slots=True)
class ResponseShape:
    """Whether a response has a signature of its own, and whether its one assertion is encrypted."""

    signed: bool
    encrypted: bool


def demand_unique_ids(root: Element) -> None:
    """Let pass only a document in which no two elements answer to one id, however the attribute is spelt.

    Raises:
        SamlRefused: an id is there twice, or isn't a plain name of at most `MAX_ID` characters.
    """
    seen: set[str] = set()
    for element in elements(root):
        for name, value in element.attrib.items():
            if str(name).rpartition("}")[2].lower() != "id":
                continue
            if str(value) in seen or len(value) > MAX_ID or not _ID.fullmatch(str(value)):
                raise SamlRefused(Reason.IDS)
            seen.add(str(value))


def demand_signatures_in_place(root: Element, places: frozenset[str]) -> None:
    """Let pass only signatures that are direct children of the root, or of a child of the root, where that is an
    element of one of these names; one each.

    Raises:
        SamlRefused: a signature stands anywhere else, or two stand in one element.
    """
    holders: set[Element] = set()
    for signature in root.iter(ds("Signature")):
        holder = signature.getparent()
        if holder is None or holder.tag not in places or holder in holders:
            raise SamlRefused(Reason.SIGNATURE_PLACE)
        if holder is not root and holder.getparent() is not root:
            raise SamlRefused(Reason.SIGNATURE_PLACE)
        holders.add(holder)


def demand_response(root: Element) -> ResponseShape:
    """The parts of a Response with exactly one assertion. That it succeeded is asked first, for one that failed
    has no assertion.

    Raises:
        SamlRefused: another message, a status other than Success, no assertion or several, ids or signatures out
            of place, or anything in it that we wouldn't read.
    """
    if root.tag != samlp("Response"):
        raise SamlRefused(Reason.SHAPE, element="Response")
    demand_unique_ids(root)
    demand_success(root)
    demand_signatures_in_place(root, frozenset({samlp("Response"), saml("Assertion")}))
    count = sum(1 for _ in root.iter(saml("Assertion"), saml("EncryptedAssertion")))
    plain, encrypted = children(root, saml("Assertion")), children(root, saml("EncryptedAssertion"))
    if count != 1 or len(plain) + len(encrypted) != 1:
        raise SamlRefused(Reason.ASSERTIONS, count=count)
    demand_children(root, _RESPONSE_CHILDREN)
    return ResponseShape(signed=root.find(ds("Signature")) is not None, encrypted=bool(encrypted))


def demand_success(root: Element) -> None:
    """Let pass only a message whose status is Success (Core §3.2.2.2).

    Raises:
        SamlRefused: it has another, or none. The peer's own words are cut to the last part of the status's name.
    """
    code = only(only(root, samlp("Status"), Reason.STATUS), samlp("StatusCode"), Reason.STATUS)
    if code.get("Value") != SUCCESS:
        inner = next(iter(children(code, samlp("StatusCode"))), code)
        word = (inner.get("Value") or "").rpartition(":")[2]
        raise SamlRefused(Reason.STATUS, status=word[:64] if word.isalnum() and word.isascii() else "unreadable")


def demand_lone_assertion(root: Element) -> None:
    """Let pass only a document that is one assertion: what an encrypted one has to hold.

    Raises:
        SamlRefused: it is something else, or holds a second one, or ids or signatures are out of place.
    """
    if root.tag != saml("Assertion") or sum(1 for _ in root.iter(saml("Assertion"), saml("EncryptedAssertion"))) != 1:
        raise SamlRefused(Reason.ASSERTIONS)
    demand_unique_ids(root)
    demand_signatures_in_place(root, frozenset({saml("Assertion")}))


def demand_signature(signature: Element, lenience: Lenience) -> str:
    """What the signature claims to sign: the id of the element that it stands in, or "" for the whole document.

    One reference; its transforms are enveloped-signature and exclusive canonicalisation, in that order; nothing that
    could fetch, transform or carry anything else. KeyInfo may be there and isn't read: keys are pinned.

    Raises:
        SamlRefused: anything else.
    """
    why = Reason.SIGNATURE_SHAPE
    demand_children(signature, _SIGNATURE_CHILDREN, why)
    info = only(signature, ds("SignedInfo"), why)
    demand_children(info, _SIGNED_INFO_CHILDREN, why)
    at_most_one(signature, ds("KeyInfo"), why)
    _demand_base64(only(signature, ds("SignatureValue"), why))
    _demand_canonicalisation(only(info, ds("CanonicalizationMethod"), why))
    method = only(info, ds("SignatureMethod"), why)
    demand_children(method, frozenset(), why)
    _demand_algorithm(method, SIGNATURE_METHODS, SHA1_SIGNATURE, lenience)
    reference = only(info, ds("Reference"), why)
    demand_children(reference, _REFERENCE_CHILDREN, why)
    _demand_transforms(only(reference, ds("Transforms"), why))
    digest = only(reference, ds("DigestMethod"), why)
    demand_children(digest, frozenset(), why)
    _demand_algorithm(digest, DIGEST_METHODS, SHA1_DIGEST, lenience)
    _demand_base64(only(reference, ds("DigestValue"), why))
    return _referenced(signature, reference)


def _referenced(signature: Element, reference: Element) -> str:
    """Core §5.4.2: the reference is to the ID of the element that is signed. XML Signature's other way to say so
    where that is the whole document, the empty URI, is taken as what it says: everything is signed."""
    uri, holder = reference.get("URI"), signature.getparent()
    if uri == "":
        return ""
    signed_id = "" if holder is None else attribute(holder, "ID", Reason.SIGNATURE_SHAPE)
    if not signed_id or uri != f"#{signed_id}":
        raise SamlRefused(Reason.SIGNATURE_SHAPE, element="Reference")
    return signed_id


def _demand_transforms(transforms: Element) -> None:
    demand_children(transforms, frozenset({ds("Transform")}), Reason.SIGNATURE_SHAPE)
    listed = children(transforms, ds("Transform"))
    if len(listed) != 2 or listed[0].get("Algorithm") != ENVELOPED or len(listed[0]):
        raise SamlRefused(Reason.ALGORITHM, element="Transform")
    _demand_canonicalisation(listed[1])


def _demand_canonicalisation(element: Element) -> None:
    if element.get("Algorithm") not in C14N_METHODS:
        raise SamlRefused(Reason.ALGORITHM, element="CanonicalizationMethod")
    demand_children(element, frozenset({_INCLUSIVE}), Reason.SIGNATURE_SHAPE)
    inclusive = at_most_one(element, _INCLUSIVE, Reason.SIGNATURE_SHAPE)
    if inclusive is not None:
        demand_children(inclusive, frozenset(), Reason.SIGNATURE_SHAPE)


def _demand_algorithm(element: Element, allowed: frozenset[str], sha1: str, lenience: Lenience) -> None:
    algorithm = element.get("Algorithm")
    if algorithm not in allowed and not (lenience.sha1 and algorithm == sha1):
        raise SamlRefused(Reason.ALGORITHM, element=str(element.tag).rpartition("}")[2])


def _demand_base64(element: Element) -> None:
    if not _BASE64.fullmatch(text(element, Reason.SIGNATURE_SHAPE)):
        raise SamlRefused(Reason.SIGNATURE_SHAPE, element=str(element.tag).rpartition("}")[2])
