"""Single logout (Core §3.7, Profiles §4.4): both messages, written and verified, over both bindings.

A message without a signature is refused: it would let anybody end anybody's sessions.
"""

from collections.abc import Sequence
from dataclasses import InitVar, dataclass, field
from datetime import datetime, timedelta
from typing import Final, final

from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from airside.core.proof import Mint
from airside.protocols.saml.assertion import demand_in_response_to
from airside.protocols.saml.bindings import Arrived, verify_detached
from airside.protocols.saml.certificates import PinnedCertificate
from airside.protocols.saml.instants import demand_window, read_instant
from airside.protocols.saml.lenience import STRICT
from airside.protocols.saml.model import DEFAULT_LEEWAY, MAX_TEXT, NameId, demand_leeway
from airside.protocols.saml.names import SUCCESS, VERSION, ds, saml, samlp
from airside.protocols.saml.profile import demand_signatures_in_place, demand_unique_ids
from airside.protocols.saml.refusals import Reason, SamlRefused
from airside.protocols.saml.requests import message
from airside.protocols.saml.signatures import verified_element
from airside.protocols.saml.subjects import demand_issuer, read_subject_name
from airside.protocols.saml.xml import Element, attribute, children, demand_children, only, parse, text

MAX_REQUEST_AGE: Final = timedelta(minutes=5)
"""A LogoutRequest counts so long; its id has to be remembered as long."""
MAX_SESSION_INDEXES: Final = 64

_REQUEST: Final = Mint("VerifiedLogoutRequest")
_RESPONSE: Final = Mint("VerifiedLogoutResponse")
_REQUEST_CHILDREN: Final = frozenset(
    {saml("Issuer"), ds("Signature"), saml("NameID"), saml("EncryptedID"), samlp("SessionIndex")}
)
_RESPONSE_CHILDREN: Final = frozenset({saml("Issuer"), ds("Signature"), samlp("Status")})


@dataclass(frozen=True, slots=True)
class ExpectedLogout:
    """What a logout message has to be. `destination`: our endpoint; `audience`: our entity id; `request_id`: what
    a LogoutResponse has to answer, and of no meaning to a LogoutRequest.

    Raises:
        ValueError: something is empty, or the leeway out of bounds.
    """

    issuer: str
    audience: str
    destination: str
    request_id: str | None = None
    leeway: timedelta = DEFAULT_LEEWAY

    def __post_init__(self) -> None:
        if not (self.issuer and self.audience and self.destination) or self.request_id == "":
            raise ValueError("issuer, audience and destination must be named; a request id isn't empty")
        demand_leeway(self.leeway)


@final
@dataclass(frozen=True, slots=True)
class VerifiedLogoutRequest:
    """That the identity provider wants these sessions of this subject ended: all, if it names none.

    `expires_at`: until then its `id` has to be remembered as spent.
    """

    id: str
    subject: NameId
    session_indexes: tuple[str, ...] = field(repr=False)
    expires_at: datetime
    mint: InitVar[Mint]

    def __post_init__(self, mint: Mint) -> None:
        _REQUEST.demand(mint)


@final
@dataclass(frozen=True, slots=True)
class VerifiedLogoutResponse:
    """What the identity provider answered to our LogoutRequest."""

    id: str
    request_id: str
    succeeded: bool
    mint: InitVar[Mint]

    def __post_init__(self, mint: Mint) -> None:
        _RESPONSE.demand(mint)


def verify_logout_request(
    arrived: Arrived,
    expected: ExpectedLogout,
    certificates: Sequence[PinnedCertificate],
    now: datetime,
    *,
    decryption_keys: Sequence[rsa.RSAPrivateKey] = (),
) -> VerifiedLogoutRequest:
    """The LogoutRequest that came in, if one of the pinned keys signed it.

    Raises:
        SamlRefused: it proves nothing.
    """
    root = _signed(arrived, "SAMLRequest", "LogoutRequest", certificates)
    demand_children(root, _REQUEST_CHILDREN)
    written = _demand_head(root, expected)
    ends = root.get("NotOnOrAfter")
    latest = written + MAX_REQUEST_AGE
    expires = latest if ends is None else min(latest, read_instant(ends))
    demand_window(now, written, expires, expected.leeway)
    indexes = tuple(text(index) for index in children(root, samlp("SessionIndex")))
    if len(indexes) > MAX_SESSION_INDEXES or any(len(index) > MAX_TEXT for index in indexes):
        raise SamlRefused(Reason.TOO_LARGE)
    subject = read_subject_name(root, expected.audience, decryption_keys)
    return VerifiedLogoutRequest(
        attribute(root, "ID", Reason.IDS), subject, indexes, expires + expected.leeway, _REQUEST
    )


