"""XML within bounds: what a stranger sends is measured before a parser sees it, and holds nothing but elements.

A declaration, elements, attributes and text are all that a SAML message needs. A document type, an entity, a
processing instruction, a CDATA section or a comment is refused by its first two bytes: in well-formed XML a bare `<`
starts markup and nothing else. So there is nothing left that two parsers could read differently (N24, N26), and no
comment that could cut a text in two.
"""

import re
from collections.abc import Iterator
from typing import Final, TypeAlias

from lxml import etree

from airside.protocols.saml.refusals import Reason, SamlRefused

Element: TypeAlias = etree._Element  # pyright: ignore[reportPrivateUsage]  # lxml gives its type no other name

MAX_XML: Final = 128 * 1024
MAX_DEPTH: Final = 24
MAX_ELEMENTS: Final = 2_048
MAX_ATTRIBUTES: Final = 4_096
MAX_ATTRIBUTES_EACH: Final = 32
MAX_NAMESPACES_EACH: Final = 16
"""Namespaces in scope of one element: canonicalisation looks through them for each."""
MAX_NAMESPACE_DECLARATIONS: Final = 2_048

_DECLARATION: Final = re.compile(
    rb"""\s*<\?xml\s+version\s*=\s*(?:"1\.0"|'1\.0')"""
    rb"""(?:\s+encoding\s*=\s*(?:"(?:UTF-8|US-ASCII)"|'(?:UTF-8|US-ASCII)'))?"""
    rb"""(?:\s+standalone\s*=\s*(?:"(?:yes|no)"|'(?:yes|no)'))?\s*\?>""",
    re.IGNORECASE,
)
_SPACE: Final = " \t\r\n"


def parser() -> etree.XMLParser:
    """A parser that resolves nothing, loads nothing, and keeps libxml2's own bounds."""
    return etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=False,
        recover=False,
        collect_ids=False,
    )


def parse(document: bytes) -> Element:
    """The root element of a message.

    Raises:
        SamlRefused: too large, too deep, not UTF-8, not well-formed, or with any markup that isn't an element.
    """
    _demand_plain(document)
    try:
        root = etree.fromstring(document, parser())
    except (etree.LxmlError, ValueError):
        raise SamlRefused(Reason.MALFORMED) from None
    _demand_bounds(root)
    return root


def _demand_plain(document: bytes) -> None:
    """Everything that can be refused by counting bytes."""
    if not 0 < len(document) <= MAX_XML:
        raise SamlRefused(Reason.TOO_LARGE, bytes=len(document))
    try:
        document.decode("utf-8")
    except UnicodeDecodeError:
        raise SamlRefused(Reason.MALFORMED) from None
    body = document.removeprefix(b"\xef\xbb\xbf")
    declaration = _DECLARATION.match(body)
    body = body[declaration.end() :] if declaration else body
    if b"<!" in body or b"<?" in body or b"\x00" in body:
        raise SamlRefused(Reason.MARKUP)
    too_many = (
        body.count(b"<") > 2 * MAX_ELEMENTS
        or body.count(b"=") > 2 * MAX_ATTRIBUTES
        or body.count(b"xmlns") > MAX_NAMESPACE_DECLARATIONS
    )
    if too_many:
        raise SamlRefused(Reason.TOO_LARGE)


def _demand_bounds(root: Element) -> None:
    """What can be counted only in the tree. Walks with a stack of its own: depth is somebody else's choice."""
    pending, elements, attributes = [(root, 1)], 0, 0
    while pending:
        element, depth = pending.pop()
        if not isinstance(element.tag, str):
            raise SamlRefused(Reason.MARKUP)
        elements += 1
        attributes += len(element.attrib)
        crowded = len(element.attrib) > MAX_ATTRIBUTES_EACH or len(element.nsmap) > MAX_NAMESPACES_EACH
        if crowded or depth > MAX_DEPTH or elements > MAX_ELEMENTS or attributes > MAX_ATTRIBUTES:
            raise SamlRefused(Reason.TOO_LARGE)
        pending.extend((child, depth + 1) for child in element)


def children(element: Element, name: str) -> list[Element]:
    """The child elements of exactly this qualified name."""
    return list(element.iterchildren(name))


def only(element: Element, name: str, why: Reason = Reason.SHAPE) -> Element:
    """The one child of this name.

    Raises:
        SamlRefused: none, or several.
    """
    found = children(element, name)
    if len(found) != 1:
        raise SamlRefused(why, element=_local(name))
    return found[0]


def at_most_one(element: Element, name: str, why: Reason = Reason.SHAPE) -> Element | None:
    """The child of this name, if there is one.

    Raises:
        SamlRefused: several.
    """
    found = children(element, name)
    if len(found) > 1:
        raise SamlRefused(why, element=_local(name))
    return found[0] if found else None


def text(element: Element, why: Reason = Reason.SHAPE) -> str:
    """All the text of an element that holds nothing else, without the white space around it.

    Raises:
        SamlRefused: there are elements between the text, or no text.
    """
    value = (element.text or "").strip(_SPACE)
    if len(element) or not value:
        raise SamlRefused(why, element=_local(str(element.tag)))
    return value


def attribute(element: Element, name: str, why: Reason = Reason.SHAPE) -> str:
    """An attribute that has to be there and say something.

    Raises:
        SamlRefused: it isn't, or doesn't.
    """
    value = element.get(name)
    if not value:
        raise SamlRefused(why, attribute=name)
    return value


def demand_children(element: Element, allowed: frozenset[str], why: Reason = Reason.SHAPE) -> None:
    """Let pass only an element with children of these names, and no text between them.

    Raises:
        SamlRefused: anything else is in there.
    """
    loose = (element.text, *(child.tail for child in element))
    if any(part and part.strip(_SPACE) for part in loose) or any(child.tag not in allowed for child in element):
        raise SamlRefused(why, element=_local(str(element.tag)))


def elements(root: Element) -> Iterator[Element]:
    """Every element, the root first."""
    return root.iter(etree.Element)


def _local(name: str) -> str:
    return name.rpartition("}")[2][:64]
