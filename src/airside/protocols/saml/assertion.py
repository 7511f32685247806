"""What an assertion says, held to the Web Browser SSO profile (Profiles §4.1.4.2, §4.1.4.3).

Everything here is given an element that a signature covers; nothing here asks for one.
"""

from collections.abc import Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa

from airside.protocols.saml.instants import demand_window, read_instant
from airside.protocols.saml.lenience import Lenience
from airside.protocols.saml.model import MAX_AGE, MAX_ATTRIBUTE_NAMES, MAX_TEXT, ExpectedResponse, Said
from airside.protocols.saml.names import BEARER, VERSION, ds, saml
from airside.protocols.saml.refusals import Reason, SamlRefused
from airside.protocols.saml.subjects import demand_issuer, read_subject_name
from airside.protocols.saml.xml import Element, at_most_one, attribute, children, demand_children, only, text

_ASSERTION_CHILDREN: Final = frozenset(
    {saml("Issuer"), ds("Signature"), saml("Subject"), saml("Conditions"), saml("Advice")}
    | {saml("AuthnStatement"), saml("AttributeStatement"), saml("AuthzDecisionStatement")}
)
_CONDITIONS: Final = frozenset({saml("AudienceRestriction"), saml("OneTimeUse"), saml("ProxyRestriction")})
_NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"


def read_assertion(
    assertion: Element,
    expected: ExpectedResponse,
    now: datetime,
    keys: Sequence[rsa.RSAPrivateKey],
    lenience: Lenience,
) -> Said:
    """What `assertion` says, if it is what is expected, now.

    Raises:
        SamlRefused: it isn't; the reason names the first thing that is wrong.
    """
    demand_children(assertion, _ASSERTION_CHILDREN)
    if assertion.get("Version") != VERSION:
        raise SamlRefused(Reason.SHAPE, attribute="Version")
    demand_issuer(assertion, expected.issuer)
    issued = read_instant(attribute(assertion, "IssueInstant"))
    ends = _demand_conditions(only(assertion, saml("Conditions"), Reason.CONDITIONS), expected, now, lenience)
    subject = only(assertion, saml("Subject"), Reason.SUBJECT)
    confirmed_until = _demand_confirmation(subject, expected, now)
    expires = min(ends, confirmed_until, issued + MAX_AGE)
    demand_window(now, issued - MAX_AGE, expires, expected.leeway)
    statement = only(assertion, saml("AuthnStatement"), Reason.AUTHENTICATION)
    session_ends = _instant(statement, "SessionNotOnOrAfter")
    if session_ends is not None:
        demand_window(now, None, session_ends, expected.leeway)
    return Said(
        assertion_id=attribute(assertion, "ID", Reason.IDS),
        issuer=expected.issuer,
        subject=read_subject_name(subject, expected.audience, keys),
        attributes=MappingProxyType(read_attributes(assertion)),
        session_index=_short(statement.get("SessionIndex")),
        authn_context=_context(statement),
        authn_instant=read_instant(attribute(statement, "AuthnInstant", Reason.AUTHENTICATION)),
        session_ends=session_ends,
        expires_at=expires + expected.leeway,
    )


def _demand_conditions(conditions: Element, expected: ExpectedResponse, now: datetime, lenience: Lenience) -> datetime:
    """Core §2.5: a condition that isn't understood makes the assertion worthless. Returns when it ends."""
    demand_children(conditions, _CONDITIONS, Reason.CONDITIONS)
    ends = _instant(conditions, "NotOnOrAfter") or datetime.max.replace(tzinfo=now.tzinfo)
    demand_window(now, _instant(conditions, "NotBefore"), ends, expected.leeway)
    restrictions = children(conditions, saml("AudienceRestriction"))
    if not restrictions and not lenience.no_audience:
        raise SamlRefused(Reason.AUDIENCE)
    for restriction in restrictions:
        demand_children(restriction, frozenset({saml("Audience")}), Reason.AUDIENCE)
        audiences = [text(named, Reason.AUDIENCE) for named in children(restriction, saml("Audience"))]
        if expected.audience not in audiences:
            raise SamlRefused(Reason.AUDIENCE)
    return ends


def _demand_confirmation(subject: Element, expected: ExpectedResponse, now: datetime) -> datetime:
    """One bearer confirmation, for us, in answer to what waits, with an end and no beginning. Returns its end."""
    confirmation = only(subject, saml("SubjectConfirmation"), Reason.CONFIRMATION)
    if confirmation.get("Method") != BEARER:
        raise SamlRefused(Reason.CONFIRMATION)
    data = only(confirmation, saml("SubjectConfirmationData"), Reason.CONFIRMATION)
    if data.get("Recipient") != expected.recipient:
        raise SamlRefused(Reason.RECIPIENT)
    demand_in_response_to(data, expected.request_id)
    if data.get("NotBefore") is not None:
        raise SamlRefused(Reason.CONFIRMATION, attribute="NotBefore")
    ends = read_instant(attribute(data, "NotOnOrAfter", Reason.CONFIRMATION))
    demand_window(now, None, ends, expected.leeway)
    return ends


def demand_in_response_to(element: Element, request_id: str | None) -> None:
    """Let pass only an answer to the request that waits; to none, where none does (N25).

    Raises:
        SamlRefused: an answer to another, or one that nobody asked for.
    """
    answered = element.get("InResponseTo")
    if answered is None and request_id is not None:
        raise SamlRefused(Reason.UNSOLICITED)
    if answered != request_id:
        raise SamlRefused(Reason.IN_RESPONSE_TO)


def read_attributes(assertion: Element) -> dict[str, tuple[str, ...]]:
    """Every attribute with values that are text, or a lone NameID.

    Raises:
        SamlRefused: a name comes twice, and so has no one meaning; too many, or too long.
    """
    found: dict[str, tuple[str, ...]] = {}
    for statement in children(assertion, saml("AttributeStatement")):
        for element in children(statement, saml("Attribute")):
            name = attribute(element, "Name", Reason.ATTRIBUTES)
            if name in found or len(found) == MAX_ATTRIBUTE_NAMES or len(name) > MAX_TEXT:
                raise SamlRefused(Reason.ATTRIBUTES)
            values = (_value(value) for value in children(element, saml("AttributeValue")))
            found[name] = tuple(value for value in values if value is not None)
    return found


def _value(element: Element) -> str | None:
    """The text of a value, or None for one that isn't text: structures have no meaning to us."""
    if element.get(_NIL) in ("true", "1"):
        return None
    if len(element) == 1 and element[0].tag == saml("NameID"):
        element = element[0]
    if len(element):
        return None
    value = (element.text or "").strip(" \t\r\n")
    if len(value) > MAX_TEXT:
        raise SamlRefused(Reason.ATTRIBUTES)
    return value


def _context(statement: Element) -> str | None:
    context = only(statement, saml("AuthnContext"), Reason.AUTHENTICATION)
    reference = at_most_one(context, saml("AuthnContextClassRef"), Reason.AUTHENTICATION)
    return None if reference is None else _short(text(reference, Reason.AUTHENTICATION))


def _short(value: str | None) -> str | None:
    if value is not None and len(value) > MAX_TEXT:
        raise SamlRefused(Reason.TOO_LARGE)
    return value or None


def _instant(element: Element, name: str) -> datetime | None:
    value = element.get(name)
    return None if value is None else read_instant(value)