def verify_logout_response(
    arrived: Arrived, expected: ExpectedLogout, certificates: Sequence[PinnedCertificate], now: datetime
) -> VerifiedLogoutResponse:
    """The answer to our LogoutRequest, if one of the pinned keys signed it.

    Raises:
        SamlRefused: it proves nothing, or nobody asked.
    """
    root = _signed(arrived, "SAMLResponse", "LogoutResponse", certificates)
    demand_children(root, _RESPONSE_CHILDREN)
    written = _demand_head(root, expected)
    demand_window(now, written, written + MAX_REQUEST_AGE, expected.leeway)
    if expected.request_id is None:
        raise SamlRefused(Reason.UNSOLICITED)
    demand_in_response_to(root, expected.request_id)
    code = only(only(root, samlp("Status"), Reason.STATUS), samlp("StatusCode"), Reason.STATUS)
    succeeded = attribute(code, "Value", Reason.STATUS) == SUCCESS
    return VerifiedLogoutResponse(attribute(root, "ID", Reason.IDS), expected.request_id, succeeded, _RESPONSE)


def _signed(arrived: Arrived, field_name: str, kind: str, certificates: Sequence[PinnedCertificate]) -> Element:
    """The message's root, covered by a signature: the redirect's beside it, or its own."""
    root = parse(arrived.document)
    if arrived.name != field_name or root.tag != samlp(kind):
        raise SamlRefused(Reason.SHAPE, element=kind)
    demand_unique_ids(root)
    demand_signatures_in_place(root, frozenset({samlp(kind)}))
    if arrived.detached is not None:
        verify_detached(arrived.detached, certificates)
        return root
    if not children(root, ds("Signature")):
        raise SamlRefused(Reason.UNSIGNED)
    return verified_element(root, root, certificates, STRICT)


def _demand_head(root: Element, expected: ExpectedLogout) -> datetime:
    """Who wrote it, to where; returns when."""
    if root.get("Version") != VERSION:
        raise SamlRefused(Reason.SHAPE, attribute="Version")
    demand_issuer(root, expected.issuer)
    if root.get("Destination") != expected.destination:
        raise SamlRefused(Reason.DESTINATION)
    return read_instant(attribute(root, "IssueInstant"))


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """Our request to end a subject's sessions at the identity provider."""

    id: str
    issued_at: datetime
    issuer: str
    destination: str
    subject: NameId
    session_index: str | None = None

    def element(self) -> Element:
        """The request as XML, unsigned."""
        root = message("LogoutRequest", self.id, self.issued_at, self.issuer, self.destination)
        qualifiers = {
            "Format": self.subject.format,
            "NameQualifier": self.subject.name_qualifier,
            "SPNameQualifier": self.subject.sp_name_qualifier,
        }
        name = etree.SubElement(root, saml("NameID"), {key: value for key, value in qualifiers.items() if value})
        name.text = self.subject.value
        if self.session_index is not None:
            etree.SubElement(root, samlp("SessionIndex")).text = self.session_index
        return root

    def document(self) -> bytes:
        """The bytes of it, for a binding that signs beside the message."""
        return etree.tostring(self.element())


@dataclass(frozen=True, slots=True)
class LogoutResponse:
    """Our answer to an identity provider's LogoutRequest. `status` is a second-level status where we did not."""

    id: str
    issued_at: datetime
    issuer: str
    destination: str
    request_id: str
    status: str = SUCCESS

    def element(self) -> Element:
        """The answer as XML, unsigned."""
        root = message("LogoutResponse", self.id, self.issued_at, self.issuer, self.destination)
        root.set("InResponseTo", self.request_id)
        status = etree.SubElement(root, samlp("Status"))
        etree.SubElement(status, samlp("StatusCode"), {"Value": self.status})
        return root

    def document(self) -> bytes:
        """The bytes of it, for a binding that signs beside the message."""
        return etree.tostring(self.element())
