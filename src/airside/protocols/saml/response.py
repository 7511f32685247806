"""A Response, from bytes to a `VerifiedAssertion`: the order of things is the security of it.

Bounds, shape, signatures; only then is anything read, and only from what a signature covers. Of an unsigned Response
around a signed assertion nothing is believed: what it says can only add a reason to refuse.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import datetime
from typing import Final, final

from cryptography.hazmat.primitives.asymmetric import rsa

from airside.core.proof import Mint
from airside.protocols.saml.assertion import demand_in_response_to, read_assertion
from airside.protocols.saml.certificates import PinnedCertificate
from airside.protocols.saml.encryption import decrypt
from airside.protocols.saml.lenience import STRICT, Lenience
from airside.protocols.saml.model import ExpectedResponse, NameId
from airside.protocols.saml.names import VERSION, ds, saml
from airside.protocols.saml.profile import demand_lone_assertion, demand_response
from airside.protocols.saml.refusals import Reason, SamlRefused
from airside.protocols.saml.signatures import verified_element
from airside.protocols.saml.subjects import demand_issuer
from airside.protocols.saml.xml import Element, attribute, only, parse

_MINT: Final = Mint("VerifiedAssertion")


@final
@dataclass(frozen=True, slots=True)
class VerifiedAssertion:
    """That an identity provider said this, of this subject, for us, now. Only this module makes one.

    `expires_at`: until then its `assertion_id` has to be remembered as spent; the same assertion is refused after.
    """

    assertion_id: str
    issuer: str
    subject: NameId
    attributes: Mapping[str, tuple[str, ...]] = field(repr=False)
    session_index: str | None
    authn_context: str | None
    authn_instant: datetime
    session_ends: datetime | None
    expires_at: datetime
    request_id: str | None
    was_encrypted: bool
    mint: InitVar[Mint]

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


def verify_response(
    document: bytes,
    expected: ExpectedResponse,
    certificates: Sequence[PinnedCertificate],
    now: datetime,
    *,
    decryption_keys: Sequence[rsa.RSAPrivateKey] = (),
    lenience: Lenience = STRICT,
) -> VerifiedAssertion:
    """The assertion in `document`, if one of the pinned keys made it and it is what is expected.

    Raises:
        SamlRefused: it proves nothing; `why` says what was wrong first.
    """
    envelope, assertion = _signed_parts(parse(document), certificates, decryption_keys, lenience)
    _demand_envelope(envelope, expected)
    said = read_assertion(assertion, expected, now, decryption_keys, lenience)
    return VerifiedAssertion(
        assertion_id=said.assertion_id,
        issuer=said.issuer,
        subject=said.subject,
        attributes=said.attributes,
        session_index=said.session_index,
        authn_context=said.authn_context,
        authn_instant=said.authn_instant,
        session_ends=said.session_ends,
        expires_at=said.expires_at,
        request_id=expected.request_id,
        was_encrypted=envelope.held_ciphertext,
        mint=_MINT,
    )


def signed_assertion(
    root: Element, certificates: Sequence[PinnedCertificate], keys: Sequence[rsa.RSAPrivateKey], lenience: Lenience
) -> Element:
    """The assertion in a response, out of what one of the pinned keys signed: for whom, when and in answer to what is
    not asked, so it proves nothing.

    Raises:
        SamlRefused: as `verify_response`, of shape and signatures.
    """
    return _signed_parts(root, certificates, keys, lenience)[1]


@dataclass(frozen=True, slots=True)
class _Envelope:
    """The Response around an assertion, whether a signature covers it, and whether what it held was encrypted."""

    element: Element
    signed: bool
    held_ciphertext: bool


def _signed_parts(
    root: Element,
    certificates: Iterable[PinnedCertificate],
    keys: Sequence[rsa.RSAPrivateKey],
    lenience: Lenience,
) -> tuple[_Envelope, Element]:
    """The envelope, and the assertion out of a tree that a signature covers. Every signature there is must hold."""
    shape = demand_response(root)
    pinned = tuple(certificates)
    envelope = _Envelope(root, signed=False, held_ciphertext=shape.encrypted)
    if shape.signed:
        envelope = _Envelope(
            verified_element(root, root, pinned, lenience), signed=True, held_ciphertext=shape.encrypted
        )
    if shape.encrypted:
        return envelope, _decrypted(envelope, pinned, keys, lenience)
    plain = only(root, saml("Assertion"))
    if plain.find(ds("Signature")) is not None:
        signed = verified_element(root, plain, pinned, lenience)
        return envelope, signed if signed.tag == saml("Assertion") else only(signed, saml("Assertion"))
    if not envelope.signed:
        raise SamlRefused(Reason.UNSIGNED)
    return envelope, only(envelope.element, saml("Assertion"))


def _decrypted(
    envelope: _Envelope, pinned: Sequence[PinnedCertificate], keys: Sequence[rsa.RSAPrivateKey], lenience: Lenience
) -> Element:
    """The assertion inside: what was put there without a signature inside or around it was put there by anybody,
    for the key that encrypts to us is public (N25)."""
    plaintext = decrypt(only(envelope.element, saml("EncryptedAssertion")), keys, covered=envelope.signed)
    try:
        assertion = parse(plaintext)
        demand_lone_assertion(assertion)
    except SamlRefused:
        raise SamlRefused(Reason.ENCRYPTION) from None
    if assertion.find(ds("Signature")) is not None:
        return verified_element(assertion, assertion, pinned, lenience)
    if not envelope.signed:
        raise SamlRefused(Reason.UNSIGNED)
    return assertion


def _demand_envelope(envelope: _Envelope, expected: ExpectedResponse) -> None:
    """Profiles §4.1.4.2 and Bindings §3.5.5.2: a signed Response names its issuer and where it goes; one that isn't
    signed may leave that out, but not say otherwise. What answers a request names its issuer in any case."""
    response = envelope.element
    if response.get("Version") != VERSION:
        raise SamlRefused(Reason.SHAPE, attribute="Version")
    attribute(response, "ID", Reason.IDS)
    if envelope.signed or expected.request_id is not None or response.find(saml("Issuer")) is not None:
        demand_issuer(response, expected.issuer)
    destination = response.get("Destination")
    if destination != expected.recipient and (envelope.signed or destination is not None):
        raise SamlRefused(Reason.DESTINATION)
    if response.get("InResponseTo") is not None:
        demand_in_response_to(response, expected.request_id)
